from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import schedule

# who holds this object is a change that is being applied; JSON cannot carry it
BY_CHANGE = object()
# what may be written on a line that is billed already
ALWAYS_OPEN = {"sequence", "price_base"}


class FacturexSubscriptionLine(models.Model):
    _name = "facturex.subscription.line"
    _description = "Subscription Line"
    _order = "subscription_id, sequence, id"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "facturex.subscription", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one(
        "product.product",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        domain="[('sale_ok', '=', True)]",
    )
    name = fields.Text(
        string="Description",
        compute="_compute_from_product",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="{start}, {end}, {month}, {quarter} and {year} become those of the"
        " period.",
    )
    quantity = fields.Float(default=1.0, digits="Product Unit", required=True)
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    price_unit = fields.Float(
        string="Price",
        compute="_compute_from_product",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        digits="Product Price",
    )
    discount = fields.Float(string="Discount (%)", digits="Discount")
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes",
        compute="_compute_tax_ids",
        store=True,
        readonly=False,
        check_company=True,
        domain="[('type_tax_use', '=', 'sale')]",
        context={"active_test": False},
    )
    own_interval = fields.Boolean(
        string="Own Rhythm",
        help="A yearly line on a monthly subscription, for example.",
    )
    interval_count = fields.Integer(string="Every", default=1)
    interval_unit = fields.Selection(
        selection=lambda self: self.env["facturex.subscription.plan"]._selection_unit(),
        string="Rhythm",
        default="month",
    )
    # the periods of lines with the same rhythm are the same
    line_group = fields.Char(
        compute="_compute_line_group", store=True, precompute=True, index=True
    )
    date_from = fields.Date(help="Billed from this day on; empty: from the start.")
    date_to = fields.Date(help="Billed until this day; empty: until the end.")
    price_subtotal = fields.Monetary(
        string="Amount", compute="_compute_price_subtotal", store=True
    )
    amount_mrr = fields.Monetary(
        string="Per Month", compute="_compute_price_subtotal", store=True
    )

    _check_interval = models.Constraint(
        "CHECK(NOT own_interval OR interval_count >= 1)",
        "A line repeats every 1 unit or more.",
    )
    _check_dates = models.Constraint(
        "CHECK(date_from IS NULL OR date_to IS NULL OR date_from <= date_to)",
        "A line cannot end before it begins.",
    )

    is_served = fields.Boolean(
        compute="_compute_is_served", help="It is billed today or will be later."
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends("date_to")
    def _compute_is_served(self):
        today = fields.Date.context_today(self)
        for line in self:
            line.is_served = not line.date_to or today <= line.date_to

    @api.depends("product_id")
    def _compute_from_product(self):
        for line in self:
            if not line.product_id:
                line.name = line.name or False
                line.price_unit = line.price_unit or 0.0
                continue
            subscription = line.subscription_id
            product = line.product_id.with_company(subscription.company_id)
            lang = subscription.partner_id.lang
            line.name = product.with_context(
                lang=lang
            ).get_product_multiline_description_sale()
            line.price_unit = product.currency_id._convert(
                product.lst_price,
                subscription.currency_id,
                subscription.company_id,
                subscription.date_start or fields.Date.context_today(line),
                round=False,
            )

    @api.depends("product_id", "subscription_id.fiscal_position_id")
    def _compute_tax_ids(self):
        for line in self:
            company = line.subscription_id.company_id
            taxes = line.product_id.taxes_id._filter_taxes_by_company(company)
            line.tax_ids = line.subscription_id.fiscal_position_id.map_tax(taxes)

    @api.depends(
        "own_interval",
        "interval_count",
        "interval_unit",
        "subscription_id.interval_count",
        "subscription_id.interval_unit",
    )
    def _compute_line_group(self):
        for line in self:
            source = line if line.own_interval else line.subscription_id
            line.line_group = f"{source.interval_unit}-{source.interval_count}"

    @api.depends(
        "quantity",
        "price_unit",
        "discount",
        "tax_ids",
        "line_group",
        "currency_id",
        "date_from",
        "date_to",
    )
    def _compute_price_subtotal(self):
        today = fields.Date.context_today(self)
        for line in self:
            line.price_subtotal = line._untaxed(
                line.quantity, line.price_unit, line.discount
            )
            # an old and a new line of one service: the one in force today counts;
            # the daily task of the subscriptions looks again on the day it changes
            line.amount_mrr = line._get_mrr() if line._is_served(today) else 0.0

    def _is_served(self, day):
        """Whether this line is in force on a day, whatever its subscription does."""
        self.ensure_one()
        return (not self.date_from or self.date_from <= day) and (
            not self.date_to or day <= self.date_to
        )

    def _get_mrr(self):
        """What the line is worth per month when it is served, untaxed."""
        self.ensure_one()
        source = self if self.own_interval else self.subscription_id
        if source.interval_count < 1:
            return 0.0
        return float(
            schedule.monthly(
                Decimal(str(self.price_subtotal)),
                source.interval_unit,
                source.interval_count,
                digits=self.currency_id.decimal_places,
            )
        )

    def _untaxed(self, quantity, price_unit, discount=0.0):
        """The amount without tax, also of prices that include it."""
        self.ensure_one()
        price = price_unit * (1 - discount / 100)
        currency = self.currency_id or self.env.company.currency_id
        if not self.tax_ids:
            return currency.round(price * quantity)
        return self.tax_ids.compute_all(
            price,
            currency=currency,
            quantity=quantity,
            product=self.product_id,
            partner=self.partner_id,
        )["total_excluded"]

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    def _by_change(self):
        """The same, as a change writes them: see `_check_open`."""
        return self.with_context(facturex_by_change=BY_CHANGE)

    def _check_open(self):
        """What is billed is not rewritten: prices change by a change, with history.

        :raise UserError: a subscription of these lines is confirmed
        """
        if self.env.context.get("facturex_by_change") is BY_CHANGE:
            return
        begun = self.subscription_id.filtered(lambda s: s.state != "draft")
        if begun:
            raise UserError(
                self.env._(
                    "%s is billed already: its lines, customer and currency stay as"
                    " they are. Use the button Change, which keeps the history.",
                    begun[0].display_name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_open()
        lines.subscription_id._after_lines_changed()
        return lines

    def write(self, vals):
        if vals.keys() - ALWAYS_OPEN:
            self._check_open()
        result = super().write(vals)
        if vals.keys() & {"own_interval", "interval_count", "interval_unit"}:
            self.subscription_id._after_lines_changed()
        return result

    def unlink(self):
        self._check_open()
        subscriptions = self.subscription_id
        result = super().unlink()
        subscriptions.exists()._after_lines_changed()
        return result

    # ------------------------------------------------------------------
    # Billing
    # ------------------------------------------------------------------

    def _billed_part(self, period):
        """The days of `period` on which this line is served, None when on none."""
        return schedule.overlap(
            (period.date_start, period.date_end), (self.date_from, self.date_to)
        )

    def _prepare_charge(self, period):
        """(part, quantity, price, discount) of this line in a period, None: nothing.

        A part of a cycle is billed as one piece at the price of its days, rounded
        once; a whole cycle keeps quantity, price and discount.
        """
        part = self._billed_part(period)
        if not part:
            return None
        cycle = (period.cycle_start, period.cycle_end)
        if part == cycle:
            return part, self.quantity, self.price_unit, self.discount
        whole = (
            Decimal(str(self.quantity))
            * Decimal(str(self.price_unit))
            * (1 - Decimal(str(self.discount)) / 100)
        )
        share = schedule.prorate(
            whole, cycle, part, digits=self.currency_id.decimal_places
        )
        return part, 1.0, float(share), 0.0
