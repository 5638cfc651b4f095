from unittest.mock import patch

import psycopg2
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCase

from .common import FacturexCommon

COMMAND = fields.Command


class QuoteCase(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "facturex_quote_reminders": True,
                "facturex_quote_first_days": 5,
                "facturex_quote_gap_days": 7,
                "facturex_quote_most": 2,
                "facturex_quote_expiry_days": 3,
            }
        )
        cls.product = cls.env["product.product"].create(
            {
                "name": "Chair",
                "list_price": 100,
                "invoice_policy": "order",
                "taxes_id": [COMMAND.set(cls.company_data["default_tax_sale"].ids)],
            }
        )

    @classmethod
    def _quote(cls, sent=True, **vals):
        order = (
            cls.env["sale.order"]
            .with_company(cls.company)
            .create(
                {
                    "partner_id": cls.customer.id,
                    "user_id": cls.user.id,
                    "validity_date": "2026-04-15",
                    "order_line": [
                        COMMAND.create(
                            {"product_id": cls.product.id, "product_uom_qty": 5}
                        )
                    ],
                    **vals,
                }
            )
        )
        if sent:
            order.action_quotation_sent()
        return order


@tagged("post_install", "-at_install")
class TestQuoteReminder(QuoteCase, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.quote = cls._quote()

    def _run(self, day):
        """The daily job on a day, and what leaves by mail after its commit."""
        with freeze_time(day), self.mock_mail_gateway():
            with self.enter_registry_test_mode():
                self.env.ref("facturex_billing.ir_cron_quotes").method_direct_trigger()
            self.env.invalidate_all()
            waiting = self.quote.facturex_reminder_ids.filtered(
                lambda reminder: reminder.state == "queued"
            )
            waiting.mail_mail_id.send()
        return self._mails

    def test_off_by_default(self):
        self.assertFalse(self.other_company.facturex_quote_reminders)
        self.company.facturex_quote_reminders = False
        self.assertFalse(self._run("2026-03-30"))
        self.assertFalse(self.quote.facturex_reminder_ids)

    def test_a_life(self):
        """Sent on the 16th: reminded on the 21st, the 28th, then before it expires."""
        self.assertFalse(self._run("2026-03-20"))
        [mail] = self._run("2026-03-21")
        self.assertIn("alpha@client.example", mail["email_to"][0])
        self.assertIn(self.quote.name, mail["body"])
        self.assertIn(f"/my/orders/{self.quote.id}", mail["body"])
        self.assertFalse(self._run("2026-03-21"))
        self.assertFalse(self._run("2026-03-27"))
        self.assertEqual(len(self._run("2026-03-28")), 1)
        self.assertFalse(self._run("2026-04-11"))
        self.assertEqual(len(self._run("2026-04-12")), 1)
        self.assertFalse(self._run("2026-04-13"))
        self.assertFalse(self.quote.facturex_expired_on)
        self.assertFalse(self._run("2026-04-16"))
        self.assertEqual(str(self.quote.facturex_expired_on), "2026-04-16")
        self.assertEqual(
            self.quote.facturex_reminder_ids.sorted("id").mapped("step"),
            ["1", "2", "expiry"],
        )
        self.assertEqual(
            set(self.quote.facturex_reminder_ids.mapped("state")), {"sent"}
        )
        # offered again
        self.quote.validity_date = "2026-05-30"
        self.assertFalse(self.quote.facturex_expired_on)

    def test_after_an_outage_one_message(self):
        self.assertEqual(len(self._run("2026-04-05")), 1)
        self.assertFalse(self._run("2026-04-06"))

    def test_an_answer_stops_it(self):
        def confirmed():
            self.quote.action_confirm()

        def cancelled():
            self.quote._action_cancel()

        def replied():
            self.quote.message_post(
                body="Let me think",
                message_type="email",
                author_id=self.customer.id,
            )

        def replied_from_elsewhere():
            self.quote.message_post(
                body="Me again",
                message_type="email",
                author_id=False,
                email_from="private@elsewhere.example",
            )

        def excluded():
            self.quote.facturex_no_reminder = True

        for act in (confirmed, cancelled, replied, replied_from_elsewhere, excluded):
            with self.subTest(act=act.__name__), freeze_time("2026-03-18"):
                savepoint = self.env.cr.savepoint()
                act()
                decisions = self.env["sale.order"]._facturex_remind(
                    self.company, fields.Date.to_date("2026-03-25"), dry=True
                )
                decision = decisions.get(self.quote)
                self.assertFalse(decision and decision.step)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_our_own_note_is_no_answer(self):
        with freeze_time("2026-03-18"):
            self.quote.with_user(self.user).message_post(body="Called, no answer")
        self.assertEqual(len(self._run("2026-03-21")), 1)

    def test_answered_while_the_mail_waits(self):
        # a test sends at once what otherwise leaves after the commit
        waits = patch.object(type(self.env["mail.mail"]), "send_after_commit")
        with freeze_time("2026-03-21"), self.mock_mail_gateway():
            with waits:
                self.env["sale.order"]._facturex_remind(
                    self.company, fields.Date.to_date("2026-03-21")
                )
            self.quote.message_post(
                body="Yes!", message_type="comment", author_id=self.customer.id
            )
            mail = self.quote.facturex_reminder_ids.mail_mail_id
            mail.send()
        self.assertFalse(self._mails)
        self.assertEqual(mail.state, "cancel")
        self.assertRecordValues(
            self.quote.facturex_reminder_ids,
            [{"state": "cancelled", "reason": "Answered in the meantime"}],
        )

    def test_sent_again_starts_again(self):
        self._run("2026-03-21")
        with freeze_time("2026-03-22"):
            self.quote._action_cancel()
            self.quote.action_draft()
            self.quote.action_quotation_sent()
        self.assertFalse(self._run("2026-03-26"))
        self.assertEqual(len(self._run("2026-03-28")), 1)
        self.assertEqual(
            self.quote.facturex_reminder_ids.sorted("id").mapped("step"), ["1", "1"]
        )

    def test_refused_by_the_mail_server(self):
        self.env["sale.order"]._facturex_remind(
            self.company, fields.Date.to_date("2026-03-21")
        )
        reminder = self.quote.facturex_reminder_ids
        with (
            mute_logger("odoo.addons.mail.models.mail_mail"),
            patch.object(
                type(self.env["ir.mail_server"]),
                "_connect__",
                side_effect=ConnectionRefusedError("nobody there"),
            ),
        ):
            reminder.mail_mail_id.send()
        self.assertEqual(reminder.state, "failed")
        self.assertIn("nobody there", reminder.reason)
        self.assertEqual(len(self.quote.activity_ids), 1)
        self._as(reminder, self.user).action_send_again()
        with self.mock_mail_gateway():
            reminder.mail_mail_id.send()
        self.assertEqual(reminder.state, "sent")
        with self.assertRaisesRegex(UserError, "failed"):
            reminder.action_send_again()

    def test_without_address(self):
        """One activity, however often the job runs; no message."""
        self.customer.email = False
        for day in ("2026-03-21", "2026-03-22", "2026-03-23"):
            self.assertFalse(self._run(day))
        self.assertEqual(len(self.quote.activity_ids), 1)
        self.assertEqual(self.quote.activity_ids.user_id, self.user)
        self.assertFalse(self.quote.facturex_reminder_ids)

    def test_keys_in_the_database(self):
        self._run("2026-03-21")
        reminder = self.quote.facturex_reminder_ids
        for other in ({"date": "2026-03-22"}, {"step": "9"}):
            with (
                self.assertRaises(psycopg2.errors.UniqueViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                reminder.copy(other)
                self.env.flush_all()

    def test_done_elsewhere(self):
        """The key of another process answers "done": no error, no second mail."""
        self._run("2026-03-21")
        decision = self.env["sale.order"]._facturex_remind(
            self.company, fields.Date.to_date("2026-03-28"), dry=True
        )[self.quote]
        with freeze_time("2026-03-28"):
            today = fields.Date.to_date("2026-03-28")
            with mute_logger("odoo.sql_db"):
                self.quote._facturex_apply(decision, today)
                self.quote._facturex_apply(decision, today)
        self.assertEqual(len(self.quote.facturex_reminder_ids), 2)

    def test_one_bad_quote_stops_no_other(self):
        other = self._quote()
        broken = UserError("Broken")
        template = type(self.env["mail.template"])
        send_mail = template.send_mail

        def poisoned(records, res_id, *args, **kwargs):
            if res_id == self.quote.id:
                raise broken
            return send_mail(records, res_id, *args, **kwargs)

        with patch.object(template, "send_mail", poisoned):
            self.env["sale.order"]._facturex_remind(
                self.company, fields.Date.to_date("2026-03-21")
            )
        self.assertTrue(other.facturex_reminder_ids)
        self.assertFalse(self.quote.facturex_reminder_ids)
        self.assertEqual(self.quote.activity_ids.summary, "Quote reminder not sent")

    def test_two_companies(self):
        self.quote.company_id.facturex_quote_reminders = True
        decisions = self.env["sale.order"]._facturex_remind(
            self.other_company, fields.Date.to_date("2026-03-21"), dry=True
        )
        self.assertNotIn(self.quote, decisions)
        self._run("2026-03-21")
        reminder = self.quote.facturex_reminder_ids
        with self.assertRaises(AccessError):
            self._as(reminder, self.other_user).read(["step"])
        self.assertTrue(self._as(reminder, self.user).read(["step"]))

    def test_settings(self):
        company = self._as(self.company, self.manager)
        company.facturex_quote_first_days = 3
        for vals in (
            {"facturex_quote_first_days": 0},
            {"facturex_quote_gap_days": 0},
            {"facturex_quote_most": 11},
            {"facturex_quote_expiry_days": -1},
            {"facturex_deposit_percent": 100},
        ):
            with self.subTest(**vals), self.assertRaises(ValidationError):
                company.write(vals)

    def test_queries_do_not_grow(self):
        """Deciding for forty quotes costs what it costs for ten."""
        today = fields.Date.to_date("2026-03-18")

        def count():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["sale.order"]._facturex_remind(self.company, today, dry=True)
            return self.env.cr.sql_log_count - before

        for _number in range(9):
            self._quote()
        count()
        few = count()
        for _number in range(30):
            self._quote()
        self.assertLessEqual(count(), few)
