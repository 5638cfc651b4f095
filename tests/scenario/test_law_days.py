"""Late payers day by day: Belgian and French consumers, companies, a public buyer."""

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.facturex_billing.tests.common import FacturexCommon
from odoo.addons.mail.tests.common import MailCase


class LateDays(FacturexCommon, MailCase):
    def _ready(self, code, firmness="standard"):
        """The ready-made policy, as a manager adds it."""
        ready = self.env["facturex.dunning.ready"].create(
            {
                "company_id": self.company.id,
                "profile_id": self.env.ref(f"facturex_billing.law_profile_{code}").id,
                "firmness": firmness,
            }
        )
        return ready._create_policy()

    def _remind(self, day):
        """The messages of a day, sent."""
        with freeze_time(day), self.mock_mail_gateway():
            notices = self.policy._run(date=fields.Date.to_date(day))
            notices._approve_and_queue()
            notices.mail_mail_id.send()
        return notices

    def _levels(self, *days):
        """{day: level that left, or nothing}"""
        found = {}
        for day in days:
            notice = self._remind(day)
            found[day] = notice.step_id.name or None
        return found

    def _owed(self, invoice, day):
        with freeze_time(day):
            charges = self.env["facturex.late.charge"]._accrue(
                self._receivable(invoice), fields.Date.to_date(day)
            )
        return {charge.kind: charge.amount for charge in charges}

    def _pay(self, invoice, amount, day):
        with freeze_time(day):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"amount": amount, "payment_date": day})._create_payments()


@tagged("post_install", "-at_install")
class TestBelgianConsumer(LateDays):
    def test_from_the_free_reminder_to_the_last_cent(self):
        # Before: the conditions of sale hold a penalty clause, the policy is ready-made
        self.company.write(
            {"facturex_penalty_clause": True, "company_registry": "0477472701"}
        )
        self.policy = self._ready("be_b2c")
        with freeze_time("2026-09-16"):
            invoice = self._invoice(320, due="2026-09-30")
        # 30 September, the due date, to 6 October: nothing leaves, nothing is owed
        self.assertEqual(
            self._levels("2026-09-30", "2026-10-06"),
            {"2026-09-30": None, "2026-10-06": None},
        )
        self.assertFalse(self._owed(invoice, "2026-10-06"))
        # Wednesday 7 October: the free reminder, with all that the law wants said
        first = self._remind("2026-10-07")
        self.assertRecordValues(
            first, [{"state": "sent", "amount_interest": 0.0, "amount_fee": 0.0}]
        )
        body = str(first.mail_mail_id.body_html)
        for words in ("320.00", "47.00", "0477472701", "10/21/2026"):
            self.assertIn(words, body)
        # 8 to 21 October: the fourteen days; nothing leaves, nothing is owed
        self.assertIsNone(self._remind("2026-10-21").step_id.name or None)
        self.assertFalse(self._owed(invoice, "2026-10-21"))
        # 22 October: interest of 15 days since the reminder, and 30 € + 10 % of 170 €
        self.assertEqual(
            self._owed(invoice, "2026-10-22"), {"interest": 1.38, "indemnity": 47.0}
        )
        # 25 October: the reminder with charges
        second = self._remind("2026-10-25")
        self.assertRecordValues(
            second, [{"amount_interest": 1.66, "amount_fee": 47.0, "state": "sent"}]
        )
        self.assertIn("368.66", second._get_merge_values()["amount_total"])
        # 26 October: the invoice is paid; what late payment cost stays apart
        self._pay(invoice, 320, "2026-10-26")
        self.assertFalse(self._remind("2026-11-09"))
        owed = self._owed(invoice, "2026-12-01")
        self.assertEqual(owed, {"interest": 1.75, "indemnity": 47.0})
        # 1 December: the company forgoes it, and says why
        charges = self.env["facturex.late.charge"].search([])
        charges._waive("A good customer")
        self.assertFalse(self._owed(invoice, "2026-12-02"))


@tagged("post_install", "-at_install")
class TestFrenchCompany(LateDays):
    country = "fr"

    def test_from_the_due_date_to_the_claim(self):
        self.customer.write(
            {"is_company": True, "country_id": self.env.ref("base.fr").id}
        )
        self.policy = self._ready("fr_b2b")
        with freeze_time("2026-04-15"):
            invoice = self._invoice(4800, due="2026-05-15")
        self.assertEqual(invoice.facturex_law_profile_id.code, "fr_b2b")
        # 16 May: penalties run without any reminder, one day and 40 €
        self.assertEqual(
            self._owed(invoice, "2026-05-16"), {"interest": 1.6, "indemnity": 40.0}
        )
        # 18 and 25 May: two reminders without charges
        self.assertEqual(
            self._levels("2026-05-18", "2026-05-20", "2026-05-25"),
            {
                "2026-05-18": "Friendly reminder",
                "2026-05-20": None,
                "2026-05-25": "Second reminder",
            },
        )
        # 4 June: twenty days at 12.15 %, and 40 €
        charged = self._remind("2026-06-04")
        self.assertRecordValues(
            charged, [{"amount_interest": 31.96, "amount_fee": 40.0}]
        )
        # 14 June: the formal notice
        self.assertEqual(self._remind("2026-06-14").step_id.name, "Formal notice")
        # 20 June: 1,800 € come in; interest goes on with 3,000 €
        self._pay(invoice, 1800, "2026-06-20")
        # 1 July: the rate of the half-year changes to 12.40 %
        # 30 September: the claim, apart from the invoice and without VAT
        self.assertEqual(
            self._owed(invoice, "2026-09-30"), {"interest": 161.27, "indemnity": 40.0}
        )
        with freeze_time("2026-09-30"):
            charges = self.env["facturex.late.charge"].search([])
            claim = self.env["account.move"].browse(charges.action_invoice()["res_id"])
            claim.action_post()
        self.assertRecordValues(claim, [{"amount_total": 201.27, "amount_tax": 0.0}])
        self.assertEqual(invoice.amount_residual, 3000)
        # 31 December: the last day of a known rate; the day after nothing is guessed
        self.assertEqual(self._owed(invoice, "2026-12-31"), {"interest": 93.76})
        self.assertEqual(self._owed(invoice, "2027-01-01"), {"interest": 93.76})
        profile = invoice.facturex_law_profile_id
        self.assertEqual(len(profile.activity_ids), 1)


@tagged("post_install", "-at_install")
class TestBelgianCompany(LateDays):
    def test_from_the_due_date_to_the_promise(self):
        self.customer.write({"is_company": True})
        self.policy = self._ready("be_b2b", firmness="firm")
        # 1 June: 1,210.00, due on 15 June (example B2 of the law)
        with freeze_time("2026-06-01"):
            invoice = self._invoice(1210, due="2026-06-15")
        self.assertEqual(invoice.facturex_law_profile_id.code, "be_b2b")
        # 12 June, three days before: a courtesy, nothing is claimed
        courtesy = self._remind("2026-06-12")
        self.assertEqual(courtesy.step_id.name, "Friendly announcement")
        self.assertRecordValues(courtesy, [{"amount_interest": 0.0, "amount_fee": 0.0}])
        # 15 June, the due date, then 16 June: interest of one day and 40 € are due
        self.assertFalse(self._owed(invoice, "2026-06-15"))
        self.assertEqual(
            self._owed(invoice, "2026-06-16"), {"interest": 0.35, "indemnity": 40.0}
        )
        # 18 June: the friendly one would be due, but six days after the courtesy it
        # is too soon; it leaves on the seventh day
        self.assertEqual(
            self._levels("2026-06-18", "2026-06-19"),
            {"2026-06-18": None, "2026-06-19": "Friendly reminder"},
        )
        # 25 June: ten days late, but the levels keep their seven days; 26 June: with
        # charges, eleven days at 10.5 % and 40 €
        self.assertFalse(self._remind("2026-06-25"))
        charged = self._remind("2026-06-26")
        self.assertRecordValues(
            charged, [{"amount_interest": 3.83, "amount_fee": 40.0}]
        )
        # 6 July, ten days later: the formal notice, which stops new orders
        formal = self._remind("2026-07-06")
        self.assertEqual(formal.step_id.name, "Formal notice")
        order = self.env["sale.order"].create({"partner_id": self.customer.id})
        with self.assertRaises(UserError):
            order.with_user(self.user).action_confirm()
        # 7 July: they promise to pay by the 15th
        self.env["facturex.dunning.hold"].create(
            {
                "move_id": invoice.id,
                "kind": "promise",
                "date_start": "2026-07-07",
                "date_end": "2026-07-15",
            }
        )
        self.assertFalse(self._remind("2026-07-15"))
        # 16 July: not kept; the last level says so and asks for the file
        last = self._remind("2026-07-16")
        self.assertEqual(last.step_id.name, "Last reminder")
        self.assertIn("You had promised", str(last.mail_mail_id.body_html))
        self.assertIn("collection", last.activity_ids.summary)
        # 12 October: paid; interest stops on that day at 41.42
        self._pay(invoice, 1210, "2026-10-12")
        owed = {"interest": 41.42, "indemnity": 40.0}
        self.assertEqual(self._owed(invoice, "2026-10-12"), owed)
        self.assertEqual(self._owed(invoice, "2026-12-01"), owed)
        # orders are welcome again
        order.with_user(self.user).action_confirm()


@tagged("post_install", "-at_install")
class TestPublicBuyer(LateDays):
    country = "fr"

    def test_the_rate_of_the_first_day_holds(self):
        # A town: nobody can guess that it is a public buyer, its file says so
        self.customer.write(
            {
                "is_company": True,
                "country_id": self.env.ref("base.fr").id,
                "facturex_law_profile_id": self.env.ref(
                    "facturex_billing.law_profile_fr_b2g"
                ).id,
            }
        )
        self.policy = self._ready("fr_b2g")
        # 1 May: 10,000.00 at thirty days
        with freeze_time("2026-05-01"):
            invoice = self._invoice(10000, due="2026-05-31")
        self.assertEqual(invoice.facturex_law_profile_id.code, "fr_b2g")
        # 31 May: nothing; 1 June: one day at the rate of the first half-year, 40 €
        self.assertFalse(self._owed(invoice, "2026-05-31"))
        first = self._owed(invoice, "2026-06-01")
        self.assertEqual(first["indemnity"], 40.0)
        rates = invoice.facturex_law_profile_id._get_rates(self.company)
        june = law_rate(rates, "2026-06-01")
        july = law_rate(rates, "2026-07-01")
        self.assertNotEqual(june, july)
        self.assertEqual(first["interest"], round(10000 * june / 36500, 2))
        # 3 and 10 June: two reminders without charges
        self.assertEqual(
            self._levels("2026-06-03", "2026-06-10"),
            {"2026-06-03": "Friendly reminder", "2026-06-10": "Second reminder"},
        )
        # 20 June: twenty days, and 40 €
        charged = self._remind("2026-06-20")
        self.assertRecordValues(
            charged,
            [
                {
                    "amount_interest": round(10000 * june * 20 / 36500, 2),
                    "amount_fee": 40.0,
                }
            ],
        )
        # 30 June: the formal notice. 1 July: the rate of companies changes, not this
        # one, which was fixed when the interest began
        self.assertEqual(self._remind("2026-06-30").step_id.name, "Formal notice")
        self.assertEqual(
            self._owed(invoice, "2026-09-08")["interest"],
            round(10000 * june * 100 / 36500, 2),
        )
        # 8 September: the town pays; the day of payment counts. Nothing more leaves
        self._pay(invoice, 10000, "2026-09-08")
        self.assertFalse(self._remind("2026-10-30"))
        # 31 December: the claim, apart from the invoice, without VAT
        self.assertEqual(
            self._owed(invoice, "2026-12-31")["interest"],
            round(10000 * june * 100 / 36500, 2),
        )


def law_rate(rates, day):
    """The percent in force on that day."""
    known = [percent for start, percent in rates if str(start) <= day]
    return float(known[-1])
