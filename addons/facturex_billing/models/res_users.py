from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    facturex_money_alert = fields.Selection(
        [
            ("each", "At once"),
            ("daily", "Once a day, in the morning"),
            ("none", "Never"),
        ],
        string="Money Received",
        default="none",
        required=True,
        help="How you are told that an invoice you follow was paid, in whole or in"
        " part.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["facturex_money_alert"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return super().SELF_WRITEABLE_FIELDS + ["facturex_money_alert"]
