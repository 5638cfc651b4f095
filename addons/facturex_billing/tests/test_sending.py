import os
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCase

from .common import FacturexCommon

ACTIVITY = "facturex_billing.mail_activity_type_not_sent"
NO_RENDERER = "The PDF renderer is missing"
# the size that is promised is 200: too long for each run
MANY = int(os.environ.get("FACTUREX_BULK", "40"))
OURS = (
    "odoo.addons.facturex_billing.models.account_move_send",
    "odoo.addons.facturex_billing.wizard.account_move_send_wizard",
    "odoo.addons.mail.models.mail_mail",
)


class SendingCommon(FacturexCommon, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._invoice(121)
        cls.send = cls.env["account.move.send"]

    def _wizard(self, moves, user=None):
        """What *Send* opens, as the user sees it."""
        moves = self._as(moves, user or self.user)
        action = moves.action_send_and_print()
        return (
            self._as(self.env[action["res_model"]], user or self.user)
            .with_context(**action["context"])
            .create({})
        )

    def _smtp_down(self):
        return patch.object(
            type(self.env["ir.mail_server"]),
            "_connect__",
            side_effect=ConnectionRefusedError("nobody there"),
        )

    def _no_pdf(self, *bad):
        """The renderer refuses these documents, or all."""
        model = type(self.env["ir.actions.report"])
        render = model._pre_render_qweb_pdf

        def refuse(report, name, res_ids=None, data=None):
            if not bad or {move.id for move in bad} & set(res_ids or ()):
                raise UserError(NO_RENDERER)
            return render(report, name, res_ids=res_ids, data=data)

        return patch.object(model, "_pre_render_qweb_pdf", refuse)

    def _activities(self, move):
        return move.activity_search([ACTIVITY])


@tagged("post_install", "-at_install")
class TestSending(SendingCommon):
    def test_posted_waits_then_is_sent(self):
        """Posted: to send. Sent: one row that says when, to whom, by whom, what."""
        self.assertEqual(self.invoice.facturex_send_state, "to_send")
        wizard = self._wizard(self.invoice)
        with self.mock_mail_gateway():
            wizard.action_send_and_print()
        self.assertEqual(len(self._mails), 1)
        self.assertRecordValues(
            self.invoice.facturex_sending_ids,
            [
                {
                    "state": "sent",
                    "channel": "email",
                    "attempt": 1,
                    "recipients": "alpha@client.example",
                    "partner_ids": self.customer.ids,
                    "user_id": self.user.id,
                    "company_id": self.company.id,
                    "reason": False,
                }
            ],
        )
        self.assertRecordValues(self.invoice, [{"facturex_send_state": "sent"}])
        row = self._as(self.invoice.facturex_sending_ids, self.user)
        self.assertIn(self.invoice.name, row.message_subject)
        self.assertTrue(row.message_attachment_ids)
        # frozen: what was told does not change with the address
        self.customer.email = "new@client.example"
        self.assertEqual(row.recipients, "alpha@client.example")

    def test_what_has_a_state(self):
        draft = self._invoice(post=False)
        refund = self._invoice(move_type="out_refund")
        receipt = self._invoice(move_type="out_receipt")
        bill = self._invoice(move_type="in_invoice")
        for move, state in [
            (draft, False),
            (refund, "to_send"),
            (receipt, False),
            (bill, False),
        ]:
            with self.subTest(move.move_type):
                self.assertEqual(move.facturex_send_state, state)

    def test_second_click_sends_nothing(self):
        wizard = self._wizard(self.invoice)
        with self.mock_mail_gateway():
            wizard.action_send_and_print()
            answer = wizard.action_send_and_print()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(answer["params"]["title"], "Sent only once")
        self.assertEqual(len(self.invoice.facturex_sending_ids), 1)

    def test_two_windows_send_once_and_a_third_sends_again(self):
        one, two = self._wizard(self.invoice), self._wizard(self.invoice)
        with self.mock_mail_gateway():
            one.action_send_and_print()
            two.action_send_and_print()
            self.assertEqual(len(self._mails), 1)
            self._wizard(self.invoice).action_send_and_print()
        self.assertEqual(len(self._mails), 2)
        self.assertEqual(
            self.invoice.facturex_sending_ids.sorted("attempt").mapped("attempt"),
            [1, 2],
        )

    def test_mail_server_down(self):
        """Posted once, visible with the words of the server, sent on demand."""
        with mute_logger(*OURS), self._smtp_down():
            answer = self._wizard(self.invoice).action_send_and_print()
        self.assertIn("did not leave", answer["params"]["title"])
        self.assertRecordValues(
            self.invoice, [{"state": "posted", "facturex_send_state": "failed"}]
        )
        self.assertIn("nobody there", self.invoice.facturex_send_reason)
        self.assertIn("alpha@client.example", self.invoice.facturex_send_reason)
        [activity] = self._activities(self.invoice)
        self.assertEqual(activity.user_id, self.user)
        # a second failure adds no second task
        with mute_logger(*OURS), self._smtp_down():
            self._wizard(self.invoice).action_send_and_print()
        self.assertEqual(self._activities(self.invoice), activity)
        with self.mock_mail_gateway():
            self._wizard(self.invoice).action_send_and_print()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(self.invoice.facturex_send_state, "sent")
        self.assertFalse(self.invoice.facturex_send_reason)
        self.assertFalse(self._activities(self.invoice))
        self.assertEqual(
            self.env["account.move"].search_count(
                [("partner_id", "=", self.customer.id), ("state", "=", "posted")]
            ),
            1,
        )

    def test_renderer_missing(self):
        with self.mock_mail_gateway(), self._no_pdf():
            self._wizard(self.invoice).action_send_and_print()
        self.assertFalse(self._mails)
        self.assertFalse(self.invoice.invoice_pdf_report_id)
        self.assertRecordValues(
            self.invoice.facturex_sending_ids,
            [
                {
                    "state": "failed",
                    "channel": "email",
                    "recipients": "alpha@client.example",
                    "reason": NO_RENDERER,
                }
            ],
        )
        self.assertEqual(len(self._activities(self.invoice)), 1)
        with self.mock_mail_gateway():
            self._wizard(self.invoice).action_send_and_print()
        self.assertEqual(self.invoice.facturex_send_state, "sent")

    def test_electronic_invoice_refused(self):
        """The exchange says no after the PDF: nothing leaves by mail either."""

        def refuse(send, invoices_data):
            for data in invoices_data.values():
                data["error"] = {"error_title": "Refused:", "errors": ["BR-10"]}

        hook = patch.object(
            type(self.send), "_call_web_service_after_invoice_pdf_render", refuse
        )
        with self.mock_mail_gateway(), hook:
            self._wizard(self.invoice).action_send_and_print()
        self.assertFalse(self._mails)
        self.assertIn("BR-10", self.invoice.facturex_send_reason)
        with self.mock_mail_gateway(), hook:
            self.send._facturex_send_safely(self.invoice)
        self.assertFalse(self._mails)
        self.assertEqual(len(self._activities(self.invoice)), 1)
        self.assertEqual(
            self.invoice.facturex_sending_ids.mapped("state"), ["failed", "failed"]
        )

    def test_mail_that_comes_back(self):
        with self.mock_mail_gateway():
            self._wizard(self.invoice).action_send_and_print()
        message = self.invoice.facturex_sending_ids.message_id
        self.env["mail.notification"].sudo().search(
            [("mail_message_id", "=", message.id)]
        ).write(
            {
                "notification_status": "bounce",
                "failure_type": "mail_bounce",
                "failure_reason": "Mailbox full\nat relay",
            }
        )
        self.assertEqual(self.invoice.facturex_send_state, "failed")
        self.assertIn("Mailbox full", self.invoice.facturex_send_reason)
        self.assertEqual(len(self._activities(self.invoice)), 1)

    def test_late_bounce_of_an_earlier_attempt(self):
        """The last attempt decides."""
        with self.mock_mail_gateway():
            self._wizard(self.invoice).action_send_and_print()
            first = self.invoice.facturex_sending_ids
            self._wizard(self.invoice).action_send_and_print()
        self.env["mail.notification"].sudo().search(
            [("mail_message_id", "=", first.message_id.id)]
        ).write({"notification_status": "bounce", "failure_type": "mail_bounce"})
        self.assertEqual(first.state, "failed")
        self.assertEqual(self.invoice.facturex_send_state, "sent")
        self.assertFalse(self._activities(self.invoice))

    def test_follower_who_cannot_be_reached(self):
        """Only the recipients count, not colleagues who read along."""
        with self.mock_mail_gateway():
            self._wizard(self.invoice).action_send_and_print()
        row = self.invoice.facturex_sending_ids
        self.env["mail.notification"].sudo().create(
            {
                "mail_message_id": row.message_id.id,
                "res_partner_id": self.accountant.partner_id.id,
                "notification_type": "email",
            }
        ).write({"notification_status": "bounce", "failure_type": "mail_bounce"})
        self.assertEqual(row.state, "sent")

    def test_without_channel_it_is_a_download(self):
        wizard = self._wizard(self.invoice)
        wizard.sending_method_checkboxes = {}
        with self.mock_mail_gateway():
            wizard.action_send_and_print()
        self.assertFalse(self._mails)
        self.assertRecordValues(
            self.invoice.facturex_sending_ids,
            [{"channel": "manual", "state": "sent", "recipients": False}],
        )

    def test_sent_another_way(self):
        self._as(self.invoice, self.user).action_facturex_mark_sent()
        self.assertRecordValues(
            self.invoice.facturex_sending_ids,
            [{"channel": "other", "state": "sent", "user_id": self.user.id}],
        )
        self.assertEqual(self.invoice.facturex_send_state, "sent")
        with self.assertRaises(UserError):
            self._as(self.invoice, self.user).action_facturex_mark_sent()

    def test_sent_another_way_after_a_failure(self):
        with self._no_pdf():
            self._wizard(self.invoice).action_send_and_print()
        self._as(self.invoice, self.user).action_facturex_mark_sent()
        self.assertEqual(self.invoice.facturex_send_state, "sent")
        self.assertFalse(self._activities(self.invoice))

    def test_another_document_after_a_reset(self):
        with self.mock_mail_gateway():
            self._wizard(self.invoice).action_send_and_print()
        self.company.facturex_forbid_reset = False
        self.invoice.button_draft()
        self.assertFalse(self.invoice.facturex_send_state)
        self.invoice.action_post()
        self.assertEqual(self.invoice.facturex_send_state, "to_send")

    def test_native_paths_are_logged_too(self):
        with self.mock_mail_gateway():
            self.invoice._generate_and_send()
        self.assertRecordValues(
            self.invoice.facturex_sending_ids, [{"channel": "email", "state": "sent"}]
        )


@tagged("post_install", "-at_install")
class TestBulkSending(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nobody = cls.env["res.partner"].create({"name": "No Address"})
        cls.lost = cls._invoice(10, partner=cls.nobody)
        cls.last = cls._invoice(20)
        cls.three = cls.invoice + cls.lost + cls.last

    def _run_cron(self):
        cron = self.env.ref("account.ir_cron_account_move_send")
        self.env.flush_all()
        with self.enter_registry_test_mode():
            cron.sudo().method_direct_trigger()
        self.env.invalidate_all()
        # a cron leaves its mails to the queue
        queue = self.env["mail.mail"].sudo().search([("state", "=", "outgoing")])
        queue.send()

    def _start(self):
        wizard = self._wizard(self.three)
        wizard.action_send_and_print()
        return wizard

    def test_preview_says_what_goes_where(self):
        wizard = self._wizard(self.three)
        self.assertEqual(
            wizard.move_ids.sorted("id").mapped("facturex_send_preview"),
            [
                "E-mail: alpha@client.example",
                "E-mail: no e-mail address",
                "E-mail: alpha@client.example",
            ],
        )

    def test_one_bad_address_parks_that_one_only(self):
        self._start()
        with self.mock_mail_gateway():
            self._run_cron()
        self.assertEqual(len(self._mails), 2)
        self.assertEqual(
            self.three.mapped("facturex_send_state"), ["sent", "failed", "sent"]
        )
        self.assertIn("No Address has no e-mail", self.lost.facturex_send_reason)
        [activity] = self._activities(self.lost)
        self.assertEqual(activity.user_id, self.user)
        self.assertEqual(set(self.three.mapped("sending_data")), {False})
        self.assertEqual(self.three.facturex_sending_ids.user_id, self.user)
        # nothing is tried again by itself
        with self.mock_mail_gateway():
            self._run_cron()
        self.assertFalse(self._mails)
        # on demand, once the address is there
        self.nobody.email = "found@client.example"
        with self.mock_mail_gateway():
            self._wizard(self.lost).action_send_and_print()
        self.assertEqual(self.lost.facturex_send_state, "sent")
        self.assertFalse(self._activities(self.lost))

    def test_one_bad_document_parks_that_one_only(self):
        self._start()
        with self.mock_mail_gateway(), self._no_pdf(self.last):
            self._run_cron()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(
            self.three.mapped("facturex_send_state"), ["sent", "failed", "failed"]
        )
        self.assertEqual(self.last.facturex_send_reason, NO_RENDERER)

    def test_accident_in_one_mail_parks_that_one_only(self):
        model = type(self.send)
        native = model._get_mail_params

        def explode(send, move, data):
            if move.id == self.last.id:
                raise ValueError("a broken attachment")
            return native(send, move, data)

        self._start()
        with (
            mute_logger(*OURS),
            self.mock_mail_gateway(),
            patch.object(model, "_get_mail_params", explode),
        ):
            self._run_cron()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(self.last.facturex_send_reason, "a broken attachment")
        self.assertEqual(self.invoice.facturex_send_state, "sent")

    def test_second_click_and_second_window(self):
        other = self._wizard(self.three)
        wizard = self._start()
        answer = wizard.action_send_and_print()
        self.assertEqual(answer["params"]["title"], "Sent only once")
        with self.mock_mail_gateway():
            self._run_cron()
        other.action_send_and_print()
        wizard.action_send_and_print()
        with self.mock_mail_gateway():
            self._run_cron()
        self.assertFalse(self._mails)

    def test_window_keeps_what_is_left(self):
        wizard = self._wizard(self.three)
        with self.mock_mail_gateway():
            self._wizard(self.invoice).action_send_and_print()
        wizard.action_send_and_print()
        self.assertEqual(self.three.filtered("sending_data"), self.three - self.invoice)

    def test_two_companies_in_one_run(self):
        """Each document with its own company; stock Odoo takes the first one's."""
        other = self._invoice(
            5,
            company_id=self.other_company.id,
            journal_id=self.other_data["default_journal_sale"].id,
        )
        with self.mock_mail_gateway():
            self.send._facturex_send_safely(self.invoice + other)
        self.assertEqual(other.facturex_send_state, "sent")
        self.assertEqual(other.facturex_sending_ids.company_id, self.other_company)

    def test_many_with_one_bad_address(self):
        """FACTUREX_BULK=200 for the size that is promised."""
        line = {"name": "Work", "price_unit": 10, "tax_ids": [fields.Command.clear()]}
        moves = self.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": (self.nobody if n == MANY // 2 else self.customer).id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [fields.Command.create(line)],
                }
                for n in range(MANY)
            ]
        )
        moves.action_post()
        wizard = self._wizard(moves)
        wizard.action_send_and_print()
        self.assertTrue(all(moves.mapped("sending_data")))
        with self.mock_mail_gateway():
            for _run in range(MANY // 10 + 1):
                self._run_cron()
        lost = moves[MANY // 2]
        self.assertEqual(len(self._mails), MANY - 1)
        states = moves.mapped("facturex_send_state")
        self.assertEqual(states.count("sent"), MANY - 1)
        self.assertEqual(lost.facturex_send_state, "failed")
        self.assertEqual(len(moves.activity_search([ACTIVITY])), 1)
        self.assertFalse(any(moves.mapped("sending_data")))
        # each document once, whoever presses again
        self.assertEqual(len(moves.facturex_sending_ids), MANY)
        self.assertEqual(set(moves.mapped("state")), {"posted"})
        self._wizard(moves - lost)  # opening the window again sends nothing
        wizard.action_send_and_print()
        self.assertFalse(any(moves.mapped("sending_data")))

    def test_failures_first(self):
        with mute_logger(*OURS), self._smtp_down():
            self._wizard(self.last).action_send_and_print()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.action_move_to_send"
        )
        self.assertIn("to_send", action["domain"])
        found = self._as(self.env["account.move"], self.user).search(
            [("facturex_send_state", "in", ("to_send", "failed"))],
            order="facturex_send_state, invoice_date, id",
        )
        self.assertEqual(found[0], self.last)


@tagged("post_install", "-at_install")
class TestSendingSecurity(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice._generate_and_send()
        cls.row = cls.invoice.facturex_sending_ids

    def test_nobody_rewrites_the_log(self):
        self.assertEqual(len(self.row), 1)
        for user in (self.user, self.accountant, self.manager):
            row = self._as(self.row, user)
            self.assertTrue(row.read(["state"]))
            with self.assertRaises(AccessError):
                row.write({"state": "failed"})
            with self.assertRaises(AccessError):
                row.unlink()
            with self.assertRaises(AccessError):
                row.copy()

    def test_other_company_and_strangers_see_nothing(self):
        self._assert_other_company_sees_nothing((self.row,))
        self._assert_refused_to_read(self._strangers(), (self.row,))

    def test_buttons_need_the_right_to_write(self):
        waiting = self._invoice()
        with self.assertRaises(AccessError):
            self._as(waiting, self.other_user).action_facturex_mark_sent()
        with self.assertRaises(AccessError):
            self._as(waiting, self.other_user).action_facturex_resend()

    def test_an_attempt_uses_a_channel_once(self):
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
        ):
            self.env["facturex.sending"].sudo().create(
                {
                    "company_id": self.company.id,
                    "move_id": self.invoice.id,
                    "attempt": self.row.attempt,
                    "channel": self.row.channel,
                    "date": fields.Datetime.now(),
                }
            )
