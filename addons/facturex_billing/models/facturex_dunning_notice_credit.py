from odoo import fields, models


class FacturexDunningNoticeCredit(models.Model):
    """What we owed the customer when we wrote: frozen, as he was told."""

    _name = "facturex.dunning.notice.credit"
    _description = "Reminder: Open Credit"
    _inherit = ["facturex.dunning.notice.item"]
    _order = "date, id"
    _check_company_auto = True

    move_line_id = fields.Many2one(string="Credit", ondelete="cascade")
    name = fields.Char(required=True)
    date = fields.Date(required=True)
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(string="Open")
