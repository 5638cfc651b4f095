from odoo import models


class AccountEdiXmlUbl21(models.AbstractModel):
    _inherit = "account.edi.xml.ubl_21"

    def _add_invoice_line_period_nodes(self, line_node, vals):
        """The days that a subscription's line bills: BT-134 and BT-135."""
        result = super()._add_invoice_line_period_nodes(line_node, vals)
        line = vals["base_line"].get("record")
        if (
            vals["document_type"] in ("invoice", "credit_note")
            and line
            and line._name == "account.move.line"
            and line.facturex_date_start
            and line.facturex_date_end
        ):
            line_node["cac:InvoicePeriod"] = {
                "cbc:StartDate": {"_text": line.facturex_date_start},
                "cbc:EndDate": {"_text": line.facturex_date_end},
            }
        return result
