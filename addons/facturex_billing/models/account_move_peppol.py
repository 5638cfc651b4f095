"""Peppol where its connector is there: what Odoo leaves to the window that it opens.

`account_peppol` is no dependency: Odoo installs it by itself for companies of most
European countries. Its windows ask an unregistered company to register; whatever is
sent without a window (a subscription, a queue, the assistant) would end in an error
that nobody understands.
"""

from odoo import api, models


class ResCompany(models.Model):
    _inherit = "res.company"

    def _facturex_on_peppol(self):
        """Whether the company can send by Peppol; true without the connector, which
        is then no channel at all."""
        self.ensure_one()
        if "peppol_can_send" not in self._fields:
            return True
        # a fact of the company, whoever sends for it
        return self.sudo().peppol_can_send

    def _facturex_peppol_action(self):
        """Odoo's own registration."""
        registration = self.env["peppol.registration"]
        action = registration.with_context(
            default_company_id=self.id
        )._action_open_peppol_form()
        # the link of a list of missing things opens it as it stands
        return action | {"views": [(False, "form")]}


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _call_web_service_after_invoice_pdf_render(self, invoices_data):
        """A company that has not joined the network sends by the other channels."""
        for invoice, data in invoices_data.items():
            methods = data["sending_methods"]
            if "peppol" not in methods or invoice.company_id._facturex_on_peppol():
                continue
            rest = type(methods)(method for method in methods if method != "peppol")
            if rest:
                data["sending_methods"] = rest
            else:
                title = self.env._(
                    "Your company %s is not registered with Peppol: register it, or"
                    " send the invoice another way.",
                    invoice.company_id.name,
                )
                data["error"] = {"error_title": title}
        ready = {
            invoice: data
            for invoice, data in invoices_data.items()
            if not data.get("error")
        }
        return super()._call_web_service_after_invoice_pdf_render(ready)
