from odoo import models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def _facturex_amount_words(self):
        self.ensure_one()
        if not self.company_id.facturex_amount_in_words:
            return ""
        return self.currency_id._facturex_in_words(self.amount)

    def action_post(self):
        result = super().action_post()
        # readers' rows, whoever pays: a customer online as well
        self.env["facturex.money.alert"].sudo()._see_payments(self)
        return result
