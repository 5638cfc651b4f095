"""The run: which periods are due, their invoices, and who is put aside and why."""

import logging
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta

import psycopg2
import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..engine import schedule
from .facturex_subscription import FIRST_YEAR, HORIZON_LOW

_logger = logging.getLogger(__name__)

# subscriptions per transaction: the first commit comes long before ten seconds
BATCH = 100
# what lies further back is an error of dates, not an outage
OLDEST_DAYS = 400
MAX_CONFLICTS = 20
WARNING = "mail.mail_activity_data_warning"
# another worker was faster, or the database asks for another try
CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)


@dataclass(frozen=True)
class Document:
    """One invoice to be: the periods it bills, and its date."""

    subscription: models.Model
    date: fields.Date
    periods: models.Model


@dataclass(frozen=True)
class Planned:
    """One line of a dry run; `problem` says why it would be put aside."""

    subscription: models.Model
    date: fields.Date | None = None
    periods: list = field(default_factory=list)
    amount: float = 0.0
    problem: str | None = None


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    # ------------------------------------------------------------------
    # The run
    # ------------------------------------------------------------------

    def _run_due(self, date=None, dry=False, limit=None):
        """Bill what is due on a day, of these subscriptions or, without any, of all.

        Batches are claimed with SKIP LOCKED, so that several workers share the work.
        With `facturex_commit` in the context each batch is committed.

        :param date: the day, default today in the user's time zone
        :param dry: decide only; nothing is written
        :param limit: at most this number of subscriptions
        :return: `facturex.subscription.run` records, with `dry` a list of `Planned`
        """
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        if dry:
            return self._dry_run(date, limit)
        runs, seen, conflicts = {}, [], 0
        while limit is None or len(seen) < limit:
            size = BATCH if limit is None else min(BATCH, limit - len(seen))
            try:
                batch = self._lock_due(date, size, seen)
                if not batch:
                    break
                for company, subscriptions in batch.grouped("company_id").items():
                    run = runs.get(company.id)
                    if not (run and run.exists()):
                        run = runs[company.id] = self._open_run(company, date)
                    subscriptions.with_company(company)._bill_batch(run, date)
                seen += batch.ids
                if not self._commit_batch(len(batch)):
                    return self._get_runs(runs)  # time is up: the next call goes on
            except CONFLICTS:
                # a cron has no retry of its own; a request has
                if not self.env.context.get("facturex_commit"):
                    raise
                self.env.cr.rollback()
                conflicts += 1
                if conflicts > MAX_CONFLICTS:
                    raise
                time.sleep(random.uniform(0, 0.2))
        self._get_runs(runs)._close()
        return self._get_runs(runs)

    @api.model
    def _get_runs(self, runs):
        return self.env["facturex.subscription.run"].union(*runs.values()).exists()

    def _commit_batch(self, done):
        if not self.env.context.get("facturex_commit"):
            return True
        return self.env["ir.cron"]._commit_progress(done)

    @api.model
    def _cron_bill(self):
        """One lane: any number of these crons share the work of the day."""
        cron = self.env["ir.cron"]
        # where the day begins first: each company then asks for its own
        earliest = self.with_context(tz="Pacific/Kiritimati")
        due = self._read_group(
            self._get_due_domain(fields.Date.context_today(earliest)),
            ["company_id"],
            ["__count"],
        )
        cron._commit_progress(remaining=sum(count for _company, count in due))
        for company, _count in due:
            lane = self.with_company(company).with_context(
                allowed_company_ids=company.ids,
                tz=company.partner_id.tz or self.env.user.tz or "Europe/Brussels",
                facturex_commit=True,
                facturex_lane=self.env.context.get("cron_id"),
            )
            lane._run_due()
            if not cron._commit_progress():
                return
        cron._commit_progress(remaining=0)

    # ------------------------------------------------------------------
    # What is due
    # ------------------------------------------------------------------

    def _get_due_domain(self, date):
        domain = Domain(
            [
                ("state", "in", ("running", "stopped")),
                ("next_date", "<=", date),
                "|",
                ("park_state", "=", False),
                "&",
                ("park_state", "=", "retry"),
                ("park_retry_date", "<=", date),
            ]
        )
        if self.ids:
            domain &= Domain("id", "in", self.ids)
        if self.env.context.get("allowed_company_ids") or not self.env.su:
            domain &= Domain("company_id", "in", self.env.companies.ids)
        return domain

    def _lock_due(self, date, size, seen):
        """Due subscriptions that no other worker holds, locked until the commit."""
        self.env.flush_all()
        query = self.with_context(active_test=True)._search(
            self._get_due_domain(date) & Domain("id", "not in", seen),
            order="next_date, id",
            limit=size,
        )
        self.env.cr.execute(
            SQL(
                "%s FOR NO KEY UPDATE OF facturex_subscription SKIP LOCKED",
                query.select(),
            )
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _open_run(self, company, date):
        due = self.search_count(
            self._get_due_domain(date) & Domain("company_id", "=", company.id)
        )
        return self.env["facturex.subscription.run"]._open(company, date, due)

    def _get_max_periods(self):
        return max(self.company_id[:1].facturex_subscription_max_periods, 1)

    def _get_due_documents(self, date):
        """{subscription: documents in the order of their dates}, all due periods."""
        periods = self.env["facturex.subscription.period"].search(
            [
                ("subscription_id", "in", self.ids),
                ("state", "=", "planned"),
                ("date_invoice", "<=", date),
            ],
            order="date_invoice, date_start, id",
        )
        return self._group_documents(periods, date)

    @api.model
    def _group_documents(self, periods, date):
        documents = defaultdict(list)
        for subscription, due in periods.grouped("subscription_id").items():
            if subscription.catch_up == "merged":
                # the day of one occurrence, today for several
                days = set(due.mapped("date_invoice"))
                day = days.pop() if len(days) == 1 else date
                documents[subscription].append(Document(subscription, day, due))
                continue
            for day, same_day in due.grouped("date_invoice").items():
                documents[subscription].append(Document(subscription, day, same_day))
        return documents

    def _bounded(self, documents, date):
        """(documents to bill now, why the subscription is put aside after them)

        A safety bound: wrong dates never become a flood of invoices.
        """
        words = documents[0].subscription._in_words().env
        if (date - documents[0].periods[0].date_invoice).days > OLDEST_DAYS:
            return [], words._(
                "The period of %(date)s is due since more than a year. Check the start,"
                " or fill in until when it was already billed.",
                date=format_date(words, documents[0].periods[0].date_invoice),
            )
        kept, count, bound = [], 0, self._get_max_periods()
        for document in documents:
            count += len(document.periods)
            if count > bound and kept:
                return kept, words._(
                    "%(bound)s periods were billed at once and more are due. Check the"
                    " dates, then bill again to go on.",
                    bound=bound,
                )
            kept.append(document)
        return kept, None

    # ------------------------------------------------------------------
    # Refusals and parking
    # ------------------------------------------------------------------

    def _get_refusal(self):
        """(reason in words, whether it needs a decision), or None: it can be billed."""
        self.ensure_one()
        days = [self.date_start, self.date_anchor or self.date_start]
        if any(not day or day.year < FIRST_YEAR for day in days):
            return self.env._("The start of the subscription is not plausible."), True
        try:
            for group in self._get_groups():
                next(schedule.occurrences(self._to_terms(group)), None)
        except (schedule.ScheduleError, ValueError) as error:
            if not isinstance(error, schedule.ScheduleError):
                error = schedule.ScheduleError(schedule.ERROR_COUNT)
            return self._get_schedule_refusal(error), True
        archived = [
            record.display_name
            for record in (
                self.journal_id,
                self.partner_invoice_id,
                *self.line_ids.product_id,
                *self.line_ids.tax_ids,
            )
            if "active" in record and record and not record.active
        ]
        if archived:
            return self.env._(
                "%s is archived: restore it, or choose another one.",
                ", ".join(archived),
            ), False
        return None

    def _in_words(self):
        """The same in the language of who reads its refusals."""
        self.ensure_one()
        return self.with_context(lang=self.user_id.lang or self.env.lang)

    def _park(self, reason, blocked=False):
        """Put aside with the reason and one activity; the others go on.

        :param blocked: a person has to decide; else the next day tries again
        """
        self.ensure_one()
        tomorrow = fields.Date.context_today(self) + timedelta(days=1)
        self.write(
            {
                "park_state": "blocked" if blocked else "retry",
                "park_reason": reason,
                "park_retry_date": False if blocked else tomorrow,
            }
        )
        if not self.activity_search([WARNING]):
            self.activity_schedule(
                WARNING,
                summary=self._in_words().env._("Subscription not billed"),
                note=reason,
                user_id=(self.user_id if self.user_id.active else self.env.user).id,
            )

    def _unpark(self):
        self.filtered("park_state").write(
            {"park_state": False, "park_reason": False, "park_retry_date": False}
        )

    # ------------------------------------------------------------------
    # Billing
    # ------------------------------------------------------------------

    def _bill_batch(self, run, date):
        """Bill locked subscriptions of one company; a failure parks its owner alone."""
        began = time.monotonic()
        late = self.filtered("park_state")
        late._unpark()
        for subscription in self:
            refusal = subscription._in_words()._get_refusal()
            if refusal:
                subscription._park(*refusal)
        healthy = self.filtered(lambda s: not s.park_state)
        healthy._plan_periods(until=date)
        healthy = healthy.filtered(lambda s: not s.park_state)
        documents, stops = [], {}
        for subscription, due in healthy._get_due_documents(date).items():
            kept, stop = subscription._bounded(due, date)
            documents += kept
            if stop:
                stops[subscription] = stop
        moves = self._bill_all_or_each(documents, run)
        for subscription, stop in stops.items():
            if not subscription.park_state:
                subscription._park(stop, blocked=True)
        parked = self.filtered("park_state")
        (late - parked).activity_unlink([WARNING])
        (self - parked)._continue_schedules()
        parked._refresh_next()
        run._add(moves, parked, time.monotonic() - began)

    def _bill_all_or_each(self, documents, run):
        """Together when that works, else one by one: it is told whose fault it is."""
        try:
            with self.env.cr.savepoint():
                return self._bill_documents(documents, run)
        except psycopg2.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, find out whose
            _logger.info("Subscriptions are billed one by one: %s", error)
        moves = self.env["account.move"]
        for document in documents:
            subscription = document.subscription
            if subscription.park_state:
                continue  # the periods after a failed one wait for it
            try:
                with self.env.cr.savepoint():
                    worded = subscription._in_words()
                    moves |= worded._bill_documents(
                        [replace(document, subscription=worded)], run
                    )
            except psycopg2.OperationalError:
                raise
            except (UserError, ValidationError) as error:
                subscription._park(str(error))
            except Exception as error:
                _logger.exception("Subscription %s cannot be billed", subscription.id)
                subscription._park(
                    subscription._in_words().env._("Unexpected error: %s", error)
                )
        return moves

    def _bill_documents(self, documents, run):
        """The invoices of `documents`: claim the periods, then create and post."""
        claimed = self._claim(documents, run)
        by_mode = defaultdict(list)
        nothing = self.env["facturex.subscription.period"]
        for document in documents:
            if not document.periods <= claimed:
                continue  # billed by another worker in the meantime
            vals = document.subscription._prepare_move_vals(document)
            if vals:
                by_mode[document.subscription.mode].append((document, vals))
            else:
                nothing |= document.periods
        nothing.write({"state": "skipped", "reason": "nothing"})
        moves = self.env["account.move"]
        for mode, pairs in by_mode.items():
            created = self.with_context(facturex_run_id=run.id)._create_moves(
                [vals for _document, vals in pairs], post=mode != "draft"
            )
            self._link_periods([document for document, _vals in pairs], created)
            if mode == "send":
                self._queue_sending(created)
            moves |= created
        return moves

    def _claim(self, documents, run):
        """The periods that are still planned and now ours."""
        Period = self.env["facturex.subscription.period"]
        ids = [id_ for document in documents for id_ in document.periods.ids]
        if not ids:
            return Period
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE facturex_subscription_period SET run_id = %(run)s
                 WHERE id IN %(ids)s AND state = 'planned'
             RETURNING id
                """,
                run=run.id,
                ids=tuple(ids),
            )
        )
        claimed = Period.browse(row[0] for row in self.env.cr.fetchall())
        claimed.invalidate_recordset(["run_id"])
        return claimed

    def _create_moves(self, vals_list, post=True):
        """Create and post invoices: the one place where the bulk service plugs in."""
        bulk = self.env.get("facturex.bulk.invoice")
        if bulk is not None:
            result = bulk._make_invoices(vals_list, post=post)
            # who reads the report knows why a run took longer
            run = self.env["facturex.subscription.run"].browse(
                self.env.context.get("facturex_run_id")
            )
            run._note(reason for _rank, reason in result.native)
            return result.moves
        moves = self.env["account.move"].create(vals_list)
        if post:
            moves.action_post()
        return moves

    def _link_periods(self, documents, moves):
        """Write the invoices on their periods in one statement."""
        rows = [
            (period_id, move.id)
            for document, move in zip(documents, moves, strict=True)
            for period_id in document.periods.ids
        ]
        if not rows:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE facturex_subscription_period period
                   SET state = 'billed', reason = NULL, move_id = pair.move_id,
                       write_date = now() AT TIME ZONE 'utc', write_uid = %(uid)s
                  FROM (VALUES %(rows)s) AS pair (period_id, move_id)
                 WHERE period.id = pair.period_id
                """,
                uid=self.env.uid,
                rows=SQL(", ").join(rows),
            )
        )
        self.env["facturex.subscription.period"].invalidate_model(
            ["state", "reason", "move_id", "amount_untaxed"]
        )
        moves.invalidate_recordset(["facturex_period_ids"])

    def _continue_schedules(self):
        """Plan further ahead where few occurrences are left; end what is over."""
        if not self:
            return
        today = fields.Date.context_today(self)
        tails = self._get_schedule_tails()
        short = self.filtered(
            lambda s: any(
                planned < HORIZON_LOW for _last, planned in tails[s.id].values()
            )
        )
        short._plan_periods()
        (self - short)._refresh_next()
        over = self.filtered(
            lambda s: (
                s.state == "running"
                and s.date_end
                and s.date_end < today
                and not s.next_date
            )
        )
        over._end_service()
