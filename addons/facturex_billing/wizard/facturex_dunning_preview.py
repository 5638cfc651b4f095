from odoo import api, fields, models
from odoo.fields import Domain


class FacturexDunningPreview(models.TransientModel):
    """A level as a real customer would read it; nothing is written nor sent."""

    _name = "facturex.dunning.preview"
    _description = "Preview of a Reminder Level"
    _check_company_auto = True

    step_id = fields.Many2one("facturex.dunning.step", required=True, readonly=True)
    company_id = fields.Many2one(related="step_id.company_id")
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        check_company=True,
        domain="[('company_id', '=', company_id), ('state', '=', 'posted'),"
        " ('move_type', '=', 'out_invoice'),"
        " ('payment_state', 'in', ('not_paid', 'partial'))]",
        default=lambda self: self._default_move_id(),
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    subject = fields.Char(compute="_compute_message")
    message = fields.Html(compute="_compute_message", sanitize=False)
    amounts = fields.Char(string="Claimed", compute="_compute_message")

    @api.model
    def _default_move_id(self):
        """The invoice that is late the longest."""
        step = self.env["facturex.dunning.step"].browse(
            self.env.context.get("default_step_id")
        )
        return self.env["account.move"].search(
            Domain(
                [
                    ("company_id", "=", step.company_id.id or self.env.company.id),
                    ("state", "=", "posted"),
                    ("move_type", "=", "out_invoice"),
                    ("payment_state", "in", ("not_paid", "partial")),
                ]
            ),
            order="invoice_date_due, id",
            limit=1,
        )

    @api.depends("step_id", "move_id", "date")
    def _compute_message(self):
        for preview in self:
            notice = preview._get_notice()
            preview.subject = notice._get_subject() if notice else False
            preview.message = notice._get_message_html() if notice else False
            preview.amounts = (
                notice._get_merge_values(["amount_total"])["amount_total"]
                if notice
                else False
            )

    def _get_notice(self):
        """The message that would be made, in memory only."""
        self.ensure_one()
        step = self.step_id._origin or self.step_id
        move = self.move_id._origin or self.move_id
        lines = move.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable"
                and line.amount_residual_currency > 0
            )
        )
        Notice = self.env["facturex.dunning.notice"]
        if not lines or not self.date:
            return Notice
        partner = move.commercial_partner_id
        lang = partner._facturex_dunning_recipient().lang or self.env.lang
        found = lines._facturex_charges(
            self.date, steps={line.id: step for line in lines}
        )
        prepare = self.env["facturex.dunning.notice.line"]._prepare_charge_vals
        return Notice.with_context(lang=lang).new(
            {
                "company_id": step.company_id.id,
                "policy_id": step.policy_id.id,
                "partner_id": partner.id,
                "date": self.date,
                "line_ids": [
                    fields.Command.create(
                        {
                            "move_line_id": line.id,
                            "step_id": step.id,
                            "amount_residual": line.amount_residual_currency,
                            **prepare(found[line.id]),
                        }
                    )
                    for line in lines
                ],
            }
        )
