from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        """The dossiers of the user, for the banner; comfort, never security."""
        result = super().session_info()
        user = self.env.user
        companies = result.get("user_companies") or {}
        if not companies or user.share:
            return result
        acl = user._facturex_acl()
        if acl is None:
            return result
        result["facturex_caps"] = {
            cid: sorted(user._facturex_codes(self.env["res.company"].browse(cid)))
            for cid in user._facturex_company_ids("member")
        }
        # colours of the firms that keep the user's own dossiers
        dossiers = (
            self.env["facturex.dossier"]
            .sudo()
            .search([("company_id", "in", user._facturex_company_ids("member"))])
        )
        result["facturex_dossiers"] = {
            dossier.company_id.id: {"color": dossier.firm_id.color or "#714B67"}
            for dossier in dossiers
            if user in dossier.firm_id.user_ids
        }
        allowed = companies.get("allowed_companies") or {}
        if allowed and companies.get("current_company") not in allowed:
            # the default company's role ended: begin on one that the user has
            companies["current_company"] = next(iter(allowed))
        return result
