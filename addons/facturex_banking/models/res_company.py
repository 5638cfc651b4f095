from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_paid_on_bank = fields.Boolean(
        string="Paid Means Seen on the Bank",
        default=True,
        help="A registered payment makes the invoice “In payment”; the bank line makes"
        " it “Paid”. Switch it off to have Odoo's own behaviour back: paid as soon as a"
        " payment is registered.",
    )
