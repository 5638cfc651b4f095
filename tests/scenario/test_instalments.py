"""An invoice in two halves, day by day, for the Belgian and the French chart."""

from datetime import date
from decimal import Decimal

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from odoo.addons.facturex_billing.tests.common import FacturexCommon
from odoo.addons.mail.tests.common import MailCase

from scripts.seed.dataset import iban_be, iban_fr
from scripts.seed.statement_writer import Movement, Statement, write_camt053


class InstalmentsMixin:
    iban = ""

    def _bank_says(self, number, opening, *movements):
        """The statement of the day, as the bank sends it."""
        content = write_camt053(
            Statement(
                account_iban=self.iban,
                owner="Us",
                statement_id=f"S{number}",
                sequence=number,
                opening_balance=Decimal(opening),
                movements=movements,
            )
        )
        file = self.env["facturex.statement.file"]._import(content, f"{number}.xml")
        self.assertEqual(file.state, "done", file.message)
        return file

    def _run_reminders(self, day):
        with freeze_time(day), self.mock_mail_gateway():
            notices = self.policy._run(date=fields.Date.to_date(day))
            notices._approve_and_queue()
            notices.mail_mail_id.send()
        return notices

    def _play(self):
        journal = self.company_data["default_journal_bank"]
        journal.set_bank_account(self.iban)
        self.policy = self.env["facturex.dunning.policy"].create({"name": "Standard"})
        term = self.env["account.payment.term"].create(
            {
                "name": "2 x 50 %",
                "line_ids": [
                    fields.Command.create({"value_amount": 50, "nb_days": 30}),
                    fields.Command.create({"value_amount": 50, "nb_days": 60}),
                ],
            }
        )
        # Day 0, 2 January: an invoice of 1,000.01, in two halves
        with freeze_time("2026-01-02"):
            invoice = self._invoice(
                1000.01, due="2026-01-02", invoice_payment_term_id=term.id
            )
        first, second = self._receivable(invoice)
        self.assertEqual(first.date_maturity, date(2026, 2, 1))
        self.assertEqual(first.amount_residual + second.amount_residual, 1000.01)
        # Day 36, 7 February: the first half is six days late, nobody is reminded
        self.assertFalse(self._run_reminders("2026-02-07"))
        # Day 37, 8 February: the first reminder claims the first half only
        reminder = self._run_reminders("2026-02-08")
        self.assertEqual(reminder.state, "sent")
        self.assertEqual(reminder.line_ids.move_line_id, first)
        self.assertEqual(reminder.amount_total, first.amount_residual)
        # 9 February: nothing more, the message left yesterday
        self.assertFalse(self._run_reminders("2026-02-09"))
        # 10 February: the customer pays the first half with the reference
        file = self._bank_says(
            1,
            "0.00",
            Movement(
                date=date(2026, 2, 10),
                amount=Decimal(str(first.amount_residual)),
                bank_reference="B1",
                structured_reference=invoice.payment_reference,
                counterparty="Client Alpha",
            ),
        )
        self.assertEqual(file.matched_count, 1)
        self.assertTrue(first.reconciled)
        self.assertFalse(second.reconciled)
        self.assertEqual(invoice.payment_state, "partial")
        # 1 March: still in time for the second half, no second level for the first
        self.assertFalse(self._run_reminders("2026-03-01"))
        # 10 March: the second half is seven days late; it starts at level one
        reminder = self._run_reminders("2026-03-10")
        self.assertRecordValues(
            reminder.line_ids,
            [
                {
                    "move_line_id": second.id,
                    "step_id": self.policy.step_ids.sorted("sequence")[0].id,
                }
            ],
        )
        # 11 March: a typing error in the amount: proposed, never matched by itself
        rest = Decimal(str(second.amount_residual))
        file = self._bank_says(
            2,
            str(1000 - rest + Decimal("0.01")),
            Movement(
                date=date(2026, 3, 11),
                amount=rest - Decimal("0.10"),
                bank_reference="B2",
                structured_reference=invoice.payment_reference,
            ),
        )
        line = file.st_line_ids
        self.assertEqual(line.facturex_match_state, "proposed")
        line.facturex_proposal_ids[0].action_accept()
        self.assertAlmostEqual(invoice.amount_residual, 0.10)
        # 12 March: ten cents are not worth a message
        self.policy.min_amount = 5
        self.assertFalse(self._run_reminders("2026-04-20"))
        # the file of the day before, sent again by the bank: nothing new
        again = self._bank_says(
            2,
            str(1000 - rest + Decimal("0.01")),
            Movement(
                date=date(2026, 3, 11),
                amount=rest - Decimal("0.10"),
                bank_reference="B2",
                structured_reference=invoice.payment_reference,
            ),
        )
        self.assertEqual((again.new_count, again.known_count), (0, 1))


@tagged("post_install", "-at_install")
class TestBelgianInstalments(InstalmentsMixin, FacturexCommon, MailCase):
    iban = iban_be("363", 1_234_567)

    def test_day_by_day(self):
        self._play()


@tagged("post_install", "-at_install")
class TestFrenchInstalments(InstalmentsMixin, FacturexCommon, MailCase):
    country = "fr"
    iban = iban_fr("30004", "00812", 12_345_678)

    def test_day_by_day(self):
        self._play()
