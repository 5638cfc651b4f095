from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.facturex_billing.tests.common import FacturexCommon


@tagged("post_install", "-at_install")
class TestPortalSubscriptions(FacturexCommon, HttpCase):
    today = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_user = new_test_user(
            cls.env, login="fx_client", password="fx_client", groups="base.group_portal"
        )
        cls.mine = cls._subscription(cls.client_user.partner_id, "Mine, secret canary")
        cls.foreign = cls._subscription(cls.customer, "Foreign canary")

    @classmethod
    def _subscription(cls, partner, name):
        subscription = cls.env["facturex.subscription"].create(
            {
                "partner_id": partner.id,
                "mode": "post",
                "line_ids": [
                    fields.Command.create(
                        {
                            "name": name,
                            "price_unit": 12.5,
                            "tax_ids": [fields.Command.clear()],
                        }
                    )
                ],
            }
        )
        subscription.action_confirm()
        subscription._run_due()
        return subscription

    def _get(self, path):
        return self.url_open(path, allow_redirects=False)

    def test_own_pages(self):
        self.authenticate("fx_client", "fx_client")
        page = self._get("/my/subscriptions")
        self.assertIn(self.mine.name, page.text)
        self.assertNotIn(self.foreign.name, page.text)
        detail = self._get(f"/my/subscriptions/{self.mine.id}")
        self.assertEqual(detail.status_code, 200)
        invoice = self.mine.period_ids.move_id
        self.assertIn(invoice.name, detail.text)
        self.assertIn("12.50", detail.text)
        # what is inside stays inside
        self.assertNotIn("MRR", detail.text)

    def test_foreign_is_like_absent(self):
        self.authenticate("fx_client", "fx_client")
        for number in (self.foreign.id, 2**31 - 1, 2**40):
            answer = self._get(f"/my/subscriptions/{number}")
            self.assertEqual(answer.status_code, 303)
            self.assertTrue(answer.headers["Location"].endswith("/my"))
        self.mine.sudo().write({"state": "draft"})
        self.assertEqual(
            self._get(f"/my/subscriptions/{self.mine.id}").status_code, 303
        )

    def test_anonymous_is_sent_to_the_login(self):
        for path in ("/my/subscriptions", f"/my/subscriptions/{self.mine.id}"):
            answer = self._get(path)
            self.assertIn("/web/login", answer.headers["Location"])

    def test_garbage(self):
        self.authenticate("fx_client", "fx_client")
        for query in ("page/0", "page/999999", "?page=abc&sortby=zz", "page/-1"):
            answer = self._get(f"/my/subscriptions/{query}")
            self.assertLess(answer.status_code, 500)
