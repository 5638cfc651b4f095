from odoo import api, fields, models


class FacturexExportItem(models.Model):
    """One document of an export, with the amounts that were handed over."""

    _name = "facturex.export.item"
    _description = "Exported Document"
    _order = "batch_id, date, id"
    _check_company_auto = True

    batch_id = fields.Many2one(
        "facturex.export.batch", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="batch_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    move_id = fields.Many2one(
        "account.move",
        string="Document",
        required=True,
        ondelete="restrict",
        check_company=True,
        index=True,
    )
    partner_id = fields.Many2one(
        related="move_id.commercial_partner_id", string="Customer"
    )
    date = fields.Date(compute="_compute_frozen", store=True, precompute=True)
    amount_untaxed = fields.Monetary(
        string="Net", compute="_compute_frozen", store=True, precompute=True
    )
    amount_tax = fields.Monetary(
        string="Tax", compute="_compute_frozen", store=True, precompute=True
    )
    amount_total = fields.Monetary(
        string="Total", compute="_compute_frozen", store=True, precompute=True
    )

    _move_uniq = models.UniqueIndex(
        "(batch_id, move_id)", "A document is in an export once."
    )

    # only the link is a dependency: what was handed over does not change afterwards
    @api.depends("move_id")
    def _compute_frozen(self):
        for item in self:
            move = item.move_id
            item.date = move.date
            item.amount_untaxed = move.amount_untaxed_signed
            item.amount_tax = move.amount_tax_signed
            item.amount_total = move.amount_total_signed
