"""What a person does in the browser, from the application menu."""

from decimal import Decimal

from odoo import fields
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCase

from scripts.seed.dataset import iban_be
from scripts.seed.statement_writer import Movement, Statement, write_camt053
from tests.e2e.common import FacturexHttpCase


@tagged("post_install", "-at_install")
class TestTours(FacturexHttpCase, MailCase):
    def test_remind(self):
        self.env["facturex.dunning.policy"].create({"name": "Standard"})
        invoice = self._invoice(due=self._days_ago(20))
        other = self.customer.copy({"name": "Client Beta"})
        self.env["facturex.dunning.hold"].create(
            {
                "move_id": self._invoice(due=self._days_ago(20), partner=other).id,
                "kind": "dispute",
                "date_end": fields.Date.add(self.day, days=60),
            }
        )
        with self.mock_mail_gateway():
            self.browse_as(self.user, "facturex_reminder_tour")
        notice = self.env["facturex.dunning.notice"].search([])
        self.assertEqual(notice.line_ids.move_id, invoice)
        self.assertEqual(notice.state, "sent")
        [mail] = self._mails
        self.assertIn(invoice.name, mail["body"])
        self._dispute_and_resume(invoice, notice, mail)

    def _dispute_and_resume(self, invoice, notice, mail):
        """The customer follows the link of the mail; we settle it, reminders resume."""
        link = f"/my/reminders/{notice.id}?access_token={notice.access_token}"
        self.assertIn(link, mail["body"])
        self.start_tour(link, "facturex_dispute_tour")
        self.assertTrue(notice.date_opened)
        hold = self.env["facturex.dunning.hold"].search([("move_id", "=", invoice.id)])
        self.assertRecordValues(
            hold,
            [
                {
                    "move_id": invoice.id,
                    "kind": "dispute",
                    "origin": "portal",
                    "note": "One pallet is missing",
                }
            ],
        )
        policy = self.env["facturex.dunning.policy"].search([])
        later = fields.Date.add(self.day, days=20)
        self.assertFalse(policy._run(date=later))
        self.browse_as(
            self.user,
            "facturex_resume_tour",
            url="/odoo/action-facturex_billing.facturex_dunning_hold_action",
        )
        self.assertEqual(hold.state, "released")
        again = policy._run(date=later)
        self.assertEqual(again.line_ids.move_id, invoice)

    def test_import_and_match(self):
        iban = iban_be("363", 7_654_321)
        self.company_data["default_journal_bank"].set_bank_account(iban)
        paid = self._invoice(100, due=self._days_ago(20))
        almost = self._invoice(80, due=self._days_ago(20))
        content = write_camt053(
            Statement(
                account_iban=iban,
                owner="Us",
                statement_id="S1",
                sequence=1,
                opening_balance=Decimal(0),
                movements=(
                    Movement(
                        date=self.day,
                        amount=Decimal(100),
                        bank_reference="B1",
                        structured_reference=paid.payment_reference,
                        counterparty="Client Alpha",
                    ),
                    Movement(
                        date=self.day,
                        amount=Decimal(79),
                        bank_reference="B2",
                        text=f"almost {almost.name}",
                        counterparty="Client Alpha",
                    ),
                ),
            )
        )
        sample = self.env["ir.attachment"].create(
            {"name": "statement.xml", "raw": content, "public": True}
        )
        self.browse_as(
            self.user,
            "facturex_import_tour",
            cookies={"facturex_sample": str(sample.id)},
        )
        self.assertEqual(paid.payment_state, "paid")
        self.assertEqual(almost.amount_residual, 1)

    def test_export(self):
        last_month = self.day.replace(day=1)
        day = self._days_ago((self.day - last_month).days + 5)
        self._invoice(due=day)
        self.browse_as(self.accountant, "facturex_export_tour")
        batch = self.env["facturex.export.batch"].search([])
        self.assertRecordValues(batch, [{"state": "done", "item_count": 1}])

    def test_subscribe(self):
        self.env["product.product"].create(
            {"name": "Maintenance Alpha", "lst_price": 75.0, "type": "service"}
        )
        self.user.lang = "fr_FR"
        self.browse_as(self.user, "facturex_subscription_tour")
        subscription = self.env["facturex.subscription"].search([])
        self.assertRecordValues(
            subscription, [{"state": "running", "amount_mrr": 75.0}]
        )
        invoice = subscription.period_ids.move_id
        self.assertRecordValues(invoice, [{"state": "posted", "amount_untaxed": 75.0}])
