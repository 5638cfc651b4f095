from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import quotes
from .sale_order_acceptance import ON_ACCEPTANCE


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_forbid_reset = fields.Boolean(
        string="Sent Invoices Cannot Be Changed",
        default=True,
        help="An invoice that was sent can neither be reset to draft, changed, "
        "cancelled nor deleted: it is cancelled with a credit note.",
    )

    facturex_quote_reminders = fields.Boolean(
        string="Remind Unanswered Quotes",
        help="Every day, the quotes that nobody answered are reminded by e-mail.",
    )
    facturex_quote_first_days = fields.Integer(
        string="First Reminder After (days)", default=5
    )
    facturex_quote_gap_days = fields.Integer(string="Then Every (days)", default=7)
    facturex_quote_most = fields.Integer(string="At Most", default=2)
    facturex_quote_expiry_days = fields.Integer(
        string="Before It Expires (days)",
        default=3,
        help="One more reminder, that many days before the quote expires. 0: none.",
    )
    facturex_on_acceptance = fields.Selection(
        ON_ACCEPTANCE, string="When a Quote Is Accepted", default="none", required=True
    )
    facturex_deposit_percent = fields.Float(string="Deposit (%)", default=30)
    facturex_acceptance_post = fields.Boolean(
        string="Post That Invoice",
        help="Otherwise it stays a draft until somebody confirms it.",
    )

    @api.constrains(
        "facturex_quote_first_days",
        "facturex_quote_gap_days",
        "facturex_quote_most",
        "facturex_quote_expiry_days",
    )
    def _check_facturex_quote_days(self):
        for company in self:
            if (
                company.facturex_quote_first_days < 1
                or company.facturex_quote_gap_days < 1
            ):
                raise ValidationError(
                    self.env._("Leave at least one day before a reminder of a quote.")
                )
            if not 0 <= company.facturex_quote_most <= 10:
                raise ValidationError(
                    self.env._("Remind a quote between 0 and 10 times.")
                )
            if company.facturex_quote_expiry_days < 0:
                raise ValidationError(
                    self.env._("The days before a quote expires cannot be negative.")
                )

    @api.constrains("facturex_deposit_percent")
    def _check_facturex_deposit_percent(self):
        for company in self:
            if not 0 < company.facturex_deposit_percent < 100:
                raise ValidationError(
                    self.env._("A deposit is more than 0 and less than 100 percent.")
                )

    def _facturex_quote_policy(self):
        self.ensure_one()
        return quotes.Policy(
            first_days=self.facturex_quote_first_days,
            gap_days=self.facturex_quote_gap_days,
            most=self.facturex_quote_most,
            expiry_days=self.facturex_quote_expiry_days,
        )

    def write(self, vals):
        # who opened the lock, and when, stays known
        if "facturex_forbid_reset" in vals:
            for company in self:
                if company.facturex_forbid_reset != bool(vals["facturex_forbid_reset"]):
                    company._facturex_log_switch(bool(vals["facturex_forbid_reset"]))
        return super().write(vals)

    def _facturex_log_switch(self, forbidden):
        self.ensure_one()
        # a manager may not write on the company's contact, the trace does
        self.sudo().partner_id._message_log(
            body=self.env._("Sent invoices are locked again.")
            if forbidden
            else self.env._("Sent invoices can be changed: the lock was switched off."),
            author_id=self.env.user.partner_id.id,
        )
