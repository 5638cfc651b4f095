from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class FacturexSubscriptionPeriod(models.Model):
    """One period of one rhythm of a subscription: its invoice, or why there is none."""

    _name = "facturex.subscription.period"
    _description = "Subscription Period"
    _order = "date_start, line_group, id"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "facturex.subscription", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    line_group = fields.Char(required=True)
    date_start = fields.Date(string="From", required=True)
    date_end = fields.Date(string="To", required=True)
    # the whole period that this one is a part of, for the share of the price
    cycle_start = fields.Date(required=True)
    cycle_end = fields.Date(required=True)
    date_invoice = fields.Date(string="Billed On", required=True)
    state = fields.Selection(
        [
            ("planned", "Scheduled"),
            ("billed", "Billed"),
            ("skipped", "Not Billed"),
            ("void", "Void"),
        ],
        required=True,
        default="planned",
    )
    reason = fields.Selection(
        [
            ("free", "Free first period"),
            ("manual", "Skipped by hand"),
            ("paused", "Paused"),
            ("deleted", "Draft invoice deleted"),
            ("nothing", "Nothing to bill"),
        ],
        string="Why Not",
    )
    note = fields.Char(help="Stands below the description on the invoice.")
    is_edited = fields.Boolean(string="Changed by Hand")
    has_manual_amount = fields.Boolean(string="Own Amount")
    manual_amount = fields.Monetary(
        string="Agreed Amount",
        help="Replaces the price of this period, before taxes that come on top.",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        readonly=True,
    )
    run_id = fields.Many2one(
        "facturex.subscription.run",
        index="btree_not_null",
        ondelete="set null",
        readonly=True,
    )
    amount_untaxed = fields.Monetary(
        string="Untaxed Amount", compute="_compute_amount_untaxed"
    )

    # law of the house: the same days are never billed twice
    _start_uniq = models.UniqueIndex(
        "(subscription_id, line_group, date_start) WHERE state != 'void'",
        "This period of the subscription exists already.",
    )
    _due_idx = models.Index("(subscription_id, date_invoice) WHERE state = 'planned'")
    _check_dates = models.Constraint(
        "CHECK(date_start <= date_end)", "A period cannot end before it begins."
    )
    _check_invoice = models.Constraint(
        "CHECK(state != 'billed' OR move_id IS NOT NULL)",
        "A billed period names its invoice.",
    )
    _check_reason = models.Constraint(
        "CHECK(state != 'skipped' OR reason IS NOT NULL)",
        "A skipped period says why.",
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends("date_start", "date_end")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for period in self:
            period.display_name = self.env._(
                "%(start)s to %(end)s",
                start=format_date(self.env, period.date_start),
                end=format_date(self.env, period.date_end),
            )

    @api.depends(
        "state",
        "move_id",
        "has_manual_amount",
        "manual_amount",
        "date_end",
        "subscription_id.line_ids.price_subtotal",
        "subscription_id.line_ids.date_from",
        "subscription_id.line_ids.date_to",
    )
    def _compute_amount_untaxed(self):
        billed = {}
        if ids := self.filtered("move_id").ids:
            # what the invoice says, whatever became of the prices since; not the
            # subtotals, which know nothing of a company that rounds globally
            billed = {
                period.id: -amount
                for period, amount in self.env["account.move.line"]._read_group(
                    [("facturex_period_id", "in", ids)],
                    ["facturex_period_id"],
                    ["amount_currency:sum"],
                )
            }
        for period in self:
            if period.state == "planned":
                period.amount_untaxed = sum(
                    line._untaxed(quantity, price, discount)
                    for line, _part, quantity, price, discount in period._charges()
                )
            else:
                period.amount_untaxed = billed.get(period.id, 0.0)

    def _charges(self):
        """(line, part, quantity, price, discount) of everything billed in the period"""
        self.ensure_one()
        return self.subscription_id._get_charges(self)

    # ------------------------------------------------------------------
    # One occurrence, without touching the others
    # ------------------------------------------------------------------

    def write(self, vals):
        by_hand = {"date_invoice", "note", "has_manual_amount", "manual_amount"}
        changed = vals.keys() & by_hand
        if changed:
            self._check_planned()
            vals = {**vals, "is_edited": True}
        result = super().write(vals)
        if changed:
            self.subscription_id._refresh_next()
        return result

    def _check_planned(self):
        if any(period.state != "planned" for period in self):
            raise UserError(
                self.env._(
                    "Only a planned period can be changed. Correct a billed one with a"
                    " credit note."
                )
            )

    def action_skip(self):
        """Do not bill these periods; the others stay as they are."""
        self.check_access("write")
        self._check_planned()
        self.write({"state": "skipped", "reason": "manual"})
        self.subscription_id._refresh_next()

    def action_plan(self):
        """Bill these skipped periods after all."""
        self.check_access("write")
        if any(period.state != "skipped" for period in self):
            raise UserError(self.env._("Only a skipped period can be planned again."))
        self.write({"state": "planned", "reason": False, "is_edited": True})
        self.subscription_id._refresh_next()

    def action_open_invoice(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        return action | {
            "views": [(False, "form")],
            "view_mode": "form",
            "res_id": self.move_id.id,
        }
