"""Sending again, and the client account, in the browser of a plain user, in French."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from tests.e2e.common import FacturexHttpCase


@tagged("post_install", "-at_install")
class TestSendingTours(FacturexHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.user.lang = "fr_FR"

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
        self.browse_as(self.user, "facturex_client_account_tour", timeout=180)
