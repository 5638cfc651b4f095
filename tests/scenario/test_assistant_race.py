"""*Send* pressed twice in the invoice assistant: two real cursors, one invoice."""

import psycopg2.errors

from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from tests.scenario.test_races import _Environment


@tagged("post_install", "-at_install")
class TestAssistantRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self._cursor() as env:
            partner = env["res.partner"].create({"name": "Racer"})
            assistant = env["facturex.invoice.assistant"].create(
                {
                    "partner_id": partner.id,
                    "line_ids": [Command.create({"name": "Work", "price_unit": 10})],
                }
            )
            self.assertEqual(assistant.move_id.facturex_assistant_state, "draft")
            self.assistant, self.partner = assistant.id, partner.id
            env.cr.commit()
        self.addCleanup(self._clean)

    def _cursor(self):
        return _Environment(self.registry)

    def _open(self, env):
        return env["facturex.invoice.assistant"].browse(self.assistant)

    def _clean(self):
        with self._cursor() as env:
            move = self._open(env).move_id
            self._open(env).unlink()
            move.unlink()
            env["res.partner"].browse(self.partner).unlink()
            env.cr.commit()

    def test_one_posts(self):
        """The loser fails, is retried by the server, and finds nothing to do."""
        with self._cursor() as first, self._cursor() as second:
            late = self._open(second)
            self.assertEqual(late.move_id.state, "draft")  # its snapshot starts here
            self.assertTrue(self._open(first)._claim("draft", "posted"))
            first.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late._claim("draft", "posted")
        with self._cursor() as again:
            self.assertFalse(self._open(again)._claim("draft", "posted"))
