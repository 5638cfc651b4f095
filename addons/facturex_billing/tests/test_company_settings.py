from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import FacturexCommon


@tagged("post_install", "-at_install")
class TestCompanySettings(FacturexCommon):
    def _page(self, user):
        company = self._as(self.company, user)
        return company, company._facturex_action_settings()

    def test_a_manager_changes_his_company(self):
        company, action = self._page(self.manager)
        self.assertEqual(action["res_id"], self.company.id)
        view = "facturex_billing.res_company_view_form_facturex"
        with Form(company, view=view) as form:
            form.name = "One, renamed"
            form.street = "Rue Neuve 1"
        self.assertRecordValues(
            self.company, [{"name": "One, renamed", "street": "Rue Neuve 1"}]
        )

    def test_the_page_opens_for_writing(self):
        arch = self._as(self.company, self.manager).get_views(
            [
                (
                    self.env.ref("facturex_billing.res_company_view_form_facturex").id,
                    "form",
                )
            ]
        )["views"]["form"]["arch"]
        self.assertNotIn('edit="False"', arch)

    def test_nothing_else_of_the_company(self):
        company = self._as(self.company, self.manager)
        for vals in (
            {"currency_id": self.env.ref("base.USD").id},
            {"name": "New", "parent_id": False},
            {"sequence": 3},
            {"user_ids": [(4, self.manager.id)]},
        ):
            with self.subTest(**vals), self.assertRaises(AccessError):
                company.write(vals)
        with self.assertRaises(AccessError):
            company.create({"name": "Another"})
        with self.assertRaises(AccessError):
            company.unlink()

    def test_not_the_company_of_others(self):
        with self.assertRaises(AccessError):
            self._as(self.other_company, self.manager, self.company).name = "Mine"

    def test_only_managers(self):
        for user in (self.user, self.accountant):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._as(self.company, user).name = "Mine"

    def test_an_administrator_as_before(self):
        admin = self.env.ref("base.user_admin")
        admin.company_ids += self.company
        self._as(self.company, admin, self.company).sequence = 3
        self.assertEqual(self.company.sequence, 3)
