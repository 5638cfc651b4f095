from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """A quote answered while its reminder waited is not reminded."""
        reminders = self._facturex_quote_reminders()
        answered = reminders.order_id._facturex_answered()
        stale = reminders.filtered(
            lambda reminder: (
                reminder.order_id.state != "sent" or reminder.order_id in answered
            )
        )
        stale._cancel(self.env._("Answered in the meantime"))
        held = stale.mail_mail_id & self
        held.filtered(lambda mail: mail.state == "outgoing").cancel()
        return super(MailMail, self - held).send(
            auto_commit=auto_commit,
            raise_exception=raise_exception,
            post_send_callback=post_send_callback,
        )

    def _facturex_quote_reminders(self):
        # the queue runs as a technical user that follows no company
        return (
            self.env["facturex.quote.reminder"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids), ("state", "=", "queued")])
        )

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        reminders = self._facturex_quote_reminders()
        if failure_type:
            for reminder in reminders:
                reminder._mark_failed(
                    failure_reason
                    or reminder.mail_mail_id.failure_reason
                    or failure_type
                )
        else:
            reminders._mark_sent()
        return super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
