"""Selling in the browser, in French and Dutch: credit note, quote accepted."""

from odoo import fields
from odoo.tests import tagged

from tests.e2e.common import FacturexHttpCase

COMMAND = fields.Command


class SellingTours:
    lang = to_send = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._learn(cls.lang)
        cls.user.lang = cls.lang

    def test_the_words_are_there(self):
        self._assert_speaks(self.lang, "facturex_billing.menu_to_send", self.to_send)

    def test_credit_chosen_lines(self):
        # without an address nothing is sent: the preview says so
        self.customer.email = False
        invoice = self._invoice(
            due=self._days_ago(3),
            post=False,
            invoice_line_ids=[
                COMMAND.create(
                    {
                        "name": name,
                        "quantity": quantity,
                        "price_unit": price,
                        "tax_ids": [COMMAND.clear()],
                    }
                )
                for name, quantity, price in (("Chaise", 5, 20), ("Table", 1, 100))
            ],
        )
        invoice.action_post()
        invoice.is_move_sent = True
        self.browse_as(self.user, "facturex_credit_tour")
        self.assertRecordValues(
            invoice.reversal_move_ids,
            [{"state": "posted", "amount_total": 40, "payment_state": "paid"}],
        )
        self.assertEqual(invoice.amount_residual, 160)

    def test_quote_accepted(self):
        product = self.env["product.product"].create(
            {
                "name": "Chaise",
                "list_price": 100,
                "invoice_policy": "order",
                "taxes_id": [COMMAND.clear()],
            }
        )
        quote = (
            self.env["sale.order"]
            .with_user(self.user)
            .create(
                {
                    "partner_id": self.customer.id,
                    "require_signature": True,
                    "require_payment": False,
                    "facturex_on_acceptance": "deposit",
                    "facturex_deposit_percent": 30,
                    "order_line": [COMMAND.create({"product_id": product.id})],
                }
            )
        )
        quote.action_quotation_sent()
        self.start_tour(quote.get_portal_url(), "facturex_quote_tour", login=None)
        quote.invalidate_recordset()
        self.assertEqual(quote.state, "sale")
        self.assertEqual(quote.invoice_ids.amount_total, 30)
        self.assertEqual(quote.facturex_acceptance_ids.signer, "Client Alpha")
        self.browse_as(
            self.user, "facturex_accepted_tour", url=f"/odoo/sales/{quote.id}"
        )


@tagged("post_install", "-at_install")
class TestSellingFrench(SellingTours, FacturexHttpCase):
    lang, to_send = "fr_FR", "À envoyer"


@tagged("post_install", "-at_install")
class TestSellingDutch(SellingTours, FacturexHttpCase):
    lang, to_send = "nl_BE", "Te verzenden"
