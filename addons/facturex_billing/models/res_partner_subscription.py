from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    facturex_subscription_ids = fields.One2many(
        "facturex.subscription",
        "partner_id",
        string="Subscriptions",
        groups="facturex_billing.group_facturex_user",
    )
