from odoo import api, fields, models
from odoo.http import request


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    # who was at the browser: the confirmation may come from the provider instead
    facturex_ip = fields.Char(string="Paid From IP", readonly=True)
    facturex_user_agent = fields.Char(string="Paid From Browser", readonly=True)
    facturex_user_id = fields.Many2one(
        "res.users", string="Paid While Logged In As", readonly=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        transactions = super().create(vals_list)
        if request:
            public = self.env.user._is_public()
            transactions.write(
                {
                    "facturex_ip": request.httprequest.remote_addr,
                    "facturex_user_agent": request.httprequest.user_agent.string[:500],
                    "facturex_user_id": False if public else self.env.uid,
                }
            )
        return transactions

    def _check_amount_and_confirm_order(self):
        """The payment is an acceptance; it pays the invoice that was made on it."""
        confirmed = super()._check_amount_and_confirm_order()
        for transaction in self:
            for order in transaction.sale_order_ids & confirmed:
                order._facturex_record_payment(transaction)
                # the customer who pays may not read invoices of the company
                invoices = self.env["account.move"].sudo()
                invoice = invoices.search(
                    [("facturex_acceptance_order_id", "=", order.id)]
                )
                if invoice:
                    transaction.invoice_ids = [fields.Command.link(invoice.id)]
        return confirmed
