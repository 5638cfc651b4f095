from collections import defaultdict

from odoo import models

from odoo.addons.base.models.res_bank import sanitize_account_number
from odoo.addons.facturex_billing.engine import preflight


class FacturexDunningPolicy(models.Model):
    _inherit = "facturex.dunning.policy"

    def _facturex_dunning_bank_facts(self, company, partners):
        """How far the bank is known, and which unmatched money looks like theirs."""
        facts = super()._facturex_dunning_bank_facts(company, partners)
        days = [
            day for day in (facts.newest, self._get_newest_bank_day(company)) if day
        ]
        return preflight.BankFacts(
            newest=max(days, default=None),
            resembling=facts.resembling | self._get_resembling(company, partners),
        )

    def _get_newest_bank_day(self, company):
        """The day of the newest bank line; a statement without movements counts too."""
        domain = [
            ("company_id", "=", company.id),
            ("journal_id.type", "in", ("bank", "credit")),
        ]
        line = self.env["account.bank.statement.line"].search(
            domain, order="internal_index desc", limit=1
        )
        statement = self.env["account.bank.statement"].search(
            [*domain, ("date", "!=", False)], order="date desc", limit=1
        )
        file = self.env["facturex.statement.file"].search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "done"),
                ("date_known", "!=", False),
            ],
            order="date_known desc",
            limit=1,
        )
        days = [day for day in (line.date, statement.date, file.date_known) if day]
        return max(days, default=None)

    def _get_resembling(self, company, partners):
        """{partner id: amount in words} of unmatched money that may come from him.

        By the partner of the line, by the owner of its account, or because matching
        proposed one of his invoices. What a person put aside does not count.
        """
        lines = self.env["account.bank.statement.line"].search(
            [
                ("company_id", "=", company.id),
                ("is_reconciled", "=", False),
                ("amount", ">", 0),
                ("facturex_match_state", "!=", "aside"),
            ]
        )
        if not lines or not partners:
            return {}
        accounts = {
            line: sanitize_account_number(line.account_number) for line in lines
        }
        owners = lines._facturex_owners(set(filter(None, accounts.values())))
        amounts = defaultdict(lambda: defaultdict(float))
        for line in lines:
            likely = set(owners.get(accounts[line], ()))
            likely |= set(line.partner_id.commercial_partner_id.ids)
            proposed = line.facturex_proposal_ids.filtered(
                lambda proposal: proposal.state == "open"
            ).line_ids.partner_id
            likely |= set(proposed.commercial_partner_id.ids)
            for partner_id in likely & set(partners.ids):
                amounts[partner_id][line.currency_id] += line.amount
        return {
            partner_id: self._in_words(by_currency)
            for partner_id, by_currency in amounts.items()
        }
