"""Invoices on deferred terms: due on their backstop, held on the line while open."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import credit_line as engine
from ..engine import preflight
from .account_move_lock import OPEN

DEFERRED = "facturex_deferred"


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "facturex.deferred.document"]

    # ------------------------------------------------------------------
    # What it holds
    # ------------------------------------------------------------------

    def _facturex_credit_find_line(self, must_exist=True):
        """The line this document counts on; none when it is not deferred.

        :raise UserError: deferred, and the customer has no line
        """
        self.ensure_one()
        Line = self.env["facturex.credit.line"]
        if not self.facturex_deferred or self.state != "posted":
            # what was counted is taken back from the line that counted it
            return Line.sudo()
        if not self.is_invoice(include_receipts=True):
            # an empty set, or a line whose document was checked
            return self.facturex_credit_line_id.sudo()
        line = Line._for_partner(self.commercial_partner_id, self.company_id)
        if not line and must_exist:
            raise UserError(Line._no_line_message(self.commercial_partner_id))
        return line

    def _facturex_credit_target(self, line):
        """:return: (used, reserved) in cents of the line's currency: what is open"""
        self.ensure_one()
        if self.state != "posted" or not self.facturex_deferred:
            return 0, 0
        receivable = self.line_ids.filtered(
            lambda item: item.account_type == "asset_receivable"
        )
        if line.currency_id == self.company_id.currency_id:
            residual = sum(receivable.mapped("amount_residual"))
        elif line.currency_id == self.currency_id:
            residual = sum(receivable.mapped("amount_residual_currency"))
        else:
            # at the rate of the document: what was drawn is what will be given back
            residual = self.company_id.currency_id._convert(
                sum(receivable.mapped("amount_residual")),
                line.currency_id,
                self.company_id,
                self.invoice_date or self.date,
            )
        residual -= self._facturex_credit_in_process(line, residual)
        return engine.to_cents(Decimal(str(line.currency_id.round(residual)))), 0

    def _facturex_credit_in_process(self, line, residual):
        """Payments registered without an entry: allocated, not in the books yet."""
        if residual <= 0:
            return 0
        payments = self.matched_payment_ids.filtered(
            lambda pay: pay.state == "in_process" and not pay.move_id
        )
        amount = sum(
            payment.currency_id._convert(
                payment.amount, line.currency_id, self.company_id, payment.date
            )
            for payment in payments
        )
        return min(amount, residual)

    def _facturex_credit_sync(self, gate=True, kind=None):
        """The line follows these documents and the orders behind them."""
        concerned = self._facturex_credit_concerned()
        if not concerned:
            return
        # an order behind an invoice is held for less, whoever may read it
        orders = concerned.sudo().invoice_line_ids.sale_line_ids.order_id
        orders = orders.filtered("facturex_credit_line_id")
        self.env["facturex.credit.line"]._sync([orders, concerned], gate, kind)

    # ------------------------------------------------------------------
    # Doors
    # ------------------------------------------------------------------

    def _post(self, soft=True):
        self._facturex_set_backstop()
        return super()._post(soft)

    def _facturex_set_backstop(self):
        """Deferred invoices are due once: on the last day that was agreed."""
        for move in self:
            if not move.facturex_deferred or move.move_type != "out_invoice":
                continue
            if not move.invoice_date:
                move.invoice_date = fields.Date.context_today(self)
            move.invoice_payment_term_id = False
            # the company's choice, whoever posts
            days = move.company_id.sudo().facturex_credit_days
            move.invoice_date_due = engine.backstop(move.invoice_date, days)

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        moves.filtered(
            lambda m: m.facturex_deferred and m.state == "posted"
        )._facturex_credit_sync()
        return moves

    def write(self, vals):
        if "facturex_deferred" in vals:
            self._facturex_refuse_deferring(vals["facturex_deferred"])
        result = super().write(vals)
        if "state" in vals:
            self._facturex_credit_sync()
        return result

    def _facturex_refuse_deferring(self, value):
        """The terms of a posted document are what the customer reads on it."""
        if self.env.context.get("facturex_open") is OPEN:
            return
        for move in self:
            if move.state == "posted" and move.facturex_deferred != bool(value):
                raise UserError(
                    self.env._(
                        "%s is posted: its customer may still choose deferred payment"
                        " on the portal; otherwise reset it to draft first.",
                        move.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_deferred(self):
        held = self.filtered("facturex_credit_line_id")
        if any(move.state == "posted" for move in held):
            raise UserError(
                self.env._("A document on deferred payment is credited, not deleted.")
            )

    def _facturex_defer(self):
        """An open invoice becomes deferred, by its customer: later due, never sooner.

        :raise UserError: the line refuses
        """
        for move in self:
            days = move.company_id.facturex_credit_days
            due = max(engine.backstop(move.invoice_date, days), move.invoice_date_due)
            move = move.with_context(facturex_open=OPEN)
            move.write({"facturex_deferred": True, "invoice_date_due": due})
            receivable = move.line_ids.filtered(
                lambda item: item.account_type == "asset_receivable"
            )
            receivable.filtered(
                lambda item, due=due: (item.date_maturity or due) < due
            ).date_maturity = due
        self._facturex_credit_sync()

    # ------------------------------------------------------------------
    # Online payment
    # ------------------------------------------------------------------

    def _facturex_only_deferred(self):
        """Whether what is pending online is the promise of deferred payment only."""
        self.ensure_one()
        transactions = self.transaction_ids.filtered(
            lambda tx: (
                tx.state in ("pending", "authorized")
                and tx.provider_code not in ("none", "custom")
            )
        )
        return bool(transactions) and all(
            tx.provider_code == DEFERRED for tx in transactions
        )

    def _has_to_be_paid(self):
        """A deferred invoice can still be paid online: its promise is no payment."""
        if super()._has_to_be_paid():
            return True
        if not self._facturex_only_deferred():
            return False
        shown = self.env["payment.provider"]._facturex_pays_online()
        return bool(
            shown
            and self.state == "posted"
            and self.move_type == "out_invoice"
            and self.amount_total
            and self.payment_state in ("not_paid", "in_payment", "partial")
            and not self.currency_id.is_zero(self.amount_residual)
        )

    def _get_online_payment_error(self):
        if self._facturex_only_deferred() and self._has_to_be_paid():
            return ""
        return super()._get_online_payment_error()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _facturex_dunning_obstacles(self, date):
        """A deferred invoice is not chased before its backstop, not even politely."""
        found = super()._facturex_dunning_obstacles(date)
        for line in self:
            due = line.date_maturity
            if line.move_id.facturex_deferred and due and date <= due:
                found[line.id] = preflight.Obstacle("hold_deferred", due.isoformat())
        return found


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._facturex_credit_sync()
        return partials

    def unlink(self):
        moves = self._facturex_credit_moves()
        result = super().unlink()
        moves.exists()._facturex_credit_sync(gate=False)
        return result

    def _facturex_credit_moves(self):
        lines = self.debit_move_id | self.credit_move_id
        return lines.move_id.filtered("facturex_credit_line_id")

    def _facturex_credit_sync(self):
        """Paid by money it is settled, by a credit note released."""
        moves = self._facturex_credit_moves()
        if not moves:
            return
        credited = moves.browse()
        for partial in self:
            if partial.credit_move_id.move_id.move_type == "out_refund":
                credited |= partial.debit_move_id.move_id & moves
                credited |= partial.credit_move_id.move_id & moves
        credited._facturex_credit_sync(gate=False, kind="release")
        (moves - credited)._facturex_credit_sync(gate=False, kind="settle")
        # what the customer promised online is kept, whoever matches its payment
        moves = moves.sudo()
        promised = moves.transaction_ids | (
            moves.invoice_line_ids.sale_line_ids.order_id.transaction_ids
        )
        promised.filtered(
            lambda tx: tx.provider_code == DEFERRED
        )._facturex_close_settled()


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def write(self, vals):
        result = super().write(vals)
        if {"state", "move_id", "invoice_ids"} & vals.keys():
            # the invoices follow, whoever registers their payment
            invoices = self.sudo().invoice_ids
            invoices.filtered("facturex_credit_line_id")._facturex_credit_sync(
                gate=False
            )
        return result
