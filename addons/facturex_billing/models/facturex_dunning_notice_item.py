from odoo import fields, models


class FacturexDunningNoticeItem(models.AbstractModel):
    """A journal item as a reminder told of it: frozen, whatever happens to it later."""

    _name = "facturex.dunning.notice.item"
    _description = "Reminder: Journal Item"
    _check_company_auto = True

    notice_id = fields.Many2one(
        "facturex.dunning.notice", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="notice_id.company_id", store=True, index=True, precompute=True
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        required=True,
        ondelete="restrict",
        check_company=True,
        index=True,
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Document")
