"""Three years of billing in a few minutes: seeded, with faults, checked as it goes.

A failing seed is played again with FACTUREX_SEEDS="7" ; FACTUREX_SEEDS="1-20" plays
twenty, FACTUREX_MONTHS shortens the time.
"""

import os
import random
from datetime import date, timedelta
from itertools import pairwise
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.facturex_billing.tests.common import FacturexCommon

MONTHS = int(os.environ.get("FACTUREX_MONTHS", "36"))
FAULTS = 0.05
BEGIN = date(2026, 1, 1)
BILLING = "odoo.addons.facturex_billing.models.facturex_subscription_billing"


def seeds():
    first, _dash, last = os.environ.get("FACTUREX_SEEDS", "1").partition("-")
    return range(int(first), int(last or first) + 1)


@tagged("post_install", "-at_install")
class TestYears(FacturexCommon):
    today = BEGIN.isoformat()

    def _subscription(self, dice):
        start = BEGIN + timedelta(days=dice.randrange(40))
        subscription = self.env["facturex.subscription"].create(
            {
                "partner_id": self.customer.id,
                "date_start": start,
                "date_anchor": start + timedelta(days=dice.choice([0, 0, 0, 7, 25])),
                "interval_unit": dice.choice(["month", "month", "quarter", "year"]),
                "interval_count": dice.choice([1, 1, 2]),
                "bill_timing": dice.choice(["advance", "arrears"]),
                "first_period": dice.choice(["prorated", "free", "full"]),
                "catch_up": dice.choice(["own", "own", "merged"]),
                "mode": "draft",
                "line_ids": [
                    Command.create(
                        {
                            "name": f"Line {index}",
                            "price_unit": dice.randrange(100, 20000) / 100,
                            "quantity": dice.choice([1, 2, 3.5]),
                            "tax_ids": [Command.clear()],
                            "own_interval": index == 1,
                            "interval_unit": "year",
                        }
                    )
                    for index in range(dice.choice([1, 1, 2]))
                ],
            }
        )
        subscription.action_confirm()
        return subscription

    def _act(self, dice, subscription):
        """Somebody does something with a subscription."""
        planned = subscription.period_ids.filtered(lambda p: p.state == "planned")
        if subscription.state != "running" or not planned:
            return
        period = planned.sorted("date_start")[dice.randrange(min(4, len(planned)))]
        act = dice.choice(
            ["skip", "move", "amount", "stop", "rhythm", "anchor"]
            + ["price", "price", "pause", "next"]
        )
        if act == "skip":
            period.action_skip()
        elif act == "move":
            period.date_invoice += timedelta(days=dice.randrange(-3, 12))
        elif act == "amount":
            period.write({"has_manual_amount": True, "manual_amount": 12.34})
        elif act == "stop":
            subscription.action_stop()
        elif act in ("price", "next"):
            self._change(
                dice, subscription, "lines", when="now" if act == "price" else "next"
            )
        elif act == "pause":
            self._change(dice, subscription, "pause")
        elif act == "rhythm":
            subscription.interval_unit = dice.choice(["month", "quarter"])
        else:
            subscription.date_anchor = subscription.date_anchor + timedelta(days=3)

    def _change(self, dice, subscription, kind, **vals):
        """Through the change that a person would make; what refuses says so."""
        lines = subscription.line_ids.filtered(lambda line: not line.date_to)
        change = self.env["facturex.subscription.change"].create(
            {
                "subscription_id": subscription.id,
                "kind": kind,
                "line_ids": [
                    Command.create(
                        {
                            "line_id": line.id,
                            "price_unit": dice.randrange(100, 20000) / 100,
                        }
                    )
                    for line in lines
                    if kind == "lines"
                ],
                **vals,
            }
        )
        try:
            with self.env.cr.savepoint():
                change.action_apply()
        except UserError:
            change.unlink()

    def _check_value(self, subscriptions):
        """The movements of monthly value add up to what is served."""
        today = Date.context_today(subscriptions)
        recorded = subscriptions._get_recorded_mrr(today)
        for subscription in subscriptions:
            self.assertAlmostEqual(
                recorded.get(subscription.id, 0.0),
                subscription._get_mrr(today) if subscription.date_start <= today else 0,
                2,
                (subscription.name, today),
            )

    def _check(self, subscriptions, day):
        """One period, one invoice or one reason; no day twice or never."""
        self.env.invalidate_all()
        self._check_value(subscriptions)
        Period = self.env["facturex.subscription.period"]
        for subscription in subscriptions:
            rows = Period.search(
                [("subscription_id", "=", subscription.id)], order="date_start"
            )
            for group, periods in rows.grouped("line_group").items():
                for before, after in pairwise(periods):
                    gap = (after.date_start - before.date_end).days
                    self.assertEqual(gap, 1, (subscription.name, group, day))
            for period in rows:
                if period.state == "billed":
                    self.assertTrue(period.move_id)
                elif period.state == "skipped":
                    self.assertTrue(period.reason)
                else:
                    self.assertFalse(period.move_id)
            billed = rows.filtered("move_id")
            # charged and credited by changes: their own documents, once each
            changed = subscription.change_ids.move_id
            moves = self.env["account.move"].search(
                [
                    ("facturex_subscription_id", "=", subscription.id),
                    ("id", "not in", changed.ids),
                ]
            )
            self.assertEqual(moves, billed.move_id & moves)
            self.assertAlmostEqual(
                sum(moves.mapped("amount_untaxed")),
                sum(billed.mapped("amount_untaxed")),
                2,
            )

    def _check_nothing_late(self, subscriptions, day):
        """After a run only what is put aside waits longer than the retries last."""
        for subscription in subscriptions.filtered(lambda sub: not sub.park_state):
            late = subscription.period_ids.filtered(
                lambda p, day=day: p.state == "planned" and p.date_invoice < day
            )
            for period in late:
                self.assertLessEqual((day - period.date_invoice).days, 95)

    def _faulty(self, dice):
        """`_create_moves` that fails now and then, as a third add-on could."""
        Model = type(self.env["facturex.subscription"])
        create = Model._create_moves

        def create_or_fail(this, vals_list, post=True):
            if dice.random() < FAULTS:
                raise dice.choice([UserError("injected"), KeyError("injected")])
            return create(this, vals_list, post=post)

        return patch.object(Model, "_create_moves", create_or_fail)

    @mute_logger(BILLING)
    def test_years(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                self._play(random.Random(seed))

    def _play(self, dice):
        subscriptions = self.env["facturex.subscription"].union(
            *(self._subscription(dice) for _index in range(6))
        )
        day, end = BEGIN, BEGIN + timedelta(days=round(MONTHS * 30.44))
        with self._faulty(dice):
            while day < end:
                # every few days, now and then after an outage of weeks
                outage = dice.random() < FAULTS
                day += timedelta(days=dice.randrange(20, 80) if outage else 4)
                with freeze_time(day):
                    subscriptions._run_daily(day)
                    for paused in subscriptions.filtered(lambda s: s.state == "paused"):
                        self._change(dice, paused, "resume")
                    subscriptions._run_due()
                    self._check(subscriptions, day)
                    self._check_nothing_late(subscriptions, day)
                    if dice.random() < 2 * FAULTS:
                        # a new anchor may make a past stub due: billed at the next run
                        self._act(dice, dice.choice(list(subscriptions)))
                        self._check(subscriptions, day)
        # the faults are over: what is due is billed, and nothing is left
        # the last outage may have lasted beyond the end
        last = max(day, end) + timedelta(days=2)
        with freeze_time(last):
            subscriptions._run_daily(last)
            for _try in range(5):
                subscriptions._unpark()
                subscriptions._run_due()
            self._check(subscriptions, last)
            self.assertFalse(
                subscriptions.filtered(
                    lambda s: s.next_date and s.next_date <= end
                ).filtered(lambda s: "year" not in (s.park_reason or ""))
            )
