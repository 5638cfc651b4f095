from odoo import http
from odoo.http import request
from odoo.tools import consteq, plaintext2html

from odoo.addons.portal.controllers.portal import CustomerPortal

MAX_FILES = 10
MAX_SIZE = 20 * 1024 * 1024  # bytes of a file
MAX_TEXT = 4000


class FacturexRequests(CustomerPortal):
    """The page on which the person asked answers, logged in or by the mail's button.

    The link works as long as the person has a role in the dossier.
    """

    def _facturex_request(self, request_id, access_token):
        """The request with full rights, or None."""
        if not 0 < request_id < 2**31:
            return None
        # access is decided below, from the token or from the person who is logged in
        found = request.env["facturex.request"].sudo().browse(request_id).exists()
        if not found or not found._is_open_online():
            return None
        token = found.access_token
        if access_token and token and consteq(token, str(access_token)):
            return found
        return found if found.user_id == request.env.user else None

    def _facturex_asked(self):
        # the domain is the access: requests to this person
        requests = request.env["facturex.request"].sudo()
        found = requests.search(
            [("user_id", "=", request.env.user.id)], order="state desc, date_due, id"
        )
        return found.filtered(lambda one: one._is_open_online())

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "facturex_request_count" in counters:
            values["facturex_request_count"] = len(self._facturex_asked())
        return values

    @http.route("/my/requests", type="http", auth="user", website=True, sitemap=False)
    def facturex_requests(self, **_ignored):
        values = self._prepare_portal_layout_values() | {
            "page_name": "facturex_requests",
            "requests": self._facturex_asked(),
        }
        return request.render("facturex_portal.portal_requests", values)

    @http.route(
        "/my/requests/<int:request_id>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def facturex_request(self, request_id, access_token=None, **_ignored):
        return self._facturex_request_page(request_id, access_token)

    def _facturex_request_page(self, request_id, access_token, said=None, error=None):
        found = self._facturex_request(request_id, access_token)
        if found is None:
            return request.redirect("/my")
        values = {
            "page_name": "facturex_requests",
            "no_breadcrumbs": request.env.user._is_public(),
            "one": found,
            "answers": found.message_ids.filtered(
                lambda message: message.message_type in ("comment", "email")
            ).sorted("id"),
            "access_token": access_token,
            "said": said,
            "error": error,
        }
        response = request.render("facturex_portal.portal_request", values)
        # the token of the address goes to no other site
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @http.route(
        "/my/requests/<int:request_id>/answer",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_request_answer(
        self, request_id, access_token=None, answer="", **_ignored
    ):
        found = self._facturex_request(request_id, access_token)
        if found is None:
            return request.redirect("/my")
        env, text = request.env, answer.strip()[:MAX_TEXT]
        files = [
            (file.filename, file.read(MAX_SIZE + 1))
            for file in request.httprequest.files.getlist("files")[:MAX_FILES]
            if file.filename
        ]
        error = None
        if found.state not in ("requested", "answered"):
            error = env._("This request is settled: nothing more is needed.")
        elif any(len(content) > MAX_SIZE for _name, content in files):
            error = env._("A file is larger than 20 MB: send a smaller one.")
        elif not text and not files:
            error = env._("Write an answer, or add a file.")
        if error:
            return self._facturex_request_page(request_id, access_token, error=error)
        # the person's own words: access to the page was checked
        found._answer_online(plaintext2html(text), files)
        return self._facturex_request_page(
            request_id, access_token, said=env._("Your answer has been sent.")
        )
