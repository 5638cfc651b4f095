"""The bank account of a line: registered by one person, verified by another."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..engine import bank_account


class FacturexCreditLine(models.Model):
    _inherit = "facturex.credit.line"

    def _register_bank(self):
        """Another account is not verified, whatever the former one was."""
        self.ensure_one()
        bank = self.bank_id
        if bank:
            self._check_iban(bank.acc_number)
        # the button of the second person writes the proof; this one takes it away
        line = self.sudo()
        if bank and bank.sanitized_acc_number == line.iban_number:
            return
        line._drop_verification(self.env.user)

    def _drop_verification(self, user):
        had = self.iban_number
        self.write(
            {
                "iban_verified": False,
                "iban_number": False,
                "iban_registered_by": user.id,
                "iban_verified_by": False,
                "iban_verified_on": False,
            }
        )
        if had:
            self._freeze("iban", self.env._("the bank account changed"))
            self._task(self.env._("Verify the changed bank account"))
            self._tell_customer("iban")
        self._refresh_limit()

    def _check_iban(self, number):
        """:raise UserError: the check digits (mod 97) are wrong"""
        if not bank_account.is_iban(number):
            raise UserError(
                self.env._(
                    "%s is not a valid IBAN: its check digits are wrong. Copy it from"
                    " the bank's document.",
                    number or "",
                )
            )

    def action_verify_iban(self):
        """The second person compared the account with its proof."""
        self._check_manager()
        for line in self:
            if not line.bank_id:
                raise UserError(self.env._("Register the bank account first."))
            if line.iban_verified:
                continue
            if line.iban_registered_by == self.env.user:
                raise UserError(
                    self.env._(
                        "You registered this account: another manager verifies it."
                    )
                )
            line._check_holder()
            line._check_documents()
            line.bank_id.allow_out_payment = True
            # who may was checked
            line.sudo().write(
                {
                    "iban_verified": True,
                    "iban_number": line.bank_id.sanitized_acc_number,
                    "iban_verified_by": self.env.uid,
                    "iban_verified_on": fields.Datetime.now(),
                }
            )
            line.message_post(
                body=self.env._("Bank account %s verified.", line.bank_id.acc_number)
            )
            line._refresh_limit()
            if line.state == "frozen" and line.freeze_reason == "iban":
                line._thaw()

    def _check_holder(self):
        """:raise UserError: the account is another one's"""
        if self.bank_id.partner_id.commercial_partner_id != self.partner_id:
            raise UserError(
                self.env._(
                    "The account belongs to %(holder)s, not to %(customer)s.",
                    holder=self.bank_id.partner_id.display_name,
                    customer=self.partner_id.display_name,
                )
            )

    def _check_documents(self):
        """A hook: what must be accepted before the account is."""


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    def write(self, vals):
        result = super().write(vals)
        if {"acc_number", "partner_id"} & vals.keys() or vals.get("active") is False:
            self._facturex_credit_changed(vals)
        return result

    def _facturex_credit_changed(self, vals):
        # a change of account concerns every line that trusts it, seen or not
        lines = self.env["facturex.credit.line"].sudo()
        for line in lines.search([("bank_id", "in", self.ids)]):
            if (
                line.bank_id.sanitized_acc_number != line.iban_number
                or line.bank_id.partner_id.commercial_partner_id != line.partner_id
                or vals.get("active") is False
            ):
                line._drop_verification(self.env.user)
