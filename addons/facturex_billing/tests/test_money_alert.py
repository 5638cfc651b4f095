from datetime import datetime
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCase

from .common import FacturexCommon


class MoneyCommon(FacturexCommon, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alerts = cls.env["facturex.money.alert"].sudo()  # as the cron sees them
        cls.user.facturex_money_alert = "each"
        cls.accountant.facturex_money_alert = "daily"
        cls.readers = cls.user + cls.accountant + cls.manager
        cls.invoice = cls._followed(100)
        cls.bank = cls.company_data["default_journal_bank"]

    @classmethod
    def _followed(cls, amount, **vals):
        invoice = cls._invoice(amount, **vals)
        invoice.message_subscribe(cls.readers.partner_id.ids)
        return invoice

    def _bank_line(self, invoice, amount, line=None):
        """The bank shows the money and it is matched."""
        return self.pay_with_statement_line(
            invoice, self.bank.id, fields.Date.to_date(self.today), amount
        )["statement_line_reconciled"]

    def _rows(self, user=None, state="waiting"):
        domain = [("state", "=", state)]
        if user:
            domain.append(("user_id", "=", user.id))
        return self.alerts.search(domain)

    def _tell(self):
        """The cron of now; the mails that wait afterwards."""
        # a commit would end the test's transaction
        commit = patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda *_a, **_k: 60
        )
        with self.mock_mail_gateway(), commit:
            self.alerts._cron_run()
        self.assertFalse(self._mails, "nothing leaves in the transaction")
        return self._new_mails


@tagged("post_install", "-at_install")
class TestMoneyAlert(MoneyCommon):
    def test_money_on_the_bank(self):
        """One mail to the one who wants it at once, in the queue."""
        self._bank_line(self.invoice, 60)
        self.assertRecordValues(
            self._rows(self.user),
            [{"move_id": self.invoice.id, "amount": 60, "state": "waiting"}],
        )
        [mail] = self._tell()
        self.assertEqual(mail.recipient_ids, self.user.partner_id)
        self.assertEqual(mail.state, "outgoing")
        self.assertIn("60.00", mail.body_html)
        self.assertIn("40.00", mail.body_html)
        self.assertIn(self.invoice.name, mail.subject)
        self.assertFalse(self._tell())

    def test_settled(self):
        self._bank_line(self.invoice, 60)
        self._bank_line(self.invoice, 40)
        [mail] = self._tell()
        self.assertIn("100.00", mail.body_html)
        self.assertEqual(len(self._rows(self.user, "told")), 2)

    def test_inbox(self):
        self.user.notification_type = "inbox"
        self._bank_line(self.invoice, 100)
        self.assertFalse(self._tell())
        [note] = self.env["mail.notification"].search(
            [("res_partner_id", "=", self.user.partner_id.id)]
        )
        self.assertEqual(note.notification_type, "inbox")
        self.assertIn("The invoice is paid", note.mail_message_id.body)

    def test_registered_payment(self):
        self._register_payment(self.invoice, amount=25)
        self.assertEqual(self._rows(self.user).amount, 25)
        self.assertEqual(len(self._tell()), 1)

    def test_who_did_not_ask_and_who_does_not_follow(self):
        self.assertEqual(self.manager.facturex_money_alert, "none")
        other = self._invoice(50)
        other.message_unsubscribe(self.readers.partner_id.ids)
        other.invoice_user_id = self.manager
        self._bank_line(other, 50)
        self._bank_line(self.invoice, 100)
        self.assertEqual(self._rows().user_id, self.user + self.accountant)
        self.assertEqual(self._rows().move_id, self.invoice)

    def test_salesperson_is_a_follower(self):
        other = self._invoice(50, invoice_user_id=self.user.id)
        other.message_unsubscribe(self.readers.partner_id.ids)
        self._bank_line(other, 50)
        self.assertEqual(self._rows().user_id, self.user)

    def test_credit_note_and_bill_are_no_money(self):
        self.invoice._reverse_moves([{"date": self.today}], cancel=True)
        bill = self._followed(70, move_type="in_invoice")
        self._register_payment(bill)
        self.assertFalse(self._rows())

    def test_undone_at_once_is_not_told(self):
        line = self._bank_line(self.invoice, 60)
        line.remove_move_reconcile()
        self.assertFalse(self._tell())
        self.assertEqual(self._rows(self.user, "void").move_id, self.invoice)

    def test_matched_again_is_not_told_again(self):
        line = self._bank_line(self.invoice, 60)
        self.assertEqual(len(self._tell()), 1)
        line.remove_move_reconcile()
        (line + self._receivable(self.invoice)).reconcile()
        self.assertEqual(self.invoice.amount_residual, 40)
        self.assertFalse(self._tell())

    def test_two_hundred_lines_make_one_message(self):
        """Grouped: as many messages as readers, and queries that do not explode."""
        invoices = self.env["account.move"].union(
            *(self._followed(10 + n) for n in range(8))
        )
        for invoice in invoices:
            self._bank_line(invoice, invoice.amount_total)
        [mail] = self._tell()
        total = sum(invoices.mapped("amount_total"))
        self.assertIn(f"{total:.2f}", mail.body_html)
        for invoice in invoices:
            self.assertIn(invoice.name, mail.body_html)
        self.assertIn("8", mail.subject)

    def test_one_insert_for_many_matches(self):
        lines = self.env["account.move.line"]
        invoices = [self._followed(10) for _n in range(6)]
        for invoice in invoices:
            lines += self._receivable(invoice)
        payment = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=[i.id for i in invoices]
        )
        with patch.object(
            type(self.alerts),
            "_insert",
            autospec=True,
            side_effect=type(self.alerts)._insert,
        ) as insert:
            payment.create({"group_payment": True})._create_payments()
        self.assertLessEqual(insert.call_count, 2)
        self.assertEqual(len(self._rows(self.user)), 6)

    def test_digest_in_the_morning_of_the_reader(self):
        """In New York it is still night: what came before midnight there, at 7."""
        self.accountant.tz = "America/New_York"  # UTC-4 in March
        self._bank_line(self.invoice, 60)
        rows = self._rows(self.accountant)

        def came(moment):
            self.env.cr.execute(
                "UPDATE facturex_money_alert SET create_date = %s WHERE id = %s",
                (moment, rows.id),
            )
            rows.invalidate_recordset()

        came("2026-03-16 03:00")  # 15 March, 23:00 there
        for now, expected in [
            ("2026-03-16 10:59", 0),  # 06:59
            ("2026-03-16 11:00", 1),  # 07:00
        ]:
            due = self.alerts._due(self.accountant, datetime.fromisoformat(now))
            self.assertEqual(len(due), expected, now)
        came("2026-03-16 05:00")  # 16 March, 01:00 there
        now = datetime.fromisoformat("2026-03-16 20:00")
        self.assertFalse(self.alerts._due(self.accountant, now))
        self.assertTrue(
            self.alerts._due(
                self.accountant, datetime.fromisoformat("2026-03-17 12:00")
            )
        )

    def test_digest_speaks_the_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.accountant.lang = "fr_FR"
        self._bank_line(self.invoice, 60)
        with self.mock_mail_gateway():
            self._rows(self.accountant)._tell(self.accountant)
        [mail] = self._new_mails
        self.assertIn("60,00", mail.body_html)

    def test_changed_his_mind(self):
        self._bank_line(self.invoice, 60)
        self.user.facturex_money_alert = "none"
        self.assertFalse(self._tell())
        self.assertFalse(self._rows(self.user))

    def test_left_the_company(self):
        self._bank_line(self.invoice, 60)
        self.user.write(
            {
                "company_ids": [fields.Command.set(self.other_company.ids)],
                "company_id": self.other_company.id,
            }
        )
        self.assertFalse(self._tell())
        self.assertEqual(self._rows(self.user, "void").company_id, self.company)

    def test_follower_of_another_company_is_not_told(self):
        self.other_user.facturex_money_alert = "each"
        self.invoice.message_subscribe(self.other_user.partner_id.ids)
        self._bank_line(self.invoice, 60)
        self.assertNotIn(self.other_user, self._rows().user_id)

    def test_one_reader_fails_the_next_is_told(self):
        self.manager.facturex_money_alert = "each"
        self._bank_line(self.invoice, 60)
        native = type(self.alerts)._tell

        def fail(rows, user):
            if user == self.user:
                raise ValueError("an accident")
            return native(rows, user)

        with (
            patch.object(type(self.alerts), "_tell", fail),
            mute_logger("odoo.addons.facturex_billing.models.facturex_money_alert"),
        ):
            mails = self._tell()
        self.assertEqual(mails.recipient_ids, self.manager.partner_id)
        self.assertEqual(len(self._rows(self.user)), 1)

    def test_everybody_chooses_for_himself(self):
        self.user.with_user(self.user).write({"facturex_money_alert": "daily"})
        self.assertEqual(self.user.facturex_money_alert, "daily")
        with self.assertRaises(AccessError):
            self.manager.with_user(self.user).write({"facturex_money_alert": "each"})

    def test_keys(self):
        self._bank_line(self.invoice, 60)
        [row] = self._rows(self.user)
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
        ):
            row.copy()

    def test_security(self):
        self._bank_line(self.invoice, 60)
        mine = self._rows(self.user)
        self.assertTrue(self._as(mine, self.user).read(["amount"]))
        with self.assertRaises(AccessError):
            self._as(mine, self.user).write({"state": "told"})
        with self.assertRaises(AccessError):
            self._as(mine, self.manager).read(["amount"])
        self._assert_other_company_sees_nothing((mine,))
        self._assert_refused_to_read(self._strangers(), (mine,))


@tagged("post_install", "-at_install")
class TestMoneyAnnounced(MoneyCommon):
    """The same where a payment makes no entry before the bank shows it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.object(
                type(cls.env["account.move"]),
                "_get_invoice_in_payment_state",
                lambda move: "in_payment",
            )
        )
        cls.bank.inbound_payment_method_line_ids.payment_account_id = False

    def test_announced_then_seen_is_told_once(self):
        self._register_payment(self.invoice)
        self.assertEqual(self.invoice.payment_state, "in_payment")
        [mail] = self._tell()
        self.assertIn("not yet seen on the bank", mail.body_html)
        self._bank_line(self.invoice, 100)
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertFalse(self._tell())
        [announced] = self.alerts.search(
            [("user_id", "=", self.user.id), ("payment_id", "!=", False)]
        )
        self.assertTrue(announced.confirmed_move_id)

    def test_other_amount_on_the_bank_is_news(self):
        self._register_payment(self.invoice, amount=25)
        self._tell()
        self._bank_line(self.invoice, 60)
        self.assertEqual(len(self._tell()), 1)

    def test_cancelled_payment_is_not_told(self):
        payment = self._register_payment(self.invoice)
        payment.action_cancel()
        self.assertFalse(self._tell())
