from odoo import api, fields, models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    _inherit = "sale.order"

    facturex_subscription_ids = fields.One2many(
        "facturex.subscription", "sale_order_id", string="Subscriptions"
    )
    facturex_subscription_count = fields.Integer(
        compute="_compute_facturex_subscription_count"
    )

    def _compute_facturex_subscription_count(self):
        counts = dict(
            self.env["facturex.subscription"]._read_group(
                [("sale_order_id", "in", self.ids)], ["sale_order_id"], ["__count"]
            )
        )
        for order in self:
            order.facturex_subscription_count = counts.get(order, 0)

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self:
            order._facturex_start_subscriptions()
        return result

    def _facturex_start_subscriptions(self):
        """One running subscription per recurring plan of the order's products."""
        self.ensure_one()
        # who confirms an order (a portal customer too) begins what he ordered
        order = self.sudo().with_company(self.company_id)
        if order.facturex_subscription_ids.filtered(lambda s: s.state != "stopped"):
            return  # confirmed again after a cancellation: it runs already
        recurring = order.order_line.filtered("facturex_plan_id")
        for plan, lines in recurring.grouped("facturex_plan_id").items():
            subscription = self.env["facturex.subscription"].sudo()  # as above
            subscription.create(
                order._prepare_facturex_subscription_vals(plan, lines)
            ).action_confirm()

    def _prepare_facturex_subscription_vals(self, plan, lines):
        self.ensure_one()
        return {
            **plan._subscription_vals(fields.Date.context_today(self)),
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "partner_invoice_id": self.partner_invoice_id.id,
            "currency_id": self.currency_id.id,
            "payment_term_id": self.payment_term_id.id,
            "fiscal_position_id": self.fiscal_position_id.id,
            "user_id": (self.user_id or self.env.user).id,
            "ref": self.client_order_ref,
            "sale_order_id": self.id,
            "line_ids": [
                fields.Command.create(
                    {
                        "product_id": line.product_id.id,
                        "name": line.name,
                        # a subscription counts in the product's own unit
                        "quantity": line.product_uom_id._compute_quantity(
                            line.product_uom_qty, line.product_id.uom_id, round=False
                        ),
                        "price_unit": line.product_uom_id._compute_price(
                            line.price_unit, line.product_id.uom_id
                        ),
                        "discount": line.discount,
                        "tax_ids": [fields.Command.set(line.tax_ids.ids)],
                    }
                )
                for line in lines
            ],
        }

    def _action_cancel(self):
        # who cancels an order may not know its subscriptions, but must hear of them
        running = self.sudo().facturex_subscription_ids.filtered(
            lambda s: s.state in ("running", "paused")
        )
        if running:
            raise UserError(
                self.env._(
                    "The subscription %s of this order is running. Stop it first.",
                    running[0].name,
                )
            )
        return super()._action_cancel()

    def action_facturex_view_subscriptions(self):
        self.ensure_one()
        self.check_access("read")
        if len(self.facturex_subscription_ids) == 1:
            return self.facturex_subscription_ids._get_form_action()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_subscription_action"
        )
        return action | {"domain": [("sale_order_id", "=", self.id)]}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    # frozen with the order: a later change of the product starts or stops nothing
    facturex_plan_id = fields.Many2one(
        "facturex.subscription.plan",
        string="Recurring Plan",
        compute="_compute_facturex_plan_id",
        store=True,
        precompute=True,
        check_company=True,
    )

    @api.depends("product_id")
    def _compute_facturex_plan_id(self):
        for line in self:
            line.facturex_plan_id = line.product_id.facturex_plan_id

    @api.depends("facturex_plan_id")
    def _compute_qty_to_invoice(self):
        """What a subscription bills is not billed by the order as well."""
        result = super()._compute_qty_to_invoice()
        self.filtered("facturex_plan_id").qty_to_invoice = 0
        return result
