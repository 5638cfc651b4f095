"""Two people press the same button: two real cursors, real commits.

Odoo works at REPEATABLE READ. The loser either sees that nothing is left to do, or gets
a serialization failure, which Odoo's HTTP layer answers by a retry in a new snapshot.
"""

import psycopg2.errors

from odoo import SUPERUSER_ID, api
from odoo.exceptions import ValidationError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

DAY = "2026-03-16"


@tagged("post_install", "-at_install")
class TestRaces(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self._cursor() as env:
            company = env["res.company"].create({"name": "Race"})
            partner = env["res.partner"].create(
                {"name": "Racer", "email": "racer@client.example"}
            )
            policy = env["facturex.dunning.policy"].create(
                {"name": "Race", "company_id": company.id, "user_id": env.uid}
            )
            self.ids = {
                "company": company.id,
                "partner": partner.id,
                "policy": policy.id,
            }
            env.cr.commit()
        self.addCleanup(self._clean)

    def _cursor(self):
        return _Environment(self.registry)

    def _clean(self):
        with self._cursor() as env:
            for model in ("facturex.dunning.notice", "facturex.export.batch"):
                found = env[model].search([("company_id", "=", self.ids["company"])])
                env.cr.execute(
                    f"DELETE FROM {found._table} WHERE id = ANY(%s)", [found.ids]
                )
            env["facturex.dunning.policy"].browse(self.ids["policy"]).unlink()
            env["res.partner"].browse(self.ids["partner"]).unlink()
            company = env["res.company"].browse(self.ids["company"])
            env.user.company_ids -= company
            company.active = False
            company.name = f"Race over {company.id}"
            env.cr.commit()

    def _notice(self, env):
        return env["facturex.dunning.notice"].create(
            {
                "company_id": self.ids["company"],
                "partner_id": self.ids["partner"],
                "policy_id": self.ids["policy"],
                "date": DAY,
            }
        )

    def test_one_reminder_a_day(self):
        """The second one to create it is told by the database."""
        with self._cursor() as first, self._cursor() as second:
            second["facturex.dunning.notice"].search([])  # its snapshot starts here
            self._notice(first)
            first.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.UniqueViolation),
                mute_logger("odoo.sql_db"),
            ):
                self._notice(second)
                second.flush_all()

    def test_one_sends(self):
        with self._cursor() as env:
            notice_id = self._notice(env).id
            env.cr.commit()
        with self._cursor() as first, self._cursor() as second:
            waiting = second["facturex.dunning.notice"].browse(notice_id)
            self.assertEqual(waiting.state, "draft")  # an old snapshot
            claimed = first["facturex.dunning.notice"].browse(notice_id)._claim()
            self.assertTrue(claimed)
            first.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                waiting._claim()
        with self._cursor() as again:
            self.assertFalse(
                again["facturex.dunning.notice"].browse(notice_id)._claim()
            )

    def test_one_exports(self):
        with self._cursor() as env:
            batch_id = (
                env["facturex.export.batch"]
                .create({"company_id": self.ids["company"]})
                .id
            )
            env.cr.commit()
        with self._cursor() as first, self._cursor() as second:
            late = second["facturex.export.batch"].browse(batch_id)
            self.assertEqual(late.state, "draft")
            first["facturex.export.batch"].browse(batch_id)._claim()
            first.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late._claim()
        with self._cursor() as again:
            with self.assertRaises(ValidationError):
                again["facturex.export.batch"].browse(batch_id)._claim()


class _Environment:
    """An environment on a cursor of its own, closed without a commit."""

    def __init__(self, registry):
        self.cr = registry.cursor()

    def __enter__(self):
        context = {"tracking_disable": True, "chart_template_load": True}
        return api.Environment(self.cr, SUPERUSER_ID, context)

    def __exit__(self, *_exception):
        self.cr.rollback()
        self.cr.close()
