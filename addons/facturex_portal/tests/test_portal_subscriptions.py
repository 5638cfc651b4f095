from odoo import fields, http
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

    def _post(self, path, **form):
        form["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(path, data=form, allow_redirects=False)

    def test_foreign_is_neither_cancelled_nor_changed(self):
        self.authenticate("fx_client", "fx_client")
        number = self.foreign.id
        for path, form in (
            (f"/my/subscriptions/{number}/cancel", {"step": "notify"}),
            (f"/my/subscriptions/{number}/change", {"step": "apply"}),
            (f"/my/subscriptions/{number}/payment", {"token": ""}),
            (f"/my/subscriptions/{2**40}/cancel", {"step": "notify"}),
        ):
            with self.subTest(path):
                self.assertEqual(self._post(path, **form).status_code, 303)
        self.assertFalse(self.foreign.date_end)
        self.assertFalse(self.foreign.cancellation_ids)

    def test_cancel_by_get_changes_nothing(self):
        self.authenticate("fx_client", "fx_client")
        page = self._get(f"/my/subscriptions/{self.mine.id}/cancel?step=notify")
        self.assertEqual(page.status_code, 200)
        self.assertFalse(self.mine.cancellation_ids)
        no_token = self.url_open(
            f"/my/subscriptions/{self.mine.id}/cancel", data={"step": "notify"}
        )
        self.assertEqual(no_token.status_code, 400)
        self.assertFalse(self.mine.cancellation_ids)

    def test_cancel(self):
        self.authenticate("fx_client", "fx_client")
        path = f"/my/subscriptions/{self.mine.id}/cancel"
        recap = self._post(path, note="<b>Moving</b>")
        self.assertIn("&lt;b&gt;Moving", recap.text)
        self.assertFalse(self.mine.cancellation_ids)
        done = self._post(path, step="notify", note="Moving", state="refused")
        self.assertIn("said=cancelled", done.headers["Location"])
        self.assertRecordValues(
            self.mine.cancellation_ids,
            [{"state": "confirmed", "note": "Moving", "origin": "portal"}],
        )
        again = self._post(path, step="notify")
        self.assertTrue(again.headers["Location"].endswith("/my/subscriptions"))
        self.assertEqual(len(self.mine.cancellation_ids), 1)

    def test_without_login_only_number_and_address_together(self):
        self.authenticate(None, None)
        mine = self.mine
        mine.partner_id.email = "me@client.example"
        answers = set()
        for number, email in (
            (mine.name, "other@client.example"),
            ("ABO99999", "me@client.example"),
            (mine.name, ""),
            (mine.name, "Me@Client.example"),
        ):
            page = self._post(
                "/subscriptions/cancel",
                step="notify",
                name="Me",
                number=number,
                email=email,
            )
            self.assertEqual(page.status_code, 200)
            answers.add("is recorded" in page.text)
        self.assertEqual(answers, {True}, "the answer tells nothing")
        received = mine.cancellation_ids
        self.assertRecordValues(received, [{"state": "received", "origin": "online"}])
        self.assertFalse(mine.date_end)
        token = received.sudo().access_token
        path = f"/subscriptions/cancel/{received.id}"
        self.assertEqual(self._get(f"{path}?access_token=x").status_code, 303)
        self.assertEqual(self._get(f"{path}?access_token={token}").status_code, 200)
        self.assertFalse(mine.date_end, "a mail program that opens links ends nothing")
        self._post(path, access_token=token)
        self.assertEqual(received.state, "confirmed")
        self.assertTrue(mine.date_end)

    def test_only_what_the_product_allows(self):
        Product = self.env["product.product"]
        silver, gold, other = (
            Product.create(
                {"name": name, "lst_price": price, "taxes_id": [fields.Command.clear()]}
            )
            for name, price in (("Silver", 20.0), ("Gold", 40.0), ("Other", 1.0))
        )
        silver.facturex_upgrade_ids = gold.product_tmpl_id
        subscription = self.env["facturex.subscription"].create(
            {
                "partner_id": self.client_user.partner_id.id,
                "mode": "post",
                "line_ids": [fields.Command.create({"product_id": silver.id})],
            }
        )
        subscription.action_confirm()
        subscription._run_due()
        self.authenticate("fx_client", "fx_client")
        path = f"/my/subscriptions/{subscription.id}/change"
        line = subscription.line_ids.id
        self._post(path, step="apply", line=line, product=other.id)
        self._post(path, step="apply", line=self.mine.line_ids.id, product=gold.id)
        self.assertEqual(subscription.line_ids.product_id, silver)
        page = self._post(path, line=line, product=gold.id)
        self.assertIn("20.00", page.text)
        self.assertEqual(len(subscription.change_ids), 1, "a look writes nothing")
        self._post(path, step="apply", line=line, product=gold.id, price_unit="0.01")
        self.assertEqual(subscription._portal_lines().product_id, gold)
        self.assertEqual(subscription._portal_lines().price_unit, 40.0)
