from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_managed = fields.Boolean(
        string="In a dossier",
        readonly=True,
        copy=False,
        help="Roles per person decide what may be done in this company.",
    )

    _facturex_managed = models.Index("(id) WHERE facturex_managed")

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any("facturex_managed" in vals for vals in vals_list):
            raise AccessError(self._facturex_managed_message())
        companies = super().create(vals_list)
        for company in companies.filtered("parent_id"):
            # a branch belongs to the dossier of its root
            if company.sudo().root_id.facturex_managed:
                # the flag is the dossier's, not the user's
                company.sudo()._facturex_set_managed(True)
        return companies

    def write(self, vals):
        if not self.env.su and "facturex_managed" in vals:
            raise AccessError(self._facturex_managed_message())
        return super().write(vals)

    @api.model
    def _facturex_managed_message(self):
        return self.env._("A dossier decides this, not the company.")

    def _facturex_set_managed(self, managed):
        """Put companies and their branches under roles, or release them."""
        tree = self.with_context(active_test=False).search(
            [("id", "child_of", self.ids)]
        )
        tree.flush_recordset()
        if tree:
            self.env.cr.execute(
                SQL(
                    "UPDATE res_company SET facturex_managed = %s WHERE id IN %s",
                    managed,
                    tuple(tree.ids),
                )
            )
        tree.invalidate_recordset(["facturex_managed"])
        tree.user_ids._facturex_bump()
