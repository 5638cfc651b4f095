"""Quotes that wait for an answer: reminded, then expired."""

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import quotes


class SaleOrder(models.Model):
    _inherit = "sale.order"

    facturex_sent_at = fields.Datetime(
        string="Quote Sent On", readonly=True, copy=False
    )
    facturex_no_reminder = fields.Boolean(
        string="No Reminders", copy=False, help="This quote is never reminded."
    )
    facturex_expired_on = fields.Date(
        string="Expired On", readonly=True, copy=False, index="btree_not_null"
    )
    facturex_reminder_ids = fields.One2many(
        "facturex.quote.reminder", "order_id", string="Quote Reminders"
    )

    def write(self, vals):
        if vals.get("state") == "sent":
            # a new round of reminders for those sent now
            fresh = self.filtered(lambda order: order.state != "sent")
            super(SaleOrder, fresh).write({"facturex_sent_at": fields.Datetime.now()})
        if "validity_date" in vals or vals.get("state") in ("draft", "sale"):
            vals = {**vals, "facturex_expired_on": False}
        return super().write(vals)

    # ------------------------------------------------------------------
    # What a quote is
    # ------------------------------------------------------------------

    def _facturex_reminder_recipient(self):
        """Who received the quote: the customer of it, or the company behind."""
        self.ensure_one()
        partner = self.partner_id
        return partner if partner.email else partner.commercial_partner_id

    def _facturex_answered(self):
        """:return: the quotes on which the customer wrote since they were sent"""
        if not self:
            return self
        # a message may hang on a record the user reads only in part
        rows = (
            self.env["mail.message"]
            .sudo()
            ._read_group(
                [
                    ("model", "=", "sale.order"),
                    ("res_id", "in", self.ids),
                    ("message_type", "in", ("email", "comment")),
                    "|",
                    ("author_id.partner_share", "=", True),
                    "&",
                    ("author_id", "=", False),
                    ("message_type", "=", "email"),
                ],
                ["res_id"],
                ["date:max"],
            )
        )
        last = dict(rows)
        return self.filtered(
            lambda order: (
                order.id in last
                and last[order.id] > (order.facturex_sent_at or order.create_date)
            )
        )

    def _facturex_to_engine(self):
        """:return: {order: quotes.Quote}, with one query for all steps that left"""
        answered = self._facturex_answered()
        done, last = {}, {}
        reminders = self.env["facturex.quote.reminder"].search_fetch(
            [("order_id", "in", self.ids)], ["order_id", "sent_at", "step", "date"]
        )
        for reminder in reminders:
            order = reminder.order_id
            if reminder.sent_at == order._facturex_sent():
                done.setdefault(order, set()).add(reminder.step)
            last[order] = max(reminder.date, last.get(order, reminder.date))
        return {
            order: quotes.Quote(
                sent=fields.Datetime.context_timestamp(
                    order, order._facturex_sent()
                ).date(),
                expiry=order.validity_date or None,
                answered=order.state != "sent" or order in answered,
                blocked=order.facturex_no_reminder,
                has_address=bool(order._facturex_reminder_recipient().email),
                done=frozenset(done.get(order, ())),
                last=last.get(order),
            )
            for order in self
        }

    def _facturex_sent(self):
        return self.facturex_sent_at or self.create_date

    # ------------------------------------------------------------------
    # Every day
    # ------------------------------------------------------------------

    @api.model
    def _cron_facturex_quotes(self):
        """Mark what expired, then remind, company by company."""
        # the job works for every company; each one's policy decides
        companies = (
            self.env["res.company"]
            .sudo()
            .search([("facturex_quote_reminders", "=", True)])
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies) + 1)
        today = fields.Date.context_today(self)
        self._facturex_mark_expired(today)
        cron._commit_progress(1)
        for company in companies:
            self.with_company(company)._facturex_remind(company, today)
            if not cron._commit_progress(1):
                break

    @api.model
    def _facturex_mark_expired(self, today):
        expired = self.search(
            [
                ("state", "=", "sent"),
                ("validity_date", "<", today),
                ("facturex_expired_on", "=", False),
            ]
        )
        expired.with_context(tracking_disable=True).facturex_expired_on = today
        return expired

    @api.model
    def _facturex_remind(self, company, today, dry=False):
        """Remind the quotes of one company.

        :param dry: decide only, write nothing
        :return: {order: quotes.Decision}
        """
        policy = company._facturex_quote_policy()
        orders = self.search(
            [("company_id", "=", company.id), ("state", "=", "sent")], order="id"
        )
        decisions = {
            order: quotes.decide(policy, quote, today)
            for order, quote in orders._facturex_to_engine().items()
        }
        if not dry:
            for order, decision in decisions.items():
                order._facturex_apply(decision, today)
        return decisions

    def _facturex_apply(self, decision, today):
        """One quote: the key first, then the mail; a failure stops no other."""
        self.ensure_one()
        if decision.reason == quotes.SKIP_NO_ADDRESS:
            self._facturex_warn(
                self.env._("Quote reminder not sent"),
                self.env._(
                    "%s has no e-mail address: fill it in.",
                    self.partner_id.display_name,
                ),
            )
        if not decision.step:
            return
        try:
            with self.env.cr.savepoint():
                reminder = self.env["facturex.quote.reminder"].create(
                    {
                        "order_id": self.id,
                        "sent_at": self._facturex_sent(),
                        "step": decision.step,
                        "date": today,
                    }
                )
                self.env.flush_all()
                reminder._queue_mail()
        except (
            psycopg2.errors.UniqueViolation,
            psycopg2.errors.SerializationFailure,
        ):
            return  # reminded or answered in the meantime: the others go on
        except UserError as error:
            self._facturex_warn(self.env._("Quote reminder not sent"), str(error))

    def _facturex_warn(self, summary, note):
        """One activity until somebody has seen it, never one per try."""
        self.ensure_one()
        warning = "mail.mail_activity_data_warning"
        known = self.activity_search([warning]).filtered(
            lambda activity: activity.summary == summary
        )
        if not known:
            user = self.user_id or self.create_uid
            self.activity_schedule(warning, summary=summary, note=note, user_id=user.id)
