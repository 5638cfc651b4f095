from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _get_invoice_in_payment_state(self):
        """Paid means seen on the bank (docs/architecture.md, law 3).

        Called on one invoice, and on the model before a payment is made.
        """
        company = self.company_id if len(self.company_id) == 1 else self.env.company
        if company.facturex_paid_on_bank:
            return "in_payment"
        return super()._get_invoice_in_payment_state()
