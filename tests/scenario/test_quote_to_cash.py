"""Quote, deposit, invoice, partial credit, payment: for a Belgian and a French company.

The electronic files on the way are validated with the rules that are at hand: see
scripts/einvoice.py for what exactly is looked at.
"""

import re

from odoo import fields
from odoo.tests import tagged

from odoo.addons.facturex_billing.tests.common import FacturexCommon
from odoo.addons.mail.tests.common import MailCase

from scripts.seed import dataset
from tests.scenario import einvoice


class QuoteToCashMixin:
    """`key` of the demo's company whose identity is taken."""

    key = buyer_key = ""
    xml_format = total = b""

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

    def _validate(self, moves):
        """Not a fault, as far as the rules at hand find them; a wrong total is one."""
        files = {move.name: move.ubl_cii_xml_id.raw for move in moves}
        wrong, count = re.subn(self.total, rb"\g<1>1.23<", files[moves[0].name])
        self.assertEqual(count, 1)
        found = einvoice.faults({**files, "wrong": wrong})
        if found is None:
            self.skipTest("the validators are not installed: scripts/einvoice.sh")
        self.assertIn("CO-15", " ".join(found.pop("wrong")))
        self.assertEqual(found, {name: [] for name in files})

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
            # nothing retyped: what was ordered is billed, nothing is left
            self.assertEqual(order.invoice_status, "invoiced")
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
        billed = deposit.amount_total + final.amount_total
        self.assertAlmostEqual(billed, total, 2)
        for move in deposit | final | credit_note:
            self.assertIn(self.xml_format, move.ubl_cii_xml_id.raw)
        self._validate(deposit | final | credit_note)

    def test_billed_periods(self):
        """What a subscription bills says its days: a month, and a year beside it."""
        subscription = self.env["facturex.subscription"].create(
            {
                "partner_id": self.buyer.id,
                "date_start": self.today,
                "mode": "post",
                "line_ids": [
                    fields.Command.create(
                        {"product_id": self.product.id, "name": "Lamps", "quantity": 2}
                    ),
                    fields.Command.create(
                        {
                            "product_id": self.product.id,
                            "name": "Inspection",
                            "own_interval": True,
                            "interval_unit": "year",
                        }
                    ),
                ],
            }
        )
        subscription.action_confirm()
        subscription._run_due(date=fields.Date.to_date(self.today))
        moves = subscription.period_ids.move_id
        self.assertTrue(moves)
        self.assertEqual(set(moves.mapped("state")), {"posted"})
        lines = moves.invoice_line_ids
        self.assertEqual(len({line.facturex_date_end for line in lines}), 2)
        # part of it is given back, with its days
        credit_note = self._credit(moves[0], quantity=1)
        with self.mock_mail_gateway():
            for move in moves | credit_note:
                self._send(move)
        for move in moves:
            for day in {line.facturex_date_end for line in move.invoice_line_ids}:
                raw = move.ubl_cii_xml_id.raw
                said = (str(day).encode(), f"{day:%Y%m%d}".encode())
                self.assertTrue(any(day in raw for day in said), raw)
        self._validate(moves | credit_note)


@tagged("post_install", "-at_install")
class TestQuoteToCashBelgium(QuoteToCashMixin, FacturexCommon, MailCase):
    key, buyer_key, xml_format = "be", "be_tavelle", b"urn:fdc:peppol.eu"
    total = rb"(<cbc:TaxInclusiveAmount[^>]*>)[^<]+<"


@tagged("post_install", "-at_install")
class TestQuoteToCashFrance(QuoteToCashMixin, FacturexCommon, MailCase):
    country = "fr"
    key, buyer_key, xml_format = "fr", "fr_combelune", b"CrossIndustryInvoice"
    total = rb"(<ram:GrandTotalAmount[^>]*>)[^<]+<"
