"""At checkout: promised within the line, captured when paid, nothing of it forged."""

import json

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MockEmail

from .common_deferred import DeferredCommon


@tagged("post_install", "-at_install")
class TestDeferredProvider(DeferredCommon, HttpCase, MockEmail):
    today = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.line = cls._line()
        company = cls._as(cls.company, cls.manager)
        company.facturex_credit_online = True
        cls.provider = cls.company._facturex_credit_provider()
        cls.method = cls.provider.payment_method_ids
        cls.buyer = cls._portal("fx_buyer", cls.business)
        cls.thief = cls._portal("fx_thief", cls.customer)
        cls.day = fields.Date.to_string(fields.Date.context_today(cls.env.user))

    @classmethod
    def _portal(cls, login, company):
        user = new_test_user(
            cls.env,
            login=login,
            password=f"{login}-password",
            groups="base.group_portal",
            company_id=cls.company.id,
            company_ids=[fields.Command.set(cls.company.ids)],
        )
        user.partner_id.parent_id = company
        return user

    def _login(self, user):
        self.authenticate(user.login, f"{user.login}-password")

    def _quote(self, amount):
        order = self._order(amount, confirm=False, facturex_deferred=False)
        order.write(
            {
                "require_payment": True,
                "require_signature": False,
                "prepayment_percent": 1,
                "state": "sent",
            }
        )
        order._portal_ensure_token()
        return order

    def _rpc(self, url, **params):
        response = self.url_open(
            url,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        )
        return response.json()

    def _start(self, document, **changes):
        """What the payment form sends."""
        kind = "invoice" if document._name == "account.move" else "my/orders"
        url = (
            f"/invoice/transaction/{document.id}"
            if kind == "invoice"
            else f"/my/orders/{document.id}/transaction"
        )
        amount = (
            document.amount_residual if kind == "invoice" else document.amount_total
        )
        params = {
            "access_token": document.access_token or document._portal_ensure_token(),
            "provider_id": self.provider.id,
            "payment_method_id": self.method.id,
            "token_id": None,
            "amount": amount,
            "flow": "redirect",
            "tokenization_requested": False,
            "landing_route": document.get_portal_url(),
            **changes,
        }
        with mute_logger("odoo.http"):
            return self._rpc(url, **params)

    def _form(self, html):
        def value(name):
            return html.partition(f'name="{name}" value="')[2].partition('"')[0]

        return {"reference": value("reference"), "token": value("token")}

    def _buy(self, document, **changes):
        """All the way through the browser; returns the last page."""
        result = self._start(document, **changes)
        self.assertIn("result", result, result)
        form = self._form(result["result"]["redirect_form_html"])
        page = self.url_open("/payment/facturex_deferred/confirm", data=form)
        csrf = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        done = self.url_open(
            "/payment/facturex_deferred/process",
            data={**form, "csrf_token": csrf, "accept": "1"},
        )
        transaction = self.env["payment.transaction"].search(
            [("reference", "=", form["reference"])]
        )
        return transaction, page, done, {**form, "csrf_token": csrf, "accept": "1"}

    def test_checkout_to_capture(self):
        self._login(self.buyer)
        order = self._quote(84)
        self.assertIn("Deferred payment", self.url_open(order.get_portal_url()).text)
        transaction, page, _done, form = self._buy(order)
        self.assertIn("84.00", page.text)
        self.assertIn("150.00", page.text)
        self.assertEqual(transaction.state, "authorized")
        self.assertRecordValues(
            self.line, [{"amount_reserved": 84, "amount_available": 66}]
        )
        # replayed, nothing happens twice
        self.url_open("/payment/facturex_deferred/process", data=form)
        self.assertEqual(self.line.amount_reserved, 84)
        transaction._post_process()
        self.assertEqual(order.state, "sale")
        self.assertTrue(order.facturex_deferred)
        self.assertTrue(transaction.facturex_terms_id)
        self._assert_line(self.line, 0, 84, 66)
        invoice = order._create_invoices()
        invoice.action_post()
        self._assert_line(self.line, 84, 0, 66)
        # a deferred invoice can still be paid online
        self.assertTrue(invoice._has_to_be_paid())
        self.assertFalse(invoice._get_online_payment_error())
        # Odoo captures by a transaction of its own
        captured = transaction._capture()
        captured._post_process()
        self.assertEqual(transaction.state, "done")
        self.assertEqual(captured.payment_id.amount, 84)
        self._assert_line(self.line, 0, 0, 150)

    def test_settled_otherwise(self):
        self._login(self.buyer)
        order = self._quote(84)
        transaction = self._buy(order)[0]
        transaction._post_process()
        invoice = order._create_invoices()
        invoice.action_post()
        self._pay(invoice)
        self.assertEqual(transaction.state, "done")
        transaction._post_process()
        self.assertFalse(transaction.payment_id, "paid once only")
        self._assert_line(self.line, 0, 0, 150)

    def test_void_and_cancel(self):
        self._login(self.buyer)
        order = self._quote(84)
        transaction = self._buy(order)[0]
        transaction._void()
        self.assertEqual(transaction.state, "cancel")
        self._assert_line(self.line, 0, 0, 150)
        other = self._quote(50)
        promised = self._buy(other)[0]
        promised._post_process()
        other._action_cancel()
        self.assertEqual(promised.state, "cancel")
        self._assert_line(self.line, 0, 0, 150)

    def test_invoice(self):
        self._login(self.buyer)
        invoice = self._invoice(60, due=self.day, partner=self.business)
        transaction = self._buy(invoice)[0]
        self.assertEqual(transaction.state, "authorized")
        self.assertTrue(invoice.facturex_deferred)
        self.assertEqual(
            invoice.invoice_date_due, fields.Date.add(invoice.invoice_date, days=60)
        )
        self._assert_line(self.line, 60, 0, 90)
        page = self.url_open(invoice.get_portal_url()).text
        self.assertIn("Deferred payment: due on", page)

    def test_refusal_explains(self):
        self._login(self.buyer)
        order = self._quote(200)
        page = self.url_open(order.get_portal_url()).text
        self.assertIn("o_facturex_why", page)
        self.assertIn("have verified the bank account", page)
        why = self.env["payment.provider"]._facturex_why_not
        currency = self.company.currency_id.id
        self.assertIn("apply", why(self.company.id, self.customer.id, 1, currency))
        self.assertFalse(why(self.company.id, self.business.id, 150, currency))
        self.line._freeze("manual", "dispute")
        self.assertIn("dispute", why(self.company.id, self.business.id, 1, currency))

    def test_taken_between_form_and_promise(self):
        self._login(self.buyer)
        order = self._quote(100)
        result = self._start(order)
        form = self._form(result["result"]["redirect_form_html"])
        page = self.url_open("/payment/facturex_deferred/confirm", data=form)
        csrf = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        self.assertIn("kept for you for 15 minutes", page.text)
        self._assert_line(self.line, 0, 100, 50)
        # held: nobody else takes it, until the quarter of an hour is over
        with self.assertRaisesRegex(UserError, "available .*50.00"):
            self.line._reserve(100, self.business, "elsewhere")
        transaction = self.env["payment.transaction"].search(
            [("reference", "=", form["reference"])]
        )
        transaction.facturex_hold_until = fields.Datetime.subtract(
            fields.Datetime.now(), seconds=1
        )
        self.line._reserve(100, self.business, "elsewhere")
        done = self.url_open(
            "/payment/facturex_deferred/process",
            data={**form, "csrf_token": csrf, "accept": "1"},
        )
        self.assertIn("available", done.text)
        self.assertIn("o_facturex_refused", done.text)
        self.assertEqual(order.state, "sent")
        self.assertEqual(self.line.amount_reserved, 100)

    def test_hold(self):
        """Held once per document; what is too old is free, and offered, again."""
        self._login(self.buyer)
        order, other = self._quote(100), self._quote(100)
        why = self.env["payment.provider"]._facturex_why_not
        given = self.company.id, self.business.id, 100, self.company.currency_id.id
        with self.mock_mail_gateway():
            for _again in range(3):
                self.assertIn("result", self._start(order))
        self._assert_line(self.line, 0, 100, 50)
        self.assertFalse(self._new_mails, "nothing was bought yet")
        self.assertFalse(self.line.is_alerted)
        self.assertFalse(
            why(*given, order_id=order.id), "his own checkout is no hurdle"
        )
        self.assertIn("50.00", why(*given, order_id=other.id))
        with mute_logger("odoo.http"):
            refused = self._start(other)
        self.assertIn("available", refused["error"]["data"]["message"])
        held = self.env["payment.transaction"].search(
            [("facturex_hold_until", "!=", False)]
        )
        self.assertEqual(held.sale_order_ids, order)
        held.facturex_hold_until = fields.Datetime.subtract(
            fields.Datetime.now(), seconds=1
        )
        self.assertFalse(why(*given, order_id=other.id))
        cron = self.env.ref("facturex_billing.ir_cron_credit_holds")
        with self.enter_registry_test_mode():
            cron.with_user(self.env.ref("base.user_root")).method_direct_trigger()
        self.env.invalidate_all()
        self._assert_line(self.line, 0, 0, 150)
        # the promise takes what was held, in one movement
        with self.mock_mail_gateway():
            transaction = self._buy(order)[0]
        self.assertEqual(transaction.state, "authorized")
        self._assert_line(self.line, 0, 100, 50)
        self.assertFalse(transaction.facturex_hold_until)

    def test_captured_in_parts(self):
        """A part of the promise is paid: the line follows, the rest stays promised."""
        self._login(self.buyer)
        transaction = self._buy(self._quote(84))[0]
        transaction._post_process()
        invoice = transaction.sale_order_ids._create_invoices()
        invoice.action_post()
        first = transaction._capture(amount_to_capture=50)
        first._post_process()
        self.assertEqual(first.payment_id.amount, 50)
        self.assertEqual(transaction.state, "authorized")
        self._assert_line(self.line, 34, 0, 116)
        rest = transaction._capture(amount_to_capture=34)
        rest._post_process()
        self.assertEqual(transaction.state, "done")
        self._assert_line(self.line, 0, 0, 150)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))

    def test_tampering(self):
        """Fifteen attempts, none accepted."""
        self._login(self.buyer)
        order, invoice = self._quote(84), self._invoice(60, partner=self.business)
        foreign = self._invoice(60, partner=self.customer)
        other = self.env["payment.provider"].search(
            [("code", "=", "facturex_deferred"), ("company_id", "!=", self.company.id)],
            limit=1,
        )
        self.assertTrue(other)
        dollar = self.setup_other_currency("USD")
        attempts = {
            "0.01": lambda: self._start(order, amount=0.01),
            "-5": lambda: self._start(order, amount=-5),
            "NaN": lambda: self._start(order, amount=float("nan")),
            "infinite": lambda: self._start(invoice, amount=1e308),
            "invoice 0.01": lambda: self._start(invoice, amount=0.01),
            "invoice -60": lambda: self._start(invoice, amount=-60),
            "text": lambda: self._start(invoice, amount="60"),
            "currency": lambda: self._start(invoice, currency_id=dollar.id),
            "other provider": lambda: self._start(invoice, provider_id=other.id),
            "other method": lambda: self._start(
                invoice,
                payment_method_id=self.env["payment.method"]
                .search([("code", "!=", "facturex_deferred")], limit=1)
                .id,
            ),
            "other's invoice": lambda: self._start(foreign),
            "no document": lambda: self._rpc(
                "/payment/transaction",
                amount=5,
                currency_id=self.company.currency_id.id,
                partner_id=self.buyer.partner_id.id,
                access_token="x",
                provider_id=self.provider.id,
                payment_method_id=self.method.id,
                token_id=None,
                flow="redirect",
                tokenization_requested=False,
                landing_route="/my",
            ),
        }
        accepted = []
        for name, attempt in attempts.items():
            with mute_logger("odoo.http", "odoo.sql_db"):
                result = attempt()
            if "error" not in result:
                accepted.append(name)
        # the signed step in between: another reference, another token, another person
        good = self._form(self._start(order)["result"]["redirect_form_html"])
        forged = [
            {**good, "token": "x"},
            {**good, "reference": good["reference"] + "-1"},
        ]
        with mute_logger("odoo.http"):
            for form in forged:
                page = self.url_open("/payment/facturex_deferred/confirm", data=form)
                if page.status_code == 200:
                    accepted.append(form)
            self._login(self.thief)
            page = self.url_open("/payment/facturex_deferred/confirm", data=good)
        if page.status_code == 200:
            accepted.append("somebody else")
        self.assertEqual(accepted, [])
        self.assertEqual(len(attempts) + len(forged) + 1, 15)
        # what the honest start holds for a quarter of an hour, nothing else
        self._assert_line(self.line, 0, 84, 66)
        self.assertFalse(
            self.env["payment.transaction"].search_count(
                [("state", "!=", "draft"), ("provider_id", "=", self.provider.id)]
            )
        )

    def test_server_side_creation(self):
        """The same checks without a browser."""
        invoice = self._invoice(60, partner=self.business)
        values = {
            "provider_id": self.provider.id,
            "payment_method_id": self.method.id,
            "currency_id": invoice.currency_id.id,
            "partner_id": self.business.id,
            "invoice_ids": [fields.Command.set(invoice.ids)],
        }
        Transaction = self.env["payment.transaction"]
        for amount in (0.01, -60, float("nan"), float("inf"), True, "60", 60.01):
            with (
                self.subTest(amount=amount),
                self.assertRaises(ValidationError),
            ):
                Transaction.create({**values, "amount": amount})
        transaction = Transaction.create({**values, "amount": 60})
        transaction._process("facturex_deferred", {})
        self.assertEqual(transaction.state, "authorized")
        with self.assertRaisesRegex(ValidationError, "not open any more"):
            Transaction.create({**values, "amount": 60})
