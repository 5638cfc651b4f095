"""Orders on deferred terms hold their part of the line until they are invoiced."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import credit_line as engine
from .account_move_deferred import DEFERRED

# what may change what an order holds
WATCHED = {
    "state",
    "facturex_deferred",
    "partner_id",
    "company_id",
    "currency_id",
    "order_line",
    "date_order",
    "pricelist_id",
}


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "facturex.deferred.document"]

    facturex_credit_room = fields.Monetary(
        string="Available on Deferred Payment", compute="_compute_facturex_credit_room"
    )

    @api.depends("partner_id", "company_id", "currency_id")
    def _compute_facturex_credit_room(self):
        for order in self:
            line = self.env["facturex.credit.line"]._for_partner(
                order.partner_id, order.company_id
            )
            order.facturex_credit_room = (
                line.currency_id._convert(
                    line.amount_available,
                    order.currency_id or line.currency_id,
                    line.company_id,
                    fields.Date.context_today(order),
                )
                if line
                else 0
            )

    def _prepare_invoice(self):
        return super()._prepare_invoice() | {
            "facturex_deferred": self.facturex_deferred
        }

    # ------------------------------------------------------------------
    # What it holds
    # ------------------------------------------------------------------

    def _facturex_credit_promised(self):
        """Whether the customer chose deferred payment on the portal."""
        self.ensure_one()
        # what is promised counts, whoever reads transactions
        return bool(
            self.sudo().transaction_ids.filtered(
                lambda tx: tx.provider_code == DEFERRED and tx.state == "authorized"
            )
        )

    def _facturex_credit_find_line(self, must_exist=True):
        """:raise UserError: deferred, and the customer has no line"""
        self.ensure_one()
        Line = self.env["facturex.credit.line"]
        if not self.facturex_deferred or self.state == "cancel":
            # an empty set
            return Line.sudo()
        if self.state != "sale" and not self._facturex_credit_promised():
            # an empty set
            return Line.sudo()
        customer = self.partner_id.commercial_partner_id
        line = Line._for_partner(customer, self.company_id)
        if not line and must_exist:
            raise UserError(Line._no_line_message(customer))
        return line

    def _facturex_credit_target(self, line):
        """:return: (used, reserved) in cents of the line: what is left to invoice"""
        self.ensure_one()
        if not self.facturex_deferred or self.state == "cancel":
            return 0, 0
        if self.state != "sale" and not self._facturex_credit_promised():
            return 0, 0
        amount = self.currency_id._convert(
            self._facturex_credit_left(),
            line.currency_id,
            self.company_id,
            (self.date_order or fields.Datetime.now()).date(),
        )
        return 0, engine.to_cents(Decimal(str(line.currency_id.round(amount))))

    def _facturex_credit_invoiced(self):
        """What posted invoices took of the order, taxes included, in its currency.

        A credit note gives nothing back to the order: what was credited is bought
        again by another invoice, through the gate.
        """
        self.ensure_one()
        self.env["account.move.line"].flush_model(["price_total", "parent_state"])
        self.env["sale.order.line"].flush_model(["invoice_lines", "order_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT aml.currency_id, SUM(aml.price_total)
                  FROM sale_order_line sol
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sol.id
                  JOIN account_move_line aml ON aml.id = rel.invoice_line_id
                  JOIN account_move move ON move.id = aml.move_id
                 WHERE sol.order_id = %s AND aml.parent_state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_receipt')
              GROUP BY aml.currency_id
                """,
                self.id,
            )
        )
        Currency = self.env["res.currency"]
        return sum(
            Currency.browse(currency)._convert(
                float(amount),
                self.currency_id,
                self.company_id,
                fields.Date.context_today(self),
            )
            for currency, amount in rows
        )

    def _facturex_credit_left(self):
        """What the order will still bring on invoices, in its currency."""
        self.ensure_one()
        left = self.amount_total - self._facturex_credit_invoiced()
        return max(self.currency_id.round(left), 0)

    def _facturex_credit_sync(self):
        if concerned := self._facturex_credit_concerned():
            self.env["facturex.credit.line"]._sync([concerned])

    # ------------------------------------------------------------------
    # Doors
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders.filtered(lambda order: order.state == "sale")._facturex_credit_sync()
        return orders

    def write(self, vals):
        result = super().write(vals)
        if WATCHED & vals.keys():
            self._facturex_credit_sync()
        if vals.get("state") == "cancel":
            self._facturex_credit_void()
        return result

    def _facturex_credit_void(self):
        """The promise of a cancelled order is no promise any more."""
        # whoever may cancel the order may cancel what it promised
        transactions = self.sudo().transaction_ids.filtered(
            lambda tx: tx.provider_code == DEFERRED and tx.state == "authorized"
        )
        if transactions:
            transactions._set_canceled()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._facturex_credit_orders()._facturex_credit_sync()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() - {"sequence", "name"}:
            self._facturex_credit_orders()._facturex_credit_sync()
        return result

    def unlink(self):
        orders = self._facturex_credit_orders()
        result = super().unlink()
        orders.exists()._facturex_credit_sync()
        return result

    def _facturex_credit_orders(self):
        """More of a confirmed order is more bought: it passes the gate, too."""
        return self.order_id.filtered(
            lambda order: order.facturex_deferred and order.state == "sale"
        )
