from odoo import fields, models
from odoo.exceptions import UserError

from ..engine.credit_line import MAX_DAYS


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_credit_days = fields.Integer(
        string="Deferred Invoices Due After",
        default=MAX_DAYS,
        help="Days after the invoice on which a deferred invoice is due, whatever was"
        " collected meanwhile. The law allows 60 at most.",
    )
    facturex_credit_freeze_days = fields.Integer(
        string="Freeze When Overdue by More Than",
        default=0,
        help="Days after the due date of a deferred invoice.",
    )
    facturex_credit_alert_percent = fields.Integer(
        string="Alert When Used to", default=80
    )
    facturex_credit_four_eyes = fields.Monetary(
        string="Two Managers Above",
        default=100.0,
        help="An override of the limit by more than this needs a second manager.",
    )
    facturex_credit_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of Settlements",
        domain="[('type', '=', 'general'), ('company_id', '=', id)]",
    )
    facturex_credit_account_id = fields.Many2one(
        "account.account",
        string="Clearing Account of Settlements",
        domain="[('reconcile', '=', True), ('company_ids', 'in', id),"
        " ('account_type', 'in', ('asset_current', 'liability_current',"
        " 'asset_cash'))]",
        help="Where a settlement waits for the money that the bank will show.",
    )

    _facturex_credit_numbers = models.Constraint(
        "CHECK(facturex_credit_days BETWEEN 1 AND 60"
        " AND facturex_credit_freeze_days BETWEEN 0 AND 365"
        " AND facturex_credit_alert_percent BETWEEN 1 AND 100"
        " AND facturex_credit_four_eyes >= 0)",
        "Deferred invoices are due 1 to 60 days after their date; an alert is at 1 to"
        " 100 %.",
    )

    def _facturex_credit_journal(self):
        """:raise UserError: no general journal in this company"""
        self.ensure_one()
        # the chart of the company is configuration, whoever settles
        company = self.sudo()
        journal = company.facturex_credit_journal_id or company.env[
            "account.journal"
        ].search([("type", "=", "general"), ("company_id", "=", company.id)], limit=1)
        if not journal:
            raise UserError(
                self.env._(
                    "%s has no journal for miscellaneous entries: choose the journal of"
                    " settlements in Configuration > Company Settings.",
                    self.display_name,
                )
            )
        return journal

    def _facturex_credit_account(self):
        """:raise UserError: no clearing account in this company"""
        self.ensure_one()
        company = self.sudo()  # see _facturex_credit_journal
        account = company.facturex_credit_account_id or company.transfer_account_id
        if not account:
            raise UserError(
                self.env._(
                    "%s has no clearing account: choose one in Configuration > Company"
                    " Settings.",
                    self.display_name,
                )
            )
        return account
