from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_match_precision = fields.Float(
        string="Automatic From (%)",
        default=99.9,
        digits=(5, 2),
        help="A kind of match is made without you once your own decisions have shown"
        " that it is right this often. 99.9 needs 999 right decisions and no wrong"
        " one; above 100, only an exact reference with the exact amount is automatic.",
    )
    facturex_match_tolerance = fields.Monetary(
        string="Small Differences up to",
        help="Differences up to this amount are proposed to be booked on the account"
        " for bank fees, and the document as paid. Nothing is booked without you.",
    )
    facturex_match_fee_account_id = fields.Many2one(
        "account.account",
        string="Account for Fees and Small Differences",
        check_company=True,
        domain="[('account_type', 'not in', ('asset_receivable', 'liability_payable',"
        " 'asset_cash', 'liability_credit_card', 'off_balance'))]",
    )
    facturex_match_discount = fields.Float(
        string="Discounts Taken up to (%)",
        digits=(5, 2),
        help="Payments that fall short by no more than this share are proposed as paid"
        " in full, less a discount. What a payment term agrees needs no setting.",
    )
    facturex_match_discount_account_id = fields.Many2one(
        "account.account",
        string="Account for Discounts",
        check_company=True,
        domain="[('account_type', 'not in', ('asset_receivable', 'liability_payable',"
        " 'asset_cash', 'liability_credit_card', 'off_balance'))]",
    )
