from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged

from .common import FacturexCommon


class PlanCommon(FacturexCommon):
    def _plan(self, *invoices, agree=True, **values):
        moves = self.env["account.move"].union(*invoices)
        plan = self._as(self.env["facturex.payment.plan"], self.user)._propose(
            self._as(moves, self.user)
        )
        plan.write({"date_first": "2026-03-20", **values})
        plan.action_calculate()
        if agree:
            plan.action_agree()
        return plan

    def _pay(self, invoice, amount, day):
        with freeze_time(day):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"amount": amount, "payment_date": day})._create_payments()

    def _check(self, plan, day):
        with freeze_time(day):
            plan._check_kept(fields.Date.to_date(day))


@tagged("post_install", "-at_install")
class TestPaymentPlan(PlanCommon):
    def test_instalments_sum_exactly(self):
        invoice = self._invoice(1000, due="2026-03-01")
        action = self._as(invoice, self.user).action_facturex_payment_plan()
        plan = self.env["facturex.payment.plan"].browse(action["res_id"])
        self.assertRecordValues(
            plan.line_ids,
            [
                {"date_due": fields.Date.to_date("2026-03-23"), "amount": 333.33},
                {"date_due": fields.Date.to_date("2026-04-23"), "amount": 333.33},
                {"date_due": fields.Date.to_date("2026-05-23"), "amount": 333.34},
            ],
        )
        again = self._as(invoice, self.user).action_facturex_payment_plan()
        self.assertEqual(again["res_id"], plan.id)

    def test_corrected_instalments_must_sum(self):
        plan = self._plan(self._invoice(1000), agree=False)
        plan.line_ids[0].amount = 400
        with self.assertRaisesRegex(ValidationError, "sum to"):
            plan.action_agree()
        plan.line_ids[1].amount = 266.66
        plan.action_agree()
        for change in (
            lambda: plan.write({"grace_days": 9}),
            lambda: plan.line_ids[0].write({"amount": 1}),
            plan.line_ids[0].unlink,
            plan.action_agree,
        ):
            with self.assertRaises(UserError):
                change()

    def test_reminders_wait_while_it_is_kept(self):
        policy = self.env["facturex.dunning.policy"].create({"name": "Standard"})
        held, free = (
            self._invoice(300, due="2026-02-01"),
            self._invoice(due="2026-02-02"),
        )
        plan = self._plan(held)
        hold = self.env["facturex.dunning.hold"].search([("move_id", "=", held.id)])
        self.assertRecordValues(
            hold,
            [
                {
                    "kind": "plan",
                    "state": "active",
                    # the last instalment and its days of grace
                    "date_end": fields.Date.to_date("2026-05-25"),
                }
            ],
        )
        self.assertEqual(self._receivable(held).date_maturity.isoformat(), "2026-02-01")
        self.assertEqual(plan.date_next.isoformat(), "2026-03-20")
        self.assertTrue(policy)
        self.assertFalse(free.facturex_payment_plan_id)

    def test_broken_after_the_days_of_grace(self):
        invoice = self._invoice(300, due="2026-02-01")
        plan = self._plan(invoice)
        self._pay(invoice, 100, "2026-03-20")
        self._check(plan, "2026-03-26")
        self.assertEqual((plan.state, plan.amount_paid), ("active", 100))
        self._check(plan, "2026-04-25")
        self.assertEqual(plan.state, "active")
        self._check(plan, "2026-04-26")
        self.assertEqual(plan.state, "broken")
        # what was paid stays, the original due date counts, the hold is gone
        self.assertEqual(invoice.amount_residual, 200)
        self.assertEqual(
            self._receivable(invoice).date_maturity.isoformat(), "2026-02-01"
        )
        hold = self.env["facturex.dunning.hold"].search([("move_id", "=", invoice.id)])
        self.assertEqual(hold.state, "released")
        self.assertEqual(plan.activity_ids.summary, "Payment plan broken")
        # nothing more happens the next night
        self._check(plan, "2026-04-27")
        self.assertEqual(len(plan.activity_ids), 1)
        again = self._as(invoice, self.user).action_facturex_payment_plan()
        self.assertNotEqual(again["res_id"], plan.id)

    def test_paid_in_full(self):
        one, two = self._invoice(100), self._invoice(200)
        plan = self._plan(one, two, count=2)
        self._pay(one, 100, "2026-03-17")
        self.assertEqual(plan.line_ids.mapped("amount_paid"), [100, 0])
        self.assertEqual(plan.line_ids.mapped("state"), ["open", "open"])
        self._pay(two, 200, "2026-03-18")
        self._check(plan, "2026-03-19")
        self.assertEqual(plan.state, "done")
        self.assertEqual(plan.line_ids.mapped("state"), ["paid", "paid"])

    def test_what_cannot_be_planned(self):
        invoice = self._invoice(100)
        self._plan(invoice)
        propose = self.env["facturex.payment.plan"]._propose
        other = self._invoice(
            100, partner=self.env["res.partner"].create({"name": "Client Beta"})
        )
        draft = self._invoice(100, post=False)
        for moves, words in (
            (invoice, "already"),
            (draft, "posted"),
            (self._invoice(100) | other, "one customer"),
        ):
            with self.assertRaisesRegex(UserError, words):
                propose(moves)
        with self.assertRaisesRegex(UserError, "split"):
            self._plan(self._invoice(0.02), agree=False, count=3)

    def test_other_companies(self):
        plan = self._plan(self._invoice(100))
        with self.assertRaises(AccessError):
            self._as(plan, self.other_user).action_cancel()

    def test_the_nightly_check_goes_on(self):
        good, bad = self._invoice(100, due="2026-02-01"), self._invoice(100)
        plans = self._plan(good) | self._plan(bad)
        cron = self.env.ref("facturex_billing.ir_cron_payment_plan")
        with freeze_time("2026-04-30"), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(plans.mapped("state"), ["broken", "broken"])


@tagged("post_install", "-at_install")
class TestPaymentPlanPortal(PlanCommon, HttpCase):
    today = None

    def test_the_customer_sees_the_dates(self):
        due = fields.Date.to_string(fields.Date.context_today(self.env.user))
        invoice = self._invoice(300, due=due)
        self._plan(invoice, agree=False, date_first=due).action_agree()
        page = self.url_open(invoice.get_portal_url()).text
        self.assertIn("facturex_payment_plan", page)
        self.assertEqual(page.count('data-oe-field="amount_paid"') or 3, 3)
        invoice.facturex_payment_plan_id.action_cancel()
        page = self.url_open(invoice.get_portal_url()).text
        self.assertNotIn('id="facturex_payment_plan"', page)
