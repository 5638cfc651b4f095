"""The schedule: which periods are planned ahead, and what each of them bills."""

from collections import defaultdict
from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import schedule
from .facturex_subscription import HORIZON


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    # ------------------------------------------------------------------
    # The schedule
    # ------------------------------------------------------------------

    @api.model
    def _get_group_key(self, source):
        return f"{source.interval_unit}-{source.interval_count}"

    def _get_groups(self):
        """The rhythms of the lines, the subscription's own first."""
        self.ensure_one()
        own = self._get_group_key(self)
        keys = set(self.line_ids.mapped("line_group")) or {own}
        return sorted(keys, key=lambda key: (key != own, key))

    def _to_terms(self, group, begin=None):
        """The engine's terms of one rhythm, from `begin` when it goes on from there."""
        self.ensure_one()
        unit, _dash, count = group.partition("-")
        return schedule.Terms(
            anchor=self.date_anchor or self.date_start,
            unit=unit,
            count=int(count),
            date_start=max(begin or self.date_start, self.date_start),
            date_end=self.date_end or None,
            timing=self.bill_timing,
            # only the very first period can be free or at the full price
            first=schedule.FIRST_PRORATED if begin else self.first_period,
            prorate_last=self.prorate_last,
        )

    def _prepare_period(self, group, occurrence):
        vals = {
            "subscription_id": self.id,
            "company_id": self.company_id.id,
            "line_group": group,
            "date_start": occurrence.period[0],
            "date_end": occurrence.period[1],
            "cycle_start": occurrence.cycle[0],
            "cycle_end": occurrence.cycle[1],
            "date_invoice": occurrence.date_invoice,
            "state": "planned",
            "reason": False,
        }
        if occurrence.free:
            vals.update(state="skipped", reason="free")
        return vals

    def _get_schedule_tails(self):
        """{subscription id: {rhythm: (last day planned or settled, planned ones)}}"""
        tails = defaultdict(dict)
        for subscription, group, last, states in self.env[
            "facturex.subscription.period"
        ]._read_group(
            [("subscription_id", "in", self.ids), ("state", "!=", "void")],
            ["subscription_id", "line_group"],
            ["date_end:max", "state:array_agg"],
        ):
            tails[subscription.id][group] = last, states.count("planned")
        return tails

    def _plan_vals(self, until=None, limit=HORIZON, tails=None):
        """Values of the periods that are to be added to the schedules. Writes nothing.

        :param until: continue at least to the occurrences billed on this day
        :param limit: how many planned occurrences of each rhythm to end up with
        :param tails: `_get_schedule_tails` of a larger set, when it was read already
        """
        if tails is None:
            tails = self._get_schedule_tails()
        result = []
        for subscription in self:
            for group in subscription._get_groups():
                known = tails[subscription.id]
                last, planned = known.get(group) or (
                    subscription._get_settled_before(
                        {key: tail[0] for key, tail in known.items()}
                    ),
                    0,
                )
                result += subscription._plan_group(group, last, planned, until, limit)
        return result

    def _plan_group(self, group, last, planned, until, limit):
        begin = last + schedule.ONE_DAY if last else None
        if begin and self.date_end and begin > self.date_end:
            return []
        vals_list = []
        # bounded whatever the dates are: a schedule is continued, never flooded
        bound = self._get_max_periods() + 1 + limit
        occurrences = schedule.occurrences(
            self._to_terms(group, begin), after=self.date_billed_until or None
        )
        for occurrence in occurrences:
            late = until and occurrence.date_invoice <= until
            if planned >= bound or (planned >= limit and not late):
                break
            vals = self._prepare_period(group, occurrence)
            planned += vals["state"] == "planned"
            vals_list.append(vals)
        return vals_list

    def _plan_periods(self, until=None):
        """Continue the schedules; a rhythm that cannot be computed parks its owner."""
        vals_list, tails = [], self._get_schedule_tails()
        for subscription in self:
            try:
                vals_list += subscription._plan_vals(until, tails=tails)
            except schedule.ScheduleError as error:
                if subscription.state == "draft":
                    raise UserError(self._get_schedule_refusal(error)) from error
                worded = subscription._in_words()
                subscription._park(worded._get_schedule_refusal(error), blocked=True)
        self.env["facturex.subscription.period"].create(vals_list)
        self._refresh_next()

    def _replan(self):
        """Compute again what is not settled, from the day after what is.

        What was billed stays; so does what was skipped right after it. Rows changed
        by hand stay when the new schedule has the same period.
        """
        Period = self.env["facturex.subscription.period"]
        for subscription in self:
            kept, open_rows = subscription._split_settled()
            groups = subscription._get_groups()
            by_hand = {
                (row.line_group, row.date_start, row.date_end): row
                for row in open_rows
                if row.is_edited or (row.state == "skipped" and row.reason == "manual")
            }
            vals_list = []
            for group in groups:
                vals_list += subscription._plan_group(
                    group,
                    kept.get(group) or subscription._get_settled_before(kept),
                    0,
                    None,
                    HORIZON,
                )
            wanted = {
                (vals["line_group"], vals["date_start"], vals["date_end"])
                for vals in vals_list
            }
            staying = Period.union(*(by_hand[key] for key in by_hand if key in wanted))
            paused = {
                (row.date_start, row.date_end)
                for row in open_rows - staying
                if row.state == "skipped" and row.reason == "paused"
            }
            (open_rows - staying).unlink()
            Period.create(
                [
                    vals
                    for vals in vals_list
                    if (vals["line_group"], vals["date_start"], vals["date_end"])
                    not in by_hand
                ]
            )
            # days of a pause stay out, however the periods are cut now
            for begin, last in sorted(paused):
                subscription._skip_span(begin, last)
        self._refresh_next()

    def _get_settled_before(self, settled):
        """Where a new rhythm begins: after what the rhythm that it replaces settled.

        :param settled: {rhythm: last settled day}
        """
        gone = [day for key, day in settled.items() if key not in self._get_groups()]
        return max(gone or settled.values(), default=None)

    def _split_settled(self):
        """({rhythm: last settled day}, rows that may be computed again)"""
        self.ensure_one()
        kept, open_rows = {}, self.env["facturex.subscription.period"]
        rows = self.env["facturex.subscription.period"].search(
            [("subscription_id", "=", self.id), ("state", "!=", "void")],
            order="line_group, date_start",
        )
        for group, periods in rows.grouped("line_group").items():
            billed = [p.date_end for p in periods if p.state == "billed"]
            settled = max(billed) if billed else None
            for period in periods:
                if settled and period.date_start <= settled:
                    continue
                # what was skipped right after is settled as well, but for a free
                # first period, which depends on the terms
                follows = settled and period.date_start == settled + schedule.ONE_DAY
                if period.state == "skipped" and period.reason != "free" and follows:
                    settled = period.date_end
                else:
                    open_rows |= period
            if settled:
                kept[group] = settled
        return kept, open_rows

    def _get_schedule_refusal(self, error):
        return {
            schedule.ERROR_UNIT: self.env._(
                "The rhythm is unknown: choose days, weeks, months, quarters or years."
            ),
            schedule.ERROR_COUNT: self.env._(
                "The rhythm is not possible: repeat every 1 unit or more."
            ),
            schedule.ERROR_DATES: self.env._("The end lies before the start."),
        }.get(error.code, self.env._("The dates of the schedule are not possible."))

    def _refresh_next(self):
        """Write the next dates from the planned periods, one statement for all."""
        if not self.ids:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE facturex_subscription subscription
                   SET next_period_start = ahead.period_start,
                       next_date = ahead.date_invoice
                  FROM (SELECT s.id, MIN(p.date_start) AS period_start,
                               MIN(p.date_invoice) AS date_invoice
                          FROM facturex_subscription s
                     LEFT JOIN facturex_subscription_period p
                            ON p.subscription_id = s.id AND p.state = 'planned'
                         WHERE s.id IN %(ids)s
                      GROUP BY s.id) ahead
                 WHERE subscription.id = ahead.id
                   AND (subscription.next_period_start, subscription.next_date)
                       IS DISTINCT FROM (ahead.period_start, ahead.date_invoice)
                """,
                ids=tuple(self.ids),
            )
        )
        self.invalidate_recordset(["next_period_start", "next_date"])

    # ------------------------------------------------------------------
    # What a period bills
    # ------------------------------------------------------------------

    def _get_charges(self, period):
        """(line, part, quantity, price, discount) of what a period bills.

        An amount agreed for this period alone is spread over the lines along their
        own amounts, to the cent.
        """
        self.ensure_one()
        charges = []
        for line in self.line_ids:
            if line.line_group != period.line_group:
                continue
            charge = line._prepare_charge(period)
            if charge:
                charges.append((line, *charge))
        if not charges or not period.has_manual_amount:
            return charges
        weights = [
            abs(Decimal(str(quantity * price * (1 - discount / 100))))
            for _line, _part, quantity, price, discount in charges
        ]
        parts = schedule.spread(
            Decimal(str(period.manual_amount)),
            weights,
            digits=self.currency_id.decimal_places,
        )
        return [
            (line, part, 1.0, float(amount), 0.0)
            for (line, part, *_price), amount in zip(charges, parts, strict=True)
        ]
