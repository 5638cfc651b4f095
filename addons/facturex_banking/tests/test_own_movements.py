"""Transfers between own accounts, payments that come back."""

from odoo.tests import tagged

from .common import FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestOwnMovements(FacturexBankingCommon):
    second_iban = "BE29001755555564"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.savings = cls.env["account.journal"].create(
            {
                "name": "Savings",
                "type": "bank",
                "code": "SAV",
                "bank_acc_number": cls.second_iban,
            }
        )
        cls.transfer = cls.company.transfer_account_id

    def _best(self, line):
        line._facturex_match()
        return line.facturex_proposal_ids.filtered(lambda p: p.state == "open")[:1]

    # -- transfers ---------------------------------------------------------------------

    def test_both_sides_of_a_transfer(self):
        out = self._line(-500, "to savings", account_number=self.second_iban)
        back = self._line(
            500, "from", account_number=self.iban, journal_id=self.savings.id
        )
        for line in (out, back):
            best = self._best(line)
            self.assertRecordValues(
                best,
                [{"account_id": self.transfer.id, "sure": True, "certain": False}],
            )
            self.assertIn("our own", best.reason)
            best.action_accept()
            self.assertTrue(line.is_reconciled)
            self.assertFalse(self._suspense(line))
        items = (out | back).line_ids.filtered(
            lambda item: item.account_id == self.transfer
        )
        self.assertEqual(sum(items.mapped("balance")), 0)
        self.assertTrue(all(items.mapped("reconciled")), "they settle each other")
        out.action_facturex_undo()
        self.assertRecordValues(self._suspense(out), [{"balance": 500.0}])
        self.assertTrue(back.is_reconciled)

    def test_another_company_is_no_own_account(self):
        line = self._line(-500, "to them", account_number=self.other_iban)
        self.assertFalse(self._best(line))

    def test_two_alike_do_not_settle_by_guess(self):
        for _ in range(2):
            line = self._line(-70, "savings", account_number=self.second_iban)
            self._best(line).action_accept()
        back = self._line(
            70, "from", account_number=self.iban, journal_id=self.savings.id
        )
        self._best(back).action_accept()
        item = back.line_ids.filtered(lambda item: item.account_id == self.transfer)
        self.assertFalse(item.reconciled)

    # -- returns -----------------------------------------------------------------------

    def _paid(self, amount=121, **details):
        invoice = self._invoice(amount)
        line = self._line(
            amount,
            reference=invoice.payment_reference.strip("+").replace("/", ""),
            **details,
        )
        line.transaction_details = {
            **line.transaction_details,
            "end_to_end_id": "E2E-1",
        }
        line._facturex_match()
        self.assertEqual(invoice.payment_state, "paid")
        return invoice, line

    def _returned(self, amount, **vals):
        line = self._line(-amount, "RETURN", **vals)
        line.transaction_details = {
            "end_to_end_id": "E2E-1",
            "return_reason": "AM04",
        }
        return line

    def test_a_payment_comes_back(self):
        invoice, payment = self._paid()
        back = self._returned(121)
        best = self._best(back)
        self.assertRecordValues(
            best, [{"returned_id": payment.id, "sure": True, "certain": False}]
        )
        self.assertIn("comes back", best.reason)
        row = back.facturex_detail()["proposals"][0]
        self.assertEqual(row["items"][0]["move_id"], invoice.id, "the invoice is shown")
        best.action_accept()
        self.assertEqual(invoice.payment_state, "not_paid")
        self.assertEqual(invoice.amount_residual, 121)
        self.assertTrue(back.is_reconciled)
        self.assertFalse(self._suspense(back | payment))
        self.assertEqual(back.partner_id, self.customer)

    def test_undo_of_a_return_pays_again(self):
        invoice, payment = self._paid()
        back = self._returned(121)
        self._best(back).action_accept()
        back.action_facturex_undo()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertRecordValues(self._suspense(back), [{"balance": 121.0}])
        self.assertTrue(payment.is_reconciled)

    def test_another_amount_or_no_mark_of_the_bank(self):
        _invoice, payment = self._paid()
        self.assertNotEqual(self._best(self._returned(120)).returned_id, payment)
        plain = self._line(-121, "E2E-1")
        plain.transaction_details = {"end_to_end_id": "E2E-1"}
        self.assertFalse(self._best(plain).returned_id)
