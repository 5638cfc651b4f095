import base64

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine.errors import FormatError
from ..engine.formats import columns
from ..engine.formats.table import ROLES, Mapping
from ..engine.formats.table_header import fold_header


class FacturexStatementColumns(models.Model):
    """Which column of a bank's CSV or Excel file says what; recognised by header."""

    _name = "facturex.statement.columns"
    _description = "Statement Columns"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    active = fields.Boolean(default=True)
    sample = fields.Binary(
        string="Sample File",
        attachment=False,
        store=False,
        help="A file of the bank: its header proposes the columns. Without a header"
        " they are called column 1, column 2…",
    )
    sample_name = fields.Char(store=False)
    header = fields.Text(readonly=True, help="The columns of the sample file.")
    date_order = fields.Selection(
        [
            ("DMY", "Day, month, year"),
            ("MDY", "Month, day, year"),
            ("YMD", "Year, month, day"),
        ],
        help="Leave empty: the dates of the file tell.",
    )
    decimal = fields.Selection(
        [(",", "Comma"), (".", "Point")],
        string="Decimal Mark",
        help="Leave empty: the amounts of the file tell.",
    )
    inverted = fields.Boolean(
        string="Money Out Is Positive",
        help="Some card statements write a purchase as a positive amount.",
    )
    column_date = fields.Char("Date", required=True)
    column_value_date = fields.Char("Value Date")
    column_amount = fields.Char("Amount")
    column_debit = fields.Char("Debit")
    column_credit = fields.Char("Credit")
    column_sign = fields.Char("Debit or Credit Mark")
    column_currency = fields.Char("Currency")
    column_balance = fields.Char("Balance")
    column_communication = fields.Char("Communication")
    column_details = fields.Char("Details")
    column_structured_reference = fields.Char("Structured Reference")
    column_partner_name = fields.Char("Counterparty")
    column_partner_account = fields.Char("Counterparty Account")
    column_partner_bic = fields.Char("Counterparty BIC")
    column_bank_id = fields.Char("Bank Reference")
    column_end_to_end_id = fields.Char("End-to-End Reference")
    column_transaction_code = fields.Char("Kind of Transaction")
    column_account = fields.Char("Own Account")
    column_status = fields.Char("Status")

    @api.constrains("column_amount", "column_debit", "column_credit")
    def _check_amount(self):
        for record in self:
            if not (
                record.column_amount or record.column_debit or record.column_credit
            ):
                raise ValidationError(
                    self.env._("Name the column of the amounts, or debit and credit.")
                )

    @api.onchange("sample")
    def _onchange_sample(self):
        """The header of a sample proposes every column; what is filled in stays."""
        if not self.sample:
            return
        try:
            table, mapping = columns(self._sample_bytes(), self.sample_name or "")
        except FormatError as error:
            raise UserError(
                self.env["facturex.statement.file"]._format_error_words(error)
            ) from error
        names = table.titles
        if table.headless:
            names = [self.env._("column %s", n + 1) for n in range(len(names))]
        titles = dict(zip(map(fold_header, table.titles), names, strict=True))
        self.header = " | ".join(filter(None, names))
        self.name = self.name or self.sample_name or self.env._("Bank file")
        for role, header in mapping.columns if mapping else ():
            if not self[f"column_{role}"]:
                self[f"column_{role}"] = titles.get(header, header)

    def _sample_bytes(self):
        return base64.b64decode(self.sample)

    @api.model
    def _to_engine(self):
        """The mappings of this company, for the parsers."""
        return tuple(
            Mapping(
                record.name,
                tuple(
                    (role, fold_header(record[f"column_{role}"]))
                    for role in ROLES
                    if record[f"column_{role}"]
                ),
                date_order=record.date_order or None,
                decimal=record.decimal or None,
                inverted=record.inverted,
            )
            for record in self.search([("company_id", "=", self.env.company.id)])
        )
