from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class FacturexFeeRule(models.Model):
    _name = "facturex.fee.rule"
    _description = "Legal Fee"
    _inherit = ["facturex.law.mixin"]
    _order = "profile_id, kind, date_from desc"
    _check_company_auto = True

    profile_id = fields.Many2one(
        "facturex.law.profile",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    country_id = fields.Many2one(related="profile_id.country_id")
    kind = fields.Selection(
        [
            ("fixed", "Fixed compensation"),
            ("reminder", "Highest cost of a reminder"),
            ("tiered", "Indemnity by tiers"),
        ],
        required=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    amount = fields.Monetary()
    cap = fields.Monetary(string="Never More Than")
    tier_ids = fields.One2many(
        "facturex.fee.tier", "rule_id", string="Tiers", copy=True
    )
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="To")

    _check_amounts = models.Constraint(
        "CHECK(amount >= 0 AND (cap IS NULL OR cap >= 0)"
        " AND (date_to IS NULL OR date_to >= date_from))",
        "Amounts are not negative, and the last day comes after the first.",
    )

    @api.depends("profile_id", "kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for rule in self:
            rule.display_name = f"{rule.profile_id.name} · {kinds.get(rule.kind)}"

    @api.constrains("kind", "tier_ids")
    def _check_tiers(self):
        for rule in self.filtered(lambda r: r.kind == "tiered"):
            limits = rule.tier_ids.sorted("sequence").mapped("up_to")
            bounded = limits[:-1]
            if (
                not limits
                or limits[-1]
                or not all(bounded)
                or bounded != sorted(set(bounded))
            ):
                raise ValidationError(
                    self.env._(
                        "List the tiers from the lowest; only the last one has no"
                        " upper limit."
                    )
                )

    def _in_force(self, company, date):
        """{kind: rule} at `date`; a company's own rule replaces the shipped one."""
        found = {}
        for rule in self.sorted(lambda r: (bool(r.company_id), r.date_from)):
            if rule.company_id and rule.company_id != company:
                continue
            if rule.date_from <= date and (not rule.date_to or rule.date_to >= date):
                found[rule.kind] = rule
        return found

    def _to_engine_tiers(self, amount):
        return tuple(
            (
                amount(tier.up_to) if tier.up_to else None,
                amount(tier.amount),
                Decimal(str(tier.percent)),
            )
            for tier in self.tier_ids.sorted("sequence")
        )
