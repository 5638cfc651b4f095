"""What a subscription offers to be changed by, and the history of its value."""

from odoo import api, fields, models
from odoo.fields import Command

from ..engine import schedule

# an outage of this length is made good
VALUE_DAYS = 40


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    change_ids = fields.One2many("facturex.subscription.change", "subscription_id")
    date_paused = fields.Date(string="Paused from", readonly=True, copy=False)

    def _get_mrr(self, day=None):
        """Monthly value of what is served on a day; nothing unless it runs.

        :param day: default today, or the start when that is still to come
        """
        self.ensure_one()
        day = day or max(fields.Date.context_today(self), self.date_start)
        if self.state != "running" or (self.date_end and self.date_end < day):
            return 0.0
        return sum(line._get_mrr() for line in self.line_ids if line._is_served(day))

    def _get_recorded_mrr(self, day=None):
        """{subscription id: what its movements add up to, until a day}"""
        domain = [("subscription_id", "in", self.ids), ("state", "=", "done")]
        if day:
            domain.append(("date", "<=", day))
        return {
            subscription.id: total or 0.0
            for subscription, total in self.env[
                "facturex.subscription.change"
            ]._read_group(domain, ["subscription_id"], ["mrr_delta:sum"])
        }

    def _get_last_stop(self):
        self.ensure_one()
        stops = self.change_ids.filtered(
            lambda change: change.kind == "stop" and change.state == "done"
        )
        return stops.sorted("id")[-1:]

    def _get_next_unbilled(self):
        """First day of the next whole period that is not billed yet."""
        self.ensure_one()
        ahead = self.period_ids.filtered(lambda p: p.state == "planned")
        return min(ahead.mapped("date_start"), default=False)

    def _skip_span(self, begin, last):
        """Take days out of the planned periods: they are skipped as paused.

        A period that the days only touch is split; what remains is billed by its days.
        """
        planned = self.period_ids.filtered(
            lambda p: p.state == "planned" and p.date_start <= last
        )
        for period in planned.sorted("date_start"):
            days = period.date_start, period.date_end
            shared = schedule.overlap(days, (begin, last))
            if not shared:
                continue
            first, *others = [
                (span, vals)
                for span, vals in (
                    ((days[0], shared[0] - schedule.ONE_DAY), {}),
                    (shared, {"state": "skipped", "reason": "paused"}),
                    ((shared[1] + schedule.ONE_DAY, days[1]), {}),
                )
                if span[0] <= span[1]
            ]
            copies = [
                {
                    "date_start": span[0],
                    "date_end": span[1],
                    "date_invoice": max(period.date_invoice, span[0]),
                    **vals,
                }
                for span, vals in others
            ]
            period.write({"date_end": first[0][1], **first[1]})
            for vals in copies:
                period.copy({"state": "planned", "reason": False, **vals})

    def action_facturex_change(self):
        """A new change with the present lines, to be looked at before it is applied."""
        self.ensure_one()
        self.check_access("write")
        kind = {"paused": "resume", "stopped": "restart"}.get(self.state, "lines")
        self.change_ids.filtered(
            lambda change: (
                change.state == "draft" and change.create_uid == self.env.user
            )
        ).unlink()  # looked at and left
        change = self.env["facturex.subscription.change"].create(
            {
                "subscription_id": self.id,
                "kind": self.env.context.get("facturex_kind") or kind,
                "line_ids": [
                    Command.create({"line_id": line.id})
                    for line in self.line_ids
                    if not line.date_to
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": change._name,
            "view_mode": "form",
            "res_id": change.id,
        }

    def action_facturex_stop(self):
        """The same for a stop: what is credited is seen before it happens."""
        return self.with_context(facturex_kind="stop").action_facturex_change()

    def _note_movement(self, kind, movements):
        """History of what did not go through a change: a start, an end by itself.

        :param movements: {subscription: (day, value before, value after)}
        """
        for subscription, (day, before, after) in movements.items():
            change = self.env["facturex.subscription.change"].create(
                {
                    "subscription_id": subscription.id,
                    "kind": kind,
                    "state": "done",
                    "date": day,
                    "when": "date",
                }
            )
            change._record_movement(before, after)

    def action_confirm(self):
        result = super().action_confirm()
        self._note_movement(
            "start", {s: (s._get_first_day(), 0.0, s._get_mrr()) for s in self}
        )
        return result

    def _get_first_day(self):
        """Since when it is worth something to us: one taken over, since its start."""
        self.ensure_one()
        if self.date_billed_until:
            return self.date_start
        return max(fields.Date.context_today(self), self.date_start)

    def action_stop(self, date=None):
        """End the service; what was billed beyond its last day is credited.

        :param date: last day of the service, default today
        """
        self.check_access("write")
        last = fields.Date.to_date(date) or fields.Date.context_today(self)
        self.env["facturex.subscription.change"].create(
            [
                {
                    "subscription_id": subscription.id,
                    "kind": "stop",
                    "when": "date",
                    "date": max(last, subscription.date_start),
                }
                for subscription in self
            ]
        ).action_apply()

    def _end_service(self):
        """The last day has passed: stopped, and nothing of its value is left."""
        self._note_end()
        self.write({"state": "stopped", "date_paused": False})

    def _note_end(self):
        """Worth nothing any more since their last day, whether or not all is billed."""
        recorded = self._get_recorded_mrr()
        self._note_movement(
            "stop",
            {
                subscription: (subscription.date_end, value, 0.0)
                for subscription in self
                if (value := recorded.get(subscription.id))
            },
        )

    # -- every day ---------------------------------------------------------------------

    def _refresh_value(self, today):
        """Lines that began or ended by themselves since some days: their value.

        :param today: the day of the company
        """
        since = fields.Date.subtract(today, days=VALUE_DAYS)
        lines = self.env["facturex.subscription.line"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("subscription_id.state", "=", "running"),
                "|",
                "&",
                ("date_from", "<=", today),
                ("date_from", ">", since),
                "&",
                ("date_to", "<", today),
                ("date_to", ">=", since),
            ]
        )
        self.env.add_to_compute(lines._fields["amount_mrr"], lines)
        self.env.add_to_compute(lines._fields["price_subtotal"], lines)
        subscriptions = lines.subscription_id
        for name in ("amount_mrr", "amount_untaxed"):
            self.env.add_to_compute(subscriptions._fields[name], subscriptions)
        subscriptions._note_value(today)

    def _note_value(self, today):
        """A movement for each whose value is not what its movements add up to.

        :param today: the day of the company; a later start counts from itself
        """
        moved = {}
        for day, same in self.grouped(lambda s: max(s.date_start, today)).items():
            recorded = same._get_recorded_mrr(day)
            for subscription in same:
                before = recorded.get(subscription.id, 0.0)
                after = subscription._get_mrr(day)
                if subscription.currency_id.compare_amounts(before, after):
                    moved[subscription] = (day, before, after)
        self._note_movement("lines", moved)

    def _end_what_is_over(self, today):
        """Running or paused ones whose last day has passed.

        Those that owe an invoice still run until it is made; their value ends with the
        service all the same.
        """
        past = self.search(
            [
                ("company_id", "=", self.env.company.id),
                ("state", "in", ("running", "paused")),
                ("date_end", "<", today),
            ]
        )
        owing = past.filtered(lambda s: s.state == "running" and s.next_date)
        owing._note_end()
        over = past - owing
        for subscription in over.filtered(lambda s: s.state == "paused"):
            subscription._skip_span(
                subscription.date_paused or subscription.date_end,
                subscription.date_end,
            )
        over._end_service()
        over._refresh_next()

    @api.model
    def _cron_daily(self):
        """What a day changes by itself, company by company."""
        companies = self._read_group(
            [("state", "in", ("running", "paused"))], ["company_id"]
        )
        for (company,) in companies:
            own = self.with_company(company).with_context(
                allowed_company_ids=company.ids,
                tz=company.partner_id.tz or self.env.user.tz or "Europe/Brussels",
            )
            own._run_daily(fields.Date.context_today(own))
            if self.env.context.get("cron_id"):
                self.env["ir.cron"]._commit_progress(1)

    def _run_daily(self, today):
        self._end_what_is_over(today)
        self._refresh_value(today)
