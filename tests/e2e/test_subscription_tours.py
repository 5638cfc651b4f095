"""The life of a subscription in the browser: ours, and the customer's."""

from odoo import fields
from odoo.tests import new_test_user, tagged

from odoo.addons.mail.tests.common import MailCase

from tests.e2e.common import FacturexHttpCase


@tagged("post_install", "-at_install")
class TestSubscriptionTours(FacturexHttpCase, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user.lang = "fr_FR"
        cls.product = cls.env["product.product"].create(
            {
                "name": "Maintenance Alpha",
                "lst_price": 60.0,
                "type": "service",
                "taxes_id": [fields.Command.clear()],
                "facturex_plan_id": cls.env.ref("facturex_billing.plan_monthly").id,
            }
        )

    def _subscription(self, **vals):
        subscription = self.env["facturex.subscription"].create(
            {
                "partner_id": self.customer.id,
                "date_start": self._days_ago(10),
                "mode": "post",
                "line_ids": [fields.Command.create({"product_id": self.product.id})],
                **vals,
            }
        )
        subscription.action_confirm()
        subscription._run_due()
        return subscription

    def _form(self, record):
        menu = self.env.ref("facturex_billing.menu_root").id
        return f"/odoo/m-{record._name}/{record.id}?menu_id={menu}"

    def test_from_the_assistant(self):
        invoice = self._invoice()
        assistant = self._as(self.env["facturex.invoice.assistant"], self.user).create(
            {"move_id": invoice.id, "step": "done"}
        )
        self.browse_as(
            self.user,
            "facturex_subscription_from_assistant_tour",
            url=self._form(assistant),
        )
        subscription = self.env["facturex.subscription"].search([])
        self.assertRecordValues(
            subscription, [{"state": "running", "origin_move_id": invoice.id}]
        )

    def test_from_an_order(self):
        order = self._as(self.env["sale.order"], self.user).create(
            {
                "partner_id": self.customer.id,
                "order_line": [fields.Command.create({"product_id": self.product.id})],
            }
        )
        self.browse_as(
            self.user, "facturex_subscription_from_order_tour", url=self._form(order)
        )
        self.assertEqual(order.facturex_subscription_ids.amount_mrr, 60.0)

    def test_upgrade_pause_stop(self):
        subscription = self._subscription()
        self.browse_as(
            self.user, "facturex_subscription_change_tour", url=self._form(subscription)
        )
        self.assertEqual(subscription.state, "stopped")
        changes = subscription.change_ids.sorted("id")
        self.assertEqual(changes.mapped("kind"), ["start", "lines", "pause", "stop"])
        self.assertEqual(
            [change.move_id.move_type for change in changes],
            [False, "out_invoice", False, "out_refund"],
        )

    def test_figures(self):
        self._subscription()
        menu = self.env.ref("facturex_billing.menu_root").id
        action = "facturex_billing.facturex_subscription_action"
        self.browse_as(
            self.user,
            "facturex_subscription_figures_tour",
            url=f"/odoo/action-{action}?menu_id={menu}",
        )

    def _client(self):
        client = new_test_user(
            self.env,
            login="fx_client",
            password="fx_client-password",
            groups="base.group_portal",
            email="client@consumer.example",
            lang="fr_FR",
        )
        client.partner_id.country_id = self.env.ref("base.fr")
        return client

    def test_customer_cancels_in_three_clicks(self):
        client = self._client()
        subscription = self._subscription(
            partner_id=client.partner_id.id, notice_days=15
        )
        with self.mock_mail_gateway():
            self.start_tour(
                f"/my/subscriptions/{subscription.id}",
                "facturex_cancel_tour",
                login=client.login,
            )
        last = fields.Date.add(self.day, days=15)
        self.assertEqual(subscription.date_end, last)
        self.assertIn(subscription.name, "".join(self._new_mails.mapped("body_html")))
        cancellation = subscription.cancellation_ids
        self.assertRecordValues(
            cancellation, [{"state": "confirmed", "date_end": last}]
        )

    def test_customer_upgrades(self):
        gold = self.env["product.product"].create(
            {
                "name": "Maintenance Gold",
                "lst_price": 120.0,
                "type": "service",
                "taxes_id": [fields.Command.clear()],
            }
        )
        self.product.facturex_upgrade_ids = gold.product_tmpl_id
        client = self._client()
        subscription = self._subscription(partner_id=client.partner_id.id)
        self.start_tour(
            f"/my/subscriptions/{subscription.id}",
            "facturex_upgrade_tour",
            login=client.login,
        )
        self.assertEqual(subscription.amount_mrr, 120.0)
        change = subscription.change_ids.filtered(lambda c: c.kind == "lines")
        self.assertEqual(change.move_id.move_type, "out_invoice")
