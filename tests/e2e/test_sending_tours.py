"""Sending again, and the client account, as a plain user, in French and Dutch."""

from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from tests.e2e.common import FacturexHttpCase


class SendingTours:
    lang = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._learn(cls.lang)
        cls.user.lang = cls.lang

    def test_resend(self):
        self._invoice(50, due=self._days_ago(5))
        lost = self._invoice(100, due=self._days_ago(5))
        reason = "panne du moteur PDF"
        with patch.object(
            type(self.env["ir.actions.report"]),
            "_pre_render_qweb_pdf",
            side_effect=UserError(reason),
        ):
            self.env["account.move.send"]._facturex_send_safely(lost)
        self.assertEqual(lost.facturex_send_state, "failed")
        self.browse_as(self.user, "facturex_resend_tour", timeout=180)
        self.assertEqual(lost.facturex_send_state, "sent")
        first, second = lost.facturex_sending_ids.sorted("attempt")
        self.assertEqual(first.state, "failed")
        # the mail leaves with the commit, which a test does not make
        self.assertIn(second.state, ("pending", "sent"))

    def test_client_account(self):
        self._invoice(100, due=self._days_ago(5))
        line = {"name": "Care", "price_unit": 60, "tax_ids": [fields.Command.clear()]}
        self.env["facturex.subscription"].create(
            {
                "partner_id": self.customer.id,
                "line_ids": [fields.Command.create(line)],
            }
        ).action_confirm()
        self.browse_as(self.user, "facturex_client_account_tour", timeout=180)


@tagged("post_install", "-at_install")
class TestSendingFrench(SendingTours, FacturexHttpCase):
    lang = "fr_FR"


@tagged("post_install", "-at_install")
class TestSendingDutch(SendingTours, FacturexHttpCase):
    lang = "nl_BE"
