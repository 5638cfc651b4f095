"""What a receipt settles of the purchases: previewed, booked, undone by a new entry.

The software records; money stays with the banks. Three sources: by hand, a receipt of
the customer's own company in this database, and sums the seller collected for it.
"""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import credit_line as engine

UNPAID = ("not_paid", "partial")


class FacturexCreditSettlement(models.Model):
    _name = "facturex.credit.settlement"
    _description = "Settlement of Deferred Payment"
    _inherit = ["facturex.facts", "mail.thread"]
    _order = "id desc"
    _check_company_auto = True
    _facts = frozenset(
        {
            "state",
            "key",
            "move_id",
            "own_move_id",
            "amount_settled",
            "amount_left",
            "explanation",
        }
    )

    line_id = fields.Many2one(
        "facturex.credit.line",
        string="Deferred Payment",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="line_id.partner_id", store=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    date = fields.Date(required=True, default=fields.Date.context_today)
    source = fields.Selection(
        [
            ("manual", "By hand"),
            ("receipt", "Receipt of the customer"),
            ("payout", "Collected for the customer"),
        ],
        required=True,
        default="manual",
    )
    amount_receipt = fields.Monetary(string="Amount Received")
    origin = fields.Char(help="What came in: a bank line, a statement of payout.")
    key = fields.Char(copy=False, readonly=True)
    state = fields.Selection(
        [
            ("draft", "Preview"),
            ("done", "Settled"),
            ("reversed", "Undone"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    part_ids = fields.One2many(
        "facturex.credit.settlement.part", "settlement_id", readonly=True
    )
    amount_settled = fields.Monetary(string="Settled", readonly=True, copy=False)
    amount_left = fields.Monetary(
        string="Left to the Customer", readonly=True, copy=False
    )
    explanation = fields.Char(readonly=True, copy=False)
    move_id = fields.Many2one(
        "account.move", string="Entry", readonly=True, copy=False, check_company=True
    )
    # in the books of the customer: its company sees it, not the seller
    own_move_id = fields.Many2one("account.move", readonly=True, copy=False)

    _key_uniq = models.UniqueIndex(
        "(line_id, key) WHERE key IS NOT NULL", "This receipt was settled already."
    )

    @api.depends("partner_id", "date")
    def _compute_display_name(self):
        for settlement in self:
            settlement.display_name = self.env._(
                "Settlement of %s", settlement.partner_id.display_name or ""
            )

    def write(self, vals):
        fixed = {"amount_receipt", "source", "line_id", "date"}
        if fixed & vals.keys() and any(s.state != "draft" for s in self):
            raise UserError(
                self.env._("This settlement is booked: undo it and make another one.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_booked(self):
        if any(settlement.state in ("done", "reversed") for settlement in self):
            raise UserError(self.env._("A booked settlement is undone, not deleted."))

    # ------------------------------------------------------------------
    # Preview
    # ------------------------------------------------------------------

    def action_preview(self):
        """What would be settled now, and why; nothing is booked."""
        for settlement in self:
            settlement.check_access("write")
            if settlement.state != "draft":
                raise UserError(self.env._("This settlement is booked already."))
            settlement._preview()

    def _get_purchases(self):
        """The open deferred invoices of the line, in its currency."""
        return self.env["account.move"].search(
            [
                ("facturex_credit_line_id", "=", self.line_id.id),
                ("state", "=", "posted"),
                ("move_type", "=", "out_invoice"),
                ("payment_state", "in", UNPAID),
                ("currency_id", "=", self.currency_id.id),
                ("amount_residual", ">", 0),
            ]
        )

    def _get_collected(self):
        """What the seller holds for the customer in its books: open credits."""
        account = self.company_id.facturex_credit_collect_account_id
        if not account:
            raise UserError(
                self.env._(
                    "Choose the account of sums collected for customers in"
                    " Configuration > Company Settings."
                )
            )
        return self.env["account.move.line"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("account_id", "=", account.id),
                ("partner_id", "child_of", self.partner_id.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual", "<", 0),
            ]
        )

    def _allocate(self):
        """:return: `engine.credit_line.Allocation`, on fresh residuals"""
        line = self.line_id
        return engine.allocate(
            Decimal(str(self.amount_receipt)),
            [
                engine.Purchase(
                    move.id,
                    move.invoice_date_due,
                    move.invoice_date,
                    Decimal(str(move.amount_residual)),
                )
                for move in self._get_purchases()
            ],
            engine.Terms(
                share=Decimal(str(line.share)) / 100,
                floor=Decimal(str(line.floor)),
                order=line.settle_order,
            ),
            unit=Decimal(str(self.currency_id.rounding)),
        )

    def _preview(self):
        self.ensure_one()
        if self.source == "payout":
            collected = self._get_collected()
            self.amount_receipt = -sum(collected.mapped("amount_residual"))
        if self.currency_id.compare_amounts(self.amount_receipt, 0) <= 0:
            raise UserError(self.env._("Nothing was received."))
        found = self._allocate()
        # the figures follow from the documents
        self.sudo().write(
            {
                "part_ids": [fields.Command.clear()]
                + [
                    fields.Command.create({"move_id": move, "amount": float(amount)})
                    for move, amount in found.parts
                ],
                "amount_settled": float(found.settled),
                "amount_left": float(found.left),
                "explanation": self._explain(found),
            }
        )

    def _explain(self, found):
        line = self.line_id
        words = {
            engine.SHARE: self.env._("%s %% of each receipt settles", line.share),
            engine.FLOOR: self.env._(
                "%s of each receipt stay the customer's",
                self.currency_id.format(line.floor),
            ),
            engine.ALL_SETTLED: self.env._("everything open is settled"),
            engine.DUST: self.env._("too small for an entry"),
        }
        said = [words[reason] for reason in found.reasons]
        order = dict(line._fields["settle_order"]._description_selection(self.env))
        return ", ".join([order[line.settle_order], *said])

    # ------------------------------------------------------------------
    # Booking
    # ------------------------------------------------------------------

    def action_confirm(self):
        for settlement in self:
            settlement.check_access("write")
            settlement._book()

    def _book(self):
        """Book what was previewed, in the seller's books and in the customer's."""
        self.ensure_one()
        self._claim()
        shown = [(part.move_id.id, part.amount) for part in self.part_ids]
        fresh = [(move, float(amount)) for move, amount in self._allocate().parts]
        payout = self.source == "payout" and self.amount_left
        if not shown and not payout:
            raise UserError(
                self.env._("Nothing is settled: preview the settlement first.")
            )
        if shown != fresh or not self._is_collected():
            raise UserError(
                self.env._(
                    "The open invoices changed since the preview: preview again."
                )
            )
        move = self._make_entry()
        # what was booked is a fact
        self.sudo().move_id = move
        if self.source == "receipt":
            self._book_in_own_books()
        self._tell_customer()

    def _is_collected(self):
        """Whether a payout is still of what is held, to the cent."""
        if self.source != "payout":
            return True
        held = -sum(self._get_collected().mapped("amount_residual"))
        return self.currency_id.compare_amounts(held, self.amount_receipt) == 0

    def _claim(self):
        """Write first: of two people one books."""
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE facturex_credit_settlement SET state = 'done'
                 WHERE id = %s AND state = 'draft' RETURNING id
                """,
                self.id,
            )
        )
        self.invalidate_recordset(["state"])
        if not rows:
            raise UserError(self.env._("This settlement is booked already."))

    def _make_entry(self):
        """Clearing, or sums collected, against each invoice and the rest."""
        self.ensure_one()
        company = self.company_id
        lines, settled = [], self.amount_settled
        if self.source == "payout":
            account = company.facturex_credit_collect_account_id
            lines.append((account, self.amount_receipt, self.display_name))
            if not self.currency_id.is_zero(self.amount_left):
                payable = self.partner_id.with_company(
                    company
                ).property_account_payable_id
                lines.append((payable, -self.amount_left, self.env._("Payout")))
        else:
            account = company._facturex_credit_account()
            lines.append((account, settled, self.origin or self.display_name))
        for part in self.part_ids:
            receivable = part._get_receivable()
            lines.append((receivable.account_id, -part.amount, part.move_id.name))
        move = self._post_entry(company, lines, self.partner_id)
        first = len(lines) - len(self.part_ids)
        for part, item in zip(self.part_ids, move.line_ids[first:], strict=True):
            (part._get_receivable() + item).reconcile()
        if self.source == "payout":
            (self._get_collected() + move.line_ids[0]).reconcile()
        return move

    def _post_entry(self, company, lines, partner):
        """:param lines: [(account, amount in the currency of the line, label)]"""
        own, currency = company.currency_id, self.currency_id
        move = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "entry",
                    "company_id": company.id,
                    "journal_id": company._facturex_credit_journal().id,
                    "date": self.date,
                    "ref": self.display_name,
                    "line_ids": [
                        fields.Command.create(
                            {
                                "account_id": account.id,
                                "partner_id": partner.id,
                                "name": label,
                                "currency_id": currency.id,
                                "amount_currency": amount,
                                "balance": currency._convert(
                                    amount, own, company, self.date
                                ),
                            }
                        )
                        for account, amount, label in lines
                    ],
                }
            )
        )
        move.action_post()
        return move

    # ------------------------------------------------------------------
    # The customer's own books
    # ------------------------------------------------------------------

    def _book_in_own_books(self):
        """The bills there are paid by what the invoices here were settled with.

        The customer agreed to it in the conditions; its company is another of this
        database, where the seller's staff has no right: only this entry is made.
        """
        own = self.line_id._own_company()
        if not own:
            return
        # see the docstring
        settlement = self.sudo().with_company(own)
        seller = settlement.company_id.partner_id
        payable = seller.with_company(own).property_account_payable_id
        lines = [(own._facturex_credit_account(), -self.amount_settled, self.origin)]
        bills = []
        for part in settlement.part_ids:
            bill = part._find_bill(own, seller)
            item = bill.line_ids.filtered(
                lambda line: line.account_type == "liability_payable"
            )[:1]
            bills.append(item)
            lines.append((item.account_id or payable, part.amount, part.move_id.name))
        move = settlement._post_entry(own, lines, seller)
        for bill, item in zip(bills, move.line_ids[1:], strict=True):
            if bill and not bill.reconciled:
                (bill + item).reconcile()
        settlement.own_move_id = move

    # ------------------------------------------------------------------
    # Undoing
    # ------------------------------------------------------------------

    def action_reverse(self):
        """Undo by counter-entries: the invoices are open again, limit or not."""
        for settlement in self:
            settlement.check_access("write")
            settlement._reverse()

    def _reverse(self):
        self.ensure_one()
        if self.state != "done":
            raise UserError(self.env._("Only a booked settlement is undone."))
        today = fields.Date.context_today(self)
        self._reverse_entry(self.move_id, today)
        # the other half was made by us and is undone by us
        self._reverse_entry(self.sudo().own_move_id, today)
        self.sudo().state = "reversed"  # what happened
        self._tell_customer()

    def _reverse_entry(self, move, today):
        if not move:
            return
        move = move.with_company(move.company_id)
        move.line_ids.remove_move_reconcile()
        counter = move._reverse_moves(
            [{"date": today, "ref": self.env._("Undone: %s", self.display_name)}],
            cancel=True,
        )
        counter.filtered(lambda m: m.state == "draft").action_post()

    def action_cancel(self):
        for settlement in self:
            settlement.check_access("write")
            if settlement.state != "draft":
                raise UserError(self.env._("Only a preview is cancelled."))
            settlement.sudo().state = "cancelled"  # checked just above

    # ------------------------------------------------------------------
    # Caused by the customer's bank, where nothing of ours may be in the way
    # ------------------------------------------------------------------

    def _book_at_once(self):
        """Book, where the line says so and its customer agreed.

        :return: why it was left for a person; empty when it is as it should be
        """
        self.ensure_one()
        line = self.line_id
        agreed = line.application_ids.filtered("terms_on")
        if line.settle_mode != "auto" or not agreed or not self.part_ids:
            return ""
        try:
            with self.env.cr.savepoint():
                self._book()
        except UserError as error:
            self.invalidate_recordset()
            return str(error)
        return ""

    def _undo_at_once(self):
        """The receipt does not hold: undo, or say who has to."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._reverse()
        except UserError as error:
            self.invalidate_recordset()
            self.line_id._task(self.env._("Settlement to undo"), str(error))


class FacturexCreditSettlementPart(models.Model):
    _name = "facturex.credit.settlement.part"
    _description = "Invoice Settled"
    _order = "id"
    _check_company_auto = True

    settlement_id = fields.Many2one(
        "facturex.credit.settlement", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="settlement_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="settlement_id.currency_id")
    move_id = fields.Many2one(
        "account.move", string="Invoice", required=True, check_company=True
    )
    date_due = fields.Date(related="move_id.invoice_date_due", string="Due")
    amount_open = fields.Monetary(related="move_id.amount_residual", string="Open")
    amount = fields.Monetary(string="Settled")

    def _get_receivable(self):
        return self.move_id.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )[:1]

    def _find_bill(self, company, seller):
        """The bill that the customer recorded for this invoice, if it did."""
        names = [n for n in (self.move_id.name, self.move_id.payment_reference) if n]
        return self.env["account.move"].search(
            [
                ("company_id", "=", company.id),
                ("move_type", "=", "in_invoice"),
                ("state", "=", "posted"),
                ("commercial_partner_id", "=", seller.commercial_partner_id.id),
                ("payment_state", "in", UNPAID),
                "|",
                ("ref", "in", names),
                ("payment_reference", "in", names),
            ],
            order="invoice_date, id",
            limit=1,
        )


class FacturexCreditLine(models.Model):
    _inherit = "facturex.credit.line"

    settlement_ids = fields.One2many("facturex.credit.settlement", "line_id")
    settlement_count = fields.Integer(compute="_compute_settlements")
    amount_proposed = fields.Monetary(
        string="To Confirm",
        compute="_compute_settlements",
        help="Settlements that were proposed from receipts and wait for somebody.",
    )

    @api.depends("settlement_ids.state", "settlement_ids.amount_settled")
    def _compute_settlements(self):
        """One query for all lines of a list."""
        rows = self.env["facturex.credit.settlement"]._read_group(
            [("line_id", "in", self.ids)],
            ["line_id", "state"],
            ["__count", "amount_settled:sum"],
        )
        count, proposed = {}, {}
        for line, state, number, amount in rows:
            count[line.id] = count.get(line.id, 0) + number
            if state == "draft":
                proposed[line.id] = amount
        for line in self:
            line.settlement_count = count.get(line.id, 0)
            line.amount_proposed = proposed.get(line.id, 0)

    def action_view_settlements(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_credit_settlement_action"
        )
        action["domain"] = [("line_id", "=", self.id)]
        action["context"] = {"default_line_id": self.id}
        return action

    def action_settle(self):
        """A new settlement by hand."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settle"),
            "res_model": "facturex.credit.settlement",
            "view_mode": "form",
            "context": {"default_line_id": self.id},
        }

    @api.model
    def _facturex_owing(self, company):
        """The lines on which a company of this database owes its sellers something."""
        # the customer's bookkeeper has no right in its sellers' companies: what he
        # causes there is what the customer agreed to
        return self.sudo().search(
            [
                ("partner_id", "=", company.partner_id.id),
                ("state", "in", ("open", "frozen")),
                ("currency_id", "=", company.currency_id.id),
                ("used_cents", ">", 0),
            ],
            order="id",
        )

    @api.model
    def _facturex_receive(self, company, amount, key, date, origin):
        """Money of the customer's own sales came in: propose or settle.

        :param company: the customer, a company of this database
        :param key: the receipt; twice the same settles once
        :return: the settlements, in the sellers' companies
        """
        lines = self._facturex_owing(company)
        made = self.env["facturex.credit.settlement"].sudo()  # see above
        if not lines:
            return made
        parts = engine.split(self._to_cents(amount), lines.mapped("used_cents"))
        for line, cents in zip(lines, parts, strict=True):
            known = line.settlement_ids.filtered(lambda s: s.key == key)
            if known or not cents:
                continue
            line = line.with_context(allowed_company_ids=line.company_id.ids)
            settlement = line.settlement_ids.create(
                {
                    "line_id": line.id,
                    "source": "receipt",
                    "amount_receipt": float(engine.from_cents(cents)),
                    "key": key,
                    "date": date,
                    "origin": origin,
                }
            )
            settlement._preview()
            made |= settlement
            why = settlement._book_at_once() or settlement.explanation
            if settlement.state == "draft":
                line._task(self.env._("Settlement to confirm"), why)
        return made

    @api.model
    def _facturex_give_back(self, company, key):
        """The receipt was refunded or unmatched: its settlement does not hold."""
        # see _facturex_receive
        settlements = self.env["facturex.credit.settlement"].sudo()
        for settlement in settlements.search(
            [("partner_id", "=", company.partner_id.id), ("key", "=", key)]
        ):
            settlement = settlement.with_context(
                allowed_company_ids=(settlement.company_id | company).ids
            )
            if settlement.state == "done":
                settlement._undo_at_once()
            elif settlement.state == "draft":
                settlement.state = "cancelled"
            settlement.key = False
