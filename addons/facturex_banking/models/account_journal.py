from odoo import models

from ..engine.references import normalise_account


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def action_facturex_import_statement(self):
        """From the journal card: the same screen as the menu, for this journal."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_banking.facturex_statement_import_action"
        )
        action["context"] = {"default_journal_id": self.id}
        return action

    def open_action(self):
        """A bank journal opens its transactions; other actions stay Odoo's own."""
        self.ensure_one()
        if self.type != "bank" or self.env.context.get("action_name"):
            return super().open_action()
        return self._facturex_open_transactions()

    def action_facturex_to_match(self):
        self.ensure_one()
        return self._facturex_open_transactions(to_match=True)

    def _facturex_open_transactions(self, to_match=False):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_banking.bank_statement_line_action"
        )
        action["context"] = {
            "search_default_journal_id": self.id,
            "search_default_to_match": to_match,
            "default_journal_id": self.id,
        }
        return action

    def _facturex_account_number(self):
        """The account as a bank writes it in a file: no blanks, upper case."""
        self.ensure_one()
        return normalise_account(self.bank_account_id.acc_number or "")
