from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import mentions as engine


class FacturexLegalMention(models.Model):
    """A sentence the law wants on a sales document: dated, sourced, translated.

    Rows without company are the standard ones that come with the add-on. A company that
    wants another wording has its own row of the same code.
    """

    _name = "facturex.legal.mention"
    _description = "Legal Mention"
    _order = "country_id, sequence, code, valid_from desc, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        help="Of all mentions of one code, a document bears one: the company's own,"
        " else the latest.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index="btree_not_null",
        help="Empty for the standard text of the law.",
    )
    country_id = fields.Many2one(
        "res.country", string="Country of the Seller", help="Empty for any."
    )
    debtor_kind = fields.Selection(
        [("b2b", "Company"), ("b2c", "Consumer"), ("b2g", "Public body")],
        string="Customer",
        help="Empty for any.",
    )
    document = fields.Selection(
        [
            ("all", "Invoices and credit notes"),
            ("invoice", "Invoices"),
            ("credit_note", "Credit notes"),
        ],
        required=True,
        default="all",
    )
    condition = fields.Selection(
        [
            ("always", "Always"),
            ("early_discount", "With a discount for early payment"),
            ("no_early_discount", "Without a discount for early payment"),
            ("vat_on_debits", "The company pays VAT on debits"),
            ("franchise", "Small enterprise without VAT"),
            ("reverse_charge", "Reverse charge in the country"),
            ("intra_goods", "Goods to another EU country"),
            ("intra_services", "Services to another EU country"),
            ("export", "Export out of the EU"),
            ("taxed", "VAT is charged"),
        ],
        string="Printed When",
        required=True,
        default="always",
    )
    text = fields.Text(required=True, translate=True)
    valid_from = fields.Date()
    valid_to = fields.Date()
    source = fields.Char(
        translate=True, help="Law, article, date: where the sentence comes from."
    )
    confirmed = fields.Boolean(
        help="A sentence that nobody has checked against its source is not printed."
    )
    printed = fields.Boolean(
        default=True, help="Untick in your own version to leave the mention out."
    )

    _company_code_from_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), code, COALESCE(country_id, 0),"
        " COALESCE(valid_from, '0001-01-01'::date)) WHERE active",
        "This mention exists already for that date.",
    )

    @api.constrains("valid_from", "valid_to")
    def _check_dates(self):
        for mention in self:
            if mention.valid_to and (mention.valid_from or mention.valid_to) > (
                mention.valid_to
            ):
                raise ValidationError(
                    self.env._(
                        "%(name)s: “Valid To” is before “Valid From”. Correct one of"
                        " the two dates.",
                        name=mention.name,
                    )
                )

    def action_adapt(self):
        """My company's own version of a standard text, open to be changed."""
        self.ensure_one()
        self.check_access("read")
        company = self.env.company
        own = self.search(
            [
                ("company_id", "=", company.id),
                ("code", "=", self.code),
                ("country_id", "=", self.country_id.id),
                ("valid_from", "=", self.valid_from),
            ],
            limit=1,
        )
        if not own:
            own = self.copy({"company_id": company.id, "confirmed": True})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": own.id,
            "view_mode": "form",
        }

    @api.model
    def _facturex_rows(self, company):
        """The values the engine chooses from, for one company."""
        found = self.search([("company_id", "in", (False, company.id))])
        return [
            engine.Mention(
                key=mention.id,
                code=mention.code,
                country=mention.country_id.code or None,
                debtor_kind=mention.debtor_kind or None,
                document=mention.document,
                condition=mention.condition,
                valid_from=mention.valid_from or None,
                valid_to=mention.valid_to or None,
                own=bool(mention.company_id),
                printed=mention.printed,
                confirmed=mention.confirmed,
                sequence=mention.sequence,
            )
            for mention in found
        ]
