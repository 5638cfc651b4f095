"""Four processes and a killer import overlapping files: each movement once."""

import collections
import pathlib
import subprocess
import sys

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import config

from . import import_worker

ROOT = pathlib.Path(__file__).parents[2]
IBAN = "BE71735061234569"
SEED = "20260316"


@tagged("post_install", "-at_install")
class TestImportProcesses(BaseCase):
    """Real commits: the company of the database is used, and cleaned afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            company = env["res.company"].search(
                [("chart_template", "=like", "be%")], order="id", limit=1
            ) or env["res.company"].search([("chart_template", "!=", False)], limit=1)
            journal = (
                env["account.journal"]
                .with_company(company)
                .create(
                    {
                        "name": "Races",
                        "type": "bank",
                        "company_id": company.id,
                        "bank_acc_number": IBAN,
                    }
                )
            )
            self.company_id, self.journal_id = company.id, journal.id
        self.addCleanup(self._clean)

    def _clean(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"force_delete": True})
            journal = env["account.journal"].browse(self.journal_id)
            lines = env["account.bank.statement.line"].search(
                [("journal_id", "=", journal.id)]
            )
            statements, files = lines.statement_id, lines.facturex_file_id
            files |= env["facturex.statement.file"].search(
                [("name", "=like", "week%.xml"), ("company_id", "=", self.company_id)]
            )
            moves = lines.move_id
            cr.execute(
                "UPDATE account_move SET state = 'draft' WHERE id = ANY(%s)",
                [moves.ids],
            )
            env.invalidate_all()
            cron = env.ref("facturex_banking.ir_cron_statement_files")
            env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
            statements.unlink()
            lines.unlink()
            files.unlink()
            bank = journal.bank_account_id
            journal.unlink()
            bank.unlink()

    def test_kills_and_overlaps(self):
        command = [sys.executable, "-m", "tests.scenario.import_worker"]
        done = subprocess.run(
            [
                *command,
                config["config"],
                get_db_name(),
                str(self.company_id),
                IBAN,
                SEED,
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        self.assertGreaterEqual(int(done.stdout.split()[-1]), 1, done.stderr[-2000:])
        with self.registry.cursor() as cr:
            cr.execute(
                """
                SELECT move.date, line.amount, line.payment_ref
                  FROM account_bank_statement_line line
                  JOIN account_move move ON move.id = line.move_id
                 WHERE line.journal_id = %s
                """,
                [self.journal_id],
            )
            found = collections.Counter(
                (day.day, int(amount), text) for day, amount, text in cr.fetchall()
            )
        expected = collections.Counter(
            (day, amount, text)
            for day in import_worker.DAYS
            for amount, text in import_worker.movements(day)
        )
        self.assertEqual(found, expected)
