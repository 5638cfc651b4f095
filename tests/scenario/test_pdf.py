"""The PDF itself, through the renderer: what a customer can read on each page.

FACTUREX_KEEP=folder keeps the files, to be looked at.
"""

import io
import os
import pathlib
import re

from PyPDF2 import PdfReader

from odoo import fields
from odoo.tests import HttpCase, tagged

from odoo.addons.facturex_billing.tests.test_document import DocumentCommon

LINES = 60


class PdfCase(DocumentCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        state = cls.env["ir.actions.report"].get_wkhtmltopdf_state()
        if state not in ("ok", "workers"):
            cls.skipTest(cls, f"no renderer of PDF here: {state}")
        cls.company.facturex_amount_in_words = True
        cls.tax = cls.company_data["default_tax_sale"]
        cls.buyer.write({"street": "Quai 3", "zip": "4000", "city": "Liège"})

    def _pages(self, move):
        """The text of each page, without blanks: a renderer puts them anywhere."""
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, kind = report._render_qweb_pdf(
            "account.report_invoice_with_payments", move.ids
        )
        self.assertEqual(kind, "pdf")
        if folder := os.environ.get("FACTUREX_KEEP"):
            name = f"{self.country}-{self._testMethodName}.pdf"
            pathlib.Path(folder, name).write_bytes(content)
        return [
            re.sub(r"\s", "", page.extract_text())
            for page in PdfReader(io.BytesIO(content)).pages
        ]

    def _assert_reads(self, text, *sentences):
        for sentence in sentences:
            with self.subTest(sentence=sentence):
                self.assertIn(re.sub(r"\s", "", sentence), text)

    def _line(self, name, price, tax=None, **vals):
        taxes = fields.Command.set((tax or self.tax).ids)
        return fields.Command.create(
            {"name": name, "price_unit": price, "tax_ids": [taxes], **vals}
        )

    def _one_line(self):
        return self._bill(invoice_line_ids=[self._line("Roof of the garage", 100)])


class PdfMixin:
    """`late` and `register` are what the country wants on each invoice."""

    late = register = ""
    rates = ()  # beside the usual one

    def test_one_line(self):
        invoice = self._one_line()
        pages = self._pages(invoice)
        self.assertEqual(len(pages), 1, "one line, one page")
        self._assert_reads(
            pages[0],
            invoice.name,
            "Roof of the garage",
            "Quai 3",
            self.late,
            self.register,
            invoice.partner_bank_id.acc_number,
            self.bic,
            invoice.payment_reference,
            f"{invoice.amount_total:.2f}",
        )

    def test_sixty_lines(self):
        """None is lost or cut; heads repeat; the total is with the account."""
        invoice = self._bill(
            invoice_line_ids=[
                self._line(f"Position {number:03d}.", number)
                for number in range(1, LINES + 1)
            ]
        )
        pages = self._pages(invoice)
        self.assertGreater(len(pages), 1)
        text = "".join(pages)
        found = re.findall(r"Position(\d{3})\.", text)
        self.assertEqual([int(number) for number in found], list(range(1, LINES + 1)))
        self.assertEqual(sum(range(1, LINES + 1)), invoice.amount_untaxed)
        for number, page in enumerate(pages, 1):
            self._assert_reads(page, f"{number}/{len(pages)}")
            if "Position" in page:
                self._assert_reads(page, "Description")
        total = re.sub(r"\s", "", f"{invoice.amount_total:,.2f}")
        reference = re.sub(r"\s", "", invoice.payment_reference)
        last = [page for page in pages if reference in page]
        self.assertEqual(last, pages[-1:])
        self.assertIn(total, last[0])
        self._assert_reads(last[0], self.late, self.register)

    def _rate(self, percent):
        """The tax of the chart for it, which has its own line in the totals."""
        # a chart keeps the rarer rates aside
        taxes = self.env["account.tax"].with_context(active_test=False)
        tax = taxes.search(
            [
                ("company_id", "=", self.company.id),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
                ("amount", "=", percent),
                ("tax_group_id.name", "ilike", f"{percent:g}"),
                ("price_include_override", "!=", "tax_included"),
            ],
            limit=1,
        )
        tax.active = True
        return tax

    def test_several_rates(self):
        low, middle = map(self._rate, self.rates)
        invoice = self._bill(
            invoice_line_ids=[
                self._line("Book", 100, low),
                self._line("Meal", 200, middle),
                self._line("Chair", 300, discount=10),
            ]
        )
        text = "".join(self._pages(invoice))
        full = self.tax.amount
        self._assert_reads(
            text,
            "Book",
            "Meal",
            "Chair",
            "10.00",  # the discount of the chair
            "270.00",
            f"{low.amount:.2f}€",
            f"{2 * middle.amount:.2f}€",
            f"{270 * full / 100:.2f}€",
            f"{invoice.amount_total:.2f}€",
        )
        taxes = low.amount + 2 * middle.amount + 270 * full / 100
        self.assertAlmostEqual(invoice.amount_total, 570 + taxes)

    def test_credit_note(self):
        invoice = self._one_line()
        credit_note = self._refund(invoice)
        pages = self._pages(credit_note)
        self.assertEqual(len(pages), 1)
        self._assert_reads(
            pages[0],
            credit_note.name,
            invoice.name,
            "Corrects Invoice",
            "Roof of the garage",
            "Total amount in words",
            self.register,
        )
        # nobody pays a credit note
        self.assertNotIn(re.sub(r"\s", "", self.late), pages[0])

    def test_deposit_and_instalments(self):
        """What was paid before, and what is due when, as a person reads it."""
        term = self.env["account.payment.term"].create(
            {
                "name": "Halves, or 2 % at once",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 8,
                "line_ids": [
                    fields.Command.create({"value_amount": 100, "nb_days": 30})
                ],
            }
        )
        invoice = self._bill(
            invoice_line_ids=[
                self._line("Roof of the garage", 100),
                self._line("Down payment of 2 March", -30),
            ],
            invoice_payment_term_id=term.id,
        )
        text = "".join(self._pages(invoice))
        self._assert_reads(
            text, "Down payment of 2 March", "30.00", "due if paid before"
        )


@tagged("post_install", "-at_install")
class TestPdfBelgium(PdfMixin, PdfCase):
    late = "Act of 2 August 2002"
    register = "RPM Liège, division Namur 0477.472.701"
    rates = 6, 12


@tagged("post_install", "-at_install")
class TestPdfFrance(PdfMixin, PdfCase):
    country = "fr"
    iban, bic = "FR7630006000011234567890189", "AGRIFRPP"
    number = "73282932000074"
    vat = "FR44732829320"
    late = "art. L441-10 and D441-5"
    register = "RCS Paris 732 829 320"
    rates = 5.5, 10

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {"facturex_legal_form": "SAS", "facturex_registry_city": "Paris"}
        )
