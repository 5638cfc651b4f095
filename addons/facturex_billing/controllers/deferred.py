"""Deferred payment for the customer: confirm a purchase, apply, see the line."""

import base64

from werkzeug.exceptions import Forbidden

from odoo import http
from odoo.exceptions import UserError, ValidationError
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.payment_provider_deferred import CODE

STEP_COMPANY = (
    "company_name",
    "legal_form",
    "number",
    "street",
    "zip",
    "city",
    "representative",
    "role",
    "birth_date",
    "email",
)
STEP_ACCOUNT = ("iban", "bic", "iban_holder")
MOVEMENTS = 50
TEXT = 200


class DeferredPayment(http.Controller):
    """Between the payment form and the promise: the terms, ticked."""

    def _facturex_transaction(self, reference, token):
        """:return: the transaction with full rights
        :raise Forbidden: unknown, altered, or somebody else's
        """
        # the token below decides
        Transaction = request.env["payment.transaction"].sudo()
        transaction = Transaction.search(
            [("reference", "=", str(reference)), ("provider_code", "=", CODE)]
        )
        if not transaction or not consteq(transaction._facturex_token(), str(token)):
            raise Forbidden()
        user = request.env.user
        customer = transaction.partner_id.commercial_partner_id
        if user._is_public() or (
            not user._is_internal()
            and user.partner_id.commercial_partner_id != customer
        ):
            raise Forbidden()
        return transaction

    # the provider's redirect form of Odoo carries no CSRF token: the signed token of
    # the transaction stands for it, and this page only shows
    @http.route(
        "/payment/facturex_deferred/confirm",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        website=True,
        sitemap=False,
    )
    def facturex_confirm(self, reference=None, token=None, **_ignored):
        transaction = self._facturex_transaction(reference, token)
        return self._facturex_checkout_page(transaction, token)

    def _facturex_checkout_page(self, transaction, token, error=None):
        company = transaction.company_id
        line = transaction.env["facturex.credit.line"]._for_partner(
            transaction.partner_id, company
        )
        orders, invoices = transaction._facturex_documents()
        held = transaction._facturex_hold_entry().amount_reserved
        values = {
            "tx": transaction,
            "held": held,
            "room": line.amount_available + held,
            "token": token,
            "line": line,
            "document": orders or invoices,
            "terms": line._get_terms(),
            "error": error,
            "days": company.facturex_credit_days,
            "no_breadcrumbs": True,
        }
        return request.render("facturex_billing.portal_deferred_confirm", values)

    @http.route(
        "/payment/facturex_deferred/process",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_process(self, reference=None, token=None, accept=None, **_ignored):
        transaction = self._facturex_transaction(reference, token)
        if not accept:
            return self._facturex_checkout_page(
                transaction, token, request.env._("Tick the conditions to continue.")
            )
        line = transaction.env["facturex.credit.line"]._for_partner(
            transaction.partner_id, transaction.company_id
        )
        try:
            transaction._process(CODE, {"terms": line._get_terms()})
        except (UserError, ValidationError) as error:
            return self._facturex_checkout_page(transaction, token, str(error))
        if transaction.state == "error":
            return self._facturex_checkout_page(
                transaction, token, transaction.state_message
            )
        return request.redirect("/payment/status")


class DeferredPortal(CustomerPortal):
    """The pages under /my/deferred; what is not the customer's does not exist."""

    def _facturex_customer(self):
        return request.env.user.partner_id.commercial_partner_id

    def _facturex_lines(self):
        # the domain is the access: only this customer's
        return (
            request.env["facturex.credit.line"]
            .sudo()
            .search(
                [
                    ("partner_id", "=", self._facturex_customer().id),
                    ("state", "!=", "draft"),
                ]
            )
        )

    def _facturex_applications(self, domain=()):
        # see _facturex_lines
        return (
            request.env["facturex.credit.application"]
            .sudo()
            .search([("partner_id", "=", self._facturex_customer().id), *domain])
        )

    def _facturex_seller(self):
        """The company the portal user deals with."""
        user = request.env.user
        return user.company_id.sudo()  # its name and country, public on its documents

    @http.route("/my/deferred", type="http", auth="user", website=True, sitemap=False)
    def facturex_deferred(self, **_ignored):
        lines = self._facturex_lines()
        values = self._prepare_portal_layout_values() | {
            "page_name": "facturex_deferred",
            "lines": lines,
            "figures": {line: line._portal_figures() for line in lines},
            "movements": {line: line.entry_ids[:MOVEMENTS] for line in lines},
            "applications": self._facturex_applications(),
        }
        return request.render("facturex_billing.portal_deferred", values)

    @http.route(
        "/my/deferred/settlement/<int:settlement_id>",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def facturex_settlement(self, settlement_id, **_ignored):
        """The printed statement of a settlement of this customer."""
        settlements = self._facturex_lines().settlement_ids.filtered(
            lambda found: (
                found.id == settlement_id and found.state in ("done", "reversed")
            )
        )
        if not settlements:
            return request.redirect("/my/deferred")
        return self._show_report(
            model=settlements,
            report_type="pdf",
            report_ref="facturex_billing.action_report_credit_settlement",
            download=True,
        )

    # ------------------------------------------------------------------
    # Applying
    # ------------------------------------------------------------------

    @http.route(
        "/my/deferred/apply",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def facturex_apply(self, **_ignored):
        """Continue the application under way, or show an empty one."""
        open_one = self._facturex_applications(
            [("state", "in", ("draft", "documents", "submitted", "more"))]
        )[:1]
        if open_one:
            return request.redirect(f"/my/deferred/application/{open_one.id}")
        return self._facturex_company_page(None, self._facturex_known())

    def _facturex_known(self):
        """What the customer told before."""
        partner = self._facturex_customer().sudo()  # his own card
        return {
            "company_name": partner.name,
            "number": partner.vat or partner.company_registry or "",
            "street": partner.street or "",
            "zip": partner.zip or "",
            "city": partner.city or "",
            "country_id": partner.country_id.id,
            "representative": request.env.user.name,
            "email": request.env.user.email or "",
        }

    def _facturex_company_page(self, application, values, error=None):
        return request.render(
            "facturex_billing.portal_deferred_company",
            self._prepare_portal_layout_values()
            | {
                "page_name": "facturex_deferred",
                "application": application,
                "values": values,
                "error": error,
                # the list of countries is public
                "countries": request.env["res.country"].sudo().search([]),
            },
        )

    def _facturex_company_values(self, form):
        values = {name: (form.get(name) or "").strip()[:TEXT] for name in STEP_COMPANY}
        country = form.get("country_id") or ""
        values["country_id"] = int(country) if country.isdecimal() else False
        values["birth_date"] = values["birth_date"] or False
        return values

    @http.route(
        "/my/deferred/apply",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_apply_company(self, **form):
        """The first step: saved as soon as it is right."""
        values = self._facturex_company_values(form)
        application = self._facturex_applications(
            [("state", "in", ("draft", "documents", "more"))]
        )[:1]
        try:
            with request.env.cr.savepoint():
                if application:
                    application.write(values)
                else:
                    # the applicant is who is logged in, whatever the form says
                    application = (
                        request.env["facturex.credit.application"]
                        .sudo()
                        .create(
                            {
                                **values,
                                "company_name": values["company_name"] or "?",
                                "partner_id": self._facturex_customer().id,
                                "company_id": self._facturex_seller().id,
                            }
                        )
                    )
                application.action_next()
        except (UserError, ValidationError, ValueError) as error:
            known = application if application and application.exists() else None
            return self._facturex_company_page(known, values, str(error))
        return request.redirect(f"/my/deferred/application/{application.id}")

    def _facturex_application(self, application_id):
        """:return: the applicant's own, or none"""
        if application_id >= 2**31:
            return request.env["facturex.credit.application"]
        return self._facturex_applications([("id", "=", application_id)])

    @http.route(
        "/my/deferred/application/<int:application_id>",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def facturex_application(self, application_id, step=None, **_ignored):
        application = self._facturex_application(application_id)
        if not application:
            return request.redirect("/my/deferred")
        if application.state == "draft" or (
            step == "company" and application.state in ("documents", "more")
        ):
            values = {name: application[name] or "" for name in STEP_COMPANY}
            values["country_id"] = application.country_id.id
            return self._facturex_company_page(application, values)
        return self._facturex_documents_page(application)

    def _facturex_documents_page(self, application, error=None):
        terms = application.env["facturex.credit.terms"]
        day = request.env["facturex.credit.line"]._today()
        return request.render(
            "facturex_billing.portal_deferred_application",
            self._prepare_portal_layout_values()
            | {
                "page_name": "facturex_deferred",
                "application": application,
                "types": application.env["facturex.credit.document.type"]._get_for(
                    application.company_id
                ),
                "terms": terms._current(application.company_id, day),
                "error": error,
            },
        )

    @http.route(
        "/my/deferred/application/<int:application_id>",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def facturex_application_submit(self, application_id, accept=None, **form):
        """The second step: documents, account, conditions; then it is submitted."""
        application = self._facturex_application(application_id)
        if not application or application.state not in ("documents", "more"):
            return request.redirect("/my/deferred")
        try:
            with request.env.cr.savepoint():
                application.write(
                    {
                        name: (form.get(name) or "").strip()[:TEXT] or False
                        for name in STEP_ACCOUNT
                    }
                )
                self._facturex_keep_files(application)
        except (UserError, ValidationError) as error:
            return self._facturex_documents_page(application, str(error))
        # from here on what was handed in is kept, even if something is missing
        try:
            with request.env.cr.savepoint():
                if accept and not application.terms_on:
                    # evidence of the applicant's own act
                    application.with_user(request.env.user).sudo()._accept_terms(
                        "portal",
                        request.httprequest.remote_addr,
                        request.httprequest.user_agent.string,
                    )
                application.action_submit()
        except (UserError, ValidationError) as error:
            return self._facturex_documents_page(application, str(error))
        return request.redirect(f"/my/deferred/application/{application.id}")

    def _facturex_keep_files(self, application):
        types = application.env["facturex.credit.document.type"]._get_for(
            application.company_id
        )
        for kind in types:
            upload = request.httprequest.files.get(f"document_{kind.id}")
            if not upload or not upload.filename:
                continue
            # one byte more than allowed is enough to refuse it
            content = upload.read(kind.max_mb * 1024 * 1024 + 1)
            application.env["facturex.credit.document"].create(
                {
                    "application_id": application.id,
                    "type_id": kind.id,
                    "name": upload.filename[:TEXT],
                    "content": base64.b64encode(content),
                }
            )
