from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

SCOPES = ("b2b", "b2g", "legal_pro", "legal_other", "mro")


class FacturexLegalRate(models.Model):
    _name = "facturex.legal.rate"
    _description = "Legal Interest Rate"
    _inherit = ["facturex.law.mixin"]
    _order = "country_id, scope, date_from desc, company_id"
    _check_company_auto = True

    country_id = fields.Many2one("res.country", index=True)
    scope = fields.Selection("_selection_scope", required=True)
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="To", help="Empty: until further notice.")
    rate = fields.Float(
        string="Rate (%)", digits=(6, 3), required=True, aggregator=None
    )

    _rate_uniq = models.UniqueIndex(
        "(COALESCE(country_id, 0), scope, COALESCE(company_id, 0), date_from)",
        "There is already a rate that starts on that day.",
    )
    _check_rate = models.Constraint(
        "CHECK(rate >= 0 AND rate <= 100)", "A rate lies between 0 and 100 %."
    )
    _check_dates = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "The last day of a rate comes after its first.",
    )

    @api.model
    def _selection_scope(self):
        labels = [
            self.env._("Late payment between companies"),
            self.env._("Late payment of public buyers"),
            self.env._("Legal rate, professional creditor"),
            self.env._("Legal rate, private creditor"),
            self.env._("ECB main refinancing rate"),
        ]
        return list(zip(SCOPES, labels, strict=True))

    @api.depends("country_id", "scope", "date_from")
    def _compute_display_name(self):
        scopes = dict(self._fields["scope"]._description_selection(self.env))
        for rate in self:
            parts = (rate.country_id.code, scopes.get(rate.scope), str(rate.date_from))
            rate.display_name = " · ".join(part for part in parts if part)

    @api.constrains("country_id", "scope", "company_id", "date_from", "date_to")
    def _check_overlap(self):
        for rate in self:
            domain = Domain(
                [
                    ("id", "!=", rate.id),
                    ("country_id", "=", rate.country_id.id),
                    ("scope", "=", rate.scope),
                    ("company_id", "=", rate.company_id.id),
                ]
            ) & (
                Domain("date_to", "=", False) | Domain("date_to", ">=", rate.date_from)
            )
            if rate.date_to:
                domain &= Domain("date_from", "<=", rate.date_to)
            if other := self.search(domain, limit=1):
                raise ValidationError(
                    self.env._(
                        "The rate from %(date)s overlaps the one from %(other)s: end"
                        " one of them earlier.",
                        date=rate.date_from,
                        other=other.date_from,
                    )
                )

    @api.model
    def _get_rates(self, country, scope, company):
        """The rates of a law, in order; a company's own rows replace the shipped.

        :return: ((first day, `Decimal` percent), ...); None as percent from the day on
            which no rate is known, unless the company goes on with the last known one
        """
        rows = self.search(
            [
                ("country_id", "=", country.id),
                ("scope", "=", scope),
                ("company_id", "in", (company.id, False)),
            ]
        )
        cuts = set(rows.mapped("date_from"))
        cuts |= {row.date_to + timedelta(days=1) for row in rows if row.date_to}
        rates = []
        for day in sorted(cuts):
            valid = rows.filtered(
                lambda r, day=day: (
                    r.date_from <= day and (not r.date_to or r.date_to >= day)
                )
            )
            row = valid.sorted(lambda r: (bool(r.company_id), r.date_from))[-1:]
            rates.append((day, Decimal(str(row.rate)) if row else None))
        if company.facturex_use_last_rate:
            last = None
            for index, (day, percent) in enumerate(rates):
                last = percent if percent is not None else last
                rates[index] = (day, last)
        return tuple(rates)
