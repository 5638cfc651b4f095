import csv
import io
import re
import zipfile

from odoo import api, fields, models
from odoo.exceptions import UserError

COLUMNS = (
    "invoice",
    "date",
    "due",
    "currency",
    "amount",
    "paid",
    "open",
    "interest",
    "costs",
)


class FacturexDunningHandover(models.TransientModel):
    """The file for the collection agency: every piece of a debt in one ZIP."""

    _name = "facturex.dunning.handover"
    _description = "Hand Over to Collection"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    move_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        check_company=True,
        default=lambda self: self._default_move_ids(),
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", compute="_compute_partner_id"
    )
    file_data = fields.Binary(string="File", readonly=True, attachment=False)
    file_name = fields.Char()

    @api.model
    def _default_move_ids(self):
        if self.env.context.get("active_model") != "account.move":
            return self.env["account.move"]
        return self.env["account.move"].browse(self.env.context.get("active_ids"))

    @api.depends("move_ids")
    def _compute_partner_id(self):
        for handover in self:
            handover.partner_id = handover.move_ids.commercial_partner_id[:1]

    def action_make(self):
        """Make the ZIP and keep it in the customer's notes."""
        self.ensure_one()
        self._check_moves()
        name = self.env._(
            "collection %(customer)s %(date)s",
            customer=self.partner_id.name,
            date=self.date,
        )
        self.file_name = f"{self._safe(name)}.zip"
        content = self._make_zip()
        attachment = self.env["ir.attachment"].create(
            {
                "name": self.file_name,
                "raw": content,
                "mimetype": "application/zip",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        for move in self.move_ids:
            move._message_log(
                body=self.env._("File for collection made: %s", self.file_name)
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }

    def _check_moves(self):
        self.move_ids.check_access("read")
        moves = self.move_ids
        if not moves or any(
            m.state != "posted" or m.move_type not in ("out_invoice", "out_receipt")
            for m in moves
        ):
            raise UserError(self.env._("Choose posted invoices of one customer."))
        if len(moves.commercial_partner_id) > 1 or moves.company_id != self.company_id:
            raise UserError(
                self.env._("Choose invoices of one customer and one company.")
            )

    def _make_zip(self):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self._get_pieces():
                archive.writestr(name, content)
        return buffer.getvalue()

    def _get_pieces(self):
        """(path, bytes) of each piece; documents as they left where they were kept."""
        Report = self.env["ir.actions.report"]
        yield "statement.csv", self._get_statement_csv()
        yield (
            "statement.pdf",
            Report._render_qweb_pdf(
                "facturex_billing.report_account_statement", self.ids
            )[0],
        )
        for move in self.move_ids:
            kept = move.invoice_pdf_report_id
            content = (
                kept.raw
                if kept
                else Report._render_qweb_pdf("account.account_invoices", move.ids)[0]
            )
            yield f"invoices/{self._safe(move.name)}.pdf", content
        notices = self.env["facturex.dunning.notice"].search(
            [("line_ids.move_id", "in", self.move_ids.ids), ("state", "=", "sent")],
            order="date, id",
        )
        for notice in notices:
            name = self._safe(notice._get_letter_name())
            content = Report._render_qweb_pdf(
                "facturex_billing.report_dunning_letter", notice.ids
            )[0]
            yield f"reminders/{name}.pdf", content
            # what really left, where it was a mail
            if mail := notice.mail_mail_id.sudo():  # mails are for administrators
                yield f"reminders/{name}.html", (mail.body_html or "").encode()

    def _get_rows(self):
        self.ensure_one()
        lines = self.move_ids.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable" and line.amount_currency > 0
            )
        )
        found = lines._facturex_charges(self.date)
        return [
            {
                "invoice": line.move_id.name,
                "date": line.move_id.invoice_date,
                "due": line.date_maturity,
                "currency": line.currency_id,
                "amount": line.amount_currency,
                "paid": line.amount_currency - line.amount_residual_currency,
                "open": line.amount_residual_currency,
                "interest": float(found[line.id].interest),
                "costs": float(found[line.id].indemnity + found[line.id].fee),
            }
            for line in lines.sorted(lambda line: (line.date_maturity, line.id))
        ]

    def _get_statement_csv(self):
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=";")
        writer.writerow(COLUMNS)
        for row in self._get_rows():
            currency = row["currency"]
            writer.writerow(
                [
                    f"{row[name]:.{currency.decimal_places}f}".replace(".", ",")
                    if isinstance(row[name], float)
                    else self._text(currency.name if name == "currency" else row[name])
                    for name in COLUMNS
                ]
            )
        return b"\xef\xbb\xbf" + buffer.getvalue().encode()

    @api.model
    def _text(self, value):
        """A cell is a text, never a formula of a spreadsheet."""
        text = str(value or "")
        return f"'{text}" if text[:1] in "=+-@\t\r" and text else text

    @api.model
    def _safe(self, name):
        """A file name that leaves no folder."""
        name = re.sub(r"\.{2,}|[^\w .-]+", "-", name or "")
        return name.strip(" .-")[:120] or "document"
