"""Every door leads through the gate: confirm, post, batch, copy, import, cancel."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from odoo.addons.facturex_billing.engine import preflight

from .common_deferred import DeferredCommon


@tagged("post_install", "-at_install")
class TestCreditGate(DeferredCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.line = cls._line()

    def _invoice_order(self, order):
        invoice = order._create_invoices()
        invoice.action_post()
        return invoice

    def test_worked_example(self):
        """docs/guide.fr/paiement-differe.md, to the cent."""
        line = self.line
        first = self._deferred(96.80)
        self._assert_line(line, 96.80, 0, 53.20)
        refusal = r"available .*53.20.*requested .*60.50"
        with self.assertRaisesRegex(UserError, refusal), self.env.cr.savepoint():
            self._deferred(60.50)
        self._assert_line(line, 96.80, 0, 53.20)
        self._verify(line)
        second = self._deferred(60.50)
        self._assert_line(line, 157.30, 0, 142.70)
        self._pay(first)
        self._pay(second, 24.20)
        self._assert_line(line, 36.30, 0, 263.70)
        self._pay(second)
        self._assert_line(line, 0, 0, 300)

    def test_order_to_payment(self):
        order = self._order(100)
        self._assert_line(self.line, 0, 100, 50)
        invoice = self._invoice_order(order)
        self._assert_line(self.line, 100, 0, 50)
        self.assertRecordValues(
            invoice,
            [
                {
                    "facturex_deferred": True,
                    "facturex_credit_line_id": self.line.id,
                    "invoice_date_due": fields.Date.to_date("2026-05-15"),
                }
            ],
        )
        self._pay(invoice, 30)
        self._assert_line(self.line, 70, 0, 80)
        payment = self._pay(invoice)
        self._assert_line(self.line, 0, 0, 150)
        self._receivable(payment).remove_move_reconcile()
        self._assert_line(self.line, 70, 0, 80)
        self.assertEqual(
            self.line.entry_ids.sorted("id").mapped("kind"),
            ["reserve", "release", "draw", "settle", "settle", "adjust"],
        )

    def test_partial_invoices(self):
        order = self._order(100)
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [fields.Command.set(order.ids)],
                "advance_payment_method": "percentage",
                "amount": 30,
            }
        )
        deposit = wizard._create_invoices(order)
        deposit.action_post()
        self._assert_line(self.line, 30, 70, 50)
        rest = order._create_invoices(final=True)
        rest.action_post()
        self._assert_line(self.line, 100, 0, 50)

    def test_refused_and_nothing_changed(self):
        order = self._order(150.01, confirm=False)
        with self.assertRaisesRegex(
            UserError, "available .*150.00.*requested .*150.01"
        ):
            with self.env.cr.savepoint():
                order.action_confirm()
        self.assertEqual(order.state, "draft")
        self._assert_line(self.line, 0, 0, 150)
        order.order_line.price_unit = 150
        order.action_confirm()
        self._assert_line(self.line, 0, 150, 0)

    def test_doors(self):
        """0 of these ways goes above the limit."""
        self._order(100)
        big = self._deferred(60, post=False)
        bigger = self._deferred(30, post=False) + self._deferred(30, post=False)
        template = self._deferred(40)
        order = self._order(60, confirm=False)
        confirmed = self._order(1)
        line_vals = {
            "product_id": self.product_service.id,
            "price_unit": 60,
            "tax_ids": [fields.Command.clear()],
        }
        doors = {
            "action_post": big.action_post,
            "_post": big._post,
            "soft post": lambda: big._post(soft=True),
            "batch": bigger.action_post,
            "copy": lambda: template.copy().action_post(),
            "confirm": order.action_confirm,
            "write state": lambda: order.write({"state": "sale"}),
            "copy of an order": lambda: order.copy().action_confirm(),
            "import": lambda: order.create(
                {
                    "partner_id": self.business.id,
                    "state": "sale",
                    "facturex_deferred": True,
                    "order_line": [fields.Command.create(line_vals)],
                }
            ),
            "load": self._load_order,
            "price of a confirmed order": lambda: confirmed.order_line.write(
                {"price_unit": 61}
            ),
            "line of a confirmed order": lambda: confirmed.write(
                {"order_line": [fields.Command.create(line_vals)]}
            ),
            "new line": lambda: confirmed.order_line.create(
                {**line_vals, "order_id": confirmed.id}
            ),
            "deferring later": lambda: self._order(60, facturex_deferred=False).write(
                {"facturex_deferred": True}
            ),
            "sudo": big.sudo().action_post,
            "context": big.with_context(facturex_open=True).action_post,
            "user": self._as(big, self.user).action_post,
            "send": lambda: self.env["account.move.send"]._generate_and_send_invoices(
                big
            ),
        }
        for name, door in doors.items():
            with self.subTest(door=name):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    door()
                self._assert_line(self.line, 40, 101, 9)

    def _load_order(self):
        result = self.env["sale.order"].load(
            [
                "partner_id/.id",
                "state",
                "facturex_deferred",
                "order_line/product_id/.id",
                "order_line/price_unit",
            ],
            [
                [
                    str(self.business.id),
                    "sale",
                    "True",
                    str(self.product_service.id),
                    "60",
                ]
            ],
        )
        if not result["ids"]:
            raise UserError(str(result["messages"]))

    def test_cancel_releases(self):
        order = self._order(100)
        order._action_cancel()
        self._assert_line(self.line, 0, 0, 150)
        order.action_draft()
        self._assert_line(self.line, 0, 0, 150)
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        invoice.button_draft()
        self._assert_line(self.line, 0, 100, 50)
        invoice.action_post()
        self._assert_line(self.line, 100, 0, 50)
        invoice.button_draft()
        invoice.button_cancel()
        self._assert_line(self.line, 0, 100, 50)

    def test_credit_notes_release(self):
        invoice = self._deferred(100)
        refund = invoice._reverse_moves([{"invoice_date": self.today}])
        refund.action_post()
        self.assertTrue(refund.facturex_deferred)
        self._assert_line(self.line, 0, 0, 150)
        other = self._deferred(80)
        credit = other._reverse_moves([{"invoice_date": self.today}], cancel=True)
        self._assert_line(self.line, 0, 0, 150)
        self.assertEqual(credit.facturex_credit_line_id, self.line)
        wizard = self.env["facturex.credit.note"]
        third = self._deferred(90)
        third.is_move_sent = True
        note = wizard._open_for(third)
        note.write({"reason": "Returned", "send": False})
        note.action_confirm()
        self._assert_line(self.line, 0, 0, 150)

    def test_credit_in_favour_never_enlarges(self):
        paid = self._deferred(100)
        self._pay(paid)
        refund = paid._reverse_moves([{"invoice_date": self.today}])
        refund.action_post()
        self.assertRecordValues(
            self.line, [{"amount_used": -100, "amount_available": 150}]
        )
        with self.assertRaises(UserError):
            self._deferred(250.01)
        # used first on the next purchases
        bought = self._deferred(200)
        self.assertRecordValues(
            self.line, [{"amount_used": 100, "amount_available": 50}]
        )
        (self._receivable(bought) + self._receivable(refund)).reconcile()
        self._assert_line(self.line, 100, 0, 50)

    def test_no_line(self):
        other = self.business.copy({"name": "Gamma", "vat": False})
        with self.assertRaisesRegex(UserError, "Gamma .*has no deferred payment"):
            self._order(1, partner=other)
        with self.assertRaisesRegex(UserError, "has no deferred payment"):
            self._deferred(1, partner=other)
        # without deferred payment nothing is looked at
        self._invoice(1000, partner=self.business)
        self._assert_line(self.line, 0, 0, 150)

    def test_company_of_the_document(self):
        """The line of another company gives no room here."""
        other = self.env["facturex.credit.line"].create(
            {
                "partner_id": self.customer.id and self.business.id,
                "company_id": self.other_company.id,
            }
        )
        other.action_open()
        self._deferred(150)
        with self.assertRaises(UserError):
            self._deferred(1)
        self.assertEqual(other.amount_available, 150)

    def test_currency_of_the_document(self):
        dollar = self.setup_other_currency("USD", rates=[("2020-01-01", 2.0)])
        invoice = self._deferred(200, currency_id=dollar.id)
        self._assert_line(self.line, 100, 0, 50)
        self._deferred(100, currency_id=dollar.id)
        self._assert_line(self.line, 150, 0, 0)
        with self.assertRaises(UserError):
            self._deferred(1, currency_id=dollar.id)
        payment = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"amount": 50, "currency_id": dollar.id})
        )
        payment._create_payments()
        self._assert_line(self.line, 125, 0, 25)

    def test_payment_without_entry(self):
        """Registered, not seen in the books yet: allocated, so no longer owed."""
        invoice = self._deferred(100)
        register = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({})
        )
        payment = register._create_payments()
        self._assert_line(self.line, 0, 0, 150)
        payment.action_draft()
        payment.action_cancel()
        self._assert_line(self.line, 100, 0, 50)

    def test_not_chased_before_its_backstop(self):
        invoice = self._deferred(100)
        lines = self._receivable(invoice)
        day = fields.Date.to_date("2026-05-15")
        self.assertEqual(lines.date_maturity, day)
        found = lines._facturex_dunning_obstacles(day)
        self.assertEqual(
            found, {lines.id: preflight.Obstacle("hold_deferred", "2026-05-15")}
        )
        self.assertFalse(
            lines._facturex_dunning_obstacles(fields.Date.add(day, days=1))
        )
        self.assertIn(
            "hold_deferred",
            dict(self.env["facturex.dunning.run.line"]._fields["reason"].selection),
        )

    def test_days_of_the_company(self):
        self.company.facturex_credit_days = 30
        self.assertEqual(
            self._deferred(1).invoice_date_due, fields.Date.to_date("2026-04-15")
        )

    def test_overdue_freezes(self):
        invoice = self._deferred(100)
        with freeze_time("2026-05-16"):
            refused = self.assertRaisesRegex(UserError, "overdue")
            with refused, self.env.cr.savepoint():
                self._deferred(1)
            self._cron()
            self.assertRecordValues(
                self.line,
                [
                    {
                        "state": "frozen",
                        "freeze_reason": "overdue",
                        "amount_overdue": 100,
                    }
                ],
            )
            self.assertIn("overdue", self.line.activity_ids.mapped("summary")[-1])
            with self.assertRaisesRegex(UserError, "paid first"):
                self.line.action_unfreeze()
            self._pay(invoice)
            self.line.action_unfreeze()
            self._deferred(1)
        self.assertEqual(self.line.state, "open")

    def test_repaid_opens_again_by_itself(self):
        invoice = self._deferred(100)
        with freeze_time("2026-05-16"):
            self.line.action_check()
            self.assertEqual(self.line.state, "frozen")
            self._pay(invoice)
            self.line.action_check()
            self.assertEqual(self.line.state, "open")

    def test_a_failing_line_stops_no_other(self):
        other = self._line(
            self.env["res.partner"].create({"name": "Delta", "is_company": True})
        )
        Line = type(self.line)
        check = Line._check_day

        def fail(line, today):
            if line == self.line:
                raise UserError("planted")  # pylint: disable=translation-required
            check(line, today)

        self.env["facturex.credit.grant"].create(
            {"line_id": other.id, "amount": 9, "date_to": self.today, "reason": "-"}
        )
        with patch.object(Line, "_check_day", fail), freeze_time("2026-03-17"):
            self._cron()
        self.assertEqual(other.amount_limit, 150)
        self.assertIn("planted", self.line.message_ids[0].body)

    def test_override(self):
        order = self._order(200, confirm=False)
        with self.assertRaises(UserError):
            self._as(order, self.user).action_facturex_credit_override()
        ask = Form.from_action(
            self.env(user=self.manager),
            self._as(order, self.manager).action_facturex_credit_override(),
        )
        self.assertEqual(ask.amount, 50)
        ask.reason = "New shop"
        ask.save().action_confirm()
        order.action_confirm()
        self.assertRecordValues(
            self.line, [{"amount_reserved": 200, "amount_available": 0}]
        )
        override = self.env["facturex.credit.override"].search([])
        self.assertRecordValues(
            override,
            [{"state": "used", "approved_by": self.manager.id, "amount": 50}],
        )
        self.assertEqual(self.line.entry_ids[0].note, "New shop")
        # the order was allowed: so is its invoice, and nothing else
        order._create_invoices().action_post()
        self.assertRecordValues(self.line, [{"amount_used": 200}])
        with self.assertRaises(UserError), self.env.cr.savepoint():
            order.copy().action_confirm()

    def test_four_eyes(self):
        order = self._order(300, confirm=False)
        ask = Form.from_action(
            self.env(user=self.manager),
            self._as(order, self.manager).action_facturex_credit_override(),
        )
        ask.reason = "Fair"
        ask.save().action_confirm()
        override = self.env["facturex.credit.override"].search([])
        self.assertEqual(override.state, "requested")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            order.action_confirm()
        with self.assertRaisesRegex(UserError, "another manager"):
            self._as(override, self.manager).action_approve()
        with self.assertRaisesRegex(UserError, "manager"):
            self._as(override, self.user).action_approve()
        self._as(override, self.second).action_approve()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            # more than what was approved
            order.order_line.price_unit = 300.01
            order.action_confirm()
        order.order_line.price_unit = 300
        order.action_confirm()
        self.assertEqual(override.state, "used")
        self._assert_other_company_sees_nothing([override])

    def test_posted_terms_are_fixed(self):
        invoice = self._deferred(10)
        with self.assertRaisesRegex(UserError, "is posted"):
            invoice.facturex_deferred = False
        plain = self._invoice(10, partner=self.business)
        with self.assertRaisesRegex(UserError, "is posted"):
            self._as(plain, self.manager).with_context(
                facturex_open=True
            ).facturex_deferred = True

    def test_another_customer_takes_his_own_line(self):
        order = self._order(100)
        other = self.env["res.partner"].create({"name": "Delta", "is_company": True})
        his = self._line(other)
        order.write({"partner_id": other.id})
        self._assert_line(self.line, 0, 0, 150)
        self._assert_line(his, 0, 100, 50)
