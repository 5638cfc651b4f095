from odoo import api, fields, models

from ..engine import schedule

# apart from their labels: Odoo's extractor takes a string beside a `_()` for a term
MODES = ("draft", "post", "send")
TERMS = ("open", "fixed", "tacit")


class FacturexSubscriptionPlan(models.Model):
    """How a product is billed again and again, chosen on the product."""

    _name = "facturex.subscription.plan"
    _description = "Recurring Plan"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Empty: for every company.",
    )
    interval_count = fields.Integer(string="Every", required=True, default=1)
    interval_unit = fields.Selection(
        selection="_selection_unit", string="Unit", required=True, default="month"
    )
    bill_timing = fields.Selection(
        selection="_selection_timing",
        string="Billed",
        required=True,
        default="advance",
    )
    mode = fields.Selection(
        selection="_selection_mode",
        string="Invoices",
        required=True,
        default="send",
    )
    first_period = fields.Selection(
        selection="_selection_first",
        string="Broken First Period",
        required=True,
        default="prorated",
    )
    align = fields.Boolean(
        string="From the First of the Month",
        help="Whole periods begin on the first day of a month; the days before it make"
        " a broken first period.",
    )
    term_type = fields.Selection(
        selection="_selection_term",
        string="Term",
        required=True,
        default="open",
    )
    term_months = fields.Integer(string="Months", default=12)
    notice_days = fields.Integer(string="Notice (Days)", default=30)

    _check_interval = models.Constraint(
        "CHECK(interval_count >= 1)", "A plan repeats every 1 unit or more."
    )

    @api.model
    def _selection_unit(self):
        names = {
            "day": self.env._("Days"),
            "week": self.env._("Weeks"),
            "month": self.env._("Months"),
            "quarter": self.env._("Quarters"),
            "year": self.env._("Years"),
        }
        return [(unit, names[unit]) for unit in schedule.UNITS]

    @api.model
    def _selection_timing(self):
        return [
            (schedule.ADVANCE, self.env._("When the period begins")),
            (schedule.ARREARS, self.env._("After the period")),
        ]

    @api.model
    def _selection_mode(self):
        labels = [
            self.env._("Prepare drafts"),
            self.env._("Confirm"),
            self.env._("Confirm and send"),
        ]
        return list(zip(MODES, labels, strict=True))

    @api.model
    def _selection_first(self):
        return [
            (schedule.FIRST_PRORATED, self.env._("By its days")),
            (schedule.FIRST_FREE, self.env._("Free")),
            (schedule.FIRST_FULL, self.env._("Full price")),
        ]

    @api.model
    def _selection_term(self):
        labels = [
            self.env._("Until stopped"),
            self.env._("Ends by itself"),
            self.env._("Renewed tacitly"),
        ]
        return list(zip(TERMS, labels, strict=True))

    def _subscription_vals(self, date_start):
        """The terms of a subscription of this plan that begins on `date_start`."""
        self.ensure_one()
        vals = {
            "plan_id": self.id,
            "date_start": date_start,
            "date_anchor": date_start.replace(day=1) if self.align else date_start,
            "interval_count": self.interval_count,
            "interval_unit": self.interval_unit,
            "bill_timing": self.bill_timing,
            "mode": self.mode,
            "first_period": self.first_period,
            "term_type": self.term_type,
            "term_months": self.term_months,
            "notice_days": self.notice_days,
        }
        if self.term_type == "fixed":
            after = schedule.start(date_start, "month", self.term_months, 1)
            vals["date_end"] = after - schedule.ONE_DAY
        return vals
