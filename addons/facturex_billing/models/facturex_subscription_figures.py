"""Monthly recurring revenue of a company, its movements and its cohorts."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import formatLang

from ..engine import figures

MONTHS = 12


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    @api.model
    def _get_movements(self, company):
        """The movements of a company in its currency, by customer, for the engine."""
        Change = self.env["facturex.subscription.change"]
        groups = Change._read_group(
            [
                ("company_id", "=", company.id),
                ("state", "=", "done"),
                ("movement", "!=", False),
            ],
            ["subscription_id", "date:day", "movement"],
            ["mrr_delta:sum"],
        )
        today = fields.Date.context_today(self)
        rates = {}
        for subscription, day, kind, delta in groups:
            currency = subscription.currency_id
            if currency not in rates:
                rates[currency] = Decimal(
                    str(
                        currency._get_conversion_rate(
                            currency, company.currency_id, company, today
                        )
                    )
                )
            yield figures.Movement(
                customer=subscription.partner_id.commercial_partner_id.id,
                day=day,
                kind=kind,
                delta=Decimal(str(delta)) * rates[currency],
            )

    @api.model
    def _get_figures(self, company):
        today = fields.Date.context_today(self)
        return figures.compute(self._get_movements(company), today, MONTHS)

    @api.model
    def get_figures(self):
        """The strip above the list: [(label, value)] in the user's language."""
        self.browse().check_access("read")
        company = self.env.company
        found = self._get_figures(company)

        def money(value):
            return formatLang(self.env, float(value), currency_obj=company.currency_id)

        return [
            [self.env._("MRR"), money(found.mrr)],
            [self.env._("ARR"), money(found.arr)],
            [
                self.env._("Churn this month"),
                f"{formatLang(self.env, float(found.months[-1].churn), digits=1)} %",
            ],
            [self.env._("Per customer"), money(found.arpc)],
            [self.env._("Customers"), str(found.customers)],
        ]
