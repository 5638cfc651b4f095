from odoo import fields
from odoo.tests import HttpCase

from odoo.addons.facturex_billing.tests.common import FacturexCommon


class FacturexHttpCase(FacturexCommon, HttpCase):
    """A real browser has a real clock: dates are relative to the user's day."""

    today = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in (cls.user, cls.accountant, cls.manager):
            user.password = user.login + "-password"
        cls.day = fields.Date.context_today(cls.env.user)

    @classmethod
    def _days_ago(cls, days):
        return fields.Date.to_string(fields.Date.subtract(cls.day, days=days))

    def start_tour(self, url_path, tour_name, **options):
        # Odoo allows a minute; a loaded machine may need more (a step still has 10 s)
        options.setdefault("timeout", 180)
        return super().start_tour(url_path, tour_name, **options)

    def browse_as(self, user, tour, url="/odoo", **options):
        self.start_tour(url, tour, login=user.login, **options)

    @classmethod
    def _learn(cls, lang):
        """Our words in a language that the database may not have."""
        cls.env["res.lang"]._activate_lang(lang)
        modules = cls.env["ir.module.module"].search(
            [("name", "=like", "facturex%"), ("state", "=", "installed")]
        )
        modules._update_translations(lang)

    def _assert_speaks(self, lang, source, expected):
        """The tour that follows is read in `lang`, not in English."""
        label = self.env.ref(source).with_context(lang=lang)
        self.assertEqual(label.name, expected)
