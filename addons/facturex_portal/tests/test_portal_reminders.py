import re
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.facturex_billing.tests.common import FacturexCommon


@tagged("post_install", "-at_install")
class TestPortalReminders(FacturexCommon, HttpCase):
    """The page behind a reminder, as its customer and as everybody else."""

    today = None  # the server has a real clock

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.day = fields.Date.context_today(cls.env.user)
        cls.policy = cls.env["facturex.dunning.policy"].create({"name": "Standard"})
        cls.invoice = cls._invoice(100, due=cls._ago(20))
        cls.second = cls._invoice(50, due=cls._ago(15))
        cls.stranger = cls.customer.copy({"name": "Stranger"})
        cls.foreign = cls._invoice(70, due=cls._ago(20), partner=cls.stranger)
        notices = cls.policy._run()
        cls.notice = notices.filtered(lambda n: n.partner_id == cls.customer)
        cls.other_notice = notices - cls.notice
        notices._approve_and_queue()
        notices._mark_sent()
        cls.Hold = cls.env["facturex.dunning.hold"]

    @classmethod
    def _ago(cls, days):
        return fields.Date.to_string(cls.day - timedelta(days=days))

    def _url(self, notice=None, token=True, suffix=""):
        notice = notice or self.notice
        url = f"/my/reminders/{notice.id}{suffix}"
        return f"{url}?access_token={notice.access_token}" if token else url

    def _csrf(self, page):
        return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]

    def _tell(self, notice=None, token=None, csrf=None, url=None, **form):
        notice = notice or self.notice
        page = self.url_open(self._url())
        data = {
            "csrf_token": self._csrf(page) if csrf is None else csrf,
            "access_token": notice.access_token if token is None else token,
            **form,
        }
        return self.url_open(url or self._url(notice, False, "/hold"), data=data)

    def test_page(self):
        page = self.url_open(self._url())
        self.assertEqual(page.status_code, 200)
        for text in (self.invoice.name, self.second.name, "I have paid", "150.00"):
            self.assertIn(text, page.text)
        self.assertNotIn(self.foreign.name, page.text)
        self.assertEqual(page.headers["Referrer-Policy"], "same-origin")

    def test_nobody_else(self):
        """Foreign, absent, huge, with no, a wrong or another one's token: the same."""
        wrong = [
            self._url(token=False),
            self._url(token=False) + "?access_token=",
            self._url(token=False) + "?access_token=guess",
            f"{self._url(token=False)}?access_token={self.other_notice.access_token}",
            "/my/reminders/2147483646?access_token=x",
            f"/my/reminders/{10**30}?access_token=x",
        ]
        portal = new_test_user(self.env, login="stranger", groups="base.group_portal")
        portal.partner_id.parent_id = self.stranger
        for login in (None, "stranger"):
            self.authenticate(login, login)
            for url in wrong:
                with self.subTest(login=login, url=url):
                    answer = self.url_open(url, allow_redirects=False)
                    self.assertEqual(answer.status_code, 303)
                    self.assertTrue(answer.headers["Location"].endswith("/my"))
                    self.assertNotIn(self.invoice.name, answer.text)

    def test_closed_when_cancelled_or_old(self):
        self.notice.sudo().state = "cancelled"
        self.assertEqual(
            self.url_open(self._url(), allow_redirects=False).status_code, 303
        )
        self.notice.sudo().write(
            {"state": "sent", "date": self.day - timedelta(days=181)}
        )
        self.assertEqual(
            self.url_open(self._url(), allow_redirects=False).status_code, 303
        )

    def test_own_customer_needs_no_token(self):
        portal = new_test_user(self.env, login="alpha", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        self.authenticate("alpha", "alpha")
        page = self.url_open(self._url(token=False))
        self.assertIn(self.invoice.name, page.text)
        answer = self.url_open(
            self._url(self.other_notice, token=False), allow_redirects=False
        )
        self.assertEqual(answer.status_code, 303)

    def test_dispute_promise_and_declaration(self):
        page = self._tell(kind="dispute", invoice=self.invoice.id, note="Broken glass")
        self.assertIn("we have noted it", page.text)
        self.assertIn("We wait until", page.text)
        hold = self.Hold.search([("move_id", "=", self.invoice.id)])
        self.assertRecordValues(
            hold,
            [
                {
                    "kind": "dispute",
                    "origin": "portal",
                    "note": "Broken glass",
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "date_end": self.day + timedelta(days=30),
                    "state": "active",
                }
            ],
        )
        self.assertTrue(self.invoice.activity_ids)
        promised = self.day + timedelta(days=9)
        self._tell(kind="promise", day=promised, amount="1", invoice=self.second.id)
        self._tell(kind="declared", day=self.day, invoice=self.second.id, note="by app")
        self.assertRecordValues(
            self.Hold.search([("move_id", "=", self.second.id)], order="kind"),
            [
                {"kind": "declared", "date_end": self.day + timedelta(days=10)},
                {"kind": "promise", "date_end": promised},
            ],
        )
        # reminders of both wait: nothing is left to remind of
        self.assertFalse(self.policy._run(self.day + timedelta(days=8)) & self.notice)
        again = self._tell(kind="dispute", invoice=self.invoice.id, note="Again")
        self.assertIn("already told us", again.text)

    def test_tampering(self):
        """Whatever is sent beside or instead of the fields changes nothing."""
        late = self.day + timedelta(days=31)
        refused = [
            {"kind": "manual", "note": "x"},
            {"kind": "plan", "day": self.day},
            {"kind": ""},
            {"kind": "dispute", "invoice": self.invoice.id},
            {"kind": "dispute", "note": "all of them"},
            {"kind": "dispute", "invoice": self.foreign.id, "note": "x"},
            {"kind": "dispute", "invoice": "1 or 1=1", "note": "x"},
            {"kind": "promise", "invoice": self.invoice.id},
            {"kind": "promise", "invoice": self.invoice.id, "day": late},
            {"kind": "promise", "invoice": self.invoice.id, "day": self._ago(1)},
            {"kind": "promise", "invoice": self.invoice.id, "day": "9999-99-99"},
            {"kind": "promise", "day": self.day, "amount": "-5"},
            {"kind": "promise", "day": self.day, "amount": "nan"},
            {"kind": "declared", "day": self.day + timedelta(days=1)},
        ]
        for form in refused:
            with self.subTest(form=form):
                answer = self._tell(**form)
                self.assertEqual(answer.status_code, 200)
                self.assertFalse(self.Hold.search([]))
        self._tell(
            kind="dispute",
            invoice=self.invoice.id,
            note="<script>alert(1)</script>" + "x" * 5000,
            partner_id=self.stranger.id,
            company_id=self.other_company.id,
            date_end="2099-01-01",
            state="released",
            origin="backend",
        )
        hold = self.Hold.search([])
        self.assertRecordValues(
            hold,
            [
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "date_end": self.day + timedelta(days=30),
                    "state": "active",
                    "origin": "portal",
                }
            ],
        )
        self.assertLessEqual(len(hold.note), 1000)

    def test_token_and_csrf_are_needed(self):
        form = {"kind": "dispute", "invoice": self.invoice.id, "note": "x"}
        for token in ("", "guess", self.other_notice.access_token):
            self._tell(token=token, **form)
            self.assertFalse(self.Hold.search([]))
        answer = self._tell(csrf="forged", **form)
        self.assertEqual(answer.status_code, 400)
        answer = self.url_open(self._url(suffix="/hold"))
        self.assertIn(answer.status_code, (404, 405))
        self.assertFalse(self.Hold.search([]))

    def test_limits(self):
        form = {"kind": "promise", "day": self.day, "invoice": self.invoice.id}
        for _time in range(2):
            self.assertIn("we have noted it", self._tell(**form).text)
            self.Hold.search([("state", "=", "active")]).action_release()
        self.assertIn("please call us", self._tell(**form).text)
        self.assertEqual(self.Hold.search_count([]), 2)

    def test_from_the_page_of_an_invoice(self):
        token = self.invoice._portal_ensure_token()
        page = self.url_open(f"/my/invoices/{self.invoice.id}?access_token={token}")
        self.assertIn("something is wrong", page.text)
        url = f"/my/invoices/{self.invoice.id}/hold"
        form = {"kind": "dispute", "note": "Not ordered", "invoice": self.foreign.id}
        self._tell(url=url, token="guess", **form)
        self.assertFalse(self.Hold.search([]))
        page = self._tell(url=url, token=token, **form)
        self.assertEqual(self.Hold.search([]).move_id, self.invoice)
        self.assertIn("we have noted it", page.text)
        foreign = f"/my/invoices/{self.foreign.id}/hold"
        self._tell(url=foreign, token=token, **form)
        self.assertEqual(len(self.Hold.search([])), 1)
