import logging

import psycopg2.errors

from odoo import models

_logger = logging.getLogger(__name__)


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _facturex_notices(self):
        # the queue runs as a technical user that follows no company
        return (
            self.env["facturex.dunning.notice"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids)])
        )

    def _send(self, auto_commit=False, **options):
        """One look more at each reminder, in the moment before it is handed over.

        The queue commits after each message, so each look sees the world as it is
        now: paid, disputed or credited meanwhile means that nothing leaves.
        """
        notices = {n.mail_mail_id.id: n.id for n in self._facturex_notices()}
        others = self.filtered(lambda mail: mail.id not in notices)
        result = True
        if others:
            result = super(MailMail, others)._send(auto_commit=auto_commit, **options)
        for mail in self - others:
            notice = self.env["facturex.dunning.notice"].sudo()  # see above
            notice = notice.browse(notices[mail.id])
            try:
                leaves = notice._take_for_delivery()
            except psycopg2.errors.SerializationFailure:
                # another process has just delivered it; a request starts again
                if not auto_commit:
                    raise
                _logger.info("reminder %s is delivered by another process", notice.id)
                self.env.cr.rollback()
                continue
            if leaves:
                super(MailMail, mail)._send(auto_commit=auto_commit, **options)
            elif auto_commit:
                # what the look has cancelled stays so, whatever the next one does
                self.env.cr.commit()  # pylint: disable=invalid-commit
        return result

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
