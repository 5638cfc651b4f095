from odoo import api, models
from odoo.exceptions import AccessError


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model
    def _facturex_manager_fields(self):
        """Company fields, besides our own, that a Facturex manager may change.

        An add-on that shows a native field on the Company Settings page adds its name.
        """
        return {
            "name",
            "logo",
            "street",
            "street2",
            "zip",
            "city",
            "phone",
            "email",
            "website",
            "vat",
            "company_registry",
        }

    def write(self, vals):
        # The access list opens companies to Facturex managers, whose record rule limits
        # them to their own ones; Odoo knows no right per field for the rest.
        if not self.env.su and not self.env.user.has_group("base.group_erp_manager"):
            refused = {
                name for name in vals if not name.startswith("facturex_")
            } - self._facturex_manager_fields()
            if refused:
                labels = [
                    self._fields[name]._description_string(self.env)
                    for name in sorted(refused)
                    if name in self._fields
                ]
                raise AccessError(
                    self.env._(
                        "Only an Odoo administrator can change this of a company: %s.",
                        ", ".join(labels),
                    )
                )
        return super().write(vals)

    @api.model
    def _facturex_action_settings(self):
        """The settings page of the company in use, for a Facturex manager."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.res_company_action_settings"
        )
        return action | {"res_id": self.env.company.id}
