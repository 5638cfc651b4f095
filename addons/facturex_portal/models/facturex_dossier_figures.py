"""Figures of a dossier that cost time, kept until something changes them.

A hundred thousand invoices are not counted again at each opening of the console. Who
writes an invoice, a bank line or a reconciliation leaves a trace of the company when
the transaction ends; traced companies are counted anew, the others are read. A day is
counted anew as well: what is overdue depends on it.
"""

import datetime
import json
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

TRACE = "facturex.dossier.trace"
DAYS = ("date_unmatched", "date_bank")


class FacturexDossierTrace(models.Model):
    """A company whose documents changed since its figures were kept.

    Lines are only added, so that two clerks of a company never wait for each other, and
    removed by who counts.
    """

    _name = "facturex.dossier.trace"
    _description = "Dossier to Count Anew"
    _check_company_auto = True
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )

    @api.model
    def _leave(self, company_ids):
        """Remember companies; written once, when the transaction ends."""
        if not company_ids:
            return
        data = self.env.cr.precommit.data
        if TRACE not in data:
            data[TRACE] = set()
            self.env.cr.precommit.add(self._write_traces)
        data[TRACE].update(company_ids)

    def _write_traces(self):
        ids = self.env.cr.precommit.data.pop(TRACE, ())
        if ids:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO facturex_dossier_trace (company_id)"
                    " SELECT id FROM res_company"
                    " WHERE id IN %s AND facturex_managed ORDER BY id",
                    tuple(ids),
                )
            )

    @api.model
    def _get_changed(self, company_ids):
        """Those of the companies that changed, in this transaction or before."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT company_id FROM facturex_dossier_trace"
                " WHERE company_id IN %s",
                tuple(company_ids),
            )
        )
        pending = self.env.cr.precommit.data.get(TRACE, set())
        return {company for (company,) in rows} | pending & set(company_ids)


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    figures = fields.Json(readonly=True, copy=False, groups="base.group_system")
    figures_day = fields.Date(readonly=True, copy=False, groups="base.group_system")

    def _get_kept(self, company_ids, today):
        """company id -> figures: kept ones, counted anew where something changed."""
        changed = self.env[TRACE]._get_changed(company_ids)
        self.flush_model(["figures", "figures_day"])
        rows = self.env.execute_query(
            SQL(
                "SELECT company_id, figures FROM facturex_dossier"
                " WHERE company_id IN %s AND figures_day = %s",
                tuple(company_ids),
                today,
            )
        )
        facts = {
            company: self._read_figures(figures)
            for company, figures in rows
            if company not in changed and figures is not None
        }
        stale = [company for company in company_ids if company not in facts]
        return facts | self._count_figures(stale, today)

    @api.model
    def _read_figures(self, kept):
        figures = dict(kept)
        for name in DAYS:
            if figures.get(name):
                figures[name] = datetime.date.fromisoformat(figures[name])
        if figures.get("date_activity"):
            figures["date_activity"] = datetime.datetime.fromisoformat(
                figures["date_activity"]
            )
        return figures

    @api.model
    def _count_figures(self, company_ids, today):
        facts = {company: {} for company in company_ids}
        if not company_ids:
            return facts
        self.env.flush_all()
        for query in (
            self._query_moves(company_ids),
            self._query_bank(company_ids),
            self._query_receivables(company_ids, today),
        ):
            self.env.cr.execute(query)
            for row in self.env.cr.dictfetchall():
                facts[row.pop("company")].update(row)
        return facts

    def _keep_figures(self):
        """Count what changed and keep it; two who count at once do not wait."""
        today = fields.Date.context_today(self)
        self.flush_model(["figures", "figures_day"])
        companies = tuple(self.sudo().company_id.ids) or (0,)  # which ones, no more
        rows = self.env.execute_query(
            SQL(
                """
                DELETE FROM facturex_dossier_trace WHERE id IN (
                    SELECT id FROM facturex_dossier_trace WHERE company_id IN %s
                       FOR UPDATE SKIP LOCKED)
                RETURNING company_id
                """,
                companies,
            )
        )
        changed = {company for (company,) in rows}
        changed |= self.env.cr.precommit.data.get(TRACE, set()) & set(companies)
        rows = self.env.execute_query(
            SQL(
                "SELECT company_id FROM facturex_dossier WHERE company_id IN %s"
                " AND (figures_day IS DISTINCT FROM %s OR figures IS NULL"
                " OR company_id = ANY(%s))",
                companies,
                today,
                sorted(changed),
            )
        )
        facts = self._count_figures(sorted(company for (company,) in rows), today)
        if facts:
            # figures of the system; raw, for readers open the console too
            self.env.cr.execute(
                SQL(
                    "UPDATE facturex_dossier d SET figures = v.figures,"
                    " figures_day = %s FROM (SELECT unnest(%s) AS company,"
                    " unnest(%s)::jsonb AS figures) v WHERE d.company_id = v.company",
                    today,
                    list(facts),
                    [self._write_figures(figures) for figures in facts.values()],
                )
            )
        self.invalidate_model(["figures", "figures_day"])

    @api.model
    def _write_figures(self, figures):
        return json.dumps(figures, default=self._to_json)

    @api.model
    def _to_json(self, value):
        return float(value) if isinstance(value, Decimal) else value.isoformat()

    @api.model
    def _cron_figures(self):
        """Count what changed, and score it, before somebody asks."""
        dossiers = self.search([("state", "!=", "disconnected")])
        dossiers._keep_figures()
        dossiers._refresh_health()

    # ------------------------------------------------------------------
    # Queries: one per source, for all companies
    # ------------------------------------------------------------------

    @api.model
    def _query_moves(self, ids):
        return SQL(
            """
            SELECT company_id AS company, max(write_date) AS date_activity,
                   count(*) FILTER (
                       WHERE (state = 'draft' AND move_type IN ('in_invoice',
                                                               'in_refund'))
                          OR (state = 'posted' AND NOT COALESCE(checked, true))
                   ) AS check_count,
                   count(*) FILTER (
                       WHERE state = 'posted'
                         AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                         AND NOT id IN (
                             SELECT i.move_id FROM facturex_export_item i
                               JOIN facturex_export_batch b ON b.id = i.batch_id
                              WHERE b.state = 'done' AND i.company_id IN %(ids)s)
                   ) AS export_count
              FROM account_move
             WHERE company_id IN %(ids)s GROUP BY company_id
            """,
            ids=tuple(ids),
        )

    @api.model
    def _query_bank(self, ids):
        return SQL(
            """
            SELECT l.company_id AS company, max(m.date) AS date_bank,
                   count(*) FILTER (WHERE NOT l.is_reconciled) AS unmatched_count,
                   min(m.date) FILTER (WHERE NOT l.is_reconciled) AS date_unmatched
              FROM account_bank_statement_line l
              JOIN account_move m ON m.id = l.move_id
             WHERE l.company_id IN %s GROUP BY l.company_id
            """,
            tuple(ids),
        )

    @api.model
    def _query_receivables(self, ids, today):
        return SQL(
            """
            SELECT l.company_id AS company, sum(l.amount_residual) AS amount_due,
                   COALESCE(sum(l.amount_residual) FILTER (
                       WHERE l.date_maturity < %s), 0) AS amount_overdue
              FROM account_move_line l
              JOIN account_account a ON a.id = l.account_id
             WHERE l.company_id IN %s AND l.parent_state = 'posted'
               AND a.account_type = 'asset_receivable' AND NOT l.reconciled
          GROUP BY l.company_id
            """,
            today,
            tuple(ids),
        )


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_export_item_ids = fields.One2many("facturex.export.item", "move_id")

    def _facturex_trace(self):
        # only the companies, to count them anew
        self.env[TRACE]._leave(self.sudo().company_id.ids)

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        moves._facturex_trace()
        return moves

    def write(self, vals):
        self._facturex_trace()
        return super().write(vals)

    def unlink(self):
        self._facturex_trace()
        return super().unlink()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def write(self, vals):
        self.move_id._facturex_trace()
        return super().write(vals)


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._facturex_trace()
        return partials

    def unlink(self):
        self._facturex_trace()
        return super().unlink()

    def _facturex_trace(self):
        # only the companies of both sides, to count them anew
        partials = self.sudo()
        lines = partials.debit_move_id | partials.credit_move_id
        lines.move_id._facturex_trace()


class FacturexExportBatch(models.Model):
    _inherit = "facturex.export.batch"

    def action_export(self):
        result = super().action_export()
        # only the companies, to count them anew
        companies = self.sudo().company_id.ids
        self.env[TRACE]._leave(companies)
        self.env["facturex.access.log"]._note("export", self._name, companies)
        return result
