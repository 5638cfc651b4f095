"""Both sides are ours: transfers between own accounts, payments that come back."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from ..engine.match_transfers import RETURN_DAYS, PastPayment
from ..engine.references import normalise_account

RETURNS = ("sdd_returned", "transfer_returned")
PARTNER_TYPES = ("asset_receivable", "liability_payable")
TRANSFER_DAYS = 5  # between the two sides of one transfer


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    @api.model
    def _facturex_is_returned(self, details):
        """The bank says so: a return reason, its own code, or the mark of reversal."""
        return bool(
            details.get("return_reason")
            or details.get("reversal")
            or details.get("category") in RETURNS
        )

    @api.model
    def _facturex_own_accounts(self, company):
        journals = self.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "in", ("bank", "credit"))]
        )
        numbers = {
            normalise_account(bank.acc_number) for bank in journals.bank_account_id
        }
        return frozenset(numbers - {"", None})

    @api.model
    def _facturex_past_payments(self, company, bank_lines):
        """The matched lines that the returned ones of these lines may take back."""
        back = [line for line in bank_lines if line.returned and line.date]
        if not back:
            return ()
        first = min(line.date for line in back) - timedelta(RETURN_DAYS)
        found = self.search_fetch(
            [
                ("company_id", "=", company.id),
                ("journal_id", "in", list({line.journal_id for line in back})),
                ("is_reconciled", "=", True),
                ("amount", "in", [float(-line.amount) for line in back]),
                ("date", ">=", first),
            ],
            ["amount", "date", "transaction_details", "account_number"],
        )
        items = {}
        for item in self.env["account.move.line"].search_fetch(
            [
                ("statement_line_id", "in", found.ids),
                ("account_type", "in", PARTNER_TYPES),
                ("reconciled", "=", True),
            ],
            ["statement_line_id"],
            order="id",
        ):
            items.setdefault(item.statement_line_id.id, []).append(item.id)
        return tuple(
            PastPayment(
                line.id,
                Decimal(str(line.currency_id.round(line.amount))),
                line.date,
                tuple(items.get(line.id, ())),
                (line.transaction_details or {}).get("end_to_end_id"),
                (line.transaction_details or {}).get("structured_reference"),
                line.account_number or None,
            )
            for line in found
        )

    def _facturex_join_transfer(self, account):
        """Both sides of a transfer are there: they settle each other."""
        self.ensure_one()
        if account != self.company_id.transfer_account_id or not account.reconcile:
            return
        own = self.line_ids.filtered(lambda item: item.account_id == account)
        days = timedelta(TRANSFER_DAYS)
        others = self.env["account.move.line"].search(
            [
                ("account_id", "=", account.id),
                ("company_id", "=", self.company_id.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("journal_id", "!=", self.journal_id.id),
                ("statement_line_id", "!=", False),
                ("balance", "=", -sum(own.mapped("balance"))),
                ("date", ">=", self.date - days),
                ("date", "<=", self.date + days),
            ]
        )
        if len(own) == 1 and len(others) == 1:
            (own + others).reconcile()


class FacturexMatchProposal(models.Model):
    _inherit = "facturex.match.proposal"

    returned_id = fields.Many2one(
        "account.bank.statement.line",
        string="Payment That Comes Back",
        ondelete="cascade",
        check_company=True,
    )
    reopened_ids = fields.Many2many(
        "account.move.line",
        "facturex_match_proposal_reopened_rel",
        string="Opened Again",
        check_company=True,
    )

    def _reopened(self):
        """What the payment settles, and will be open when it is taken back."""
        items = self.line_ids
        return (
            items.matched_debit_ids.debit_move_id
            | items.matched_credit_ids.credit_move_id
        ) - items

    def _take_back(self, how):
        """Payment and return settle each other; the documents are open again."""
        self.ensure_one()
        line, items = self.st_line_id, self.line_ids
        line._facturex_lock(items | self._reopened())
        self.reopened_ids = self._reopened()
        items.remove_move_reconcile()
        line._facturex_reconcile(items, how, learn=False)

    def _give_back(self):
        """After an undo: the payment pays its documents once more, if it still may."""
        taken = self.filtered(lambda p: p.returned_id and p.state == "accepted")
        for proposal in taken:
            items = proposal.line_ids | proposal.reopened_ids
            for same in (
                items.filtered(lambda item: not item.reconciled)
                .grouped("account_id")
                .values()
            ):
                if len(same) > 1:
                    same.reconcile()
