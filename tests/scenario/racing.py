"""Two requests at once: cursors whose snapshots begin when the test says."""

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger


class RacingCase(BaseCase):
    """Real cursors and commits, on a company with a Belgian chart.

    The loser gets a serialization failure, which the HTTP layer of Odoo answers by a
    retry in a new snapshot: there it is told what happened, or nothing is left to do.
    """

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.cursors = []
        self.addCleanup(self._clean)
        with self.registry.cursor() as cr:
            # its chart has the accounts of late charges
            self.company = self._env(cr)["res.company"].search(
                [("chart_template", "=", "be_comp")], order="id", limit=1
            )
            self._prepare(self._env(cr))

    def _prepare(self, env):
        """What the requests find."""

    def _remove(self, env):
        """What the requests and `_prepare` left."""

    def _env(self, cr):
        context = {"tracking_disable": True}
        if hasattr(self, "company"):
            context["allowed_company_ids"] = self.company.ids
        return api.Environment(cr, SUPERUSER_ID, context)

    def _open(self):
        """An environment whose snapshot begins now."""
        cr = self.registry.cursor()
        self.cursors.append(cr)
        env = self._env(cr)
        env["account.move"].search_count([])
        return env

    def _clean(self):
        for cr in self.cursors:
            if not cr.closed:
                cr.rollback()
                cr.close()
        with self.registry.cursor() as cr:
            self._remove(self._env(cr))

    @staticmethod
    def _delete(env, ids_of_tables):
        """Facts and posted documents, which the models rightly keep."""
        env.flush_all()
        for table, ids in ids_of_tables:
            env.cr.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [ids])
        env.invalidate_all()

    def _loses(self, call, *errors):
        with self.assertRaises(errors), mute_logger("odoo.sql_db"):
            call()
