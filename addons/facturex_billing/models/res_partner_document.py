from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _facturex_document_kind(self):
        """b2b or b2c, for the mentions; another add-on may know public bodies.

        A natural person without VAT number buys as a consumer.
        """
        self.ensure_one()
        return "b2b" if self.is_company or self.vat else "b2c"
