"""Four processes and a killer: no reminder twice, no customer forgotten.

FACTUREX_RACERS and FACTUREX_KILLS make it larger; the figures of such a run are in
tests/bench/README.md.
"""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import config

from scripts.smtp_sink import SmtpSink

ROOT = pathlib.Path(__file__).parents[2]
CUSTOMERS = int(os.environ.get("FACTUREX_RACERS", "25"))
SEED = 20260316


@tagged("post_install", "-at_install")
class TestDunningProcesses(BaseCase):
    """Real commits: the company of the database is used, and cleaned afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.sink = self.enterContext(SmtpSink(folder))
        self.addCleanup(self._clean)
        with self.registry.cursor() as cr:
            env = self._env(cr)
            self.company = env["res.company"].search(
                [("chart_template", "!=", False)], order="id", limit=1
            )
            self.server = env["ir.mail_server"].create(
                {
                    "name": "Races",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": self.sink.port,
                    "sequence": 0,
                }
            )
            self._prepare(env)

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _prepare(self, env):
        today = fields.Date.context_today(env.user)
        due = fields.Date.subtract(today, days=20)
        days = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), True)
        self.policy = env["facturex.dunning.policy"].create(
            {
                "name": "Races",
                "mode": "auto",
                "company_id": self.company.id,
                "user_id": env.uid,
                "daily_cap": 10 * CUSTOMERS,
                "hour_from": 0,
                "hour_to": 24,
                **days,
            }
        )
        self.partners = env["res.partner"].create(
            [
                {"name": f"Racer {n}", "email": f"racer{n}@client.example"}
                for n in range(CUSTOMERS)
            ]
        )
        self.moves = env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "company_id": self.company.id,
                    "partner_id": partner.id,
                    "invoice_date": due,
                    "invoice_date_due": due,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": 100, "tax_ids": []}
                        )
                    ],
                }
                for partner in self.partners
                for _number in range(2)
            ]
        )
        self.moves.action_post()

    def _clean(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            notices = env["facturex.dunning.notice"].search(
                [("policy_id", "=", self.policy.id)]
            )
            notices.mail_mail_id.unlink()
            for table, ids in (
                ("facturex_dunning_notice", notices.ids),
                ("account_move", self.moves.ids),
            ):
                cr.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [ids])
            env.invalidate_all()
            env["facturex.dunning.policy"].browse(self.policy.id).unlink()
            env["ir.mail_server"].browse(self.server.id).unlink()
            env["res.partner"].browse(self.partners.ids).unlink()

    def _work(self, task):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.scenario.dunning_worker"),
                *(config["config"], get_db_name()),
                *(str(self.company.id), task, str(SEED)),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=3600,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return int(done.stdout.split()[-1]), done.stderr

    def _reached(self):
        """:return: notices by customer, copies by Message-ID that reached the sink"""
        with self.registry.cursor() as cr:
            notices = self._env(cr)["facturex.dunning.notice"].search(
                [("policy_id", "=", self.policy.id)]
            )
            self.assertEqual(set(notices.mapped("state")), {"sent"})
            self.assertEqual(set(notices.line_ids.mapped("is_void")), {False})
            self.assertEqual(len(notices.line_ids), 2 * CUSTOMERS)
            by_customer = collections.Counter(notices.mapped("partner_id.id"))
            known = {notice._get_message_id() for notice in notices}
        copies = collections.Counter(m["Message-Id"] for m in self.sink.messages())
        self.assertEqual(set(copies), known)
        return by_customer, copies

    def test_four_processes(self):
        failed, errors = self._work("race")
        self.assertEqual(failed, 0, errors)
        # the conflicts were real: all snapshots began before the first run was done
        conflicts = sum(map(int, re.findall(r"conflicts (\d+)", errors)))
        self.assertGreaterEqual(conflicts, 1)
        by_customer, copies = self._reached()
        self.assertEqual(set(by_customer.values()), {1})
        self.assertEqual(len(by_customer), CUSTOMERS)
        self.assertEqual(set(copies.values()), {1})
        self._note(conflicts=conflicts, mails=sum(copies.values()))

    def test_kills(self):
        """At most one mail more per kill, with the same Message-ID."""
        kills, errors = self._work("kill")
        self.assertGreaterEqual(kills, 0, errors)
        by_customer, copies = self._reached()
        self.assertEqual(set(by_customer.values()), {1})
        self.assertEqual(len(by_customer), CUSTOMERS)
        twice = sum(copies.values()) - CUSTOMERS
        self.assertLessEqual(twice, kills)
        self._note(kills=kills, twice=twice)

    def _note(self, **figures):
        """On the terminal, when the size was asked for."""
        if "FACTUREX_RACERS" in os.environ:
            sys.stderr.write(f"\n{CUSTOMERS} customers, {figures}\n")
