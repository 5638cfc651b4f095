from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import plans

HOLD_DAYS = 365


class FacturexPaymentPlan(models.Model):
    """An agreement on instalments for open invoices.

    The invoices keep their own due dates: while the plan is kept, reminders wait and
    the customer sees the dates of the plan; once it is broken the original dates count
    again, and what was paid stays paid.
    """

    _name = "facturex.payment.plan"
    _description = "Payment Plan"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, index=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True
    )
    move_ids = fields.One2many(
        "account.move", "facturex_payment_plan_id", string="Invoices", readonly=True
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Gets a task when the plan is broken.",
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount_total = fields.Monetary(
        string="Total", readonly=True, help="What was open when the plan was made."
    )
    count = fields.Integer(string="Instalments", required=True, default=3)
    every = fields.Integer(required=True, default=1)
    period = fields.Selection(
        [("week", "Weeks"), ("month", "Months")], required=True, default="month"
    )
    date_first = fields.Date(
        string="First Instalment",
        required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=7),
    )
    grace_days = fields.Integer(
        string="Days of Grace",
        default=5,
        help="An instalment may be paid so many days late before the plan is broken.",
    )
    state = fields.Selection(
        [
            ("draft", "Proposal"),
            ("active", "Agreed"),
            ("done", "Paid"),
            ("broken", "Broken"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    line_ids = fields.One2many("facturex.payment.plan.line", "plan_id", copy=True)
    amount_paid = fields.Monetary(string="Paid", compute="_compute_standing")
    amount_late = fields.Monetary(string="Late", compute="_compute_standing")
    date_next = fields.Date(string="Next Instalment", compute="_compute_standing")

    _check_numbers = models.Constraint(
        "CHECK(count BETWEEN 1 AND 60 AND every BETWEEN 1 AND 52"
        " AND grace_days BETWEEN 0 AND 60)",
        "A plan has 1 to 60 instalments and at most 60 days of grace.",
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends("partner_id", "amount_total", "state")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = self.env._(
                "Payment plan of %s", plan.partner_id.display_name
            )

    @api.depends(
        "line_ids.amount",
        "line_ids.date_due",
        "move_ids.amount_residual",
        "amount_total",
        "grace_days",
    )
    def _compute_standing(self):
        today = fields.Date.context_today(self)
        for plan in self:
            standing = plan._get_standing(today)
            plan.amount_paid = float(sum(standing.paid, Decimal(0)))
            plan.amount_late = float(standing.late)
            plan.date_next = standing.next_due

    def _get_standing(self, today):
        self.ensure_one()
        lines = self.line_ids.sorted(lambda line: (line.date_due, line.id))
        left = sum(self.move_ids.mapped("amount_residual"))
        paid = self.currency_id.round(self.amount_total - left) if self.move_ids else 0
        return plans.standing(
            [
                plans.Instalment(line.date_due, Decimal(str(line.amount)))
                for line in lines
            ],
            Decimal(str(paid)),
            today,
            self.grace_days,
        )

    # ------------------------------------------------------------------
    # Making a plan
    # ------------------------------------------------------------------

    @api.model
    def _propose(self, moves):
        """A proposal for what is open on invoices of one customer and currency."""
        moves.check_access("write")
        open_moves = moves.filtered(
            lambda m: (
                m.state == "posted"
                and m.move_type in ("out_invoice", "out_receipt")
                and m.payment_state in ("not_paid", "partial")
            )
        )
        if not open_moves or open_moves != moves:
            raise UserError(
                self.env._("A payment plan is made of posted invoices that are open.")
            )
        if (
            len(moves.company_id) > 1
            or len(moves.commercial_partner_id) > 1
            or len(moves.currency_id) > 1
        ):
            raise UserError(
                self.env._("A payment plan has one customer and one currency.")
            )
        if busy := moves.facturex_payment_plan_id.filtered(
            lambda p: p.state == "active"
        ):
            raise UserError(
                self.env._("%s is agreed on already.", busy[0].display_name)
            )
        plan = self.create(
            {
                "company_id": moves.company_id.id,
                "partner_id": moves.commercial_partner_id.id,
                "currency_id": moves.currency_id.id,
                "amount_total": sum(moves.mapped("amount_residual")),
            }
        )
        moves.facturex_payment_plan_id = plan
        plan._fill_lines()
        return plan

    def _fill_lines(self):
        for plan in self:
            try:
                parts = plans.schedule(
                    Decimal(str(plan.amount_total)),
                    plan.count,
                    plan.date_first,
                    plan.every,
                    plan.period,
                    unit=Decimal(str(plan.currency_id.rounding)),
                )
            except ValueError:
                raise UserError(
                    self.env._(
                        "%(amount)s cannot be split into %(count)s instalments.",
                        amount=plan.currency_id.format(plan.amount_total),
                        count=plan.count,
                    )
                ) from None
            plan.line_ids = [fields.Command.clear()] + [
                fields.Command.create(
                    {"date_due": part.date_due, "amount": float(part.amount)}
                )
                for part in parts
            ]

    def write(self, vals):
        fixed = {"line_ids", "grace_days", "count", "every", "period", "date_first"}
        if fixed & set(vals) and any(plan.state != "draft" for plan in self):
            raise UserError(
                self.env._(
                    "This plan was agreed on: cancel it and make another one instead."
                )
            )
        return super().write(vals)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_calculate(self):
        """The instalments anew, from the number and the first day."""
        self.check_access("write")
        self._fill_lines()

    def action_agree(self):
        """The customer agreed: reminders of the invoices wait while it is kept."""
        self.check_access("write")
        for plan in self:
            if plan.state != "draft":
                raise UserError(self.env._("Only a proposal can be agreed on."))
            left = sum(plan.move_ids.mapped("amount_residual"))
            total = sum(plan.line_ids.mapped("amount"))
            currency = plan.currency_id
            if currency.compare_amounts(left, plan.amount_total):
                plan.amount_total = left
            if currency.compare_amounts(total, left) or not plan.line_ids:
                raise ValidationError(
                    self.env._(
                        "The instalments sum to %(total)s, but %(open)s is open:"
                        " correct them or calculate them anew.",
                        total=currency.format(total),
                        open=currency.format(left),
                    )
                )
        self.state = "active"
        # of two people who agree at once, the second one starts again here
        self.flush_recordset(["state"])
        self._on_plan_active()

    def action_cancel(self):
        self.check_access("write")
        if any(plan.state not in ("draft", "active") for plan in self):
            raise UserError(self.env._("This plan has ended already."))
        self._end("cancelled")

    def action_check(self):
        """Look now whether the plans are kept, as every night."""
        self.check_access("write")
        self._check_kept(fields.Date.context_today(self))

    # ------------------------------------------------------------------
    # Life of a plan
    # ------------------------------------------------------------------

    def _on_plan_active(self):
        """Reminders wait until the last instalment and its days of grace."""
        Hold = self.env["facturex.dunning.hold"]
        today = fields.Date.context_today(self)
        held = Hold.search(
            [
                ("move_id", "in", self.move_ids.ids),
                ("kind", "=", "plan"),
                ("state", "=", "active"),
            ]
        ).move_id
        values = []
        for plan in self:
            last = max(plan.line_ids.mapped("date_due")) + timedelta(plan.grace_days)
            end = max(today, min(last, today + timedelta(HOLD_DAYS)))
            values += [
                {
                    "move_id": move.id,
                    "kind": "plan",
                    "date_start": today,
                    "date_end": end,
                    "note": plan.display_name,
                }
                for move in plan.move_ids - held
            ]
        Hold.create(values)

    def _end(self, state):
        """The plan no longer counts: the original due dates do."""
        self.state = state
        holds = self.env["facturex.dunning.hold"].search(
            [
                ("move_id", "in", self.move_ids.ids),
                ("kind", "=", "plan"),
                ("state", "=", "active"),
            ]
        )
        holds.action_release()

    def _check_kept(self, today):
        by_state = defaultdict(self.browse)
        for plan in self.filtered(lambda p: p.state == "active"):
            by_state[plan._get_standing(today).state] |= plan
        if done := by_state[plans.DONE]:
            done._end("done")
        for plan in by_state[plans.BROKEN]:
            plan._end("broken")
            plan.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("Payment plan broken"),
                note=self.env._(
                    "The original due dates count again; what was paid stays paid."
                ),
                user_id=(plan.user_id or self.env.user).id,
            )
        # a plan longer than a hold may last is held anew
        if kept := by_state[plans.ACTIVE]:
            kept._on_plan_active()

    @api.model
    def _cron_check(self):
        """Daily; one plan that fails stops no other."""
        today = fields.Date.context_today(self)
        cron = self.env["ir.cron"]
        active = self.search([("state", "=", "active")])
        cron._commit_progress(remaining=len(active))
        for plan in active:
            try:
                with self.env.cr.savepoint():
                    plan._check_kept(today)
            except UserError as error:
                plan.message_post(body=str(error))
            if not cron._commit_progress(1):
                break
