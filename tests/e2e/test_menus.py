"""Every menu of the application, in a browser, in French, as each kind of user."""

import json
import pathlib

import polib

from odoo.tests import tagged

from tests.e2e.common import FacturexHttpCase

ADDONS = pathlib.Path(__file__).parents[2] / "addons"

# opens each action, then looks for errors and for English words of ours
CRAWL = """
(async () => {
    const menus = %(menus)s, english = new Set(%(english)s), problems = [];
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const { action } = odoo.__WOWL_DEBUG__.root.env.services;
    for (const [name, id] of menus) {
        await action.doAction(id, { clearBreadcrumbs: true });
        const ready = ".o_action_manager .o_view_controller, .modal .o_form_view";
        for (let i = 0; i < 100 && !document.querySelector(ready); i++) await pause(50);
        await pause(150);
        if (!document.querySelector(ready)) problems.push(name + ": nothing opened");
        if (document.querySelector(".o_error_dialog")) problems.push(name + ": error");
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const text = walker.currentNode.textContent.trim();
            if (english.has(text)) problems.push(name + ": in English: " + text);
        }
        document.querySelector(".modal .btn-close")?.click();
        await pause(100);
    }
    if (problems.length) console.error(problems.join("\\n"));
    else console.log("test successful");
})();
"""


@tagged("post_install", "-at_install")
class TestMenus(FacturexHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # made by a French manager, so with the French names of its levels
        policies = cls.env["facturex.dunning.policy"].with_context(lang="fr_FR")
        policies.create({"name": "Standard"})
        cls._invoice(due=cls._days_ago(20))

    def _menus(self, user):
        """(name, action id) of what the user sees under the application."""
        menus = self.env["ir.ui.menu"].with_user(user).with_context(lang="fr_FR")
        root = self.env.ref("facturex_billing.menu_root")
        visible = menus.browse(menus._visible_menu_ids())
        own = visible & menus.search([("id", "child_of", root.id)])
        # a menu shows when all those above it show
        shown = own.filtered(lambda m: m.action and self._above(m) <= visible)
        return [(menu.complete_name, menu.action.id) for menu in shown]

    def _above(self, menu):
        return menu.parent_id | self._above(menu.parent_id) if menu else menu

    def _english(self):
        """Our own words that French says otherwise."""
        words = set()
        for path in ADDONS.glob("*/i18n/fr.po"):
            for entry in polib.pofile(str(path)):
                if entry.msgstr and entry.msgstr != entry.msgid:
                    words.add(entry.msgid.strip())
        french = {
            entry.msgstr.strip()
            for path in ADDONS.glob("*/i18n/fr.po")
            for entry in polib.pofile(str(path))
        }
        return sorted(words - french)

    def _crawl(self, user, expected):
        user.lang = "fr_FR"
        menus = self._menus(user)
        names = {name.split("/")[1] for name, _action in menus}
        self.assertEqual(names, expected)
        code = CRAWL % {
            "menus": json.dumps(menus),
            "english": json.dumps(self._english()),
        }
        self.browser_js(
            "/odoo?debug=1",
            code,
            "odoo.isReady === true && Boolean(odoo.__WOWL_DEBUG__)",
            login=user.login,
            timeout=240,
        )

    def test_user(self):
        self._crawl(
            self.user, {"Tableau de bord", "Ventes", "Achats", "Banque", "Documents"}
        )

    def test_accountant(self):
        self._crawl(
            self.accountant,
            {"Tableau de bord", "Ventes", "Achats", "Banque", "Documents", "Comptable"},
        )

    def test_manager(self):
        self._crawl(
            self.manager,
            {
                "Tableau de bord",
                "Ventes",
                "Achats",
                "Banque",
                "Documents",
                "Comptable",
                "Configuration",
            },
        )

    def test_empty_company(self):
        """A company without a policy or a statement is told what to do first."""
        self.env["facturex.dunning.policy"].search([]).active = False
        self.manager.lang = "en_US"
        self.browser_js(
            "/odoo/action-facturex_billing.facturex_dunning_run_action",
            "document.querySelector(\"button[name='action_create_policy']\").offsetParent"
            " ? console.log('test successful') : console.error('no way out');",
            "Boolean(document.querySelector(\"button[name='action_create_policy']\"))",
            login=self.manager.login,
        )
