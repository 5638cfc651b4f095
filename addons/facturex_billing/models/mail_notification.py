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
        return result
