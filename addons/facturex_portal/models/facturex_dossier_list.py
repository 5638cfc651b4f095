"""The console as a list: found by number, opened from a figure, taken away as XLSX."""

import io
import re

import xlsxwriter

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

FOUND = 8
# what the exported list holds, in its order
COLUMNS = (
    "name",
    "number",
    "state",
    "health",
    "health_reasons",
    "date_created",
    "plan_id",
    "date_trial_end",
    "responsible_id",
    "user_count",
    "date_activity",
    "date_lock",
    "vat_period",
    "check_count",
    "export_count",
    "unmatched_count",
    "date_unmatched",
    "date_bank",
    "amount_overdue",
    "request_count",
)


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    number = fields.Char(
        string="Official number", compute="_compute_number", search="_search_number"
    )

    @api.depends("company_id.vat", "company_id.company_registry")
    def _compute_number(self):
        """In one query: the dossier is read by who sees it, its company is not."""
        self.env["res.partner"].flush_model(["vat", "company_registry"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.id, COALESCE(NULLIF(p.vat, ''), p.company_registry)
                  FROM res_company c JOIN res_partner p ON p.id = c.partner_id
                 WHERE c.id IN %s
                """,
                tuple(self.company_id.ids) or (0,),
            )
        )
        numbers = dict(rows)
        for dossier in self:
            dossier.number = numbers.get(dossier.company_id.id)

    def _search_number(self, operator, value):
        """By digits: BE 0403.019.261 finds BE0403019261, KBO and SIREN as well."""
        if operator not in ("ilike", "="):
            return NotImplemented
        digits = re.sub(r"\D", "", value or "")
        if len(digits) < 3:
            return [("id", "=", False)]
        self.env["res.partner"].flush_model(["vat", "company_registry"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT d.id FROM facturex_dossier d
                  JOIN res_company c ON c.id = d.company_id
                  JOIN res_partner p ON p.id = c.partner_id
                 WHERE regexp_replace(COALESCE(p.vat, ''), '\\D', '', 'g') LIKE %(like)s
                    OR regexp_replace(COALESCE(p.company_registry, ''),
                                      '\\D', '', 'g') LIKE %(like)s
                """,
                like=f"%{digits}%",
            )
        )
        return [("id", "in", [dossier for (dossier,) in rows])]

    @api.model
    def search_dossiers(self, text):
        """A few dossiers by name or number, for the banner: id of company, name."""
        text = str(text or "").strip()
        if not text:
            return []
        found = self.search(
            ["|", ("name", "ilike", text), ("number", "ilike", text)], limit=FOUND
        )
        return [
            # the company's id, for the switcher; the dossier is readable
            {"id": one.id, "company": one.sudo().company_id.id, "name": one.name}
            for one in found
        ]

    @api.model
    def note_entry(self, company_id):
        """Somebody opened the company by Odoo's own switcher: the same as Enter."""
        self.search([("company_id", "=", int(company_id))], limit=1)._log_entry()

    # ------------------------------------------------------------------
    # The list, taken away
    # ------------------------------------------------------------------

    def action_export_list(self):
        """Offer the list as XLSX: only dossiers where the user's role exports."""
        self.check_access("read")
        allowed = self._get_exportable()
        if not allowed:
            raise UserError(self.env._("Your role exports in none of these dossiers."))
        ids = ",".join(map(str, allowed.ids))
        return {
            "type": "ir.actions.act_url",
            "url": f"/facturex/dossiers.xlsx?ids={ids}",
            "target": "download",
        }

    def _get_exportable(self):
        user = self.env.user
        return self.filtered(
            # whose company it is, to decide about the right
            lambda one: user._facturex_can("export", one.sudo().company_id)
        )

    def _make_list(self):
        """The XLSX file of the dossiers, as the user sees their figures."""
        labels = self.fields_get(COLUMNS, ["string", "selection"])
        out = io.BytesIO()
        book = xlsxwriter.Workbook(
            out, {"in_memory": True, "strings_to_formulas": False}
        )
        sheet = book.add_worksheet(self.env._("Dossiers"))
        title = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, labels[name]["string"], title)
        for row, dossier in enumerate(self, 1):
            for column, name in enumerate(COLUMNS):
                self._write_cell(sheet, row, column, dossier, name, labels, day)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(self), len(COLUMNS) - 1)
        sheet.autofit()
        book.close()
        # which companies, to tell them
        companies = self.sudo().company_id.ids
        self.env["facturex.access.log"]._note("export", self._name, companies)
        return out.getvalue()

    @api.model
    def _write_cell(self, sheet, row, column, dossier, name, labels, day):
        value, kind = dossier[name], self._fields[name].type
        if kind == "selection":
            sheet.write_string(row, column, dict(labels[name]["selection"])[value])
        elif kind == "many2one":
            # the name of a plan or a colleague
            sheet.write_string(row, column, value.sudo().display_name or "")
        elif kind in ("integer", "monetary"):
            sheet.write_number(row, column, value or 0)
        elif kind in ("date", "datetime"):
            if value:
                sheet.write_datetime(
                    row, column, fields.Datetime.to_datetime(value), day
                )
        else:
            sheet.write_string(row, column, value or "")
