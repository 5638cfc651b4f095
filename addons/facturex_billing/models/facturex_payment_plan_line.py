from odoo import api, fields, models
from odoo.exceptions import UserError


class FacturexPaymentPlanLine(models.Model):
    _name = "facturex.payment.plan.line"
    _description = "Instalment of a Payment Plan"
    _order = "date_due, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "facturex.payment.plan", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="plan_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="plan_id.currency_id")
    date_due = fields.Date(string="Due On", required=True)
    amount = fields.Monetary(required=True)
    amount_paid = fields.Monetary(string="Paid", compute="_compute_paid")
    state = fields.Selection(
        [("open", "Open"), ("late", "Late"), ("paid", "Paid")], compute="_compute_paid"
    )

    _check_amount = models.Constraint(
        "CHECK(amount > 0)", "An instalment is an amount to pay."
    )
    _date_uniq = models.UniqueIndex(
        "(plan_id, date_due)", "A plan has one instalment per day."
    )

    @api.depends("plan_id.amount_paid", "date_due", "amount")
    def _compute_paid(self):
        today = fields.Date.context_today(self)
        for plan, lines in self.grouped("plan_id").items():
            paid = plan._get_standing(today).paid
            ordered = plan.line_ids.sorted(lambda line: (line.date_due, line.id))
            parts = dict(zip(ordered, paid, strict=True))
            for line in lines:
                line.amount_paid = float(parts.get(line, 0))
                rest = line.currency_id.compare_amounts(line.amount, line.amount_paid)
                line.state = (
                    "paid" if rest <= 0 else "late" if line.date_due < today else "open"
                )

    def _check_draft(self):
        if any(line.plan_id.state != "draft" for line in self):
            raise UserError(
                self.env._(
                    "This plan was agreed on: cancel it and make another one instead."
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_draft()
        return lines

    def write(self, vals):
        self._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self._check_draft()
