from odoo import fields, models, tools
from odoo.fields import Domain

from ..engine import capabilities

MOVE_MODELS = ("account.move", "account.move.line")


class IrRule(models.Model):
    """Every record rule is narrowed by the user's roles in the dossiers.

    The narrowing comes from a table in code, not from records: it covers models of
    modules installed later, and no administrator's edit can open it.
    """

    _inherit = "ir.rule"

    def _compute_domain_context_values(self):
        yield from super()._compute_domain_context_values()
        yield self._facturex_key()

    def _facturex_key(self):
        """Version of the user's rights, None when no dossier restricts him."""
        if self.env.su or not self.env.uid:
            return None
        key = self.env.user.facturex_acl_key
        return (key, fields.Datetime.now().date()) if key else None

    def _compute_domain(self, model_name, mode="read"):
        domain = super()._compute_domain(model_name, mode)
        cut = self._facturex_domain(model_name, mode)
        return domain if cut.is_true() else domain & cut

    def _facturex_domain(self, model_name, mode):
        """What the user's roles leave of a model, for one operation."""
        key = self._facturex_key()
        return self._facturex_cut(model_name, mode, key) if key else Domain.TRUE

    @tools.ormcache("self.env.uid", "model_name", "mode", "key")
    def _facturex_cut(self, model_name, mode, key):
        user = self.env.user
        if model_name in capabilities.SHARED and mode != "read":
            is_member = bool(user._facturex_company_ids(capabilities.MEMBER))
            return Domain.FALSE if is_member else Domain.TRUE
        if model_name in MOVE_MODELS and mode != "read":
            return self._facturex_move_cut()
        if model_name == "facturex.request":
            # what is to be filed is seen by whom the folder is open to
            return Domain("folder_kind", "=", False) | self._facturex_class_cut(
                "folder_kind", mode
            )
        if model_name in capabilities.FOLDER_MODELS:
            return self._facturex_folder_cut(model_name, mode)
        field = self.env[model_name]._fields.get("company_id")
        has_company = (
            field is not None
            and field.comodel_name == "res.company"
            and bool(field.store or field.related)
        )
        cut = capabilities.cut_of(model_name, has_company)
        if cut is None:
            return Domain.TRUE
        if mode == "read":
            codes = cut.read or (capabilities.MEMBER,)
            pairs = ((cut.path, tuple(map(capabilities.see, codes))),)
            if model_name in capabilities.NATIVE_READ:
                return Domain.TRUE
        else:
            pairs = ((cut.path, cut.change), *cut.more)
        return Domain.AND(
            Domain(path, "not in", denied)
            for path, codes in pairs
            if (denied := user._facturex_denied_ids(*codes))
        )

    def _facturex_move_cut(self):
        """Invoices, bills, bank entries and other entries: each its capability."""
        user = self.env.user
        parts = []
        for types, journal, codes in capabilities.MOVES:
            part = Domain("move_type", "in", types)
            if journal:
                part &= Domain("journal_id.type", *journal)
            if denied := user._facturex_denied_ids(*codes):
                part &= Domain("company_id", "not in", denied)
            parts.append(part)
        every = all(
            not user._facturex_denied_ids(*codes)
            for *_kind, codes in capabilities.MOVES
        )
        return Domain.TRUE if every else Domain.OR(parts)

    def _facturex_folder_cut(self, model_name, mode):
        domain = self._facturex_class_cut("kind", mode)
        if model_name == "facturex.folder" and mode != "read":
            denied = self.env.user._facturex_denied_ids("configure")
            domain &= Domain("company_id", "not in", denied)
        return domain

    def _facturex_class_cut(self, field, mode):
        """Each class of folder its capabilities; a class nobody listed is closed."""
        user = self.env.user
        parts = []
        for kind, codes in capabilities.FOLDERS.items():
            if mode == "read":
                codes = map(capabilities.see, codes)
            denied = {cid for code in codes for cid in user._facturex_denied_ids(code)}
            parts.append(
                Domain(field, "=", kind)
                & Domain("company_id", "not in", sorted(denied))
            )
        return Domain.OR(parts)
