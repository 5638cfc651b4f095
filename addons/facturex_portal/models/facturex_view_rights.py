"""Buttons follow the role: comfort, never security; rules refuse what is clicked."""

from lxml import etree

from odoo import api, models

from ..engine import capabilities

# view attribute -> operation
ATTRIBUTES = {"create": "create", "edit": "write", "delete": "unlink"}
TYPES = {
    "list": ("create", "edit", "delete", "duplicate", "import"),
    "form": ("create", "edit", "delete", "duplicate"),
    "kanban": ("create", "edit", "delete", "quick_create"),
}
# buttons of a document that only show or print
READING = {
    "action_open_business_doc",
    "action_print_pdf",
    "action_view_source_sale_orders",
    "preview_invoice",
    "action_preview_sale_order",
}


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model
    def get_view(self, view_id=None, view_type="form", **options):
        result = super().get_view(view_id, view_type, **options)
        if view_type in TYPES and not self._facturex_may_change():
            tree = etree.fromstring(result["arch"])
            for name in TYPES[view_type]:
                tree.set(name, "0")
            for button in tree.xpath("//header//button[@type='object' or not(@type)]"):
                if button.get("name") not in READING:
                    button.set("invisible", "1")
            result["arch"] = etree.tostring(tree, encoding="unicode")
        return result

    @api.model
    def _facturex_may_change(self):
        """Whether some ticked company lets the user change records of this model."""
        if self.env.su or not self._auto or self._abstract or self._transient:
            return True
        if self._name in ("res.company", "res.users") or self._facturex_is_free():
            return True
        user = self.env.user
        if self._name in capabilities.SHARED:
            return not user._facturex_company_ids(capabilities.MEMBER)
        codes = self._facturex_codes_to_change()
        if codes is None:
            return True
        denied = set(user._facturex_denied_ids(*codes))
        return not denied.issuperset(self.env.companies.ids)

    @api.model
    def _facturex_codes_to_change(self):
        """Capabilities of which one opens the model's buttons, None when no role does.

        An action on invoices or bills says by its default which of them it shows.
        """
        if self._name in ("account.move", "account.move.line"):
            kind = self.env.context.get("default_move_type")
            found = [codes for types, _journal, codes in capabilities.MOVES
                     if not kind or kind in types]  # fmt: skip
            return tuple(sorted(set().union(*found)))
        field = self._fields.get("company_id")
        has_company = field is not None and field.comodel_name == "res.company"
        cut = capabilities.cut_of(self._name, has_company)
        return cut and cut.change
