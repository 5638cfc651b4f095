"""The screen "To match", with the keyboard."""

from odoo.tests import tagged

from tests.e2e.common import FacturexHttpCase


@tagged("post_install", "-at_install")
class TestMatchTours(FacturexHttpCase):
    def test_match_ten_lines_and_undo_one(self):
        journal = self.company_data["default_journal_bank"]
        Line = self._as(self.env["account.bank.statement.line"], self.user)
        invoices = self.env["account.move"]
        for rank in range(11):
            invoices |= self._invoice(100 + rank, due=self._days_ago(20))
        named = [
            {
                "journal_id": journal.id,
                "date": self.day,
                "amount": invoice.amount_total,
                "payment_ref": f"virement {rank:02}",
                "partner_name": "Client Alpha",
            }
            for rank, invoice in enumerate(invoices[:10])
        ]
        hidden = self._invoice(
            700,
            due=self._days_ago(20),
            post=False,
            partner=self.env["res.partner"].create({"name": "Zeta"}),
        )
        vague = {"journal_id": journal.id, "date": self.day}
        lines = Line.create(
            [
                *named,
                {**vague, "amount": 700, "payment_ref": "Mystery"},
                {**vague, "amount": -3.21, "payment_ref": "Card 12"},
            ]
        )
        lines._facturex_match()
        hidden.action_post()
        self.assertFalse(any(lines.mapped("is_reconciled")))
        self.browse_as(self.user, "facturex_match_tour", timeout=180)
        self.assertRecordValues(
            lines,
            [{"is_reconciled": True, "facturex_match_state": "manual"}] * 11
            + [{"is_reconciled": False, "facturex_match_state": "aside"}],
        )
        self.assertEqual(set(invoices[:10].mapped("payment_state")), {"paid"})
        self.assertEqual(hidden.payment_state, "paid")
        self.assertEqual(lines[11].facturex_question, "What is this?")
