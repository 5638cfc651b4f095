from odoo import fields, models


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def _default_invoice_reference_model(self):
        """France has no reference standard of its own: ISO 11649 (RF…) for SEPA."""
        if self.env.company.country_id.code == "FR":
            return "euro"
        return super()._default_invoice_reference_model()

    # the default of the parent class is bound to the parent's function
    invoice_reference_model = fields.Selection(
        default=lambda self: self._default_invoice_reference_model()
    )
