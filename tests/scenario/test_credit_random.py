"""Random life of a line in the books themselves: counters never drift from documents.

200 steps in every run; FACTUREX_CREDIT_STEPS=2000 for as many as one has patience for.
"""

import os
import random

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.facturex_billing.tests.common_deferred import DeferredCommon

STEPS = int(os.environ.get("FACTUREX_CREDIT_STEPS", "200"))
SEED = 20260316
LOOK = 20  # the whole books are compared after so many steps


@tagged("post_install", "-at_install")
class TestCreditRandom(DeferredCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.line = cls._line()
        cls._verify(cls.line)
        cls.dollar = cls.setup_other_currency("USD", rates=[("2020-01-01", 1.25)])

    def test_no_drift(self):
        self.moments = random.Random(SEED)
        self.orders = self.env["sale.order"]
        self.invoices = self.env["account.move"]
        self.payments = self.env["account.move"]
        acts = (
            *(self._buy, self._buy, self._bill, self._bill, self._pay_some),
            *(self._cancel, self._credit, self._unmatch, self._redraft),
            *(self._settle, self._change_limit, self._freeze_or_not, self._in_dollars),
        )
        done = refused = 0
        for step in range(STEPS):
            act = self.moments.choice(acts)
            before = self.line.used_cents, self.line.reserved_cents
            try:
                with self.env.cr.savepoint():
                    act()
                    self.env.flush_all()
                done += 1
            except UserError:
                refused += 1
                self.env.invalidate_all()
                after = self.line.used_cents, self.line.reserved_cents
                self.assertEqual(before, after, f"{act.__name__} refused, yet counted")
            self._compare(step, act.__name__)
        self.assertEqual(self.line._recompute_drift(), {})
        self.assertGreater(done, STEPS // 3)
        self.assertGreater(refused, 0, "nothing was ever refused")

    def _compare(self, step, name):
        line = self.line
        today = fields.Date.context_today(line)
        balance = tuple(round(float(value) * 100) for value in line._balance_on(today))
        self.assertEqual(balance, (line.used_cents, line.reserved_cents), name)
        self.assertGreaterEqual(line.reserved_cents, 0, name)
        if step % LOOK == 0:
            self.assertEqual(line._recompute_drift(), {}, f"step {step}, {name}")

    # ------------------------------------------------------------------
    # What happens to a line
    # ------------------------------------------------------------------

    def _amount(self, most=9000):
        return self.moments.randint(1, most) / 100

    def _one(self, records):
        return records.browse(self.moments.choice(records.ids)) if records else records

    def _buy(self):
        self.orders |= self._order(self._amount())

    def _bill(self):
        order = self._one(
            self.orders.filtered(lambda order: order.invoice_status == "to invoice")
        )
        if order:
            invoice = order._create_invoices()
            invoice.action_post()
            self.invoices |= invoice

    def _in_dollars(self):
        self.invoices |= self._deferred(self._amount(), currency_id=self.dollar.id)

    def _cancel(self):
        order = self._one(self.orders.filtered(lambda order: order.state == "sale"))
        if order:
            order._action_cancel()

    def _open(self):
        return self.invoices.filtered(
            lambda move: (
                move.state == "posted"
                and move.amount_residual > 0
                and move.currency_id == self.company.currency_id
            )
        )

    def _pay_some(self):
        invoice = self._one(self._open())
        if invoice:
            cents = round(invoice.amount_residual * 100)
            part = self.moments.choice((cents, self.moments.randint(1, cents)))
            self.payments |= self._pay(invoice, part / 100)

    def _unmatch(self):
        payment = self._one(self.payments)
        if payment:
            self.payments -= payment
            payment.line_ids.remove_move_reconcile()

    def _credit(self):
        invoice = self._one(self._open())
        if not invoice:
            return
        note = self._invoice(
            min(self._amount(), invoice.amount_residual),
            due=self.today,
            partner=self.business,
            move_type="out_refund",
            facturex_deferred=True,
        )
        self.invoices |= note
        if self.moments.random() < 0.7:
            (self._receivable(invoice) + self._receivable(note)).reconcile()

    def _redraft(self):
        invoice = self._one(
            self.invoices.filtered(
                lambda move: move.state == "posted" and move.payment_state == "not_paid"
            )
        )
        if invoice:
            invoice.button_draft()
            if self.moments.random() < 0.5:
                invoice.action_post()

    def _settle(self):
        settlement = self.env["facturex.credit.settlement"].create(
            {"line_id": self.line.id, "amount_receipt": self._amount()}
        )
        settlement.action_preview()
        settlement.action_confirm()
        if self.moments.random() < 0.3:
            settlement.action_reverse()

    def _change_limit(self):
        self.line.grant_ids.unlink()
        self.env["facturex.credit.grant"].create(
            {
                "line_id": self.line.id,
                "amount": self.moments.choice((100, 300, 600)),
                "date_to": "2026-12-31",
                "reason": "Random",
            }
        )

    def _freeze_or_not(self):
        if self.line.state == "open" and self.moments.random() < 0.4:
            self.line._freeze("manual", "Random")
        elif self.line.state == "frozen":
            self.line.action_unfreeze()
