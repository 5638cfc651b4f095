from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import dunning


class FacturexDunningRun(models.TransientModel):
    """A day's reminders before they exist: who would get what, and why others not."""

    _name = "facturex.dunning.run"
    _description = "Prepare Reminders"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    policy_id = fields.Many2one("facturex.dunning.policy", compute="_compute_policy_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    line_ids = fields.One2many("facturex.dunning.run.line", "run_id")
    planned_ids = fields.One2many(
        "facturex.dunning.run.line", "run_id", domain=[("reason", "=", False)]
    )
    skipped_ids = fields.One2many(
        "facturex.dunning.run.line", "run_id", domain=[("reason", "!=", False)]
    )
    notice_count = fields.Integer(readonly=True)

    @api.depends("date")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._("To chase")

    @api.depends("company_id")
    def _compute_policy_id(self):
        for run in self:
            run.policy_id = self.env["facturex.dunning.policy"].search(
                [("company_id", "=", run.company_id.id)], limit=1
            )

    def _fill(self):
        """Ask for the plan of the day; only this screen's own rows are written."""
        for run in self:
            commands, count = [fields.Command.clear()], 0
            for _policy, plan in run.policy_id._run(date=run.date, dry=True):
                count += len(plan.notices)
                commands += run._prepare_line_commands(plan)
            run.write({"line_ids": commands, "notice_count": count})

    def _prepare_line_commands(self, plan):
        values = [
            {"move_line_id": line.item.id, "step_id": line.step.id}
            for notice in plan.notices
            for line in notice.lines
        ] + [
            {"move_line_id": skipped.item.id, "reason": skipped.reason}
            for skipped in plan.skipped
        ]
        return [fields.Command.create(vals) for vals in values]

    @api.model
    def action_open(self):
        run = self.create({})
        run._fill()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("To chase"),
            "res_model": self._name,
            "res_id": run.id,
            "view_mode": "form",
            "target": "current",
        }

    def action_refresh(self):
        self.ensure_one()
        self._fill()

    def action_create_policy(self):
        """One click from the empty screen: the standard policy, nothing sent."""
        self.ensure_one()
        self.env["facturex.dunning.policy"].create(
            {
                "name": self.env._("Standard"),
                "company_id": self.company_id.id,
            }
        )
        return self.action_open()

    def action_prepare(self):
        """Make the messages as proposals, then show them."""
        self.ensure_one()
        notices = self.policy_id._run(date=self.date)
        if not notices:
            raise UserError(self.env._("Nobody is to be reminded on %s.", self.date))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_dunning_notice_action"
        )
        action["domain"] = [("id", "in", notices.ids)]
        action["context"] = {}
        return action


class FacturexDunningRunLine(models.TransientModel):
    _name = "facturex.dunning.run.line"
    _description = "Prepare Reminders: Instalment"
    _order = "partner_id, date_maturity, id"

    run_id = fields.Many2one(
        "facturex.dunning.run", required=True, ondelete="cascade", index=True
    )
    move_line_id = fields.Many2one("account.move.line", required=True)
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    partner_id = fields.Many2one(
        related="move_line_id.partner_id", string="Customer", store=True
    )
    date_maturity = fields.Date(
        related="move_line_id.date_maturity", string="Due On", store=True
    )
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    amount_residual = fields.Monetary(
        related="move_line_id.amount_residual_currency", string="Open"
    )
    step_id = fields.Many2one("facturex.dunning.step", string="Level")
    days_late = fields.Integer(compute="_compute_days_late")
    reason = fields.Selection(
        [
            (dunning.SKIP_NOT_YET, "Its next level is not due yet"),
            (dunning.SKIP_BLOCKED, "Blocked or excluded from follow-up"),
            (dunning.SKIP_ALL_STEPS_DONE, "Every level was sent"),
            (dunning.SKIP_GAP, "A message left a few days ago"),
            (dunning.SKIP_CREDIT, "Open credits cover it"),
            (dunning.SKIP_THRESHOLD, "Below the amount worth a message"),
            (dunning.SKIP_NO_ADDRESS, "The customer has no e-mail address"),
            (dunning.SKIP_PENDING, "A reminder is waiting to be sent"),
        ],
        string="Why Not",
    )

    @api.depends("date_maturity", "run_id.date")
    def _compute_days_late(self):
        for line in self:
            line.days_late = (line.run_id.date - line.date_maturity).days
