"""Odoo's own Peppol connector under our sending: the network alone is played.

Run by scripts/install_check.sh in a database where `account_peppol` is installed, as
Odoo does by itself for a Belgian company. Everything is the connector's code but the
answers of the access point: who is on Peppol, what becomes of a document.
"""

import json
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import parse_qs, urlparse

import requests

from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from odoo.addons.facturex_billing.tests.common import FacturexCommon
from odoo.addons.mail.tests.common import MailCase

BUYER = "0208:0477472701"
BIS3 = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
ACTIVITY = "facturex_billing.mail_activity_type_not_sent"


class AccessPoint:
    """What the access point answers, and what it was given."""

    def __init__(self):
        self.refusal = self.down = False
        self.verdict = {"state": "done"}  # of a document that it took
        self.received = []

    def get(self, url, **_options):
        """Who is on Peppol: one customer."""
        [number] = parse_qs(urlparse(url).query)["peppol_identifier"]
        if number != BUYER:
            return self._answer({"error": {"code": "NOT_FOUND", "message": "no"}}, 404)
        service = {"href": "https://smp.example/1", "document_id": f"x##{BIS3}::2.1"}
        return self._answer({"result": {"identifier": number, "services": [service]}})

    def post(self, url, json=None, **_options):
        if self.down:
            raise requests.exceptions.ConnectionError("nobody there")
        params = json["params"]
        if url.endswith("/send_document"):
            if self.refusal:
                return self._answer({"result": {"error": self.refusal}})
            uuids = []
            for document in params["documents"]:
                self.received.append(document["receiver"])
                uuids.append({"message_uuid": f"uuid-{len(self.received)}"})
            return self._answer({"result": {"messages": uuids}})
        if url.endswith("/get_document"):
            verdicts = dict.fromkeys(params["message_uuids"], self.verdict)
            return self._answer({"result": verdicts})
        return self._answer({"result": {}})

    @staticmethod
    def _answer(content, status=200):
        response = requests.Response()
        response.status_code = status
        response._content = json.dumps(content).encode()
        return response


@tagged("post_install", "-at_install")
class TestPeppol(FacturexCommon, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = AccessPoint()
        cls.startClassPatcher(patch.object(requests, "get", cls.network.get))
        cls.startClassPatcher(patch.object(requests, "post", cls.network.post))
        parameters = cls.env["ir.config_parameter"].sudo()
        parameters.set_param("account_peppol.edi.mode", "test")
        bank = cls.company_data["default_journal_bank"]
        bank.set_bank_account("BE68539007547034", False)
        cls.company.write(
            {
                "street": "Rue Neuve 1",
                "zip": "5000",
                "city": "Namur",
                "phone": "+32 81 22 33 44",
                "vat": "BE0475646428",
                "peppol_eas": "0208",
                "peppol_endpoint": "0475646428",
            }
        )
        cls.customer.write(
            {
                "is_company": True,
                "street": "Rue 1",
                "zip": "1000",
                "city": "Bruxelles",
                "vat": "BE0477472701",
                "peppol_eas": "0208",
                "peppol_endpoint": "0477472701",
                "invoice_edi_format": "ubl_bis3",
            }
        )
        cls._check_customer()
        cls.tax = cls.company_data["default_tax_sale"]

    @classmethod
    def _check_customer(cls):
        cls.customer.button_account_peppol_check_partner_endpoint(company=cls.company)
        known = cls.customer.with_company(cls.company).peppol_verification_state
        assert known == "valid", known

    def _join(self):
        """As after the registration: the company may send and receive."""
        self.company.account_peppol_proxy_state = "receiver"
        key = self.env["certificate.key"]._generate_rsa_private_key(self.company)
        self.env["account_edi_proxy_client.user"].create(
            {
                "id_client": "client",
                "company_id": self.company.id,
                "proxy_type": "peppol",
                "edi_mode": "test",
                "edi_identification": "0208:0475646428",
                "private_key_id": key.id,
                "refresh_token": "token",
            }
        )

    def _taxed(self):
        invoice = self._invoice(100, due="2026-04-15", post=False)
        invoice.invoice_line_ids.tax_ids = self.tax
        invoice.action_post()
        return invoice

    def _send(self, invoice):
        """*Send* on the invoice, as the user."""
        invoice = self._as(invoice, self.user)
        action = invoice.action_send_and_print()
        wizards = self._as(self.env[action["res_model"]], self.user)
        wizard = wizards.with_context(**action["context"]).create({})
        with self.mock_mail_gateway():
            return wizard.action_send_and_print()

    def _channels(self, invoice):
        rows = invoice.facturex_sending_ids
        return {(row.attempt, row.channel): row.state for row in rows.sorted("attempt")}

    def _ask_for_news(self):
        self.env["account_edi_proxy_client.user"]._cron_peppol_get_message_status()

    def _posted(self):
        return self.env["account.move"].search_count(
            [("partner_id", "=", self.customer.id), ("state", "=", "posted")]
        )

    @contextmanager
    def _network(self, **how):
        before = {name: getattr(self.network, name) for name in how}
        for name, value in how.items():
            setattr(self.network, name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(self.network, name, value)

    # ------------------------------------------------------------------
    # Accepted
    # ------------------------------------------------------------------

    def test_accepted(self):
        """By e-mail and by Peppol, each a row; the network's word comes later."""
        self._join()
        invoice = self._taxed()
        before = len(self.network.received)
        self._send(invoice)
        self.assertEqual(self.network.received[before:], [BUYER])
        self.assertEqual(
            self._channels(invoice), {(1, "email"): "sent", (1, "peppol"): "pending"}
        )
        self.assertRecordValues(
            invoice, [{"facturex_send_state": "sent", "facturex_is_locked": True}]
        )
        peppol = invoice.facturex_sending_ids.filtered(lambda r: r.channel == "peppol")
        self.assertEqual(peppol.recipients, BUYER)
        self._ask_for_news()
        self.assertEqual(peppol.state, "sent")
        self.assertTrue(invoice.ubl_cii_xml_id)

    # ------------------------------------------------------------------
    # Refused: posted once, visible, retried on demand
    # ------------------------------------------------------------------

    def _assert_not_sent(self, invoice, words):
        self.assertRecordValues(
            invoice, [{"state": "posted", "facturex_send_state": "failed"}]
        )
        self.assertIn(words, invoice.facturex_send_reason)
        self.assertEqual(len(invoice.activity_search([ACTIVITY])), 1)
        waiting = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.action_move_to_send"
        )
        found = self._as(self.env["account.move"], self.user).search(
            safe_eval(waiting["domain"])
        )
        self.assertIn(invoice, found)

    def _assert_sent_at_last(self, invoice, attempt):
        self._send(invoice)
        self.assertEqual(self._channels(invoice)[attempt, "peppol"], "pending")
        self._ask_for_news()
        self.assertEqual(self._channels(invoice)[attempt, "peppol"], "sent")
        self.assertEqual(invoice.facturex_send_state, "sent")
        self.assertFalse(invoice.activity_search([ACTIVITY]))

    def test_refused_at_once(self):
        """The access point takes nothing: no mail either, and the words of why."""
        self._join()
        invoice = self._taxed()
        posted, before = self._posted(), len(self.network.received)
        refusal = {"code": 207, "message": "cannot receive", "subject": "Refused"}
        for attempt in (1, 2):
            with self._network(refusal=refusal):
                self._send(invoice)
            self.assertFalse(self._mails)
            self._assert_not_sent(invoice, "cannot receive this document type")
            self.assertEqual(self._channels(invoice)[attempt, "peppol"], "failed")
        self.assertEqual(len(self.network.received), before)
        self._assert_sent_at_last(invoice, 3)
        self.assertEqual(len(self.network.received), before + 1)
        self.assertEqual(self._posted(), posted)

    def test_network_down(self):
        self._join()
        invoice = self._taxed()
        posted = self._posted()
        with self._network(down=True), self.assertLogs("odoo.addons", "WARNING"):
            self._send(invoice)
        self._assert_not_sent(invoice, "returned an error")
        self._assert_sent_at_last(invoice, 2)
        self.assertEqual(self._posted(), posted)

    def test_refused_hours_later(self):
        """Taken, then refused by the receiver: the same invoice leaves again."""
        self._join()
        invoice = self._taxed()
        posted, name = self._posted(), invoice.name
        self._send(invoice)
        refusal = {"code": 303, "message": "not sent", "subject": "Refused"}
        with self._network(verdict={"error": refusal}):
            self._ask_for_news()
        self.assertEqual(invoice.peppol_move_state, "error")
        self._assert_not_sent(invoice, "Not accepted by Peppol")
        history = " ".join(invoice.message_ids.mapped("body"))
        self.assertIn("could not be sent to the Peppol Participant", history)
        pdf, xml = invoice.invoice_pdf_report_id, invoice.ubl_cii_xml_id
        self._assert_sent_at_last(invoice, 2)
        self.assertEqual(
            (invoice.invoice_pdf_report_id, invoice.ubl_cii_xml_id), (pdf, xml)
        )
        self.assertEqual((self._posted(), invoice.name), (posted, name))

    def test_in_bulk_one_refused_parks_that_one_only(self):
        self._join()
        invoices = self._taxed() + self._taxed() + self._taxed()
        lost = invoices[1]
        post = self.network.post

        def refuse_one(url, json=None, **options):
            documents = json["params"].get("documents", ())
            if any(lost.name.replace("/", "_") in d["filename"] for d in documents):
                answer = {"error": {"code": 105, "message": "x", "subject": "Refused"}}
                return self.network._answer({"result": answer})
            return post(url, json=json, **options)

        with self.mock_mail_gateway(), patch.object(requests, "post", refuse_one):
            self.env["account.move.send"]._facturex_send_safely(invoices)
        self.assertEqual(
            invoices.mapped("facturex_send_state"), ["sent", "failed", "sent"]
        )
        self.assertIn("not valid", lost.facturex_send_reason)
        self._assert_sent_at_last(lost, 2)

    # ------------------------------------------------------------------
    # A company that has not joined
    # ------------------------------------------------------------------

    def test_unattended_the_other_channel_is_used(self):
        invoice = self._taxed()
        with self.mock_mail_gateway():
            self.env["account.move.send"]._facturex_send_safely(invoice)
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(self._channels(invoice), {(1, "email"): "sent"})

    def test_by_peppol_alone_it_says_what_is_missing(self):
        self.customer.with_company(self.company).invoice_sending_method = "peppol"
        invoice = self._taxed()
        with self.mock_mail_gateway():
            self.env["account.move.send"]._facturex_send_safely(invoice)
        self.assertFalse(self._mails)
        self._assert_not_sent(invoice, "is not registered with Peppol")
        self.assertTrue(invoice.facturex_send_reason.startswith("Your company"))

    def test_the_window_opens_the_registration(self):
        answer = self._send(self._taxed())
        self.assertEqual(answer["res_model"], "peppol.registration")

    # ------------------------------------------------------------------
    # The assistant
    # ------------------------------------------------------------------

    def _assistant(self):
        assistants = self._as(self.env["facturex.invoice.assistant"], self.user)
        assistant = assistants.browse(assistants.action_open()["res_id"])
        with Form(assistant) as form:
            form.partner_id = self.customer
            with form.line_ids.edit(0) as line:
                line.name = "Work"
                line.price_unit = 50
        assistant.action_preview()
        assistant.action_mail()
        return assistant

    def test_assistant_sends_by_both(self):
        self._join()
        assistant = self._assistant()
        self.assertEqual(set(assistant._methods()), {"email", "peppol"})
        self.assertFalse(assistant.is_blocked, assistant.alerts)
        refusal = {"code": 105, "message": "x", "subject": "Refused"}
        with self.mock_mail_gateway(), self._network(refusal=refusal):
            assistant.action_send()
        move = assistant.move_id
        self._assert_not_sent(move, "not valid")
        posted = self._posted()
        with self.mock_mail_gateway():
            assistant.action_retry()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(self._channels(move)[2, "peppol"], "pending")
        self.assertEqual(self._posted(), posted)

    def test_assistant_lists_the_registration(self):
        assistant = self._assistant()
        [alert] = [a for key, a in assistant.alerts.items() if "network" in key]
        self.assertTrue(assistant.is_blocked)
        self.assertEqual(alert["action"]["res_model"], "peppol.registration")
        channels = assistant.channels
        channels["peppol"]["checked"] = False
        assistant.channels = channels
        self.assertFalse(assistant.is_blocked, assistant.alerts)
        with self.mock_mail_gateway():
            assistant.action_send()
        self.assertEqual(self._channels(assistant.move_id), {(1, "email"): "sent"})
