from odoo import fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_subscription_id = fields.Many2one(
        "facturex.subscription",
        string="Subscription",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        copy=False,
        readonly=True,
    )
    facturex_period_ids = fields.One2many(
        "facturex.subscription.period", "move_id", string="Subscription Periods"
    )

    def unlink(self):
        """A deleted draft leaves its periods with the reason, never silently due."""
        # the periods are told also by someone who may only delete invoices
        periods = self.sudo().facturex_period_ids
        if periods:
            periods.write({"state": "skipped", "reason": "deleted", "move_id": False})
        return super().unlink()

    def action_facturex_make_recurring(self):
        """A draft subscription with the lines of this invoice, to be completed."""
        self.ensure_one()
        self.check_access("read")
        self.env["facturex.subscription"].check_access("create")
        if self.move_type != "out_invoice" or self.state == "cancel":
            raise UserError(
                self.env._("Only a customer invoice can become a subscription.")
            )
        subscription = self.env["facturex.subscription"].create(
            self._prepare_facturex_subscription_vals()
        )
        return subscription._get_form_action()

    def _prepare_facturex_subscription_vals(self):
        self.ensure_one()
        date_start = self.invoice_date or fields.Date.context_today(self)
        products = self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        return {
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "partner_invoice_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "journal_id": self.journal_id.id,
            "payment_term_id": self.invoice_payment_term_id.id,
            "fiscal_position_id": self.fiscal_position_id.id,
            "user_id": (self.invoice_user_id or self.env.user).id,
            "origin_move_id": self.id,
            "date_start": date_start,
            # this invoice is the first of them
            "date_billed_until": date_start,
            "line_ids": [
                fields.Command.create(
                    {
                        "product_id": line.product_id.id,
                        "name": line.name or line.product_id.display_name or "-",
                        "quantity": line.quantity,
                        "price_unit": line.price_unit,
                        "discount": line.discount,
                        "tax_ids": [fields.Command.set(line.tax_ids.ids)],
                    }
                )
                for line in products
            ],
        }


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    facturex_period_id = fields.Many2one(
        "facturex.subscription.period",
        string="Subscription Period",
        index="btree_not_null",
        ondelete="set null",
        copy=False,
        readonly=True,
    )
    # the days that the line bills, also in the electronic invoice (BT-134, BT-135)
    facturex_date_start = fields.Date(string="Period From", copy=False)
    facturex_date_end = fields.Date(string="Period To", copy=False)
