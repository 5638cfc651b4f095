"""The promise of a customer: nothing of what a browser sends decides its amount."""

import math
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.http import request

from odoo.addons.payment import utils as payment_utils

from .payment_provider_deferred import CODE

HOLD = timedelta(minutes=15)


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    facturex_terms_id = fields.Many2one(
        "facturex.credit.terms", string="Conditions Accepted", readonly=True
    )
    facturex_terms_on = fields.Datetime(readonly=True)
    facturex_hold_until = fields.Datetime(
        string="Held Until", readonly=True, index="btree_not_null"
    )

    # ------------------------------------------------------------------
    # What is promised
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # what the provider says of itself, whoever pays
            provider = self.env["payment.provider"].sudo().browse(vals["provider_id"])
            if provider.code == CODE:
                self._facturex_check_number(vals.get("amount"))
        transactions = super().create(vals_list)
        for transaction in transactions:
            if transaction.provider_code == CODE:
                transaction._facturex_check_promise()
                transaction._facturex_hold()
        return transactions

    @api.model
    def _facturex_check_number(self, amount):
        number = amount if isinstance(amount, int | float) else math.nan
        if isinstance(amount, bool) or not math.isfinite(number) or not number:
            raise ValidationError(self.env._("This is not an amount of money."))

    def _facturex_documents(self):
        """The one document that is bought: an order or an invoice."""
        self.ensure_one()
        # the source of a partial capture names it
        source = self.source_transaction_id or self
        orders, invoices = source.sale_order_ids, source.invoice_ids
        return orders, invoices

    def _facturex_check_promise(self):
        """:raise ValidationError: not all of one document of this very customer"""
        self.ensure_one()
        if self.source_transaction_id:
            return  # a part of what was checked
        orders, invoices = self._facturex_documents()
        if len(orders) + len(invoices) != 1:
            raise ValidationError(
                self.env._("Deferred payment is for one order or invoice at a time.")
            )
        document = orders or invoices
        amount = orders.amount_total if orders else invoices.amount_residual
        same = (
            self.currency_id == document.currency_id
            and self.currency_id.compare_amounts(self.amount, amount) == 0
            and self.amount > 0
        )
        if not same:
            raise ValidationError(
                self.env._(
                    "Deferred payment is for the whole of %(document)s, %(amount)s.",
                    document=document.display_name,
                    amount=document.currency_id.format(amount),
                )
            )
        if self.provider_id.company_id != document.company_id:
            raise ValidationError(
                self.env._("This means of payment belongs to another company.")
            )
        if self.provider_id.state == "disabled" or not self.provider_id.is_published:
            raise ValidationError(self.env._("Deferred payment is not offered."))
        if self.payment_method_id.code != CODE:
            raise ValidationError(self.env._("This is another means of payment."))
        self._facturex_check_customer(document)
        self._facturex_check_state(document)

    def _facturex_check_customer(self, document):
        customer = document.partner_id.commercial_partner_id
        if self.partner_id.commercial_partner_id != customer:
            raise ValidationError(
                self.env._("Only %s may defer its payment.", customer.display_name)
            )
        if request:
            user = self.env.user
            ours = user._is_internal() or user.partner_id.commercial_partner_id == (
                customer
            )
            if user._is_public() or not ours:
                raise ValidationError(self.env._("Log in to use deferred payment."))

    def _facturex_check_state(self, document):
        if document._name == "sale.order":
            open_document = document.state in ("draft", "sent")
            expired = document.is_expired
        else:
            open_document = (
                document.state == "posted"
                and document.move_type == "out_invoice"
                and not document.facturex_deferred
                and document.payment_state in ("not_paid", "partial")
            )
            expired = False
        if not open_document or expired:
            raise ValidationError(
                self.env._("%s is not open any more.", document.display_name)
            )

    # ------------------------------------------------------------------
    # While the customer reads the conditions
    # ------------------------------------------------------------------

    def _facturex_hold(self):
        """Keep the room for a quarter of an hour; the same document holds it once.

        :raise UserError: what is available, or why nothing may be bought
        """
        self.ensure_one()
        if self.source_transaction_id:
            return
        orders, invoices = self._facturex_documents()
        Line = self.env["facturex.credit.line"]
        line = Line._for_partner(self.partner_id, self.company_id)
        if not line:
            raise UserError(Line._no_line_message(self.partner_id))
        line._refresh_limit()
        line._check_gate(orders or invoices)
        earlier = (orders or invoices).transaction_ids - self
        earlier._facturex_drop_hold()
        amount = self.currency_id._convert(
            self.amount,
            line.currency_id,
            self.company_id,
            fields.Date.context_today(self),
        )
        line._reserve(amount, self, self._facturex_hold_key())
        self.facturex_hold_until = fields.Datetime.now() + HOLD

    def _facturex_hold_key(self):
        return f"hold:{self.id}"

    def _facturex_hold_entry(self):
        """:return: what reserved the room, none when nothing is held"""
        if not self.facturex_hold_until:
            return self.env["facturex.credit.entry"]
        # the movement of the customer's own checkout
        entries = self.env["facturex.credit.entry"].sudo()
        return entries.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("key", "=", self._facturex_hold_key()),
            ]
        )

    def _facturex_end_hold(self):
        """:return: {line: [the movements that give the room back]}"""
        movements = {}
        for transaction in self:
            entry = transaction._facturex_hold_entry()
            if entry:
                key = f"{entry.key}:free"
                movements.setdefault(entry.line_id, []).append(
                    ("release", transaction, 0, -entry.reserved_cents, key)
                )
        self.facturex_hold_until = False
        return movements

    def _facturex_drop_hold(self):
        held = self.filtered("facturex_hold_until")
        for line, movements in held._facturex_end_hold().items():
            line._move(movements)

    @api.model
    def _facturex_expired_holds(self):
        # a checkout that nobody finished is no secret of whoever asks
        return self.sudo().search([("facturex_hold_until", "<", fields.Datetime.now())])

    @api.model
    def _cron_facturex_free_holds(self):
        """Every quarter of an hour; whoever needs the room does not wait for it."""
        self._facturex_expired_holds()._facturex_drop_hold()

    # ------------------------------------------------------------------
    # The steps of a payment
    # ------------------------------------------------------------------

    def _get_specific_rendering_values(self, processing_values):
        if self.provider_code != CODE:
            return super()._get_specific_rendering_values(processing_values)
        return {
            "api_url": "/payment/facturex_deferred/confirm",
            "reference": self.reference,
            "token": self._facturex_token(),
        }

    def _facturex_token(self):
        """Signs what is promised: another amount, customer or document is refused."""
        self.ensure_one()
        return payment_utils.generate_access_token(
            CODE, self.reference, self.partner_id.id, self.amount, self.currency_id.id
        )

    def _extract_amount_data(self, payment_data):
        """The amount is the document's, checked again in `_apply_updates`."""
        if self.provider_code != CODE:
            return super()._extract_amount_data(payment_data)
        return None

    def _apply_updates(self, payment_data):
        if self.provider_code != CODE:
            return super()._apply_updates(payment_data)
        if payment_data.get("captured"):
            self._set_done()
            return None
        if payment_data.get("voided"):
            self._set_canceled()
            return None
        self._facturex_promise(payment_data.get("terms"))
        return None

    def _facturex_promise(self, terms):
        """Hold or use the line for the document; replayed, nothing happens twice."""
        self.ensure_one()
        if self.state != "draft":
            return
        self._facturex_check_promise()
        try:
            with self.env.cr.savepoint():
                self.write(
                    {
                        "facturex_terms_id": terms.id if terms else False,
                        "facturex_terms_on": fields.Datetime.now(),
                    }
                )
                self._set_authorized()
                orders, invoices = self._facturex_documents()
                # the customer who buys may not write documents of the company
                orders.sudo().facturex_deferred = True
                orders.sudo()._facturex_credit_sync()  # see above
                invoices.sudo()._facturex_defer()  # see above
        except UserError as error:
            self._facturex_drop_hold()
            self._set_error(str(error))

    def _send_capture_request(self):
        if self.provider_code != CODE:
            return super()._send_capture_request()
        self._process(CODE, {"captured": True})
        return None

    def _send_void_request(self):
        if self.provider_code != CODE:
            return super()._send_void_request()
        self._process(CODE, {"voided": True})
        orders, _invoices = self._facturex_documents()
        orders.filtered(lambda order: order.state != "cancel")._facturex_credit_sync()
        return None

    def _create_payment(self, **extra_create_values):
        """A promise whose invoices were settled otherwise needs no payment."""
        if self.provider_code == CODE:
            orders, invoices = self._facturex_documents()
            invoices |= orders.invoice_ids.filtered("facturex_deferred")
            left = sum(invoices.mapped("amount_residual"))
            if self.currency_id.compare_amounts(left, 0) <= 0:
                return self.env["account.payment"]
            # what was settled otherwise is not paid again
            extra_create_values["amount"] = min(left, self.amount)
            if not self.invoice_ids and not self.source_transaction_id:
                self.invoice_ids = [
                    fields.Command.set(
                        invoices.filtered(lambda m: m.amount_residual > 0).ids
                    )
                ]
                extra_create_values["invoice_ids"] = self.invoice_ids
        return super()._create_payment(**extra_create_values)

    def _facturex_close_settled(self):
        """The invoices are settled: what was promised is kept."""
        for transaction in self:
            if transaction.state != "authorized":
                continue
            orders, invoices = transaction._facturex_documents()
            invoices |= orders.invoice_ids.filtered(
                lambda m: m.facturex_deferred and m.state == "posted"
            )
            open_order = orders.filtered(
                lambda order: order.state != "sale" or order._facturex_credit_left() > 0
            )
            if open_order or any(
                move.payment_state not in ("paid", "in_payment", "reversed")
                for move in invoices
            ):
                continue
            transaction._set_done()
            # its money came by another way: nothing is left to process
            transaction.is_post_processed = True

    def _get_sent_message(self):
        if self.provider_code != CODE:
            return super()._get_sent_message()
        return self.env._("The customer asked for deferred payment.")
