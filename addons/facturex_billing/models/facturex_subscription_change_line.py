from odoo import api, fields, models
from odoo.fields import Command

from ..engine import schedule


class FacturexSubscriptionChangeLine(models.Model):
    _name = "facturex.subscription.change.line"
    _description = "Subscription Change Line"
    _order = "change_id, id"
    _check_company_auto = True

    change_id = fields.Many2one(
        "facturex.subscription.change", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="change_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="change_id.currency_id")
    subscription_id = fields.Many2one(related="change_id.subscription_id")
    line_id = fields.Many2one(
        "facturex.subscription.line",
        string="Present Line",
        domain="[('subscription_id', '=', subscription_id), ('date_to', '=', False)]",
        ondelete="cascade",
        help="Empty: a line is added.",
    )
    is_removed = fields.Boolean(string="Remove")
    product_id = fields.Many2one("product.product", check_company=True)
    name = fields.Text(string="Description")
    quantity = fields.Float(default=1.0, digits="Product Unit")
    price_unit = fields.Float(string="Price", digits="Product Price")
    discount = fields.Float(string="Discount (%)", digits="Discount")
    tax_ids = fields.Many2many("account.tax", string="Taxes", check_company=True)
    new_line_id = fields.Many2one(
        "facturex.subscription.line", readonly=True, ondelete="set null"
    )

    @api.model_create_multi
    def create(self, vals_list):
        """What is not given stays as it is on the present line."""
        filled = []
        for vals in vals_list:
            source = self.line_id.browse(vals.get("line_id"))
            filled.append({**(source._prepare_change_vals() if source else {}), **vals})
        return super().create(filled)

    @api.onchange("line_id")
    def _onchange_line_id(self):
        if self.line_id:
            self.update(self.line_id._prepare_change_vals())

    @api.onchange("product_id")
    def _onchange_product_id(self):
        product = self.product_id
        if not product or product == self.line_id.product_id:
            return
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        self.name = product.display_name
        self.price_unit = product.lst_price
        self.tax_ids = self.subscription_id.fiscal_position_id.map_tax(taxes)

    def _apply_to_subscription(self):
        """End the present line the day before; begin the new one."""
        self.ensure_one()
        day, old = self.change_id.date, self.line_id._by_change()
        vals = {
            "product_id": self.product_id.id,
            "name": self.name or self.product_id.display_name,
            "quantity": self.quantity,
            "price_unit": self.price_unit,
            "discount": self.discount,
            "tax_ids": [Command.set(self.tax_ids.ids)],
            "date_from": day,
        }
        if old:
            begin = old.date_from or old.subscription_id.date_start
            if begin >= day:
                # it has not begun: nothing of it was served
                if self.is_removed:
                    old.unlink()
                else:
                    old.write({**vals, "date_from": old.date_from})
                return
            if not self.is_removed:
                self.new_line_id = old.copy(vals)
            old.date_to = day - schedule.ONE_DAY
        else:
            self.new_line_id = old.create(
                {**vals, "subscription_id": self.subscription_id.id}
            )


class FacturexSubscriptionLine(models.Model):
    _inherit = "facturex.subscription.line"

    def _prepare_change_vals(self):
        self.ensure_one()
        return {
            "product_id": self.product_id.id,
            "name": self.name,
            "quantity": self.quantity,
            "price_unit": self.price_unit,
            "discount": self.discount,
            "tax_ids": [Command.set(self.tax_ids.ids)],
        }
