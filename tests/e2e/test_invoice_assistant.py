"""The invoice assistant and the category tree in the browser, in three languages."""

from odoo.tests import tagged

from tests.e2e.common import FacturexHttpCase

ASSISTANT = "/odoo/action-facturex_billing.facturex_invoice_assistant_action"
CATEGORIES = "/odoo/action-facturex_billing.facturex_category_tree_action"


@tagged("post_install", "-at_install")
class TestInvoiceAssistant(FacturexHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._learn("nl_BE")
        cls.dashboard = cls.env.ref("account.open_account_journal_dashboard_kanban").id
        cls.home = f"/odoo/action-{cls.dashboard}"

    def _invoices(self):
        return self.env["account.move"].search(
            [("partner_id", "=", self.customer.id), ("move_type", "=", "out_invoice")]
        )

    def _send_in(self, lang):
        self.user.lang = lang
        self.user.action_id = self.dashboard
        menu = self.env.ref("facturex_billing.menu_root").id
        self.browse_as(
            self.user, "facturex_invoice_tour", url=f"{self.home}?menu_id={menu}"
        )
        self.assertRecordValues(
            self._invoices(),
            [{"state": "posted", "amount_untaxed": 250, "is_move_sent": True}],
        )

    def test_sent_in_twelve_interactions_in_french(self):
        self._send_in("fr_FR")

    def test_sent_in_twelve_interactions_in_dutch(self):
        self._send_in("nl_BE")

    def _comes_again_in(self, lang):
        self.user.lang = lang
        self.user.action_id = self.dashboard
        menu = self.env.ref("facturex_billing.menu_root").id
        self.browse_as(
            self.user, "facturex_invoice_again_tour", url=f"{self.home}?menu_id={menu}"
        )
        subscription = self._invoices().facturex_made_subscription_ids
        self.assertRecordValues(
            subscription,
            [{"state": "running", "interval_unit": "quarter", "amount_untaxed": 250}],
        )

    def test_comes_again_in_french(self):
        self._comes_again_in("fr_FR")

    def test_comes_again_in_dutch(self):
        self._comes_again_in("nl_BE")

    def test_back_and_leave_lose_nothing(self):
        menu = self.env.ref("facturex_billing.menu_root").id
        self.browse_as(
            self.user, "facturex_invoice_back_tour", url=f"{ASSISTANT}?menu_id={menu}"
        )
        self.assertRecordValues(
            self._invoices(),
            [
                {
                    "state": "draft",
                    "amount_untaxed": 250,
                    "facturex_label": "Garage",
                    "facturex_assistant_state": "draft",
                }
            ],
        )

    def test_categories(self):
        self._categories_in("fr_FR")

    def test_categories_in_dutch(self):
        self._categories_in("nl_BE")

    def _categories_in(self, lang):
        self.user.lang = lang
        first, second = self.env["product.category"].create(
            [{"name": "Tour A"}, {"name": "Tour B"}]
        )
        self.env["product.template"].create(
            {"name": "Tour product", "categ_id": first.id}
        )
        self.browse_as(self.user, "facturex_category_tour", url=CATEGORIES)
        self.assertEqual(first.parent_id, second)
