import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import UOM_TO_UNECE_CODE


class UomUom(models.Model):
    _inherit = "uom.uom"

    facturex_unece_code = fields.Char(
        string="Electronic Invoice Code",
        size=3,
        help="Code of UN/ECE recommendation 20, such as C62 for one, HUR for an hour "
        "or MTK for a square metre. Odoo knows those of its own units.",
    )
    # without one an electronic invoice says “one”
    facturex_has_code = fields.Boolean(compute="_compute_facturex_has_code")

    @api.constrains("facturex_unece_code")
    def _check_facturex_unece_code(self):
        for unit in self.filtered("facturex_unece_code"):
            if not re.fullmatch(r"[A-Z0-9]{2,3}", unit.facturex_unece_code):
                raise ValidationError(
                    self.env._(
                        "The electronic invoice code of the unit %s has two or three "
                        "capitals or digits, such as C62 or HUR.",
                        unit.name,
                    )
                )

    @api.depends("facturex_unece_code")
    def _compute_facturex_has_code(self):
        xmlids = self.get_external_id()
        for unit in self:
            known = xmlids.get(unit.id) in UOM_TO_UNECE_CODE
            unit.facturex_has_code = known or bool(unit.facturex_unece_code)


class AccountEdiCommon(models.AbstractModel):
    _inherit = "account.edi.common"

    def _get_uom_unece_code(self, uom):
        return uom.facturex_unece_code or super()._get_uom_unece_code(uom)
