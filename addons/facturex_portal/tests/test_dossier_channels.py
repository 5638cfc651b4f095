"""After a disconnection: every channel that a person of the firm still tries."""

import json

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tests.common import JsonRpcException

from odoo.addons.mail.tests.common import MockEmail

from .test_dossier_life import FirmCommon

CANARY = "CANARY-LEFT"


@tagged("post_install", "-at_install")
class TestChannels(FirmCommon, HttpCase, MockEmail):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lea.password = "fx_lea-password"
        cls.invoice = cls._invoice()
        cls.invoice.ref = CANARY
        cls.attachment = cls.env["ir.attachment"].create(
            {
                "name": "canary.txt",
                "res_model": "account.move",
                "res_id": cls.invoice.id,
                "raw": CANARY.encode(),
            }
        )

    def setUp(self):
        super().setUp()
        self.token = self.invoice._portal_ensure_token()
        self.invoice.message_subscribe(partner_ids=self.lea.partner_id.ids)
        self.invoice.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.lea.id
        )
        self.key = (
            self.env["res.users.apikeys"]
            .with_user(self.lea)
            .sudo()  # a key without end: the database's own clock is not frozen
            ._generate("rpc", "test", None)
        )
        self.authenticate("fx_lea", "fx_lea-password")

    # each channel: what it still shows of the company, as one text

    def _by_session(self):
        """The page that was open before: same session, same ticked company."""
        try:
            found = self.make_jsonrpc_request(
                "/web/dataset/call_kw/account.move/read",
                {
                    "model": "account.move",
                    "method": "read",
                    "args": [self.invoice.ids, ["ref"]],
                    "kwargs": {"context": {"allowed_company_ids": self.company_a.ids}},
                },
            )
        except JsonRpcException as error:
            return str(error)
        return json.dumps(found)

    def _by_key(self):
        answer = self.url_open(
            "/json/2/account.move/read",
            data=json.dumps({"ids": self.invoice.ids, "fields": ["ref"]}),
            headers={
                "Authorization": f"bearer {self.key}",
                "Content-Type": "application/json",
            },
        )
        return answer.text

    def _by_token(self):
        """The link that was kept, without any session."""
        self.authenticate(None, None)
        text = self.url_open(
            f"/my/invoices/{self.invoice.id}?access_token={self.token}"
        ).text
        self.authenticate("fx_lea", "fx_lea-password")
        return CANARY if self.invoice.name in text else ""

    def _by_mail(self):
        """A bill sent to the company's address."""
        gateway = self.env["account.move"].with_user(self.lea).sudo()
        try:
            with self.env.cr.savepoint():
                gateway.message_new({}, {"company_id": self.company_a.id})
        except AccessError:
            return ""
        except Exception:  # noqa: BLE001 it went in, whatever becomes of this mail
            return CANARY
        return CANARY

    def _by_follower(self):
        """What the company's people write, mailed to followers."""
        with self.mock_mail_gateway():
            self.invoice.with_user(self.olga).message_post(
                body=CANARY, subtype_xmlid="mail.mt_comment"
            )
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        to_lea = [mail for mail in self._mails if self.lea.email in str(mail)]
        return CANARY if to_lea else ""

    def _by_activity(self):
        mine = self.env["mail.activity"].sudo().search([("user_id", "=", self.lea.id)])
        return (
            CANARY if mine.filtered(lambda one: one.res_id == self.invoice.id) else ""
        )

    def _by_file(self):
        return "".join(
            self.url_open(url).text
            for url in (
                f"/web/content/{self.attachment.id}",
                f"/web/content/account.move/{self.invoice.id}/ref",
                f"/report/html/account.report_invoice/{self.invoice.id}",
            )
        )

    CHANNELS = (
        "session",
        "key",
        "token",
        "mail",
        "follower",
        "activity",
        "file",
    )

    def _open_channels(self):
        return {
            name for name in self.CHANNELS if CANARY in getattr(self, f"_by_{name}")()
        }

    def test_seven_channels(self):
        """All seven show the company before, none does afterwards."""
        self.assertEqual(self._open_channels(), set(self.CHANNELS))
        self.dossier_a.with_user(self.lea)._leave()
        self.env.invalidate_all()
        self.assertEqual(self._open_channels(), set())

    def test_a_removed_collaborator_has_no_channel_of_his_own(self):
        self.assertIn(CANARY, self._by_session())
        carl = self.firm.sudo()
        carl.manager_ids |= self.carl
        self.firm.with_user(self.carl).action_remove_collaborator(self.lea.id)
        self.env.invalidate_all()
        for name in ("session", "key", "mail", "file"):
            with self.subTest(name=name):
                self.assertNotIn(CANARY, getattr(self, f"_by_{name}")())

    def test_the_button_beside_a_collaborator(self):
        users = self.carl.with_user(self.lea).with_context(facturex_firm=self.firm.id)
        self._act("responsible", self.dossier_a, user_id=self.carl.id)
        users.action_facturex_leave_firm()
        self.assertNotIn(self.carl, self.firm.sudo().user_ids)
        self.assertFalse(self.carl._facturex_can("sell", self.company_a))
        self.assertTrue(self.firm.with_user(self.lea).is_led)
        lea = self.lea.with_user(self.carl).with_context(facturex_firm=self.firm.id)
        with self.assertRaises(AccessError):
            lea.action_facturex_leave_firm()


@tagged("post_install", "-at_install")
class TestReconnect(FirmCommon):
    def test_the_firm_comes_back_when_it_is_asked_in(self):
        dossier = self.dossier_a.sudo()
        dossier.plan_id = self.env.ref("facturex_portal.plan_basic")
        dossier._start_trial()
        with freeze_time("2026-03-20"):
            self.dossier_a.with_user(self.lea)._leave()
        self.assertEqual(dossier.state, "disconnected")
        self.assertEqual(str(dossier.date_disconnected), "2026-03-20")
        self.assertEqual(
            dossier.plan_id, self.env.ref("facturex_portal.plan_basic"), "its own plan"
        )
        self.assertTrue(self.amy._facturex_can("sell", self.company_a))
        # nobody comes back by himself
        with self.assertRaises(AccessError):
            self.dossier_a.with_user(self.lea)._invite(
                "fx_lea@office.example", dossier._role("accountant")
            )
        self.firm.with_user(self.lea)._ask_link(self.company_a)
        self.assertFalse(self.lea._facturex_can("sell", self.company_a))
        invitation = self._waiting(kind="link")
        with self.assertRaises(AccessError):
            invitation.with_user(self.lea).action_accept()
        decider = invitation._get_deciders()[:1]
        invitation.with_user(decider).action_accept()
        self.assertRecordValues(
            dossier,
            [
                {
                    "state": "active",
                    "firm_id": self.firm.id,
                    "date_disconnected": False,
                }
            ],
        )
        self.assertTrue(self.lea._facturex_can("book", self.company_a))
        self.assertFalse(self.lea._facturex_can("manage_users", self.company_a))
