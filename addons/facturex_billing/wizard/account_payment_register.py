"""A payout leaves once, whichever of Odoo's windows it is paid in."""

from odoo import models
from odoo.exceptions import UserError


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    def _create_payments(self):
        payouts = self._facturex_payouts()
        if not payouts:
            return super()._create_payments()
        # a payment without an entry leaves the debt open: two windows, opened before
        # either paid, would both pay it
        payouts._claim_payout()
        left = sum(payouts.mapped("amount_to_pay"))
        if any(
            payout.currency_id.compare_amounts(payout.amount_to_pay, 0) <= 0
            for payout in payouts
        ):
            raise UserError(
                self.env._(
                    "Nothing is left to pay out of %s: a payment was made already.",
                    ", ".join(payouts.mapped("display_name")),
                )
            )
        payments = super()._create_payments()
        # what leaves of other debts, or in another currency, is not ours to judge
        if self.line_ids <= payouts._payout_items():
            self._facturex_check_payout(payments, payouts.currency_id, left)
        return payments

    def _facturex_payouts(self):
        """The settlements whose rest is among what is paid here."""
        # sudo: who pays may have no right on settlements, the debt is one all the same
        payouts = self.env["facturex.credit.settlement"].sudo()
        payouts = payouts.search(
            [
                ("move_id", "in", self.line_ids.move_id.ids),
                ("source", "=", "payout"),
                ("state", "=", "done"),
            ]
        )
        return payouts.filtered(lambda payout: payout._payout_items() & self.line_ids)

    def _facturex_check_payout(self, payments, currency, left):
        if len(currency) > 1 or payments.currency_id != currency:
            return
        if currency.compare_amounts(sum(payments.mapped("amount")), left) > 0:
            raise UserError(
                self.env._(
                    "Only %s is left to pay out: pay no more than that.",
                    currency.format(left),
                )
            )
