"""Two people match at once: two real cursors, real commits."""

import psycopg2.errors

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

DAY = "2026-03-16"


@tagged("post_install", "-at_install")
class TestMatchRaces(BaseCase):
    """The company of the database is used, and cleaned afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            company = env["res.company"].search(
                [("chart_template", "=like", "be%")], order="id", limit=1
            ) or env["res.company"].search([("chart_template", "!=", False)], limit=1)
            env = env(context={"allowed_company_ids": company.ids})
            journal = env["account.journal"].create(
                {"name": "Races", "type": "bank", "code": "RACE"}
            )
            partner = env["res.partner"].create({"name": "Racer"})
            invoice = env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": DAY,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": 121, "tax_ids": []}
                        )
                    ],
                }
            )
            invoice.action_post()
            lines = env["account.bank.statement.line"].create(
                [
                    {
                        "journal_id": journal.id,
                        "date": DAY,
                        "amount": 121,
                        "payment_ref": "something",
                    }
                ]
                * 2
            )
            self.company, self.lines = company.id, lines.ids
            self.invoice, self.journal = invoice.id, journal.id
            self.partner = partner.id
        self.addCleanup(self._clean)

    def _env(self, cr):
        return api.Environment(
            cr, SUPERUSER_ID, {"allowed_company_ids": [self.company]}
        )

    def _clean(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)(context={"force_delete": True})
            lines = env["account.bank.statement.line"].browse(self.lines)
            invoice = env["account.move"].browse(self.invoice)
            moves = lines.move_id | invoice
            moves.line_ids.remove_move_reconcile()
            env["facturex.bank.event"].sudo().search(
                [("journal_id", "=", self.journal)]
            ).unlink()
            env.flush_all()
            cr.execute(
                "UPDATE account_move SET state = 'draft', posted_before = false,"
                " name = NULL WHERE id = ANY(%s)",
                [moves.ids],
            )
            env.invalidate_all()
            lines.unlink()
            invoice.unlink()
            env["facturex.match.memory"].search(
                [("partner_id", "=", self.partner)]
            ).unlink()
            env["account.journal"].browse(self.journal).unlink()
            env["res.partner"].browse(self.partner).unlink()

    def _settle(self, env, number):
        line = env["account.bank.statement.line"].browse(self.lines[number])
        invoice = env["account.move"].browse(self.invoice)
        items = invoice.line_ids.filtered(
            lambda item: item.account_type == "asset_receivable"
        )
        line.facturex_settle(items.ids)

    def _race(self, number):
        """The first settles line 0; the second, who looked before, line `number`."""
        with self.registry.cursor() as one, self.registry.cursor() as two:
            first, second = self._env(one), self._env(two)
            second["account.move"].browse(self.invoice).read(["amount_residual"])
            self._settle(first, 0)
            one.commit()
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.SerializationFailure),
            ):
                self._settle(second, number)
            two.rollback()
            # Odoo starts the request again, in a new snapshot
            with self.assertRaises(UserError):
                self._settle(self._env(two), number)
            two.rollback()
        with self.registry.cursor() as cr:
            env = self._env(cr)
            invoice = env["account.move"].browse(self.invoice)
            lines = env["account.bank.statement.line"].browse(self.lines)
            self.assertEqual(invoice.amount_residual, 0)
            self.assertEqual(lines.mapped("is_reconciled"), [True, False])
            partials = invoice.line_ids.matched_credit_ids
            self.assertEqual(partials.mapped("amount"), [121.0])
            items = lines[1].line_ids
            self.assertIn(lines.journal_id.suspense_account_id, items.account_id)

    def test_one_line_twice(self):
        self._race(0)

    def test_two_lines_one_invoice(self):
        self._race(1)
