"""Workers that bill at the same time, and workers that are killed: real processes.

Each worker is a fork with connections of its own; what it commits stays. The number
of subscriptions is small in the suite; FACTUREX_RACE_SIZE makes it larger.
"""

import os
import random
import signal
import time

from odoo import SUPERUSER_ID, api, sql_db
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name

from odoo.addons.facturex_billing.models import facturex_subscription_billing

SIZE = int(os.environ.get("FACTUREX_RACE_SIZE", "16"))
KILLS = int(os.environ.get("FACTUREX_RACE_KILLS", "4"))
SEED = int(os.environ.get("FACTUREX_RACE_SEED", "20260316"))
MONTHS = 3
DAY = "2026-03-16"
CONTEXT = {"tracking_disable": True, "chart_template_load": True}


@tagged("post_install", "-at_install")
class TestSubscriptionRaces(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with _Environment(self.registry) as env:
            self.ids = self._make(env)
            env.cr.commit()
        self.addCleanup(self._clean)
        # several batches each, so that the workers really share
        self.patch(facturex_subscription_billing, "BATCH", 3)

    def _make(self, env):
        company = env["res.company"].create({"name": "Race of subscriptions"})
        env.user.company_ids += company
        env = env(context={**CONTEXT, "allowed_company_ids": company.ids})
        accounts = env["account.account"].create(
            [
                {"code": "400000", "name": "R", "account_type": "asset_receivable"},
                {"code": "700000", "name": "I", "account_type": "income"},
            ]
        )
        journal = env["account.journal"].create(
            {
                "name": "Race",
                "code": "RACE",
                "type": "sale",
                "company_id": company.id,
                "default_account_id": accounts[1].id,
            }
        )
        partner = env["res.partner"].create({"name": "Racer"})
        partner.with_company(company).property_account_receivable_id = accounts[0]
        subscriptions = env["facturex.subscription"].create(
            [
                {
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "journal_id": journal.id,
                    "currency_id": company.currency_id.id,
                    "date_start": "2026-01-05",
                    "mode": "post",
                    "line_ids": [
                        Command.create(
                            {
                                "name": f"Race {index}",
                                "price_unit": 10 + index,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
                for index in range(SIZE)
            ]
        )
        subscriptions.action_confirm()
        return {"company": company.id, "partner": partner.id, "journal": journal.id}

    def _clean(self):
        with _Environment(self.registry) as env:
            company = self.ids["company"]
            for table in (
                "facturex_subscription_run",
                "facturex_subscription_period",
                "account_move_line",
                "account_move",
                "facturex_subscription",
            ):
                env.cr.execute(f"DELETE FROM {table} WHERE company_id = %s", [company])
            record = env["res.company"].browse(company)
            env.user.company_ids -= record
            record.active = False
            record.name = f"Race over {company}"
            env.cr.commit()

    def _fork(self, after=0.0):
        """A worker in a process of its own."""
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            # the parent's connections are not ours
            sql_db._Pool = None
            self.registry._db = sql_db.db_connect(self.registry.db_name)
            time.sleep(after)
            with _Environment(self.registry) as env:
                lane = env["facturex.subscription"].with_context(
                    allowed_company_ids=[self.ids["company"]], facturex_commit=True
                )
                lane._run_due(DAY)
                env.cr.commit()
            status = 0
        finally:
            os._exit(status)

    def _wait(self, pids):
        return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]

    def _check(self):
        """Each period once, each invoice of a period, the numbers without a hole."""
        with _Environment(self.registry) as env:
            company = self.ids["company"]
            env.cr.execute(
                """
                SELECT COUNT(*), COUNT(DISTINCT move_id), COUNT(DISTINCT
                       (subscription_id, line_group, date_start))
                  FROM facturex_subscription_period
                 WHERE company_id = %s AND state = 'billed'
                """,
                [company],
            )
            periods, moves, keys = env.cr.fetchone()
            self.assertEqual((periods, moves, keys), (SIZE * MONTHS,) * 3)
            env.cr.execute(
                """
                SELECT COUNT(*), COUNT(DISTINCT name), MAX(sequence_number)
                       - MIN(sequence_number) + 1,
                       COUNT(*) FILTER (WHERE state != 'posted')
                  FROM account_move WHERE company_id = %s
              GROUP BY sequence_prefix
                """,
                [company],
            )
            rows = env.cr.fetchall()
            self.assertEqual(sum(row[0] for row in rows), SIZE * MONTHS)
            for count, names, span, drafts in rows:
                self.assertEqual((count, count, 0), (names, span, drafts))
            parked = env["facturex.subscription"].search_count(
                [("company_id", "=", company), ("park_state", "!=", False)]
            )
            self.assertFalse(parked)

    def test_four_workers(self):
        statuses = self._wait([self._fork() for _worker in range(4)])
        self.assertEqual(statuses, [0, 0, 0, 0])
        self._check()

    def test_kills(self):
        dice = random.Random(SEED)
        for _kill in range(KILLS):
            pid = self._fork()
            time.sleep(dice.uniform(0.2, 1.5))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.assertEqual(self._wait([self._fork()]), [0])
        self._check()


class _Environment:
    """An environment on a cursor of its own, closed without a commit."""

    def __init__(self, registry):
        self.cr = registry.cursor()

    def __enter__(self):
        return api.Environment(self.cr, SUPERUSER_ID, dict(CONTEXT))

    def __exit__(self, *_exception):
        self.cr.rollback()
        self.cr.close()
