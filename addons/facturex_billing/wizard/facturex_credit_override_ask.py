from odoo import fields, models
from odoo.exceptions import UserError


class FacturexCreditOverrideAsk(models.TransientModel):
    """What a document needs above the limit, and why it may have it."""

    _name = "facturex.credit.override.ask"
    _description = "Ask for an Override"

    line_id = fields.Many2one(
        "facturex.credit.line", string="Deferred Payment", required=True
    )
    currency_id = fields.Many2one(related="line_id.currency_id")
    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True)
    amount_needed = fields.Monetary(string="Needed")
    amount_available = fields.Monetary(
        string="Available", related="line_id.amount_available"
    )
    amount = fields.Monetary(string="Above the Limit", required=True)
    reason = fields.Char(required=True)
    two_managers = fields.Boolean(compute="_compute_two_managers")

    def _compute_two_managers(self):
        for ask in self:
            company = ask.line_id.company_id
            ask.two_managers = (
                ask.currency_id._convert(
                    ask.amount,
                    company.currency_id,
                    company,
                    fields.Date.context_today(ask),
                )
                > company.facturex_credit_four_eyes
            )

    def _open_for(self, document):
        """The dialog for an order or a draft invoice.

        :raise UserError: no line, or room enough
        """
        Line = self.env["facturex.credit.line"]
        customer = document.partner_id.commercial_partner_id
        line = Line._for_partner(customer, document.company_id)
        if not line:
            raise UserError(Line._no_line_message(customer))
        line = line.with_env(self.env)
        line._check_manager()
        if line.state != "open":
            raise UserError(line._closed_message())
        line._refresh_limit()
        needed = document.currency_id._convert(
            document.amount_total,
            line.currency_id,
            line.company_id,
            fields.Date.context_today(self),
        )
        room = line.amount_limit - max(line.amount_used, 0) - line.amount_reserved
        above = line.currency_id.round(needed - room)
        if line.currency_id.compare_amounts(above, 0) <= 0:
            raise UserError(
                self.env._(
                    "%s are available: no override is needed.",
                    line.currency_id.format(room),
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Above the Limit"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_line_id": line.id,
                "default_res_model": document._name,
                "default_res_id": document.id,
                "default_amount_needed": needed,
                "default_amount": above,
            },
        }

    def action_confirm(self):
        self.ensure_one()
        document = self.env[self.res_model].browse(self.res_id)
        document.check_access("write")
        override = self.env["facturex.credit.override"]._ask(
            self.line_id, document, self.amount, self.reason
        )
        if override.state == "approved":
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "res_model": override._name,
            "res_id": override.id,
            "view_mode": "form",
        }
