"""At the limit, at the same moment: nobody buys above it, the loser reads why."""

import pathlib
import subprocess
import sys

import psycopg2.errors

from odoo import SUPERUSER_ID, api
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
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.scenario.credit_worker"),
                *(config["config"], get_db_name()),
                *(str(self.line_id), str(ROUNDS), str(SEED)),
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
