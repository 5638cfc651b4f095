from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_amount

from ..engine import matching
from ..engine.references import printed_reference


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    import_key = fields.Char(
        copy=False, help="Identity of the movement; the same movement is imported once."
    )
    facturex_file_id = fields.Many2one(
        "facturex.statement.file",
        string="Statement File",
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
    )
    facturex_match_state = fields.Selection(
        [
            ("none", "Nothing found"),
            ("proposed", "Proposed"),
            ("auto", "Matched by itself"),
            ("manual", "Matched by hand"),
            ("aside", "Put aside"),
        ],
        string="Match",
        default="none",
        copy=False,
        index=True,
    )
    facturex_match_reason = fields.Char(string="Why", copy=False)
    facturex_proposal_ids = fields.One2many(
        "facturex.match.proposal", "st_line_id", string="Proposals"
    )
    facturex_invoice_ids = fields.Many2many(
        "account.move", string="Documents", compute="_compute_facturex_invoice_ids"
    )

    # the law "every effect has a unique key": a re-import finds its own lines
    _import_key_uniq = models.UniqueIndex(
        "(journal_id, import_key) WHERE import_key IS NOT NULL",
        "This bank movement was already imported.",
    )

    @api.depends(
        "move_id.line_ids.matched_debit_ids", "move_id.line_ids.matched_credit_ids"
    )
    def _compute_facturex_invoice_ids(self):
        for line in self:
            items = line.move_id.line_ids
            counterparts = (
                items.matched_debit_ids.debit_move_id
                | items.matched_credit_ids.credit_move_id
            )
            line.facturex_invoice_ids = counterparts.move_id - line.move_id

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_facturex_match(self):
        """Look for documents again; what is certain is matched, the rest proposed."""
        self.check_access("write")
        matched = self._facturex_match()
        open_count = len(self.filtered(lambda line: not line.is_reconciled))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if matched else "info",
                "message": self.env._(
                    "%(done)s matched, %(left)s left to match",
                    done=len(matched),
                    left=open_count,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_facturex_aside(self):
        self.check_access("write")
        self.filtered(
            lambda line: not line.is_reconciled
        ).facturex_match_state = "aside"

    def action_facturex_undo(self):
        """Back on suspense, with the proposals open again."""
        self.check_access("write")
        self.action_undo_reconciliation()
        for line in self:
            line.facturex_proposal_ids.state = "open"
            line.facturex_match_state = (
                "proposed" if line.facturex_proposal_ids else "none"
            )
            line.facturex_match_reason = False

    # ------------------------------------------------------------------
    # Matching
    # ------------------------------------------------------------------

    def _facturex_match(self, dry=False):
        """Find the documents that the unmatched lines pay.

        :param dry: decide only
        :return: the lines matched; with `dry` the engine's proposals by line id
        """
        matched = self.browse()
        decided = {}
        for company, lines in self.grouped("company_id").items():
            lines = lines.filtered(lambda line: not line.is_reconciled)
            lines = lines.with_company(company)
            items = lines._facturex_open_items(company)
            proposals = matching.match(
                [line._facturex_to_engine() for line in lines],
                [lines._facturex_item_to_engine(item) for item in items],
                lines._facturex_known_accounts(),
            )
            decided.update(proposals)
            if not dry:
                matched |= lines._facturex_apply(proposals)
        return decided if dry else matched

    def _facturex_open_items(self, company):
        """Every open instalment a line may pay: one query for the whole backlog.

        Only receivables and payables: the suspense account may be reconcilable and
        would offer other transactions (French charts).
        """
        return self.env["account.move.line"].search_fetch(
            [
                ("company_id", "=", company.id),
                ("parent_state", "=", "posted"),
                ("account_type", "in", ("asset_receivable", "liability_payable")),
                ("reconciled", "=", False),
                ("payment_id", "=", False),
                ("statement_line_id", "=", False),
                ("amount_residual", "!=", 0),
            ],
            ["move_id", "partner_id", "currency_id", "date_maturity", "ref"],
            order="date_maturity, id",
        )

    @api.model
    def _facturex_item_to_engine(self, item):
        move = item.move_id
        return matching.OpenItem(
            id=item.id,
            document_id=move.id,
            reference=move.payment_reference or None,
            number=(move.ref if move.is_purchase_document() else move.name) or None,
            amount=Decimal(str(item.amount_residual_currency)),
            currency=item.currency_id.name,
            partner_id=item.partner_id.commercial_partner_id.id or None,
            partner_name=item.partner_id.name or None,
            date_due=item.date_maturity,
        )

    def _facturex_to_engine(self):
        """What is still open of the line: a part may be matched already."""
        self.ensure_one()
        details = self.transaction_details or {}
        currency = self.foreign_currency_id or self.currency_id
        return matching.BankLine(
            id=self.id,
            amount=Decimal(str(currency.round(-self.amount_residual))),
            currency=currency.name,
            structured_reference=details.get("structured_reference"),
            communication=self.payment_ref or None,
            partner_account=self.account_number or None,
            partner_name=self.partner_name or None,
            date=self.date,
        )

    def _facturex_known_accounts(self):
        """Account number to the partners that own it, as far as this user may see."""
        numbers = {line.account_number for line in self if line.account_number}
        known = {}
        for bank in self.env["res.partner.bank"].search(
            [("sanitized_acc_number", "in", sorted(numbers))]
        ):
            partner = bank.partner_id.commercial_partner_id
            known.setdefault(bank.sanitized_acc_number, set()).add(partner.id)
        return known

    def _facturex_apply(self, proposals):
        """Match what is certain, keep the rest as proposals with their reasons."""
        matched = self.browse()
        self.facturex_proposal_ids.filtered(lambda p: p.state == "open").unlink()
        for line in self:
            found = proposals.get(line.id, ())
            created = self.env["facturex.match.proposal"].create(
                [line._facturex_prepare_proposal(proposal) for proposal in found]
            )
            certain = [p for p in found if p.certain]
            if certain and line._facturex_may_match_alone():
                line._facturex_reconcile(created[0].line_ids, "auto")
                line.facturex_match_reason = created[0].reason
                created.state = "superseded"
                created[0].state = "accepted"
                matched |= line
            elif line.facturex_match_state != "aside":
                line.facturex_match_state = "proposed" if created else "none"
                line.facturex_match_reason = created[:1].reason
        return matched

    def _facturex_may_match_alone(self):
        """A file whose sums do not add up is left to a person."""
        self.ensure_one()
        return not self.statement_id or self.statement_id.is_complete

    def _facturex_prepare_proposal(self, proposal):
        return {
            "st_line_id": self.id,
            "score": proposal.score,
            "reason": ", ".join(
                self._facturex_reason_words(r) for r in proposal.reasons
            ),
            "line_ids": [fields.Command.set(list(proposal.item_ids))],
        }

    def _facturex_reason_words(self, reason):
        """One reason of the engine as a bookkeeper would say it."""
        values = self._facturex_reason_values(reason)
        words = {
            "reference_equal": self.env._("reference %(reference)s"),
            "reference_shared": self.env._("%(count)s documents have this reference"),
            "reference_unknown": self.env._(
                "reference %(reference)s belongs to no document"
            ),
            "number_found": self.env._("number %(number)s in the text"),
            "amount_equal": self.env._("amount equal"),
            "amount_differs": self.env._("amount differs by %(difference)s"),
            "amount_shared": self.env._("%(count)s documents have this amount"),
            "sum_equal": self.env._("%(count)s documents add up to the amount"),
            "iban_known": self.env._("account known for this partner"),
            "iban_other_partner": self.env._("the account belongs to another partner"),
            "name_similar": self.env._("name looks alike"),
            "direction_differs": self.env._("the money goes the other way"),
            "currency_differs": self.env._("the document is in %(currency)s"),
            "item_claimed": self.env._("another transaction already pays it"),
            "item_contested": self.env._("%(count)s transactions of that day name it"),
        }
        return words.get(reason.code, reason.code) % values

    def _facturex_reason_values(self, reason):
        values = dict(reason.values)
        if "reference" in values:
            values["reference"] = printed_reference(values["reference"])
        if "difference" in values:
            values["difference"] = format_amount(
                self.env, float(values["difference"]), self.currency_id
            )
        return values

    # ------------------------------------------------------------------
    # Reconciliation
    # ------------------------------------------------------------------

    def _facturex_reconcile(self, items, how):
        """Replace the suspense of this line by `items` and reconcile them.

        What the items do not explain stays on suspense, so nothing is invented.

        :param items: posted, open `account.move.line` of the same company
        :param how: "auto" or "manual"
        :raises UserError: when another user was faster
        """
        self.ensure_one()
        self._facturex_claim(how)
        items = items.filtered(lambda item: not item.reconciled)
        if not items:
            raise UserError(
                self.env._("These documents were settled in the meantime. Match again.")
            )
        # what an earlier match put in the place of suspense stays
        liquidity, suspense, _matched = self._seek_for_lines()
        commands = [fields.Command.delete(line.id) for line in suspense]
        partner = items.partner_id.commercial_partner_id
        # with the partner on the journal item: written on the line itself, in the
        # same write, Odoo would drop the commands without a word
        if len(partner) == 1:
            commands.append(
                fields.Command.update(liquidity.id, {"partner_id": partner.id})
            )
        counterparts, rest = self._facturex_counterparts(items)
        commands += [fields.Command.create(vals) for _item, vals in counterparts]
        if not self.company_id.currency_id.is_zero(rest):
            commands.append(fields.Command.create(self._facturex_rest_vals(rest)))
        before = self.line_ids
        self.with_context(force_delete=True, skip_readonly_check=True).write(
            {"line_ids": commands}
        )
        created = (self.line_ids - before).sorted("id")
        for (item, _vals), counterpart in zip(counterparts, created, strict=False):
            (item + counterpart).reconcile()
        self._facturex_remember_account(partner)

    def _facturex_claim(self, how):
        """Write first: a concurrent match of the same line loses here, not later."""
        self.flush_recordset(["facturex_match_state", "is_reconciled"])
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE account_bank_statement_line
                   SET facturex_match_state = %(how)s
                 WHERE id = %(id)s AND is_reconciled IS NOT TRUE
             RETURNING id
                """,
                how=how,
                id=self.id,
            )
        )
        self.invalidate_recordset(["facturex_match_state"])
        if not rows:
            raise UserError(self.env._("This transaction is already matched."))

    def _facturex_counterparts(self, items):
        """:return: ([(item, values of its journal item)], balance left for suspense)"""
        left = sum(self._seek_for_lines()[1].mapped("balance"))
        values = []
        for item in self._facturex_in_order(items, left):
            balance, amount_currency = self._facturex_share(item, left)
            if item.currency_id.is_zero(amount_currency):
                continue  # nothing is left for it
            left -= balance
            values.append(
                (
                    item,
                    {
                        "account_id": item.account_id.id,
                        "partner_id": item.partner_id.id,
                        "name": item.move_id.payment_reference or item.name or "/",
                        "currency_id": item.currency_id.id,
                        "balance": balance,
                        "amount_currency": amount_currency,
                    },
                )
            )
        return values, left

    @api.model
    def _facturex_in_order(self, items, left):
        """Credits first, for they add to what the others take; then the oldest."""
        return items.sorted(
            lambda item: (
                item.amount_residual * left < 0,
                item.date_maturity or item.date,
                item.id,
            )
        )

    def _facturex_share(self, item, left):
        """What of `item` this line pays: all of it, or what the line still has."""
        balance, amount_currency = -item.amount_residual, -item.amount_residual_currency
        if item.currency_id == (self.foreign_currency_id or self.currency_id):
            # at the bank's rate: Odoo books the difference of exchange
            amounts = self._prepare_counterpart_amounts_using_st_line_rate(
                item.currency_id, balance, amount_currency
            )
            balance, amount_currency = amounts["balance"], amounts["amount_currency"]
        currency = self.company_id.currency_id
        if currency.compare_amounts(abs(balance), abs(left)) <= 0 or not balance:
            return balance, amount_currency
        if balance * left < 0:
            return balance, amount_currency
        ratio = left / balance
        return left, item.currency_id.round(amount_currency * ratio)

    def _facturex_rest_vals(self, rest):
        currency = self.company_id.currency_id
        foreign = self.foreign_currency_id or self.currency_id
        amount = (
            rest
            if foreign == currency
            else foreign.round(
                -self.amount * rest / -sum(self._seek_for_lines()[0].mapped("balance"))
            )
        )
        return {
            "account_id": self.journal_id.suspense_account_id.id,
            "name": self.payment_ref,
            "currency_id": foreign.id,
            "balance": rest,
            "amount_currency": amount,
        }

    def _facturex_remember_account(self, partner):
        """The account that paid is the partner's: the next line is known by it."""
        if self.account_number and len(partner) == 1 and self.partner_id:
            self._find_or_create_bank_account()
