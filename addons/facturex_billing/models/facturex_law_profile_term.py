from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import term


class FacturexLawProfile(models.Model):
    """What the law says of contracts that are renewed by silence."""

    _inherit = "facturex.law.profile"

    letter_from_months = fields.Integer(
        string="Renewal Letter, Not Before (Months)",
        help="Months before the last day to object to a renewal; 0 in all three: the"
        " law asks no letter.",
    )
    letter_until_months = fields.Integer(string="Renewal Letter, Not After (Months)")
    letter_at_months = fields.Integer(string="Renewal Letter, Sent (Months)")
    exit_after_renewal = fields.Selection(
        [
            (term.EXIT_NEVER, "At the end of the term"),
            (term.EXIT_UNINFORMED, "At any time, if no letter left in time"),
            (term.EXIT_ALWAYS, "At any time, with a short notice"),
        ],
        string="Once Renewed, May Leave",
        required=True,
        default=term.EXIT_NEVER,
    )
    exit_notice_months = fields.Integer(
        string="Longest Notice (Months)", help="Of who may leave at any time."
    )
    refund_days = fields.Integer(
        string="Refund Within (Days)",
        help="Of what was paid for the days after the end.",
    )
    term_source = fields.Char(string="Source for Subscriptions", translate=True)

    @api.constrains("letter_from_months", "letter_until_months", "letter_at_months")
    def _check_letter(self):
        for profile in self:
            months = (
                profile.letter_until_months,
                profile.letter_at_months,
                profile.letter_from_months,
            )
            if min(months) < 0 or list(months) != sorted(months):
                raise ValidationError(
                    self.env._(
                        "%s: the renewal letter is sent between its earliest and its"
                        " latest month.",
                        profile.name,
                    )
                )

    def _to_term_law(self):
        """The engine's law of terms; of no profile: nothing but the contract."""
        if not self:
            return term.TermLaw()
        self.ensure_one()
        return term.TermLaw(
            code=self.code,
            letter_from=self.letter_from_months,
            letter_until=self.letter_until_months,
            letter_at=self.letter_at_months,
            exit_after_renewal=self.exit_after_renewal,
            exit_months=self.exit_notice_months,
            refund_days=self.refund_days,
        )
