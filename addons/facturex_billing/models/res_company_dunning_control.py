from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_bank_stale_days = fields.Integer(
        string="Bank Lines Are Old After",
        default=5,
        help="When the newest bank line is older than this many days, no reminder"
        " leaves by itself, and a proposed one says so.",
    )
    facturex_bank_hard_days = fields.Integer(
        string="Too Old to Remind After",
        default=14,
        help="Beyond this many days a reminder only leaves when a person insists.",
    )
    facturex_undo_minutes = fields.Integer(
        string="Minutes to Undo",
        default=5,
        help="An approved reminder can be taken back for this many minutes; 0 sends at"
        " once.",
    )

    _facturex_check_reminders = models.Constraint(
        "CHECK(facturex_bank_stale_days > 0"
        " AND facturex_bank_hard_days >= facturex_bank_stale_days"
        " AND facturex_undo_minutes BETWEEN 0 AND 1440)",
        "Reminders: the days of the bank lines are positive and “too old” is not less"
        " than “old”; the minutes to undo lie between 0 and 1440.",
    )
