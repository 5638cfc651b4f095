"""A receipt settles the oldest purchases: in both books, explained, undone at will."""

import contextlib

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MockEmail

from .common_deferred import DeferredCommon


@tagged("post_install", "-at_install")
class TestCreditSettlement(DeferredCommon, MockEmail):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.line = cls._line()
        cls._verify(cls.line)
        cls.first = cls._deferred(96.80)
        cls.last = cls._deferred(60.50)

    def _settle(self, amount, **vals):
        settlement = self._as(self.env["facturex.credit.settlement"], self.user).create(
            {"line_id": self.line.id, "amount_receipt": amount, **vals}
        )
        settlement.action_preview()
        return settlement

    def test_worked_example(self):
        settlement = self._settle(121)
        self.assertRecordValues(
            settlement.part_ids,
            [
                {"move_id": self.first.id, "amount": 96.80},
                {"move_id": self.last.id, "amount": 24.20},
            ],
        )
        self._assert_line(self.line, 157.30, 0, 142.70)
        settlement.action_confirm()
        self._assert_line(self.line, 36.30, 0, 263.70)
        self.assertIn(self.first.payment_state, ("paid", "in_payment"))
        self.assertEqual(self.last.amount_residual, 36.30)
        clearing = self.company._facturex_credit_account()
        self.assertEqual(
            settlement.move_id.line_ids.mapped(
                lambda item: (item.account_id == clearing, item.balance)
            ),
            [(True, 121), (False, -96.80), (False, -24.20)],
        )
        rest = self._settle(90)
        rest.action_confirm()
        self.assertRecordValues(rest, [{"amount_settled": 36.30, "amount_left": 53.70}])
        self._assert_line(self.line, 0, 0, 300)
        self.assertIn("everything open is settled", rest.explanation)

    def test_half(self):
        self.line.share = 50
        settlement = self._settle(121)
        settlement.action_confirm()
        self._assert_line(self.line, 96.80, 0, 203.20)
        self.assertRecordValues(
            settlement, [{"amount_settled": 60.50, "amount_left": 60.50}]
        )
        self.assertIn("50.0 %", settlement.explanation)

    def test_statement(self):
        """Printed for the customer, in its language, and told by mail."""
        settlement = self._settle(121)
        with self.assertRaisesRegex(UserError, "booked settlement"):
            settlement.action_print_statement()
        with self.mock_mail_gateway():
            settlement.action_confirm()
        [mail] = self._new_mails
        self.assertEqual(mail.email_to, self.business.email_formatted)
        for words in (self.first.name, "96.80", "24.20", "/my/deferred/settlement/"):
            self.assertIn(words, mail.body_html)
        self.assertEqual(
            settlement.action_print_statement()["report_name"],
            "facturex_billing.report_credit_settlement",
        )
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "facturex_billing.report_credit_settlement", settlement.ids
        )
        text = html.decode()
        for words in ("121.00", self.last.name, "24.20", "36.30", "voucher"):
            self.assertIn(words, text)
        with self.mock_mail_gateway():
            settlement.action_reverse()
        self.assertIn("was undone", self._new_mails.body_html)

    def test_undone(self):
        settlement = self._settle(121)
        settlement.action_confirm()
        settlement.action_reverse()
        self._assert_line(self.line, 157.30, 0, 142.70)
        self.assertEqual(self.first.payment_state, "not_paid")
        self.assertEqual(settlement.state, "reversed")
        entries = settlement.move_id | settlement.move_id.reversal_move_ids
        self.assertEqual(len(entries), 2)
        self.assertTrue(all(item.reconciled for item in entries.line_ids))
        for act in (settlement.action_reverse, settlement.action_confirm):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                act()
        with self.assertRaisesRegex(UserError, "undone, not deleted"):
            settlement.unlink()

    def test_changed_since_the_preview(self):
        settlement = self._settle(121)
        self._pay(self.first, 10)
        with self.assertRaisesRegex(UserError, "preview again"):
            with self.env.cr.savepoint():
                settlement.action_confirm()
        self._assert_line(self.line, 147.30, 0, 152.70)
        settlement.action_preview()
        settlement.action_confirm()
        self._assert_line(self.line, 26.30, 0, 273.70)

    def test_bad_input(self):
        for amount in (0, -5):
            with self.assertRaisesRegex(UserError, "Nothing was received"):
                self._settle(amount)
        settlement = self._settle(5)
        with self.assertRaises(UserError):
            settlement.state = "done"
        settlement.action_confirm()
        with self.assertRaisesRegex(UserError, "is booked"):
            settlement.amount_receipt = 9
        self._assert_other_company_sees_nothing([settlement, settlement.part_ids])

    def _collect(self, amount):
        """The bank shows money that the customer's own customers paid to us."""
        if not self.company.facturex_credit_collect_account_id:
            self.company.facturex_credit_collect_account_id = self.env[
                "account.account"
            ].create(
                {
                    "code": "489990",
                    "name": "Collected for customers",
                    "account_type": "liability_current",
                    "reconcile": True,
                    "company_ids": [fields.Command.set(self.company.ids)],
                }
            )
        journal = self.company_data["default_journal_bank"]
        held = self.company.facturex_credit_collect_account_id
        collected = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "line_ids": [
                    fields.Command.create(
                        {"account_id": journal.default_account_id.id, "debit": amount}
                    ),
                    fields.Command.create(
                        {
                            "account_id": held.id,
                            "credit": amount,
                            "partner_id": self.business.id,
                        }
                    ),
                ],
            }
        )
        collected.action_post()
        return collected

    def test_payout(self):
        """Collected for the customer: purchases first, the rest is payable."""
        with self.assertRaisesRegex(UserError, "account of sums collected"):
            self._settle(0, source="payout")
        collected = self._collect(200)
        settlement = self._settle(0, source="payout")
        self.assertRecordValues(
            settlement,
            [{"amount_receipt": 200, "amount_settled": 157.30, "amount_left": 42.70}],
        )
        settlement.action_confirm()
        self._assert_line(self.line, 0, 0, 300)
        self.assertTrue(collected.line_ids[1].reconciled)
        payable = settlement.move_id.line_ids.filtered(
            lambda item: item.account_type == "liability_payable"
        )
        self.assertRecordValues(
            payable,
            [{"balance": -42.70, "partner_id": self.business.id, "reconciled": False}],
        )

    def test_payment_run(self):
        """What is left of several payouts: one payment each, to a verified account."""
        for way in self.company_data[
            "default_journal_bank"
        ].outbound_payment_method_line_ids:
            way.payment_account_id = False  # its payments have no entry of their own
        settlements = self.env["facturex.credit.settlement"]
        for amount in (200, 50):
            self._collect(amount)
            settlement = self._settle(0, source="payout")
            settlement.action_confirm()
            settlements |= settlement
        self.assertEqual(settlements.mapped("amount_to_pay"), [42.70, 50])
        self.line.sudo()._drop_verification(self.user)
        with self.assertRaisesRegex(UserError, "is not verified"):
            settlements.action_pay_rest()
        self.assertFalse(settlements.move_id.matched_payment_ids)
        self._as(self.line, self.second).action_verify_iban()
        action = self._as(settlements, self.accountant).action_pay_rest()
        payments = self.env["account.payment"].search(action["domain"])
        account = self.line.bank_id.id
        self.assertRecordValues(
            payments.sorted("amount"),
            [
                {
                    "amount": 42.70,
                    "payment_type": "outbound",
                    "partner_bank_id": account,
                },
                {
                    "amount": 50.00,
                    "payment_type": "outbound",
                    "partner_bank_id": account,
                },
            ],
        )
        self.assertEqual(settlements.mapped("amount_to_pay"), [0, 0])
        for again in (settlements, settlements[0]):
            with self.assertRaisesRegex(UserError, "Nothing is left"):
                again.action_pay_rest()
        payments[0].action_cancel()
        self.assertEqual(sum(settlements.mapped("amount_to_pay")), payments[0].amount)

    def test_two_windows_pay_a_rest_once(self):
        """Payments without an entry leave the debt open until the bank shows them."""
        for way in self.company_data[
            "default_journal_bank"
        ].outbound_payment_method_line_ids:
            way.payment_account_id = False
        self._collect(200)
        settlement = self._settle(0, source="payout")
        settlement.action_confirm()
        Register = self._as(self.env["account.payment.register"], self.accountant)
        context = settlement._get_payment_context()
        first, second, third = (
            Register.with_context(**context).create(vals)
            for vals in ({"amount": 42.71}, {"amount": 20}, {})
        )

        def refused(message):
            stack = contextlib.ExitStack()
            stack.enter_context(self.assertRaisesRegex(UserError, message))
            stack.enter_context(self.env.cr.savepoint())
            return stack

        with refused("Only .*42.70.* is left"):
            first._create_payments()
        self.assertEqual(settlement.amount_to_pay, 42.70)
        second._create_payments()
        self.assertEqual(settlement.amount_to_pay, 22.70)
        with refused("Only .*22.70.* is left"):
            third._create_payments()
        third.amount = 22.70
        third._create_payments()
        self.assertEqual(settlement.amount_to_pay, 0)
        late = Register.with_context(**context).create({})
        with refused("Nothing is left to pay out of"):
            late._create_payments()
        paid = settlement.move_id.matched_payment_ids
        self.assertEqual(sorted(paid.mapped("amount")), [20, 22.70])

    def test_payouts_of_two_currencies_are_not_added_up(self):
        usd = self.setup_other_currency("USD", rates=[("2020-01-01", 1.25)])
        both = self.company.currency_id | usd
        payments = self.env["account.payment"].create(
            [{"amount": 99, "currency_id": currency.id} for currency in both]
        )
        Register = self.env["account.payment.register"]
        self.assertIsNone(Register._facturex_check_payout(payments, both, 1))
        with self.assertRaisesRegex(UserError, "Only .*1.00.* is left"):
            Register._facturex_check_payout(payments[1], usd, 1)

    def test_receipt_of_its_own_company(self):
        """The bill there and the invoice here are paid by the same settlement."""
        own = self.other_company
        self.env["facturex.credit.line"].search([]).settle_mode = "propose"
        own.partner_id.write({"is_company": True, "vat": False})
        line = self._line(own.partner_id)
        invoice = self._deferred(100, partner=own.partner_id)
        seller = self.company.partner_id
        bill = (
            self.env["account.move"]
            .with_company(own)
            .create(
                {
                    "move_type": "in_invoice",
                    "company_id": own.id,
                    "partner_id": seller.id,
                    "invoice_date": self.today,
                    "ref": invoice.name,
                    "invoice_line_ids": [
                        fields.Command.create(
                            {"name": "Work", "price_unit": 100, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        bill.action_post()
        Line = self.env["facturex.credit.line"]
        today = fields.Date.context_today(Line)
        made = Line._facturex_receive(own, 70, "r1", today, "Bank line")
        self.assertRecordValues(
            made, [{"state": "draft", "amount_settled": 70, "line_id": line.id}]
        )
        self.assertIn("Settlement to confirm", line.activity_ids.mapped("summary"))
        self.assertFalse(Line._facturex_receive(own, 70, "r1", today, "Bank line"))
        self._as(made, self.user).action_confirm()
        self.assertEqual((invoice.amount_residual, bill.amount_residual), (30, 30))
        self._assert_line(line, 30, 0, 120)
        Line._facturex_give_back(own, "r1")
        self.assertEqual((invoice.amount_residual, bill.amount_residual), (100, 100))
        self._assert_line(line, 100, 0, 50)
        # agreed to in the conditions, and chosen: at once
        line.settle_mode = "auto"
        application = self.env["facturex.credit.application"].create(
            {
                "company_name": "Own",
                "partner_id": own.partner_id.id,
                "company_id": self.company.id,
            }
        )
        application.sudo().write({"line_id": line.id, "terms_on": "2026-03-01"})
        Line._facturex_receive(own, 100, "r2", today, "Bank line")
        self._assert_line(line, 0, 0, 150)
        self.assertIn(bill.payment_state, ("paid", "in_payment"))
