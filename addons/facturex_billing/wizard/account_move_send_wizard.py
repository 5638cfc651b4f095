import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

_logger = logging.getLogger(__name__)


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    # the attempts made when this window was opened: a second click finds one more
    facturex_seen = fields.Integer(
        compute="_compute_facturex_seen", store=True, precompute=True, readonly=False
    )

    @api.depends("move_id")
    def _compute_facturex_seen(self):
        for wizard in self:
            wizard.facturex_seen = wizard.move_id.facturex_send_attempt

    def action_send_and_print(self, allow_fallback_pdf=False):
        """Send once; what goes wrong is noted on the document, which stays posted."""
        self.ensure_one()
        if self.alerts:
            self._raise_danger_alerts(self.alerts)
        move = self.move_id
        if move.sending_data or move.facturex_send_attempt != self.facturex_seen:
            return self._facturex_notify_already(move)
        attempts = move.facturex_send_attempt
        try:
            with self.env.cr.savepoint():
                result = super(
                    # a commit inside would leave half an attempt behind
                    AccountMoveSendWizard,
                    self.with_context(facturex_no_commit=True),
                ).action_send_and_print(allow_fallback_pdf=allow_fallback_pdf)
        except (psycopg2.OperationalError, AccessError):
            raise
        except Exception as error:
            if not isinstance(error, UserError):
                _logger.warning("%s could not be sent", move, exc_info=True)
            data = {
                "sending_methods": self.sending_methods or (),
                "mail_partner_ids": self.mail_partner_ids.ids,
                "author_user_id": self.env.uid,
            }
            self._facturex_log_failure({move: data}, self._facturex_words(error))
        tried = move.facturex_send_attempt != attempts  # else a window asks for more
        if tried and move.facturex_send_state == "failed":
            return self._facturex_notify(
                self.env._("%s did not leave", move.name), move.facturex_send_reason
            )
        return result

    @api.model
    def _facturex_notify_already(self, moves):
        return self._facturex_notify(
            self.env._("Sent only once"),
            self.env._(
                "%s was sent meanwhile, or is leaving. Open it to see its sendings, or"
                " to send it again.",
                ", ".join(moves[:5].mapped("name")),
            ),
        )

    @api.model
    def _facturex_notify(self, title, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "title": title,
                "message": message,
                "sticky": True,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }


class AccountMoveSendBatchWizard(models.TransientModel):
    _inherit = "account.move.send.batch.wizard"

    # document id -> attempts made when this window was opened
    facturex_seen = fields.Json(
        compute="_compute_facturex_seen", store=True, readonly=False
    )

    # Odoo's own field is in the window already, hidden
    facturex_move_ids = fields.Many2many(
        "account.move",
        string="What Goes Where",
        compute="_compute_facturex_move_ids",
    )

    @api.depends("move_ids")
    def _compute_facturex_move_ids(self):
        for wizard in self:
            wizard.facturex_move_ids = wizard.move_ids

    @api.depends("move_ids")
    def _compute_facturex_seen(self):
        for wizard in self:
            wizard.facturex_seen = {
                str(move.id): move.facturex_send_attempt
                for move in wizard.move_ids._origin
            }

    def action_send_and_print(self, force_synchronous=False, allow_fallback_pdf=False):
        """Leave out what left, or is leaving, since this window was opened."""
        self.ensure_one()
        seen = self.facturex_seen or {}
        gone = self.move_ids.filtered(
            lambda move: (
                move.sending_data
                or seen.get(str(move.id), 0) != move.facturex_send_attempt
            )
        )
        if gone == self.move_ids:
            return self.env["account.move.send.wizard"]._facturex_notify_already(gone)
        if gone:
            self.move_ids -= gone
        if force_synchronous:
            self.env["account.move.send"]._facturex_send_safely(
                self.move_ids, allow_fallback_pdf=allow_fallback_pdf
            )
            return None
        return super().action_send_and_print(
            force_synchronous=force_synchronous, allow_fallback_pdf=allow_fallback_pdf
        )
