from odoo import api, models


class AccountPartialReconcile(models.Model):
    """What a company receives on its bank may settle its deferred purchases."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        Credit = self.env["facturex.credit.line"]
        owing = {
            company
            for company in partials.company_id
            if Credit._facturex_owing(company)
        }
        for partial in partials:
            if partial.company_id in owing and partial._facturex_is_receipt():
                line = partial.credit_move_id.move_id.statement_line_id
                Credit._facturex_receive(
                    partial.company_id,
                    partial.amount,
                    partial._facturex_receipt_key(),
                    line.date,
                    line.payment_ref or line.display_name,
                )
        return partials

    def unlink(self):
        gone = [
            (partial.company_id, partial._facturex_receipt_key())
            for partial in self
            if partial._facturex_is_receipt()
        ]
        result = super().unlink()
        for company, key in gone:
            self.env["facturex.credit.line"]._facturex_give_back(company, key)
        return result

    def _facturex_receipt_key(self):
        return f"receipt:{self.id}"

    def _facturex_is_receipt(self):
        """A bank line that pays a customer invoice, or the payment of one."""
        self.ensure_one()
        debit, credit = self.debit_move_id, self.credit_move_id
        if not credit.move_id.statement_line_id:
            return False
        payment = debit.move_id.origin_payment_id
        return debit.account_type == "asset_receivable" or (
            payment.partner_type == "customer" and payment.payment_type == "inbound"
        )
