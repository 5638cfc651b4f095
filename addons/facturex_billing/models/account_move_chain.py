from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_acceptance_order_id = fields.Many2one(
        "sale.order",
        string="Made on Acceptance Of",
        readonly=True,
        copy=False,
        check_company=True,
        ondelete="set null",
    )
    facturex_order_left = fields.Monetary(
        string="Left to Invoice on the Order", compute="_compute_facturex_order_left"
    )

    _facturex_acceptance_uniq = models.UniqueIndex(
        "(facturex_acceptance_order_id) WHERE facturex_acceptance_order_id IS NOT NULL",
        "The invoice of this acceptance exists already.",
    )

    def _compute_facturex_order_left(self):
        """In the currency of each document; two queries whatever their number."""
        lines = self.env["account.move.line"].search_fetch(
            [("move_id", "in", self.ids), ("sale_line_ids", "!=", False)],
            ["move_id", "sale_line_ids"],
        )
        # all orders at once: one query gives what is left of each
        left = {
            order: order.facturex_left_to_invoice
            for order in lines.sale_line_ids.order_id
        }
        orders = {}
        for line in lines:
            found = line.sale_line_ids.order_id
            orders[line.move_id] = orders.get(line.move_id, found) | found
        for move in self:
            total = 0
            for order in orders.get(move._origin, ()):
                total += order.currency_id._convert(
                    left[order],
                    move.currency_id or order.currency_id,
                    move.company_id,
                    move.invoice_date or fields.Date.context_today(self),
                )
            move.facturex_order_left = total

    def action_facturex_view_order_left(self):
        self.ensure_one()
        return self.line_ids.sale_line_ids.order_id.action_facturex_view_left()
