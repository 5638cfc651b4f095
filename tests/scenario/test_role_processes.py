"""Roles in several processes: what one commits, the others obey at their next call.

No cache is cleared: the version of the rights is part of the key of every cached rule.
"""

import pathlib
import subprocess
import sys

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import config

ROOT = pathlib.Path(__file__).parents[2]


class Worker:
    def __init__(self):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.scenario.role_worker"),
                *(config["config"], get_db_name()),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def may(self, ids):
        return self.tell(" ".join(["may", *map(str, ids)]))

    def ask(self, ids):
        """One request: a transaction of its own."""
        self.tell("begin")
        answer = self.may(ids)
        self.tell("end")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@tagged("post_install", "-at_install")
class TestRoleProcesses(BaseCase):
    """Real commits, in a company of the database that is released afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # for all tests: what they keep from one must not answer in the next
        cls.one, cls.two = Worker(), Worker()
        for worker in (cls.one, cls.two):
            cls.addClassCleanup(worker.close)

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self._clean)
        with self.registry.cursor() as cr:
            env = self._env(cr)
            self.company = env["res.company"].search(
                [("chart_template", "!=", False)], order="id desc", limit=1
            )
            group = env.ref("facturex_billing.group_facturex_manager")
            self.users = env["res.users"].create(
                [
                    {
                        "name": login,
                        "login": login,
                        "company_id": self.company.id,
                        "company_ids": [Command.set(self.company.ids)],
                        "group_ids": [Command.set(group.ids)],
                    }
                    for login in ("fx_race_owner", "fx_race_clerk")
                ]
            )
            self.partner = env["res.partner"].create(
                {"name": "Raced", "company_id": self.company.id}
            )
            self.dossier = env["facturex.dossier"].create(
                {"company_id": self.company.id}
            )
            self.dossier.state = "active"
        self.ids = self.users[1].id, self.partner.id, self.company.id

    def _env(self, cr):
        return api.Environment(
            cr, SUPERUSER_ID, {"tracking_disable": True, "install_mode": True}
        )

    def _clean(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            dossier = env["facturex.dossier"].browse(self.dossier.id)
            dossier.write({"state": "draft"})
            dossier.unlink()
            env["res.partner"].browse(self.partner.id).unlink()
            users = env["res.users"].browse(self.users.ids)
            main = env.ref("base.main_company")
            users.write({"company_ids": [Command.set(main.ids)], "company_id": main.id})
            partners = users.partner_id
            users.unlink()
            partners.unlink()

    def _change(self, role=None, **vals):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            if role:
                vals["role_id"] = env.ref(f"facturex_portal.role_{role}").id
            env["facturex.dossier.member"].with_context(active_test=False).search(
                [
                    ("dossier_id", "=", self.dossier.id),
                    ("user_id", "=", self.users[1].id),
                ]
            ).write(vals)

    def _answers(self):
        return self.one.ask(self.ids), self.two.ask(self.ids)

    def test_every_process_obeys_at_the_next_call(self):
        self.assertEqual(self._answers(), ("rw", "rw"))
        self._change("reader")
        self.assertEqual(self._answers(), ("r-", "r-"))
        self._change("user")
        self.assertEqual(self._answers(), ("rw", "rw"))
        self._change(
            date_end=fields.Date.subtract(fields.Datetime.now().date(), days=1)
        )
        self.assertEqual(self._answers(), ("--", "--"))
        self._change(date_end=False)
        self.assertEqual(self._answers(), ("rw", "rw"))
        self._change(active=False)
        self.assertEqual(self._answers(), ("--", "--"))

    def test_an_old_snapshot_leaves_nothing_behind(self):
        """It fills the caches with the old right after the change was committed."""
        self.assertEqual(self._answers(), ("rw", "rw"))
        self.one.tell("begin")
        self._change("reader")
        self.assertEqual(self.two.ask(self.ids), "r-")
        self.assertEqual(self.one.may(self.ids), "rw", "its snapshot is the old one")
        self.one.tell("end")
        self.assertEqual(self._answers(), ("r-", "r-"))

    def test_a_change_that_is_rolled_back_changes_nothing(self):
        self.assertEqual(self._answers(), ("rw", "rw"))
        with self.registry.cursor() as cr:
            env = self._env(cr)
            member = env["facturex.dossier"].browse(self.dossier.id).member_ids
            clerk = member.filtered(lambda m: m.user_id.id == self.users[1].id)
            clerk.role_id = env.ref("facturex_portal.role_reader")
            env.flush_all()
            cr.rollback()
        self.assertEqual(self._answers(), ("rw", "rw"))
        self._change("reader")
        self.assertEqual(self._answers(), ("r-", "r-"))
