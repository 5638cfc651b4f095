"""Quote, deposit, invoice, partial credit, payment: for a Belgian and a French company.

The electronic files on the way are validated with the rules that are at hand: see
scripts/einvoice.py for what exactly is looked at.
"""

import json
import pathlib
import subprocess
import tempfile

from odoo import fields
from odoo.tests import tagged

from odoo.addons.facturex_billing.tests.common import FacturexCommon
from odoo.addons.mail.tests.common import MailCase

from scripts.seed import dataset

ROOT = pathlib.Path(__file__).parents[2]


class QuoteToCashMixin:
    """`key` of the demo's company whose identity is taken."""

    key = xml_format = buyer_key = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        spec, buyer = dataset.company(cls.key), dataset.customer(cls.buyer_key)
        bank = cls.env["res.bank"].create({"name": "The Bank", "bic": spec.bic})
        cls.company_data["default_journal_bank"].set_bank_account(spec.iban, bank.id)
        cls.company.write(
            {
                **cls._identity(spec),
                "facturex_legal_form": spec.legal_form,
                "facturex_registry_city": spec.court,
                "tax_calculation_rounding_method": "round_globally",
            }
        )
        cls.buyer = cls.env["res.partner"].create(
            {
                **cls._identity(buyer),
                "country_id": cls.company.country_id.id,
                "is_company": True,
                "lang": "en_US",
                "ref": "PO-7",
            }
        )
        cls.product = cls.env["product.product"].create(
            {
                "name": "Lamp",
                "type": "consu",
                "list_price": 250,
                "invoice_policy": "order",
                "taxes_id": [
                    fields.Command.set(cls.company_data["default_tax_sale"].ids)
                ],
            }
        )

    @staticmethod
    def _identity(spec):
        return {
            "name": spec.name,
            "street": spec.street,
            "zip": spec.zip,
            "city": spec.city,
            "email": spec.email,
            "phone": spec.phone,
            "vat": spec.vat,
            "company_registry": spec.registry,
        }

    def _invoice_order(self, order, **how):
        before = order.invoice_ids
        wizard = self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        )
        wizard.create(
            {"sale_order_ids": [fields.Command.set(order.ids)], **how}
        ).create_invoices()
        invoice = order.invoice_ids - before
        invoice.invoice_date = self.today
        invoice.action_post()
        return invoice

    def _send(self, move):
        move._generate_and_send(sending_methods=["email"])
        self.assertTrue(move.is_move_sent)
        self.assertTrue(move.ubl_cii_xml_id, "no electronic file")

    def _credit(self, invoice, quantity):
        """Part of the goods comes back."""
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        action = wizard.create(
            {
                "journal_id": invoice.journal_id.id,
                "reason": "Came back",
                "date": self.today,
            }
        ).refund_moves()
        credit_note = self.env["account.move"].browse(action["res_id"])
        for line in credit_note.invoice_line_ids:
            if line.product_id == self.product:
                line.quantity = quantity
            else:
                line.unlink()
        credit_note.action_post()
        return credit_note

    def _pay(self, move):
        payment = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        payment.create({"payment_date": self.today}).action_create_payments()

    def _reconcile(self, *moves):
        lines = (
            self.env["account.move"]
            .union(*moves)
            .line_ids.filtered(
                lambda line: (
                    line.account_type == "asset_receivable" and not line.reconciled
                )
            )
        )
        lines.reconcile()

    def _validate(self, *moves):
        """The faults of each file, as the rules at hand find them."""
        found = subprocess.run(
            ["bash", str(ROOT / "scripts/einvoice.sh")],
            capture_output=True,
            text=True,
            check=False,
        )
        if found.returncode:
            self.skipTest("the validators are not installed: scripts/einvoice.sh")
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for move in moves:
                paths.append(pathlib.Path(folder, f"{move.id}.xml"))
                paths[-1].write_bytes(move.ubl_cii_xml_id.raw)
            answer = subprocess.run(
                [
                    found.stdout.strip(),
                    str(ROOT / "scripts/einvoice.py"),
                    *map(str, paths),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        self.assertEqual(answer.returncode, 0, answer.stderr)
        faults = json.loads(answer.stdout)
        self.assertEqual(len(faults), len(moves))
        for path, sentences in faults.items():
            self.assertFalse(sentences, f"{pathlib.Path(path).name}: {sentences}")

    def test_quote_to_cash(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.buyer.id,
                "order_line": [
                    fields.Command.create(
                        {"product_id": self.product.id, "product_uom_qty": 4}
                    )
                ],
            }
        )
        order.action_confirm()
        total = order.amount_total
        with self.mock_mail_gateway():
            # 30 % first, and it is paid
            deposit = self._invoice_order(
                order, advance_payment_method="percentage", amount=30
            )
            self.assertAlmostEqual(deposit.amount_total, total * 0.3, 2)
            self._send(deposit)
            self._pay(deposit)
            # the rest: the deposit is deducted
            final = self._invoice_order(order, advance_payment_method="delivered")
            self.assertAlmostEqual(final.amount_total, total * 0.7, 2)
            self._send(final)
            # one of four comes back
            credit_note = self._credit(final, quantity=1)
            self.assertAlmostEqual(credit_note.amount_total, total / 4, 2)
            self._send(credit_note)
        self._reconcile(final, credit_note)
        self.assertEqual(final.payment_state, "partial")
        self.assertAlmostEqual(final.amount_residual, total * 0.7 - total / 4, 2)
        self._pay(final)
        self.assertEqual(final.amount_residual, 0)
        self.assertIn(final.payment_state, ("in_payment", "paid"))
        self.assertEqual(credit_note.amount_residual, 0)
        # nothing retyped: what was ordered is billed, nothing is left
        self.assertEqual(order.invoice_status, "invoiced")
        billed = deposit.amount_total + final.amount_total
        self.assertAlmostEqual(billed, total, 2)
        for move in deposit | final | credit_note:
            self.assertIn(self.xml_format, move.ubl_cii_xml_id.raw)
        self._validate(deposit, final, credit_note)


@tagged("post_install", "-at_install")
class TestQuoteToCashBelgium(QuoteToCashMixin, FacturexCommon, MailCase):
    key, buyer_key, xml_format = "be", "be_tavelle", b"urn:fdc:peppol.eu"


@tagged("post_install", "-at_install")
class TestQuoteToCashFrance(QuoteToCashMixin, FacturexCommon, MailCase):
    country = "fr"
    key, buyer_key, xml_format = "fr", "fr_combelune", b"CrossIndustryInvoice"
