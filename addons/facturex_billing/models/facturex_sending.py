from odoo import api, fields, models

# Odoo's sending methods in our words; what an add-on brings besides is "other"
CHANNEL_OF_METHOD = {
    "email": "email",
    "peppol": "peppol",
    "snailmail": "post",
    "manual": "manual",
}
BAD_DELIVERIES = ("exception", "bounce")


class FacturexSending(models.Model):
    """One document to one customer by one channel: written when it is tried."""

    _name = "facturex.sending"
    _description = "Sending"
    _order = "date desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, index=True)
    move_id = fields.Many2one(
        "account.move",
        string="Document",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    attempt = fields.Integer(required=True)
    date = fields.Datetime(required=True)
    user_id = fields.Many2one("res.users", string="Sent By")
    channel = fields.Selection(
        [
            ("email", "E-mail"),
            ("peppol", "Peppol"),
            ("post", "Post"),
            ("manual", "Download"),
            ("other", "Another way"),
        ],
        required=True,
    )
    recipients = fields.Char(string="To")
    partner_ids = fields.Many2many("res.partner", string="Recipients")
    message_id = fields.Many2one(
        "mail.message",
        string="Posted Message",
        index="btree_not_null",
        ondelete="set null",
    )
    state = fields.Selection(
        [("pending", "Leaving"), ("sent", "Sent"), ("failed", "Not sent")],
        required=True,
        default="pending",
    )
    reason = fields.Char(string="Why")

    message_subject = fields.Char(related="message_id.subject", string="Subject")
    message_body = fields.Html(related="message_id.body", string="Message")
    message_attachment_ids = fields.Many2many(
        related="message_id.attachment_ids", string="Attachments"
    )

    # the key of the effect: an attempt uses a channel once
    _attempt_channel_uniq = models.UniqueIndex(
        "(move_id, attempt, channel)",
        "This attempt already used this channel.",
    )

    @api.depends("move_id.name", "date")
    def _compute_display_name(self):
        for sending in self:
            sending.display_name = f"{sending.move_id.name} {sending.date}"

    # ------------------------------------------------------------------
    # What became of it
    # ------------------------------------------------------------------

    def _mark_sent(self):
        if self:
            self.write({"state": "sent", "reason": False})
            self.move_id._facturex_settle_send_activity()

    def _mark_failed(self, reason):
        if self:
            self.write({"state": "failed", "reason": reason})
            self.move_id._facturex_settle_send_activity()

    def _sync_mail(self, reason=False):
        """Read from Odoo's notifications what became of the e-mails.

        :param reason: why, where the notification itself does not say it
        """
        notifications = self.env["mail.notification"].search(
            [("mail_message_id", "in", self.message_id.ids)]
        )
        by_message = notifications.grouped("mail_message_id")
        for sending in self:
            # followers of the invoice read along; only its recipients count
            mine = by_message.get(sending.message_id, notifications.browse()).filtered(
                lambda n, who=sending.partner_ids: n.res_partner_id in who
            )
            bad = mine.filtered(lambda n: n.notification_status in BAD_DELIVERIES)
            if bad:
                sending._mark_failed(sending._delivery_reason(bad[0], reason))
            elif not mine:
                sending._mark_failed(
                    self.env._("Nobody was addressed: look at the recipients.")
                )
            elif all(
                n.notification_status != "ready" or n.notification_type == "inbox"
                for n in mine
            ):
                sending._mark_sent()

    def _delivery_reason(self, notification, reason):
        kinds = dict(
            notification._fields["failure_type"]._description_selection(self.env)
        )
        words = (
            notification.failure_reason
            or reason
            # without a connection only the mail itself says why
            or notification.mail_mail_id.failure_reason
            or kinds.get(notification.failure_type)
            or self.env._("Unknown error")
        )
        email = notification.res_partner_id.email or ""
        first_line = words.strip().splitlines()[0][:200] if words.strip() else ""
        if notification.failure_type == "mail_bounce":
            return self.env._(
                "%(email)s: the message came back. %(reason)s",
                email=email,
                reason=first_line,
            )
        if notification.failure_type == "mail_email_invalid":
            return self.env._("%(email)s is no valid e-mail address.", email=email)
        return self.env._("%(email)s: %(reason)s", email=email, reason=first_line)
