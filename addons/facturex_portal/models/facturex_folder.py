from odoo import api, fields, models
from odoo.exceptions import UserError

FROZEN = {"kind", "company_id"}


class FacturexFolder(models.Model):
    """A place for the documents of a company; its class says who sees them.

    The standard folders belong to no company and are there for each; a company adds its
    own. The class decides about the rights and never changes.
    """

    _name = "facturex.folder"
    _description = "Folder"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    kind = fields.Selection(
        [
            ("sales", "Sales"),
            ("purchases", "Purchases"),
            ("bank", "Bank"),
            ("contracts", "Contracts"),
            ("payroll", "Salaries"),
            ("other", "Other"),
            ("package", "Packages of data"),
        ],
        string="Class",
        required=True,
        default="other",
        help="Decides which roles see the documents of the folder.",
    )
    sequence = fields.Integer(default=50)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    active = fields.Boolean(default=True)

    def write(self, vals):
        # not even by the system: what was confidential stays so
        if any(folder[name] != self._to_compare(name, vals[name])
               for folder in self for name in FROZEN & vals.keys()):  # fmt: skip
            raise UserError(
                self.env._(
                    "The class and the company of a folder decide who sees it and do"
                    " not change: make another folder and move the documents."
                )
            )
        return super().write(vals)

    @api.model
    def _to_compare(self, name, value):
        return self._fields[name].convert_to_record(
            self._fields[name].convert_to_cache(value, self), self
        )

    @api.model
    def _get_standard(self, kind):
        """The folder of a class that every company has."""
        return self.env.ref(f"facturex_portal.folder_{kind}")
