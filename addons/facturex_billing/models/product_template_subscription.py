from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    facturex_plan_id = fields.Many2one(
        "facturex.subscription.plan",
        string="Recurring Plan",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Confirming an order with this product begins a subscription.",
    )
    facturex_upgrade_ids = fields.Many2many(
        "product.template",
        "facturex_product_upgrade_rel",
        "from_id",
        "to_id",
        string="Customer May Change To",
        check_company=True,
        domain="[('facturex_plan_id', '!=', False)]",
        help="Offered on the customer's pages: the change holds from the day he makes"
        " it, and the days that are billed already are charged by their share.",
    )
