from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Look a last time whether a queued reminder still claims something."""
        stale = self._facturex_refresh_notices()
        return super(MailMail, self - stale).send(
            auto_commit=auto_commit,
            raise_exception=raise_exception,
            post_send_callback=post_send_callback,
        )

    def _facturex_notices(self):
        # the queue runs as a technical user that follows no company
        return (
            self.env["facturex.dunning.notice"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids)])
        )

    def _facturex_refresh_notices(self):
        """:return: the mails that must not leave: paid while they waited"""
        notices = self._facturex_notices().filtered(lambda n: n.state == "approved")
        before = {notice: notice.amount_total for notice in notices}
        due = notices._refresh_lines()
        for notice in due:
            if notice.currency_id.compare_amounts(notice.amount_total, before[notice]):
                notice._refresh_mail()
        return (notices - due).mail_mail_id & self

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        notices = self._facturex_notices().filtered(lambda n: n.state == "approved")
        if failure_type:
            # without a connection the reason stands on the mail only
            for notice in notices:
                notice._mark_failed(
                    failure_reason or notice.mail_mail_id.failure_reason or failure_type
                )
        else:
            notices._mark_sent()
        # the mails may be deleted below
        reasons = {mail.mail_message_id.id: mail.failure_reason for mail in self}
        result = super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
        self._facturex_sync_sendings(reasons, failure_reason)
        return result

    def _facturex_sync_sendings(self, reasons, failure_reason):
        """Tell the log of sendings what the mail server said.

        :param reasons: message id -> what its mail says of a failure
        """
        # the queue runs as a technical user that follows no company
        sendings = self.env["facturex.sending"].sudo()
        for sending in sendings.search([("message_id", "in", list(reasons))]):
            lang = sending.user_id.lang or self.env.lang
            sending.with_context(lang=lang)._sync_mail(
                failure_reason or reasons[sending.message_id.id]
            )
