from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

MAX_IDS = 5000
RECENT = 30  # lines of the access log on the page


class FacturexDossierList(http.Controller):
    @http.route("/facturex/companies", type="jsonrpc", auth="user", readonly=True)
    def facturex_running_companies(self):
        """Companies where the user still has a place, whatever his page has ticked."""
        return list(request.env.user._get_company_ids())

    @http.route("/facturex/dossiers.xlsx", type="http", auth="user", methods=["GET"])
    def facturex_dossier_list(self, ids="", **_ignored):
        """The chosen dossiers as XLSX; the rules and the role decide which."""
        numbers = [int(one) for one in ids.split(",")[:MAX_IDS] if one.isdecimal()]
        # searched, not browsed: unknown and foreign ids are simply not there
        dossiers = request.env["facturex.dossier"].search(
            [("id", "in", [one for one in numbers if one < 2**31])]
        )
        allowed = dossiers._get_exportable()
        if not allowed:
            return request.not_found()
        name = request.env._("dossiers")
        return request.make_response(
            allowed._make_list(),
            [
                (
                    "Content-Type",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                ),
                ("Content-Disposition", http.content_disposition(f"{name}.xlsx")),
            ],
        )


class FacturexCompanies(CustomerPortal):
    """A person's companies: who keeps the books, who may do what, what was done.

    The pages are for whoever has a role in a dossier, in Odoo's screens or not; what is
    not his is answered like what does not exist.
    """

    def _facturex_dossiers(self):
        # the domain is the access: dossiers where the person has a running role
        dossiers = request.env["facturex.dossier"].sudo()
        user = request.env.user
        if user._is_public():
            return dossiers
        found = dossiers.search([("member_ids.user_id", "=", user.id)])
        return found.filtered(
            lambda one: one.company_id.id in one._get_member_companies(user)
        )

    def _facturex_invitations(self):
        """Those that wait for this person's answer."""
        # each is checked again when it is answered
        invitations = request.env["facturex.invitation"].sudo()
        user = request.env.user
        waiting = invitations.search([("state", "=", "pending")])
        return waiting.filtered(
            lambda one: (
                one._is_open()
                and (
                    user in one._get_deciders()
                    if one.kind == "link"
                    else user == one.user_id
                )
            )
        )

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "facturex_company_count" in counters:
            values["facturex_company_count"] = len(self._facturex_dossiers()) + len(
                self._facturex_invitations()
            )
        return values

    @http.route("/my/companies", type="http", auth="user", website=True, sitemap=False)
    def facturex_companies(self, error=None, **_ignored):
        dossiers = self._facturex_dossiers()
        managed = set(request.env.user._facturex_company_ids("manage_users"))
        mine = dossiers.filtered(lambda one: one.company_id.id in managed)
        # who manages the users reads what the firm did there
        logs = request.env["facturex.access.log"].sudo()
        values = self._prepare_portal_layout_values() | {
            "page_name": "facturex_companies",
            "dossiers": dossiers,
            "mine": mine,
            "invitations": self._facturex_invitations(),
            "logs": {
                one.id: logs.search(
                    [("company_id", "=", one.company_id.id)], limit=RECENT
                )
                for one in mine
            },
            "error": request.session.pop("facturex_error", None),
        }
        return request.render("facturex_portal.portal_companies", values)

    @http.route(
        "/my/companies/invitation/<int:invitation_id>",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_company_answer(self, invitation_id, answer="", **_ignored):
        found = self._facturex_invitations().filtered(
            lambda one: one.id == invitation_id
        )
        if found and answer in ("accept", "refuse"):
            # back to the person's own rights
            own = found.with_user(request.env.user).sudo(False)
            try:
                with request.env.cr.savepoint():
                    getattr(own, f"action_{answer}")()
            except (AccessError, UserError) as error:
                request.session["facturex_error"] = str(error)
        return request.redirect("/my/companies")
