from odoo import api, models
from odoo.exceptions import UserError


class FacturexFacts(models.AbstractModel):
    """Fields that follow from what happened: buttons write them, people never do."""

    _name = "facturex.facts"
    _description = "Facts That Nobody Types"

    _facts = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # a form sends the empty ones along
            self._refuse_facts({name for name, value in vals.items() if value})
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_facts(vals.keys())
        return super().write(vals)

    def _refuse_facts(self, names):
        refused = self._facts & set(names)
        if not self.env.su and refused:
            label = self._fields[min(refused)]._description_string(self.env)
            raise UserError(
                self.env._(
                    "%s cannot be written: use the buttons of the screen.", label
                )
            )
