"""The days that a subscription bills, in the electronic invoice.

EN 16931: BT-134 and BT-135 of each line, and BT-73 and BT-74, which span them.
"""

from odoo import models


def billed_days(line):
    """(first day, last day) that an invoice line bills, None when it does not say."""
    if line and line._name == "account.move.line":
        days = line.facturex_date_start, line.facturex_date_end
        return days if all(days) else None
    return None


def span_of(lines):
    """The days from the first to the last one that the lines bill, or None."""
    spans = [days for line in lines if (days := billed_days(line))]
    if not spans:
        return None
    return min(start for start, _end in spans), max(end for _start, end in spans)


class AccountEdiXmlUbl21(models.AbstractModel):
    _inherit = "account.edi.xml.ubl_21"

    def _add_invoice_line_period_nodes(self, line_node, vals):
        result = super()._add_invoice_line_period_nodes(line_node, vals)
        days = billed_days(vals["base_line"].get("record"))
        if vals["document_type"] in ("invoice", "credit_note") and days:
            line_node["cac:InvoicePeriod"] = self._facturex_period_node(days)
        return result

    def _add_invoice_header_nodes(self, document_node, vals):
        result = super()._add_invoice_header_nodes(document_node, vals)
        days = span_of(vals["invoice"].invoice_line_ids)
        if vals["document_type"] in ("invoice", "credit_note") and days:
            document_node["cac:InvoicePeriod"] = self._facturex_period_node(days)
        return result

    def _facturex_period_node(self, days):
        return {
            "cbc:StartDate": {"_text": days[0]},
            "cbc:EndDate": {"_text": days[1]},
        }


class AccountEdiXmlCii(models.AbstractModel):
    _inherit = "account.edi.xml.cii"

    def _export_invoice_vals(self, invoice):
        vals = super()._export_invoice_vals(invoice)
        for line_vals in vals["invoice_line_vals_list"]:
            if days := billed_days(line_vals["line"]):
                line_vals["billing_start"], line_vals["billing_end"] = days
        if days := span_of(invoice.invoice_line_ids):
            # Odoo's are the day of the invoice and its due date
            vals["billing_start"], vals["billing_end"] = days
        return vals
