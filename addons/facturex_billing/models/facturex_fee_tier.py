from odoo import api, fields, models


class FacturexFeeTier(models.Model):
    _name = "facturex.fee.tier"
    _description = "Tier of a Legal Fee"
    _order = "rule_id, sequence, id"

    rule_id = fields.Many2one(
        "facturex.fee.rule", required=True, ondelete="cascade", index=True
    )
    currency_id = fields.Many2one(related="rule_id.currency_id")
    sequence = fields.Integer(default=10)
    up_to = fields.Monetary(string="Balance Up To", help="Empty: without limit.")
    amount = fields.Monetary(string="Lump Sum")
    percent = fields.Float(string="% of What Exceeds the Tier Below", digits=(6, 3))

    _check_tier = models.Constraint(
        "CHECK(up_to >= 0 AND amount >= 0 AND percent >= 0 AND percent <= 100)",
        "Amounts and percentages of a tier are not negative.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        tiers.rule_id.filtered(lambda r: not r.company_id)._check_may_edit_shared()
        return tiers

    def write(self, vals):
        shared = self.rule_id.filtered(lambda rule: not rule.company_id)
        shared._check_may_edit_shared()
        result = super().write(vals)
        self.rule_id._check_tiers()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shared(self):
        self.rule_id.filtered(lambda r: not r.company_id)._check_may_edit_shared()
