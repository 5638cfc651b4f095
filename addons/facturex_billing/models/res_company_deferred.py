from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.credit_line import MAX_DAYS


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_credit_online = fields.Boolean(
        string="Offer Deferred Payment Online",
        compute="_compute_facturex_credit_online",
        inverse="_inverse_facturex_credit_online",
        help="On quotes and invoices of the portal, to customers whose line has room.",
    )
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

    facturex_credit_collect_account_id = fields.Many2one(
        "account.account",
        string="Account of Sums Collected for Customers",
        domain="[('reconcile', '=', True), ('company_ids', 'in', id)]",
        help="What you collected on behalf of a customer and have not paid out yet.",
    )

    _facturex_credit_numbers = models.Constraint(
        "CHECK(facturex_credit_days BETWEEN 1 AND 60"
        " AND facturex_credit_freeze_days BETWEEN 0 AND 365"
        " AND facturex_credit_alert_percent BETWEEN 1 AND 100"
        " AND facturex_credit_four_eyes >= 0)",
        "Deferred invoices are due 1 to 60 days after their date; an alert is at 1 to"
        " 100 %.",
    )

    def _facturex_credit_provider(self):
        # a provider is the administrator's; this one needs no key nor account
        Provider = self.env["payment.provider"].sudo()
        return Provider.search(
            [("code", "=", "facturex_deferred"), ("company_id", "in", self.ids)]
        )

    @api.depends()
    def _compute_facturex_credit_online(self):
        enabled = self._facturex_credit_provider().filtered(
            lambda provider: provider.state == "enabled" and provider.is_published
        )
        for company in self:
            company.facturex_credit_online = company in enabled.company_id

    def _inverse_facturex_credit_online(self):
        for company in self:
            company.check_access("write")
            provider = company._facturex_credit_provider()
            wanted = company.facturex_credit_online
            if wanted and not provider:
                # see _facturex_credit_provider
                model = self.env["payment.provider"].sudo()
                first = model.search([("code", "=", "facturex_deferred")], limit=1)
                provider = first.copy({"company_id": company.root_id.id})
            if wanted:
                provider.write({"state": "enabled", "is_published": True})
            elif provider:
                provider.write({"is_published": False, "state": "disabled"})

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
