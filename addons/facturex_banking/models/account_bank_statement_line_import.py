from odoo import fields, models


class AccountBankStatementLine(models.Model):
    """What an import writes down to know the movement again."""

    _inherit = "account.bank.statement.line"

    import_source = fields.Char(
        copy=False, help="Family of formats the movement came from."
    )
    import_batch_key = fields.Char(
        copy=False,
        index="btree_not_null",
        help="Identity of the bank's total that this movement is a detail of.",
    )
