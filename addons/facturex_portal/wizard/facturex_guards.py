"""Checks of Odoo's own screens that record rules do not see: see the models."""

from odoo import api, models
from odoo.exceptions import AccessError


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    def _create_payments(self):
        if self.env.su or self.env.user._facturex_acl() is None:
            return super()._create_payments()
        self.line_ids.check_access("read")
        # every company that the wizard touches, also through its write-off account
        wizard = self.sudo()
        companies = (
            wizard.line_ids.company_id
            | wizard.journal_id.company_id
            | wizard.company_id
        )
        if not companies & companies.filtered("facturex_managed"):
            return super()._create_payments()
        self._facturex_check("pay", companies)
        self._facturex_check("approve_payment", companies)
        account = wizard.writeoff_account_id
        if account and not account.company_ids & companies.parent_ids:
            raise AccessError(
                self.env._("The write-off account belongs to another company.")
            )
        # paying writes on the invoice, which a payer may not change: checked above
        return super(AccountPaymentRegister, wizard)._create_payments().sudo(False)


class AccountSecureEntriesWizard(models.TransientModel):
    _inherit = "account.secure.entries.wizard"

    def action_secure_entries(self):
        self._facturex_check("lock")  # Odoo seals with sudo(), for ever
        return super().action_secure_entries()


class PaymentLinkWizard(models.TransientModel):
    _inherit = "payment.link.wizard"

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            # a link with a token outlives the role of who made it
            self.env[wizard.res_model].browse(wizard.res_id)._facturex_check_change()
        return wizards


class PortalShare(models.TransientModel):
    _inherit = "portal.share"

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            self.env[wizard.res_model].browse(wizard.res_id)._facturex_check_change()
        return wizards

    @api.model
    def default_get(self, fields_list):
        model, record_id = (
            self.env.context.get("active_model"),
            self.env.context.get("active_id"),
        )
        if model in self.env and record_id:
            self.env[model].browse(record_id)._facturex_check_change()
        return super().default_get(fields_list)


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail(self, auto_commit=False):
        for wizard in self:
            # a mass mailing never passes by message_post
            if wizard.model and not self.env.su:
                ids = (
                    self.env[wizard.model].search(wizard._evaluate_res_domain()).ids
                    if wizard.res_domain
                    else wizard._evaluate_res_ids()
                )
                self.env[wizard.model].browse(ids)._facturex_check_change()
        return super()._action_send_mail(auto_commit=auto_commit)


class PartnerMerge(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        partners = self.env["res.partner"].browse(partner_ids)
        partners._facturex_check_change()
        self._facturex_check("configure", self.env.companies)
        return super()._merge(partner_ids, dst_partner, extra_checks)
