from dataclasses import replace
from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain

from ..engine import matching, precision, rules
from ..engine.match_values import Knowledge, Remembered
from ..engine.texts import name_key

ITEM_FIELDS = [
    "move_id",
    "partner_id",
    "account_id",
    "payment_id",
    "currency_id",
    "date_maturity",
    "amount_residual",
    "amount_residual_currency",
    "amount_currency",
    "discount_date",
    "discount_amount_currency",
]


class AccountBankStatementLine(models.Model):
    """From records to the engine's values, in a handful of queries per backlog."""

    _inherit = "account.bank.statement.line"

    def _facturex_decide(self, company):
        """What the engine says of these lines of one company; nothing is written.

        :return: {line id: proposals, best first}
        """
        lines = self.with_company(company)
        found_rules = lines._facturex_rules(company)
        bank_lines = [line._facturex_to_engine(found_rules) for line in lines]
        return lines._facturex_decide_values(company, bank_lines, found_rules)

    @api.model
    def _facturex_decide_values(self, company, bank_lines, found_rules):
        items = self._facturex_open_items(company)
        engine_items = self._facturex_items_to_engine(items)
        knowledge = self._facturex_knowledge(company, bank_lines, items)
        return matching.match(
            bank_lines, engine_items, knowledge=knowledge, rules=found_rules
        )

    # -- open items ----------------------------------------------------------------

    @api.model
    def _facturex_open_items_domain(self, company):
        """Receivables, payables, and payments the bank has not shown yet.

        The suspense account may be reconcilable and would offer other transactions
        (French charts): only items of payments count outside of partner accounts.
        """
        partner_types = ("asset_receivable", "liability_payable")
        bank_types = ("asset_cash", "liability_credit_card")
        owed = Domain("account_type", "in", partner_types) & Domain(
            "payment_id", "=", False
        )
        on_the_way = (
            Domain("payment_id", "!=", False)
            & Domain("account_id.reconcile", "=", True)
            & Domain("account_type", "not in", partner_types + bank_types)
        )
        return (
            Domain("company_id", "=", company.id)
            & Domain("parent_state", "=", "posted")
            & Domain("reconciled", "=", False)
            & Domain("statement_line_id", "=", False)
            & Domain("amount_residual", "!=", 0)
            & (owed | on_the_way)
        )

    @api.model
    def _facturex_open_items(self, company):
        """Every open item a line may pay: one query for the whole backlog."""
        return self.env["account.move.line"].search_fetch(
            self._facturex_open_items_domain(company),
            ITEM_FIELDS,
            order="date_maturity, id",
        )

    @api.model
    def _facturex_items_to_engine(self, items):
        items.move_id.fetch(["name", "ref", "payment_reference", "move_type"])
        items.partner_id.fetch(["name", "commercial_partner_id"])
        items.payment_id.fetch(["name", "memo", "payment_reference", "partner_id"])
        sent_ids = self._facturex_sent_ids(items)
        return [self._facturex_item_to_engine(i, sent_ids.get(i.id, ())) for i in items]

    @api.model
    def _facturex_item_to_engine(self, item, sent_ids=()):
        move, payment = item.move_id, item.payment_id
        partner = item.partner_id or payment.partner_id
        number = (move.ref if move.is_purchase_document() else move.name) or None
        aliases = ()
        if payment:
            number = payment.name or number
            texts = [payment.memo, payment.payment_reference]
            words = [word for text in texts if text for word in (text, *text.split())]
            aliases = tuple(dict.fromkeys(words))
        return matching.OpenItem(
            id=item.id,
            document_id=move.id,
            reference=move.payment_reference or None,
            number=number,
            amount=Decimal(str(item.amount_residual_currency)),
            company_amount=Decimal(str(item.amount_residual)),
            currency=item.currency_id.name,
            partner_id=partner.commercial_partner_id.id or None,
            partner_name=partner.name or None,
            date_due=item.date_maturity,
            aliases=aliases,
            end_to_end_ids=tuple(sent_ids),
            discount=self._facturex_discount(item),
            discount_date=item.discount_date or None,
        )

    @api.model
    def _facturex_discount(self, item):
        """What may still be taken off, in the item's currency and with its sign."""
        whole = not item.currency_id.compare_amounts(
            item.amount_residual_currency, item.amount_currency
        )
        if not item.discount_date or not whole or not item.discount_amount_currency:
            return Decimal(0)
        off = item.amount_currency - item.discount_amount_currency
        return Decimal(str(item.currency_id.round(off)))

    @api.model
    def _facturex_sent_ids(self, items):
        """Identifiers given to the bank with payments: {item id: (identifier, …)}.

        A hook for add-ons that send payment orders.
        """
        return {}

    @api.model
    def _facturex_bundles(self, company, items):
        """Movements expected for several items at once: tuple of engine `Bundle`.

        A hook for payment runs: the key is what the bank repeats of the run.
        """
        return ()

    # -- lines ---------------------------------------------------------------------

    def _facturex_to_engine(self, found_rules=()):
        """What is still open of the line: a part may be matched already."""
        self.ensure_one()
        details = self.transaction_details or {}
        currency = self.foreign_currency_id or self.currency_id
        company_currency = self.company_id.currency_id
        amount = Decimal(str(currency.round(-self.amount_residual)))
        company_amount = amount
        if currency != company_currency:
            suspense = self._seek_for_lines()[1]
            balance = company_currency.round(-sum(suspense.mapped("balance")))
            company_amount = Decimal(str(balance))
        vals = {
            "amount": amount,
            "company_amount": company_amount,
            "full_amount": Decimal(str(currency.round(self.amount)))
            if not self.foreign_currency_id
            else None,
            "currency": currency.name,
            "journal_id": self.journal_id.id,
            "partner_id": self.partner_id.commercial_partner_id.id or None,
            "payment_ref": self.payment_ref,
            "partner_name": self.partner_name,
            "account_number": self.account_number,
            "date": self.date,
        }
        return self._facturex_engine_line(self.id, vals, details, found_rules)

    @api.model
    def _facturex_engine_line(self, line_id, vals, details, found_rules):
        line = matching.BankLine(
            id=line_id,
            amount=vals["amount"],
            currency=vals["currency"],
            structured_reference=details.get("structured_reference"),
            communication=vals.get("payment_ref") or None,
            partner_account=vals.get("account_number") or None,
            partner_name=vals.get("partner_name") or None,
            date=vals["date"],
            end_to_end_id=details.get("end_to_end_id"),
            batch_id=details.get("batch_id"),
            company_amount=vals["company_amount"],
            full_amount=vals["full_amount"],
            journal_id=vals["journal_id"],
            partner_id=vals["partner_id"],
            note=str(details["raw"]) if details.get("raw") else None,
            returned=self._facturex_is_returned(details),
        )
        if line.partner_id is None:
            partner = rules.mapped_partner(found_rules, line)
            if partner:
                line = replace(line, partner_id=partner)
        return line

    # -- what the company knows ----------------------------------------------------

    @api.model
    def _facturex_knowledge(self, company, bank_lines, items):
        keys = {key for line in bank_lines for key in matching.habit_keys(line)}
        names = {name_key(line.partner_name) for line in bank_lines} - {None}
        keys |= {f"name:{name}" for name in names}
        Memory = self.env["facturex.match.memory"]
        known_names, habits = Memory._recall(company, keys)
        return Knowledge(
            accounts=self._facturex_known_accounts(bank_lines),
            names=known_names,
            habits={key: Remembered(*values) for key, values in habits.items()},
            trusted=self._facturex_trusted(company),
            bundles=tuple(self._facturex_bundles(company, items)),
            tolerance=self._facturex_decimal(company, "facturex_match_tolerance"),
            discount_rate=self._facturex_decimal(company, "facturex_match_discount")
            / 100,
            own_accounts=self._facturex_own_accounts(company),
            transfer_account=company.transfer_account_id.id or None,
            past=self._facturex_past_payments(company, bank_lines),
        )

    @api.model
    def _facturex_decimal(self, company, name):
        """A setting of the company, as long as the account that it needs is there."""
        account = {
            "facturex_match_tolerance": "facturex_match_fee_account_id",
            "facturex_match_discount": "facturex_match_discount_account_id",
        }[name]
        return Decimal(str(company[name])) if company[account] else Decimal(0)

    @api.model
    def _facturex_known_accounts(self, bank_lines):
        """Account number to the partners that own it, as far as this user may see."""
        numbers = {line.partner_account for line in bank_lines if line.partner_account}
        return self._facturex_owners(numbers)

    @api.model
    def _facturex_owners(self, numbers):
        """{sanitized account number: ids of the partners that own it}"""
        known = {}
        for bank in self.env["res.partner.bank"].search_fetch(
            [("sanitized_acc_number", "in", sorted(numbers))],
            ["sanitized_acc_number", "partner_id"],
        ):
            partner = bank.partner_id.commercial_partner_id
            known.setdefault(bank.sanitized_acc_number, set()).add(partner.id)
        return known

    @api.model
    def _facturex_precision(self, company):
        """How often each combination of reasons was right in this company."""
        counts = self.env["facturex.match.proposal"]._read_group(
            [("company_id", "=", company.id), ("outcome", "!=", False)],
            ["combination", "outcome"],
            ["__count"],
        )
        return precision.tally(
            {(name, outcome == "right"): count for name, outcome, count in counts}
        )

    @api.model
    def _facturex_trusted(self, company):
        threshold = company.facturex_match_precision / 100
        return precision.trusted(self._facturex_precision(company), threshold)

    # -- rules ---------------------------------------------------------------------

    @api.model
    def _facturex_rules(self, company):
        """Odoo's reconciliation models as engine rules, in their order."""
        found = self.env["account.reconcile.model"].search(
            [("company_id", "=", company.id)]
        )
        return tuple(self._facturex_rule_to_engine(rule) for rule in found)

    @api.model
    def _facturex_rule_to_engine(self, rule):
        lines = [
            rules.RuleLine(line.id, line.amount_type, line.amount_string or "")
            for line in rule.line_ids
            if line.account_id
        ]
        partners = rule.match_partner_ids.commercial_partner_id
        return rules.Rule(
            id=rule.id,
            name=rule.name,
            automatic=rule.trigger == "auto_reconcile",
            journal_ids=frozenset(rule.match_journal_ids.ids),
            amount=rule.match_amount or None,
            amount_min=Decimal(str(rule.match_amount_min)),
            amount_max=Decimal(str(rule.match_amount_max)),
            label=rule.match_label or None,
            label_param=rule.match_label_param or "",
            partner_ids=frozenset(partners.ids),
            partner_id=rule.mapped_partner_id.commercial_partner_id.id or None,
            lines=tuple(lines),
        )

    def _facturex_rule_shares(self, rule):
        """[(rule line, amount)] of what the rule takes, with the sign of the money."""
        self.ensure_one()
        engine_rule = self._facturex_rule_to_engine(rule)
        shares = rules.shares(
            engine_rule,
            self._facturex_to_engine(),
            Decimal(str(self.currency_id.rounding)),
        )
        by_id = {line.id: line for line in rule.line_ids}
        return [(by_id[line_id], float(amount)) for line_id, amount in shares]
