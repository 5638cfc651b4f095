import logging
import random
import time

import psycopg2.errors
import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import preflight
from .facturex_dunning_reasons import ACTIONABLE, describe

_logger = logging.getLogger(__name__)

# somebody else wrote first: start again in a fresh snapshot
CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)
MAX_TRIES = 8
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES_IN_A_TASK = 10


class FacturexDunningPolicy(models.Model):
    """When it may run by itself, how much, and what it says when it does not."""

    _inherit = "facturex.dunning.policy"

    last_run = fields.Datetime(readonly=True, copy=False)
    daily_cap = fields.Integer(
        string="Messages a Day",
        default=50,
        help="No more automatic messages than this a day: the largest and oldest debts"
        " first, the others on the days after.",
    )
    mon = fields.Boolean(default=True)
    tue = fields.Boolean(default=True)
    wed = fields.Boolean(default=True)
    thu = fields.Boolean(default=True)
    fri = fields.Boolean(default=True)
    sat = fields.Boolean()
    sun = fields.Boolean()
    hour_from = fields.Float(string="Not Before", default=8.0)
    hour_to = fields.Float(string="Not After", default=18.0)

    _check_cap = models.Constraint(
        "CHECK(daily_cap > 0)",
        "At least one message a day: to send none, choose Propose.",
    )
    _check_hours = models.Constraint(
        "CHECK(hour_from >= 0 AND hour_from < hour_to AND hour_to <= 24)",
        "The hours of sending begin before they end, between 0:00 and 24:00.",
    )

    # ------------------------------------------------------------------
    # By itself
    # ------------------------------------------------------------------

    @api.model
    def _cron_run(self):
        """Hourly: every company in its turn, in its days and hours.

        One company failing stops no other. The keys of the notices make a second run
        of the day harmless, so one commit per company is enough. What somebody else
        changed meanwhile is a reason to start again, not to fail.
        """
        cron = self.env["ir.cron"]
        self._with_retry(self.env["facturex.dunning.hold"]._close_expired)
        self._with_retry(self.env["facturex.dunning.notice"]._send_due_sms)
        policies = self.search([("mode", "=", "auto")])
        company_ids = policies.company_id.ids
        cron._commit_progress(remaining=len(company_ids))
        for company_id in company_ids:
            self._with_retry(self._run_by_itself, company_id)
            if not cron._commit_progress(1):
                break

    @api.model
    def _run_by_itself(self, company_id):
        """One company: its automatic policies, when this is an allowed moment."""
        policies = self.search(
            [("mode", "=", "auto"), ("company_id", "=", company_id)]
        ).filtered(lambda policy: policy._is_allowed_now())
        if not policies:
            return
        try:
            with self.env.cr.savepoint():
                policies._run(date=policies[0]._get_local_now().date())
                self.env.flush_all()
        except CONFLICTS:
            raise
        except UserError as error:
            policies[0]._report_failure(error)
        except Exception as error:  # pylint: disable=broad-except
            # whatever broke this company must not keep the next one from running
            _logger.exception("reminders of company %s", company_id)
            policies[0]._report_failure(error)

    @api.model
    def _with_retry(self, method, *args):
        """Call it; after a conflict again, in a fresh snapshot (cron has no retry)."""
        for tries_left in reversed(range(MAX_TRIES)):
            try:
                result = method(*args)
                self.env.flush_all()
                return result
            except CONFLICTS:
                self.env.cr.rollback()
                if not tries_left:
                    raise
                time.sleep(random.uniform(0.02, 0.2) * (MAX_TRIES - tries_left))

    def _get_local_now(self):
        return self._to_local(fields.Datetime.now())

    def _to_local(self, moment):
        """A moment (UTC) where the company is: in the time zone of its address, else
        the responsible's."""
        self.ensure_one()
        zone = self.company_id.partner_id.tz or self.user_id.tz or "Europe/Brussels"
        return pytz.utc.localize(moment).astimezone(pytz.timezone(zone))

    def _is_allowed_now(self):
        self.ensure_one()
        now = self._get_local_now()
        hour = now.hour + now.minute / 60
        return self[DAYS[now.weekday()]] and self.hour_from <= hour < self.hour_to

    def _get_messages_left(self, date):
        """How many automatic messages may still be made for `date`; None: no limit."""
        automatic = self.filtered(lambda policy: policy.mode == "auto")
        if not automatic:
            return None
        made = self.env["facturex.dunning.notice"].search_count(
            [
                ("company_id", "=", self.company_id.id),
                ("date", "=", date),
                ("automatic", "=", True),
                ("state", "!=", "cancelled"),
            ]
        )
        return max(min(automatic.mapped("daily_cap")) - made, 0)

    # ------------------------------------------------------------------
    # What keeps messages from leaving: one task per cause
    # ------------------------------------------------------------------

    def _report_causes(self, plan):
        """One task per cause with all its customers; solved causes lose theirs."""
        policy = self.filtered(lambda p: p.mode == "auto")[:1]
        if not policy:
            return
        found = [
            (skipped.item.customer, preflight.Obstacle(skipped.reason, skipped.detail))
            for skipped in plan.skipped
            if skipped.reason in ACTIONABLE
        ]
        details = {obstacle.code: obstacle.detail for _customer, obstacle in found}
        causes = preflight.causes(found)
        # tasks of whoever is responsible, also when somebody else asked for the run
        tasks = policy.sudo().activity_ids.filtered("facturex_cause")
        for task in tasks:
            if task.facturex_cause not in causes:
                task.action_done()
        known = {task.facturex_cause: task for task in tasks.exists()}
        for code, customers in causes.items():
            policy._report_cause(code, details[code], customers, known.get(code))

    def _report_cause(self, code, detail, customers, task):
        """Make the task, or bring the one that is there up to date."""
        # the words are for the person who gets the task
        policy = self.with_context(lang=self.user_id.lang).sudo()
        if code == preflight.BANK_STALE:
            summary = describe(policy.env, code, detail)
        else:
            summary = describe(policy.env, code)
            labels = policy.env["facturex.dunning.run.line"]._fields["reason"]
            summary = dict(labels._description_selection(policy.env))[code]
        partners = policy.env["res.partner"].browse(customers)
        names = ", ".join(partners[:NAMES_IN_A_TASK].mapped("display_name"))
        if len(partners) > NAMES_IN_A_TASK:
            names = policy.env._(
                "%(names)s and %(number)s others",
                names=names,
                number=len(partners) - NAMES_IN_A_TASK,
            )
        vals = {
            "summary": policy.env._("Reminders wait: %s", summary),
            "note": names,
        }
        if task:
            task.write(vals)
            return
        policy.activity_schedule(
            "mail.mail_activity_data_warning",
            user_id=policy.user_id.id,
            facturex_cause=code,
            **vals,
        )

    def _report_failure(self, error):
        """Make a failed run visible: the reason, and one activity until it is done."""
        self.ensure_one()
        self = self.sudo()  # whoever asked for the run may tell why it failed
        self.message_post(
            body=self.env._("The reminders of today could not be prepared: %s", error)
        )
        warning = "mail.mail_activity_data_warning"
        if not self.activity_ids.filtered(lambda a: a.facturex_cause == "failure"):
            self.activity_schedule(
                warning,
                summary=self.env._("Reminders not prepared"),
                note=str(error),
                user_id=self.user_id.id,
                facturex_cause="failure",
            )
