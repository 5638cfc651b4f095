import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from .facturex_sending import CHANNEL_OF_METHOD

_logger = logging.getLogger(__name__)


class AccountMoveSend(models.AbstractModel):
    """Each way to send (wizard, batch, cron, order paid online) goes through here."""

    _inherit = "account.move.send"

    # ------------------------------------------------------------------
    # The log
    # ------------------------------------------------------------------

    @api.model
    def _facturex_channel(self, method):
        return CHANNEL_OF_METHOD.get(method, "other")

    @api.model
    def _facturex_address(self, move, channel, partners):
        """The address as it is told: frozen text, not a link that may change."""
        if channel == "email":
            return ", ".join(partner.email for partner in partners if partner.email)
        if channel == "peppol":
            customer = move.commercial_partner_id
            if customer.peppol_endpoint:
                return f"{customer.peppol_eas}:{customer.peppol_endpoint}"
        if channel == "post":
            return move.partner_id._display_address(without_company=True).replace(
                "\n", ", "
            )
        return False

    @api.model
    def _facturex_log(self, moves_data, state="pending", reasons=None):
        """Write one row per document and channel of the current attempt.

        :param moves_data: document -> settings of `_generate_and_send_invoices`
        :param reasons: document -> why it did not leave
        :return: the new rows; what the attempt already wrote stays as it is
        """
        moves = self.env["account.move"].union(*moves_data)
        # the log is written by the system for whoever may send
        log = self.env["facturex.sending"].sudo()
        known = {
            (row.move_id.id, row.attempt, row.channel)
            for row in log.search([("move_id", "in", moves.ids)])
        }
        vals_list = []
        for move, data in moves_data.items():
            for vals in self._facturex_prepare_log(move, data):
                if (move.id, vals["attempt"], vals["channel"]) not in known:
                    vals["state"] = state
                    vals["reason"] = reasons and reasons[move]
                    vals_list.append(vals)
        rows = log.create(vals_list)
        if state != "pending":
            moves._facturex_settle_send_activity()
        return rows

    @api.model
    def _facturex_prepare_log(self, move, data):
        channels = {self._facturex_channel(m) for m in data["sending_methods"] or ()}
        for channel in sorted(channels or {"manual"}):
            partners = self.env["res.partner"]
            if channel == "email":
                partners = partners.browse(data.get("mail_partner_ids") or ())
            yield {
                "company_id": move.company_id.id,
                "move_id": move.id,
                "attempt": move.facturex_send_attempt,
                "date": fields.Datetime.now(),
                "user_id": data.get("author_user_id") or self.env.uid,
                "channel": channel,
                "partner_ids": [fields.Command.set(partners.ids)],
                "recipients": self._facturex_address(move, channel, partners),
            }

    @api.model
    def _facturex_log_failure(self, moves_data, reason):
        """Note an attempt that was rolled back: nothing left."""
        moves = self.env["account.move"].union(*moves_data)
        moves._facturex_claim_sending()
        reasons = dict.fromkeys(moves_data, reason)
        return self._facturex_log(moves_data, state="failed", reasons=reasons)

    # ------------------------------------------------------------------
    # Send and go on
    # ------------------------------------------------------------------

    @api.model
    def _facturex_send_safely(self, moves, from_cron=False, **settings):
        """Send posted documents; one that fails is parked, the others leave.

        Never raises for a document, never posts nor creates one: what became of each
        is in `facturex_sending_ids` and `facturex_send_state`.

        :param settings: those of `_generate_and_send_invoices`, for all documents
        """
        authors = {
            move: ((move.sending_data or {}) if from_cron else {}).get("author_user_id")
            for move in moves
        }
        groups = moves.grouped(lambda move: (move.company_id, authors[move]))
        for (_company, author_id), group in groups.items():
            author = self.env["res.users"].browse(author_id or self.env.uid)
            # reasons in the words of who pressed the button
            send = self.with_context(lang=author.lang or self.env.lang)
            if not send._facturex_try(group, author, from_cron, settings):
                for move in group:
                    send._facturex_try(move, author, from_cron, settings)

    @api.model
    def _facturex_try(self, moves, author, from_cron, settings):
        """:return: False when several documents failed together: try them apart"""
        try:
            with self.env.cr.savepoint():
                # no commit inside: what is not linked yet would be half done
                self.with_context(facturex_no_commit=True)._generate_and_send_invoices(
                    moves, from_cron=from_cron, allow_raising=False, **settings
                )
        except psycopg2.OperationalError:
            raise  # somebody else sends it: a new snapshot decides
        except Exception as error:
            if len(moves) > 1:
                return False
            if not isinstance(error, UserError):
                _logger.warning("%s could not be sent", moves, exc_info=True)
            methods = settings.get("sending_methods")
            if methods is None:
                methods = self._get_default_sending_methods(moves)
            data = {
                "sending_methods": methods,
                "author_user_id": author.id,
                "mail_partner_ids": settings.get("mail_partner_ids")
                or moves.partner_id.filtered("email").ids,
            }
            self._facturex_log_failure({moves: data}, self._facturex_words(error))
            # as Odoo does when it ends: whoever sends need not write invoices
            moves.sudo().sending_data = False
        return True

    @api.model
    def _facturex_words(self, error):
        """The reason as a person reads it, on one line."""
        text = str(error).strip() or type(error).__name__
        return " ".join(text.split())[:500]

    @api.model
    def _can_commit(self):
        return super()._can_commit() and not self.env.context.get("facturex_no_commit")

    # ------------------------------------------------------------------
    # Hooks of Odoo
    # ------------------------------------------------------------------

    @api.model
    def _generate_and_send_invoices(
        self,
        moves,
        from_cron=False,
        allow_raising=True,
        allow_fallback_pdf=False,
        **custom_settings,
    ):
        if moves:
            moves._facturex_claim_sending()
        return super()._generate_and_send_invoices(
            moves,
            from_cron=from_cron,
            allow_raising=allow_raising,
            allow_fallback_pdf=allow_fallback_pdf,
            **custom_settings,
        )

    @api.model
    def _hook_if_errors(self, moves_data, allow_raising=True):
        if not allow_raising:
            reasons = {}
            for move, data in moves_data.items():
                error = data["error"]
                if isinstance(error, dict):
                    error = self._format_error_text(error)
                reasons[move] = self._facturex_words(error)
            self._facturex_log(moves_data, state="failed", reasons=reasons)
        return super()._hook_if_errors(moves_data, allow_raising=allow_raising)

    @api.model
    def _hook_if_success(self, moves_data, from_cron=False):
        rows = self._facturex_log(moves_data)
        result = super()._hook_if_success(moves_data, from_cron=from_cron)
        data_of = {move.id: data for move, data in moves_data.items()}
        for row in rows:
            self._facturex_conclude(row, data_of[row.move_id.id])
        return result

    @api.model
    def _facturex_conclude(self, row, data):
        if row.channel == "email":
            if data.get("facturex_mail_error"):
                row._mark_failed(data["facturex_mail_error"])
            elif row.message_id:
                row._sync_mail()
            else:
                row._mark_failed(
                    self.env._(
                        "%s has no e-mail address: fill it in, then send again.",
                        row.move_id.partner_id.display_name,
                    )
                )
        elif row.channel == "peppol":
            row.move_id._facturex_sync_peppol(row)
        else:
            row._mark_sent()

    @api.model
    def _send_mails(self, moves_data):
        """One by one: a message that cannot be made keeps no other one back."""
        result = None
        for move, data in moves_data.items():
            try:
                with self.env.cr.savepoint():
                    result = super()._send_mails({move: data})
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                _logger.warning("No mail for %s", move, exc_info=True)
                data["facturex_mail_error"] = self._facturex_words(error)
        return result

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        result = super()._send_mail(move, mail_template, **kwargs)
        message = (
            self.env["mail.message"]
            .sudo()  # just posted by this method, whoever sends
            .search(
                [("model", "=", "account.move"), ("res_id", "=", move.id)],
                order="id desc",
                limit=1,
            )
        )
        row = move.facturex_sending_ids.filtered(
            lambda row: (
                row.channel == "email"
                and row.attempt == move.facturex_send_attempt
                and row.state == "pending"
            )
        )
        row.message_id = message
        return result
