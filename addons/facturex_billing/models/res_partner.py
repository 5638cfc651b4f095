from stdnum.be import vat as be_vat

from odoo import api, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    # the suggestion below also depends on these
    @api.depends("vat", "is_company")
    @api.depends_context("company")
    def _compute_invoice_edi_format(self):
        return super()._compute_invoice_edi_format()

    def _get_suggested_invoice_edi_format(self):
        """Belgian companies exchange Peppol BIS 3, French ones Factur-X.

        Law: Belgian VAT code art. 53 § 2bis (structured B2B invoices since 1 January
        2026); French CGI art. 289 bis (reception since 1 September 2026).
        """
        if self.vat or self.is_company:
            company = self.env.company
            seller = company.account_fiscal_country_id.code
            # the number is the Peppol address: a mistyped one would be somebody else's
            if seller == self.country_code == "BE" and be_vat.is_valid(self.vat or ""):
                return "ubl_bis3" if company.facturex_peppol_default else False
            if seller == self.country_code == "FR":
                return "facturx" if company.facturex_facturx_default else False
        return super()._get_suggested_invoice_edi_format()

    def _facturex_dunning_recipient(self):
        """The invoice address that can be reached, else the company itself."""
        self.ensure_one()
        address = self.browse(self.address_get(["invoice"])["invoice"])
        return address if address.email else self
