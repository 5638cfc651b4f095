from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class FacturexQuoteReminder(models.Model):
    """One reminder of one quote. The row is the key: it exists before the mail."""

    _name = "facturex.quote.reminder"
    _description = "Quote Reminder"
    _order = "date desc, id desc"
    _check_company_auto = True

    order_id = fields.Many2one(
        "sale.order", string="Quote", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="order_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(related="order_id.partner_id", string="Customer")
    sent_at = fields.Datetime(
        string="Quote Sent", required=True, help="The sending of the quote it follows."
    )
    step = fields.Char(required=True)
    date = fields.Date(required=True)
    state = fields.Selection(
        [
            ("queued", "Leaving"),
            ("sent", "Sent"),
            ("failed", "Not sent"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="queued",
        index=True,
    )
    reason = fields.Char(string="Why", readonly=True)
    mail_mail_id = fields.Many2one(
        "mail.mail", readonly=True, ondelete="set null", index="btree_not_null"
    )
    date_sent = fields.Datetime(readonly=True)

    _step_uniq = models.UniqueIndex(
        "(order_id, sent_at, step)", "This reminder of the quote exists already."
    )
    _day_uniq = models.UniqueIndex(
        "(order_id, date)", "This quote already has a reminder of that day."
    )

    @api.depends("order_id", "date")
    def _compute_display_name(self):
        for reminder in self:
            reminder.display_name = f"{reminder.order_id.name} {reminder.date}"

    def action_send_again(self):
        """Try a failed reminder again; the message keeps its identity."""
        self.check_access("write")
        self.flush_recordset(["state"])
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE facturex_quote_reminder SET state = 'queued', reason = NULL
                 WHERE id IN %s AND state = 'failed' RETURNING id
                """,
                tuple(self.ids) or (0,),
            )
        )
        self.invalidate_recordset(["state", "reason"])
        if not rows:
            raise UserError(self.env._("Only a reminder that failed is sent again."))
        self.browse(row[0] for row in rows)._queue_mail()

    def _queue_mail(self):
        """The mail is made here and leaves after the commit, so once at most."""
        template = self.env.ref("facturex_billing.mail_template_quote_reminder")
        for reminder in self:
            recipient = reminder.order_id._facturex_reminder_recipient()
            if not recipient.email:
                reminder._mark_failed(
                    self.env._(
                        "%s has no e-mail address: fill it in, then send again.",
                        recipient.display_name,
                    )
                )
                continue
            reminder.mail_mail_id = template.send_mail(
                reminder.order_id.id,
                email_values={
                    "recipient_ids": [fields.Command.set(recipient.ids)],
                    "message_id": reminder._get_message_id(),
                    "auto_delete": False,
                },
            )
        self.mail_mail_id.sudo().send_after_commit()  # mail.mail: administrators only

    def _get_message_id(self):
        self.ensure_one()
        database = self.env["ir.config_parameter"].sudo()  # the uuid is no secret
        uuid = database.get_param("database.uuid")
        return f"<facturex-quote-reminder-{self.id}@{uuid}.local>"

    def _mark_sent(self):
        for reminder in self:
            reminder.write({"state": "sent", "date_sent": fields.Datetime.now()})
            reminder.order_id._message_log(
                body=self.env._(
                    "Reminder of the quote sent to %s.",
                    reminder.order_id._facturex_reminder_recipient().email,
                )
            )

    def _mark_failed(self, reason):
        for reminder in self:
            reminder.write({"state": "failed", "reason": reason})
            reminder.order_id._facturex_warn(
                self.env._("Quote reminder not sent"), reason
            )

    def _cancel(self, reason):
        self.write({"state": "cancelled", "reason": reason})
