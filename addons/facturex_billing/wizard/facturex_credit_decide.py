from odoo import fields, models


class FacturexCreditDecide(models.TransientModel):
    """What the applicant will read, before it is sent."""

    _name = "facturex.credit.decide"
    _description = "Decision on an Application"

    application_id = fields.Many2one("facturex.credit.application", required=True)
    decision = fields.Selection(
        [("more", "Ask for more"), ("refused", "Refuse")], required=True
    )
    reason = fields.Char(required=True)

    def action_confirm(self):
        self.ensure_one()
        self.application_id._decide(self.decision, self.reason)
