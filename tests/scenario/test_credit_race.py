"""Two people credit the same invoice at once: real cursors, real commits."""

import psycopg2.errors

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

COMMAND = fields.Command


@tagged("post_install", "-at_install")
class TestCreditRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self._clean)
        self.company_id = self.invoice_id = None
        with self.registry.cursor() as cr:
            self._make(self._env(cr))

    def _env(self, cr, **context):
        context = {"tracking_disable": True, "chart_template_load": True, **context}
        return api.Environment(cr, SUPERUSER_ID, context)

    def _make(self, env):
        """A company with the two accounts and the journal that an invoice needs."""
        company = env["res.company"].create({"name": "Race"})
        self.company_id = company.id
        receivable, income = (
            env["account.account"]
            .with_company(company)
            .create(
                [
                    {
                        "code": code,
                        "name": name,
                        "account_type": kind,
                        "reconcile": kind == "asset_receivable",
                        "company_ids": [COMMAND.set(company.ids)],
                    }
                    for code, name, kind in (
                        ("400990", "Race receivable", "asset_receivable"),
                        ("700990", "Race income", "income"),
                    )
                ]
            )
        )
        journal = env["account.journal"].create(
            {
                "name": "Race",
                "code": "RACE",
                "type": "sale",
                "company_id": company.id,
                "default_account_id": income.id,
            }
        )
        partner = env["res.partner"].create({"name": "Racer"})
        self.partner_id = partner.id
        partner.with_company(company).property_account_receivable_id = receivable
        invoice = (
            env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "company_id": company.id,
                    "journal_id": journal.id,
                    "partner_id": partner.id,
                    "invoice_date": "2026-03-02",
                    "invoice_line_ids": [
                        COMMAND.create(
                            {
                                "name": "Chair",
                                "quantity": 3,
                                "price_unit": 10,
                                "account_id": income.id,
                                "tax_ids": [COMMAND.clear()],
                            }
                        )
                    ],
                }
            )
        )
        invoice.action_post()
        invoice.is_move_sent = True
        self.invoice_id = invoice.id

    def _clean(self):
        if not self.company_id:
            return
        with self.registry.cursor() as cr:
            for table in (
                "facturex_credit_note",
                "account_partial_reconcile",
                "account_move_line",
                "account_move",
            ):
                cr.execute(
                    f"DELETE FROM {table} WHERE company_id = %s", [self.company_id]
                )
            env = self._env(cr)
            env["res.partner"].browse(self.partner_id).active = False
            company = env["res.company"].browse(self.company_id)
            env.user.company_ids -= company
            company.active = False
            company.name = f"Race over {company.id}"

    def _wizard(self, env):
        invoice = env["account.move"].browse(self.invoice_id)
        wizard = env["facturex.credit.note"]._open_for(invoice)
        wizard.write({"reason": "Race", "mode": "lines", "send": False})
        wizard.line_ids.quantity = 2
        return wizard

    def test_two_at_once(self):
        """Two chairs each, of three: one succeeds, the other is told what is left."""
        with self.registry.cursor() as one, self.registry.cursor() as two:
            first, second = self._wizard(self._env(one)), self._wizard(self._env(two))
            first.action_confirm()
            one.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                second.action_confirm()
            two.rollback()
        # Odoo runs the request again, in a new snapshot
        with self.registry.cursor() as again:
            env = self._env(again)
            invoice = env["account.move"].browse(self.invoice_id)
            self.assertEqual(invoice.facturex_credited_total, 20)
            with self.assertRaisesRegex(UserError, "between 0 and 1"):
                self._wizard(env)
            again.rollback()

    def test_native_reversals_at_once(self):
        """Drafts made in peace, posted at once by Odoo's own button."""
        with self.registry.cursor() as cr:
            invoice = self._env(cr)["account.move"].browse(self.invoice_id)
            drafts = invoice._reverse_moves([{}]) + invoice._reverse_moves([{}])
            drafts.invoice_date = "2026-03-02"
            ids = drafts.ids
        with self.registry.cursor() as one, self.registry.cursor() as two:
            late = self._env(two)["account.move"].browse(ids[1])
            self.assertEqual(late.state, "draft")
            self._env(one)["account.move"].browse(ids[0]).action_post()
            one.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late.action_post()
            two.rollback()
        with self.registry.cursor() as again:
            late = self._env(again)["account.move"].browse(ids[1])
            with self.assertRaisesRegex(UserError, "exceed"):
                late.action_post()
            again.rollback()
