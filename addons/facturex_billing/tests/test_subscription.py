from datetime import date
from itertools import pairwise
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import FacturexCommon


def d(text):
    return date.fromisoformat(text)


class SubscriptionCommon(FacturexCommon):
    today = "2026-03-16"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {"name": "Maintenance", "lst_price": 100.0, "type": "service"}
        )

    @classmethod
    def _subscription(cls, price=100.0, confirm=True, lines=None, **vals):
        """A monthly subscription of one untaxed line from 16 March 2026."""
        subscription = cls.env["facturex.subscription"].create(
            {
                "partner_id": cls.customer.id,
                "date_start": "2026-03-16",
                "mode": "post",
                "line_ids": [
                    fields.Command.create(
                        {
                            "name": "Maintenance",
                            "price_unit": price,
                            "tax_ids": [fields.Command.clear()],
                            **line,
                        }
                    )
                    for line in (lines or [{}])
                ],
                **vals,
            }
        )
        if confirm:
            subscription.action_confirm()
        return subscription

    @classmethod
    def _moves(cls, subscription):
        return cls.env["account.move"].search(
            [("facturex_subscription_id", "in", subscription.ids)],
            order="invoice_date, id",
        )

    def _planned(self, subscription):
        return subscription.period_ids.filtered(lambda p: p.state == "planned")


@tagged("post_install", "-at_install")
class TestSchedule(SubscriptionCommon):
    def test_month_ends(self):
        subscription = self._subscription(date_start="2026-01-31")
        self.assertEqual(
            [period.date_start for period in subscription.preview_ids][:4],
            [d("2026-01-31"), d("2026-02-28"), d("2026-03-31"), d("2026-04-30")],
        )
        self.assertEqual(len(subscription.preview_ids), 12)
        self.assertRecordValues(
            subscription,
            [{"next_date": d("2026-01-31"), "next_period_start": d("2026-01-31")}],
        )

    def test_broken_first_period(self):
        subscription = self._subscription(
            price=30.0, date_start="2026-02-16", date_anchor="2026-02-01"
        )
        self.assertRecordValues(
            subscription.preview_ids[:2],
            [
                {
                    "date_start": d("2026-02-16"),
                    "date_end": d("2026-02-28"),
                    "amount_untaxed": 13.93,
                },
                {
                    "date_start": d("2026-03-01"),
                    "date_end": d("2026-03-31"),
                    "amount_untaxed": 30.0,
                },
            ],
        )

    def test_free_first_period(self):
        subscription = self._subscription(
            date_start="2026-03-16", date_anchor="2026-04-01", first_period="free"
        )
        first = subscription.period_ids.sorted("date_start")[0]
        self.assertRecordValues(first, [{"state": "skipped", "reason": "free"}])
        self.assertEqual(subscription.next_date, d("2026-04-01"))

    def test_arrears(self):
        subscription = self._subscription(bill_timing="arrears")
        self.assertRecordValues(
            subscription,
            [{"next_date": d("2026-04-16"), "next_period_start": d("2026-03-16")}],
        )

    def test_billed_elsewhere(self):
        subscription = self._subscription(
            date_start="2020-01-01", date_billed_until="2026-03-01"
        )
        self.assertEqual(subscription.next_date, d("2026-04-01"))
        self.assertEqual(len(subscription.period_ids), 12)

    def test_own_rhythm_of_a_line(self):
        subscription = self._subscription(
            lines=[
                {"price_unit": 10.0},
                {
                    "price_unit": 120.0,
                    "own_interval": True,
                    "interval_unit": "year",
                    "interval_count": 1,
                },
            ]
        )
        self.assertRecordValues(
            subscription, [{"amount_untaxed": 10.0, "amount_mrr": 20.0}]
        )
        groups = subscription.period_ids.grouped("line_group")
        self.assertEqual({"month-1", "year-1"}, set(groups))
        # both fall on the same day: one invoice
        subscription._run_due()
        moves = self._moves(subscription)
        self.assertEqual(moves.mapped("amount_total"), [130.0])

    def test_change_of_rhythm_begins_after_what_was_billed(self):
        subscription = self._subscription(date_start="2026-03-01")
        subscription._run_due()
        subscription.interval_unit = "quarter"
        billed = subscription.period_ids.filtered(lambda p: p.state == "billed")
        following = self._planned(subscription).sorted("date_start")
        self.assertEqual(billed.date_end, d("2026-03-31"))
        self.assertEqual(following[0].date_start, d("2026-04-01"))
        self.assertEqual(following[0].date_end, d("2026-05-31"))
        self.assertEqual(following[0].amount_untaxed, 66.3)  # 61 of 92 days

    def test_one_occurrence_without_the_others(self):
        subscription = self._subscription()
        first, second, third = subscription.preview_ids[:3]
        first.date_invoice = "2026-03-20"
        second.action_skip()
        third.write({"has_manual_amount": True, "manual_amount": 80.0})
        # a new end date leaves them as they are
        subscription.date_end = "2026-08-31"
        self.assertEqual(first.date_invoice, d("2026-03-20"))
        self.assertRecordValues(
            subscription.period_ids.sorted("date_start")[:4],
            [
                {"state": "planned", "amount_untaxed": 100.0},
                {"state": "skipped", "amount_untaxed": 0.0},
                {"state": "planned", "amount_untaxed": 80.0},
                {"state": "planned", "amount_untaxed": 100.0},
            ],
        )
        second.action_plan()
        self.assertEqual(second.amount_untaxed, 100.0)
        with self.assertRaises(UserError):
            second.action_plan()

    def test_contiguous(self):
        subscription = self._subscription(date_start="2026-01-31")
        subscription._run_due(d("2026-03-16"))
        subscription.date_anchor = "2026-04-15"
        periods = subscription.period_ids.sorted("date_start")
        for before, after in pairwise(periods):
            self.assertEqual((after.date_start - before.date_end).days, 1)

    def test_duplicate(self):
        subscription = self._subscription(date_start="2026-01-31")
        subscription._run_due()
        action = subscription.action_duplicate()
        copy = self.env["facturex.subscription"].browse(action["res_id"])
        self.assertRecordValues(
            copy,
            [
                {
                    "state": "draft",
                    "date_start": d("2026-03-16"),
                    "date_anchor": d("2026-03-16"),
                    "amount_untaxed": 100.0,
                }
            ],
        )
        self.assertFalse(copy.period_ids.move_id)
        self.assertNotEqual(copy.name, subscription.name)

    def test_stop(self):
        subscription = self._subscription(date_start="2026-03-01")
        subscription._run_due()
        subscription.action_stop()
        self.assertRecordValues(
            subscription,
            [{"state": "stopped", "date_end": d("2026-03-16"), "next_date": False}],
        )
        with self.assertRaises(UserError):
            subscription.action_stop()

    def test_stop_in_arrears_bills_the_days_served(self):
        subscription = self._subscription(
            price=31.0, date_start="2026-03-01", bill_timing="arrears"
        )
        subscription.action_stop("2026-03-10")
        subscription._run_due()
        self.assertEqual(self._moves(subscription).mapped("amount_total"), [10.0])

    def test_stop_later(self):
        subscription = self._subscription()
        subscription.action_stop("2026-05-15")
        self.assertEqual(subscription.state, "running")
        self.assertEqual(len(self._planned(subscription)), 2)
        subscription._run_due("2026-04-16")
        with freeze_time("2026-05-16"):
            subscription._continue_schedules()
        self.assertEqual(subscription.state, "stopped")

    def test_refusals(self):
        empty = self.env["facturex.subscription"].create(
            {"partner_id": self.customer.id}
        )
        with self.assertRaisesRegex(UserError, "at least one line"):
            empty.action_confirm()
        subscription = self._subscription()
        with self.assertRaisesRegex(UserError, "confirmed already"):
            subscription.action_confirm()
        with self.assertRaisesRegex(UserError, "never|deleted"):
            subscription.unlink()
        with self.assertRaisesRegex(UserError, "before 1990"):
            self._subscription(date_start="1970-01-01")
        empty.unlink()

    def test_form(self):
        """The fields follow product, customer and plan, as a plain user."""
        plan = self.env.ref("facturex_billing.plan_quarterly")
        form = Form(self.env["facturex.subscription"].with_user(self.user))
        form.partner_id = self.customer
        form.plan_id = plan
        with form.line_ids.new() as line:
            line.product_id = self.product
            self.assertEqual(line.price_unit, 100.0)
        subscription = form.save()
        self.assertRecordValues(
            subscription,
            [
                {
                    "interval_unit": "quarter",
                    "partner_invoice_id": self.customer.id,
                    "amount_mrr": 33.33,
                    "mode": "send",
                }
            ],
        )
        self.assertEqual(subscription.journal_id.type, "sale")
        self.assertEqual(len(subscription.preview_ids), 12)
        with Form(subscription) as form, form.preview_ids.edit(0) as period:
            period.note = "Special"
        self.assertTrue(subscription.preview_ids[0].is_edited)


@tagged("post_install", "-at_install")
class TestBilling(SubscriptionCommon):
    def test_own_dates(self):
        """An outage of two months: each period once, with its own days and date."""
        subscription = self._subscription(date_start="2026-01-15", mode="post")
        runs = self.env["facturex.subscription"]._run_due()
        moves = self._moves(subscription)
        self.assertRecordValues(
            moves,
            [
                {"invoice_date": d(day), "state": "posted", "amount_total": 100.0}
                for day in ("2026-01-15", "2026-02-15", "2026-03-15")
            ],
        )
        self.assertRecordValues(
            moves.invoice_line_ids.sorted("facturex_date_start"),
            [
                {"facturex_date_start": d(begin), "facturex_date_end": d(end)}
                for begin, end in (
                    ("2026-01-15", "2026-02-14"),
                    ("2026-02-15", "2026-03-14"),
                    ("2026-03-15", "2026-04-14"),
                )
            ],
        )
        self.assertRecordValues(
            runs,
            [
                {
                    "billed_count": 3,
                    "parked_count": 0,
                    "amount_untaxed": 300.0,
                    "state": "done",
                    "due_count": 1,
                }
            ],
        )
        self.assertEqual(subscription.next_date, d("2026-04-15"))
        self.assertFalse(self.env["facturex.subscription"]._run_due())
        self.assertEqual(len(self._moves(subscription)), 3)

    def test_merged(self):
        subscription = self._subscription(date_start="2026-01-15", catch_up="merged")
        subscription._run_due()
        move = self._moves(subscription)
        self.assertRecordValues(
            move, [{"invoice_date": d("2026-03-16"), "amount_total": 300.0}]
        )
        self.assertEqual(len(move.invoice_line_ids), 3)
        self.assertEqual(
            subscription.period_ids.filtered("move_id").mapped("amount_untaxed"),
            [100.0] * 3,
        )

    def test_drafts(self):
        subscription = self._subscription(mode="draft")
        subscription._run_due()
        move = self._moves(subscription)
        self.assertEqual(move.state, "draft")
        # a deleted draft leaves a reason, and is not made again behind one's back
        period = move.facturex_period_ids
        move.with_user(self.user).unlink()
        self.assertRecordValues(period, [{"state": "skipped", "reason": "deleted"}])
        subscription._run_due()
        self.assertFalse(self._moves(subscription))
        period.action_plan()
        subscription._run_due()
        self.assertEqual(len(self._moves(subscription)), 1)

    def test_sent_by_the_queue(self):
        subscription = self._subscription(mode="send")
        subscription._run_due()
        move = self._moves(subscription)
        self.assertEqual(move.state, "posted")
        self.assertEqual(move.sending_data["author_user_id"], subscription.user_id.id)
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("account.ir_cron_account_move_send").id)]
        )
        self.assertTrue(trigger)

    def test_words(self):
        subscription = self._subscription(
            lines=[
                {"name": "Rent {month}"},
                {"name": "Care", "quantity": 2.0, "discount": 50.0},
            ],
        )
        subscription.preview_ids[0].note = "Thank you"
        subscription._run_due()
        lines = self._moves(subscription).invoice_line_ids
        self.assertEqual(lines[0].name, "Rent March 2026\nThank you")
        self.assertEqual(
            lines[1].name,
            "Care\nPeriod from 03/16/2026 to 04/15/2026\nThank you",
        )
        self.assertEqual(lines[1].price_subtotal, 100.0)

    def test_hostile_words(self):
        subscription = self._subscription(
            lines=[{"name": "{start.__class__} {{7*7}} <script>{year}"}]
        )
        subscription._run_due()
        self.assertEqual(
            self._moves(subscription).invoice_line_ids.name,
            "{start.__class__} {{7*7}} <script>2026",
        )

    def test_poison_stops_nobody(self):
        subscriptions = [self._subscription() for _index in range(5)]
        poison = subscriptions[0] | subscriptions[2] | subscriptions[4]
        # a line without income account cannot be posted
        for subscription in poison:
            subscription.journal_id = subscription.journal_id.copy()
            subscription.journal_id.active = False
        run = self.env["facturex.subscription"]._run_due()
        self.assertRecordValues(run, [{"billed_count": 2, "parked_count": 3}])
        self.assertEqual(set(run.line_ids.mapped("subscription_id")), set(poison))
        for subscription in poison:
            self.assertIn("archived", subscription.park_reason)
            self.assertEqual(len(subscription.activity_ids), 1)
        # not again today; tomorrow, and without a second activity
        self.assertFalse(self.env["facturex.subscription"]._run_due())
        with freeze_time("2026-03-17"):
            run = self.env["facturex.subscription"]._run_due()
            self.assertEqual(run.parked_count, 3)
            self.assertEqual(len(poison[0].activity_ids), 1)
        # repaired: billed, and the activity goes
        poison.journal_id.active = True
        with freeze_time("2026-03-18"):
            self.env["facturex.subscription"]._run_due()
        self.assertFalse(poison.filtered("park_state"))
        self.assertFalse(poison.activity_ids)
        self.assertEqual(len(self._moves(poison)), 3)

    @mute_logger("odoo.addons.facturex_billing.models.facturex_subscription_billing")
    def test_unexpected_error_is_one_subscription_s(self):
        subscriptions = [self._subscription() for _index in range(3)]
        broken = subscriptions[1]
        Model = type(self.env["facturex.subscription"])
        prepare = Model._prepare_move_vals

        def explode(this, document):
            if document.subscription == broken:
                raise KeyError("third party")
            return prepare(this, document)

        with patch.object(Model, "_prepare_move_vals", explode):
            run = self.env["facturex.subscription"]._run_due()
        self.assertRecordValues(run, [{"billed_count": 2, "parked_count": 1}])
        self.assertIn("third party", broken.park_reason)
        self.assertEqual(self._planned(broken)[0].date_start, d("2026-03-16"))
        self.assertFalse(self._planned(broken).run_id)

    def test_refusal_in_the_language_of_the_responsible(self):
        subscription = self._subscription()
        self.user.lang = "fr_FR"
        subscription.user_id = self.user
        subscription.journal_id = subscription.journal_id.copy()
        subscription.journal_id.active = False
        subscription._run_due()
        self.assertIn("est archivé", subscription.park_reason)

    def test_locked_books(self):
        subscription = self._subscription(date_start="2026-02-01")
        self.company.hard_lock_date = "2026-02-28"
        subscription._run_due()
        self.assertIn("locked", subscription.park_reason)
        self.assertFalse(self._moves(subscription))
        subscription.preview_ids[0].date_invoice = "2026-03-01"
        subscription.action_bill_now()
        # both are of the same day now: one invoice
        self.assertEqual(self._moves(subscription).mapped("amount_total"), [200.0])

    def test_bound(self):
        """Daily since six weeks: twelve periods, then a person looks."""
        subscription = self._subscription(
            date_start="2026-02-01", interval_unit="day", interval_count=1
        )
        subscription._run_due()
        self.assertEqual(len(self._moves(subscription)), 12)
        self.assertEqual(subscription.park_state, "blocked")
        self.assertEqual(len(subscription.activity_ids), 1)
        self.env["facturex.subscription"]._run_due()
        self.assertEqual(len(self._moves(subscription)), 12)
        subscription.action_bill_now()
        self.assertEqual(len(self._moves(subscription)), 24)

    def test_corrupt_data(self):
        healthy = self._subscription()
        zero, old, reversed_ = (self._subscription() for _index in range(3))
        self.env.flush_all()
        self.env.cr.execute(
            "ALTER TABLE facturex_subscription"
            " DROP CONSTRAINT facturex_subscription_check_interval,"
            " DROP CONSTRAINT facturex_subscription_check_dates"
        )
        for record, column, value in (
            (zero, "interval_count", 0),
            (old, "date_start", "1970-01-01"),
            (reversed_, "date_end", "2020-01-01"),
        ):
            self.env.cr.execute(
                f"UPDATE facturex_subscription SET {column} = %s WHERE id = %s",
                [value, record.id],
            )
        self.env.cr.execute(
            "UPDATE facturex_subscription_line SET line_group = 'month-0'"
            " WHERE subscription_id = %s",
            [zero.id],
        )
        self.env.invalidate_all()
        run = self.env["facturex.subscription"]._run_due()
        self.assertRecordValues(run, [{"billed_count": 1, "parked_count": 3}])
        self.assertEqual(len(self._moves(healthy)), 1)
        for subscription in zero | old | reversed_:
            self.assertEqual(subscription.park_state, "blocked")
            self.assertFalse(self._moves(subscription))

    def test_too_old(self):
        subscription = self._subscription(date_start="2024-01-01")
        subscription._run_due()
        self.assertFalse(self._moves(subscription))
        self.assertIn("more than a year", subscription.park_reason)

    def test_dry_run_writes_nothing(self):
        self._subscription(date_start="2026-01-15")
        bad = self._subscription()
        bad.journal_id.copy().active = True
        before = self.env["facturex.subscription.period"].search_count([])
        planned = self.env["facturex.subscription"]._run_due("2026-05-01", dry=True)
        self.assertEqual(
            [(one.date, one.amount, one.problem) for one in planned],
            [
                (d("2026-01-15"), 100.0, None),
                (d("2026-02-15"), 100.0, None),
                (d("2026-03-15"), 100.0, None),
                (d("2026-04-15"), 100.0, None),
                (d("2026-03-16"), 100.0, None),
                (d("2026-04-16"), 100.0, None),
            ],
        )
        self.assertEqual(
            self.env["facturex.subscription.period"].search_count([]), before
        )
        self.assertFalse(self.env["facturex.subscription.run"].search([]))
        self.assertFalse(
            self.env["account.move"].search([("facturex_subscription_id", "!=", False)])
        )

    def test_limit(self):
        for _index in range(3):
            self._subscription()
        run = self.env["facturex.subscription"]._run_due(limit=2)
        self.assertEqual(run.billed_count, 2)

    def test_screen(self):
        """From the menu, as a plain user."""
        self._subscription()
        Wizard = self.env["facturex.subscription.billing"].with_user(self.user)
        wizard = Wizard.browse(Wizard.action_open()["res_id"])
        self.assertRecordValues(wizard, [{"invoice_count": 1, "parked_count": 0}])
        self.assertEqual(wizard.billed_ids.amount_untaxed, 100.0)
        wizard.date = "2026-04-20"
        wizard.action_refresh()
        self.assertEqual(wizard.invoice_count, 2)
        with self.assertRaisesRegex(UserError, "not come"):
            wizard.action_bill()
        wizard.date = self.today
        action = wizard.action_bill()
        run = self.env["facturex.subscription.run"].browse(action["res_id"])
        self.assertRecordValues(
            run, [{"billed_count": 1, "user_id": self.user.id, "state": "done"}]
        )
        self.assertEqual(
            self.env["account.move"].search(run.action_view_invoices()["domain"]),
            run.period_ids.move_id,
        )
        with self.assertRaisesRegex(UserError, "Nothing is due"):
            wizard.action_bill()

    def test_taxes_included(self):
        tax = self.env["account.tax"].create(
            {
                "name": "21 % included",
                "amount": 21.0,
                "type_tax_use": "sale",
                "price_include_override": "tax_included",
            }
        )
        subscription = self._subscription(
            price=121.0,
            lines=[{"tax_ids": [fields.Command.set(tax.ids)]}],
        )
        self.assertEqual(subscription.preview_ids[0].amount_untaxed, 100.0)
        subscription._run_due()
        self.assertRecordValues(
            self._moves(subscription),
            [{"amount_untaxed": 100.0, "amount_total": 121.0}],
        )

    def test_nothing_to_bill(self):
        subscription = self._subscription(price=0.0)
        subscription._run_due()
        self.assertFalse(self._moves(subscription))
        first = subscription.period_ids.sorted("date_start")[0]
        self.assertRecordValues(first, [{"state": "skipped", "reason": "nothing"}])

    def test_line_of_some_days(self):
        subscription = self._subscription(
            lines=[
                {"price_unit": 31.0, "date_to": "2026-03-25"},
                {"price_unit": 62.0, "date_from": "2026-03-26"},
            ]
        )
        # 10 of 31 days at 31, then 21 at 62
        self.assertEqual(subscription.preview_ids[0].amount_untaxed, 52.0)
        self.assertEqual(subscription.preview_ids[1].amount_untaxed, 62.0)

    def test_key(self):
        """A period cannot be there twice, whoever writes it."""
        subscription = self._subscription()
        first = subscription.preview_ids[0]
        with (
            self.assertRaises(Exception) as caught,
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            first.copy()
            self.env.flush_all()
        self.assertIn("start_uniq", str(caught.exception))

    def test_cron_bills_each_company(self):
        subscription = self._subscription()
        other = (
            self.env["facturex.subscription"]
            .with_company(self.other_company)
            .create(
                {
                    "company_id": self.other_company.id,
                    "partner_id": self.customer.id,
                    "date_start": "2026-03-16",
                    "mode": "post",
                    "line_ids": [
                        fields.Command.create(
                            {
                                "name": "Other",
                                "price_unit": 7.0,
                                "tax_ids": [fields.Command.clear()],
                            }
                        )
                    ],
                }
            )
        )
        other.action_confirm()
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", return_value=1.0
        ) as progress:
            self.env["facturex.subscription"]._cron_bill()
        self.assertEqual(self._moves(subscription).company_id, self.company)
        self.assertEqual(self._moves(other).company_id, self.other_company)
        self.assertGreater(progress.call_count, 3)

    def test_day_of_the_company(self):
        """Midnight in Noumea is still the day before in Brussels."""
        self.company.partner_id.tz = "Pacific/Noumea"
        subscription = self._subscription(date_start="2026-03-29")
        with (
            freeze_time("2026-03-28 14:00:00"),
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", return_value=1.0
            ),
        ):
            self.env["facturex.subscription"]._cron_bill()
        self.assertEqual(len(self._moves(subscription)), 1)


@tagged("post_install", "-at_install")
class TestSources(SubscriptionCommon):
    def test_make_recurring(self):
        invoice = self._invoice(250.0, due="2026-03-16")
        action = invoice.with_user(self.user).action_facturex_make_recurring()
        subscription = self.env["facturex.subscription"].browse(action["res_id"])
        self.assertRecordValues(
            subscription,
            [
                {
                    "state": "draft",
                    "origin_move_id": invoice.id,
                    "amount_untaxed": 250.0,
                    # the invoice itself was the first
                    "next_date": d("2026-04-16"),
                }
            ],
        )
        bill = self._invoice(10.0)
        bill.button_draft()
        bill.button_cancel()
        with self.assertRaises(UserError):
            bill.action_facturex_make_recurring()

    def test_from_the_assistant(self):
        invoice = self._invoice(60.0, due="2026-03-16")
        assistant = self.env["facturex.invoice.assistant"].create(
            {"company_id": self.company.id, "move_id": invoice.id}
        )
        action = assistant.action_make_recurring()
        subscription = self.env["facturex.subscription"].browse(action["res_id"])
        self.assertEqual(subscription.origin_move_id, invoice)

    def _order(self, *products):
        return self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "order_line": [
                    fields.Command.create(
                        {"product_id": product.id, "product_uom_qty": 2}
                    )
                    for product in products
                ],
            }
        )

    def test_order(self):
        self.product.facturex_plan_id = self.env.ref("facturex_billing.plan_monthly")
        once = self.env["product.product"].create(
            {"name": "Setup", "lst_price": 50.0, "invoice_policy": "order"}
        )
        order = self._order(self.product, once)
        order.with_user(self.user).action_confirm()
        subscription = order.facturex_subscription_ids
        self.assertRecordValues(
            subscription,
            [
                {
                    "state": "running",
                    "partner_id": self.customer.id,
                    "amount_untaxed": 200.0,
                    "next_date": d("2026-03-16"),
                }
            ],
        )
        # the order bills what is sold once, the subscription the rest
        invoice = order._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.product_id, once)
        with self.assertRaisesRegex(UserError, "Stop it first"):
            order.action_cancel()
        subscription.action_stop()
        order._action_cancel()
        self.assertEqual(order.state, "cancel")

    def test_order_without_plan(self):
        order = self._order(self.product)
        order.action_confirm()
        self.assertFalse(order.facturex_subscription_ids)


@tagged("post_install", "-at_install")
class TestAccess(SubscriptionCommon):
    def test_companies(self):
        subscription = self._subscription()
        run = subscription._run_due()
        self._assert_other_company_sees_nothing(
            [
                subscription,
                subscription.line_ids,
                subscription.period_ids[:1],
                run,
            ]
        )

    def test_strangers(self):
        subscription = self._subscription()
        run = subscription._run_due()
        plan = self.env.ref("facturex_billing.plan_monthly")
        self._assert_refused_to_read(
            self._strangers(),
            [subscription, subscription.line_ids, subscription.period_ids, run, plan],
        )
        for stranger in self.env["res.users"].search(
            [("login", "in", ("fx_portal", "fx_employee"))]
        ):
            for method in ("action_confirm", "action_stop", "action_bill_now"):
                with self.assertRaises(AccessError):
                    getattr(subscription.with_user(stranger), method)()

    def test_user_may_not_write_reports_or_plans(self):
        run = self._subscription()._run_due()
        with self.assertRaises(AccessError):
            self._as(run, self.user).write({"billed_count": 5})
        plan = self.env.ref("facturex_billing.plan_monthly")
        with self.assertRaises(AccessError):
            self._as(plan, self.user).write({"name": "Mine"})
        self._as(plan, self.manager).write({"name": "Every month"})

    def test_user_bills(self):
        subscription = self._subscription(confirm=False)
        mine = self._as(subscription, self.user)
        mine.action_confirm()
        mine.action_bill_now()
        self.assertEqual(len(self._moves(subscription)), 1)
