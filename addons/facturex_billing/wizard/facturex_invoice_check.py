from odoo import fields, models


class FacturexInvoiceCheck(models.TransientModel):
    """The list of what an invoice lacks, in a dialog."""

    _name = "facturex.invoice.check"
    _description = "To Complete before Sending"
    _check_company_auto = True

    move_id = fields.Many2one(
        "account.move", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="move_id.company_id")
    alerts = fields.Json(compute="_compute_alerts")

    def _compute_alerts(self):
        for check in self:
            check.alerts = check.move_id._facturex_alerts(
                check.move_id._facturex_findings()
            )
