from odoo import models
from odoo.tools.misc import format_date


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def action_facturex_to_match(self):
        self.ensure_one()
        action = self.env["ir.actions.client"]._for_xml_id(
            "facturex_banking.facturex_match_screen_action"
        )
        action["context"] = {"default_journal_id": self.id}
        return action

    def _fill_bank_cash_dashboard_data(self, dashboard_data):
        """What waits to be matched, how much of it is sure, and the newest line."""
        result = super()._fill_bank_cash_dashboard_data(dashboard_data)
        banks = self.filtered(lambda journal: journal.type in ("bank", "credit"))
        Line = self.env["account.bank.statement.line"]
        domain = [("journal_id", "in", banks.ids), ("state", "=", "posted")]
        newest = dict(Line._read_group(domain, ["journal_id"], ["date:max"]))
        waiting = {}
        for journal, state, count in Line._read_group(
            [*domain, ("is_reconciled", "=", False)],
            ["journal_id", "facturex_match_state"],
            ["__count"],
        ):
            waiting.setdefault(journal, {})[state] = count
        for journal in banks:
            counts = waiting.get(journal, {})
            aside = counts.get("aside", 0)
            dashboard_data[journal.id] |= {
                "facturex_to_match": sum(counts.values()) - aside,
                "facturex_proposed": counts.get("proposed", 0),
                "facturex_aside": aside,
                "facturex_newest": format_date(self.env, newest.get(journal)),
            }
        return result
