from odoo import fields, models
from odoo.tools.misc import format_date

from ..engine.references import normalise_account


class AccountJournal(models.Model):
    _inherit = "account.journal"

    # written first by each import of the journal: see `_queue_up`
    facturex_import_count = fields.Integer(readonly=True, copy=False)

    def action_facturex_import_statement(self):
        """From the journal card: the same screen as the menu, for this journal."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_banking.facturex_statement_import_action"
        )
        action["context"] = {"default_journal_id": self.id}
        return action

    # ------------------------------------------------------------------
    # Files dropped on the card
    # ------------------------------------------------------------------

    def create_document_from_attachment(self, attachment_ids):
        """Files dropped on a bank journal open its import screen, already read."""
        journal = self or self.browse(self.env.context.get("default_journal_id"))
        if journal.type not in ("bank", "credit"):
            return super().create_document_from_attachment(attachment_ids)
        wizard = self.env["facturex.statement.import"].create(
            {"attachment_ids": [fields.Command.set(attachment_ids)]}
        )
        return wizard.action_preview()

    # ------------------------------------------------------------------
    # Files sent by mail
    # ------------------------------------------------------------------

    def _alias_get_creation_values(self):
        """The alias of a bank journal takes statement files, not invoices."""
        values = super()._alias_get_creation_values()
        if self.id and self.type in ("bank", "credit"):
            model = self.env["ir.model"]._get_id("facturex.statement.file")
            values["alias_model_id"] = model
            values["alias_defaults"] = {
                "company_id": self.company_id.id,
                "journal_id": self.id,
            }
        return values

    def write(self, vals):
        """A name given to the alias of a bank journal points it to the register."""
        result = super().write(vals)
        if vals.get("alias_name"):
            banks = self.filtered(lambda j: j.type in ("bank", "credit") and j.alias_id)
            for journal in banks:
                values = journal._alias_get_creation_values()
                # sudo: who may write the journal may set where its mail goes
                journal.alias_id.sudo().write(
                    {
                        "alias_model_id": values["alias_model_id"],
                        "alias_defaults": values["alias_defaults"],
                    }
                )
        return result

    # ------------------------------------------------------------------
    # Card
    # ------------------------------------------------------------------

    def _fill_bank_cash_dashboard_data(self, dashboard_data):
        """The oldest missing statement, by one query for all cards."""
        result = super()._fill_bank_cash_dashboard_data(dashboard_data)
        banks = self.filtered(lambda journal: journal.type in ("bank", "credit"))
        gaps = self.env["facturex.statement.gap"]._read_group(
            [("journal_id", "in", banks.ids), ("kind", "=", "gap")],
            ["journal_id"],
            ["date_from:min", "__count"],
        )
        for journal, oldest, count in gaps:
            dashboard_data[journal.id].update(
                facturex_gap_date=format_date(self.env, oldest),
                facturex_gap_count=count,
            )
        return result

    def action_facturex_gaps(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_banking.facturex_statement_gap_action"
        )
        action["domain"] = [("journal_id", "=", self.id)]
        return action

    def open_action(self):
        """A bank journal opens its transactions; other actions stay Odoo's own."""
        self.ensure_one()
        if self.type != "bank" or self.env.context.get("action_name"):
            return super().open_action()
        return self._facturex_open_transactions()

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
