from decimal import Decimal

from odoo import api, fields, models

from ..engine import payer


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_paid_share = fields.Integer(
        string="Paid (%)", compute="_compute_facturex_paid_share"
    )

    @api.depends("state", "amount_total", "amount_residual")
    def _compute_facturex_paid_share(self):
        """What was seen; a payment that is only registered is in the state."""
        for move in self:
            move.facturex_paid_share = 0
            if move.state == "posted" and move.is_invoice(include_receipts=True):
                move.facturex_paid_share = payer.paid_share(
                    Decimal(str(move.currency_id.round(move.amount_total))),
                    Decimal(str(move.currency_id.round(move.amount_residual))),
                )
