import uuid
from collections import defaultdict

import lxml.html
from markupsafe import Markup

from odoo import api, fields, models, modules
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .facturex_dunning_reasons import describe

OPEN_STATES = ("draft", "approved", "failed")
# besides these a notice is written by the run, the buttons and the delivery only
EDITABLE = {"activity_ids", "message_follower_ids", "message_main_attachment_id"}
MAX_ATTACHMENTS = 10
RENDERED = ("subject", "email_from", "reply_to")


class FacturexDunningNotice(models.Model):
    """One message to one customer about everything that is late."""

    _name = "facturex.dunning.notice"
    _description = "Reminder"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date desc, score desc, id desc"
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
    channel = fields.Selection(
        lambda self: self.env["facturex.dunning.step"]._selection_channel(),
        string="Sent By",
        default="email",
        readonly=True,
    )
    automatic = fields.Boolean(
        readonly=True, help="Left by itself, without a person's approval."
    )
    reason = fields.Char(string="Why", readonly=True)
    warnings = fields.Json(readonly=True)
    warning_text = fields.Char(
        string="Look at This First", compute="_compute_warning_text"
    )
    score = fields.Float(
        string="Amount x Days", readonly=True, help="What matters most comes first."
    )
    line_ids = fields.One2many("facturex.dunning.notice.line", "notice_id")
    credit_ids = fields.One2many("facturex.dunning.notice.credit", "notice_id")
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
    date_leaves = fields.Datetime(
        string="Leaves At", readonly=True, help="Until then it can be undone."
    )
    date_sent = fields.Datetime(readonly=True)
    date_told = fields.Date(
        string="Told On",
        compute="_compute_date_told",
        store=True,
        help="The day that counts for the days between two messages.",
    )
    mail_preview = fields.Html(compute="_compute_mail_preview", sanitize=False)

    # law of the house: one customer, one message per company and day
    _customer_day_uniq = models.UniqueIndex(
        "(company_id, partner_id, date) WHERE state != 'cancelled'",
        "This customer already has a reminder of that day.",
    )
    # nor does a second one wait beside the first
    _customer_open_uniq = models.UniqueIndex(
        "(company_id, partner_id) WHERE state IN ('draft', 'approved', 'failed')",
        "A reminder to this customer is already waiting.",
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends("partner_id", "date")
    def _compute_display_name(self):
        for notice in self:
            notice.display_name = f"{notice.partner_id.display_name} {notice.date}"

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for notice in self:
            notice.access_url = f"/my/reminders/{notice.id}"
        return result

    @api.depends("partner_id")
    def _compute_recipient_id(self):
        recipients = self.partner_id._facturex_dunning_recipients()
        for notice in self:
            notice.recipient_id = recipients.get(notice.partner_id)

    @api.depends("line_ids.step_id", "line_ids.is_void")
    def _compute_step(self):
        for notice in self:
            # the firmest level decides the words of the message
            notice.step_id = notice._get_claimed_lines().step_id.sorted(
                lambda s: (s.delay_days, s.sequence, s.id)
            )[-1:]

    @api.depends("line_ids.amount_company", "line_ids.is_void")
    def _compute_amount_total(self):
        for notice in self:
            notice.amount_total = sum(
                notice._get_claimed_lines().mapped("amount_company")
            )

    @api.depends("date", "date_sent")
    def _compute_date_told(self):
        for notice in self:
            # the day where we are: an hour after midnight is another day of the law
            sent = (
                notice.date_sent and notice.policy_id._to_local(notice.date_sent).date()
            )
            notice.date_told = max(sent, notice.date) if sent else notice.date

    @api.depends("warnings")
    @api.depends_context("lang")
    def _compute_warning_text(self):
        for notice in self:
            notice.warning_text = " · ".join(
                describe(self.env, code, detail)
                for code, detail in notice.warnings or []
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
    # Guard
    # ------------------------------------------------------------------

    def write(self, vals):
        """A state is the result of an act: nobody writes it, not even by RPC."""
        if not self.env.su and set(vals) - EDITABLE:
            raise AccessError(
                self.env._(
                    "A reminder is what the customer was told: it is approved, sent or"
                    " cancelled with its buttons, and not written to."
                )
            )
        return super().write(vals)

    def _internal(self):
        """The same records for a change that an act of ours decided.

        Callers checked the access first, or are the run and the delivery themselves.
        """
        return self.sudo()  # see the docstring: never handed to a caller from outside

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_send(self):
        """Approve: the messages leave after the minutes in which it can be undone."""
        self.check_access("write")
        waiting = self.filtered(lambda notice: notice.state in ("draft", "failed"))
        if not waiting:
            raise UserError(
                self.env._("These reminders have already left or were cancelled.")
            )
        waiting._check_bank_is_fresh()
        changed = waiting._find_new_warnings()
        (waiting - changed)._approve_and_queue(undo=True)
        if not changed:
            return True
        return changed._tell_new_warnings()

    def action_send_anyway(self):
        """Approve although the bank lines are old: a person takes it upon himself."""
        self.check_access("write")
        self._find_new_warnings()
        self._approve_and_queue(undo=True)

    def action_send_now(self):
        """Do not wait for the minutes of undoing."""
        self.check_access("write")
        leaving = self.filtered(lambda notice: notice.state == "approved")
        leaving._internal().date_leaves = False
        leaving._send_sms()
        # mail.mail belongs to administrators; the queued message is our own
        leaving.mail_mail_id.sudo().scheduled_date = False
        leaving._deliver_after_commit()

    def action_posted(self):
        """The letters are in the post: the customer counts as told from today."""
        self.check_access("write")
        letters = self.filtered(
            lambda n: n.channel == "letter" and n.state == "approved"
        )
        if not letters:
            raise UserError(self.env._("No letter is waiting among these reminders."))
        letters._refresh_lines()._mark_sent()

    def action_undo(self):
        """Back to the proposal, while the message has not left."""
        self.check_access("write")
        undone = self._internal()._unclaim()
        if undone != self:
            raise UserError(
                self.env._("Too late: this reminder has left, or was never approved.")
            )

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
    # Before a person's approval
    # ------------------------------------------------------------------

    def _check_bank_is_fresh(self):
        """Nobody should remind on bank lines of a fortnight ago without knowing it."""
        today = fields.Date.context_today(self)
        for company in self.company_id:
            bank = self.policy_id._facturex_dunning_bank_facts(
                company, self.env["res.partner"]
            )
            limit = company.facturex_bank_hard_days
            if bank.newest and (today - bank.newest).days > limit:
                raise UserError(
                    self.env._(
                        "The newest bank line is %(days)s days old: some of these"
                        " customers may have paid. Import the statements of your bank"
                        " first, or choose “Send Anyway” on the reminder.",
                        days=(today - bank.newest).days,
                    )
                )

    def _find_new_warnings(self):
        """Look again at what a person had weighed; keep what is new on the reminder.

        :return: the reminders about which something new is known
        """
        today = fields.Date.context_today(self)
        changed = self.browse()
        for company, notices in self.grouped("company_id").items():
            policy = notices.policy_id[:1].with_company(company)
            partners = notices.partner_id
            _credits, unmatched = policy._get_credits(partners)
            known = policy._get_customer_obstacles(partners, unmatched, today)
            for notice in notices:
                before = {code for code, _detail in notice.warnings or []}
                now = known[notice.partner_id.id]
                if {why.code for why in now} - before:
                    changed |= notice
                notice._internal().warnings = [[why.code, why.detail] for why in now]
        return changed

    def _tell_new_warnings(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("Not sent yet: something new came in"),
                "message": " · ".join(
                    f"{notice.partner_id.display_name}: {notice.warning_text}"
                    for notice in self
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    def _approve_and_queue(self, undo=False, fresh=False):
        """Claim the notices, look again at what is open, queue one mail each.

        The claim is a conditional UPDATE: of two callers only one gets a notice, the
        other finds nothing left to do (docs/architecture.md, "Decide in a fresh
        snapshot"). The mail leaves after the commit, so that a retried transaction
        sends nothing twice.

        :param undo: leave the minutes of the company in which it can be undone
        :param fresh: made a moment ago in this very snapshot: nothing else can be known
            before the look at delivery
        """
        claimed = self._claim()
        due = claimed
        if not fresh:
            claimed._redate()
            due = claimed._refresh_lines()
        due._queue_mails(undo)
        if not undo:
            due._deliver_after_commit()

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

    def _unclaim(self):
        """Take back what has not left: a message being delivered holds its row."""
        self.flush_recordset(["state"])
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE facturex_dunning_notice
                   SET state = 'draft', date_leaves = NULL
                 WHERE id IN %(ids)s AND state = 'approved'
             RETURNING id
                """,
                ids=tuple(self.ids),
            )
        )
        self.invalidate_recordset(["state", "date_leaves"])
        undone = self.browse(row[0] for row in rows)
        undone.mail_mail_id.filtered(lambda m: m.state == "outgoing").cancel()
        return undone

    def _redate(self):
        """A message is of the day on which it leaves, whenever it was proposed: the
        customer's delays and the interest count from then.

        :return: the reminders that were of an earlier day
        """
        today = fields.Date.context_today(self)
        late = self.filtered(lambda notice: notice.date < today)
        late._internal().date = today
        late._get_claimed_lines().sudo()._write_charges()  # frozen for everybody
        return late

    def _refresh_lines(self):
        """Take out what was settled, credited, blocked or put on hold meanwhile.

        :return: the notices that still claim something; the others are cancelled
        """
        today = fields.Date.context_today(self)
        for company, notices in self.grouped("company_id").items():
            lines = notices._get_claimed_lines()
            policy = notices.policy_id[:1].with_company(company)
            gone = policy._recheck(lines, today)
            for line in lines:
                line = line.sudo()  # frozen for everybody: amounts follow the ledger
                if line.move_line_id.id in gone:
                    line.is_void = True
                elif line.currency_id.compare_amounts(
                    line.amount_residual, line.move_line_id.amount_residual_currency
                ):
                    line.write(line._prepare_amount_vals(line.move_line_id))
                    line._write_charges()
        settled = self.filtered(lambda notice: not notice._get_claimed_lines())
        settled._cancel(self.env._("Everything was settled in the meantime"))
        return self - settled

    def _cancel(self, reason):
        notices = self._internal()
        notices.write({"state": "cancelled", "reason": reason, "date_leaves": False})
        notices.line_ids.is_void = True
        notices.mail_mail_id.filtered(lambda m: m.state == "outgoing").cancel()

    def _queue_mails(self, undo=False):
        """By the channel of each: mails are queued, calls become tasks, letters wait
        for the printer."""
        for channel, notices in self.grouped("channel").items():
            getattr(notices, f"_leave_by_{channel or 'email'}")(undo)

    def _leave_by_email(self, undo):
        """One mail each, in batches per level; who has no address is told apart."""
        unreachable = self.filtered(lambda notice: not notice.recipient_id.email)
        for notice in unreachable:
            notice._internal().write(
                {
                    "state": "failed",
                    "reason": self.env._(
                        "%s has no e-mail address: fill it in, then send again.",
                        notice.partner_id.display_name,
                    ),
                }
            )
        for step, notices in (self - unreachable).grouped("step_id").items():
            notices._queue_mail(step.mail_template_id, undo)

    def _queue_mail(self, template, undo):
        """Render all at once and write the mails at once; PDFs are only referred to."""
        rendered = self._render(template)
        # looked up for all at once, else once a message
        self.line_ids.move_id.mapped("invoice_pdf_report_id")
        mails = (
            self.env["mail.mail"]
            .sudo()  # mail.mail belongs to administrators; these are our own messages
            .create([n._prepare_mail_vals(rendered[n.id], undo) for n in self])
        )
        self._show_in_chatter(mails)
        for notice, mail in zip(self, mails, strict=True):
            notice._internal().write(
                {"mail_mail_id": mail.id, "date_leaves": mail.scheduled_date}
            )
        later = self.filtered("date_leaves")
        if later:
            # the queue looks once an hour by itself; any user may wake it
            queue = self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()
            queue._trigger(max(later.mapped("date_leaves")))
        if undo:
            (self - later)._deliver_after_commit()

    def _show_in_chatter(self, mails):
        """What the customer reads, also in the notes of the reminder.

        Written by a query: Odoo would parse and clean each text again, which is half
        the work of a mail. A template is cleaned when it is saved and what it puts in
        is escaped.
        """
        mails.flush_recordset(["body_html"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE mail_message SET body = mail.body_html
                  FROM mail_mail mail
                 WHERE mail.mail_message_id = mail_message.id AND mail.id IN %s
                """,
                tuple(mails.ids),
            )
        )
        mails.mail_message_id.invalidate_recordset(["body"])

    def _render(self, template):
        """Subject, body and sender of each message, in its language.

        Odoo compiles the body of a template anew for each record: here it is compiled
        once a language and loops over the messages, cut apart at a mark that no text
        can contain.

        :return: {id: values}
        """
        notices = self._with_shared_facts()
        context = {"facturex_facts": notices.env.context.get("facturex_facts")}
        template = template.with_context(**context)
        rendered = {
            notice.id: {"mail_server_id": template.mail_server_id.id} for notice in self
        }
        for local, ids in template._classify_per_lang(self.ids).values():
            own = notices.browse(ids).with_context(lang=local.env.lang)
            texts = {name: local._render_field(name, ids) for name in RENDERED}
            texts["body_html"] = own._render_bodies(local)
            for name, by_notice in texts.items():
                for notice_id, text in by_notice.items():
                    rendered[notice_id][name] = text
        return rendered

    def _render_bodies(self, template):
        mark = f"<!--{uuid.uuid4()}-->"
        source = (
            '<t t-foreach="objects" t-as="object">'
            f'{template.body_html or ""}<t t-out="mark"/></t>'
        )
        values = template._render_eval_context()
        # a mark of ours, no text of anybody
        values |= {"objects": self, "mark": Markup(mark)}  # noqa: S704
        html = self.env["ir.qweb"]._render(
            lxml.html.fragment_fromstring(source, create_parent="div"), values
        )
        html = template._replace_local_links(html.removeprefix("<div>"))
        return dict(zip(self.ids, html.split(mark)[:-1], strict=True))

    def _with_shared_facts(self):
        """The same records; what their words ask for is read once for all; a hook."""
        return self

    def _prepare_mail_vals(self, rendered, undo=False):
        minutes = self.company_id.facturex_undo_minutes if undo else 0
        leaves = fields.Datetime.add(fields.Datetime.now(), minutes=minutes)
        return {
            "model": self._name,
            "res_id": self.id,
            "subject": rendered["subject"],
            "body_html": rendered["body_html"],
            "email_from": rendered["email_from"],
            "reply_to": rendered.get("reply_to"),
            "mail_server_id": rendered.get("mail_server_id"),
            "recipient_ids": [fields.Command.set(self.recipient_id.ids)],
            "message_id": self._get_message_id(),
            "attachment_ids": [fields.Command.set(self._get_attachments().ids)],
            "auto_delete": False,
            "scheduled_date": leaves if minutes > 0 else False,
        }

    def _get_attachments(self):
        """The original documents, never a new print; many or none: the links do."""
        # stored in a field of the invoice: kept apart from its other attachments
        pdfs = self._get_claimed_lines().move_id.invoice_pdf_report_id
        return pdfs if len(pdfs) <= MAX_ATTACHMENTS else pdfs.browse()

    def _get_message_id(self):
        """The same for every try, so that a mail server can drop a second copy."""
        self.ensure_one()
        database = self.env["ir.config_parameter"].sudo()  # the uuid is no secret
        number = str(self.id)
        if self.date_bounced:
            # what came back is another message the next time
            number += f"-{self.date_bounced:%Y%m%d%H%M%S}"
        return f"<facturex-notice-{number}@{database.get_param('database.uuid')}.local>"

    def _refresh_mail(self):
        """Write the amounts of now into the queued message."""
        self.ensure_one()
        template = self.step_id.mail_template_id
        body = template._render_field("body_html", self.ids, compute_lang=True)
        # mail.mail belongs to administrators; the queued message is our own
        self.mail_mail_id.sudo().body_html = body[self.id]

    def _deliver_after_commit(self):
        """Hand the mails to the queue as soon as this transaction is committed.

        The queue commits after each message: a machine that stops repeats one message
        at most, with the same Message-ID.
        """
        mail_ids = self.mail_mail_id.ids
        if not mail_ids:
            return
        if modules.module.current_test:
            # a test has one transaction: what it mocks, leaves here
            self.mail_mail_id.sudo().send()
            return
        registry, uid = self.env.registry, self.env.uid

        @self.env.cr.postcommit.add
        def deliver():
            with registry.cursor() as cr:
                env = api.Environment(cr, uid, {})
                # the queue of our own messages
                env["mail.mail"].sudo().process_email_queue(email_ids=mail_ids)

    # ------------------------------------------------------------------
    # Delivery, told by the mail queue
    # ------------------------------------------------------------------

    def _claim_delivery(self):
        """Take this message for delivery: another process that has it keeps it.

        The row stays locked until the delivery is committed; a process that comes
        later finds it sent, or gets a serialization error from its old snapshot.
        """
        self.ensure_one()
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM facturex_dunning_notice
                 WHERE id = %s AND state = 'approved'
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                self.id,
            )
        )
        return bool(rows)

    def _take_for_delivery(self):
        """Claim the delivery and look a last time at what is claimed.

        :return: whether the message may leave now; its text says the amounts of now
        """
        self.ensure_one()
        if not self._claim_delivery():
            return False
        self.invalidate_recordset()
        before = self.amount_total
        later = self._redate()
        if not self._refresh_lines():
            return False
        changed = self.currency_id.compare_amounts(self.amount_total, before)
        if self.mail_mail_id and (later or changed):
            self._refresh_mail()
        return True

    def _mark_sent(self):
        self._internal().write(
            {
                "state": "sent",
                "reason": False,
                "date_leaves": False,
                "date_sent": fields.Datetime.now(),
            }
        )
        bodies = defaultdict(str)
        for notice in self:
            for line in notice._get_claimed_lines():
                bodies[line.move_id.id] = self.env._(
                    "%(level)s sent to %(email)s",
                    level=line.step_id.name,
                    email=notice.recipient_id.email or notice.recipient_id.name,
                )
        if bodies:
            self.line_ids.move_id._message_log_batch(bodies=dict(bodies))
        self._ask_for_hand_over()

    def _mark_failed(self, reason):
        self._internal().write(
            {"state": "failed", "reason": reason, "date_leaves": False}
        )
        for notice in self:
            if not notice.activity_search(["mail.mail_activity_data_warning"]):
                notice.activity_schedule(
                    "mail.mail_activity_data_warning",
                    summary=self.env._("Reminder not sent"),
                    note=reason,
                    user_id=notice.policy_id.user_id.id,
                )
