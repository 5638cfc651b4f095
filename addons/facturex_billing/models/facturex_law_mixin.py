from odoo import api, fields, models
from odoo.exceptions import AccessError


class FacturexLawMixin(models.AbstractModel):
    """A legal fact: shipped for all companies, or a company's own.

    A company's row replaces the shipped one. Who manages every company of the database
    may correct a shipped row; others adapt it for their company, so that no company
    changes what another one claims.
    """

    _name = "facturex.law.mixin"
    _description = "Legal Fact"

    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Empty: holds for every company. A company's own row replaces it.",
    )
    source = fields.Char(help="Where the figure was published.", translate=True)
    confirmed = fields.Boolean(
        default=True, help="Somebody compared the figure with its publication."
    )

    def _check_may_edit_shared(self):
        if self.env.su or not self or self.env.user.has_group("base.group_system"):
            return
        # only the number of companies is read, to know whether others are concerned
        everything = self.env["res.company"].sudo().search_count([])
        if everything > len(self.env.user.company_ids):
            raise AccessError(
                self.env._(
                    "This row holds for every company. Use “Adapt for My Company”:"
                    " your company then follows its own row."
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records.filtered(lambda r: not r.company_id)._check_may_edit_shared()
        return records

    def write(self, vals):
        self.filtered(lambda r: not r.company_id)._check_may_edit_shared()
        result = super().write(vals)
        if "company_id" in vals:
            self.filtered(lambda r: not r.company_id)._check_may_edit_shared()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shared(self):
        self.filtered(lambda r: not r.company_id)._check_may_edit_shared()

    def action_adapt(self):
        """A copy for the current company, which from now on replaces this row."""
        self.ensure_one()
        self.check_access("read")
        own = self.copy({"company_id": self.env.company.id})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": own.id,
            "view_mode": "form",
        }
