"""One gate: whatever changes what a customer owes on deferred terms comes here.

Orders and invoices say how much of a line they hold now; the difference with what their
entries say is one movement. So it does not matter by which door a document came, and
counters equal the books after each call.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import credit_line as engine

ORDER = "sale.order"
MOVE = "account.move"
CHECKOUT = "payment.transaction"
COMES_BACK = "adjust"


class FacturexCreditLine(models.Model):
    _inherit = "facturex.credit.line"

    amount_overdue = fields.Monetary(string="Overdue", compute="_compute_invoices")
    date_next = fields.Date(string="Next Due", compute="_compute_invoices")
    invoice_count = fields.Integer(compute="_compute_invoices")

    def _compute_invoices(self):
        """One query for all lines of a list."""
        today = fields.Date.context_today(self)
        found = {line.id: [0.0, False, 0] for line in self}
        for line, day, residual, count in self.env["account.move"]._read_group(
            [
                ("facturex_credit_line_id", "in", self.ids),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_receipt")),
                ("amount_residual", ">", 0),
                ("payment_state", "in", ("not_paid", "partial")),
            ],
            ["facturex_credit_line_id", "invoice_date_due:day"],
            ["amount_residual_signed:sum", "__count"],
        ):
            values = found[line.id]
            due = fields.Date.to_date(day)
            if due and due < today:
                values[0] += residual
            elif due and (not values[1] or due < values[1]):
                values[1] = due
            values[2] += count
        for line in self:
            overdue, day, count = found[line.id]
            company = line.company_id.currency_id
            line.amount_overdue = (
                company._convert(overdue, line.currency_id, line.company_id, today)
                if company != line.currency_id
                else overdue
            )
            line.date_next = day
            line.invoice_count = count

    @api.model
    def _for_partner(self, partner, company):
        """:return: the line of a customer in a company, with full rights, or none"""
        # a seller needs no right on the line to be told what it allows
        return self.sudo().search(
            [
                ("partner_id", "=", partner.commercial_partner_id.id),
                ("company_id", "=", company.id),
            ]
        )

    @api.model
    def _no_line_message(self, customer):
        return self.env._(
            "%s has no deferred payment: open one in Sales > Deferred Payment, or"
            " untick Deferred Payment on the document.",
            customer.display_name,
        )

    def _get_late(self, today):
        """The deferred invoices that are overdue by more than the company allows."""
        days = self.company_id.facturex_credit_freeze_days
        # whoever orders is told that something is overdue
        return (
            self.env["account.move"]
            .sudo()
            .search(
                [
                    ("facturex_credit_line_id", "in", self.ids),
                    ("state", "=", "posted"),
                    ("move_type", "in", ("out_invoice", "out_receipt")),
                    ("payment_state", "in", ("not_paid", "partial")),
                    ("amount_residual", ">", 0),
                    ("invoice_date_due", "<", today - timedelta(days=days)),
                ],
                order="invoice_date_due, id",
            )
        )

    # ------------------------------------------------------------------
    # The gate
    # ------------------------------------------------------------------

    @api.model
    def _sync(self, documents, gate=True, kind=None):
        """Bring the entries of orders and invoices up to what they hold now.

        :param gate: False when the books have moved already (a payment, a credit note,
            their undoing): a debt that came back is recorded, limit or not
        :param kind: of what lowers the use, when the caller knows better
        :raise UserError: refused; the caller's transaction changes nothing
        """
        wanted = {}
        for records in documents:
            for document in records:
                # company-dependent facts, in the company of the document
                document = document.with_company(document.company_id)
                line = document._facturex_credit_find_line(gate)
                # the line of a document, whoever writes the document
                old = document.facturex_credit_line_id.sudo()
                target = document._facturex_credit_target(line) if line else (0, 0)
                for each in line | old:
                    wanted.setdefault(each, []).append(
                        (document, target if each == line else (0, 0))
                    )
                if line and line != old and any(target):
                    document._facturex_credit_link(line)
        for line, targets in wanted.items():
            line._sync_line(targets, gate, kind)

    def _sync_line(self, targets, gate, kind):
        self.ensure_one()
        held = self._get_held([document for document, _target in targets])
        changes, documents = [], []
        for document, target in targets:
            used, reserved, count = held.get((document._name, document.id), (0, 0, 0))
            change = target[0] - used, target[1] - reserved
            if any(change):
                name = self._kind_of(document, change, gate, kind)
                key = f"{document._name}:{document.id}:{count + 1}"
                changes.append((name, document, *change, key))
                documents.append(document)
        if not changes:
            return
        if not gate:
            self._move(changes, force=True)
            return
        # what a checkout held for a document becomes what the document holds
        changes += self._take_holds(documents)
        raises = sum(c[2] for c in changes) + sum(c[3] for c in changes) > 0
        extra = note = 0
        if raises:
            self._refresh_limit()
            self._check_gate(documents)
            extra, note = self._take_override(documents, changes)
        self._move(changes, extra=extra, note=note)

    def _kind_of(self, document, change, gate, kind):
        used, reserved = change
        if used > 0:
            return "draw" if gate else COMES_BACK
        if used < 0:
            return kind or ("release" if gate else "settle")
        return "reserve" if reserved > 0 else "release"

    def _get_held(self, documents):
        """{(model, id): (used, reserved, number of entries)}, by one query per model"""
        held = {}
        for model in (ORDER, MOVE):
            ids = [doc.id for doc in documents if doc._name == model]
            if not ids:
                continue
            rows = (
                self.env["facturex.credit.entry"]
                # entries are counted, not shown
                .sudo()
                ._read_group(
                    [
                        ("line_id", "=", self.id),
                        ("res_model", "=", model),
                        ("res_id", "in", ids),
                    ],
                    ["res_id"],
                    ["used_cents:sum", "reserved_cents:sum", "__count"],
                )
            )
            for res_id, used, reserved, count in rows:
                held[model, res_id] = (used or 0, reserved or 0, count)
        return held

    def _check_gate(self, documents):
        """What no limit answers: the state, who buys, what is overdue."""
        self.ensure_one()
        if self.state != "open":
            raise UserError(self._closed_message())
        if message := self._consumer_message():
            raise UserError(message)
        today = fields.Date.context_today(self)
        bought = self.env[MOVE].union(*[d for d in documents if d._name == MOVE])
        if late := self._get_late(today) - bought:
            raise UserError(
                self.env._(
                    "Deferred payment refused: %(invoice)s of %(customer)s is overdue,"
                    " %(amount)s are open. Pay it first.",
                    invoice=late[0].name,
                    customer=self.partner_id.display_name,
                    amount=late[0].currency_id.format(late[0].amount_residual),
                )
            )

    def _take_holds(self, documents):
        """:return: the movements that give back what checkouts held for documents"""
        transactions = self.env[CHECKOUT].sudo()  # of the documents that passed
        for document in documents:
            transactions |= document.sudo().transaction_ids.filtered(  # see above
                "facturex_hold_until"
            )
        return transactions._facturex_end_hold().get(self, [])

    def _take_override(self, documents, changes):
        """Use up an approved override of one of the documents.

        :return: (cents above the limit, the reason)
        """
        return self.env["facturex.credit.override"]._take(self, documents)

    # ------------------------------------------------------------------
    # Every day
    # ------------------------------------------------------------------

    @api.model
    def _cron_check(self):
        """Daily: limits that end, overdue lines frozen, repaid ones opened again.

        One line that fails stops no other.
        """
        cron = self.env["ir.cron"]
        lines = self.search([("state", "in", ("open", "frozen"))])
        cron._commit_progress(remaining=len(lines))
        for line in lines:
            try:
                with self.env.cr.savepoint():
                    line._check_day(fields.Date.context_today(line))
            except UserError as error:
                line.message_post(body=str(error))
            if not cron._commit_progress(1):
                break

    def action_check(self):
        """The same, now."""
        self.check_access("write")
        for line in self:
            line._check_day(fields.Date.context_today(line))

    def _check_day(self, today):
        self.ensure_one()
        self._refresh_limit()
        late = self._get_late(today)
        if late and self.state == "open":
            self._freeze(
                "overdue",
                self.env._(
                    "%(invoice)s is overdue since %(day)s",
                    invoice=late[0].name,
                    day=format_date(self.env, late[0].invoice_date_due),
                ),
            )
            self._task(self.env._("Deferred payment frozen: overdue"), late[0].name)
            self._tell_customer("overdue")
        elif not late and self.state == "frozen" and self.freeze_reason == "overdue":
            self._thaw()

    def _recompute_drift(self):
        """:return: {line id: cents between the counters and the documents}; nothing
        but a fault makes one
        """
        drift = {}
        for line in self:
            used = reserved = 0
            for model in (ORDER, MOVE):
                documents = self.env[model].search(
                    [("facturex_credit_line_id", "=", line.id)]
                )
                for document in documents:
                    target = document._facturex_credit_target(line)
                    used += target[0]
                    reserved += target[1]
            held = self.env[CHECKOUT].search([("facturex_hold_until", "!=", False)])
            for transaction in held:
                entry = transaction._facturex_hold_entry()
                reserved += entry.reserved_cents if entry.line_id == line else 0
            gap = abs(used - line.used_cents) + abs(reserved - line.reserved_cents)
            if gap:
                drift[line.id] = gap
        return drift

    def _exposure(self):
        """:return: `engine.credit_line.Exposure` of the line, from its counters"""
        self.ensure_one()
        return engine.Exposure(
            purchases=engine.from_cents(self.used_cents),
            orders=engine.from_cents(self.reserved_cents),
        )
