from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class FacturexDunningPolicy(models.Model):
    _name = "facturex.dunning.policy"
    _description = "Reminder Policy"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    mode = fields.Selection(
        [
            ("propose", "Propose, a person sends"),
            ("auto", "Send by itself every day"),
        ],
        required=True,
        default="propose",
        tracking=True,
        help="Nothing ever leaves by itself before you choose to send by itself.",
    )
    min_gap_days = fields.Integer(
        string="Days Between Messages",
        default=7,
        help="A customer never gets two messages within this number of days.",
    )
    min_amount = fields.Monetary(
        string="Not Below", help="Smaller amounts are not worth a message."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Gets a task when a reminder could not be prepared or sent.",
    )
    step_ids = fields.One2many(
        "facturex.dunning.step",
        "policy_id",
        string="Levels",
        copy=True,
        default=lambda self: self._default_step_ids(),
    )
    notice_count = fields.Integer(compute="_compute_notice_count")

    _check_gap = models.Constraint(
        "CHECK(min_gap_days >= 1)",
        "Leave at least one day between two messages to a customer.",
    )

    # ------------------------------------------------------------------
    # Defaults, computes, constraints
    # ------------------------------------------------------------------

    @api.model
    def _default_step_ids(self):
        template = self.env.ref(
            "facturex_billing.mail_template_dunning_notice", raise_if_not_found=False
        )
        if not template:
            return []
        return [
            fields.Command.create(
                {
                    "sequence": index * 10,
                    "name": name,
                    "delay_days": days,
                    "mail_template_id": template.id,
                }
            )
            for index, (days, name) in enumerate(self._get_default_levels(), 1)
        ]

    @api.model
    def _get_default_levels(self):
        """(days after the due date, name in the language of the context)"""
        return [
            (7, self.env._("Friendly reminder")),
            (21, self.env._("Second reminder")),
            (35, self.env._("Last reminder")),
        ]

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        policies.step_ids._translate_default_names()
        return policies

    def _compute_notice_count(self):
        counts = dict(
            self.env["facturex.dunning.notice"]._read_group(
                [("policy_id", "in", self.ids)], ["policy_id"], ["__count"]
            )
        )
        for policy in self:
            policy.notice_count = counts.get(policy, 0)

    @api.constrains("step_ids", "active")
    def _check_steps(self):
        for policy in self.filtered("active"):
            delays = policy.step_ids.sorted(lambda s: (s.sequence, s.id)).mapped(
                "delay_days"
            )
            if not delays:
                raise ValidationError(
                    self.env._("Give the policy %s at least one level.", policy.name)
                )
            if any(late <= early for early, late in pairwise(delays)):
                raise ValidationError(
                    self.env._(
                        "In the policy %s each level must come later than the one"
                        " before it.",
                        policy.name,
                    )
                )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_view_notices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_dunning_notice_action"
        )
        action["domain"] = [("policy_id", "=", self.id)]
        action["context"] = {}
        return action
