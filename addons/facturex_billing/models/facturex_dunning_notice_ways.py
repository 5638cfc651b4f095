from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

# what the last level announces before the file is handed over
HAND_OVER_DAYS = 8


class FacturexDunningNotice(models.Model):
    """The ways a reminder leaves besides e-mail, and what is heard of it later."""

    _inherit = "facturex.dunning.notice"

    date_opened = fields.Datetime(
        string="Seen Online",
        readonly=True,
        help="When the customer first opened the page behind the message.",
    )
    date_bounced = fields.Datetime(
        string="Came Back",
        readonly=True,
        help="When the mail server or the operator said that it did not arrive.",
    )
    hand_over = fields.Boolean(compute="_compute_hand_over")

    @api.depends("line_ids.step_id.hand_over", "line_ids.is_void")
    def _compute_hand_over(self):
        for notice in self:
            steps = notice._get_claimed_lines().step_id
            notice.hand_over = any(steps.mapped("hand_over"))

    # ------------------------------------------------------------------
    # Letter, call
    # ------------------------------------------------------------------

    def _leave_by_letter(self, undo):
        """It stays “leaving” until somebody says that it is in the post."""

    def _leave_by_phone(self, undo):
        """A task for whoever is responsible; the customer counts as contacted."""
        for notice in self:
            phone = notice.recipient_id.phone or notice.partner_id.phone
            notice.activity_schedule(
                "mail.mail_activity_data_call",
                summary=self.env._(
                    "Call %(customer)s: %(phone)s",
                    customer=notice.partner_id.display_name,
                    phone=phone or "-",
                ),
                user_id=notice.policy_id.user_id.id,
            )
        self._mark_sent()

    # ------------------------------------------------------------------
    # SMS
    # ------------------------------------------------------------------

    def _leave_by_sms(self, undo):
        """Short, with the link to everything; without an SMS service somebody calls."""
        if "sms.sms" not in self.env:
            self._leave_by_phone(undo)
            return
        for notice in self:
            minutes = notice.company_id.facturex_undo_minutes if undo else 0
            if minutes > 0:
                leaves = fields.Datetime.add(fields.Datetime.now(), minutes=minutes)
                notice._internal().date_leaves = leaves
        now = self.filtered(lambda notice: not notice.date_leaves)
        now._send_sms()
        if later := (self - now).mapped("date_leaves"):
            # any user may wake the queue of reminders
            cron = self.env.ref("facturex_billing.ir_cron_dunning").sudo()
            cron._trigger(max(later))

    @api.model
    def _send_due_sms(self):
        """Those whose minutes of undoing are over; called by the hourly job."""
        self.search(
            [
                ("channel", "=", "sms"),
                ("state", "=", "approved"),
                ("date_leaves", "<=", fields.Datetime.now()),
            ]
        )._send_sms()

    def _send_sms(self):
        """Queue the messages: the queue of Odoo hands each over once.

        The reminder is claimed first and both are one transaction: a process that
        stops leaves either a reminder to send or a message in the queue.
        """
        if "sms.sms" not in self.env:
            return
        # any user may wake the queue
        queue = self.env.ref("sms.ir_cron_sms_scheduler_action").sudo()
        for notice in self.filtered(lambda n: n.channel == "sms"):
            if not notice._take_for_delivery():
                continue
            recipient = notice.recipient_id or notice.partner_id
            number = recipient.phone or notice.partner_id.phone
            if not number:
                notice._mark_failed(
                    self.env._(
                        "%s has no phone number: fill it in, then send again.",
                        notice.partner_id.display_name,
                    )
                )
                continue
            notice.with_context(lang=recipient.lang)._message_sms(
                notice.with_context(lang=recipient.lang)._get_sms_text(),
                partner_ids=recipient.ids,
                sms_pid_to_number={recipient.id: number},
                put_in_queue=True,
            )
            notice._mark_sent()
            queue._trigger()

    def _get_sms_text(self):
        """Who asks for how much, and where it can be seen and paid."""
        self.ensure_one()
        totals = self._get_totals()
        return self.env._(
            "%(company)s: %(level)s. %(amount)s due since %(date)s. See and pay:"
            " %(link)s",
            company=self.company_id.name,
            level=self.step_id.name,
            amount=" + ".join(
                self._money(total["due"], currency)
                for currency, total in totals.items()
            ),
            date=format_date(
                self.env, min(self._get_claimed_lines().mapped("date_maturity"))
            ),
            link=self._get_payment_url(),
        )

    # ------------------------------------------------------------------
    # Collection
    # ------------------------------------------------------------------

    def _ask_for_hand_over(self):
        """A task for each message that announces it: the customer has eight days."""
        today = fields.Date.context_today(self)
        for notice in self.filtered("hand_over"):
            notice.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=today + timedelta(days=HAND_OVER_DAYS),
                summary=self.env._(
                    "Hand %s over to collection", notice.partner_id.display_name
                ),
                note=self.env._(
                    "The last reminder announced it. If nothing was paid or answered"
                    " by then, make the file with the button “Hand Over to"
                    " Collection”."
                ),
                user_id=notice.policy_id.user_id.id,
            )

    def action_hand_over(self):
        """The file of what this reminder claims and is still open."""
        self.ensure_one()
        self.check_access("read")
        lines = self._get_claimed_lines()
        moves = lines.filtered(lambda line: not line.move_line_id.reconciled).move_id
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_dunning_handover_action"
        )
        action["context"] = {
            "active_model": "account.move",
            "active_ids": (moves or lines.move_id).ids,
            "default_company_id": self.company_id.id,
        }
        return action

    # ------------------------------------------------------------------
    # What is heard of it later
    # ------------------------------------------------------------------

    def _mark_opened(self):
        """The customer has seen the page behind the message, the first time."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE facturex_dunning_notice SET date_opened = %s
                 WHERE id IN %s AND date_opened IS NULL
                """,
                fields.Datetime.now(),
                tuple(self.ids),
            )
        )
        self.invalidate_recordset(["date_opened"])

    def _message_receive_bounce(self, email, partner):
        """The mail server of the customer gave it back, perhaps hours later."""
        result = super()._message_receive_bounce(email, partner)
        self._mark_undelivered(
            self.env._(
                "The message to %s came back: correct the address, then send again.",
                email or self.recipient_id.email or "",
            )
        )
        return result

    def _mark_undelivered(self, reason):
        """It had left and did not arrive: the level does not count as told."""
        for notice in self.filtered(lambda n: n.state == "sent"):
            notice._internal().date_bounced = fields.Datetime.now()
            waiting = self.search_count(
                [
                    ("company_id", "=", notice.company_id.id),
                    ("partner_id", "=", notice.partner_id.id),
                    ("state", "in", ("draft", "approved", "failed")),
                ],
                limit=1,
            )
            if waiting:
                # a newer one speaks for it
                notice._internal().reason = reason
                continue
            notice._mark_failed(reason)
