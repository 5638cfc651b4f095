"""What the screen "To match" asks: small answers, a fixed number of queries."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_amount, format_date

PAGE = 40
FOUND = 30


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    @api.model
    def _facturex_board_domain(self, journal_id=None, text=None, aside=False):
        state = Domain("facturex_match_state", "=", "aside")
        domain = (
            Domain("is_reconciled", "=", False)
            & Domain("company_id", "=", self.env.company.id)
            & Domain("journal_id.type", "in", ("bank", "credit"))
            & Domain("state", "=", "posted")
            & (state if aside else ~state)
        )
        if journal_id:
            domain &= Domain("journal_id", "=", journal_id)
        if text:
            domain &= self._facturex_text_domain(text)
        return domain

    @api.model
    def _facturex_text_domain(self, text):
        found = Domain.OR(
            Domain(name, "ilike", text)
            for name in ("payment_ref", "partner_name", "partner_id", "account_number")
        )
        amount = self._facturex_typed_amount(text)
        if amount is not None:
            found |= Domain("amount", "in", (amount, -amount))
        return found

    @api.model
    def _facturex_typed_amount(self, text):
        try:
            return abs(float(text.replace(" ", "").replace(",", ".")))
        except ValueError:
            return None

    @api.model
    def facturex_board(
        self, journal_id=None, text=None, aside=False, offset=0, first_id=None
    ):
        """The lines to match, the surest first: a page, and the counts of all.

        :param first_id: the line somebody came for, before all others
        :return: dict of lines, count, sure (proposals that one look is enough for)
        """
        self.check_access("read")
        domain = self._facturex_board_domain(journal_id, text, aside)
        lines = self.search(domain, offset=offset, limit=PAGE, order="date, id")
        sure = self.env["facturex.match.proposal"].search(
            [
                ("sure", "=", True),
                ("state", "=", "open"),
                ("rank", "=", 1),
                ("st_line_id", "in", lines.ids),
            ]
        )
        lines = sure.st_line_id.sorted(lambda line: (line.date, line.id)) | lines
        if first_id:
            lines = self.search(domain & Domain("id", "=", first_id)) | lines
        return {
            "lines": [
                line._facturex_board_row(line in sure.st_line_id) for line in lines
            ],
            "count": self.search_count(domain),
            "sure": len(sure),
            "journals": [
                {"id": journal.id, "name": journal.name}
                for journal in self.env["account.journal"].search(
                    [
                        ("type", "in", ("bank", "credit")),
                        ("company_id", "=", self.env.company.id),
                    ]
                )
            ],
        }

    def _facturex_board_row(self, sure):
        return {
            "id": self.id,
            "date": format_date(self.env, self.date),
            "partner": self.partner_id.display_name or self.partner_name or "",
            "text": self.payment_ref or "",
            "amount": self.amount,
            "amount_text": self._facturex_amount_text(self.amount),
            "state": self.facturex_match_state,
            "sure": sure,
            "question": self.facturex_question or "",
        }

    def _facturex_amount_text(self, amount, currency=None):
        return format_amount(self.env, amount, currency or self.currency_id)

    def facturex_detail(self):
        """One line with its proposals, each with its reasons and documents."""
        self.ensure_one()
        self.check_access("read")
        proposals = self.facturex_proposal_ids.filtered(lambda p: p.state == "open")
        left = -self.amount_residual
        return {
            **self._facturex_board_row(bool(proposals[:1].sure)),
            "account": self.account_number or "",
            "journal": self.journal_id.name,
            "left": left,
            "left_text": self._facturex_amount_text(left, self._facturex_currency()),
            "currency": self._facturex_currency().id,
            "reconciled": self.is_reconciled,
            "reason": self.facturex_match_reason or "",
            "proposals": [self._facturex_proposal_row(p) for p in proposals],
        }

    def _facturex_currency(self):
        return self.foreign_currency_id or self.currency_id

    def _facturex_proposal_row(self, proposal):
        title = proposal.rule_id.name or proposal.account_id.display_name
        items = proposal.line_ids
        if proposal.returned_id:
            title = self.env._("Take the payment back")
            items = proposal._reopened()
        return {
            "id": proposal.id,
            "reason": proposal.reason,
            "score": proposal.score,
            "sure": proposal.sure,
            "close": proposal.close or (proposal.returned_id and "return") or "",
            "title": title or "",
            "partner": proposal.partner_id.display_name or "",
            "items": [self._facturex_item_row(item) for item in items],
        }

    def _facturex_item_row(self, item):
        move = item.move_id
        open_amount = item.amount_residual_currency
        return {
            "id": item.id,
            "move_id": move.id,
            "name": (item.payment_id.name or move.name or "").strip(),
            "ref": move.ref or "",
            "partner": item.partner_id.display_name or "",
            "due": format_date(self.env, item.date_maturity or item.date),
            "amount": item.amount_residual,
            "amount_text": format_amount(self.env, open_amount, item.currency_id),
        }

    # -- acts --------------------------------------------------------------------------

    def facturex_search_items(self, text=""):
        """Open documents by partner, number, reference or amount: at most FOUND.

        Those of an amount that was typed come first: the digits of "50" are also in
        many a number and reference. Then the nearest to what is left of the line.
        """
        self.ensure_one()
        self.check_access("read")
        words = (text or "").split()
        domain = self._facturex_open_items_domain(self.company_id)
        domain &= Domain.AND(self._facturex_word_domain(word) for word in words)
        Item = self.env["account.move.line"]
        exact = Item
        typed = [amount for amount in map(self._facturex_typed_amount, words) if amount]
        if typed:
            exact = Item.search(
                domain & self._facturex_amounts_domain(typed),
                limit=FOUND,
                order="date_maturity, id",
            )
        items = Item.search(domain, limit=FOUND, order="date_maturity, id") - exact
        wanted = -self.amount_residual
        nearest = items.sorted(lambda item: abs(item.amount_residual - wanted))
        return [self._facturex_item_row(item) for item in (exact + nearest)[:FOUND]]

    @api.model
    def _facturex_word_domain(self, word):
        found = Domain.OR(
            Domain(name, "ilike", word)
            for name in (
                "move_id.name",
                "move_id.ref",
                "move_id.payment_reference",
                "partner_id.display_name",
                "payment_id.name",
            )
        )
        amount = self._facturex_typed_amount(word)
        return found | self._facturex_amounts_domain([amount]) if amount else found

    @api.model
    def _facturex_amounts_domain(self, amounts):
        """What is open, as shown (in the document's currency) or as booked."""
        signed = [*amounts, *(-amount for amount in amounts)]
        return Domain("amount_residual_currency", "in", signed) | Domain(
            "amount_residual", "in", signed
        )

    def facturex_accept(self, proposal_id):
        """Accept one proposal of this line; returns what is next to know of it."""
        self.ensure_one()
        proposal = self.facturex_proposal_ids.filtered(lambda p: p.id == proposal_id)
        if not proposal:
            raise UserError(
                self.env._("This proposal is not there any more. Look again.")
            )
        proposal.action_accept()
        return self.facturex_detail()

    def facturex_settle(self, item_ids, write_offs=(), close=""):
        """Book the line on documents and accounts that a person chose.

        :param write_offs: list of {account_id, amount, label, tax_ids}; the amount
            has the sign of the money: positive explains money in
        """
        self.ensure_one()
        self.check_access("write")
        items = self.env["account.move.line"].browse(item_ids).exists()
        items.check_access("read")
        foreign = items.filtered(lambda item: item.company_id != self.company_id)
        if foreign or len(items) != len(set(item_ids)):
            raise UserError(self.env._("This document is not of this company."))
        if close not in ("", "fee", "discount", "exchange"):
            raise UserError(self.env._("There is no such way to book a difference."))
        extra = [self._facturex_write_off_vals(vals) for vals in write_offs]
        best = self.facturex_proposal_ids.filtered(lambda p: p.state == "open")
        self._facturex_reconcile(items, "manual", close=close, extra=extra)
        best.write({"state": "superseded"})
        best._judge(items)
        self.facturex_match_reason = self.env._(
            "chosen by %(user)s", user=self.env.user.name
        )
        self._facturex_log("match_manual", self.facturex_match_reason)
        return self.facturex_detail()

    def _facturex_write_off_vals(self, vals):
        account = self.env["account.account"].browse(vals["account_id"])
        account.check_access("read")
        taxes = self.env["account.tax"].browse(vals.get("tax_ids") or [])
        taxes.check_access("read")
        if self.company_id.root_id not in account.company_ids.root_id:
            raise UserError(self.env._("This account is not of this company."))
        return {
            "account_id": account.id,
            "balance": -self.company_id.currency_id.round(vals["amount"]),
            "name": vals.get("label"),
            "tax_ids": taxes.ids,
        }

    @api.model
    def facturex_accept_sure(self, line_ids):
        """Accept the best proposal of each line, when it is a sure one.

        :return: dict of done (ids) and failed ([{id, reason}])
        """
        self.check_access("write")
        proposals = self.env["facturex.match.proposal"].search(
            [
                ("st_line_id", "in", line_ids),
                ("sure", "=", True),
                ("rank", "=", 1),
                ("state", "=", "open"),
            ]
        )
        done, failed = proposals._accept_page()
        return {
            "done": done.ids,
            "failed": [
                {"id": proposal.st_line_id.id, "reason": reason}
                for proposal, reason in failed
            ],
        }

    def facturex_aside(self, question="", user_id=None):
        """Put aside; a question becomes an activity of the one who is asked."""
        self.check_access("write")
        user = self.env["res.users"].browse(user_id or [])
        # sudo: which companies a colleague works for, to refuse the others
        if user and self.company_id - user.sudo().company_ids:
            raise UserError(self.env._("This person does not work for this company."))
        self._facturex_put_aside(question or None, user)
        return True

    def facturex_undo(self):
        self.check_access("write")
        self._facturex_undo()
        return self.facturex_detail()

    def facturex_make_rule(self, account_id, name, label, automatic=False):
        """A rule from this line: next time such a text goes to this account.

        :return: the id of the `account.reconcile.model`; the line is booked by it
        """
        self.ensure_one()
        self.check_access("write")
        label = " ".join((label or "").split())
        if len(label) < 4:
            raise UserError(
                self.env._(
                    "Give at least four letters that such transactions have in"
                    " common: a rule for any text would take everything."
                )
            )
        rule = self.env["account.reconcile.model"].create(
            {
                "name": name or label,
                "company_id": self.company_id.id,
                "trigger": "auto_reconcile" if automatic else "manual",
                "match_journal_ids": [fields.Command.set(self.journal_id.ids)],
                "match_label": "contains",
                "match_label_param": label,
                "line_ids": [
                    fields.Command.create(
                        {
                            "account_id": account_id,
                            "label": label,
                            "amount_type": "percentage",
                            "amount_string": "100",
                        }
                    )
                ],
            }
        )
        self._facturex_reconcile_rule(rule, "manual")
        self.facturex_match_reason = self.env._("rule “%(rule)s”", rule=rule.name)
        self.facturex_proposal_ids.filtered(lambda p: p.state == "open").write(
            {"state": "superseded"}
        )
        return rule.id

    @api.model
    def facturex_accounts(self, text=""):
        """Accounts for a write-off, by code or name."""
        found = self.env["account.account"].search(
            Domain("company_ids", "parent_of", self.env.company.id)
            & Domain(
                "account_type",
                "not in",
                (
                    "asset_receivable",
                    "liability_payable",
                    "asset_cash",
                    "liability_credit_card",
                    "off_balance",
                ),
            )
            & (Domain("code", "=ilike", f"{text}%") | Domain("name", "ilike", text)),
            limit=12,
        )
        return [{"id": account.id, "name": account.display_name} for account in found]

    @api.model
    def facturex_colleagues(self):
        """Whom a question can be put to: the users of this company."""
        users = self.env["res.users"].search(
            [("company_ids", "in", self.env.company.ids), ("share", "=", False)],
            limit=50,
            order="name",
        )
        return [{"id": user.id, "name": user.name} for user in users]
