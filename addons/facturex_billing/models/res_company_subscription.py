from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_subscription_catch_up = fields.Selection(
        [
            ("own", "One invoice per missed period"),
            ("merged", "One invoice for all of them"),
        ],
        string="After an Outage",
        default="own",
        help="What new subscriptions do when periods were missed.",
    )
    facturex_term_reminder_days = fields.Integer(
        string="Told of an End (Days Before)",
        default=30,
        help="When the responsible of a subscription gets a task: before a term ends,"
        " or before the last day to object to its renewal.",
    )
    facturex_subscription_max_periods = fields.Integer(
        string="Periods at Once",
        default=12,
        help="A subscription that has more periods due in one run is put aside until"
        " somebody has looked at its dates.",
    )
