from odoo import http
from odoo.http import request

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
    def facturex_subscription(self, subscription_id, **_ignored):
        subscriptions, domain = self._facturex_subscriptions()
        if subscription_id >= 2**31:
            return request.redirect("/my")
        subscription = subscriptions.search([*domain, ("id", "=", subscription_id)])
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
        }
        return request.render("facturex_portal.portal_subscription", values)
