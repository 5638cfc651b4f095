from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_peppol_default = fields.Boolean(
        string="Peppol BIS 3 for Belgian Companies",
        default=True,
        help="Belgian customers with a valid VAT number get Peppol BIS 3, unless "
        "another format is chosen on the customer.",
    )
    facturex_facturx_default = fields.Boolean(
        string="Factur-X for French Companies",
        default=True,
        help="French companies get Factur-X, unless another format is chosen on the "
        "customer.",
    )
