from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import dunning
from ..models.facturex_dunning_reasons import REASONS, describe


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
    policy_ids = fields.Many2many(
        "facturex.dunning.policy", string="Policies", compute="_compute_policy_id"
    )
    is_today = fields.Boolean(compute="_compute_is_today")
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_ids = fields.One2many("facturex.dunning.run.customer", "run_id")
    line_ids = fields.One2many("facturex.dunning.run.line", "run_id")
    planned_ids = fields.One2many(
        "facturex.dunning.run.line", "run_id", domain=[("reason", "=", False)]
    )
    skipped_ids = fields.One2many(
        "facturex.dunning.run.line", "run_id", domain=[("reason", "!=", False)]
    )
    notice_count = fields.Integer(readonly=True)
    bank_text = fields.Char(string="Bank", readonly=True)

    @api.depends("date")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._("To chase")

    @api.depends("company_id")
    def _compute_policy_id(self):
        for run in self:
            run.policy_ids = run._get_policies()
            run.policy_id = run.policy_ids[:1]

    @api.depends("date")
    def _compute_is_today(self):
        today = fields.Date.context_today(self)
        for run in self:
            run.is_today = run.date == today

    def _get_policies(self):
        """Every active policy of the company: together they decide its messages."""
        self.ensure_one()
        return self.env["facturex.dunning.policy"].search(
            [("company_id", "=", self.company_id.id)]
        )

    def _fill(self):
        """Ask for the plan of the day; only this screen's own rows are written."""
        Customer = self.env["facturex.dunning.run.customer"]
        Line = self.env["facturex.dunning.run.line"]
        for run in self:
            run.line_ids.unlink()
            run.customer_ids.unlink()
            count = 0
            for policies, plan in run._get_policies()._run(date=run.date, dry=True):
                count += len(plan.notices)
                Line.create(run._prepare_lines(plan))
                Customer.create(run._prepare_customers(policies, plan))
            run.write({"notice_count": count, "bank_text": run._get_bank_text()})

    def _get_bank_text(self):
        """How far the bank is known: a person decides with it."""
        bank = self.policy_id._facturex_dunning_bank_facts(
            self.company_id, self.env["res.partner"]
        )
        if bank.newest is None:
            return self.env._(
                "No bank line is known: nobody can tell who has paid meanwhile."
            )
        return self.env._(
            "Newest bank line: %(day)s (%(days)s days old)",
            day=format_date(self.env, bank.newest),
            days=(self.date - bank.newest).days,
        )

    def _prepare_lines(self, plan):
        return [
            {"run_id": self.id, "move_line_id": line.item.id, "step_id": line.step.id}
            for notice in plan.notices
            for line in notice.lines
        ] + [
            {
                "run_id": self.id,
                "move_line_id": skipped.item.id,
                "reason": skipped.reason,
            }
            for skipped in plan.skipped
        ]

    def _prepare_customers(self, policies, plan):
        """One row per customer: what is late, what comes next, and why not now."""
        notices = {notice.customer: notice for notice in plan.notices}
        items, why = defaultdict(list), defaultdict(list)
        for notice in plan.notices:
            for line in notice.lines:
                items[notice.customer].append(line.item)
            why[notice.customer] += [(w.code, w.detail) for w in notice.warnings]
        for skipped in plan.skipped:
            items[skipped.item.customer].append(skipped.item)
            if (skipped.reason, skipped.detail) not in why[skipped.item.customer]:
                why[skipped.item.customer].append((skipped.reason, skipped.detail))
        partners = self.env["res.partner"].browse(items)
        last, _pending = policies._get_contacts(partners)
        rows = [
            {
                "run_id": self.id,
                "partner_id": customer,
                "is_planned": customer in notices,
                "is_selected": customer in notices,
                "date_last": last.get(customer),
                "why": " · ".join(describe(self.env, *w) for w in why[customer]),
                **self._prepare_amounts(owed, notices.get(customer)),
            }
            for customer, owed in items.items()
        ]
        return sorted(rows, key=lambda row: (not row["is_planned"], -row["score"]))

    def _prepare_amounts(self, owed, notice):
        sent = self.env["facturex.dunning.step"].browse(
            {step for item in owed for step in item.done_steps}
        )
        following = self.env["facturex.dunning.step"].browse(
            {line.step.id for line in notice.lines} if notice else ()
        )
        late = [item for item in owed if item.date_due < self.date]
        return {
            "amount_late": float(sum(item.worth for item in late)),
            "days_late": max(
                ((self.date - item.date_due).days for item in late), default=0
            ),
            "score": float(sum(dunning.worth(item, self.date) for item in owed)),
            "level_id": sent.sorted("delay_days")[-1:].id,
            "step_id": following.sorted("delay_days")[-1:].id,
        }

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
        if not self.is_today:
            raise UserError(
                self.env._(
                    "%s is a dry run: choose today to prepare reminders.",
                    format_date(self.env, self.date),
                )
            )
        chosen = self.customer_ids.filtered(lambda c: c.is_selected and c.is_planned)
        if self.notice_count and not chosen:
            raise UserError(self.env._("Choose at least one customer to remind."))
        notices = self._get_policies()._run(
            date=self.date, partners=chosen.partner_id if chosen else None
        )
        if not notices:
            raise UserError(
                self.env._(
                    "Nobody is to be reminded on %s.", format_date(self.env, self.date)
                )
            )
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
    reason = fields.Selection(REASONS, string="Why Not")

    @api.depends("date_maturity", "run_id.date")
    def _compute_days_late(self):
        for line in self:
            line.days_late = (line.run_id.date - line.date_maturity).days


class FacturexDunningRunCustomer(models.TransientModel):
    """Whom to chase: what matters most comes first."""

    _name = "facturex.dunning.run.customer"
    _description = "Prepare Reminders: Customer"
    _order = "is_planned desc, score desc, id"

    run_id = fields.Many2one(
        "facturex.dunning.run", required=True, ondelete="cascade", index=True
    )
    is_planned = fields.Boolean(readonly=True)
    is_selected = fields.Boolean(string="Remind")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    currency_id = fields.Many2one(related="run_id.currency_id")
    amount_late = fields.Monetary(string="Late", readonly=True)
    days_late = fields.Integer(string="Oldest, Days", readonly=True)
    score = fields.Float(string="Amount x Days", readonly=True)
    level_id = fields.Many2one(
        "facturex.dunning.step", string="Last Level", readonly=True
    )
    step_id = fields.Many2one(
        "facturex.dunning.step", string="Next Level", readonly=True
    )
    date_last = fields.Date(string="Last Contact", readonly=True)
    why = fields.Char(string="Look at This First", readonly=True)

    def action_open_customer(self):
        """The open invoices behind the row."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        lines = self.run_id.line_ids.filtered(
            lambda line: line.partner_id.commercial_partner_id == self.partner_id
        )
        action["domain"] = [("id", "in", lines.move_id.ids)]
        action["context"] = {"create": False}
        return action

    def action_hold(self):
        """Put this customer on hold, from where one decides."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Put on hold"),
            "res_model": "facturex.dunning.hold",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.run_id.company_id.id,
            },
        }
