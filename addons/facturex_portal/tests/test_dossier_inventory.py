"""No model with a company escapes the roles without somebody having decided so."""

from odoo.tests import tagged

from odoo.addons.facturex_portal.engine import capabilities

from .common import DossierCommon

# model -> why a reader of a dossier may change it although it names a company
OPEN_WITH_COMPANY = {
    "ir.attachment": "a file follows the right on its document",
    "ir.default": "a person's own default values, by Odoo's rule on the user",
}

# model -> why members may change it although all companies share it
OPEN_WITHOUT_COMPANY = {
    "account.full.reconcile": "holds no datum: its partial reconciliations are cut",
    "auth.passkey.key": "the person's own means to log in",
    "discuss.channel": "conversations between people, no document of a company",
    "discuss.channel.member": "conversations between people, no document",
    "discuss.gif.favorite": "the person's own favourites only",
    "ir.embedded.actions": "the person's own shortcuts, by Odoo's rule",
    "ir.exports.line": "names of columns of a saved export, no data",
    "ir.filters": "the person's own saved searches, by Odoo's rule",
    "mail.activity": "checked on its document (facturex_guards)",
    "mail.canned.response": "the person's own texts, by Odoo's rule",
    "mail.message": "checked on its document (base, facturex_guards)",
    "mail.notification": "the person's own notifications only",
    "mail.scheduled.message": "checked on its document (facturex_guards)",
    "res.users.settings": "the person's own preferences only",
    "res.users.settings.embedded.action": "the person's own preferences only",
    "res.users.settings.volumes": "the person's own preferences only",
}

MODES = ("write", "create", "unlink")


@tagged("post_install", "-at_install")
class TestInventory(DossierCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._person("fx_reader")
        cls._member(cls.dossier_a, cls.reader, "reader")
        # the widest groups that a role may ever bring
        cls.reader.sudo().group_ids |= cls.env.ref(
            "facturex_billing.group_facturex_manager"
        )

    def _writable(self):
        """Models with a table that the widest group changes in some way."""
        access = self.env["ir.model.access"].with_user(self.reader)
        for name in sorted(self.env.registry):
            model = self.env[name]
            if model._abstract or model._transient or not model._auto:
                continue
            if any(access.check(name, mode, raise_exception=False) for mode in MODES):
                yield model

    def _company_field(self, model):
        for name in ("company_id", "company_ids"):
            field = model._fields.get(name)
            if field is not None and field.comodel_name == "res.company":
                return name
        return None

    def _is_cut(self, model):
        rules = self.env["ir.rule"].with_user(self.reader)
        return all(
            not rules._facturex_domain(model._name, mode).is_true() for mode in MODES
        )

    def test_models_with_a_company_are_cut(self):
        found = {
            model._name
            for model in self._writable()
            if self._company_field(model)
            and not self._is_cut(model)
            and model._name not in capabilities.OWN_RULES
        }
        self.assertEqual(found, set(OPEN_WITH_COMPANY))

    def test_models_without_company_are_closed_or_reviewed(self):
        found = {
            model._name
            for model in self._writable()
            if not self._company_field(model)
            and not self._is_cut(model)
            and model._name not in capabilities.OWN_RULES
        }
        self.assertEqual(found - set(OPEN_WITHOUT_COMPANY), set())

    def test_wizards_with_a_company_are_cut(self):
        access = self.env["ir.model.access"].with_user(self.reader)
        found = {
            name
            for name, model in self.env.items()
            if model._transient
            and access.check(name, "create", raise_exception=False)
            and (field := model._fields.get("company_id")) is not None
            and field.comodel_name == "res.company"
            and (field.store or field.related)
            and not self._is_cut(model)
        }
        self.assertEqual(found, set())

    def test_every_cut_is_a_domain_of_its_model(self):
        """A misspelt path would fail at the first reader's click."""
        rules = self.env["ir.rule"].with_user(self.reader)
        for name, model in self.env.items():
            if model._abstract or not model._auto:
                continue
            for mode in ("read", "write"):
                with self.subTest(model=name, mode=mode):
                    rules._facturex_domain(name, mode).validate(model.sudo())

    def test_reviewed_lists_are_reasons(self):
        for reason in (*OPEN_WITH_COMPANY.values(), *OPEN_WITHOUT_COMPANY.values()):
            self.assertGreater(len(reason.split()), 3)
