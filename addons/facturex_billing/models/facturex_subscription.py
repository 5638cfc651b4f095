from datetime import date as Date

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..engine import schedule

# how many occurrences a person sees ahead
HORIZON = 12
# below this number of planned ones the schedule is continued
HORIZON_LOW = 6
# dates before this are a slip of the pen, never a subscription
FIRST_YEAR = 1990

SCHEDULE_FIELDS = {
    "date_start",
    "date_anchor",
    "date_end",
    "date_billed_until",
    "interval_count",
    "interval_unit",
    "bill_timing",
    "first_period",
    "prorate_last",
}


class FacturexSubscription(models.Model):
    _name = "facturex.subscription"
    _description = "Subscription"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "next_date, id"
    _check_company_auto = True

    name = fields.Char(string="Number", readonly=True, copy=False, index="trigram")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
    )
    partner_invoice_id = fields.Many2one(
        "res.partner",
        string="Invoice Address",
        compute="_compute_partner_invoice_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        check_company=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Gets a task when the subscription cannot be billed.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    journal_id = fields.Many2one(
        "account.journal",
        compute="_compute_journal_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        domain="[('type', '=', 'sale')]",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        string="Payment Terms",
        compute="_compute_payment_term_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        compute="_compute_fiscal_position_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
    )
    ref = fields.Char(string="Customer's Reference")
    note = fields.Html(string="Note on the Invoices")
    plan_id = fields.Many2one(
        "facturex.subscription.plan",
        string="Recurring Plan",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
    )

    line_ids = fields.One2many(
        "facturex.subscription.line", "subscription_id", copy=True
    )
    period_ids = fields.One2many("facturex.subscription.period", "subscription_id")

    date_start = fields.Date(
        string="Start",
        required=True,
        default=fields.Date.context_today,
        tracking=True,
        copy=False,
    )
    date_anchor = fields.Date(
        string="Whole Periods Begin",
        compute="_compute_date_anchor",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="A day on which a whole period begins; the start, unless you align the"
        " periods with another day.",
    )
    date_end = fields.Date(
        string="End", tracking=True, copy=False, help="Last day of the service."
    )
    date_billed_until = fields.Date(
        string="Already Billed Until",
        copy=False,
        help="Periods that begin on or before this day were billed elsewhere.",
    )
    interval_count = fields.Integer(string="Every", required=True, default=1)
    interval_unit = fields.Selection(
        selection=lambda self: self.env["facturex.subscription.plan"]._selection_unit(),
        string="Unit",
        required=True,
        default="month",
    )
    bill_timing = fields.Selection(
        selection=lambda self: self.env[
            "facturex.subscription.plan"
        ]._selection_timing(),
        string="Billed",
        required=True,
        default=schedule.ADVANCE,
    )
    first_period = fields.Selection(
        selection=lambda self: self.env[
            "facturex.subscription.plan"
        ]._selection_first(),
        string="Broken First Period",
        required=True,
        default=schedule.FIRST_PRORATED,
    )
    prorate_last = fields.Boolean(string="Last Period by Its Days", default=True)
    term_type = fields.Selection(
        selection=lambda self: self.env["facturex.subscription.plan"]._selection_term(),
        string="Term",
        required=True,
        default="open",
    )
    term_months = fields.Integer(string="Months", default=12)
    notice_days = fields.Integer(string="Notice (Days)", default=30)
    mode = fields.Selection(
        selection=lambda self: self.env["facturex.subscription.plan"]._selection_mode(),
        string="Invoices",
        required=True,
        default="send",
        tracking=True,
    )
    catch_up = fields.Selection(
        [
            ("own", "One invoice per missed period"),
            ("merged", "One invoice for all of them"),
        ],
        string="After an Outage",
        compute="_compute_catch_up",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("running", "Running"),
            ("paused", "Paused"),
            ("stopped", "Stopped"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    next_period_start = fields.Date(string="Next Period", readonly=True, copy=False)
    next_date = fields.Date(string="Next Invoice", readonly=True, copy=False)
    amount_untaxed = fields.Monetary(
        string="Per Period", compute="_compute_amounts", store=True
    )
    amount_mrr = fields.Monetary(
        string="MRR",
        compute="_compute_amounts",
        store=True,
        help="Monthly recurring revenue: what the lines in force are worth per month,"
        " untaxed; nothing while it is paused or stopped.",
    )
    has_dated_lines = fields.Boolean(compute="_compute_has_dated_lines")
    preview_ids = fields.One2many(
        "facturex.subscription.period",
        compute="_compute_preview_ids",
        inverse="_inverse_preview_ids",
        string="Next Invoices",
    )
    move_count = fields.Integer(string="Invoice Count", compute="_compute_move_count")

    park_state = fields.Selection(
        [("retry", "Tried again tomorrow"), ("blocked", "Needs a decision")],
        string="Problem",
        readonly=True,
        copy=False,
    )
    park_reason = fields.Char(string="Why Not Billed", readonly=True, copy=False)
    park_retry_date = fields.Date(readonly=True, copy=False)

    origin_move_id = fields.Many2one(
        "account.move",
        string="Made from Invoice",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    sale_order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )

    _check_interval = models.Constraint(
        "CHECK(interval_count >= 1)", "A subscription repeats every 1 unit or more."
    )
    _check_dates = models.Constraint(
        "CHECK(date_end IS NULL OR date_end >= date_start)",
        "A subscription cannot end before it begins.",
    )
    # what a run looks for, and nothing else
    _due_idx = models.Index(
        "(company_id, next_date) WHERE state IN ('running', 'stopped')"
        " AND next_date IS NOT NULL"
    )

    # ------------------------------------------------------------------
    # Computes, constraints
    # ------------------------------------------------------------------

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for subscription in self:
            subscription.display_name = " - ".join(
                filter(None, [subscription.name, subscription.partner_id.name])
            )

    @api.depends("partner_id")
    def _compute_partner_invoice_id(self):
        for subscription in self:
            partner = subscription.partner_id
            address = partner.address_get(["invoice"])["invoice"] if partner else False
            subscription.partner_invoice_id = address

    @api.depends("company_id")
    def _compute_journal_id(self):
        for subscription in self:
            subscription.journal_id = self.env["account.journal"].search(
                [
                    *self.env["account.journal"]._check_company_domain(
                        subscription.company_id
                    ),
                    ("type", "=", "sale"),
                ],
                limit=1,
            )

    @api.depends("partner_id", "company_id")
    def _compute_payment_term_id(self):
        for subscription in self:
            partner = subscription.partner_id.with_company(subscription.company_id)
            subscription.payment_term_id = partner.property_payment_term_id

    @api.depends("partner_id", "partner_invoice_id", "company_id")
    def _compute_fiscal_position_id(self):
        for subscription in self:
            positions = self.env["account.fiscal.position"].with_company(
                subscription.company_id
            )
            subscription.fiscal_position_id = (
                positions._get_fiscal_position(subscription.partner_id)
                if subscription.partner_id
                else False
            )

    @api.depends("date_start")
    def _compute_date_anchor(self):
        for subscription in self:
            subscription.date_anchor = subscription.date_start

    @api.depends("company_id")
    def _compute_catch_up(self):
        for subscription in self:
            subscription.catch_up = (
                subscription.company_id.facturex_subscription_catch_up or "own"
            )

    @api.depends("line_ids.date_from", "line_ids.date_to")
    def _compute_has_dated_lines(self):
        """An old line and the one that follows it say from when each is billed."""
        for subscription in self:
            subscription.has_dated_lines = any(
                line.date_from or line.date_to for line in subscription.line_ids
            )

    @api.depends(
        "state",
        "line_ids.price_subtotal",
        "line_ids.amount_mrr",
        "line_ids.line_group",
        "line_ids.date_from",
        "line_ids.date_to",
    )
    def _compute_amounts(self):
        today = fields.Date.context_today(self)
        for subscription in self:
            own = subscription._get_group_key(subscription)
            lines = subscription.line_ids
            subscription.amount_untaxed = sum(
                line.price_subtotal
                for line in lines
                if line.line_group == own and line._is_served(today)
            )
            alive = subscription.state in ("draft", "running")
            subscription.amount_mrr = sum(lines.mapped("amount_mrr")) if alive else 0.0

    @api.depends("period_ids", "period_ids.state", "period_ids.date_start")
    def _compute_preview_ids(self):
        """What was billed last, then the next occurrences, in the order of days."""
        for subscription in self:
            periods = subscription.period_ids.sorted(
                lambda p: (p.date_start, p.line_group)
            )
            ahead = periods.filtered(lambda p: p.state == "planned")[:HORIZON]
            first = ahead[:1].date_start or Date.max
            skipped = periods.filtered(
                lambda p, first=first: p.state == "skipped" and p.date_start >= first
            )
            subscription.preview_ids = ahead | skipped

    def _inverse_preview_ids(self):
        """The rows write themselves; the schedule neither gains nor loses one here."""

    def _compute_move_count(self):
        counts = dict(
            self.env["account.move"]._read_group(
                [("facturex_subscription_id", "in", self.ids)],
                ["facturex_subscription_id"],
                ["__count"],
            )
        )
        for subscription in self:
            subscription.move_count = counts.get(subscription, 0)

    @api.constrains("date_start", "date_anchor", "date_end")
    def _check_plausible_dates(self):
        for subscription in self:
            days = (subscription.date_start, subscription.date_anchor)
            if any(day and day.year < FIRST_YEAR for day in days):
                raise ValidationError(
                    self.env._(
                        "The dates of a subscription cannot lie before %s.", FIRST_YEAR
                    )
                )

    @api.onchange("plan_id")
    def _onchange_plan_id(self):
        if self.plan_id and self.state == "draft" and self.date_start:
            self.update(self.plan_id._subscription_vals(self.date_start))

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("name"):
                vals["name"] = self.env["ir.sequence"].next_by_code(self._name)
        subscriptions = super().create(vals_list)
        subscriptions._plan_periods()
        return subscriptions

    def write(self, vals):
        if vals.keys() & {"partner_id", "currency_id"}:
            self.line_ids._check_open()
        result = super().write(vals)
        if vals.keys() & SCHEDULE_FIELDS:
            self._replan()
        if vals.keys() & {"interval_unit", "interval_count"}:
            # the same price for another time is another monthly value
            running = self.filtered(lambda sub: sub.state == "running")
            running._note_value(fields.Date.context_today(self))
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for vals in vals_list:
            # its own anchor; nothing billed yet
            vals.setdefault("date_start", fields.Date.context_today(self))
            vals.setdefault("date_anchor", vals["date_start"])
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_only_never_billed(self):
        if any(subscription.state != "draft" for subscription in self):
            raise UserError(
                self.env._(
                    "Only a draft subscription can be deleted. Stop the others: their"
                    " invoices need their history."
                )
            )

    def _after_lines_changed(self):
        """A rhythm came or went: plan it, or drop what was planned of it."""
        subscriptions = self.filtered("id")
        if subscriptions:
            subscriptions._replan()

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_confirm(self):
        self.check_access("write")
        for subscription in self:
            if subscription.state != "draft":
                raise UserError(
                    self.env._("%s is confirmed already.", subscription.display_name)
                )
            if not subscription.line_ids:
                raise UserError(
                    self.env._(
                        "Give %s at least one line, so that there is something to"
                        " bill.",
                        subscription.display_name,
                    )
                )
        self.write({"state": "running"})
        self._plan_periods()

    def action_duplicate(self):
        """A draft with the same lines, terms and customer, from today."""
        self.ensure_one()
        self.check_access("read")
        return self.copy()._get_form_action()

    def action_bill_now(self):
        """Bill what is due of these subscriptions, today."""
        self.check_access("write")
        self._unpark()
        runs = self._run_due()
        if not runs:
            raise UserError(
                self.env._("Nothing is due before %s.", self._get_next_date_words())
            )
        return runs._get_report_action()

    def action_unpark(self):
        """The cause is repaired: let the next run try again."""
        self.check_access("write")
        self._unpark()

    def action_view_invoices(self):
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("facturex_subscription_id", "in", self.ids)]
        action["context"] = {"create": False}
        return action

    def action_view_periods(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_subscription_period_action"
        )
        action["domain"] = [("subscription_id", "=", self.id)]
        return action

    def _get_form_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "view_mode": "form",
            "res_id": self.id,
        }

    def _get_next_date_words(self):
        days = [day for day in self.mapped("next_date") if day]
        return format_date(self.env, min(days)) if days else "-"
