from odoo import fields, models


class FacturexCapability(models.Model):
    """A kind of act, such as selling or locking; the code knows each of them."""

    _name = "facturex.capability"
    _description = "Capability"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, readonly=True)
    sequence = fields.Integer(default=10)
    description = fields.Char(translate=True)

    _code_unique = models.UniqueIndex("(code)", "This capability exists already.")
