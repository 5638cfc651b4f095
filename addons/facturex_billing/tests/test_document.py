"""The printed document: each mention where the law wants it, and nowhere else."""

import re

from lxml import html

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import FacturexCommon

LATE_BE = "Act of 2 August 2002"
LATE_FR = "art. L441-10 and D441-5"
VIEW = "facturex_billing.res_company_view_form_facturex"


class DocumentCommon(FacturexCommon):
    iban, bic = "BE68539007547034", "GKCCBEBB"
    number = "0477472701"
    vat = "BE0477472701"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        bank = cls.env["res.bank"].create({"name": "The Bank", "bic": cls.bic})
        cls.company_data["default_journal_bank"].set_bank_account(cls.iban, bank.id)
        cls.company.write(
            {
                "name": "Atelier",
                "street": "Rue Neuve 1",
                "zip": "5000",
                "city": "Namur",
                "vat": cls.vat,
                "company_registry": cls.number,
                "facturex_legal_form": "SRL",
                "facturex_registry_city": "Liège, division Namur",
                "facturex_capital": 15000,
                "qr_code": True,
            }
        )
        cls.buyer = cls.env["res.partner"].create(
            {
                "name": "Buyer",
                "is_company": True,
                "lang": "en_US",
                "country_id": cls.company.country_id.id,
            }
        )

    def _page(self, move, report="account.report_invoice_with_payments"):
        """The rendered document, as its text and as its tree."""
        content, _kind = self.env["ir.actions.report"]._render_qweb_html(
            report, move.ids
        )
        tree = html.fromstring(content)
        return re.sub(r"\s+", " ", tree.text_content()), tree

    def _block(self, tree, name):
        found = tree.xpath(f"//*[@name='{name}']")
        return re.sub(r"\s+", " ", found[0].text_content()).strip() if found else None

    def _bill(self, partner=None, tax=None, products=(), kind="out_invoice", **vals):
        """One line of 100.00 per product; a plain one without."""
        tax_ids = [fields.Command.set((tax or self.env["account.tax"]).ids)]
        lines = [
            {
                "name": "Work",
                "price_unit": 100,
                "tax_ids": tax_ids,
                "product_id": product.id,
            }
            for product in products or [self.env["product.product"]]
        ]
        move = self.env["account.move"].create(
            {
                "move_type": kind,
                "partner_id": (partner or self.buyer).id,
                "invoice_date": self.today,
                "invoice_line_ids": [fields.Command.create(line) for line in lines],
                **vals,
            }
        )
        move.action_post()
        return move

    def _refund(self, invoice):
        credit_note = invoice._reverse_moves([{"invoice_date": self.today}])
        credit_note.action_post()
        return credit_note


@tagged("post_install", "-at_install")
class TestDocumentBelgium(DocumentCommon):
    def test_a_company_reads_the_late_mention_a_consumer_does_not(self):
        text, tree = self._page(self._bill())
        self.assertIn(LATE_BE, text)
        self.assertIn("EUR 40", text)
        self.assertNotIn("No discount", text)
        self.assertEqual(
            self._block(tree, "facturex_legal_line"),
            "Atelier SRL · RPM Liège, division Namur 0477.472.701 · VAT BE0477472701",
        )
        text, tree = self._page(self._bill(self.customer))
        self.assertNotIn("EUR 40", text)
        self.assertIn("RPM Liège", text)

    def test_how_to_pay(self):
        invoice = self._bill()
        text, tree = self._page(invoice)
        self.assertRegex(text, r"\+\+\+\d{3}/\d{4}/\d{5}\+\+\+")
        self.assertIn("BE68 5390 0754 7034", text)
        self.assertEqual(self._block(tree, "facturex_bic"), self.bic)
        codes = tree.xpath("//div[@id='qrcode']//img")
        self.assertEqual(len(codes), 1, "the code alone, without a logo in it")
        self.assertTrue(codes[0].get("src").startswith("data:image/png;base64,"))
        value = invoice.partner_bank_id._get_qr_vals(
            "sct_qr",
            100.0,
            invoice.currency_id,
            self.buyer,
            "",
            invoice.payment_reference,
        )
        self.assertEqual(value[4], self.bic)
        self.assertIn(re.sub(r"\D", "", invoice.payment_reference), value)

    def test_no_code_without_a_payable_account(self):
        dollars = self._bill(currency_id=self.env.ref("base.USD").id)
        self.assertFalse(self._page(dollars)[1].xpath("//div[@id='qrcode']//img"))
        self.company.partner_id.bank_ids.unlink()
        self.assertFalse(self._page(self._bill())[1].xpath("//div[@id='qrcode']//img"))

    def test_credit_note(self):
        tax = self.company_data["default_tax_sale"]
        invoice = self._bill(tax=tax)
        self.company.facturex_amount_in_words = True
        text, tree = self._page(self._refund(invoice))
        self.assertIn("VAT to be repaid to the State", text)
        self.assertNotIn(LATE_BE, text)
        self.assertIn(invoice.name, self._block(tree, "facturex_corrected"))
        self.assertIn("One hundred", self._block(tree, "facturex_amount_words"))
        # without VAT nothing is to be repaid; an invoice has no words
        text, tree = self._page(self._refund(self._bill()))
        self.assertNotIn("repaid to the State", text)
        self.assertIsNone(self._block(self._page(invoice)[1], "facturex_amount_words"))

    def test_vat_exemptions(self):
        zero = self.env["account.tax"].create(
            {"name": "0 %", "amount": 0, "type_tax_use": "sale"}
        )
        for category, kind, expected in [
            ("AE", "consu", "Royal Decree No 1, art. 20"),
            ("K", "consu", "art. 39bis"),
            ("K", "service", "Directive 2006/112/EC, art. 196"),
            ("G", "consu", "art. 39)"),
        ]:
            zero.ubl_cii_tax_category_code = category
            product = self.env["product.product"].create({"name": "P", "type": kind})
            invoice = self._bill(tax=zero, products=product)
            with self.subTest(category=category, kind=kind):
                self.assertIn(expected, " ".join(invoice._facturex_mentions()))
                # a note of the tax says it already
                zero.invoice_legal_notes = "<p>My own note</p>"
                invoice.invalidate_recordset(["taxes_legal_notes"])
                self.assertNotIn(expected, " ".join(invoice._facturex_mentions()))
                zero.invoice_legal_notes = False

    def test_small_enterprise(self):
        self.company.facturex_vat_regime = "franchise"
        for day, words in [
            ("2024-12-31", "Special exemption scheme for small enterprises"),
            (self.today, "Special scheme of exemption from tax"),
        ]:
            with self.subTest(day=day):
                text, _tree = self._page(self._bill(invoice_date=day))
                self.assertIn(words, text)
                self.assertEqual(text.count("art. 56bis"), 1)

    def test_reverse_charge_bears_the_words_of_its_day(self):
        tax = self.env["account.tax"].create(
            {
                "name": "0 % RC",
                "amount": 0,
                "type_tax_use": "sale",
                "ubl_cii_tax_category_code": "AE",
            }
        )
        goods = self.env["product.product"].create({"name": "G", "type": "consu"})
        for day, long in [("2022-12-30", False), ("2023-01-02", True)]:
            with self.subTest(day=day):
                invoice = self._bill(tax=tax, products=goods, invoice_date=day)
                text = " ".join(invoice._facturex_mentions())
                self.assertEqual("within one month" in text, long)
                self.assertEqual("art. 51, § 2" in text, not long)

    def test_instalments_and_discounts(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 x 50 %",
                "line_ids": [
                    fields.Command.create({"value_amount": 50, "nb_days": 30}),
                    fields.Command.create({"value_amount": 50, "nb_days": 60}),
                ],
            }
        )
        invoice = self._bill(invoice_payment_term_id=term.id)
        text, tree = self._page(invoice)
        table = self._block(tree, "facturex_instalments")
        for part in ("04/15/2026", "05/15/2026"):
            self.assertEqual(table.count(part), 1)
        self.assertEqual(table.count("50.00"), 2)
        self.assertNotIn("Installment of", text)
        self.assertIsNone(
            self._block(self._page(self._bill())[1], "facturex_instalments")
        )

    def test_in_the_language_of_the_customer(self):
        self.buyer.lang = "fr_FR"
        self.company.facturex_amount_in_words = True
        text, _tree = self._page(self._bill())
        self.assertIn("sont dus de plein droit et sans mise en demeure", text)
        self.assertIn("TVA BE0477472701", text)
        text, tree = self._page(self._refund(self._bill()))
        self.assertEqual(
            self._block(tree, "facturex_amount_words"),
            "Montant total en toutes lettres : Cent euros",
        )

    def test_words_of_a_receipt(self):
        self.company.facturex_amount_in_words = True
        payment = self.env["account.payment"].create(
            {
                "partner_id": self.buyer.id,
                "partner_type": "customer",
                "payment_type": "inbound",
                "amount": 80.5,
            }
        )
        _text, tree = self._page(payment, "account.report_payment_receipt")
        self.assertEqual(
            self._block(tree, "facturex_amount_words"), "Eighty euro and fifty cents"
        )

    def test_a_bill_of_a_supplier_has_none_of_it(self):
        bill = self._bill(kind="in_invoice")
        _text, tree = self._page(bill, "account.report_invoice")
        self.assertIsNone(self._block(tree, "facturex_mentions"))

    def test_delivery_elsewhere(self):
        invoice = self._bill()
        self.assertIsNone(
            self._block(self._page(invoice)[1], "facturex_delivery_address")
        )
        invoice.partner_shipping_id = self.env["res.partner"].create(
            {
                "name": "Site",
                "type": "delivery",
                "parent_id": self.buyer.id,
                "street": "Quay 3",
            }
        )
        text, _tree = self._page(invoice)
        self.assertIn("Quay 3", text)

    def test_own_version(self):
        standard = self.env.ref("facturex_billing.mention_be_late_b2b")
        as_manager = self._as(standard, self.manager)
        with self.assertRaises(AccessError):
            as_manager.text = "Mine"
        own = as_manager.browse(as_manager.action_adapt()["res_id"])
        self.assertEqual(own.company_id, self.company)
        own.text = "Interest of 12 %."
        self.assertEqual(as_manager.action_adapt()["res_id"], own.id)
        self.assertIn("Interest of 12 %.", self._page(self._bill())[0])
        # not the others'
        rows = self.env["facturex.legal.mention"]._facturex_rows(self.other_company)
        self.assertNotIn(own.id, [row.key for row in rows])
        own.printed = False
        text, _tree = self._page(self._bill())
        self.assertNotIn("Interest of 12 %.", text)
        self.assertNotIn(LATE_BE, text)

    def test_who_may_change_texts(self):
        standard = self.env.ref("facturex_billing.mention_be_late_b2b")
        for user in (self.user, self.accountant):
            with self.subTest(user=user.login):
                mention = self._as(standard, user)
                self.assertTrue(mention.text)
                for act in (
                    lambda mention=mention: mention.write({"text": "Mine"}),
                    lambda mention=mention: mention.copy(),
                    lambda mention=mention: mention.unlink(),
                    lambda mention=mention: mention.action_adapt(),
                ):
                    with (
                        self.assertRaises(AccessError),
                        mute_logger("odoo.addons.base"),
                    ):
                        act()

    def test_dates_in_order(self):
        with self.assertRaisesRegex(ValidationError, "Valid To"):
            self.env["facturex.legal.mention"].create(
                {
                    "name": "X",
                    "code": "x",
                    "text": "X",
                    "valid_from": "2026-02-01",
                    "valid_to": "2026-01-01",
                }
            )

    def test_plain_user_prints(self):
        invoice = self._as(self._bill(), self.user)
        self.assertIn(LATE_BE, self._page(invoice)[0])


@tagged("post_install", "-at_install")
class TestDocumentFrance(DocumentCommon):
    country = "fr"
    iban, bic = "FR7630006000011234567890189", "AGRIFRPP"
    number = "73282932000074"
    vat = "FR44732829320"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {"facturex_legal_form": "SAS", "facturex_registry_city": "Paris"}
        )

    def test_mentions_of_a_company(self):
        text, tree = self._page(self._bill())
        self.assertIn(LATE_FR, text)
        self.assertIn("plus 10 percentage points", text)
        self.assertIn("No discount for early payment.", text)
        self.assertIn("RF", text)
        line = self._block(tree, "facturex_legal_line")
        for part in (
            "Atelier SAS",
            "share capital",
            "15,000",
            "RCS Paris 732 829 320",
            "SIRET 73282932000074",
            "VAT FR44732829320",
        ):
            self.assertIn(part, line)
        self.assertNotIn("15,000.00", line)

    def test_a_consumer_reads_no_fixed_indemnity(self):
        text, _tree = self._page(self._bill(self.customer))
        self.assertNotIn("EUR 40", text)
        self.assertNotIn("No discount", text)

    def test_discount_for_early_payment(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % 8 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 8,
                "line_ids": [
                    fields.Command.create({"value_amount": 100, "nb_days": 30})
                ],
            }
        )
        tax = self.company_data["default_tax_sale"]
        text, _tree = self._page(self._bill(tax=tax, invoice_payment_term_id=term.id))
        self.assertNotIn("No discount", text)
        self.assertIn("due if paid before", text)

    def test_vat_on_debits_is_the_choice_of_the_company(self):
        tax = self.company_data["default_tax_sale"]
        invoice = self._bill(tax=tax)
        self.assertNotIn("on debits", self._page(invoice)[0])
        self.company.facturex_vat_on_debits = True
        text, _tree = self._page(invoice)
        self.assertEqual(text.count("on debits"), 1)

    def test_small_enterprise_old_code_until_the_new_one_is_confirmed(self):
        self.company.facturex_vat_regime = "franchise"
        invoice = self._bill(invoice_date="2026-11-02")
        self.assertIn("art. 293 B", self._page(invoice)[0])
        new = self.env.ref("facturex_billing.mention_fr_franchise_cibs")
        new.confirmed = True
        text, _tree = self._page(invoice)
        self.assertIn("CIBS", text)
        self.assertNotIn("293 B", text)
        self.assertIn("293 B", self._page(self._bill(invoice_date="2026-08-31"))[0])

    def test_category_of_the_operation(self):
        goods = self.env["product.product"].create({"name": "G", "type": "consu"})
        work = self.env["product.product"].create({"name": "S", "type": "service"})
        for products, expected in [
            (goods, "Delivery of goods"),
            (work, "Supply of services"),
            (goods | work, "Goods and services"),
        ]:
            with self.subTest(expected=expected):
                _text, tree = self._page(self._bill(products=products))
                block = self._block(tree, "facturex_operation_category")
                self.assertIn(expected, block)
        # once only: the French localisation says it from the scope of the taxes
        taxed = self._bill(tax=self.company_data["default_tax_sale"])
        text, tree = self._page(taxed)
        native = "l10n_fr_is_company_french" in taxed._fields
        self.assertEqual(text.count("Operation Type"), 1)
        self.assertEqual(
            self._block(tree, "facturex_operation_category") is None, native
        )


@tagged("post_install", "-at_install")
class TestDocumentSettings(DocumentCommon):
    def _check(self):
        self.company.invalidate_recordset()
        return self._as(self.company, self.manager)

    def test_a_manager_completes_the_document(self):
        company = self._as(self.company, self.manager)
        with Form(company, view=VIEW) as form:
            form.facturex_legal_form = "SA"
            form.facturex_registry_city = "Brussels"
            form.facturex_vat_regime = "franchise"
            form.facturex_amount_in_words = True
            form.qr_code = False
        self.assertRecordValues(
            self.company,
            [
                {
                    "facturex_legal_form": "SA",
                    "facturex_vat_regime": "franchise",
                    "facturex_amount_in_words": True,
                    "qr_code": False,
                }
            ],
        )

    def test_what_misses_and_where_to_fix_it(self):
        company = self._check()
        self.assertEqual(company.facturex_document_missing, 0)
        self.company.write({"company_registry": "123", "facturex_legal_form": False})
        company = self._check()
        self.assertEqual(company.facturex_document_missing, 2)
        self.assertIn("not valid", company.facturex_document_check)
        self.company.partner_id.bank_ids.bank_id = False
        self.assertIn("Open the bank account", self._check().facturex_document_check)
        self.company.partner_id.bank_ids.unlink()
        company = self._check()
        self.assertEqual(company.facturex_document_missing, 3)
        self.assertIn(
            "account.action_account_journal_form", company.facturex_document_check
        )

    def test_texts_that_wait_are_told(self):
        standard = self.env.ref("facturex_billing.mention_be_late_b2b")
        standard.confirmed = False
        company = self._check()
        self.assertEqual(company.facturex_document_missing, 1)
        self.assertIn("Texts to confirm", company.facturex_document_check)

    def test_code_to_pay_by_default(self):
        values = {"country_id": self.env.ref("base.fr").id}
        create = self.env["res.company"].with_context(chart_template_load=True).create
        self.assertTrue(create({"name": "A", **values}).qr_code)
        self.assertFalse(create({"name": "B", "qr_code": False, **values}).qr_code)
        abroad = create({"name": "C", "country_id": self.env.ref("base.us").id})
        self.assertFalse(abroad.qr_code)

    def test_nothing_per_record_in_a_list(self):
        fields_of_moves = self.env["account.move"]._fields
        stored = [n for n, f in fields_of_moves.items() if n.startswith("facturex_doc")]
        self.assertFalse(stored)
