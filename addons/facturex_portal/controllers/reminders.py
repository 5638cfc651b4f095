from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.account.controllers.portal import PortalAccount

# what a form may send; everything else is ignored
FORM = ("kind", "invoice", "day", "amount", "note")


class FacturexReminderPortal(PortalAccount):
    """The page behind a reminder: what is due, how to pay it, what is wrong with it.

    A reminder opens with its own token, or for the logged-in customer it was sent to.
    Whatever else is asked for is answered alike, whether it exists or not.
    """

    def _facturex_get_reminder(self, notice_id, access_token):
        """The reminder with full rights, or None: unknown, somebody else's, too old."""
        # access is decided below, from the token or from the customer who is logged in
        notice = request.env["facturex.dunning.notice"].sudo().browse(notice_id)
        if notice_id >= 2**31 or not notice.exists() or not notice._is_open_online():
            return None
        if access_token and notice.access_token:
            if consteq(notice.access_token, str(access_token)):
                return notice
        user = request.env.user
        if not user._is_public() and user.share:
            if user.partner_id.commercial_partner_id == notice.partner_id:
                return notice
        return None

    def _facturex_page(self, notice, access_token):
        """The address of the page, with the token that opened it."""
        token = f"?access_token={access_token}" if access_token else ""
        return f"/my/reminders/{notice.id}{token}"

    @http.route(
        "/my/reminders/<int:notice_id>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def facturex_reminder(self, notice_id, access_token=None, said=None, **_ignored):
        notice = self._facturex_get_reminder(notice_id, access_token)
        if notice is None:
            return request.redirect("/my")
        if request.env.user._is_public() or request.env.user.share:
            notice._mark_opened()
        values = notice._prepare_portal_values()
        values |= {
            "page_name": "reminder",
            "access_token": access_token,
            "said": notice._portal_sentence(said),
            "said_error": said not in (None, "done"),
            "no_breadcrumbs": True,
        }
        response = request.render("facturex_portal.portal_reminder", values)
        # the token of the address goes to no other site
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @http.route(
        "/my/reminders/<int:notice_id>/hold",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_reminder_hold(self, notice_id, access_token=None, **form):
        notice = self._facturex_get_reminder(notice_id, access_token)
        if notice is None:
            return request.redirect("/my")
        asked = {name: form.get(name) for name in FORM}
        said = notice._portal_hold(notice._get_claimed_lines().move_id, **asked)
        url = self._facturex_page(notice, access_token)
        joint = "&" if "?" in url else "?"
        return request.redirect(f"{url}{joint}said={said}")

    @http.route(
        "/my/invoices/<int:invoice_id>/hold",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_invoice_hold(self, invoice_id, access_token=None, **form):
        """The same from the page of an invoice."""
        try:
            if invoice_id >= 2**31:
                raise MissingError(request.env._("This document does not exist."))
            invoice = self._document_check_access(
                "account.move", invoice_id, access_token=access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        if invoice.move_type != "out_invoice" or invoice.state != "posted":
            return request.redirect("/my")
        asked = {name: form.get(name) for name in FORM} | {"invoice": str(invoice.id)}
        # access to the invoice was checked: the hold is about it alone
        said = (
            request.env["facturex.dunning.notice"].sudo()._portal_hold(invoice, **asked)
        )
        return request.redirect(
            invoice.get_portal_url(query_string=f"&facturex_said={said}")
        )

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        # the customer's own words, by the code of the address only
        Notice = request.env["facturex.dunning.notice"].sudo()
        said = kwargs.get("facturex_said")
        values["facturex_said"] = Notice._portal_sentence(said)
        values["facturex_holds"] = Notice._portal_holds(invoice)
        values |= Notice._portal_days()
        return values
