from odoo import api, fields, models
from odoo.tools import format_date


class FacturexSubscriptionRun(models.Model):
    """What one billing run did: how many invoices, for how much, who was put aside."""

    _name = "facturex.subscription.run"
    _description = "Billing Run"
    _order = "id desc"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", string="Started By", required=True)
    date = fields.Date(string="Day", required=True)
    date_begin = fields.Datetime(string="Began", required=True)
    date_done = fields.Datetime(string="Ended")
    lane = fields.Integer(help="The scheduled action that runs; 0 is a person.")
    state = fields.Selection(
        [("running", "Running"), ("done", "Done")], required=True, default="running"
    )
    due_count = fields.Integer(string="Subscriptions Due")
    billed_count = fields.Integer(string="Invoices Made")
    parked_count = fields.Integer(string="Put Aside")
    done_count = fields.Integer(string="Subscriptions Handled")
    amount_untaxed = fields.Monetary(string="Untaxed Amount")
    seconds = fields.Float(digits=(12, 1))
    progress = fields.Float(string="Progress (%)", compute="_compute_progress")
    note = fields.Text(
        string="Made One by One",
        help="Why some invoices could not be made in bulk; they are made all the same.",
    )
    line_ids = fields.One2many(
        "facturex.subscription.run.line", "run_id", string="Put Aside, and Why"
    )
    period_ids = fields.One2many("facturex.subscription.period", "run_id")

    @api.depends("date", "date_begin")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._(
                "Billing of %s", format_date(self.env, run.date)
            )

    @api.depends("due_count", "done_count", "state")
    def _compute_progress(self):
        for run in self:
            if run.state == "done":
                run.progress = 100
            else:
                run.progress = 100 * run.done_count / max(run.due_count, 1)

    @api.model
    def _open(self, company, date, due):
        """The run of this worker, taken up again when its time was up before."""
        lane = self.env.context.get("facturex_lane") or 0
        run = lane and self.search(
            [
                ("company_id", "=", company.id),
                ("date", "=", date),
                ("lane", "=", lane),
                ("state", "=", "running"),
            ],
            limit=1,
        )
        # a report that nobody writes by hand: made for who may bill
        return run or self.sudo().create(
            {
                "company_id": company.id,
                "user_id": self.env.uid,
                "date": date,
                "date_begin": fields.Datetime.now(),
                "lane": lane,
                "due_count": due,
            }
        )

    def _add(self, moves, parked, seconds):
        """Count one batch."""
        self.ensure_one()
        run = self.sudo()  # see _open
        run.write(
            {
                "billed_count": run.billed_count + len(moves),
                "amount_untaxed": run.amount_untaxed
                + sum(moves.mapped("amount_untaxed_signed")),
                "parked_count": run.parked_count + len(parked),
                "done_count": run.done_count
                + len(parked | moves.facturex_subscription_id),
                "seconds": run.seconds + seconds,
                "line_ids": [
                    fields.Command.create(
                        {
                            "subscription_id": subscription.id,
                            "reason": subscription.park_reason,
                        }
                    )
                    for subscription in parked
                ],
            }
        )

    def _note(self, reasons):
        """Say why invoices went Odoo's own way, each reason once."""
        for run in self.sudo():  # see _open
            known = (run.note or "").splitlines()
            new = [reason for reason in dict.fromkeys(reasons) if reason not in known]
            if new:
                run.note = "\n".join(known + new)

    def _close(self):
        # see _open
        self.sudo().write({"state": "done", "date_done": fields.Datetime.now()})

    def _get_report_action(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_subscription_run_action"
        )
        if len(self) == 1:
            return action | {
                "views": [(False, "form")],
                "view_mode": "form",
                "res_id": self.id,
            }
        return action | {"domain": [("id", "in", self.ids)]}

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("facturex_period_ids.run_id", "=", self.id)]
        action["context"] = {"create": False}
        return action


class FacturexSubscriptionRunLine(models.Model):
    _name = "facturex.subscription.run.line"
    _description = "Billing Run: Put Aside"
    _order = "run_id desc, id"
    _check_company_auto = True

    run_id = fields.Many2one(
        "facturex.subscription.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="run_id.company_id", store=True, index=True, precompute=True
    )
    subscription_id = fields.Many2one(
        "facturex.subscription", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    reason = fields.Char(string="Why Not")
