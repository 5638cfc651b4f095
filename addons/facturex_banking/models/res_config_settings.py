from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    facturex_paid_on_bank = fields.Boolean(
        related="company_id.facturex_paid_on_bank", readonly=False
    )
