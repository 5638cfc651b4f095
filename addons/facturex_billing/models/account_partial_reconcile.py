from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        # readers' rows, whoever matches
        self.env["facturex.money.alert"].sudo()._see_partials(partials)
        return partials
