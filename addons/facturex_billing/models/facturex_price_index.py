from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import price_index


class FacturexPriceIndex(models.Model):
    """A published series, one value per month, that prices may follow."""

    _name = "facturex.price.index"
    _description = "Price Index"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    source = fields.Char(required=True, help="Who publishes it, and where.")
    active = fields.Boolean(default=True)
    value_ids = fields.One2many("facturex.price.index.value", "index_id")
    last_month = fields.Date(compute="_compute_last", string="Latest Month")
    last_value = fields.Float(compute="_compute_last", digits=(12, 4))

    @api.depends("value_ids.month", "value_ids.value")
    def _compute_last(self):
        for index in self:
            last = index.value_ids.sorted("month")[-1:]
            index.last_month = last.month
            index.last_value = last.value

    def _to_values(self):
        """{first day of the month: value} for the engine."""
        self.ensure_one()
        return {
            value.month: price_index.Decimal(str(value.value))
            for value in self.value_ids
        }


class FacturexPriceIndexValue(models.Model):
    _name = "facturex.price.index.value"
    _description = "Price Index Value"
    _order = "month desc, id"
    _check_company_auto = True

    index_id = fields.Many2one(
        "facturex.price.index", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="index_id.company_id", store=True, index=True, precompute=True
    )
    month = fields.Date(required=True, help="Any day: the month counts.")
    value = fields.Float(required=True, digits=(12, 4))
    date_published = fields.Date(string="Published On")

    _month_uniq = models.UniqueIndex(
        "(index_id, month)", "The index has a value for this month already."
    )
    _check_value = models.Constraint(
        "CHECK(value > 0)", "A value of an index is above zero."
    )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_first_day(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_first_day(vals))

    @api.model
    def _with_first_day(self, vals):
        if not vals.get("month"):
            return vals
        month = price_index.month_start(fields.Date.to_date(vals["month"]))
        return {**vals, "month": month}


class FacturexPriceFormula(models.Model):
    """How the prices of subscriptions follow an index."""

    _name = "facturex.price.formula"
    _description = "Price Revision Formula"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    active = fields.Boolean(default=True)
    index_id = fields.Many2one(
        "facturex.price.index", required=True, check_company=True, ondelete="restrict"
    )
    share = fields.Float(
        string="Share That Follows (%)",
        required=True,
        default=80.0,
        help="The rest of the price never changes. In Belgium at most 80 %.",
    )
    lag_months = fields.Integer(
        string="Lag (Months)", help="The index of so many months before the revision."
    )
    has_cap = fields.Boolean(string="Ceiling")
    cap = fields.Float(string="Highest Change (%)")
    has_floor = fields.Boolean(string="Floor")
    floor = fields.Float(string="Lowest Change (%)")

    def _to_engine(self, base_month, digits=2):
        """The engine's formula, with the month of the base value."""
        self.ensure_one()

        def part(percent):
            return price_index.Decimal(str(percent)) / 100

        return price_index.Formula(
            base_month=base_month,
            share=part(self.share),
            lag_months=self.lag_months,
            cap=part(self.cap) if self.has_cap else None,
            floor=part(self.floor) if self.has_floor else None,
            digits=digits,
        )

    @api.constrains("share", "has_cap", "cap", "has_floor", "floor", "lag_months")
    def _check_lawful(self):
        today = fields.Date.context_today(self)
        for formula in self:
            if formula.lag_months < 0:
                raise ValidationError(
                    self.env._("The lag cannot be negative: that index is not known.")
                )
            country = formula.company_id.account_fiscal_country_id.code or ""
            try:
                price_index.check(formula._to_engine(today), country, today)
            except price_index.PriceIndexError as error:
                raise ValidationError(
                    formula._say_refusal(error, country, today)
                ) from error

    def _say_refusal(self, error, country, day):
        if error.code == price_index.ERROR_BOUNDS:
            return self.env._("The floor is above the ceiling: exchange them.")
        return self.env._(
            "The share of %(formula)s must lie between 0 and %(share)s %%: so much of a"
            " price may follow an index here.",
            share=f"{price_index.max_share(country, day) * 100:.0f}",
            formula=self.name,
        )
