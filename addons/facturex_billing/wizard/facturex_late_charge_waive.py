from odoo import fields, models
from odoo.exceptions import UserError


class FacturexLateChargeWaive(models.TransientModel):
    """Nothing is waived without saying why."""

    _name = "facturex.late.charge.waive"
    _description = "Waive Late Charges"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    charge_ids = fields.Many2many(
        "facturex.late.charge",
        check_company=True,
        default=lambda self: self.env.context.get("active_ids"),
    )
    reason = fields.Char(required=True)

    def action_waive(self):
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why these charges are waived."))
        self.charge_ids._waive(self.reason.strip())
