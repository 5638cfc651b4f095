from odoo import http
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

PAGE = 20
# how many planned invoices a customer sees ahead
AHEAD = 3


class FacturexSubscriptionPortal(CustomerPortal):
    """What the logged-in customer is billed again and again, and nobody else's.

    Whatever is not his is answered like what does not exist.
    """

    def _facturex_subscriptions(self):
        """(subscriptions with full rights, the domain of those of the customer)"""
        partner = request.env.user.partner_id.commercial_partner_id
        # the domain is the access: only this customer's, never a draft
        return request.env["facturex.subscription"].sudo(), [
            ("partner_id", "child_of", partner.id),
            ("state", "!=", "draft"),
        ]

    def _facturex_get_subscription(self, subscription_id):
        """The customer's own subscription with full rights, or nothing."""
        subscriptions, domain = self._facturex_subscriptions()
        if subscription_id >= 2**31:
            return subscriptions
        found = subscriptions.search([*domain, ("id", "=", subscription_id)])
        return found.with_company(found.company_id)

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "facturex_subscription_count" in counters:
            subscriptions, domain = self._facturex_subscriptions()
            values["facturex_subscription_count"] = subscriptions.search_count(domain)
        return values

    @http.route(
        ["/my/subscriptions", "/my/subscriptions/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        sitemap=False,
    )
    def facturex_subscriptions(self, page=1, **_ignored):
        subscriptions, domain = self._facturex_subscriptions()
        pager = portal_pager(
            url="/my/subscriptions",
            total=subscriptions.search_count(domain),
            page=page,
            step=PAGE,
        )
        found = subscriptions.search(
            domain, order="state, next_date, id", limit=PAGE, offset=pager["offset"]
        )
        values = self._prepare_portal_layout_values() | {
            "page_name": "facturex_subscription",
            "subscriptions": found,
            "pager": pager,
            "default_url": "/my/subscriptions",
        }
        return request.render("facturex_portal.portal_subscriptions", values)

    @http.route(
        "/my/subscriptions/<int:subscription_id>",
        type="http",
        auth="user",
        website=True,
        sitemap=False,
    )
    def facturex_subscription(self, subscription_id, said=None, **_ignored):
        subscription = self._facturex_get_subscription(subscription_id)
        if not subscription:
            return request.redirect("/my")
        planned = subscription.period_ids.filtered(lambda p: p.state == "planned")
        invoices = subscription.env["account.move"].search(
            [
                ("facturex_subscription_id", "=", subscription.id),
                ("state", "=", "posted"),
                (
                    "partner_id",
                    "child_of",
                    request.env.user.partner_id.commercial_partner_id.id,
                ),
            ],
            order="invoice_date desc, id desc",
            limit=24,
        )
        values = self._prepare_portal_layout_values() | {
            "page_name": "facturex_subscription",
            "subscription": subscription,
            "ahead": planned.sorted("date_invoice")[:AHEAD],
            "invoices": invoices,
            "said": self._facturex_sentence(said),
            "offers": subscription._portal_offers(),
            "tokens": subscription._portal_tokens(),
        }
        return request.render("facturex_portal.portal_subscription", values)

    def _facturex_sentence(self, code):
        """What just happened, from the code in the address; anything else is nothing"""
        env = request.env
        return {
            "cancelled": env._("Your cancellation is recorded; an e-mail confirms it."),
            "changed": env._("Your subscription has changed."),
            "token": env._("The means of payment is recorded."),
            "refused": env._("This is not possible any more: look at the page again."),
        }.get(code)

    def _facturex_back(self, subscription, said):
        return request.redirect(f"/my/subscriptions/{subscription.id}?said={said}")

    # ------------------------------------------------------------------
    # Cancel: the button, the recap, the notification
    # ------------------------------------------------------------------

    @http.route(
        "/my/subscriptions/<int:subscription_id>/cancel",
        type="http",
        auth="user",
        methods=["GET", "POST"],
        website=True,
        sitemap=False,
    )
    def facturex_cancel(self, subscription_id, step=None, note=None, **_ignored):
        """First click: this page. Second: the recap. Third: it is notified."""
        subscription = self._facturex_get_subscription(subscription_id)
        if not subscription or not subscription._portal_can_cancel():
            return request.redirect("/my/subscriptions")
        partner = request.env.user.partner_id
        if request.httprequest.method == "POST" and step == "notify":
            # the contract was found among the customer's own
            Cancellation = request.env["facturex.subscription.cancellation"].sudo()
            try:
                Cancellation._receive(subscription, partner.name, partner.email, note)
            except UserError:
                return self._facturex_back(subscription, "refused")
            return self._facturex_back(subscription, "cancelled")
        values = self._prepare_portal_layout_values() | {
            "page_name": "facturex_subscription",
            "subscription": subscription,
            "recap": request.httprequest.method == "POST",
            "note": (note or "")[:2000],
            "who": partner,
        }
        return request.render("facturex_portal.portal_subscription_cancel", values)

    # ------------------------------------------------------------------
    # Upgrade, means of payment
    # ------------------------------------------------------------------

    @http.route(
        "/my/subscriptions/<int:subscription_id>/change",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_upgrade(
        self, subscription_id, line=None, product=None, step=None, **_ignored
    ):
        """The price of the change first, then the change; only what is offered."""
        subscription = self._facturex_get_subscription(subscription_id)
        offer = subscription and subscription._portal_offer(line, product)
        if not offer:
            return request.redirect("/my/subscriptions")
        if step == "apply":
            try:
                subscription._portal_upgrade(offer)
            except UserError:
                return self._facturex_back(subscription, "refused")
            return self._facturex_back(subscription, "changed")
        values = self._prepare_portal_layout_values() | {
            "page_name": "facturex_subscription",
            "subscription": subscription,
            "offer": offer,
            "charged": subscription._portal_upgrade_amount(offer),
        }
        return request.render("facturex_portal.portal_subscription_upgrade", values)

    @http.route(
        "/my/subscriptions/<int:subscription_id>/payment",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_payment(self, subscription_id, token=None, **_ignored):
        """Which of his own saved means of payment is charged, or none."""
        subscription = self._facturex_get_subscription(subscription_id)
        if not subscription:
            return request.redirect("/my")
        own = subscription._portal_tokens()
        chosen = own.filtered(lambda one: str(one.id) == token)
        if token and not chosen:
            return self._facturex_back(subscription, "refused")
        subscription.payment_token_id = chosen
        return self._facturex_back(subscription, "token")


class FacturexPublicCancellation(http.Controller):
    """The same without an account, as French law asks: nobody learns what exists."""

    @http.route(
        "/subscriptions/cancel",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
        sitemap=False,
    )
    def cancel(self, step=None, **form):
        asked = {
            name: (form.get(name) or "").strip()[:2000]
            for name in ("name", "number", "email", "note")
        }
        posted = request.httprequest.method == "POST"
        if posted and step == "notify":
            self._receive(asked)
        return request.render(
            "facturex_portal.public_cancel",
            {
                "asked": asked,
                "step": step if posted and step in ("recap", "notify") else "form",
                "no_breadcrumbs": True,
            },
        )

    def _receive(self, asked):
        """Number and address of the contract together name it; else nothing happens."""
        # the two together are what the customer knows; the answer tells nothing
        Subscription = request.env["facturex.subscription"].sudo()
        found = Subscription.search(
            [("name", "=", asked["number"]), ("state", "in", ("running", "paused"))],
            limit=1,
        )
        known = found.partner_id.email or ""
        if not asked["email"] or known.lower() != asked["email"].lower():
            return
        # the pair was right: this contract, and nothing else
        Cancellation = request.env["facturex.subscription.cancellation"].sudo()
        try:
            Cancellation._receive(
                found.with_company(found.company_id),
                asked["name"],
                asked["email"],
                asked["note"],
                origin="online",
            )
        except UserError:
            return

    @http.route(
        "/subscriptions/cancel/<int:cancellation_id>",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
        sitemap=False,
    )
    def confirm(self, cancellation_id, access_token=None, **_ignored):
        """The link of the e-mail: a page, and a button that confirms."""
        # access is the token, which left to the address of the contract only
        Cancellation = request.env["facturex.subscription.cancellation"].sudo()
        found = Cancellation.browse()
        if cancellation_id < 2**31:
            found = Cancellation.browse(cancellation_id).exists()
        if not found or not consteq(found.access_token or "", str(access_token or "")):
            return request.redirect("/my")
        if request.httprequest.method == "POST" and found.state == "received":
            found.with_company(found.company_id)._confirm()
        response = request.render(
            "facturex_portal.public_cancel_confirm",
            {
                "cancellation": found,
                "access_token": access_token,
                "no_breadcrumbs": True,
            },
        )
        response.headers["Referrer-Policy"] = "same-origin"
        return response
