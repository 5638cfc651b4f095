from odoo import fields, models


class FacturexDunningNoticeCredit(models.Model):
    """What we owed the customer when we wrote: frozen, as he was told."""

    _name = "facturex.dunning.notice.credit"
    _description = "Reminder: Open Credit"
    _order = "date, id"
    _check_company_auto = True

    notice_id = fields.Many2one(
        "facturex.dunning.notice", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="notice_id.company_id", store=True, index=True, precompute=True
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Credit",
        ondelete="cascade",
        required=True,
        check_company=True,
        index=True,
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Document")
    name = fields.Char(required=True)
    date = fields.Date(required=True)
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(string="Open")
