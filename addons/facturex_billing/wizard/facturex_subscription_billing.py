from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

# more than this is work for the lanes, not for somebody who waits
INLINE = 100


class FacturexSubscriptionBilling(models.TransientModel):
    """A billing run before it happens: which invoices, and who would be put aside."""

    _name = "facturex.subscription.billing"
    _description = "Bill Subscriptions"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(required=True, default=fields.Date.context_today)
    is_future = fields.Boolean(compute="_compute_is_future")
    line_ids = fields.One2many("facturex.subscription.billing.line", "wizard_id")
    billed_ids = fields.One2many(
        "facturex.subscription.billing.line",
        "wizard_id",
        domain=[("problem", "=", False)],
    )
    parked_ids = fields.One2many(
        "facturex.subscription.billing.line",
        "wizard_id",
        domain=[("problem", "!=", False)],
    )
    invoice_count = fields.Integer(readonly=True)
    parked_count = fields.Integer(readonly=True)

    @api.depends("date")
    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = self.env._("Bill subscriptions")

    @api.depends("date")
    def _compute_is_future(self):
        today = fields.Date.context_today(self)
        for wizard in self:
            wizard.is_future = wizard.date > today

    @api.model
    def action_open(self):
        wizard = self.create({})
        wizard._fill()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bill subscriptions"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "current",
        }

    def action_refresh(self):
        self.ensure_one()
        self._fill()

    def _in_company(self):
        return self.env["facturex.subscription"].with_context(
            allowed_company_ids=self.company_id.ids
        )

    def _fill(self):
        """Ask for the dry run of the day; only this screen's own rows are written."""
        self.ensure_one()
        planned = self._in_company()._run_due(self.date, dry=True)
        self.write(
            {
                "line_ids": [
                    fields.Command.clear(),
                    *(
                        fields.Command.create(self._prepare_line(one))
                        for one in planned
                    ),
                ],
                "invoice_count": sum(not one.problem for one in planned),
                "parked_count": sum(bool(one.problem) for one in planned),
            }
        )

    def _prepare_line(self, planned):
        spans = [
            f"{format_date(self.env, begin)} - {format_date(self.env, end)}"
            for begin, end in planned.periods
        ]
        return {
            "subscription_id": planned.subscription.id,
            "date": planned.date,
            "periods": ", ".join(spans),
            "amount_untaxed": planned.amount,
            "problem": planned.problem,
        }

    def action_bill(self):
        """Bill now, or hand a long list to the scheduled actions."""
        self.ensure_one()
        self.env["account.move"].check_access("create")
        if self.is_future:
            raise UserError(
                self.env._("This day has not come: only its preview can be shown.")
            )
        if self.invoice_count > INLINE:
            # the lanes belong to the administrator; who may bill may wake them
            for lane in ("1", "2"):
                cron = self.env.ref(
                    f"facturex_billing.ir_cron_subscription_lane_{lane}",
                    raise_if_not_found=False,
                )
                if cron:
                    cron._trigger()
            return self.env["ir.actions.act_window"]._for_xml_id(
                "facturex_billing.facturex_subscription_run_action"
            )
        runs = self._in_company()._run_due(self.date)
        if not runs:
            raise UserError(self.env._("Nothing is due on this day any more."))
        return runs._get_report_action()


class FacturexSubscriptionBillingLine(models.TransientModel):
    _name = "facturex.subscription.billing.line"
    _description = "Bill Subscriptions: Invoice"
    _order = "date, id"

    wizard_id = fields.Many2one(
        "facturex.subscription.billing", required=True, ondelete="cascade", index=True
    )
    subscription_id = fields.Many2one("facturex.subscription", required=True)
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    mode = fields.Selection(related="subscription_id.mode")
    date = fields.Date(string="Invoice Date")
    periods = fields.Char()
    amount_untaxed = fields.Monetary(string="Untaxed Amount")
    problem = fields.Char(string="Why Not")
