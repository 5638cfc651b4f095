from stdnum.be import vat as be_vat

from odoo import api, models
from odoo.tools import email_normalize


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

    def write(self, vals):
        """A corrected address has not bounced yet: reminders may try it."""
        corrected = self.browse()
        if "email" in vals:
            address = email_normalize(vals["email"] or "")
            corrected = self.filtered(
                lambda p: p.message_bounce and p.email_normalized != address
            )
        result = super().write(vals)
        if corrected:
            corrected.message_bounce = 0
        return result

    def _facturex_dunning_recipient(self):
        """The invoice address that can be reached, else the company itself."""
        self.ensure_one()
        return self._facturex_dunning_recipients()[self]

    def _facturex_dunning_recipients(self):
        """{customer: whom to write to}, with one search for all contacts."""
        found = {
            partner: partner.address_get(["invoice"])["invoice"] for partner in self
        }
        addresses = self.browse(found.values())
        return {
            partner: address if address.email else partner
            for (partner, _id), address in zip(found.items(), addresses, strict=True)
        }

    def _facturex_unreachable(self):
        """Those whose address bounced or is on the list of blocked addresses."""
        blocked = (
            self.env["mail.blacklist"]
            .sudo()  # the list is kept by others; a reminder must still respect it
            .search([("email", "in", self.mapped("email_normalized"))])
            .mapped("email")
        )
        blocked = set(blocked)
        return self.filtered(
            lambda p: p.message_bounce or p.email_normalized in blocked
        )
