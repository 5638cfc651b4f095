from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

OPEN_STATES = ("draft", "approved", "failed")


class FacturexDunningNotice(models.Model):
    _name = "facturex.dunning.notice"
    _description = "Reminder"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, index=True)
    policy_id = fields.Many2one(
        "facturex.dunning.policy", required=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True
    )
    recipient_id = fields.Many2one(
        "res.partner", string="Sent To", compute="_compute_recipient_id"
    )
    date = fields.Date(required=True)
    state = fields.Selection(
        [
            ("draft", "To approve"),
            ("approved", "Leaving"),
            ("sent", "Sent"),
            ("failed", "Not sent"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        index=True,
        tracking=True,
    )
    reason = fields.Char(string="Why", readonly=True)
    line_ids = fields.One2many("facturex.dunning.notice.line", "notice_id")
    step_id = fields.Many2one(
        "facturex.dunning.step", string="Level", compute="_compute_step", store=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount_total = fields.Monetary(
        string="Claimed", compute="_compute_amount_total", store=True
    )
    mail_mail_id = fields.Many2one(
        "mail.mail", readonly=True, ondelete="set null", index="btree_not_null"
    )
    date_sent = fields.Datetime(readonly=True)
    mail_preview = fields.Html(compute="_compute_mail_preview", sanitize=False)

    # law of the house: one customer, one message per company and day
    _customer_day_uniq = models.UniqueIndex(
        "(company_id, partner_id, date) WHERE state != 'cancelled'",
        "This customer already has a reminder of that day.",
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends("partner_id", "date")
    def _compute_display_name(self):
        for notice in self:
            notice.display_name = f"{notice.partner_id.display_name} {notice.date}"

    @api.depends("partner_id")
    def _compute_recipient_id(self):
        for notice in self:
            notice.recipient_id = notice.partner_id._facturex_dunning_recipient()

    @api.depends("line_ids.step_id", "line_ids.is_void")
    def _compute_step(self):
        for notice in self:
            # the firmest level decides the words of the message
            notice.step_id = notice._get_claimed_lines().step_id.sorted(
                lambda s: (s.sequence, s.id)
            )[-1:]

    @api.depends("line_ids.amount_company", "line_ids.is_void")
    def _compute_amount_total(self):
        for notice in self:
            notice.amount_total = sum(
                notice._get_claimed_lines().mapped("amount_company")
            )

    def _compute_mail_preview(self):
        for notice in self:
            template = notice.step_id.mail_template_id
            if not template:
                notice.mail_preview = False
                continue
            rendered = template._render_field(
                "body_html", notice.ids, compute_lang=True
            )
            notice.mail_preview = rendered[notice.id]

    def _get_bank_account(self):
        """The account to pay to: the company's first, empty when it has none."""
        self.ensure_one()
        return self.company_id.partner_id.bank_ids.filtered(
            lambda bank: bank.company_id in (self.company_id, bank.env["res.company"])
        )[:1]

    def _get_claimed_lines(self):
        return self.line_ids.filtered(lambda line: not line.is_void)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_send(self):
        """Send now: the messages leave once this transaction is committed."""
        self.check_access("write")
        waiting = self.filtered(lambda notice: notice.state in ("draft", "failed"))
        if not waiting:
            raise UserError(
                self.env._("These reminders have already left or were cancelled.")
            )
        waiting._approve_and_queue()

    def action_cancel(self):
        self.check_access("write")
        if any(notice.state == "sent" for notice in self):
            raise UserError(
                self.env._("A reminder that has left cannot be cancelled any more.")
            )
        self._cancel(self.env._("Cancelled by %s", self.env.user.name))

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", self.line_ids.move_id.ids)]
        action["context"] = {"create": False}
        return action

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    def _approve_and_queue(self):
        """Claim the notices, look again at what is open, queue one mail each.

        The claim is a conditional UPDATE: of two callers only one gets a notice, the
        other finds nothing left to do (docs/architecture.md, "Decide in a fresh
        snapshot"). The mail leaves after the commit, so that a retried transaction
        sends nothing twice.
        """
        claimed = self._claim()
        due = claimed._refresh_lines()
        for notice in due:
            notice._queue_mail()
        due.mail_mail_id.sudo().send_after_commit()  # mail.mail: administrators only

    def _claim(self):
        if not self:
            return self
        self.flush_recordset(["state"])
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE facturex_dunning_notice
                   SET state = 'approved', reason = NULL
                 WHERE id IN %(ids)s AND state IN ('draft', 'failed')
             RETURNING id
                """,
                ids=tuple(self.ids),
            )
        )
        self.invalidate_recordset(["state", "reason"])
        return self.browse(row[0] for row in rows)

    def _refresh_lines(self):
        """Take out what was settled, blocked or credited since the decision.

        :return: the notices that still claim something; the others are cancelled
        """
        for notice in self:
            for line in notice._get_claimed_lines():
                if line._is_settled():
                    line.is_void = True
                elif line.currency_id.compare_amounts(
                    line.amount_residual, line.move_line_id.amount_residual_currency
                ):
                    line.write(line._prepare_amount_vals(line.move_line_id))
        settled = self.filtered(lambda notice: not notice._get_claimed_lines())
        settled._cancel(self.env._("Everything was settled in the meantime"))
        return self - settled

    def _cancel(self, reason):
        self.write({"state": "cancelled", "reason": reason})
        self.line_ids.is_void = True
        # mail.mail belongs to administrators; the queued message is our own
        queued = self.mail_mail_id.sudo().filtered(lambda m: m.state == "outgoing")
        queued.cancel()

    def _queue_mail(self):
        self.ensure_one()
        if not self.recipient_id.email:
            self.write(
                {
                    "state": "failed",
                    "reason": self.env._(
                        "%s has no e-mail address: fill it in, then send again.",
                        self.partner_id.display_name,
                    ),
                }
            )
            return
        mail_id = self.step_id.mail_template_id.send_mail(
            self.id, email_values=self._prepare_mail_vals()
        )
        self.mail_mail_id = mail_id

    def _prepare_mail_vals(self):
        # stored in a field of the invoice: the original document, not a new print
        pdfs = self._get_claimed_lines().move_id.invoice_pdf_report_id
        return {
            "recipient_ids": [fields.Command.set(self.recipient_id.ids)],
            "message_id": self._get_message_id(),
            "attachment_ids": [fields.Command.set(pdfs.ids)],
            "auto_delete": False,
        }

    def _get_message_id(self):
        """The same for every try, so that a mail server can drop a second copy."""
        self.ensure_one()
        database = self.env["ir.config_parameter"].sudo()  # the uuid is no secret
        return (
            f"<facturex-notice-{self.id}@{database.get_param('database.uuid')}.local>"
        )

    def _refresh_mail(self):
        """Write the amounts of now into the queued message."""
        self.ensure_one()
        template = self.step_id.mail_template_id
        body = template._render_field("body_html", self.ids, compute_lang=True)
        # mail.mail belongs to administrators; the queued message is our own
        self.mail_mail_id.sudo().body_html = body[self.id]

    def _mark_sent(self):
        self.write(
            {"state": "sent", "reason": False, "date_sent": fields.Datetime.now()}
        )
        bodies = {}
        for notice in self:
            for line in notice._get_claimed_lines():
                bodies[line.move_id.id] = self.env._(
                    "%(level)s sent to %(email)s",
                    level=line.step_id.name,
                    email=notice.recipient_id.email,
                )
        if bodies:
            self.line_ids.move_id._message_log_batch(bodies=bodies)

    def _mark_failed(self, reason):
        self.write({"state": "failed", "reason": reason})
        for notice in self:
            if not notice.activity_search(["mail.mail_activity_data_warning"]):
                notice.activity_schedule(
                    "mail.mail_activity_data_warning",
                    summary=self.env._("Reminder not sent"),
                    note=reason,
                    user_id=notice.policy_id.user_id.id,
                )
