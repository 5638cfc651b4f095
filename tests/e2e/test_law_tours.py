"""The law of late payment on screens: a ready-made policy, a payment plan."""

from odoo.tests import tagged

from tests.e2e.common import FacturexHttpCase


@tagged("post_install", "-at_install")
class TestLawTours(FacturexHttpCase):
    def test_ready_policy_and_a_violation(self):
        self.manager.lang = "fr_FR"
        self.browse_as(self.manager, "facturex_ready_policy_tour")
        policy = self.env["facturex.dunning.policy"].search([])
        self.assertRecordValues(
            policy,
            [{"profile_id": self.env.ref("facturex_billing.law_profile_be_b2b").id}],
        )
        self.assertEqual(len(policy.step_ids), 4)

    def test_payment_plan(self):
        invoice = self._invoice(100, due=self._days_ago(20))
        self.browse_as(
            self.user,
            "facturex_payment_plan_tour",
            url=f"/odoo/account.move/{invoice.id}",
        )
        plan = invoice.facturex_payment_plan_id
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.line_ids.mapped("amount"), [33.33, 33.33, 33.34])
