from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import identifiers


class ResPartner(models.Model):
    _inherit = "res.partner"

    facturex_number = fields.Char(
        string="VAT or Company Number",
        compute="_compute_facturex_number",
        inverse="_inverse_facturex_number",
        help="VAT number, Belgian enterprise number, SIREN or SIRET. It is checked, "
        "and gives the country and the address of electronic invoices.",
    )

    @api.model
    def default_get(self, fields_list):
        """What was typed in place of a name may be a number."""
        values = super().default_get(fields_list)
        typed = self.env.context.get("default_name")
        if "facturex_number" in fields_list and identifiers.looks_like_number(typed):
            values.update(facturex_number=typed, name=False)
        return values

    @api.depends("vat", "company_registry")
    def _compute_facturex_number(self):
        for partner in self:
            partner.facturex_number = partner.vat or partner.company_registry

    def _inverse_facturex_number(self):
        for partner in self:
            if not partner.facturex_number:
                continue
            identity = partner._facturex_identity()
            if isinstance(identity, identifiers.Refusal):
                raise ValidationError(partner._facturex_number_refusal(identity))
            partner._facturex_apply_identity(identity)

    @api.onchange("facturex_number")
    def _onchange_facturex_number(self):
        if not self.facturex_number:
            return None
        identity = self._facturex_identity()
        if isinstance(identity, identifiers.Refusal):
            message = self._facturex_number_refusal(identity)
            title = self.env._("Check the number")
            return {
                "warning": {"title": title, "message": message, "type": "notification"}
            }
        self._facturex_apply_identity(identity)
        return None

    def _facturex_identity(self):
        country = self.country_code or self.env.company.country_code or ""
        return identifiers.read(self.facturex_number, country)

    def _facturex_number_refusal(self, refusal):
        if refusal.code == identifiers.CHECK_DIGITS:
            return self.env._(
                "“%s” is not a valid number: its check digits do not fit. Look for "
                "a typing mistake.",
                self.facturex_number,
            )
        return self.env._(
            "“%s” is neither a VAT number, nor a Belgian enterprise number, nor a "
            "SIREN or SIRET. A VAT number of another country starts with its two "
            "letters.",
            self.facturex_number,
        )

    def _facturex_apply_identity(self, identity):
        """Write only what the number knows; an address already chosen stays."""
        values = {"is_company": True}
        if not self.country_id:
            values["country_id"] = (
                self.env["res.country"].search([("code", "=", identity.country)]).id
            )
        if identity.vat:
            values["vat"] = identity.vat
        if identity.registry:
            values["company_registry"] = identity.registry
        changed = {
            name: value
            for name, value in values.items()
            if (self[name].id if name == "country_id" else self[name]) != value
        }
        self.update(changed)
