from odoo import models


class MailNotification(models.Model):
    _inherit = "mail.notification"

    def write(self, vals):
        """A message that comes back hours later: the document did not arrive."""
        result = super().write(vals)
        if vals.get("notification_status") == "bounce":
            # the mail gateway follows no company
            sendings = self.env["facturex.sending"].sudo()
            for sending in sendings.search(
                [("message_id", "in", self.mail_message_id.ids)]
            ):
                lang = sending.user_id.lang or self.env.lang
                sending.with_context(lang=lang)._sync_mail()
        if vals.get("notification_status") in ("bounce", "exception"):
            self._facturex_tell_reminders()
        return result

    def _facturex_tell_reminders(self):
        """An SMS that did not arrive: the reminder is not sent."""
        lost = self.filtered(lambda own: own.notification_type == "sms")
        notices = self.env["facturex.dunning.notice"].sudo()  # see above
        messages = lost.mail_message_id.filtered(lambda m: m.model == notices._name)
        for notice in notices.browse(messages.mapped("res_id")).exists():
            notice._mark_undelivered(
                notice.env._(
                    "The SMS did not arrive: correct the number of %s, then send"
                    " again.",
                    notice.partner_id.display_name,
                )
            )
