import base64
import hashlib
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, float_repr

from ..engine import sales_journal


class FacturexExportBatch(models.Model):
    """What was handed to the accountant for a period: documents, totals and file."""

    _name = "facturex.export.batch"
    _description = "Export to the Accountant"
    _inherit = ["mail.thread"]
    _order = "date_to desc, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [("sales_journal", "Sales journal")], required=True, default="sales_journal"
    )
    file_format = fields.Selection(
        [("xlsx", "Excel"), ("csv", "CSV")], required=True, default="xlsx"
    )
    date_from = fields.Date(
        required=True,
        default=lambda self: self._default_month_start(),
    )
    date_to = fields.Date(
        required=True,
        default=lambda self: (
            self._default_month_start() + relativedelta(months=1, days=-1)
        ),
    )
    state = fields.Selection(
        [("draft", "To Export"), ("done", "Exported")],
        required=True,
        default="draft",
        tracking=True,
        copy=False,
    )
    item_ids = fields.One2many("facturex.export.item", "batch_id", copy=False)
    item_count = fields.Integer(
        string="Documents", compute="_compute_totals", store=True
    )
    amount_untaxed = fields.Monetary(
        string="Net", compute="_compute_totals", store=True
    )
    amount_tax = fields.Monetary(string="Tax", compute="_compute_totals", store=True)
    amount_total = fields.Monetary(
        string="Total", compute="_compute_totals", store=True
    )
    content = fields.Binary(string="File", attachment=True, readonly=True, copy=False)
    filename = fields.Char(readonly=True, copy=False)
    checksum = fields.Char(readonly=True, copy=False, help="SHA-256 of the file")

    _check_period = models.Constraint(
        "CHECK(date_from <= date_to)", "The period ends before it starts."
    )

    # ------------------------------------------------------------------
    # Defaults and computes
    # ------------------------------------------------------------------

    @api.model
    def _default_month_start(self):
        """First day of last month: the period an accountant asks for."""
        today = fields.Date.context_today(self)
        return today.replace(day=1) - relativedelta(months=1)

    @api.depends("kind", "date_from", "date_to")
    @api.depends_context("lang")
    def _compute_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for batch in self:
            batch.name = f"{kinds.get(batch.kind)} {batch.date_from} – {batch.date_to}"  # noqa: RUF001

    @api.depends(
        "item_ids.amount_untaxed", "item_ids.amount_tax", "item_ids.amount_total"
    )
    def _compute_totals(self):
        for batch in self:
            batch.item_count = len(batch.item_ids)
            batch.amount_untaxed = sum(batch.item_ids.mapped("amount_untaxed"))
            batch.amount_tax = sum(batch.item_ids.mapped("amount_tax"))
            batch.amount_total = sum(batch.item_ids.mapped("amount_total"))

    @api.ondelete(at_uninstall=False)
    def _unlink_only_draft(self):
        if any(batch.state == "done" for batch in self):
            raise UserError(
                self.env._("An export that was handed over is kept. Make a new one.")
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_export(self):
        """Freeze the documents of the period and make the file."""
        self.ensure_one()
        self.check_access("write")
        self._claim()
        moves = self._get_moves()
        if not moves:
            raise UserError(
                self.env._(
                    "No posted sales document between %(start)s and %(end)s.",
                    start=self.date_from,
                    end=self.date_to,
                )
            )
        self.item_ids = [fields.Command.create({"move_id": move.id}) for move in moves]
        content = self._render(moves)
        self.write(
            {
                "content": base64.b64encode(content),
                "checksum": hashlib.sha256(content).hexdigest(),
                "filename": self._get_filename(),
            }
        )
        self.message_post(
            body=self.env._("%s documents exported.", self.item_count),
            attachments=[(self.filename, content)],
        )

    def action_view_documents(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", self.item_ids.move_id.ids)],
            "context": {"create": False},
        }

    # ------------------------------------------------------------------
    # Export
    # ------------------------------------------------------------------

    def _claim(self):
        """Of two clicks one exports; the other finds it done."""
        self.flush_recordset(["state"])
        rows = self.env.execute_query(
            SQL(
                "UPDATE facturex_export_batch SET state = 'done'"
                " WHERE id = %s AND state = 'draft' RETURNING id",
                self.id,
            )
        )
        self.invalidate_recordset(["state"])
        if not rows:
            raise ValidationError(self.env._("This period was already exported here."))

    def _get_moves(self):
        return self.env["account.move"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
                ("date", ">=", self.date_from),
                ("date", "<=", self.date_to),
            ],
            order="date, name, id",
        )

    def _get_filename(self):
        company = self.company_id.vat or str(self.company_id.id)
        return (
            f"{self.kind}_{company}_{self.date_from}_{self.date_to}.{self.file_format}"
        )

    def _render(self, moves):
        entries = [self._to_entry(item) for item in self.item_ids]
        labels = self._get_labels()
        if self.file_format == "csv":
            return sales_journal.to_csv(entries, labels)
        return sales_journal.to_xlsx(entries, self._get_tax_totals(moves), labels)

    @api.model
    def _to_entry(self, item):
        move, partner = item.move_id, item.move_id.commercial_partner_id
        digits = item.currency_id.decimal_places
        return sales_journal.Entry(
            date=item.date,
            number=move.name,
            journal=move.journal_id.code,
            partner=partner.name or "",
            vat=partner.vat or "",
            country=partner.country_code or "",
            date_due=move.invoice_date_due or None,
            reference=move.payment_reference or "",
            net=Decimal(float_repr(item.amount_untaxed, digits)),
            tax=Decimal(float_repr(item.amount_tax, digits)),
            total=Decimal(float_repr(item.amount_total, digits)),
        )

    def _get_tax_totals(self, moves):
        """Base and amount per tax, from the ledger, in one query each."""
        lines = self.env["account.move.line"]
        domain = [("move_id", "in", moves.ids)]
        taxes = {
            tax: -amount
            for tax, amount in lines._read_group(
                domain + [("tax_line_id", "!=", False)],
                ["tax_line_id"],
                ["balance:sum"],
            )
        }
        bases = {
            tax: -amount
            for tax, amount in lines._read_group(
                domain + [("tax_ids", "!=", False)], ["tax_ids"], ["balance:sum"]
            )
        }
        return [
            sales_journal.TaxTotal(
                name=tax.name,
                base=Decimal(str(self.currency_id.round(bases.get(tax, 0.0)))),
                tax=Decimal(str(self.currency_id.round(taxes.get(tax, 0.0)))),
            )
            for tax in sorted(bases.keys() | taxes.keys(), key=lambda tax: tax.sequence)
        ]

    def _get_labels(self):
        return sales_journal.Labels(
            sheet=self.env._("Sales journal"),
            tax_sheet=self.env._("Taxes"),
            columns=(
                self.env._("Date"),
                self.env._("Number"),
                self.env._("Journal"),
                self.env._("Customer"),
                self.env._("VAT number"),
                self.env._("Country"),
                self.env._("Due date"),
                self.env._("Reference"),
                self.env._("Net"),
                self.env._("Tax"),
                self.env._("Total"),
            ),
            tax_columns=(self.env._("Tax"), self.env._("Base"), self.env._("Amount")),
            total=self.env._("Total"),
        )
