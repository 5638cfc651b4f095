from odoo import models


class FacturexInvoiceAssistant(models.TransientModel):
    _inherit = "facturex.invoice.assistant"

    def action_make_recurring(self):
        """The invoice that was just sent is the first of many."""
        self.ensure_one()
        self.check_access("write")
        return self.move_id.action_facturex_make_recurring()
