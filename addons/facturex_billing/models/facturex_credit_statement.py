"""What a settlement leaves: its statement for the customer, the rest to pay out."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class FacturexCreditSettlement(models.Model):
    _inherit = "facturex.credit.settlement"

    amount_to_pay = fields.Monetary(
        string="Still to Pay Out",
        compute="_compute_amount_to_pay",
        help="What is left of the sums collected, until it is paid to the customer.",
    )

    @api.depends("move_id.line_ids.amount_residual_currency", "state")
    def _compute_amount_to_pay(self):
        for settlement in self:
            settlement.amount_to_pay = -sum(
                settlement._payout_items().mapped("amount_residual_currency")
            )

    def _payout_items(self):
        """What the seller owes the customer once its purchases are settled."""
        self.ensure_one()
        if self.source != "payout" or self.state != "done":
            return self.env["account.move.line"]
        return self.move_id.line_ids.filtered(
            lambda item: item.account_type == "liability_payable"
        )

    def action_pay_rest(self):
        """Pay it to the verified account: Odoo's own payment, seen on the bank later.

        :raise UserError: nothing is left, or nobody verified the account
        """
        self.ensure_one()
        self.check_access("write")
        items = self._payout_items().filtered(lambda item: not item.reconciled)
        if not items:
            raise UserError(self.env._("Nothing is left to pay out."))
        line = self.line_id
        if not line.iban_verified:
            raise UserError(
                self.env._(
                    "The bank account of %s is not verified: have it verified first,"
                    " what is left stays payable.",
                    self.partner_id.display_name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Pay the Rest"),
            "res_model": "account.payment.register",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "account.move.line",
                "active_ids": items.ids,
                "default_partner_bank_id": line.bank_id.id,
            },
        }

    # ------------------------------------------------------------------
    # The statement
    # ------------------------------------------------------------------

    def action_print_statement(self):
        self.ensure_one()
        self.check_access("read")
        if self.state not in ("done", "reversed"):
            raise UserError(self.env._("A statement follows a booked settlement."))
        return self.env.ref(
            "facturex_billing.action_report_credit_settlement"
        ).report_action(self)

    def _get_statement_name(self):
        self.ensure_one()
        return self.env._("Settlement %s", (self.move_id.name or "").replace("/", "-"))

    def _get_statement_sentence(self):
        """Where the money came from, in words."""
        self.ensure_one()
        if self.source == "payout":
            return self.env._("Sums that we collected for you")
        if self.source == "receipt":
            return self.env._("What your own customers paid you")
        return self.env._("What you paid")

    def _tell_customer(self):
        """Each settlement comes with its statement, also when it is undone."""
        template = self.env.ref("facturex_billing.mail_template_credit_statement")
        # the customer is told, whoever booked
        template = template.sudo()
        for settlement in self.sudo():  # see above
            if settlement.partner_id.email:
                template.send_mail(settlement.id)
