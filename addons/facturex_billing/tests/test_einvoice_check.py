from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from ..engine import einvoice_check as ec
from .common import FacturexCommon


@tagged("post_install", "-at_install")
class TestEInvoiceCheck(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.write(
            {
                "vat": "BE0477472701",
                "street": "Rue 1",
                "zip": "1000",
                "city": "Bruxelles",
            }
        )
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "BE68539007547034", "partner_id": cls.company.partner_id.id}
        )
        cls.belgian = cls.env["res.partner"].create(
            {
                "name": "Buyer",
                "is_company": True,
                "vat": "BE0403019261",
                "street": "Rue 2",
                "zip": "1000",
                "city": "Bruxelles",
                "email": "buyer@client.example",
                "country_id": cls.env.ref("base.be").id,
            }
        )
        cls.tax = cls.company_data["default_tax_sale"]

    def _complete(self, **vals):
        invoice = self._invoice(partner=self.belgian, post=False, **vals)
        invoice.invoice_line_ids.tax_ids = self.tax
        invoice.partner_bank_id = self.bank
        return invoice

    def _what(self, invoice, **settings):
        found = self._as(invoice, self.user)._facturex_findings(**settings)
        return {(f.where, f.what) for f in found}

    def test_complete_invoice(self):
        invoice = self._complete()
        self.assertEqual(self._what(invoice), set())
        self.assertFalse(invoice.facturex_check)
        action = self._as(invoice, self.user).action_facturex_check()
        self.assertEqual(action["tag"], "display_notification")
        # what our list promises, Odoo's writer keeps
        invoice.action_post()
        _xml, errors = self.env["account.edi.xml.ubl_bis3"]._export_invoice(invoice)
        self.assertFalse(errors)

    def test_each_gap_is_listed(self):
        for record, values, expected in [
            ("belgian", {"city": False}, ("buyer", "address")),
            ("belgian", {"email": False}, ("buyer", "email")),
            ("belgian", {"peppol_endpoint": False}, ("buyer", "endpoint")),
            ("company", {"city": False}, ("seller", "address")),
            ("invoice", {"partner_bank_id": False}, ("seller", "iban")),
            ("line", {"tax_ids": False}, ("line", "tax")),
        ]:
            with self.subTest(expected=expected):
                invoice = self._complete()
                target = {
                    "belgian": self.belgian,
                    "company": self.company.partner_id,
                    "invoice": invoice,
                    "line": invoice.invoice_line_ids,
                }[record]
                old = {name: target[name] for name in values}
                target.write(values)
                self.assertIn(expected, self._what(invoice))
                target.write(old)

    def test_links_open_what_to_complete(self):
        self.belgian.city = False
        self.company.phone = False
        invoice = self._complete()
        alerts = self._as(invoice, self.user).facturex_check
        self.assertEqual(
            alerts["facturex_buyer_address_0"]["action"]["res_id"], self.belgian.id
        )
        action = self._as(invoice, self.user).action_facturex_check()
        check = self._as(self.env[action["res_model"]], self.user)
        self.assertEqual(check.browse(action["res_id"]).alerts.keys(), alerts.keys())
        # a user cannot change his company, so he is told who can
        self.company.city = False
        found = "facturex_seller_address_0"
        told = self._as(invoice, self.user)._facturex_alerts(
            self._as(invoice, self.user)._facturex_findings()
        )[found]
        self.assertNotIn("action", told)
        self.assertIn("manager", told["message"])
        shown = self._as(invoice, self.manager)._facturex_alerts(
            self._as(invoice, self.manager)._facturex_findings()
        )[found]
        self.assertEqual(shown["action"]["res_id"], self.company.id)

    def test_every_finding_has_a_sentence(self):
        invoice = self._complete()
        line = invoice.invoice_line_ids.id
        parties = (ec.Party(), ec.Party(country="FR"))
        lines = (ec.Line(line, "", taxes=0, has_unit_code=False),)
        for fmt in ("", "ubl_bis3", "facturx"):
            for party in parties:
                for some in ((), lines):
                    document = ec.Document(
                        fmt, party, party, some, by_email=True, recipients=0
                    )
                    for alert in invoice._facturex_alerts(ec.check(document)).values():
                        self.assertTrue(alert["message"])

    def test_unit_codes(self):
        unit = self.env["uom.uom"].create({"name": "Forfait"})
        invoice = self._complete()
        invoice.invoice_line_ids.product_uom_id = unit
        self.assertEqual(self._what(invoice), {("line", "unit")})
        common = self.env["account.edi.common"]
        self.assertEqual(common._get_uom_unece_code(unit), "C62")
        with self.assertRaisesRegex(ValidationError, "capitals"):
            unit.facturex_unece_code = "h"
        unit.facturex_unece_code = "LS"
        self.assertEqual(common._get_uom_unece_code(unit), "LS")
        self.assertEqual(self._what(invoice), set())
        hour = self.env.ref("uom.product_uom_hour")
        self.assertEqual(common._get_uom_unece_code(hour), "HUR")

    def test_odoo_sends_show_the_list(self):
        self.belgian.city = False
        invoices = self._complete() + self._complete(partner_bank_id=False)
        invoices[1].partner_bank_id = False
        invoices.action_post()
        invoices[1].partner_bank_id = False
        wizard = self.env["account.move.send.wizard"].create(
            {"move_id": invoices[0].id}
        )
        self.assertIn("facturex_buyer_address_0", wizard.alerts)
        batch = self.env["account.move.send.batch.wizard"].create(
            {"move_ids": [fields.Command.set(invoices.ids)]}
        )
        self.assertIn("1 invoices", batch.alerts["facturex_incomplete"]["message"])

    def test_company_switches(self):
        french = self._create_company(
            name="Société Test", country_id=self.env.ref("base.fr").id
        )
        buyer = self.env["res.partner"].create(
            {
                "name": "X",
                "is_company": True,
                "country_id": self.env.ref("base.fr").id,
            }
        )
        for company, partner, code, field in [
            (self.company, self.belgian, "ubl_bis3", "facturex_peppol_default"),
            (french, buyer, "facturx", "facturex_facturx_default"),
        ]:
            with self.subTest(format=code):
                partner = partner.with_company(company)
                self.assertEqual(partner.invoice_edi_format, code)
                company[field] = False
                partner.invalidate_recordset()
                self.assertFalse(partner.invoice_edi_format)
        self._as(self.company, self.manager).facturex_peppol_default = True

    def test_a_list_of_invoices_asks_nothing_more(self):
        """What we add is for the form: a list of 80 rows does not compute it."""
        views = self.env["account.move"].get_views(
            [(self.env.ref("account.view_out_invoice_tree").id, "list")]
        )
        self.assertNotIn("facturex_check", views["models"]["account.move"]["fields"])

    def test_checks_of_many_share_their_queries(self):
        unit = self.env["uom.uom"].create({"name": "Forfait"})
        invoices = self.env["account.move"].browse()
        for _index in range(8):
            invoices += self._complete()
        invoices.invoice_line_ids.product_uom_id = unit
        invoices.action_post()
        send = self.env["account.move.send"]
        data = {
            move: {
                "sending_methods": {"email"},
                "invoice_edi_format": "ubl_bis3",
                "mail_partner_ids": move.partner_id,
            }
            for move in invoices
        }

        def queries(moves):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.assertQueryCount(100):
                before = self.env.cr.sql_log_count
                send._get_alerts(moves, {move: data[move] for move in moves})
                return self.env.cr.sql_log_count - before

        queries(invoices)  # warm the caches of the registry
        few, many = queries(invoices[:2]), queries(invoices)
        self.assertLessEqual(many, few + 1)

    # -- numbers of companies ---------------------------------------------------

    FORM = "facturex_billing.res_partner_view_form_assistant"

    def _form(self, **context):
        partners = self._as(self.env["res.partner"], self.user)
        return Form(partners.with_context(**context), view=self.FORM)

    def test_number_prefills(self):
        for typed, country, vat, registry, endpoint in [
            ("BE 0477.472.701", "BE", "BE0477472701", None, "0477472701"),
            ("73282932000074", "FR", False, "73282932000074", "73282932000074"),
            ("NL123456782B90", "NL", "NL123456782B90", None, None),
        ]:
            with self.subTest(typed=typed):
                form = self._form()
                form.name = "X"
                form.facturex_number = typed
                partner = form.save()
                self.assertEqual(partner.country_code, country)
                self.assertEqual(partner.vat, vat)
                self.assertTrue(partner.is_company)
                if registry:
                    self.assertEqual(partner.company_registry, registry)
                if endpoint:
                    self.assertEqual(partner.peppol_endpoint, endpoint)

    def test_wrong_number_is_refused_with_a_reason(self):
        for typed, words in [("BE0477472702", "check digits"), ("hello", "neither")]:
            with self.subTest(typed=typed):
                form = self._form()
                form.name = "X"
                with self.assertLogs("odoo.tests.form.onchange", "WARNING"):
                    form.facturex_number = typed
                with self.assertRaisesRegex(ValidationError, words):
                    form.save()

    def test_number_typed_as_a_name(self):
        form = self._form(default_name="BE0477472701")
        self.assertFalse(form.name)
        self.assertEqual(form.facturex_number, "BE0477472701")
        self.assertEqual(form.vat, "BE0477472701")
        self.assertEqual(self._form(default_name="Brunelle").name, "Brunelle")

    def test_country_chosen_stays(self):
        form = self._form(default_country_id=self.env.ref("base.lu").id)
        form.name = "X"
        form.facturex_number = "BE0477472701"
        self.assertEqual(form.save().country_code, "LU")
