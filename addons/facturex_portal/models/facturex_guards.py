"""Checks of operations that record rules do not see.

Each is either elevated by Odoo itself, open to whoever reads, or spread over records
that one capability alone does not open; there the check comes first, then `sudo()`.
Companies without dossier keep Odoo's own behaviour: nothing is elevated for them.
"""

from odoo import api, models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def message_post(self, **kwargs):
        # account.move lets readers post, so a reader could send mails in its name
        self._facturex_check_change()
        return super().message_post(**kwargs)


class MailActivity(models.Model):
    _inherit = "mail.activity"

    @api.model_create_multi
    def create(self, vals_list):
        activities = super().create(vals_list)
        activities._facturex_check_documents()
        return activities

    def write(self, vals):
        self._facturex_check_documents()
        return super().write(vals)

    def unlink(self):
        self._facturex_check_documents()
        return super().unlink()

    def _facturex_check_documents(self):
        """An activity is written by who may change its document, or does it."""
        if self._facturex_is_free():
            return
        for activity in self:
            if activity.user_id != self.env.user and activity.res_model:
                self.env[activity.res_model].browse(
                    activity.res_id
                )._facturex_check_change()


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _generate_and_send_invoices(self, moves, *args, **kwargs):
        moves._facturex_check_change()  # Odoo elevates the moves
        return super()._generate_and_send_invoices(moves, *args, **kwargs)


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def action_post(self):
        self._facturex_check("approve_payment")
        return super().action_post()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _facturex_elevated(self, codes):
        """The lines, elevated when the user matches in all their dossiers."""
        if self.env.su or self.env.user._facturex_acl() is None:
            return self
        companies = self.sudo().company_id  # to decide about the right
        if not companies.filtered("facturex_managed"):
            return self
        self.check_access("read")
        self._facturex_check(codes)
        return self.sudo()  # checked just above

    def reconcile(self):
        lines = self._facturex_elevated(("match", "pay", "book"))
        return super(AccountMoveLine, lines).reconcile()

    def remove_move_reconcile(self):
        lines = self._facturex_elevated(("match", "book"))
        return super(AccountMoveLine, lines).remove_move_reconcile()


class AccountLockException(models.Model):
    _inherit = "account.lock_exception"

    def action_revoke(self):
        self._facturex_check("lock")  # Odoo revokes with sudo()
        return super().action_revoke()


class MailScheduledMessage(models.Model):
    _inherit = "mail.scheduled.message"

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        if not self.env.su:
            for message in messages:
                self.env[message.model].browse(message.res_id)._facturex_check_change()
        return messages
