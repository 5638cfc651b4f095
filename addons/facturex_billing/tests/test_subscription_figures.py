from odoo.tests import tagged

from .test_subscription_change import ChangeCommon


@tagged("post_install", "-at_install")
class TestFigures(ChangeCommon):
    def _story(self):
        one = self._subscription(100.0, date_start="2026-02-01")
        self._change(one, price=120.0).action_apply()
        other = self.env["res.partner"].create({"name": "Client Beta"})
        two = self._subscription(40.0, partner_id=other.id)
        two.action_stop()
        return one, two

    def test_page(self):
        self._story()
        action = self._as(
            self.env["facturex.subscription.figures"], self.user
        ).action_open()
        page = self._as(
            self.env[action["res_model"]].browse(action["res_id"]), self.user
        )
        self.assertRecordValues(
            page, [{"mrr": 120.0, "arr": 1440.0, "arpc": 120.0, "customers": 1}]
        )
        self.assertIn("Feb 2026", page.months)
        self.assertIn("Churn", page.months)
        self.assertIn("100 %", page.cohorts)

    def test_strip(self):
        self._story()
        strip = dict(
            self._as(self.env["facturex.subscription"], self.user).get_figures()
        )
        self.assertEqual(strip["Customers"], "1")
        self.assertIn("120.00", strip["MRR"])
        self.assertIn("1,440.00", strip["ARR"])

    def test_another_currency_is_converted(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": dollar.id,
                "name": "2026-01-01",
                "rate": 2.0,
                "company_id": self.company.id,
            }
        )
        self._subscription(100.0, currency_id=dollar.id, bill=False)
        found = self.env["facturex.subscription"]._get_figures(self.company)
        self.assertEqual(float(found.mrr), 50.0)

    def test_no_figure_of_another_company(self):
        self._story()
        foreign = self._as(self.env["facturex.subscription"], self.other_user)
        self.assertEqual(dict(foreign.get_figures())["Customers"], "0")
        page = self.env["facturex.subscription.figures"].with_user(self.user)
        record = page.browse(page.action_open()["res_id"])
        self._assert_other_company_sees_nothing([record])
