from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_date, formatLang

from ..engine import figures


class FacturexSubscriptionFigures(models.TransientModel):
    """The figures of one company on one day; nothing of it is kept."""

    _name = "facturex.subscription.figures"
    _description = "Subscription Figures"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    mrr = fields.Monetary(string="MRR", readonly=True)
    arr = fields.Monetary(string="ARR", readonly=True)
    arpc = fields.Monetary(string="MRR per Customer", readonly=True)
    customers = fields.Integer(readonly=True)
    churn = fields.Float(
        string="Churn This Month (%)",
        readonly=True,
        help="What left this month, of the value at its begin.",
    )
    customer_churn = fields.Float(string="Customers Lost (%)", readonly=True)
    months = fields.Html(readonly=True, sanitize=False)
    cohorts = fields.Html(readonly=True, sanitize=False)

    @api.depends("company_id")
    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = self.env._("Subscription figures")

    @api.model
    def action_open(self):
        self.env["facturex.subscription"].check_access("read")
        company = self.env.company
        found = self.env["facturex.subscription"]._get_figures(company)
        wizard = self.create(
            {
                "mrr": float(found.mrr),
                "arr": float(found.arr),
                "arpc": float(found.arpc),
                "customers": found.customers,
                "churn": float(found.months[-1].churn),
                "customer_churn": float(found.months[-1].customer_churn),
                "months": self._render_months(found, company),
                "cohorts": self._render_cohorts(found),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Subscription figures"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "current",
        }

    def action_movements(self):
        self.check_access("read")
        return self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_subscription_movement_action"
        )

    @api.model
    def _month(self, day):
        return format_date(self.env, day, date_format="MMM yyyy")

    @api.model
    def _render_table(self, head, rows):
        """Cells are escaped here; the first column is the month."""
        cells = Markup("").join(
            Markup("<th class='{}' scope='col'>{}</th>").format(
                "text-end" if rank else "", name
            )
            for rank, name in enumerate(head)
        )
        body = Markup("").join(
            Markup("<tr>{}</tr>").format(
                Markup("").join(
                    Markup("<td class='{}'>{}</td>").format(
                        "text-end text-nowrap" if rank else "text-nowrap", cell
                    )
                    for rank, cell in enumerate(row)
                )
            )
            for row in rows
        )
        return Markup(
            "<table class='table table-sm table-hover'>"
            "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
        ).format(cells, body)

    @api.model
    def _render_months(self, found, company):
        kinds = dict(
            self.env["facturex.subscription.change"]
            ._fields["movement"]
            ._description_selection(self.env)
        )

        def money(value):
            if not value:
                return "-"
            return formatLang(self.env, float(value), currency_obj=company.currency_id)

        head = [
            self.env._("Month"),
            self.env._("At the begin"),
            *(kinds[kind] for kind in figures.KINDS),
            self.env._("At the end"),
            self.env._("Churn"),
        ]
        rows = [
            [
                self._month(month.month),
                money(month.opening),
                *(money(month.moved[kind]) for kind in figures.KINDS),
                money(month.closing),
                f"{formatLang(self.env, float(month.churn), digits=1)} %",
            ]
            for month in reversed(found.months)
            if month.opening or month.closing or any(month.moved.values())
        ]
        return self._render_table(head, rows) if rows else False

    @api.model
    def _render_cohorts(self, found):
        if not found.cohorts:
            return False
        age = max(len(cohort.kept) for cohort in found.cohorts)
        head = [
            self.env._("Came in"),
            self.env._("Customers"),
            *(f"+{number}" for number in range(age)),
        ]
        rows = [
            [
                self._month(cohort.month),
                cohort.customers,
                *(f"{value:.0f} %" for value in cohort.kept),
                *("" for _rest in range(age - len(cohort.kept))),
            ]
            for cohort in found.cohorts
        ]
        return self._render_table(head, rows)
