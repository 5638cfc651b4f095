from odoo import api, fields, models


class FacturexDunningStep(models.Model):
    _name = "facturex.dunning.step"
    _description = "Reminder Level"
    _order = "policy_id, sequence, id"
    _check_company_auto = True

    policy_id = fields.Many2one(
        "facturex.dunning.policy", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="policy_id.company_id", store=True, index=True, precompute=True
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    delay_days = fields.Integer(
        string="Days Late",
        required=True,
        default=7,
        help="The message leaves this many days after the due date of the instalment.",
    )
    channel = fields.Selection(
        "_selection_channel", required=True, default="email", string="Sent By"
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="E-mail Template",
        required=True,
        domain="[('model', '=', 'facturex.dunning.notice')]",
        default=lambda self: self.env.ref(
            "facturex_billing.mail_template_dunning_notice", raise_if_not_found=False
        ),
    )

    def _translate_default_names(self):
        """The names we ship, in every language: the customer reads them."""
        policy = self.env["facturex.dunning.policy"]
        ours = [name for _days, name in policy._get_default_levels()]
        for lang, _label in self.env["res.lang"].get_installed():
            theirs = policy.with_context(lang=lang)._get_default_levels()
            names = {
                name: other for name, (_days, other) in zip(ours, theirs, strict=True)
            }
            for step in self:
                if other := names.get(step.name):
                    step.with_context(lang=lang).name = other

    @api.constrains("delay_days", "sequence")
    def _check_order(self):
        self.policy_id._check_steps()
