"""Ninety days of deferred payment, in both forms, with a comment for each day.

(a) the customer keeps its books in this database: its bank settles its purchases;
(b) the seller collects the customer's sales: a payout nets the purchases first.
"""

import contextlib
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from odoo.addons.facturex_billing.tests.test_credit_application import (
    ApplicationCommon,
)
from odoo.addons.mail.tests.common import MockEmail

IBAN = "BE71096123456769"


class CreditDays(ApplicationCommon, MockEmail):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for company in cls.company | cls.other_company:
            company.facturex_credit_account_id = cls._account(
                company, "499FX", "asset_current"
            )
        cls.line = cls.env["facturex.credit.line"]

    @classmethod
    def _account(cls, company, code, kind):
        return (
            cls.env["account.account"]
            .with_company(company)
            .create(
                {
                    "code": code,
                    "name": code,
                    "account_type": kind,
                    "reconcile": True,
                    "company_ids": [fields.Command.set(company.ids)],
                }
            )
        )

    # ------------------------------------------------------------------
    # Acts of a day
    # ------------------------------------------------------------------

    @contextlib.contextmanager
    def _on(self, day):
        """That day: the counters, the books and the mails afterwards."""
        with freeze_time(f"2026-{day} 09:00:00"), self.mock_mail_gateway():
            yield
            self.env.flush_all()
            self.told = " ".join(self._new_mails.sorted("id").mapped("subject"))
            self.words = " ".join(map(str, self._new_mails.mapped("body_html")))

    def _buy(self, amount):
        """An order of a plain user, confirmed and invoiced."""
        order = self._as(
            self._order(amount, partner=self.business, confirm=False), self.user
        )
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        return invoice.with_env(self.env)

    def _assert_refused(self, amount, why):
        with self.assertRaisesRegex(UserError, why), self.env.cr.savepoint():
            self._order(amount, partner=self.business)

    def _assert_open(self, *residuals):
        self.assertEqual(
            [purchase.amount_residual for purchase in self.purchases], [*residuals]
        )

    # ------------------------------------------------------------------
    # The story
    # ------------------------------------------------------------------

    def _ninety_days(self):
        self._opening()
        self._purchases()
        self._settlements()
        self._overdue()
        self._end()

    def _opening(self):
        # Monday 16 March: a complete application, whose extract is too old: refused
        with self._on("03-16"):
            first = self._application(partner_id=self.business.id)
            self._complete(first)
            first.action_submit()
            decide = Form.from_action(self.env(user=self.user), first.action_refuse())
            decide.reason = "The extract is older than three months"
            decide.save().action_confirm()
        self.assertIn("older than three months", self.words)
        self.assertFalse(first.line_id)
        # Tuesday 17 March: nothing can be bought without a line
        with self._on("03-17"):
            self._assert_refused(10, "has no deferred payment")
        # Wednesday 18 March: completed; one manager accepts, the line is at 150
        with self._on("03-18"):
            second = self._application(partner_id=self.business.id)
            self._complete(second)
            second.action_submit()
            self._as(second, self.manager).action_accept()
        self.line = second.line_id.with_env(self.env)
        self.assertIn("150.00", self.words)
        self.assertRecordValues(
            self.line, [{"state": "open", "amount_limit": 150, "iban_verified": False}]
        )
        # Thursday 19 March: 157.30 would be more than that
        with self._on("03-19"):
            self._assert_refused(157.30, "available .*150.00.*requested .*157.30")
            # who registered the account does not verify it
            with self.assertRaisesRegex(UserError, "another manager"):
                self._as(self.line, self.manager).action_verify_iban()
        # Friday 20 March: a second person verifies the account: 300
        with self._on("03-20"):
            self._as(self.line, self.second).action_verify_iban()
        self.assertIn("is verified", self.words)
        self._assert_line(self.line, 0, 0, 300)

    def _purchases(self):
        # Monday 23 March: the first purchase, due on 22 May
        with self._on("03-23"):
            first = self._buy(96.80)
            self._assert_line(self.line, 96.80, 0, 203.20)
        self.assertEqual(first.invoice_date_due, fields.Date.to_date("2026-05-22"))
        # Wednesday 25 March: the second
        with self._on("03-25"):
            second = self._buy(60.50)
            self._assert_line(self.line, 157.30, 0, 142.70)
        self.assertFalse(self.told, "half of the line is used: nobody is alarmed")
        # Friday 27 March: the third, ordered first, then invoiced; due on 26 May
        with self._on("03-27"):
            third = self._buy(100)
            self._assert_line(self.line, 257.30, 0, 42.70)
        self.purchases = first | second | third
        # 80 % is reached: the customer and the responsible are told
        self.assertIn("42.70", self.words)
        self.assertIn(
            "86 % of the deferred payment is used", self.line.activity_ids[-1].summary
        )
        # Monday 30 March: a fourth is refused, to the cent, by whatever door
        with self._on("03-30"):
            self._assert_refused(42.71, "available .*42.70.*requested .*42.71")
            self._assert_line(self.line, 257.30, 0, 42.70)

    def _settlements(self):
        # Friday 3 April: the first receipt, 121.00: the oldest purchase, a part of the
        # second
        with self._on("04-03"):
            self._receive(121)
            self._assert_line(self.line, 136.30, 0, 163.70)
        self._assert_open(0, 36.30, 100)
        self.assertIn("settlement of your purchases", self.told)
        self.assertFalse(self.line.is_alerted)
        # Tuesday 14 April: 50.00, at once: what is left of the second, then the third
        with self._on("04-14"):
            self._receive(50)
            self._assert_line(self.line, 86.30, 0, 213.70)
        self._assert_open(0, 0, 86.30)
        # Monday 20 April: a credit note of 20.00 on the third purchase
        with self._on("04-20"):
            self._credit(self.purchases[2], 20)
            self._assert_line(self.line, 66.30, 0, 233.70)
        self._assert_open(0, 0, 66.30)

    def _credit(self, invoice, amount):
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "invoice_date": fields.Date.context_today(self.line),
                "reversed_entry_id": invoice.id,
                "facturex_deferred": True,
                "invoice_line_ids": [
                    fields.Command.create(
                        {"name": "Returned", "price_unit": amount, "tax_ids": []}
                    )
                ],
            }
        )
        note.action_post()
        (self._receivable(invoice) + self._receivable(note)).reconcile()

    def _overdue(self):
        third = self.purchases[2]
        # Tuesday 26 May: the backstop of the third purchase; it is not late yet
        with self._on("05-26"):
            self._cron()
            self.assertEqual(self.line.state, "open")
            self.assertTrue(
                third.line_ids._facturex_dunning_obstacles(
                    fields.Date.to_date("2026-05-26")
                )
            )
        # Wednesday 27 May: late by a day: frozen; the customer reads why
        with self._on("05-27"):
            self._cron()
            self._assert_refused(10, f"frozen: {third.name} is overdue")
        self.assertRecordValues(
            self.line,
            [{"state": "frozen", "freeze_reason": "overdue", "amount_available": 0}],
        )
        self.assertIn(f"{third.name} is overdue", self.words)
        # Monday 1 June: a manager cannot unfreeze what is not paid
        with self._on("06-01"), self.assertRaisesRegex(UserError, "paid first"):
            self._as(self.line, self.manager).action_unfreeze()
        # Wednesday 3 June: a third receipt, 120.00, settles it although frozen; 53.70
        # stay the customer's
        with self._on("06-03"):
            self._receive(120)
        self._assert_open(0, 0, 0)
        # Thursday 4 June: a manager unfreezes; the customer may buy again
        with self._on("06-04"):
            self._as(self.line, self.manager).action_unfreeze()
            self._assert_line(self.line, 0, 0, 300)
        self.assertIn("is open again", self.words)
        # Saturday 13 June, day 90: bought again, up to the last cent
        with self._on("06-13"):
            self._buy(300)
            self._assert_line(self.line, 300, 0, 0)
            self._assert_refused(0.01, "available .*0.00.*requested .*0.01")

    def _end(self):
        """Every entry is of one of five kinds, every cent is somewhere."""
        kinds = set(self.line.entry_ids.mapped("kind"))
        self.assertEqual(kinds, {"reserve", "draw", "settle", "release", "adjust"})
        statements = self.line.settlement_ids
        self.assertEqual(statements.mapped("state"), ["done"] * 3)
        self.assertEqual(sum(statements.mapped("amount_settled")), 237.30)
        self.assertEqual(sum(statements.mapped("amount_left")), 53.70)


@tagged("post_install", "-at_install")
class TestDossierCompany(CreditDays):
    """(a) Two sets of books, one database: Other Company buys from us."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls.other_company
        cls.business = cls.own.partner_id
        cls.business.write(
            {
                "is_company": True,
                "vat": "BE0477472701",
                "email": "beta@client.example",
                "property_payment_term_id": False,
            }
        )
        cls.own_bank = cls.other_data["default_journal_bank"]
        cls.bills = cls.env["account.move"]

    def test_ninety_days(self):
        self._ninety_days()

    def _buy(self, amount):
        """The same day its bookkeeper records our invoice as a bill."""
        invoice = super()._buy(amount)
        bill = (
            self.env["account.move"]
            .with_company(self.own)
            .create(
                {
                    "move_type": "in_invoice",
                    "company_id": self.own.id,
                    "partner_id": self.company.partner_id.id,
                    "invoice_date": invoice.invoice_date,
                    "ref": invoice.name,
                    "invoice_line_ids": [
                        fields.Command.create(
                            {"name": "Work", "price_unit": amount, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        bill.action_post()
        self.bills |= bill
        return invoice

    def _receive(self, amount):
        """A line of its own bank pays one of its sales, matched by its own people."""
        self.line.settle_mode = "auto" if amount == 50 else "propose"
        own = self._as(self.env["account.move"], self.other_user)
        sale = own.create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": fields.Date.context_today(self.line),
                "invoice_line_ids": [
                    fields.Command.create(
                        {"name": "Sale", "price_unit": amount, "tax_ids": []}
                    )
                ],
            }
        )
        sale.action_post()
        money = self._as(
            self.env["account.bank.statement.line"], self.other_user
        ).create(
            {
                "journal_id": self.own_bank.id,
                "date": fields.Date.context_today(self.line),
                "amount": amount,
                "payment_ref": f"Payment of {sale.name}",
            }
        )
        money._facturex_reconcile(self._receivable(sale), "manual")
        self.assertEqual(sale.payment_state, "paid")
        settlement = self.line.settlement_ids.sorted("id")[-1]
        self.assertEqual(settlement.source, "receipt")
        if self.line.settle_mode == "propose":
            # shown with its reasons, then booked by a plain user
            self.assertEqual(settlement.state, "draft")
            self.assertIn("Oldest due date first", settlement.explanation)
            self._as(settlement, self.user).action_confirm()
        self.assertEqual(settlement.state, "done")

    def _credit(self, invoice, amount):
        """Our credit note is a credit note in its books, too."""
        super()._credit(invoice, amount)
        bill = self.bills.filtered(lambda move: move.ref == invoice.name)
        refund = bill._reverse_moves([{"invoice_date": bill.invoice_date}])
        refund.invoice_line_ids.price_unit = amount
        refund.action_post()
        payable = (bill | refund).line_ids.filtered(
            lambda item: item.account_type == "liability_payable"
        )
        payable.reconcile()

    def _assert_open(self, *residuals):
        """The bill there is open for what the invoice is open for here."""
        super()._assert_open(*residuals)
        self.assertEqual([bill.amount_residual for bill in self.bills], [*residuals])

    def _end(self):
        super()._end()
        # 237.30 wait on the clearing account of both books for the transfer of a bank
        accounts = (self.company | self.own).mapped("facturex_credit_account_id")
        items = self.env["account.move.line"].search(
            [("account_id", "in", accounts.ids), ("parent_state", "=", "posted")]
        )
        here = items.filtered(lambda item: item.company_id == self.company)
        self.assertEqual(sum(here.mapped("balance")), 237.30)
        self.assertEqual(sum((items - here).mapped("balance")), -237.30)
        # the bank shows the transfer: nothing waits any more
        money = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": "2026-06-13",
                "amount": 237.30,
                "payment_ref": "Settlements",
            }
        )
        money._facturex_reconcile(here, "manual")
        self.assertTrue(all(here.mapped("reconciled")))

    def test_refunded_receipt(self):
        """Unmatched there, the purchase is open again here, limit or not."""
        self._opening()
        self._purchases()
        with self._on("04-14"):
            self._receive(50)
            self._assert_line(self.line, 207.30, 0, 92.70)
        own_move = self.line.settlement_ids.own_move_id
        self.assertEqual(own_move.company_id, self.own)
        with self._on("04-15"):
            money = self.env["account.bank.statement.line"].search(
                [("company_id", "=", self.own.id)]
            )
            self._as(money, self.other_user).action_undo_reconciliation()
            self._assert_line(self.line, 257.30, 0, 42.70)
        self.assertIn("was undone", self.words)
        self._assert_open(96.80, 60.50, 100)

    def test_our_trouble_is_not_theirs(self):
        """What fails here leaves their bank line matched, and a task for us."""
        self._opening()
        self._purchases()
        with self._on("04-14"):
            self.line.settle_mode = "auto"
            refused = patch.object(
                type(self.env["facturex.credit.settlement"]),
                "_make_entry",
                side_effect=UserError("The period is closed"),
            )
            with refused:
                made = self.line._facturex_receive(
                    self.own, 50, "receipt:x", fields.Date.to_date("2026-04-14"), "Bank"
                )
            self.assertEqual(made.state, "draft")
            task = self.line.activity_ids.filtered(
                lambda task: task.summary == "Settlement to confirm"
            )
            self.assertIn("The period is closed", task.note)
            self._assert_line(self.line, 257.30, 0, 42.70)


@tagged("post_install", "-at_install")
class TestCollectedSales(CreditDays):
    """(b) We collect Beta's sales: its purchases first, the rest is paid out."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collected = cls._account(cls.company, "489FX", "liability_current")
        cls.company.facturex_credit_collect_account_id = cls.collected
        cls.bank = cls.company_data["default_journal_bank"]

    def test_ninety_days(self):
        self._ninety_days()

    def _receive(self, amount):
        """Our bank shows money for Beta; a plain user previews and books the payout."""
        money = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.bank.id,
                "date": fields.Date.context_today(self.line),
                "amount": amount,
                "payment_ref": "Sales of Business Beta",
            }
        )
        money._facturex_reconcile(
            self.env["account.move.line"],
            "manual",
            extra=[
                {
                    "account_id": self.collected.id,
                    "partner_id": self.business.id,
                    "balance": -amount,
                }
            ],
        )
        settlement = self._as(self.env["facturex.credit.settlement"], self.user).create(
            {"line_id": self.line.id, "source": "payout"}
        )
        settlement.action_preview()
        self.assertEqual(settlement.amount_receipt, amount)
        settlement.action_confirm()
        held = self.env["account.move.line"].search(
            [("account_id", "=", self.collected.id), ("reconciled", "=", False)]
        )
        self.assertFalse(held, "what was collected is netted or owed")

    def _end(self):
        super()._end()
        # the rest, 53.70, is owed and goes to the account that was verified
        settlement = self._as(self.line.settlement_ids.sorted("id")[-1], self.user)
        self.assertEqual(settlement.amount_to_pay, 53.70)
        with self._on("06-13"):
            self.line.sudo()._drop_verification(self.user)
            with self.assertRaisesRegex(UserError, "is not verified"):
                settlement.action_pay_rest()
            self._as(self.line, self.second).action_verify_iban()
            action = self._as(settlement, self.accountant).action_pay_rest()
            register = Form.from_action(self.env(user=self.accountant), action).save()
            self.assertRecordValues(
                register,
                [
                    {
                        "amount": 53.70,
                        "payment_type": "outbound",
                        "partner_id": self.business.id,
                        "partner_bank_id": self.line.bank_id.id,
                    }
                ],
            )
            register.action_create_payments()
        self.assertEqual(settlement.amount_to_pay, 0)
        with self.assertRaisesRegex(UserError, "Nothing is left to pay"):
            settlement.action_pay_rest()

    def test_payout_without_purchases(self):
        """Nothing to net: all that was collected is owed."""
        self._opening()
        with self._on("04-14"):
            self._receive(50)
        settlement = self.line.settlement_ids
        self.assertRecordValues(
            settlement,
            [{"amount_settled": 0, "amount_left": 50, "amount_to_pay": 50}],
        )
