from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import FacturexCommon


class ChangeCommon(FacturexCommon):
    today = "2026-02-16"

    @classmethod
    def _subscription(cls, price=30.0, bill=True, lines=None, **vals):
        """A monthly subscription from 1 February, its first month billed."""
        subscription = cls.env["facturex.subscription"].create(
            {
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "date_start": "2026-02-01",
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
        subscription.action_confirm()
        if bill:
            subscription._run_due("2026-02-16")
        return subscription

    @classmethod
    def _change(cls, subscription, kind="lines", price=None, **vals):
        line_vals = {} if price is None else {"price_unit": price}
        return cls.env["facturex.subscription.change"].create(
            {
                "subscription_id": subscription.id,
                "kind": kind,
                "line_ids": [
                    fields.Command.create({"line_id": line.id, **line_vals})
                    for line in subscription.line_ids
                    if kind == "lines" and not line.date_to
                ],
                **vals,
            }
        )

    def _next_amounts(self, subscription, count=2):
        ahead = subscription.period_ids.filtered(lambda p: p.state == "planned")
        ahead = ahead.sorted("date_start")[:count]
        return [(str(p.date_start), p.amount_untaxed) for p in ahead]


@tagged("post_install", "-at_install")
class TestSubscriptionChange(ChangeCommon):
    def test_upgrade_charges_the_rest_of_the_billed_period(self):
        subscription = self._subscription()
        change = self._change(subscription, price=60.0)
        self.assertEqual(change.document_amount, 13.93)  # 13 of 28 days
        self.assertIn("13.93", change.preview)
        self.assertFalse(change.move_id)
        change.action_apply()
        self.assertRecordValues(
            change.move_id,
            [{"move_type": "out_invoice", "amount_untaxed": 13.93, "state": "posted"}],
        )
        self.assertEqual(
            self._next_amounts(subscription),
            [("2026-03-01", 60.0), ("2026-04-01", 60.0)],
        )
        self.assertRecordValues(
            change,
            [{"state": "done", "movement": "expansion", "mrr_delta": 30.0}],
        )
        self.assertEqual(len(subscription.line_ids), 2, "the old line is history")

    def test_downgrade_at_the_next_period_costs_nothing_now(self):
        subscription = self._subscription(60.0)
        change = self._change(subscription, price=30.0, when="next")
        self.assertEqual(str(change.date), "2026-03-01")
        self.assertEqual(change.document_amount, 0)
        change.action_apply()
        self.assertFalse(change.move_id)
        self.assertEqual(change.movement, "contraction")
        self.assertEqual(self._next_amounts(subscription, 1), [("2026-03-01", 30.0)])

    def test_downgrade_today_credits(self):
        change = self._change(self._subscription(60.0), price=30.0)
        change.action_apply()
        self.assertRecordValues(
            change.move_id, [{"move_type": "out_refund", "amount_untaxed": 13.93}]
        )

    def test_price_from_a_day_inside_an_unbilled_period(self):
        subscription = self._subscription()
        change = self._change(subscription, price=61.0, when="date", date="2026-03-16")
        change.action_apply()
        self.assertFalse(change.move_id)
        # 15 days at 30.00 and 16 at 61.00, of 31
        self.assertEqual(
            self._next_amounts(subscription),
            [("2026-03-01", 46.0), ("2026-04-01", 61.0)],
        )

    def test_add_and_remove_a_line(self):
        subscription = self._subscription(
            lines=[{}, {"name": "Option", "price_unit": 28.0}]
        )
        option = subscription.line_ids[1]
        change = self._change(subscription)
        change.line_ids.filtered(lambda x: x.line_id == option).is_removed = True
        change.line_ids = [
            fields.Command.create({"name": "Backup", "price_unit": 56.0})
        ]
        self.assertEqual(change.document_amount, 13.0)  # -13.00 and +26.00
        change.action_apply()
        self.assertEqual(
            sorted(change.move_id.invoice_line_ids.mapped("price_unit")), [-13.0, 26.0]
        )
        self.assertEqual(self._next_amounts(subscription, 1), [("2026-03-01", 86.0)])

    def test_applied_once(self):
        change = self._change(self._subscription(), price=60.0)
        change.action_apply()
        with self.assertRaisesRegex(UserError, "done already"):
            change.action_apply()
        self.assertEqual(
            self.env["account.move"].search_count(
                [("facturex_subscription_id", "=", change.subscription_id.id)]
            ),
            2,
        )

    def test_stop_today_credits_the_days_not_served(self):
        subscription = self._subscription()
        change = self._change(subscription, "stop", when="date", date="2026-02-15")
        change.action_apply()
        self.assertRecordValues(
            change.move_id, [{"move_type": "out_refund", "amount_untaxed": 13.93}]
        )
        self.assertEqual(subscription.state, "stopped")
        self.assertFalse(
            subscription.period_ids.filtered(lambda p: p.state == "planned")
        )
        self.assertRecordValues(change, [{"movement": "churn", "mrr_delta": -30.0}])

    def test_pause_and_resume_bill_the_days_served(self):
        subscription = self._subscription()
        self._change(subscription, "pause", when="now").action_apply()
        self.assertEqual(subscription.state, "paused")
        self.assertFalse(subscription._run_due("2026-04-10"))
        self._change(subscription, "resume", when="date", date="2026-02-16")
        resume = self._change(subscription, "resume", when="now")
        resume.date = "2026-02-16"
        resume.action_apply()
        self.assertEqual(subscription.state, "running")
        self.assertEqual(self._next_amounts(subscription, 1), [("2026-03-01", 30.0)])

    def test_a_pause_is_taken_out_of_the_schedule(self):
        subscription = self._subscription()
        subscription._skip_span(
            fields.Date.to_date("2026-03-11"), fields.Date.to_date("2026-04-15")
        )
        rows = subscription.period_ids.filtered(
            lambda p: p.state != "billed" and str(p.date_start) < "2026-05-01"
        ).sorted("date_start")
        self.assertEqual(
            [(str(p.date_start), str(p.date_end), p.state) for p in rows],
            [
                ("2026-03-01", "2026-03-10", "planned"),
                ("2026-03-11", "2026-03-31", "skipped"),
                ("2026-04-01", "2026-04-15", "skipped"),
                ("2026-04-16", "2026-04-30", "planned"),
            ],
        )
        self.assertEqual(
            self._next_amounts(subscription),
            [("2026-03-01", 9.68), ("2026-04-16", 15.0)],
        )

    def test_a_pause_can_lengthen_the_term(self):
        subscription = self._subscription(date_end="2026-12-31")
        subscription.write({"state": "paused", "date_paused": "2026-02-01"})
        resume = self._change(subscription, "resume", extend_term=True)
        resume.action_apply()
        self.assertEqual(str(subscription.date_end), "2027-01-15")

    def test_transfer_waits_for_its_day(self):
        subscription = self._subscription()
        other = self.env["res.partner"].create({"name": "Client Beta"})
        change = self._change(
            subscription,
            "transfer",
            when="date",
            date="2026-02-17",
            partner_id=other.id,
        )
        change.action_apply()
        self.assertEqual(change.state, "planned")
        self.assertEqual(subscription.partner_id, self.customer)
        change.date = "2026-02-16"
        self.env["facturex.subscription.change"]._cron_apply()
        self.assertEqual(change.state, "done")
        self.assertEqual(subscription.partner_id, other)
        self.assertEqual(subscription.partner_invoice_id, other)

    def test_movements_add_up(self):
        subscription = self._subscription()
        self._change(subscription, price=50.0).action_apply()
        self._change(subscription, price=40.0).action_apply()
        self._change(subscription, "pause").action_apply()
        self._change(subscription, "resume").action_apply()
        changes = subscription.change_ids.sorted("id")
        self.assertEqual(
            changes.mapped("kind"), ["start", "lines", "lines", "pause", "resume"]
        )
        self.assertEqual(
            [change.movement for change in changes],
            ["new", "expansion", "contraction", "churn", "reactivation"],
        )
        self.assertAlmostEqual(
            sum(changes.mapped("mrr_delta")), subscription._get_mrr()
        )
        self.assertEqual(subscription._get_mrr(), 40.0)

    def test_value_ends_with_the_service_though_an_invoice_is_owed(self):
        """Put aside when it ended: it still owes a month, it serves nobody."""
        subscription = self._subscription(date_end="2026-03-15")
        subscription._park("No bank account", blocked=True)
        after = fields.Date.to_date("2026-03-17")
        for _day in range(2):
            subscription._run_daily(after)
        self.assertEqual(subscription.state, "running")
        ended = subscription.change_ids.filtered("movement").sorted("date")
        self.assertEqual(
            [(str(c.date), c.movement, c.mrr_delta) for c in ended],
            [("2026-02-16", "new", 30.0), ("2026-03-15", "churn", -30.0)],
        )
        with freeze_time(after):
            subscription._unpark()
            subscription._run_due()
        self.assertEqual(subscription.state, "stopped")
        self.assertEqual(subscription.change_ids.filtered("movement"), ended)

    def test_what_is_not_possible_says_why(self):
        subscription = self._subscription()
        for vals, text in (
            ({"kind": "resume"}, "does not allow"),
            ({"kind": "transfer"}, "new customer"),
            (
                {"kind": "lines", "when": "date", "date": "2025-01-01"},
                "before the start",
            ),
        ):
            with self.subTest(text), self.assertRaisesRegex(UserError, text):
                self._change(subscription, **vals).action_apply()

    def test_a_plain_user_changes_and_others_do_not(self):
        subscription = self._subscription()
        action = self._as(subscription, self.user).action_facturex_change()
        change = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(change.line_ids.price_unit, 30.0)
        change.line_ids.price_unit = 35.0
        self._as(change, self.user).action_apply()
        self.assertEqual(change.state, "done")
        self._assert_other_company_sees_nothing(change | change)
        self._assert_refused_to_read(self._strangers(), [change])
        with self.assertRaises(AccessError):
            change.with_user(self._strangers_again()).action_apply()

    def _strangers_again(self):
        return self.env["res.users"].search([("login", "=", "fx_employee")])
