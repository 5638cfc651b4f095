from odoo import fields, models


class FacturexPlan(models.Model):
    """What a dossier's subscription to the service includes."""

    _name = "facturex.plan"
    _description = "Plan of a Dossier"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, readonly=True)
    sequence = fields.Integer(default=10)
    max_collaborators = fields.Integer(
        string="Collaborators", default=4, help="Of the firm, at once; 0: no limit."
    )
    trial_days = fields.Integer(default=30)

    _code_unique = models.UniqueIndex("(code)", "This plan exists already.")
    _check_numbers = models.Constraint(
        "CHECK(max_collaborators >= 0 AND trial_days >= 0)",
        "Numbers of a plan are not negative.",
    )
