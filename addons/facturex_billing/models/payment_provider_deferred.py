"""Deferred payment beside cards and transfers: promised now, captured when paid."""

from odoo import api, fields, models
from odoo.http import request
from odoo.tools import str2bool

from odoo.addons.payment import utils as payment_utils

CODE = "facturex_deferred"


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    code = fields.Selection(
        selection_add=[(CODE, "Deferred Payment")],
        ondelete={CODE: "set default"},
    )

    def _compute_feature_support_fields(self):
        result = super()._compute_feature_support_fields()
        for provider in self.filtered(lambda p: p.code == CODE):
            provider.support_manual_capture = "partial"
        return result

    def _get_default_payment_method_codes(self):
        self.ensure_one()
        if self.code != CODE:
            return super()._get_default_payment_method_codes()
        return {CODE}

    @api.model
    def _facturex_pays_online(self):
        """Whether invoices are paid on the portal at all."""
        # a setting of the whole database
        parameters = self.env["ir.config_parameter"].sudo()
        return str2bool(parameters.get_param("account_payment.enable_portal_payment"))

    @api.model
    def _get_compatible_providers(
        self,
        company_id,
        partner_id,
        amount,
        currency_id=None,
        is_validation=False,
        report=None,
        **kwargs,
    ):
        """Only to a customer whose line has room for all of the document."""
        providers = super()._get_compatible_providers(
            company_id,
            partner_id,
            amount,
            currency_id=currency_id,
            is_validation=is_validation,
            report=report,
            **kwargs,
        )
        deferred = providers.filtered(lambda provider: provider.code == CODE)
        if not deferred:
            return providers
        why = self._facturex_why_not(
            company_id,
            partner_id,
            amount,
            currency_id,
            is_validation,
            kwargs.get("sale_order_id"),
        )
        if not why:
            return providers
        payment_utils.add_to_report(report, deferred, available=False, reason=why)
        return providers - deferred

    @api.model
    def _facturex_why_from(self, report):
        """The reason of a payment form's report, for the customer to read."""
        for provider, found in ((report or {}).get("providers") or {}).items():
            # the code of a provider is no secret
            if provider.sudo().code == CODE and not found["available"]:
                return found["reason"]
        return ""

    @api.model
    def _facturex_why_not(
        self,
        company_id,
        partner_id,
        amount,
        currency_id,
        is_validation=False,
        order_id=None,
    ):
        """Why deferred payment is not offered; empty when it is.

        :param order_id: what is bought, if known; else it is an invoice
        """
        if is_validation or not currency_id:
            return self.env._("Deferred payment pays documents only.")
        if request and self.env.user._is_public():
            return self.env._("Log in to use deferred payment.")
        company = self.env["res.company"].browse(company_id)
        partner = self.env["res.partner"].browse(partner_id)
        line = self.env["facturex.credit.line"]._for_partner(partner, company)
        if not line:
            return self.env._("You have no deferred payment yet: you can apply for it.")
        if line.state != "open":
            return line._closed_message()
        wanted = (
            self.env["res.currency"]
            .browse(currency_id)
            ._convert(
                amount, line.currency_id, company, fields.Date.context_today(self)
            )
        )
        room = line.amount_available + self._facturex_room_held(line, order_id)
        if line.currency_id.compare_amounts(wanted, room) > 0:
            return line._refusal(line._to_cents(wanted), 0)
        return ""

    @api.model
    def _facturex_room_held(self, line, order_id):
        """What checkouts hold that is no obstacle: too old, or of this document.

        Nothing is written: a page is only shown. What a form of Odoo does not say is
        which invoice it pays; the checkout itself decides then.
        """
        # the customer's own checkouts
        held = (
            self.env["payment.transaction"]
            .sudo()
            .search(
                [
                    ("facturex_hold_until", "!=", False),
                    ("partner_id", "child_of", line.partner_id.id),
                    ("company_id", "=", line.company_id.id),
                ]
            )
        )
        now = fields.Datetime.now()
        free = held.filtered(
            lambda tx: (
                tx.facturex_hold_until < now
                or (order_id in tx.sale_order_ids.ids if order_id else tx.invoice_ids)
            )
        )
        cents = sum(tx._facturex_hold_entry().reserved_cents for tx in free)
        return cents / 100
