"""What is billed is not rewritten; what it is worth is told by the day."""

from freezegun import freeze_time
from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_subscription_change import ChangeCommon


@tagged("post_install", "-at_install")
class TestHeld(ChangeCommon):
    def test_lines_of_a_running_subscription_are_refused_to_everyone(self):
        subscription = self._subscription()
        line = subscription.line_ids
        other = self.env["res.partner"].create({"name": "Other"})
        # what a client can put into a context is no key
        forged = {"facturex_by_change": True, "facturex_change": 1}
        for user in (self.user, self.manager):
            mine = self._as(line, user).with_context(**forged)
            owner = self._as(subscription, user).with_context(**forged)
            for act in (
                lambda mine=mine: mine.write({"price_unit": 1.0}),
                lambda mine=mine: mine.write({"date_to": "2026-02-20"}),
                lambda mine=mine: mine.unlink(),
                lambda owner=owner: owner.write(
                    {"line_ids": [fields.Command.create({"name": "X"})]}
                ),
                lambda owner=owner: owner.write({"line_ids": [fields.Command.clear()]}),
                lambda owner=owner: owner.write({"partner_id": other.id}),
            ):
                with self.assertRaisesRegex(UserError, "button Change"):
                    act()
        line.write({"sequence": 5})
        self.assertEqual((line.price_unit, line.sequence), (30.0, 5))

    def test_draft_lines_are_free(self):
        draft = self._subscription(bill=False).copy()
        draft.line_ids.price_unit = 12.0
        draft.line_ids.unlink()
        self.assertFalse(draft.line_ids)

    def test_another_rhythm_is_a_movement(self):
        """30 a month, then 30 a quarter: the recorded value follows."""
        subscription = self._subscription()
        self._as(subscription, self.user).interval_unit = "quarter"
        movement = subscription.change_ids.sorted("id")[-1:]
        self.assertRecordValues(
            movement, [{"mrr_delta": -20.0, "movement": "contraction"}]
        )
        self.assertEqual(sum(subscription.change_ids.mapped("mrr_delta")), 10.0)

    def test_value_of_the_day(self):
        """Old and new line of a change to come: only the one in force counts."""
        subscription = self._subscription()
        change = self._change(subscription, price=50.0, when="next")
        change.action_apply()
        self.assertEqual(len(subscription.line_ids), 2)
        self.assertEqual(subscription.amount_mrr, 30.0)
        self.assertEqual(subscription.amount_untaxed, 30.0)
        self._on("2026-03-01", subscription)
        self.assertEqual(subscription.amount_mrr, 50.0)
        self.assertEqual(subscription.amount_untaxed, 50.0)
        self.assertEqual(sum(subscription.change_ids.mapped("mrr_delta")), 50.0)

    def _on(self, day, subscription):
        with freeze_time(day):
            subscription._run_daily(fields.Date.to_date(day))
            subscription.flush_recordset()

    def test_value_is_nothing_while_paused(self):
        subscription = self._subscription()
        self._change(subscription, "pause").action_apply()
        self.assertEqual(subscription.amount_mrr, 0.0)
        self._change(subscription, "resume").action_apply()
        self.assertEqual(subscription.amount_mrr, 30.0)

    def test_line_that_ends_by_itself_is_a_movement(self):
        subscription = self._subscription(
            lines=[{}, {"name": "Start-up help", "date_to": "2026-02-28"}]
        )
        self.assertEqual(subscription.amount_mrr, 60.0)
        self._on("2026-03-01", subscription)
        self.assertEqual(subscription.amount_mrr, 30.0)
        self.assertRecordValues(
            subscription.change_ids.sorted("id")[-1],
            [{"movement": "contraction", "mrr_delta": -30.0}],
        )
        self._on("2026-03-02", subscription)
        self.assertEqual(len(subscription.change_ids), 2)

    def test_a_change_before_a_planned_one_is_refused(self):
        subscription = self._subscription()
        self._change(subscription, price=50.0, when="next").action_apply()
        early = self._change(subscription, price=70.0, when="now")
        with self.assertRaisesRegex(UserError, "03/01/2026"):
            early.action_apply()

    def test_placeholders_in_the_document_of_a_change(self):
        subscription = self._subscription(lines=[{"name": "Support {month} {quarter}"}])
        change = self._change(subscription, price=60.0)
        self.assertIn("Support February 2026 1", change.preview)
        change.action_apply()
        line = change.move_id.invoice_line_ids
        self.assertIn("Support February 2026 1", line.name)
        self.assertEqual(str(line.facturex_date_start), "2026-02-16")
        self.assertEqual(str(line.facturex_date_end), "2026-02-28")


@tagged("post_install", "-at_install")
class TestStop(ChangeCommon):
    def test_button_and_change_do_the_same(self):
        for stop in (
            lambda s: s.action_stop("2026-02-15"),
            lambda s: self._change(
                s, "stop", when="date", date="2026-02-15"
            ).action_apply(),
        ):
            subscription = self._subscription()
            stop(subscription)
            self.assertRecordValues(
                subscription._get_last_stop().move_id,
                [{"move_type": "out_refund", "amount_untaxed": 13.93}],
            )
            self.assertEqual(subscription.state, "stopped")

    def test_dialog_says_what_is_credited(self):
        subscription = self._subscription()
        action = self._as(subscription, self.user).action_facturex_stop()
        change = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(change.kind, "stop")
        self.assertIn("is credited", change.preview)
        self.assertEqual(change.document_amount, -12.86)  # 12 of 28 days
        # looked at and left: the next one takes its place
        subscription.with_user(self.user).action_facturex_change()
        self.assertFalse(change.exists())

    def test_last_period_in_full_is_not_credited(self):
        subscription = self._subscription(prorate_last=False)
        subscription.action_stop("2026-02-16")
        self.assertFalse(subscription._get_last_stop().move_id)

    def test_at_the_next_period_is_the_day_before_it(self):
        subscription = self._subscription()
        change = self._change(subscription, "stop", when="next")
        self.assertEqual(str(change.date), "2026-02-28")
        change.action_apply()
        self.assertFalse(change.move_id)
        self.assertRecordValues(change, [{"movement": "churn", "mrr_delta": -30.0}])
        self.assertEqual(subscription.state, "running")

    def test_stop_while_paused_bills_no_paused_day(self):
        subscription = self._subscription()
        self._change(subscription, "pause", when="now").action_apply()
        with freeze_time("2026-04-10"):
            subscription.action_stop()
        self.assertFalse(subscription._run_due("2026-04-30"))
        self.assertFalse(
            subscription.period_ids.filtered(lambda p: p.state == "planned")
        )
        self.assertEqual(subscription.state, "stopped")

    def test_stop_while_paused_in_arrears_bills_the_days_before(self):
        subscription = self._subscription(bill=False, bill_timing="arrears")
        self._change(subscription, "pause", when="now").action_apply()
        with freeze_time("2026-03-10"):
            subscription.action_stop()
        subscription._run_due("2026-04-30")
        # 1 to 15 February, of 28 days
        self.assertEqual(
            subscription.period_ids.move_id.mapped("amount_untaxed"), [16.07]
        )

    def test_stop_undoes_what_was_to_come(self):
        subscription = self._subscription()
        later = self._change(subscription, price=50.0, when="date", date="2026-06-01")
        later.action_apply()
        subscription.action_stop("2026-03-31")
        self.assertEqual(later.state, "undone")
        self.assertEqual(sum(subscription.change_ids.mapped("mrr_delta")), 0.0)


@tagged("post_install", "-at_install")
class TestRestart(ChangeCommon):
    def _stopped(self, day="2026-02-15"):
        subscription = self._subscription()
        subscription.action_stop(day)
        return subscription

    def test_on_the_same_dates_without_the_days_between(self):
        subscription = self._stopped()
        restart = self._change(subscription, "restart", when="date", date="2026-03-11")
        self.assertEqual(restart.document_amount, 0)
        restart.action_apply()
        self.assertRecordValues(subscription, [{"state": "running", "date_end": False}])
        rows = subscription.period_ids.filtered(
            lambda p: p.state != "billed" and str(p.date_start) < "2026-05-01"
        ).sorted("date_start")
        self.assertEqual(
            [(str(p.date_start), str(p.date_end), p.state) for p in rows],
            [
                ("2026-03-01", "2026-03-10", "skipped"),
                ("2026-03-11", "2026-03-31", "planned"),
                ("2026-04-01", "2026-04-30", "planned"),
            ],
        )
        # 21 of 31 days, then whole months on the first
        self.assertEqual(
            self._next_amounts(subscription),
            [("2026-03-11", 20.32), ("2026-04-01", 30.0)],
        )
        self.assertRecordValues(
            restart, [{"movement": "reactivation", "mrr_delta": 30.0}]
        )

    def test_days_that_were_credited_are_charged_again(self):
        subscription = self._stopped()
        restart = self._change(subscription, "restart", when="date", date="2026-02-20")
        self.assertEqual(restart.document_amount, 9.64)  # 9 of 28 days
        restart.action_apply()
        self.assertRecordValues(
            restart.move_id,
            [{"move_type": "out_invoice", "amount_untaxed": 9.64, "state": "posted"}],
        )

    def test_days_that_were_not_credited_are_not(self):
        subscription = self._subscription()
        stop = self._change(
            subscription, "stop", when="date", date="2026-02-15", with_document=False
        )
        stop.action_apply()
        restart = self._change(subscription, "restart", when="date", date="2026-02-20")
        restart.action_apply()
        self.assertFalse(restart.move_id)

    def test_only_what_is_stopped(self):
        with self.assertRaisesRegex(UserError, "does not allow"):
            self._change(self._subscription(), "restart").action_apply()


@tagged("post_install", "-at_install")
class TestReportAndFormats(ChangeCommon):
    def test_run_report_says_what_went_odoo_s_way_and_why(self):
        subscription = self._subscription(bill=False)
        bulk = type(self.env["facturex.bulk.invoice"])
        self.patch(
            bulk, "_distrust", lambda *_args, **_kw: "the canary found a difference"
        )
        run = subscription._run_due("2026-02-16")
        self.assertEqual(run.note, "the canary found a difference")
        self.assertEqual(run.billed_count, 1)

    def _billed(self):
        subscription = self._subscription(
            lines=[{"name": "A"}, {"name": "B", "date_from": "2026-02-11"}]
        )
        return subscription.period_ids.move_id

    def test_days_in_ubl(self):
        invoice = self._billed()
        xml, _errors = self.env["account.edi.xml.ubl_bis3"]._export_invoice(invoice)
        tree = etree.fromstring(xml)
        spans = [
            (node.findtext("{*}StartDate"), node.findtext("{*}EndDate"))
            for node in tree.findall(".//{*}InvoiceLine/{*}InvoicePeriod")
        ]
        self.assertEqual(
            spans, [("2026-02-01", "2026-02-28"), ("2026-02-11", "2026-02-28")]
        )
        whole = tree.find("{*}InvoicePeriod")
        self.assertEqual(whole.findtext("{*}StartDate"), "2026-02-01")
        self.assertEqual(whole.findtext("{*}EndDate"), "2026-02-28")

    def test_days_in_factur_x(self):
        invoice = self._billed()
        xml, _errors = self.env["account.edi.xml.cii"]._export_invoice(invoice)
        tree = etree.fromstring(xml)

        def days(parent):
            found = tree.findall(f".//{{*}}{parent}/{{*}}BillingSpecifiedPeriod")
            return [
                tuple(
                    node.findtext(f"{{*}}{end}/{{*}}DateTimeString")
                    for end in ("StartDateTime", "EndDateTime")
                )
                for node in found
            ]

        self.assertEqual(
            days("SpecifiedLineTradeSettlement"),
            [("20260201", "20260228"), ("20260211", "20260228")],
        )
        self.assertEqual(
            days("ApplicableHeaderTradeSettlement"), [("20260201", "20260228")]
        )
