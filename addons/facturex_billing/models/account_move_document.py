"""What the printed document says beyond Odoo's own."""

import re

from odoo import models

from ..engine import mentions as engine


class AccountMove(models.Model):
    _inherit = "account.move"

    def _facturex_mentions(self):
        """The sentences to print under the totals, in the document's language."""
        self.ensure_one()
        if not self.is_sale_document(include_receipts=True):
            return []
        # law texts, on a document that the caller may read already (portal included)
        model = self.env["facturex.legal.mention"].sudo()
        chosen = engine.choose(
            model._facturex_rows(self.company_id),
            engine.Facts(
                country=self.company_id.account_fiscal_country_id.code or None,
                debtor_kind=self._facturex_debtor_kind(),
                credit_note=self.move_type == "out_refund",
                day=self.invoice_date or self.date,
                conditions=self._facturex_conditions(),
            ),
        )
        return model.browse([mention.key for mention in chosen]).mapped("text")

    def _facturex_debtor_kind(self):
        """b2b, b2c or b2g: by the legal profile, else by what the customer is."""
        profile = self.facturex_law_profile_id
        if not profile and self.partner_id:
            profile = self.partner_id._facturex_law_profile(self.company_id)
        # the law is public, whoever reads the document
        nature = profile.sudo().nature
        if nature in ("b2b", "b2c", "b2g"):
            return nature
        return self.commercial_partner_id._facturex_law_nature()

    def _facturex_conditions(self):
        company = self.company_id
        found = {
            "early_discount"
            if self.invoice_payment_term_id.early_discount
            else "no_early_discount"
        }
        if company.facturex_vat_on_debits:
            found.add("vat_on_debits")
        # the taxes or the fiscal position say it already
        if not self._facturex_native_note():
            found |= engine.vat_conditions(
                self._facturex_vat_lines(),
                franchise=company.facturex_vat_regime == "franchise",
            )
        return frozenset(found)

    def _facturex_native_note(self):
        def has_text(html):
            return bool(re.sub(r"<[^>]*>|\s|&nbsp;", "", html or ""))

        return has_text(self.fiscal_position_id.note) or has_text(
            self.taxes_legal_notes
        )

    def _facturex_vat_lines(self):
        """Per line: VAT category of EN 16931, is it a service, is VAT charged."""
        category = self.env["account.edi.common"]._get_tax_category_code
        customer = self.commercial_partner_id
        supplier = self.company_id.partner_id.commercial_partner_id
        for line in self._facturex_product_lines():
            taxed = any(tax.amount for tax in line.tax_ids)
            for tax in line.tax_ids:
                yield (
                    category(customer, supplier, tax),
                    self._facturex_is_service(line),
                    taxed,
                )

    def _facturex_product_lines(self):
        return self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )

    @staticmethod
    def _facturex_is_service(line):
        if line.product_id:
            return line.product_id.type == "service"
        scopes = set(line.tax_ids.mapped("tax_scope"))
        return "consu" not in scopes

    def _facturex_operation_category(self):
        """French invoices say whether they bill goods, services or both."""
        self.ensure_one()
        if (
            self.company_id.account_fiscal_country_id.code != "FR"
            or not self.is_sale_document(include_receipts=True)
        ):
            return None
        # the French localisation prints it from the scope of the taxes
        scopes = set(self.invoice_line_ids.tax_ids.mapped("tax_scope"))
        if "l10n_fr_is_company_french" in self._fields and scopes & {
            "service",
            "consu",
        }:
            return None
        return engine.operation_category(
            map(self._facturex_is_service, self._facturex_product_lines())
        )

    def _facturex_customer_number(self):
        """SIREN or SIRET of a French customer, unless the localisation prints it."""
        self.ensure_one()
        customer = self.commercial_partner_id
        if (
            self.company_id.account_fiscal_country_id.code != "FR"
            or "l10n_fr_is_company_french" in self._fields
        ):
            return False
        return customer.company_registry

    def _facturex_delivery_address(self):
        """The delivery address where it is another one and Odoo does not print it."""
        self.ensure_one()
        shipping = self.partner_shipping_id
        if (
            not self.is_sale_document()
            or not shipping
            or shipping == self.partner_id
            or self.env.user.has_group("account.group_delivery_invoice_address")
        ):
            return self.env["res.partner"]
        return shipping

    def _facturex_instalments(self):
        """(date, amount) of each part to pay, when there is more than one."""
        self.ensure_one()
        if self.move_type != "out_invoice":
            return []
        terms = self.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).sorted("date_maturity")
        if len(terms) < 2:
            return []
        return [(line.date_maturity, line.amount_currency) for line in terms]

    def _facturex_amount_words(self):
        """The total in words for credit notes and receipts, if the company wants it."""
        self.ensure_one()
        if (
            not self.company_id.facturex_amount_in_words
            or self.company_id.display_invoice_amount_total_words
            or self.move_type not in ("out_refund", "out_receipt")
        ):
            return ""
        return self.currency_id._facturex_in_words(self.amount_total)
