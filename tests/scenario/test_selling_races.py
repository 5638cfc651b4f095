"""A quote accepted twice, a new invoice sent twice: real cursors, real commits."""

import uuid
from unittest.mock import patch

import psycopg2.errors

from odoo import fields
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from tests.scenario.test_races import _Environment

COMMAND = fields.Command


class SellingRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # what the mail server would have got; the races are about what is made
        self.startPatcher(
            patch.object(self.registry["mail.mail"], "send", lambda *_args, **_kw: True)
        )
        self.ids = {}
        self.addCleanup(self._clean)
        with self._cursor() as env:
            self._make_company(env)
            env.cr.commit()

    def _cursor(self):
        return _Environment(self.registry)

    def _here(self, env):
        """The environment inside the company of the race."""
        return env(context=dict(env.context, allowed_company_ids=[self.ids["company"]]))

    def _make_company(self, env):
        """The smallest company that can post: two accounts and a journal."""
        company = env["res.company"].create(
            {
                # an alias is made of it: another one for each test and run
                "name": f"Selling Race {uuid.uuid4().hex}",
                "account_fiscal_country_id": env.ref("base.be").id,
            }
        )
        env.user.company_ids += company
        env = env(context=dict(env.context, allowed_company_ids=company.ids))
        receivable, income = env["account.account"].create(
            [
                {
                    "name": kind,
                    "code": f"RACE{number}",
                    "account_type": kind,
                    "reconcile": kind == "asset_receivable",
                    "company_ids": [COMMAND.set(company.ids)],
                }
                for number, kind in enumerate(("asset_receivable", "income"))
            ]
        )
        env["account.journal"].create(
            {
                "name": "Race",
                "code": "RACE",
                "type": "sale",
                "company_id": company.id,
                "default_account_id": income.id,
                "invoice_reference_model": "odoo",
            }
        )
        partner = env["res.partner"].create(
            {"name": "Racer", "email": "racer@client.example"}
        )
        partner.with_company(company).property_account_receivable_id = receivable
        product = env["product.product"].create(
            {
                "name": "Race chair",
                "list_price": 10,
                "invoice_policy": "order",
                "taxes_id": [COMMAND.clear()],
            }
        )
        product.with_company(company).property_account_income_id = income
        self.ids = {
            "company": company.id,
            "partner": partner.id,
            "product": product.id,
        }

    def _clean(self):
        """Posted invoices and their messages cannot be deleted but below Odoo."""
        with self._cursor() as env:
            company = env["res.company"].browse(self.ids["company"])
            for model in ("account.move", "sale.order"):
                env.cr.execute(
                    "DELETE FROM mail_message WHERE model = %s AND res_id IN"
                    f" (SELECT id FROM {env[model]._table} WHERE company_id = %s)",
                    [model, company.id],
                )
            for table in ("facturex_quote_reminder", "account_move", "sale_order"):
                env.cr.execute(
                    f"DELETE FROM {table} WHERE company_id = %s", [company.id]
                )
            env.user.company_ids -= company
            company.active = False
            company.name = f"Selling race over {company.id}"
            env["res.partner"].browse(self.ids["partner"]).active = False
            env["product.product"].browse(self.ids["product"]).active = False
            env.cr.commit()


@tagged("post_install", "-at_install")
class TestAcceptanceRace(SellingRace):
    def setUp(self):
        super().setUp()
        with self._cursor() as env:
            order = self._here(env)["sale.order"].create(
                {
                    "partner_id": self.ids["partner"],
                    "company_id": self.ids["company"],
                    "facturex_on_acceptance": "full",
                    "order_line": [COMMAND.create({"product_id": self.ids["product"]})],
                }
            )
            order.action_quotation_sent()
            self.order_id = order.id
            env.cr.commit()

    def _order(self, env):
        return self._here(env)["sale.order"].browse(self.order_id)

    def _assert_one_invoice(self):
        with self._cursor() as env:
            order = self._order(env)
            self.assertEqual(
                (order.state, order.facturex_invoice_claimed), ("sale", True)
            )
            self.assertEqual(len(order.invoice_ids), 1)
            self.assertEqual(order.invoice_ids.facturex_acceptance_order_id, order)

    def test_two_acceptances(self):
        """The customer signs while the salesperson confirms."""
        with self._cursor() as first, self._cursor() as second:
            late = self._order(second)
            self.assertEqual(late.state, "sent")  # its snapshot starts here
            self._order(first).action_confirm()
            first.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late.action_confirm()
                second.flush_all()
        with self._cursor() as again:  # what Odoo does after such a failure
            with self.assertRaises(UserError):
                self._order(again).action_confirm()
        self._assert_one_invoice()

    def test_two_retries(self):
        """The invoice failed at first; two people press *Make the Invoice*."""
        with self._cursor() as env:
            order = self._order(env)
            with patch.object(
                type(order), "_create_invoices", side_effect=UserError("No tax")
            ):
                order.action_confirm()
            self.assertEqual(order.facturex_invoice_problem, "No tax")
            env.cr.commit()
        with self._cursor() as first, self._cursor() as second:
            late = self._order(second)
            self.assertFalse(late.facturex_invoice_claimed)
            self._order(first).action_facturex_invoice_on_acceptance()
            first.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late.action_facturex_invoice_on_acceptance()
        with self._cursor() as again:
            self._order(again).action_facturex_invoice_on_acceptance()
            again.cr.commit()
        self._assert_one_invoice()

    def test_accepted_while_the_cron_marks_it_expired(self):
        """The acceptance waits, fails, and is made again on the marked quote."""
        with self._cursor() as env:
            self._order(env).validity_date = "2020-01-01"
            env.cr.commit()
        with self._cursor() as cron, self._cursor() as customer:
            accepted = self._order(customer)
            self.assertEqual(accepted.state, "sent")
            orders = self._here(cron)["sale.order"]
            orders._facturex_mark_expired(fields.Date.to_date("2026-03-16"))
            cron.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                accepted.action_confirm()
                customer.flush_all()
        with self._cursor() as again:
            self._order(again).action_confirm()
            again.cr.commit()
        self._assert_one_invoice()

    def test_accepted_while_the_cron_reminds(self):
        """The cron decided on an old snapshot: it leaves this quote and goes on."""
        with self._cursor() as cron, self._cursor() as customer:
            late = self._order(cron)
            self.assertEqual(late.state, "sent")
            day = fields.Date.add(late.facturex_sent_at.date(), days=7)
            self._order(customer).action_confirm()
            customer.cr.commit()
            company = late.company_id
            with mute_logger("odoo.sql_db"):
                decisions = late.with_company(company)._facturex_remind(company, day)
            self.assertTrue(decisions[late].step)
            cron.cr.commit()
        with self._cursor() as env:
            self.assertFalse(self._order(env).facturex_reminder_ids)
        self._assert_one_invoice()


@tagged("post_install", "-at_install")
class TestAssistantSendRace(SellingRace):
    def setUp(self):
        super().setUp()
        with self._cursor() as env:
            assistant = self._here(env)["facturex.invoice.assistant"].create(
                {
                    "company_id": self.ids["company"],
                    "partner_id": self.ids["partner"],
                    "recurrence": "month",
                    "line_ids": [
                        COMMAND.create(
                            {
                                "name": "Work",
                                "price_unit": 10,
                                "tax_ids": [COMMAND.clear()],
                            }
                        )
                    ],
                }
            )
            assistant.action_preview()
            assistant.action_mail()
            self.assistant_id = assistant.id
            env.cr.commit()

    def _assistant(self, env):
        return self._here(env)["facturex.invoice.assistant"].browse(self.assistant_id)

    def test_send_pressed_twice(self):
        """One invoice, one mail, one subscription; the second click is shown them."""
        with self._cursor() as first, self._cursor() as second:
            late = self._assistant(second)
            self.assertEqual(late.move_id.state, "draft")  # its snapshot starts here
            self._assistant(first).action_send()
            first.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late.action_send()
        with self._cursor() as again:
            assistant = self._assistant(again)
            assistant.action_send()
            again.cr.commit()
            self.assertEqual(assistant.step, "done")
        with self._cursor() as env:
            move = self._assistant(env).move_id
            company = [("company_id", "=", self.ids["company"])]
            self.assertEqual(env["account.move"].search(company), move)
            self.assertEqual(len(move.facturex_sending_ids), 1)
            self.assertEqual(len(move.facturex_made_subscription_ids), 1)
            mails = env["mail.message"].search_count(
                [
                    ("model", "=", "account.move"),
                    ("res_id", "=", move.id),
                    ("partner_ids", "=", self.ids["partner"]),
                ]
            )
            self.assertEqual(mails, 1)

    def _clean(self):
        with self._cursor() as env:
            self._assistant(env).unlink()
            for table in ("facturex_subscription_period", "facturex_subscription"):
                env.cr.execute(
                    f"DELETE FROM {table} WHERE company_id = %s", [self.ids["company"]]
                )
            env.cr.commit()
        super()._clean()
