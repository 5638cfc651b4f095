"""Reminders day by day: a Belgian company that pays late, and a public buyer."""

from datetime import date, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from odoo.addons.facturex_billing.tests.common import FacturexCommon
from odoo.addons.mail.tests.common import MailCase


@tagged("post_install", "-at_install")
class TestDunningDays(FacturexCommon, MailCase):
    def setUp(self):
        super().setUp()
        self.policy = self.env["facturex.dunning.policy"].create(
            {"name": "Standard", "mode": "auto"}
        )
        self.steps = self.policy.step_ids.sorted("delay_days")
        self.bank_day = None
        facts = type(self.policy)._get_newest_bank_day
        self.patch(
            type(self.policy),
            "_get_newest_bank_day",
            lambda policy, company: self.bank_day or facts(policy, company),
        )

    def _live(self, day, bank=0):
        """One day of the cron; the bank lines are `bank` days old. Mails that left."""
        self.bank_day = fields.Date.to_date(day) - timedelta(days=bank)
        with freeze_time(f"{day} 09:00:00"), self.mock_mail_gateway():
            self.env["facturex.dunning.hold"]._close_expired()
            before = self.env["facturex.dunning.notice"].search([])
            self.policy._run_by_itself(self.company.id)
            new = self.env["facturex.dunning.notice"].search([]) - before
            new.mail_mail_id.sudo().filtered(lambda m: m.state == "outgoing").send()
        return new

    def test_belgian_company(self):
        self.customer.write({"is_company": True, "vat": "BE0477472701"})
        # 2 March: an invoice of 1,210.00, due that day
        invoice = self._invoice(1210, due="2026-03-02")
        self.assertEqual(invoice.facturex_law_profile_id.code, "be_b2b")
        # 6 March, day 4: nothing yet
        self.assertFalse(self._live("2026-03-06"))
        # 8 March, day 6 and a Sunday: nothing leaves on a Sunday anyway
        self.assertFalse(self._live("2026-03-08"))
        # 9 March, day 7: the friendly one, to the customer alone
        first = self._live("2026-03-09")
        self.assertEqual((first.state, first.step_id), ("sent", self.steps[0]))
        self.assertEqual(first.amount_total, 1210)
        # 10 March: the cron runs again, nothing more leaves
        self.assertFalse(self._live("2026-03-10"))
        # 12 March: the customer disputes a pallet; we answer within ten days
        hold = self.env["facturex.dunning.hold"].create(
            {
                "move_id": invoice.id,
                "kind": "dispute",
                "date_start": "2026-03-12",
                "date_end": "2026-03-22",
            }
        )
        # 20 March, day 18: on hold
        self.assertFalse(self._live("2026-03-20"))
        # 23 March, day 21, the hold ended yesterday by itself: the second level is
        # due, but the bank lines are six days old, so nothing leaves and one task
        # asks for the statements
        self.assertFalse(self._live("2026-03-23", bank=6))
        self.assertEqual(hold.state, "ended")
        self.assertEqual(self.policy.activity_ids.facturex_cause, "bank_stale")
        # 24 March: the statements are in; the task is gone and the second one leaves
        second = self._live("2026-03-24")
        self.assertEqual((second.state, second.step_id), ("sent", self.steps[1]))
        self.assertFalse(self.policy.activity_ids)
        # 25 March: the customer promises to pay by 1 April
        self.env["facturex.dunning.hold"].create(
            {
                "move_id": invoice.id,
                "kind": "promise",
                "date_start": "2026-03-25",
                "date_end": "2026-04-01",
            }
        )
        # 1 April: the last day of the promise
        self.assertFalse(self._live("2026-04-01"))
        # 2 April: broken; the last level leaves at once and says so
        third = self._live("2026-04-02")
        self.assertEqual(third.step_id, self.steps[2])
        self.assertIn("You had promised", self._mails[0]["body"])
        # 3 April: paid with a credit note of 10; nothing is left to claim
        with freeze_time("2026-04-03"):
            refund = self._invoice(10, due="2026-04-03", move_type="out_refund")
            (self._receivable(invoice) + self._receivable(refund)).reconcile()
            self._register_payment(invoice, amount=1200)
        self.assertFalse(self._live("2026-06-01"))
        # three mails in all, each level once, never within seven days
        told = self.env["facturex.dunning.notice"].search([], order="date")
        self.assertEqual(
            told.mapped("date_told"),
            [date(2026, 3, 9), date(2026, 3, 24), date(2026, 4, 2)],
        )
        self.assertEqual(told.line_ids.step_id, self.steps)

    def test_public_buyer(self):
        """A hospital pays in two halves, by an office of its own, through an outage."""
        office = self.customer.copy(
            {
                "name": "Accounts payable",
                "type": "invoice",
                "parent_id": self.customer.id,
                "email": "payable@hospital.example",
            }
        )
        term = self.env["account.payment.term"].create(
            {
                "name": "30 and 60 days",
                "line_ids": [
                    fields.Command.create({"value_amount": 50, "nb_days": 30}),
                    fields.Command.create({"value_amount": 50, "nb_days": 60}),
                ],
            }
        )
        # 2 January: 2,000.00 in two halves, due on 1 February and 3 March
        with freeze_time("2026-01-02"):
            invoice = self._invoice(
                2000, due="2026-01-02", invoice_payment_term_id=term.id
            )
        first, second = self._receivable(invoice)
        # 6 February: five days late
        self.assertFalse(self._live("2026-02-06"))
        # 9 February: the first half only, to the office that pays
        notice = self._live("2026-02-09")
        self.assertEqual(notice.line_ids.move_line_id, first)
        self.assertEqual(notice.recipient_id, office)
        # 10 February: the hospital mandates the payment; it is under way
        hold = self.env["facturex.dunning.hold"].create(
            {
                "partner_id": self.customer.id,
                "kind": "declared",
                "date_start": "2026-02-10",
                "date_end": "2026-03-05",
            }
        )
        # 2 March: on hold, whatever the calendar says
        self.assertFalse(self._live("2026-03-02"))
        # 6 March to 8 April: the machine is down. Back on 9 April, both halves are
        # late: one message, the second level for the first half, the first level for
        # the other, no jump
        notice = self._live("2026-04-09")
        self.assertEqual(hold.state, "ended")
        self.assertRecordValues(
            notice.line_ids.sorted("date_maturity"),
            [
                {"move_line_id": first.id, "step_id": self.steps[1].id},
                {"move_line_id": second.id, "step_id": self.steps[0].id},
            ],
        )
        # 10 April: the first half arrives
        with freeze_time("2026-04-10"):
            self._register_payment(invoice, amount=1000)
        # 23 April, fourteen days later: the second level for what is left of it
        notice = self._live("2026-04-23")
        self.assertEqual(notice.amount_total, 1000)
        self.assertTrue(first.reconciled)
        self.assertEqual(notice.line_ids.move_line_id, second)
        self.assertEqual(notice.line_ids.step_id, self.steps[1])
