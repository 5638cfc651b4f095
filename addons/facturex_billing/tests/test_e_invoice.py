from lxml import etree

from odoo.tests import tagged

from .common import FacturexCommon


@tagged("post_install", "-at_install")
class TestElectronicInvoice(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.french = cls._create_company(
            name="Société Test",
            country_id=cls.env.ref("base.fr").id,
        )

    def _partner(self, country, **vals):
        return self.env["res.partner"].create(
            {"name": "X", "country_id": self.env.ref(f"base.{country}").id, **vals}
        )

    def test_suggested_format(self):
        belgian = self._partner("be", vat="BE0477472701", is_company=True)
        consumer = self._partner("be")
        french = self._partner("fr", is_company=True)
        for seller, partner, expected in [
            (self.company, belgian, "ubl_bis3"),
            (self.company, consumer, False),
            (self.company, french, False),
            (self.french, french, "facturx"),
            (self.french, belgian, False),
        ]:
            with self.subTest(seller=seller.name, partner=partner.country_code):
                self.assertEqual(
                    partner.with_company(seller).invoice_edi_format, expected
                )

    def test_choice_of_the_user_wins(self):
        partner = self._partner("be", vat="BE0477472701", is_company=True)
        partner.invoice_edi_format = False
        self.assertFalse(partner.invoice_edi_format)
        partner.invoice_edi_format = "facturx"
        self.assertEqual(partner.invoice_edi_format, "facturx")

    def test_free_text_has_a_name_in_factur_x(self):
        """EN 16931 asks a name of every line; Odoo takes the product's only."""
        invoice = self._invoice()
        invoice.invoice_line_ids.name = "Painting\nof the hall"
        xml, _errors = self.env["account.edi.xml.cii"]._export_invoice(invoice)
        tree = etree.fromstring(xml)
        product = tree.find(".//{*}SpecifiedTradeProduct")
        self.assertEqual(product.findtext("{*}Name"), "Painting")
        self.assertEqual(product.findtext("{*}Description"), "Painting\nof the hall")

    def test_reference_standard_of_the_country(self):
        for company, model in [(self.company, "be"), (self.french, "euro")]:
            journal = self.env["account.journal"].search(
                [("type", "=", "sale"), ("company_id", "=", company.id)], limit=1
            )
            self.assertEqual(journal.invoice_reference_model, model)
        self.assertRegex(self._invoice().payment_reference, r"^\+\+\+\d{3}/\d{4}/\d{5}")
