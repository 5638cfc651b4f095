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
