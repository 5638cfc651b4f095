"""Terms of subscriptions: when they may end, who is told before they are renewed."""

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import schedule, term

TODO = "mail.mail_activity_data_todo"


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    renewal_notice_ids = fields.One2many(
        "facturex.subscription.notice", "subscription_id"
    )
    cancellation_ids = fields.One2many(
        "facturex.subscription.cancellation", "subscription_id"
    )
    date_term_end = fields.Date(string="Present Term Ends", compute="_compute_term")
    date_term_deadline = fields.Date(
        string="Last Day to Object",
        compute="_compute_term",
        help="Who says so on this day at the latest ends the contract with the term.",
    )
    date_earliest_end = fields.Date(
        string="May End On",
        compute="_compute_term",
        help="The earliest lawful last day, if the customer cancelled today.",
    )
    exit_words = fields.Char(string="Because", compute="_compute_term")
    # the end of the term of which the responsible was reminded
    date_term_reminded = fields.Date(copy=False, readonly=True)

    @api.depends(
        "date_start",
        "date_end",
        "term_type",
        "term_months",
        "notice_days",
        "partner_id",
        "renewal_notice_ids.date_sent",
    )
    @api.depends_context("lang")
    def _compute_term(self):
        today = fields.Date.context_today(self)
        for subscription in self:
            subscription.date_term_end = subscription.date_end
            subscription.date_term_deadline = False
            way = subscription._get_earliest_exit(today)
            subscription.date_earliest_end = way and way.last_day
            subscription.exit_words = way and subscription._say_exit(way)
            if way and subscription.term_type == "tacit" and not subscription.date_end:
                present = term.term_on(subscription._to_contract(), today)
                subscription.date_term_end = present.last
                subscription.date_term_deadline = present.deadline

    # ------------------------------------------------------------------
    # For the engine
    # ------------------------------------------------------------------

    def _to_contract(self):
        self.ensure_one()
        return term.Contract(
            date_start=self.date_start,
            term=self.term_type,
            term_months=self.term_months,
            notice_days=self.notice_days,
            date_end=self.date_end or None,
        )

    def _get_term_law(self):
        self.ensure_one()
        if not self.partner_id:
            return term.TermLaw()
        return self.partner_id._facturex_law_profile(self.company_id)._to_term_law()

    def _get_earliest_exit(self, day):
        """The engine's `Exit` for who cancels on `day`; None: the term is not set."""
        self.ensure_one()
        if not self.date_start:
            return None
        informed = frozenset(
            notice.date_term_end
            for notice in self.renewal_notice_ids
            if notice.state == "sent"
        )
        try:
            return term.earliest_exit(
                self._to_contract(), self._get_term_law(), day, informed
            )
        except schedule.ScheduleError:
            return None

    def _say_exit(self, way):
        day = format_date(self.env, way.last_day)
        notice = self.notice_days
        return {
            term.REASON_NOTICE: self.env._(
                "notice of %(days)s days: the service ends on %(day)s",
                days=notice,
                day=day,
            ),
            term.REASON_FIXED: self.env._("the contract ends by itself on %s", day),
            term.REASON_TERM: self.env._("the present term ends on %s", day),
            term.REASON_NEXT_TERM: self.env._(
                "the last day to object has passed: the next term ends on %s", day
            ),
            term.REASON_RENEWED: self.env._(
                "renewed tacitly, a consumer may leave with a short notice: on %s", day
            ),
            term.REASON_UNINFORMED: self.env._(
                "the letter before the renewal did not leave in time: a consumer may"
                " leave on %s",
                day,
            ),
        }[way.reason]

    @api.constrains("term_type", "term_months", "notice_days")
    def _check_term(self):
        for subscription in self:
            if subscription.term_type != "open" and subscription.term_months < 1:
                raise UserError(
                    self.env._("A term lasts 1 month or more: fill in “Months”.")
                )
            if subscription.notice_days < 0:
                raise UserError(self.env._("A notice cannot be negative."))

    def action_confirm(self):
        for subscription in self:
            # who says that it ends by itself need not compute the day
            if subscription.term_type == "fixed" and not subscription.date_end:
                whole = subscription._to_contract()
                subscription.date_end = term.term_on(whole, whole.date_start).last
        return super().action_confirm()

    # ------------------------------------------------------------------
    # Every day
    # ------------------------------------------------------------------

    def _run_daily(self, today):
        result = super()._run_daily(today)
        tacit = self.search(
            [
                ("company_id", "=", self.env.company.id),
                ("state", "=", "running"),
                ("term_type", "=", "tacit"),
                ("date_end", "=", False),
            ]
        )
        tacit._send_renewal_letters(today)
        self._remind_terms(tacit, today)
        return result

    def _send_renewal_letters(self, today):
        """The letter that a consumer's law asks before a tacit renewal, once a term."""
        profiles = {}
        for company, same in self.grouped("company_id").items():
            found = same.partner_id._facturex_law_profiles(company)
            profiles |= {s.id: found[s.partner_id.id] for s in same}
        for subscription in self:
            law = profiles[subscription.id]._to_term_law()
            present = term.term_on(subscription._to_contract(), today)
            window = term.letter_window(present, law)
            if not window or today < window.planned:
                continue
            known = subscription.renewal_notice_ids.filtered(
                lambda notice, present=present: notice.date_term_end == present.last
            )
            if today > window.latest:
                known.filtered(lambda notice: notice.state == "post")._mark_missed()
            if not known:
                self.env["facturex.subscription.notice"]._write_to(
                    subscription, present, missed=today > window.latest
                )

    def _remind_terms(self, tacit, today):
        """One task for the responsible before a term ends, or is renewed."""
        company = self.env.company
        until = fields.Date.add(today, days=company.facturex_term_reminder_days)
        ending = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "running"),
                ("term_type", "=", "fixed"),
                ("date_end", ">=", today),
                ("date_end", "<=", until),
            ]
        )
        for subscription in ending:
            subscription._remind_once(
                subscription.date_end,
                subscription.date_end,
                subscription._in_words().env._("The contract ends: offer a new one?"),
            )
        for subscription in tacit:
            present = term.term_on(subscription._to_contract(), today)
            if today <= present.deadline <= until:
                subscription._remind_once(
                    present.last,
                    present.deadline,
                    subscription._in_words().env._(
                        "The contract is renewed on %(day)s unless somebody objects by"
                        " %(deadline)s",
                        day=format_date(self.env, present.last + schedule.ONE_DAY),
                        deadline=format_date(self.env, present.deadline),
                    ),
                )

    def _remind_once(self, term_end, deadline, summary):
        self.ensure_one()
        self.env.cr.execute(
            "UPDATE facturex_subscription SET date_term_reminded = %s"
            " WHERE id = %s AND date_term_reminded IS DISTINCT FROM %s RETURNING id",
            [term_end, self.id, term_end],
        )
        if not self.env.cr.fetchone():
            return
        self.invalidate_recordset(["date_term_reminded"])
        self.activity_schedule(
            TODO,
            date_deadline=deadline,
            summary=summary,
            user_id=(self.user_id if self.user_id.active else self.env.user).id,
        )


class FacturexSubscriptionNotice(models.Model):
    """The letter before a tacit renewal: sent in time, to be posted, or missed."""

    _name = "facturex.subscription.notice"
    _description = "Renewal Letter"
    _order = "date_term_end desc, id desc"
    _rec_name = "date_term_end"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "facturex.subscription", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    date_term_end = fields.Date(string="Term Ends", required=True)
    date_deadline = fields.Date(string="Last Day to Object", required=True)
    date_sent = fields.Date(string="Sent On", readonly=True)
    state = fields.Selection(
        [
            ("sent", "Sent"),
            ("post", "To send by post"),
            ("missed", "Not sent in time"),
        ],
        required=True,
        readonly=True,
        default="post",
    )

    # the key of the letter: one per term
    _term_uniq = models.UniqueIndex(
        "(subscription_id, date_term_end)",
        "The letter of this term exists already.",
    )

    @api.model
    def _write_to(self, subscription, present, missed=False):
        """Key first, letter second; who has no e-mail address makes a task.

        :param present: the engine's term that is about to end
        """
        email = subscription.partner_id.email
        today = fields.Date.context_today(self)
        state = "missed" if missed else "sent" if email else "post"
        try:
            with self.env.cr.savepoint():
                notice = self.create(
                    {
                        "subscription_id": subscription.id,
                        "date_term_end": present.last,
                        "date_deadline": present.deadline,
                        "state": state,
                        "date_sent": today if state == "sent" else False,
                    }
                )
        except psycopg2.errors.UniqueViolation:
            return self.browse()
        if state == "sent":
            template = self.env.ref("facturex_billing.mail_template_renewal")
            template.send_mail(notice.id)
        else:
            notice._tell_responsible()
        return notice

    def _mark_missed(self):
        self.write({"state": "missed"})
        for notice in self:
            notice._tell_responsible()

    def _tell_responsible(self):
        self.ensure_one()
        subscription = self.subscription_id
        words = subscription._in_words().env
        if self.state == "post":
            summary = words._("Send the renewal letter by post: there is no e-mail")
        else:
            summary = words._(
                "No renewal letter left in time: the customer may leave at any time"
            )
        subscription.activity_schedule(
            TODO,
            summary=summary,
            user_id=(
                subscription.user_id if subscription.user_id.active else self.env.user
            ).id,
        )

    def _get_letter_day(self):
        return format_date(self.env, fields.Date.context_today(self))

    def action_print(self):
        self.ensure_one()
        self.check_access("read")
        return self.env.ref(
            "facturex_billing.action_report_renewal_letter"
        ).report_action(self)

    def action_sent_by_post(self):
        """Somebody put it in the mail today."""
        self.check_access("write")
        if any(notice.state != "post" for notice in self):
            raise UserError(self.env._("This letter is not waiting for the post."))
        self.write({"state": "sent", "date_sent": fields.Date.context_today(self)})
