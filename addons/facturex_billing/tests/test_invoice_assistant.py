from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged, users

from odoo.addons.mail.tests.common import MailCase

from .common import FacturexCommon


class AssistantCase(FacturexCommon, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.customer.write({"street": "Rue 1", "zip": "1000", "city": "Bruxelles"})
        cls.product = cls.env["product.product"].create(
            {
                "name": "Hour of work",
                "list_price": 80,
                "taxes_id": [fields.Command.set(cls.tax.ids)],
                "company_id": False,
            }
        )

    def _assistant(self, user=None, **values):
        """An assistant as the user would have it, one line typed."""
        assistants = self._as(self.env["facturex.invoice.assistant"], user or self.user)
        action = assistants.action_open()
        assistant = assistants.browse(action["res_id"])
        with Form(assistant) as form:
            form.partner_id = values.get("partner", self.customer)
            form.label = "Roof"
            with form.line_ids.edit(0) as line:
                line.name = "Work on the roof"
                line.quantity = 2
                line.price_unit = 50
        return assistant

    def _sent(self, assistant):
        with self.mock_mail_gateway():
            assistant.action_send()
        return assistant.move_id


@tagged("post_install", "-at_install")
class TestInvoiceAssistant(AssistantCase):
    def test_draft_from_the_first_save(self):
        assistant = self._assistant()
        self.assertRecordValues(
            assistant.move_id,
            [
                {
                    "state": "draft",
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "facturex_label": "Roof",
                    "facturex_assistant_state": "draft",
                    "amount_untaxed": 100,
                    "invoice_date": fields.Date.from_string(self.today),
                }
            ],
        )
        line = assistant.move_id.invoice_line_ids
        self.assertEqual(line, assistant.line_ids.move_line_id)
        self.assertEqual(line.tax_ids, self.tax)
        self.assertEqual(
            assistant.tax_totals["total_amount_currency"],
            assistant.move_id.amount_total,
        )

    def test_nothing_typed_makes_no_draft(self):
        before = self.env["account.move"].search_count([])
        self._as(self.env["facturex.invoice.assistant"], self.user).action_open()
        self.assertEqual(self.env["account.move"].search_count([]), before)

    def test_changes_go_to_the_same_draft(self):
        assistant = self._assistant()
        move = assistant.move_id
        move.invoice_line_ids.discount = 10
        with Form(assistant) as form:
            with form.line_ids.edit(0) as line:
                line.price_unit = 60
            with form.line_ids.new() as line:
                line.product_id = self.product
        self.assertEqual(assistant.move_id, move)
        self.assertRecordValues(
            move.invoice_line_ids.sorted("sequence"),
            [
                {"name": "Work on the roof", "price_unit": 60, "product_id": False},
                {
                    "name": "Hour of work",
                    "price_unit": 80,
                    "product_id": self.product.id,
                },
            ],
        )
        with Form(assistant) as form:
            form.line_ids.remove(0)
        self.assertEqual(move.invoice_line_ids.product_id, self.product)

    def test_product_proposes_what_odoo_proposes(self):
        native = Form(
            self.env["account.move"].with_context(default_move_type="out_invoice")
        )
        native.partner_id = self.customer
        with native.invoice_line_ids.new() as line:
            line.product_id = self.product
            expected = line.name, line.price_unit, line.tax_ids.ids
        assistant = self._assistant()
        with Form(assistant) as form, form.line_ids.new() as line:
            line.product_id = self.product
            self.assertEqual((line.name, line.price_unit, line.tax_ids.ids), expected)

    def test_first_step_says_what_it_lacks(self):
        assistants = self._as(self.env["facturex.invoice.assistant"], self.user)
        assistant = assistants.browse(assistants.action_open()["res_id"])
        with self.assertRaisesRegex(UserError, "the customer, a line"):
            assistant.action_preview()
        self.assertEqual(assistant.step, "edit")

    def test_preview_is_the_posted_document_and_leaves_no_trace(self):
        assistant = self._assistant()
        move = assistant.move_id
        messages = move.message_ids
        assistant.action_preview()
        self.assertEqual(assistant.step, "preview")
        self.assertRegex(assistant.number, r"^INV/2026/")
        for text in (assistant.number, "Work on the roof", "Roof", "+++"):
            self.assertIn(text, assistant.preview)
        self.assertNotIn("Draft", assistant.preview)
        self.assertRecordValues(
            move,
            [{"state": "draft", "payment_reference": False, "is_move_sent": False}],
        )
        self.assertEqual(move.message_ids, messages)
        self.assertIn(assistant.number, assistant.mail_subject)
        self.assertEqual(assistant.mail_partner_ids, self.customer)

    def test_back_loses_nothing(self):
        assistant = self._assistant()
        assistant.action_preview()
        assistant.action_mail()
        assistant.mail_subject = "My own words"
        assistant.action_back()
        assistant.action_back()
        self.assertEqual(assistant.step, "edit")
        with Form(assistant) as form, form.line_ids.edit(0) as line:
            line.price_unit = 70
        assistant.action_preview()
        self.assertEqual(assistant.mail_subject, "My own words")
        self.assertIn("140", assistant.preview)
        body = assistant.mail_body
        self.assertIn(assistant.number, body)
        # another customer: the words were for the first one
        assistant.action_back()
        other = self.customer.copy({"name": "Client Beta", "email": "b@c.example"})
        with Form(assistant) as form:
            form.partner_id = other
        assistant.action_preview()
        self.assertEqual(assistant.mail_partner_ids, other)
        self.assertNotEqual(assistant.mail_subject, "My own words")

    def test_send_posts_and_mails_once(self):
        assistant = self._assistant()
        assistant.action_preview()
        assistant.action_mail()
        move = self._sent(assistant)
        self.assertRecordValues(
            move,
            [
                {
                    "state": "posted",
                    "name": assistant.number,
                    "is_move_sent": True,
                    "facturex_assistant_state": "handed",
                }
            ],
        )
        self.assertEqual(assistant.step, "done")
        self.assertTrue(assistant.sent_on)
        self.assertEqual(len(self._new_mails), 1)
        self.assertIn(move.name, self._new_mails.subject)
        self.assertFalse(self._sent_again(assistant))

    def _sent_again(self, assistant):
        self._sent(assistant)
        return self._new_mails

    def test_two_assistants_on_one_draft(self):
        first = self._assistant()
        second = self._as(
            self.env["facturex.invoice.assistant"], self.accountant
        )._for_draft(self._as(first.move_id, self.accountant))
        self.assertEqual(second.line_ids.name, "Work on the roof")
        for assistant in (first, second):
            assistant.action_preview()
        move = self._sent(first)
        self.assertFalse(self._sent_again(second))
        self.assertEqual(second.step, "done")
        self.assertEqual(second.number, move.name)

    def test_number_taken_by_another_invoice_meanwhile(self):
        assistant = self._assistant()
        assistant.action_preview()
        assistant.mail_subject = f"Please pay {assistant.number}"
        foreseen = assistant.number
        other = self._invoice(due=self.today)
        self.assertEqual(other.name, foreseen)
        move = self._sent(assistant)
        self.assertNotEqual(move.name, foreseen)
        self.assertEqual(self._new_mails.subject, f"Please pay {move.name}")
        self.assertNotIn(foreseen, self._new_mails.body_html)

    def test_failure_leaves_one_posted_invoice_to_send_again(self):
        assistant = self._assistant()
        assistant.action_preview()
        send = type(self.env["account.move.send"])
        refusal = UserError("No printer here")
        with patch.object(send, "_prepare_invoice_pdf_report", side_effect=refusal):
            move = self._sent(assistant)
        self.assertRecordValues(
            move, [{"state": "posted", "facturex_send_state": "failed"}]
        )
        self.assertFalse(move.is_move_sent)
        self.assertIn("No printer here", assistant.failure)
        self.assertEqual(assistant.step, "done")
        before = self.env["account.move"].search_count([])
        with self.mock_mail_gateway():
            assistant.action_retry()
        self.env.invalidate_all()
        self.assertFalse(assistant.failure)
        self.assertTrue(move.is_move_sent)
        self.assertEqual(len(self._new_mails), 1)
        self.assertEqual(self.env["account.move"].search_count([]), before)

    def test_left_and_found_again(self):
        assistant = self._assistant()
        move = self._as(assistant.move_id, self.accountant)
        move.invoice_line_ids.price_unit = 55
        move.write(
            {
                "invoice_line_ids": [
                    fields.Command.create(
                        {"display_type": "line_section", "name": "Part", "sequence": 1}
                    )
                ]
            }
        )
        assistants = self._as(self.env["facturex.invoice.assistant"], self.accountant)
        action = move.action_facturex_resume()
        resumed = assistants.browse(action["res_id"])
        self.assertRecordValues(
            resumed.line_ids.sorted(),
            [
                {"display_type": "line_section", "name": "Part"},
                {"display_type": "product", "name": "Work on the roof"},
            ],
        )
        resumed.action_preview()
        self.assertEqual(len(move.invoice_line_ids), 2)
        self.assertIn("110", resumed.preview)
        self._sent(resumed)
        with self.assertRaisesRegex(UserError, "no draft"):
            move.action_facturex_resume()

    def test_posted_elsewhere_meanwhile(self):
        assistant = self._assistant()
        assistant.action_preview()
        assistant.move_id.action_post()
        with self.assertRaisesRegex(UserError, "posted meanwhile"):
            self._sent(assistant)
        with self.assertRaisesRegex(UserError, "posted meanwhile"):
            assistant.action_back()
            assistant.action_back()
            assistant.label = "x"

    def test_billing_contact_gets_the_mail(self):
        billing = self.customer.copy(
            {
                "name": "Accounts",
                "type": "invoice",
                "parent_id": self.customer.id,
                "email": "accounts@client.example",
            }
        )
        assistant = self._assistant()
        assistant.action_preview()
        self.assertEqual(assistant.mail_partner_ids, billing)

    def test_own_rows_only(self):
        assistant = self._assistant()
        for user in (self.accountant, self.other_user):
            foreign = self._as(assistant, user)
            self.assertFalse(foreign.search([]))
            with self.assertRaises(AccessError):
                foreign.action_preview()
            with self.assertRaises(AccessError):
                foreign.line_ids.read(["name"])
        for user in self._strangers():
            with self.assertRaises(AccessError):
                assistant.with_user(user).action_open()

    def test_from_customer_and_journal(self):
        partner = self._as(self.customer, self.user)
        assistants = self._as(self.env["facturex.invoice.assistant"], self.user)
        action = partner.action_facturex_new_invoice()
        self.assertEqual(assistants.browse(action["res_id"]).partner_id, self.customer)
        journal = self.company_data["default_journal_sale"]
        action = self._as(journal, self.user).action_facturex_new_invoice()
        self.assertEqual(assistants.browse(action["res_id"]).journal_id, journal)

    def test_no_channel_no_recipient(self):
        assistant = self._assistant()
        with self.assertRaisesRegex(UserError, "preview"):
            assistant.action_send()
        assistant.action_preview()
        assistant.mail_partner_ids = False
        with self.assertRaisesRegex(UserError, "recipient"):
            assistant.action_send()
        assistant.channels = {}
        with self.assertRaisesRegex(UserError, "at least one way"):
            assistant.action_send()
        self.assertEqual(assistant.move_id.state, "draft")

    @users("fx_user")
    def test_missing_data_is_a_list(self):
        french = self.env["res.partner"].create(
            {
                "name": "X",
                "email": "x@x.example",
                "vat": "BE0477472701",
                "country_id": self.env.ref("base.be").id,
            }
        )
        assistant = self._assistant(partner=french)
        assistant.action_preview()
        self.assertTrue(assistant.is_blocked)
        self.assertEqual(assistant.edi_format, "EU Standard (Peppol Bis 3.0)")
        self.assertIn("facturex_seller_iban_0", assistant.alerts)
        with self.assertRaisesRegex(UserError, "send the PDF alone"):
            assistant.action_send()
        assistant.plain_pdf = True
        self.assertFalse(assistant.is_blocked)
        self.assertEqual(assistant.edi_format, "PDF")
        move = self._sent(assistant)
        self.assertFalse(move.ubl_cii_xml_id)
        self.assertTrue(move.is_move_sent)


@tagged("post_install", "-at_install")
class TestRecurrence(AssistantCase):
    """An invoice that comes again: a choice of the first step."""

    def _recurring(self, rhythm):
        assistant = self._assistant()
        with Form(assistant) as form:
            form.recurrence = rhythm
        return assistant

    def test_each_rhythm_starts_its_subscription(self):
        for rhythm, second in [
            ("week", "2026-03-23"),
            ("month", "2026-04-16"),
            ("quarter", "2026-06-16"),
            ("year", "2027-03-16"),
        ]:
            with self.subTest(rhythm=rhythm):
                assistant = self._recurring(rhythm)
                assistant.action_preview()
                assistant.action_mail()
                self.assertFalse(assistant.subscription_id)
                move = self._sent(assistant)
                self.assertRecordValues(
                    assistant.subscription_id,
                    [
                        {
                            "state": "running",
                            "interval_unit": rhythm,
                            "interval_count": 1,
                            "mode": "send",
                            "origin_move_id": move.id,
                            "partner_id": self.customer.id,
                            "amount_untaxed": 100,
                            "next_date": fields.Date.to_date(second),
                        }
                    ],
                )
                self.assertEqual(
                    assistant.subscription_next, fields.Date.to_date(second)
                )

    def test_once_makes_none(self):
        assistant = self._assistant()
        self.assertEqual(assistant.recurrence, "none")
        assistant.action_preview()
        self._sent(assistant)
        self.assertFalse(assistant.subscription_id)
        self.assertFalse(assistant.recurrence_note)

    def test_it_is_said_before_and_kept_with_the_draft(self):
        assistant = self._recurring("month")
        assistant.action_preview()
        self.assertIn("04/16/2026", assistant.recurrence_note)
        self.assertFalse(self.env["facturex.subscription"].search([]))
        move = self._as(assistant.move_id, self.accountant)
        resumed = self._as(
            self.env["facturex.invoice.assistant"], self.accountant
        ).browse(move.action_facturex_resume()["res_id"])
        self.assertEqual(resumed.recurrence, "month")
        with Form(resumed) as form:
            form.recurrence = "none"
        self.assertFalse(move.facturex_recurrence)

    def test_one_subscription_per_invoice(self):
        assistant = self._recurring("month")
        assistant.action_preview()
        move = self._sent(assistant)
        made = assistant.subscription_id
        assistant.action_send()
        self.company.facturex_forbid_reset = False
        move.button_draft()
        move.action_post()
        self.assertEqual(move.facturex_made_subscription_ids, made)
        self.assertFalse(move.copy().facturex_recurrence)

    def test_posted_by_somebody_else(self):
        """The choice stands on the draft, and is told there."""
        assistant = self._recurring("quarter")
        move = assistant.move_id
        self.assertIn("06/16/2026", move.facturex_recurrence_note)
        employee = new_test_user(
            self.env,
            login="fx_biller",
            groups="account.group_account_invoice",
            company_id=self.company.id,
        )
        self._as(move, employee).action_post()
        self.assertEqual(move.facturex_made_subscription_ids.interval_unit, "quarter")

    def test_the_subscription_makes_the_second(self):
        assistant = self._recurring("month")
        assistant.action_preview()
        move = self._sent(assistant)
        subscription = assistant.subscription_id
        with freeze_time("2026-04-16"), self.mock_mail_gateway():
            subscription.action_bill_now()
        second = subscription.period_ids.move_id
        self.assertEqual(len(second), 1)
        self.assertNotEqual(second, move)
        self.assertEqual(second.amount_total, move.amount_total)
