from odoo import http
from odoo.exceptions import UserError
from odoo.http import request


class FacturexInvitations(http.Controller):
    """The page behind the link of an invitation: who asks what, yes or no.

    The signed link opens one waiting invitation; anything else gets the same answer,
    whether it exists or not.
    """

    def _get(self, invitation_id, token):
        if not 0 < invitation_id < 2**31:
            return None
        return request.env["facturex.invitation"]._from_token(invitation_id, token)

    def _page(self, invitation, **values):
        response = request.render(
            "facturex_portal.invitation_page", {"invitation": invitation, **values}
        )
        # the token of the address goes to no other site
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @http.route(
        "/facturex/invitation/<int:invitation_id>/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def facturex_invitation(self, invitation_id, token, **_ignored):
        invitation = self._get(invitation_id, token)
        return self._page(invitation, token=token, done=False, error=False)

    @http.route(
        "/facturex/invitation/<int:invitation_id>/<string:token>/answer",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_invitation_answer(self, invitation_id, token, answer="", **_ignored):
        invitation = self._get(invitation_id, token)
        if invitation is None or answer not in ("accept", "refuse"):
            return self._page(None, token=token, done=False, error=False)
        try:
            with request.env.cr.savepoint():
                if answer == "accept":
                    invitation._accept(request.env.user)
                else:
                    invitation._refuse()
        except UserError as error:
            return self._page(invitation, token=token, done=False, error=str(error))
        # the person of the mail, to let him choose a password
        person = invitation.user_id
        if (
            answer == "accept"
            and person.partner_id.signup_type
            and not person.login_date
        ):
            return request.redirect(
                person.partner_id._get_signup_url_for_action()[person.partner_id.id]
            )
        return self._page(invitation, token=token, done=answer, error=False)
