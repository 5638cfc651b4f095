import re
from decimal import Decimal

from markupsafe import Markup
from stdnum.be import vat as be_vat
from stdnum.exceptions import ValidationError as NumberError
from stdnum.fr import siren, siret

from odoo import api, fields, models
from odoo.tools import formatLang

from ..engine import letterhead
from ..engine import mentions as engine

DRESSED = ("BE", "FR")
ICONS = {
    "ok": "fa-check text-success",
    "missing": "fa-exclamation-triangle text-danger",
    "advice": "fa-info-circle text-warning",
}


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_legal_form = fields.Char(
        string="Legal Form", help="SA, SRL, SAS, sole trader…"
    )
    facturex_capital = fields.Monetary(
        string="Share Capital", help="French companies print it on their invoices."
    )
    facturex_registry_city = fields.Char(
        string="Register",
        help="France: the city of the trade register (RCS). Belgium: the enterprise"
        " court (RPM), such as Liège, division Namur.",
    )
    facturex_vat_regime = fields.Selection(
        [("normal", "Charges VAT"), ("franchise", "Small enterprise without VAT")],
        string="VAT Scheme",
        required=True,
        default="normal",
    )
    facturex_vat_on_debits = fields.Boolean(
        string="VAT on Debits",
        help="French companies that pay VAT on services when they invoice them, and not"
        " when they are paid, say so on each invoice.",
    )
    facturex_amount_in_words = fields.Boolean(
        string="Amount in Words",
        help="On credit notes and receipts, in the customer's language.",
    )
    facturex_document_missing = fields.Integer(
        string="Missing on the Document", compute="_compute_facturex_document"
    )
    facturex_document_check = fields.Html(
        string="Check of the Document",
        compute="_compute_facturex_document",
        sanitize=False,
    )

    @api.model
    def _facturex_manager_fields(self):
        return super()._facturex_manager_fields() | {
            "qr_code",
            "company_details",
            "report_footer",
        }

    @api.model_create_multi
    def create(self, vals_list):
        """A payer in Belgium or France scans the code: on unless said otherwise."""
        chosen = ["qr_code" in vals for vals in vals_list]
        companies = super().create(vals_list)
        for company, said in zip(companies, chosen, strict=True):
            if not said and company.country_code in DRESSED:
                company.qr_code = True
        return companies

    @api.model
    def _facturex_document_defaults(self):
        """Once, at installation: the payment code on the documents of BE and FR."""
        self.search([("qr_code", "=", False)]).filtered(
            lambda company: company.country_code in DRESSED
        ).qr_code = True

    # ------------------------------------------------------------------ letterhead

    def _facturex_legal_line(self):
        """Who sells, as the registers know it: form, capital, numbers, account."""
        self.ensure_one()
        country = self.account_fiscal_country_id.code
        if country not in DRESSED:
            return ""
        form, city = self.facturex_legal_form, self.facturex_registry_city
        registry = (self.company_registry or "").strip()
        sole = letterhead.is_sole_trader(form or "")
        named = form and form.lower() in self.name.lower().split()
        parts = [self.name if named or not form else f"{self.name} {form}"]
        if self.facturex_capital and country == "FR" and not sole:
            amount = self._facturex_short_amount(self.facturex_capital)
            parts.append(self.env._("share capital %(amount)s", amount=amount))
        if registry:
            parts.append(self._facturex_register(country, registry, city, sole))
        if self.vat:
            parts.append(self.env._("VAT %(number)s", number=self.vat))
        return " · ".join(parts)

    def _facturex_short_amount(self, amount):
        """`amount` of the company's currency, without decimals where they are zero."""
        digits = 0 if float(amount).is_integer() else self.currency_id.decimal_places
        number = formatLang(self.env, amount, digits=digits)
        symbol = self.currency_id.symbol
        if self.currency_id.position == "before":
            return f"{symbol} {number}"
        return f"{number} {symbol}"

    def _facturex_register(self, country, registry, city, sole):
        if country == "BE":
            number = self._facturex_kbo(registry)
            if sole or not city:
                return self.env._("enterprise number %(number)s", number=number)
            return self.env._("RPM %(city)s %(number)s", city=city, number=number)
        number = registry.replace(" ", "")
        label = "SIRET" if len(number) == 14 else "SIREN"
        text = f"{label} {number}"
        if city and not sole:
            text = f"RCS {city} {siren.format(number[:9])} · {text}"
        return text

    @staticmethod
    def _facturex_kbo(registry):
        try:
            number = be_vat.compact(registry)
        except NumberError:
            return registry
        if len(number) != 10:
            return registry
        return f"{number[:4]}.{number[4:7]}.{number[7:]}"

    # ----------------------------------------------------------------------- check

    @api.depends(
        "street",
        "zip",
        "city",
        "logo",
        "vat",
        "company_registry",
        "facturex_legal_form",
        "facturex_capital",
        "facturex_registry_city",
        "facturex_vat_regime",
        "qr_code",
    )
    @api.depends_context("lang")
    def _compute_facturex_document(self):
        for company in self:
            findings = letterhead.check(company._facturex_letterhead())
            company.facturex_document_missing = letterhead.missing(findings)
            company.facturex_document_check = company._facturex_check_html(findings)

    def _facturex_letterhead(self):
        company = self._origin or self
        country = self.account_fiscal_country_id.code or None
        account = company._facturex_document_account()
        rows = self.env["facturex.legal.mention"]._facturex_rows(company)
        today = fields.Date.context_today(self)
        late = engine.choose(
            [row for row in rows if row.code.startswith("late")],
            engine.Facts(country, "b2b", credit_note=False, day=today),
        )
        pending = [
            row
            for row in rows
            if not row.confirmed
            and row.country in (None, country)
            and row.condition in ("always", "franchise")
            and (
                row.condition != "franchise" or self.facturex_vat_regime == "franchise"
            )
        ]
        return letterhead.Letterhead(
            country=country,
            has_address=bool(self.street and self.zip and self.city),
            header_lines=self._facturex_header_lines(),
            has_logo=bool(company.logo) and not company.uses_default_logo,
            has_vat=bool(self.vat),
            franchise=self.facturex_vat_regime == "franchise",
            registry=self.company_registry or "",
            registry_valid=self._facturex_registry_valid(country),
            legal_form=self.facturex_legal_form or "",
            capital=Decimal(str(self.facturex_capital or 0)),
            registry_city=self.facturex_registry_city or "",
            has_account=bool(account),
            is_iban=account.acc_type == "iban",
            has_bic=bool(account.bank_bic),
            reference_model=company._facturex_sale_journal().invoice_reference_model,
            qr=self.qr_code,
            late_mention=bool(late),
            unconfirmed=len(pending),
        )

    def _facturex_header_lines(self):
        """Lines of the company's details at the head of each page."""
        text = re.sub(r"<br\s*/?>|</(?:p|div|li)>", "\n", self.company_details or "")
        lines = re.sub(r"<[^>]*>", "", text).split("\n")
        return len([line for line in lines if line.strip()])

    def _facturex_registry_valid(self, country):
        number = (self.company_registry or "").strip()
        if country == "BE":
            return be_vat.is_valid(number)
        if country == "FR":
            return siret.is_valid(number) or siren.is_valid(number)
        return bool(number)

    def _facturex_sale_journal(self):
        return self.env["account.journal"].search(
            [
                ("type", "=", "sale"),
                ("company_id", "=", self._origin.id or self.id),
            ],
            limit=1,
        )

    def _facturex_document_account(self):
        """The account a customer is asked to pay to, as Odoo chooses it."""
        self.ensure_one()
        banks = self.partner_id.bank_ids.filtered(
            lambda bank: not bank.company_id or bank.company_id == self
        )
        return banks.sorted(lambda bank: not bank.allow_out_payment)[:1]

    def _facturex_check_html(self, findings):
        states = {
            "ok": self.env._("Complete"),
            "missing": self.env._("Missing"),
            "advice": self.env._("To look at"),
        }
        rows = Markup("").join(
            Markup(
                '<tr><td><i class="fa %(icon)s" role="img" aria-label="%(state)s"/>'
                '</td><td class="pe-3 text-nowrap">%(state)s</td><td>%(text)s</td></tr>'
            )
            % {
                "icon": icon,
                "state": state,
                "text": self._facturex_finding_text(finding),
            }
            for finding in findings
            for icon, state in [(ICONS[finding.level], states[finding.level])]
        )
        return Markup('<table class="table table-sm mb-0">%s</table>') % rows

    def _facturex_finding_text(self, finding):
        """What it is and, where it is wanting, why and where to put it right."""
        label, reason, where = self._facturex_finding_words()[finding.code]
        if finding.level == "ok":
            return label
        return Markup("<strong>%s</strong>: %s %s") % (label, reason, where)

    def _facturex_link(self, xmlid, text):
        return Markup('<a href="/odoo/action-%s">%s</a>') % (xmlid, text)

    def _facturex_finding_words(self):
        here = self.env._("Fill it in above.")
        return {
            "logo": (
                self.env._("Logo"),
                self.env._("customers recognise you by it."),
                here,
            ),
            "header": (
                self.env._("Head of the page"),
                self.env._(
                    "more than three lines may run into the customer's address."
                ),
                here,
            ),
            "address": (
                self.env._("Address"),
                self.env._("street, postcode and city of the seat are compulsory."),
                here,
            ),
            "vat": (
                self.env._("VAT number"),
                self.env._("compulsory on an invoice with VAT."),
                here,
            ),
            "registry": (
                self.env._("Company number"),
                self.env._(
                    "the enterprise number (BE), the SIREN or SIRET (FR) is not valid."
                ),
                here,
            ),
            "legal_form": (
                self.env._("Legal form"),
                self.env._("compulsory on every invoice."),
                here,
            ),
            "registry_city": (
                self.env._("Register"),
                self.env._(
                    "name the court (RPM, Belgium) or the city of the RCS (France)."
                ),
                here,
            ),
            "capital": (
                self.env._("Share capital"),
                self.env._("compulsory for French companies."),
                here,
            ),
        } | self._facturex_payment_words()

    def _facturex_payment_words(self):
        here = self.env._("Fill it in above.")
        journals = self._facturex_link(
            "account.action_account_journal_form", self.env._("Open the journals")
        )
        texts = self._facturex_link(
            "facturex_billing.facturex_legal_mention_action",
            self.env._("Open the legal mentions"),
        )
        account = self._facturex_document_account()
        bank = Markup('<a href="/odoo/m-res.partner.bank/%s">%s</a>') % (
            account.id,
            self.env._("Open the bank account"),
        )
        return {
            "account": (
                self.env._("Bank account"),
                self.env._("without it nobody knows where to pay."),
                journals,
            ),
            "iban": (
                self.env._("IBAN"),
                self.env._("the account number is not an IBAN."),
                bank,
            ),
            "bic": (
                self.env._("BIC"),
                self.env._("payers outside the euro area ask for it; name the bank."),
                bank,
            ),
            "reference": (
                self.env._("Payment reference"),
                self.env._(
                    "a structured one (OGM in Belgium, RF in France) is matched alone."
                ),
                journals,
            ),
            "late_mention": (
                self.env._("Late payment mention"),
                self.env._("no text in force today for companies."),
                texts,
            ),
            "qr": (
                self.env._("Payment QR code"),
                self.env._("it is switched off."),
                here,
            ),
            "unconfirmed": (
                self.env._("Texts to confirm"),
                self.env._("some texts are not printed until somebody confirms them."),
                texts,
            ),
        }

    def action_facturex_legal_mentions(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_legal_mention_action"
        )
        action["context"] = {"search_default_country_id": self.country_id.id}
        return action
