from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import FacturexCommon


@tagged("post_install", "-at_install")
class TestSecurity(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["facturex.dunning.policy"].create({"name": "Standard"})
        cls.invoice = cls._invoice()
        cls.notice = cls.policy._run()
        cls.records = (
            cls.policy,
            cls.policy.step_ids,
            cls.notice,
            cls.notice.line_ids,
        )

    def test_groups_imply_the_native_rights(self):
        for user, groups in [
            (self.user, ["account.group_account_invoice"]),
            (self.accountant, ["account.group_account_user"]),
            (self.manager, ["account.group_account_manager"]),
        ]:
            for group in [*groups, "sales_team.group_sale_salesman"]:
                self.assertTrue(user.has_group(group), f"{user.login} {group}")
        self.assertFalse(self.user.has_group("account.group_account_user"))
        self.assertFalse(self.accountant.has_group("account.group_account_manager"))

    def test_other_company_sees_nothing(self):
        self._assert_other_company_sees_nothing(self.records)

    def test_other_company_cannot_send(self):
        with self.assertRaises(AccessError):
            self._as(self.notice, self.other_user).action_send()

    def test_policies_are_the_managers(self):
        for user in (self.user, self.accountant):
            with self.assertRaises(AccessError):
                self._as(self.policy, user).write({"mode": "auto"})
        self._as(self.policy, self.manager).write({"min_gap_days": 10})

    def test_portal_and_employee_see_nothing(self):
        self._assert_refused_to_read(self._strangers(), self.records)

    def test_screens_of_others_are_private(self):
        run = self._as(self.env["facturex.dunning.run"], self.user).create({})
        with self.assertRaises(AccessError):
            self._as(run, self.accountant).read(["date"])
