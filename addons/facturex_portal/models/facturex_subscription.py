"""What a customer may do with his own subscription, asked by the portal's controller.

These helpers run with full rights, after the controller found the subscription among
those of the customer.
"""

from odoo import fields, models
from odoo.fields import Command


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    def _portal_can_cancel(self):
        self.ensure_one()
        return self.state in ("running", "paused") and not self.date_end

    def _portal_way_out(self):
        """(earliest last day, why) for who cancels today."""
        self.ensure_one()
        way = self._get_earliest_exit(fields.Date.context_today(self))
        return (way.last_day, self._say_exit(way)) if way else (None, "")

    def _portal_tokens(self):
        """The customer's saved means of payment that this company may charge."""
        self.ensure_one()
        return self.env["payment.token"].search(
            [
                ("partner_id", "child_of", self.partner_id.commercial_partner_id.id),
                ("company_id", "=", self.company_id.id),
            ]
        )

    def _portal_lines(self):
        """The lines in force today, without those that ended or are to come."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        return self.line_ids.filtered(lambda line: line._is_served(today))

    def _portal_offers(self):
        """[(line, product, price)] that the products allow to change to."""
        self.ensure_one()
        if self.state != "running" or self.date_end:
            return []
        return [
            (line, product, self._portal_price(line, product))
            for line in self._portal_lines()
            if not line.date_to
            for template in line.product_id.facturex_upgrade_ids
            for product in template.product_variant_ids[:1]
            if template.company_id in (self.company_id, self.env["res.company"])
        ]

    def _portal_price(self, line, product):
        """The product's price for this line: its quantity and discount stay."""
        price = product.currency_id._convert(
            product.lst_price,
            self.currency_id,
            self.company_id,
            fields.Date.context_today(self),
            round=False,
        )
        return line._untaxed(line.quantity, price, line.discount)

    def _portal_offer(self, line_id, product_id):
        """The offer that a form names, or None: ids of anything else are nothing."""
        self.ensure_one()
        for offer in self._portal_offers():
            if (str(offer[0].id), str(offer[1].id)) == (line_id, product_id):
                return offer
        return None

    def _portal_change_vals(self, offer):
        line, product, _price = offer
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        lang = self.partner_id.lang
        return {
            "subscription_id": self.id,
            "kind": "lines",
            "when": "now",
            "date": fields.Date.context_today(self),
            "reason": self.env._("Changed by the customer, online"),
            "line_ids": [
                Command.create(
                    {
                        "line_id": line.id,
                        "product_id": product.id,
                        "name": product.with_context(
                            lang=lang
                        ).get_product_multiline_description_sale(),
                        "quantity": line.quantity,
                        "price_unit": product.currency_id._convert(
                            product.lst_price,
                            self.currency_id,
                            self.company_id,
                            fields.Date.context_today(self),
                            round=False,
                        ),
                        "discount": line.discount,
                        "tax_ids": [
                            Command.set(self.fiscal_position_id.map_tax(taxes).ids)
                        ],
                    }
                )
            ],
        }

    def _portal_upgrade_amount(self, offer):
        """What is charged today for days that are billed already; writes nothing."""
        change = self.env["facturex.subscription.change"].new(
            self._portal_change_vals(offer)
        )
        return change.document_amount

    def _portal_upgrade(self, offer):
        """The change and its document; history says that the customer made it."""
        self.ensure_one()
        self.env["facturex.subscription.change"].create(
            self._portal_change_vals(offer)
        ).action_apply()
