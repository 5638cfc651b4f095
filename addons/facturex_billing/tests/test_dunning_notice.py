from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCase

from .common import FacturexCommon


@tagged("post_install", "-at_install")
class TestDunningNotice(FacturexCommon, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["facturex.dunning.policy"].create({"name": "Standard"})
        cls.invoice = cls._invoice(121, due="2026-03-01")
        cls.notice = cls.policy._run()

    def _deliver(self, notices):
        """What happens after the commit: the queue hands the mails over."""
        with self.mock_mail_gateway():
            notices.mail_mail_id.send()

    def test_message(self):
        """One mail to the customer: reference, amount, link; then it says sent."""
        notice = self._as(self.notice, self.user)
        notice.action_send()
        self.assertEqual(notice.state, "approved")
        self._deliver(self.notice)
        self.assertRecordValues(
            self.notice, [{"state": "sent", "reason": False, "amount_total": 121.0}]
        )
        self.assertEqual(len(self._mails), 1)
        [mail] = self._mails
        self.assertIn("alpha@client.example", mail["email_to"][0])
        self.assertIn(self.invoice.name, mail["body"])
        self.assertIn(self.invoice.payment_reference, mail["body"])
        self.assertIn("121.00", mail["body"])
        self.assertIn(f"/my/invoices/{self.invoice.id}", mail["body"])
        self.assertEqual(mail["message_id"], self.notice._get_message_id())
        self.assertIn(
            "Friendly reminder sent to alpha@client.example",
            self.invoice.message_ids[0].body,
        )

    def test_preview_is_the_message(self):
        self.assertIn(self.invoice.name, self.notice.mail_preview)
        self.assertIn("Dear Client Alpha", self.notice.mail_preview)

    def test_french_customer_reads_french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self.assertIn("Facture", self.notice.mail_preview)
        self.assertNotIn("Dear", self.notice.mail_preview)

    def test_send_twice_sends_once(self):
        self.notice.action_send()
        with self.assertRaisesRegex(UserError, "already left"):
            self.notice.action_send()
        self.assertFalse(self.notice._approve_and_queue())
        self.assertEqual(
            self.env["mail.mail"].search_count(
                [("message_id", "=", self.notice._get_message_id())]
            ),
            1,
        )

    def test_paid_before_sending(self):
        self._register_payment(self.invoice)
        self.notice.action_send()
        self.assertRecordValues(
            self.notice,
            [
                {
                    "state": "cancelled",
                    "reason": "Everything was settled in the meantime",
                }
            ],
        )
        self.assertFalse(self.notice.mail_mail_id)

    def test_partly_paid_before_sending(self):
        self._register_payment(self.invoice, amount=21)
        # "in payment" is settled for a reminder, partly paid is not
        self.assertEqual(self.invoice.payment_state, "partial")
        self.notice.action_send()
        self._deliver(self.notice)
        self.assertEqual(self.notice.amount_total, 100)
        self.assertIn("100.00", self._mails[0]["body"])

    def test_paid_while_in_the_queue(self):
        self.notice.action_send()
        self._register_payment(self.invoice)
        mail = self.notice.mail_mail_id
        self._deliver(self.notice)
        self.assertFalse(self._mails)
        self.assertEqual(self.notice.state, "cancelled")
        self.assertEqual(mail.state, "cancel")

    def test_partly_paid_while_in_the_queue(self):
        self.notice.action_send()
        self._register_payment(self.invoice, amount=21)
        self._deliver(self.notice)
        self.assertIn("100.00", self._mails[0]["body"])
        self.assertNotIn("121.00", self._mails[0]["body"])

    def test_mail_server_refuses(self):
        """Never "sent" when it was not; the reason and one task are shown."""
        self.notice.action_send()
        with (
            mute_logger("odoo.addons.mail.models.mail_mail"),
            patch.object(
                type(self.env["ir.mail_server"]),
                "_connect__",
                side_effect=ConnectionRefusedError("nobody there"),
            ),
        ):
            self.notice.mail_mail_id.send()
        self.assertEqual(self.notice.state, "failed")
        self.assertIn("nobody there", self.notice.reason)
        self.assertEqual(len(self.notice.activity_ids), 1)
        # again, once the server is back: the same identity, one message
        self.notice.action_send()
        self._deliver(self.notice)
        self.assertEqual(self.notice.state, "sent")
        self.assertEqual(self._mails[0]["message_id"], self.notice._get_message_id())

    def test_address_removed_meanwhile(self):
        self.customer.email = False
        self.notice.action_send()
        self.assertEqual(self.notice.state, "failed")
        self.assertIn("no e-mail address", self.notice.reason)

    def test_cancel(self):
        self.notice.action_send()
        mail = self.notice.mail_mail_id
        self.notice.action_cancel()
        self.assertEqual(self.notice.state, "cancelled")
        self.assertEqual(mail.state, "cancel")
        # the level is free again
        again = self.policy._run()
        self.assertEqual(again.line_ids.step_id, self.notice.line_ids.step_id)
        again.action_send()
        self._deliver(again)
        with self.assertRaisesRegex(UserError, "has left"):
            again.action_cancel()

    def test_keys_in_the_database(self):
        """A second message of the day, or the same level twice, cannot exist."""
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.notice.sudo().copy({"line_ids": False})
            self.env.flush_all()
        line = self.notice.line_ids
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            line.sudo().copy()
            self.env.flush_all()

    def test_text_of_the_customer_stays_text(self):
        self.customer.name = "{{ 7*7 }} <script>alert(1)</script>"
        self.notice.action_send()
        self._deliver(self.notice)
        body = self._mails[0]["body"]
        self.assertIn("{{ 7*7 }} &lt;script&gt;", body)
        self.assertNotIn("<script>", body)

    def test_smart_button(self):
        self.assertEqual(self.invoice.facturex_notice_count, 1)
        action = self.invoice.action_facturex_view_notices()
        self.assertEqual(
            self.env["facturex.dunning.notice"].search(action["domain"]), self.notice
        )
        self.assertEqual(
            self.env["account.move"].search(
                self.notice.action_view_invoices()["domain"]
            ),
            self.invoice,
        )
        self.assertEqual(self.policy.notice_count, 1)
