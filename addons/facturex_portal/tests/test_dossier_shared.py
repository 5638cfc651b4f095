"""Records of no company, and screens that follow the role."""

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import DossierCommon


@tagged("post_install", "-at_install")
class TestShared(DossierCommon):
    def setUp(self):
        super().setUp()
        self.partner = self.env["res.partner"].create({"name": "Of everybody"})
        self.product = self.env["product.template"].create({"name": "Of everybody"})
        self.bank = self.env["res.partner.bank"].create(
            {"acc_number": "BE68539007547034", "partner_id": self.partner.id}
        )
        self.records = (
            (self.partner, {"vat": "BE0403019261"}),
            (self.product, {"list_price": 1}),
            (self.product.product_variant_id, {"default_code": "X"}),
            (self.bank, {"acc_number": "BE71096123456769"}),
        )

    def _use_in(self, company):
        """The record serves an invoice of the company."""
        self._sale(
            company,
            partner_id=self.partner.id,
            invoice_line_ids=[
                Command.create(
                    {
                        "product_id": self.product.product_variant_id.id,
                        "price_unit": 1,
                    }
                )
            ],
        )

    def test_who_works_changes_what_only_his_companies_use(self):
        self._use_in(self.company_b)
        for record, vals in self.records:
            with self.subTest(model=record._name):
                self._with(record, self.amy).write(vals)

    def test_nobody_changes_what_another_dossier_uses(self):
        """Else the supplier's account of one client is rewritten by another."""
        self._use_in(self.company_c)
        for record, vals in self.records:
            for ticked in (self.company_a, self.companies):
                with self.subTest(model=record._name, ticked=len(ticked)):
                    with self.assertRaises(AccessError):
                        self._with(record, self.amy, ticked).write(vals)
            with self.subTest(model=record._name), self.assertRaises(AccessError):
                self._with(record, self.amy).unlink()
        for record, vals in self.records:
            self._with(record, self.olga).write(vals)

    def test_a_reader_makes_and_changes_no_product(self):
        reader = self._person("fx_reader")
        self._member(self.dossier_c, reader, "reader")
        reader.sudo().group_ids |= self.env.ref(
            "facturex_billing.group_facturex_manager"
        )
        self._use_in(self.company_c)
        own = self.env["product.template"].create(
            {"name": "Of C", "company_id": self.company_c.id}
        )
        unused = self.env["product.template"].create({"name": "Unused"})
        for record in (own, unused, self.product, self.partner, self.bank):
            with self.subTest(record=record.display_name):
                with self.assertRaises(AccessError):
                    self._with(record, reader, self.company_c).write({"active": False})
        with self.assertRaises(AccessError):
            self._with(self.env["product.template"], reader, self.company_c).create(
                {"name": "Mine"}
            )

    def test_a_product_made_in_a_dossier_is_the_companys(self):
        products = self._with(self.env["product.template"], self.amy, self.company_b)
        product = products.create({"name": "Mine"})
        self.assertEqual(product.company_id, self.company_b)
        with self.assertRaises(AccessError):
            self._with(product, self.amy).write({"company_id": False})
        with self.assertRaises(AccessError):
            self._with(product, self.amy).write({"company_id": self.company_c.id})

    def test_a_company_without_dossier_is_as_before(self):
        self._use_in(self.company_c)
        plain = self.env["res.company"].sudo().create({"name": "Plain"})
        user = self._person("fx_plain")
        user.sudo().write(
            {
                "company_ids": [Command.set(plain.ids)],
                "company_id": plain.id,
                "group_ids": [
                    Command.link(
                        self.env.ref("facturex_billing.group_facturex_manager").id
                    )
                ],
            }
        )
        partner = self.env["res.partner"].create({"name": "Unused"})
        self._with(partner, user, plain).write({"name": "Changed"})
        self._with(self.partner, user, plain).write({"name": "Changed"})


@tagged("post_install", "-at_install")
class TestButtons(DossierCommon):
    def _arch(self, model, kind, companies, user=None, **context):
        records = self._with(self.env[model], user or self.amy, companies)
        view = records.with_context(**context).get_view(view_type=kind)
        return etree.fromstring(view["arch"])

    def _buttons(self, tree):
        return {
            button.get("name")
            for button in tree.xpath("//header//button[@type='object']")
            if button.get("invisible") != "1"
        }

    def test_buttons_follow_the_role_of_the_ticked_companies(self):
        for companies, hidden in (
            (self.company_c, True),
            (self.company_b, False),
            (self.companies, False),
        ):
            with self.subTest(companies=companies.mapped("name")):
                tree = self._arch("account.move", "form", companies)
                self.assertEqual(tree.get("create") == "0", hidden)
                self.assertEqual(tree.get("edit") == "0", hidden)
                self.assertEqual("action_post" in self._buttons(tree), not hidden)
                tree = self._arch("res.partner", "list", companies)
                self.assertEqual(tree.get("create") == "0", hidden)

    def test_bills_of_who_only_sells(self):
        seller = self._person("fx_seller")
        self._member(self.dossier_c, seller, "user")
        for kind, hidden in (("out_invoice", False), ("in_invoice", True)):
            tree = self._arch(
                "account.move", "list", self.company_c, seller, default_move_type=kind
            )
            self.assertEqual(tree.get("create") == "0", hidden)

    def test_who_has_no_role_sees_odoos_own_buttons(self):
        tree = self._arch("account.move", "form", self.company_a, self.env.user)
        self.assertIsNone(tree.get("create"))
        self.assertIn("action_post", self._buttons(tree))

    def test_own_screens_are_not_touched(self):
        tree = self._arch("facturex.dossier", "form", self.company_c)
        self.assertIn("action_enter", self._buttons(tree))
