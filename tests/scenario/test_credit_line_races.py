"""At the limit, at the same moment: nobody buys above it, the loser reads why."""

import pathlib
import subprocess
import sys

import psycopg2.errors

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import config, mute_logger

ROOT = pathlib.Path(__file__).parents[2]
ROUNDS = 100
SEED = 20260316


@tagged("post_install", "-at_install")
class TestCreditLineRaces(BaseCase):
    """Real commits: a line of the database's company, removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self._clean)
        with self.registry.cursor() as cr:
            env = self._env(cr)
            company = env["res.company"].search(
                [("chart_template", "!=", False)], order="id", limit=1
            )
            partner = env["res.partner"].create({"name": "Racer", "is_company": True})
            line = env["facturex.credit.line"].create(
                {"partner_id": partner.id, "company_id": company.id}
            )
            line.action_open()
            self.partner_id, self.line_id = partner.id, line.id

    def _env(self, cr):
        return api.Environment(
            cr, SUPERUSER_ID, {"tracking_disable": True, "lang": "en_US"}
        )

    def _clean(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "DELETE FROM facturex_credit_entry WHERE line_id = %s", [self.line_id]
            )
            self._env(cr)["facturex.credit.line"].browse(self.line_id).unlink()
            self._env(cr)["res.partner"].browse(self.partner_id).unlink()

    def _line(self, cr):
        return self._env(cr)["facturex.credit.line"].browse(self.line_id)

    def _check_sums(self):
        with self.registry.cursor() as cr:
            line = self._line(cr)
            self.assertEqual(
                (
                    sum(line.entry_ids.mapped("used_cents")),
                    sum(line.entry_ids.mapped("reserved_cents")),
                ),
                (line.used_cents, line.reserved_cents),
            )
            self.assertLessEqual(line.reserved_cents, line.limit_cents)

    def test_stale_snapshot(self):
        """Read before the other's commit, written after: the interleaving that a lock
        does not stop."""
        with self.registry.cursor() as one, self.registry.cursor() as two:
            late = self._line(two)
            self.assertEqual(late.amount_available, 150)
            early = self._line(one)
            early._reserve(100, early.partner_id, "early")
            one.commit()
            self.assertEqual(late.amount_available, 150, "a stale snapshot")
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late._reserve(100, late.partner_id, "late")
            two.rollback()
        # Odoo runs the request again, in a new snapshot
        with self.registry.cursor() as again:
            late = self._line(again)
            with self.assertRaisesRegex(
                UserError, "available .*50.00.*requested .*100.00"
            ):
                late._reserve(100, late.partner_id, "late")
            again.rollback()
        self._check_sums()

    def test_same_key_at_once(self):
        with self.registry.cursor() as one, self.registry.cursor() as two:
            late, early = self._line(two), self._line(one)
            late.mapped("amount_available")
            early._reserve(40, early.partner_id, "same")
            one.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late._reserve(40, late.partner_id, "same")
            two.rollback()
        with self.registry.cursor() as again:
            line = self._line(again)
            line._reserve(40, line.partner_id, "same")
            self.assertEqual(line.reserved_cents, 40_00)
        self._check_sums()

    def test_four_processes(self):
        self._race()

    def test_four_processes_confirm_orders(self):
        """The button of the sale order, 4 times 100, some cancelled again."""
        self._race(self._make_orders([10 + number % 51 for number in range(400)]))
        with self.registry.cursor() as cr:
            self.assertEqual(self._line(cr)._recompute_drift(), {})

    def test_stale_order(self):
        """An order read and decided before the other's commit."""
        one_id, two_id = self._make_orders([100, 100])
        with self.registry.cursor() as one, self.registry.cursor() as two:
            late = self._env(two)["sale.order"].browse(two_id)
            self.assertEqual(late.facturex_credit_room, 150)
            self._env(one)["sale.order"].browse(one_id).action_confirm()
            one.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late.action_confirm()
            two.rollback()
        with self.registry.cursor() as again:
            late = self._env(again)["sale.order"].browse(two_id)
            with self.assertRaisesRegex(
                UserError, "available .*50.00.*requested .*100.00"
            ):
                late.action_confirm()
            again.rollback()
        self._check_sums()

    def _make_orders(self, amounts):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            line = self._line(cr)
            product = env["product.product"].create(
                {
                    "name": "Race",
                    "type": "service",
                    "company_id": line.company_id.id,
                    "taxes_id": [fields.Command.clear()],
                }
            )
            orders = (
                env["sale.order"]
                .with_company(line.company_id)
                .create(
                    [
                        {
                            "partner_id": line.partner_id.id,
                            "company_id": line.company_id.id,
                            "facturex_deferred": True,
                            "order_line": [
                                fields.Command.create(
                                    {
                                        "product_id": product.id,
                                        "price_unit": amount,
                                        "tax_ids": [fields.Command.clear()],
                                    }
                                )
                            ],
                        }
                        for amount in amounts
                    ]
                )
            )
            self.addCleanup(self._clean_orders, orders.ids, product.id)
            return orders.ids

    def _clean_orders(self, ids, product_id):
        """Before the line: what it holds is nobody's any more."""
        with self.registry.cursor() as cr:
            cr.execute(
                "DELETE FROM facturex_credit_entry WHERE line_id = %s", [self.line_id]
            )
            cr.execute(
                "UPDATE sale_order SET facturex_credit_line_id = NULL,"
                " facturex_deferred = FALSE, state = 'cancel' WHERE id = ANY(%s)",
                [ids],
            )
            env = self._env(cr)
            env["sale.order"].browse(ids).unlink()
            env["product.product"].browse(product_id).product_tmpl_id.unlink()

    def _race(self, orders=()):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.scenario.credit_worker"),
                *(config["config"], get_db_name()),
                *(str(self.line_id), str(ROUNDS), str(SEED), *map(str, orders)),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        accepted, refused, failed, over = map(int, done.stdout.split())
        self.assertEqual((failed, over), (0, 0), done.stderr[-2000:])
        self.assertEqual(accepted + refused, 4 * ROUNDS)
        self.assertGreater(accepted, 0)
        self.assertGreater(refused, 0, "the limit was never reached")
        self._check_sums()
