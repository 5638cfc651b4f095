from odoo import fields, models


class FacturexCreditFreeze(models.TransientModel):
    """Why a line is frozen, before it is."""

    _name = "facturex.credit.freeze"
    _description = "Freeze Deferred Payment"

    line_id = fields.Many2one("facturex.credit.line", required=True)
    reason = fields.Char(
        required=True, help="The customer reads it when he wants to buy."
    )

    def _open_for(self, line):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Freeze Deferred Payment"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_id": line.id},
        }

    def action_confirm(self):
        self.line_id.check_access("write")
        self.line_id._freeze("manual", self.reason)
