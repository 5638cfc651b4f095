import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

ACTIVITY = "facturex_billing.mail_activity_type_not_sent"
SENT_TYPES = ("out_invoice", "out_refund", "out_receipt")


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_sending_ids = fields.One2many(
        "facturex.sending", "move_id", string="Sendings"
    )
    # the number of the last attempt: counted up before anything leaves
    facturex_send_attempt = fields.Integer(copy=False, readonly=True)
    facturex_send_state = fields.Selection(
        [("to_send", "To send"), ("sent", "Sent"), ("failed", "Not sent")],
        string="Sending",
        compute="_compute_facturex_send_state",
        store=True,
        copy=False,
    )
    facturex_send_reason = fields.Char(
        string="Why It Did Not Leave", compute="_compute_facturex_send_reason"
    )
    facturex_send_preview = fields.Char(
        string="Goes To", compute="_compute_facturex_send_preview"
    )

    _facturex_to_send_idx = models.Index(
        "(company_id, facturex_send_state, invoice_date)"
        " WHERE facturex_send_state IN ('failed', 'to_send')"
    )

    def _auto_init(self):
        """What was posted before this module came is no work of today.

        Documents that Odoo knows as sent are sent; the others have no state, so that
        years of history do not fill the list of what is to be sent.
        """
        cr = self.env.cr
        if not column_exists(cr, "account_move", "facturex_send_state"):
            create_column(cr, "account_move", "facturex_send_state", "varchar")
            cr.execute(
                SQL(
                    """
                    UPDATE account_move SET facturex_send_state = 'sent'
                     WHERE state = 'posted' AND is_move_sent AND move_type IN %s
                    """,
                    SENT_TYPES,
                )
            )
        return super()._auto_init()

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends(
        "state",
        "move_type",
        "is_move_sent",
        "facturex_send_attempt",
        "facturex_sending_ids.state",
        "facturex_sending_ids.attempt",
    )
    def _compute_facturex_send_state(self):
        """The last attempt decides; what waits in the mail queue counts as sent."""
        for move in self:
            move.facturex_send_state = False
            if move.state != "posted" or move.move_type not in SENT_TYPES:
                continue
            last = move._facturex_last_sendings()
            if any(sending.state == "failed" for sending in last):
                move.facturex_send_state = "failed"
            elif last or (move.is_move_sent and not move.facturex_send_attempt):
                move.facturex_send_state = "sent"
            elif move.move_type != "out_receipt":  # a receipt is given by hand
                move.facturex_send_state = "to_send"

    def _facturex_last_sendings(self):
        self.ensure_one()
        return self.facturex_sending_ids.filtered(
            lambda sending: sending.attempt == self.facturex_send_attempt
        )

    @api.depends("facturex_send_state", "facturex_sending_ids.reason")
    def _compute_facturex_send_reason(self):
        failed = self.filtered(lambda move: move.facturex_send_state == "failed")
        for move in self - failed:
            move.facturex_send_reason = False
        for move in failed:
            # the reason belongs to the invoice, which the user may read
            rows = move.sudo()._facturex_last_sendings()
            reasons = [row.reason for row in rows if row.state == "failed"]
            move.facturex_send_reason = " ".join(filter(None, reasons))

    @api.depends("partner_id", "facturex_send_state")
    @api.depends_context("uid", "lang")
    def _compute_facturex_send_preview(self):
        """What *Send* would do now: channel and address."""
        send = self.env["account.move.send"]
        channels = dict(
            self.env["facturex.sending"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
        for move in self:
            words = []
            for method in sorted(send._get_default_sending_methods(move)):
                channel = send._facturex_channel(method)
                address = send._facturex_address(move, channel, move.partner_id)
                if channel == "email" and not address:
                    address = self.env._("no e-mail address")
                words.append(
                    f"{channels[channel]}: {address}" if address else channels[channel]
                )
            move.facturex_send_preview = ", ".join(words)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_facturex_resend(self):
        """Preview and send again what did not leave, or is to be sent."""
        self.check_access("read")
        if len(self) == 1:
            return self.action_invoice_sent()
        return self.action_send_and_print()

    def action_facturex_mark_sent(self):
        """The customer got it otherwise: by hand, by the former program."""
        self.check_access("write")
        waiting = self.filtered(
            lambda move: move.facturex_send_state in ("to_send", "failed")
        )
        if not waiting:
            raise UserError(self.env._("These documents have already been sent."))
        waiting._facturex_claim_sending()
        send = self.env["account.move.send"]
        send._facturex_log(
            {
                move: {
                    "sending_methods": ["other"],
                    "author_user_id": self.env.uid,
                }
                for move in waiting
            },
            state="sent",
        )
        waiting.is_move_sent = True

    def button_draft(self):
        result = super().button_draft()
        for move in self.filtered("facturex_send_attempt"):
            move.facturex_send_attempt += 1  # what was sent is another document now
        return result

    # ------------------------------------------------------------------
    # Helpers
    # ------------------------------------------------------------------

    def _facturex_claim_sending(self):
        """Count the attempt first: of two senders at once, the second one fails.

        The UPDATE makes a concurrent one wait, and then fail with a serialization
        error that Odoo retries in a new snapshot, where the attempt is seen.
        """
        self.flush_recordset(["facturex_send_attempt"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_move
                   SET facturex_send_attempt = COALESCE(facturex_send_attempt, 0) + 1
                 WHERE id IN %s
                """,
                tuple(self.ids),
            )
        )
        self.invalidate_recordset(["facturex_send_attempt"])
        self.modified(["facturex_send_attempt"])

    def _facturex_settle_send_activity(self):
        """One activity while the document did not leave, done by itself afterwards."""
        moves = self.sudo()  # the activity may belong to a colleague
        failed = moves.filtered(lambda move: move.facturex_send_state == "failed")
        done = moves - failed
        done.activity_feedback([ACTIVITY])
        for move in failed.with_context(mail_activity_quick_update=True):
            activity = move.activity_search([ACTIVITY])
            if activity:
                activity.note = move.facturex_send_reason
                continue
            sender = move._facturex_last_sendings().user_id[:1]
            move.activity_schedule(
                ACTIVITY,
                note=move.facturex_send_reason,
                user_id=(sender or move.invoice_user_id or self.env.user).id,
            )

    def _facturex_sync_peppol(self, rows):
        """What the access point says; the field exists with its connector only."""
        for row in rows:
            # False: the connector sends nothing, or is not there
            status = row.move_id["peppol_move_state"] if self._facturex_peppol() else ""
            if status == "done":
                row._mark_sent()
            elif status != "processing":
                row._mark_failed(
                    self.env._(
                        "Not accepted by Peppol; its answer is in the history of the"
                        " document. Check the customer's Peppol address, then send"
                        " again."
                    )
                )

    def _facturex_peppol(self):
        return "peppol_move_state" in self._fields

    def write(self, vals):
        result = super().write(vals)
        if vals.get("peppol_move_state") in ("done", "error"):
            # the answer comes by a cron, hours later
            rows = self.sudo().facturex_sending_ids.filtered(
                lambda row: (
                    row.channel == "peppol"
                    and row.state == "pending"
                    and row.attempt == row.move_id.facturex_send_attempt
                )
            )
            self._facturex_sync_peppol(rows)
        if "matched_payment_ids" in vals:
            # a payment without an entry is linked after it was posted; readers' rows
            alerts = self.env["facturex.money.alert"].sudo()
            alerts._see_payments(self.matched_payment_ids)
        return result

    @api.model
    def _cron_account_move_send(self, job_count=10):
        """Send what waits, by tens; one that fails is parked and the others leave.

        Stock Odoo forgets what it could not lock and dies of one bad document.
        """
        domain = Domain([("sending_data", "!=", False), ("state", "=", "posted")])
        progress = self.env["ir.cron"]
        try:
            # wider than the batch, so that several workers share the work
            waiting = self.search(
                domain,
                order="date, invoice_date, sequence_number, id",
                limit=job_count * 8,
            )
            batch = waiting.try_lock_for_update(limit=job_count).filtered_domain(domain)
            if batch:
                send = self.env["account.move.send"]
                send._facturex_send_safely(batch, from_cron=True)
                self.env.flush_all()
        except psycopg2.errors.SerializationFailure:
            # another worker took one of them: look again in a new snapshot
            self.env.cr.rollback()
            batch = self.browse()
        progress._commit_progress(len(batch), remaining=self.search_count(domain))
