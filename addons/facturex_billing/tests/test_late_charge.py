from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import FacturexCommon


class LateChargeCommon(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Charge = cls.env["facturex.late.charge"]
        cls.customer.is_company = True  # Belgian company: 40 € and interest by law

    def _accrue(self, invoice, day):
        return self.Charge._accrue(
            self._receivable(invoice), fields.Date.to_date(day)
        ).sorted("kind")

    def _pay(self, invoice, amount, day):
        with freeze_time(day):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"amount": amount, "payment_date": day})._create_payments()

    def _amounts(self, charges):
        return {charge.kind: charge.amount for charge in charges}


@tagged("post_install", "-at_install")
class TestLateCharge(LateChargeCommon):
    def test_worked_examples(self):
        # B1: two half-years, paid on 29 August 2025
        with freeze_time("2025-05-01"):
            invoice = self._invoice(2420, due="2025-05-31")
        self.assertEqual(
            self._amounts(self._accrue(invoice, "2025-08-29")),
            {"interest": 64.64, "indemnity": 40.0},
        )
        # the same day again: nothing is doubled
        self.assertEqual(len(self._accrue(invoice, "2025-08-29")), 2)

    def test_interest_follows_the_payments(self):
        # F3: 1,800 of 4,800 paid on 20 June, French law by the frozen profile
        french = self.env.ref("facturex_billing.law_profile_fr_b2b")
        self.customer.facturex_law_profile_id = french
        with freeze_time("2026-05-01"):
            invoice = self._invoice(4800, due="2026-05-15")
        self._pay(invoice, 1800, "2026-06-20")
        self.assertEqual(
            self._amounts(self._accrue(invoice, "2026-09-30")),
            {"interest": 161.27, "indemnity": 40.0},
        )

    def test_what_was_paid_stops_on_the_day_of_payment(self):
        invoice = self._invoice(1200, due="2026-01-31")
        self._pay(invoice, 1200, "2026-03-10")
        before = self._amounts(self._accrue(invoice, "2026-03-16"))
        self.assertEqual(before, self._amounts(self._accrue(invoice, "2026-06-30")))
        in_time = self._invoice(1200, due="2026-02-01")
        self._pay(in_time, 1200, "2026-02-01")
        self.assertFalse(self._accrue(in_time, "2026-06-30"))

    def test_a_consumer_bears_nothing_before_the_reminder(self):
        self.customer.is_company = False
        invoice = self._invoice(320, due="2026-01-31")
        self.company.facturex_penalty_clause = True
        self.assertFalse(self._accrue(invoice, "2026-03-16"))

    def test_one_compensation_for_two_instalments(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 x 50 %",
                "line_ids": [
                    fields.Command.create({"value_amount": 50, "nb_days": 10}),
                    fields.Command.create({"value_amount": 50, "nb_days": 30}),
                ],
            }
        )
        with freeze_time("2026-01-02"):
            invoice = self._invoice(
                1000, due="2026-01-02", invoice_payment_term_id=term.id
            )
        charges = self._accrue(invoice, "2026-03-16")
        self.assertEqual(charges.mapped("kind"), ["indemnity", "interest", "interest"])

    def test_claimed_on_demand_without_vat(self):
        invoice = self._invoice(1200, due="2026-01-31")
        charges = self._as(self._accrue(invoice, "2026-03-16"), self.user)
        action = charges.action_invoice()
        claim = self.env["account.move"].browse(action["res_id"])
        self.assertRecordValues(
            claim,
            [
                {
                    "move_type": "out_receipt",
                    "state": "draft",
                    "partner_id": self.customer.id,
                    "amount_tax": 0.0,
                    "amount_total": 55.19,  # 44 days at 10.5 %: 15.19, and 40
                }
            ],
        )
        chart = self.env["account.chart.template"].with_company(self.company)
        self.assertEqual(
            claim.invoice_line_ids.account_id,
            chart.ref("a751") | chart.ref("a743"),
        )
        self.assertEqual(set(charges.mapped("state")), {"invoiced"})
        with self.assertRaisesRegex(UserError, "open charges"):
            charges.action_invoice()
        # later only the days that follow, and no second compensation
        later = self._accrue(invoice, "2026-03-26")
        self.assertEqual(self._amounts(later), {"interest": 3.45})
        # the claim itself never bears interest
        claim.action_post()
        self.assertFalse(self._accrue(claim, "2026-12-01"))

    def test_a_deleted_claim_reopens_the_charges(self):
        invoice = self._invoice(1200, due="2026-01-31")
        charges = self._accrue(invoice, "2026-03-16")
        action = charges.action_invoice()
        self._accrue(invoice, "2026-03-26")
        self.env["account.move"].browse(action["res_id"]).unlink()
        self.assertEqual(set(charges.mapped("state")), {"open"})
        again = self._accrue(invoice, "2026-03-26")
        self.assertEqual(again, charges.sorted("kind"))
        self.assertEqual(self._amounts(again), {"interest": 18.64, "indemnity": 40.0})

    def test_waived_with_a_reason(self):
        invoice = self._invoice(1200, due="2026-01-31")
        charges = self._accrue(invoice, "2026-03-16")
        wizard = (
            self.env["facturex.late.charge.waive"]
            .with_user(self.user)
            .with_context(active_ids=charges.ids, allowed_company_ids=self.company.ids)
        )
        form = Form(wizard)
        form.reason = "  "
        with self.assertRaisesRegex(UserError, "Say why"):
            form.save().action_waive()
        form.reason = "Late delivery"
        form.save().action_waive()
        self.assertRecordValues(
            charges,
            [{"state": "waived", "waive_reason": "Late delivery"}] * 2,
        )
        self.assertFalse(self._accrue(invoice, "2026-03-16"))
        self.assertIn("Late delivery", "".join(invoice.message_ids.mapped("body")))

    def test_the_screen_is_brought_to_today(self):
        self._invoice(1200, due="2026-01-31")
        charges = self._as(self.Charge, self.user)
        action = charges.action_open()
        self.assertEqual(action["res_model"], "facturex.late.charge")
        self.assertCountEqual(charges.search([]).mapped("amount"), [15.19, 40.0])
        button = self._as(self.env["account.move"].search([], limit=1), self.user)
        self.assertEqual(
            button.action_facturex_late_charges()["domain"],
            [("move_id", "in", button.ids)],
        )

    def test_other_companies_see_nothing(self):
        invoice = self._invoice(1200, due="2026-01-31")
        charges = self._accrue(invoice, "2026-03-16")
        with self.assertRaises(AccessError):
            self._as(charges, self.other_user).action_invoice()
        self.assertFalse(self._as(self.Charge, self.other_user).search([]))

    def test_a_message_shows_the_charges(self):
        policy = self.env["facturex.dunning.policy"].create(
            {
                "name": "B2B",
                "profile_id": self.env.ref("facturex_billing.law_profile_be_b2b").id,
                "step_ids": [
                    fields.Command.create(
                        {
                            "name": "Firm",
                            "delay_days": 7,
                            "charge": "fixed",
                            "fee_amount": 15,
                            "text_body": "{customer}: {amount_total} for {invoices}.",
                        }
                    )
                ],
            }
        )
        invoice = self._invoice(1200, due="2026-01-31")
        self._invoice(100, due="2026-02-28")
        notice = policy._run()
        self.assertRecordValues(
            notice.line_ids,
            [
                # the reminder costs once, each invoice its compensation
                {"amount_interest": 15.19, "amount_fee": 55.0, "amount_reminder": 15.0},
                {"amount_interest": 0.46, "amount_fee": 40.0, "amount_reminder": 0.0},
            ],
        )
        self.assertEqual((notice.amount_interest, notice.amount_fee), (15.65, 95.0))
        html = str(notice._get_message_html())
        self.assertIn(invoice.name, html)
        self.assertIn("1,410.65", html)
        # an unlawful cost cannot come through a later change of the law either
        self.env["facturex.fee.rule"].create(
            {
                "profile_id": invoice.facturex_law_profile_id.id,
                "kind": "reminder",
                "amount": 10,
                "date_from": "2026-01-01",
            }
        )
        lines = notice.line_ids.move_line_id
        steps = {line.id: policy.step_ids for line in lines}
        found = lines._facturex_charges(fields.Date.to_date("2026-03-16"), steps)
        self.assertEqual(sum(charge.fee for charge in found.values()), 10)

    def test_texts_of_others_stay_text(self):
        payload = "<script>x</script>{{ 7*7 }}{iban}\r\nBcc: a@b.example"
        self.customer.name = payload
        policy = self.env["facturex.dunning.policy"].create({"name": "P"})
        policy.step_ids.write(
            {"text_subject": "For {customer}", "text_body": "Dear {customer}"}
        )
        self._invoice(due="2026-02-01")
        notice = policy._run()
        self.assertNotIn("<script", str(notice._get_message_html()))
        self.assertIn("{{ 7*7 }}{iban}", str(notice._get_message_html()))
        self.assertNotIn("\n", notice._get_subject())
        self.assertNotIn("49", notice._get_subject())
        rendered = notice.step_id.mail_template_id._render_field(
            "body_html", notice.ids
        )[notice.id]
        self.assertNotIn("<script", rendered)
        self.assertNotIn("49", rendered.split("<table")[0])

    def test_queries_do_not_grow_with_the_lines(self):
        few = self._receivable(self._invoice(due="2026-02-01"))
        many = few.union(
            *(self._receivable(self._invoice(due="2026-02-01")) for _n in range(15))
        )
        day = fields.Date.to_date("2026-03-16")

        def count(records):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            records._facturex_charges(day)
            return self.env.cr.sql_log_count - before

        count(many)
        self.assertLessEqual(count(many), count(few) + 2)
        self.assertEqual(day - timedelta(43), fields.Date.to_date("2026-02-01"))
