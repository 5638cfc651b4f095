"""What a settlement leaves: its statement for the customer, the rest to pay out."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class FacturexCreditSettlement(models.Model):
    _inherit = "facturex.credit.settlement"

    amount_to_pay = fields.Monetary(
        string="Still to Pay Out",
        compute="_compute_amount_to_pay",
        help="What is left of the sums collected, until a payment to the customer is"
        " made.",
    )

    payout_on = fields.Datetime(string="Paid Out On", readonly=True, copy=False)

    @api.depends(
        "move_id.line_ids.amount_residual_currency",
        "move_id.matched_payment_ids.state",
        "move_id.matched_payment_ids.amount",
        "state",
    )
    def _compute_amount_to_pay(self):
        for settlement in self:
            owed = -sum(settlement._payout_items().mapped("amount_residual_currency"))
            settlement.amount_to_pay = owed - settlement._get_amount_on_its_way()

    def _payout_items(self):
        """What the seller owes its customers once their purchases are settled."""
        payouts = self.filtered(lambda x: x.source == "payout" and x.state == "done")
        return payouts.move_id.line_ids.filtered(
            lambda item: item.account_type == "liability_payable"
        )

    def _get_amount_on_its_way(self):
        """Paid without an entry of its own: until the bank shows it, nothing else does.

        :return: amount in the currency of the settlement
        """
        payments = self.move_id.matched_payment_ids.filtered(
            lambda payment: (
                payment.state in ("draft", "in_process") and not payment.move_id
            )
        )
        return sum(payments.mapped("amount"))

    def action_pay_rest(self):
        """Pay to the verified accounts: Odoo's own payments, seen on the bank later.

        One settlement opens Odoo's payment window; several are a payment run, one
        payment each.

        :raise UserError: nothing is left, or nobody verified an account; then nothing
            is paid
        """
        self.check_access("write")
        waiting = self.filtered(
            lambda settlement: (
                settlement.currency_id.compare_amounts(settlement.amount_to_pay, 0) > 0
            )
        )
        if not waiting:
            raise UserError(self.env._("Nothing is left to pay out."))
        unverified = waiting.filtered(lambda x: not x.line_id.iban_verified).partner_id
        if unverified:
            raise UserError(
                self.env._(
                    "The bank account of %s is not verified: have it verified first,"
                    " what is left stays payable.",
                    ", ".join(unverified.mapped("display_name")),
                )
            )
        if len(waiting) == 1:
            return waiting._open_payment_window()
        return waiting._pay_all()

    def _get_payment_context(self):
        self.ensure_one()
        items = self._payout_items().filtered(lambda item: not item.reconciled)
        return {
            "active_model": "account.move.line",
            "active_ids": items.ids,
            "default_partner_bank_id": self.line_id.bank_id.id,
        }

    def _open_payment_window(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Pay the Rest"),
            "res_model": "account.payment.register",
            "view_mode": "form",
            "target": "new",
            "context": self._get_payment_context(),
        }

    def _claim_payout(self):
        """Of two people who pay at once the second starts anew, and finds it paid."""
        self.flush_recordset()
        self.env.execute_query(
            SQL(
                "UPDATE facturex_credit_settlement SET payout_on = %s"
                " WHERE id IN %s RETURNING id",
                fields.Datetime.now(),
                tuple(self.ids),
            )
        )
        self.invalidate_recordset(["payout_on"])

    def _pay_all(self):
        """A payment run: what is left of each, to its own verified account."""
        payments = self.env["account.payment"]
        for settlement in self:
            register = (
                self.env["account.payment.register"]
                .with_company(settlement.company_id)
                .with_context(**settlement._get_payment_context())
                .create({})
            )
            payments |= register._create_payments()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payments of the Run"),
            "res_model": "account.payment",
            "view_mode": "list,form",
            "domain": [("id", "in", payments.ids)],
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
