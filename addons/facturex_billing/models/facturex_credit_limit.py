"""What a line may reach: dated rules of the company, and limits granted to one line."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import credit_line as engine

MAX_LIMIT = 20_000_000  # counters are cents in four bytes


class FacturexCreditRule(models.Model):
    _name = "facturex.credit.rule"
    _description = "Limit of Deferred Payment"
    _order = "kind, date_from desc, id desc"
    _rec_name = "kind"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index=True,
        help="Empty: every company without rules of its own.",
    )
    kind = fields.Selection(
        [
            (engine.BASE, "Once opened"),
            (engine.VERIFIED, "Once the bank account is verified"),
        ],
        required=True,
        default=engine.BASE,
    )
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today
    )
    amount = fields.Monetary(string="Limit", required=True)
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )

    _check_amount = models.Constraint(
        f"CHECK(amount BETWEEN 0 AND {MAX_LIMIT})", "A limit is 0 to 20 million."
    )
    _rule_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), kind, date_from)",
        "There is a limit of this kind from this day on already.",
    )

    @api.model
    def _to_engine(self, line):
        """The rules for a line, in its currency: its company's, else the shared."""
        rules = self.search([("company_id", "in", (line.company_id.id, False))])
        own = rules.filtered("company_id")
        return [
            engine.LimitRule(rule.kind, rule._amount_in(line), rule.date_from)
            for rule in own or rules
        ]

    def _amount_in(self, line):
        today = fields.Date.context_today(self)
        amount = self.currency_id._convert(
            self.amount, line.currency_id, line.company_id, today
        )
        return Decimal(str(amount))

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._refresh_lines()
        return rules

    def write(self, vals):
        before = self.company_id
        result = super().write(vals)
        self._refresh_lines(before)
        return result

    def unlink(self):
        before, shared = self.company_id, any(not rule.company_id for rule in self)
        result = super().unlink()
        self._refresh_lines(before, shared)
        return result

    def _refresh_lines(self, companies=(), shared=None):
        """Lines read their limit again; the rule decides, not who may see the line."""
        domain = [("state", "!=", "closed")]
        if shared is None:
            shared = any(not rule.company_id for rule in self.exists())
        if not shared:
            companies = self.exists().company_id | self.env["res.company"].browse(
                [company.id for company in companies]
            )
            domain.append(("company_id", "in", companies.ids))
        # the rule decides, not who may see the line
        self.env["facturex.credit.line"].sudo().search(domain)._refresh_limit()


class FacturexCreditGrant(models.Model):
    """A limit for one customer: who granted it, why, and until when."""

    _name = "facturex.credit.grant"
    _description = "Granted Limit of Deferred Payment"
    _order = "date_from desc, id desc"
    _rec_name = "reason"
    _check_company_auto = True

    line_id = fields.Many2one(
        "facturex.credit.line",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    amount = fields.Monetary(string="Limit", required=True)
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today
    )
    date_to = fields.Date(string="Until", required=True)
    reason = fields.Char(required=True)
    approver_id = fields.Many2one(
        "res.users", string="Granted By", readonly=True, copy=False
    )

    _check_amount = models.Constraint(
        f"CHECK(amount BETWEEN 0 AND {MAX_LIMIT})", "A limit is 0 to 20 million."
    )
    _check_dates = models.Constraint(
        "CHECK(date_from <= date_to)", "A granted limit ends after it begins."
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["approver_id"] = self.env.uid
        grants = super().create(vals_list)
        grants.line_id._refresh_limit()
        return grants

    def write(self, vals):
        if vals.keys() - {"date_to"}:
            raise UserError(
                self.env._(
                    "A granted limit is not rewritten: end it, and grant another one."
                )
            )
        result = super().write(vals)
        self.line_id._refresh_limit()
        return result

    def unlink(self):
        lines = self.line_id
        result = super().unlink()
        lines._refresh_limit()
        return result

    def _to_engine(self):
        self.ensure_one()
        return engine.Grant(
            Decimal(str(self.amount)), self.date_from, self.date_to, self.id
        )
