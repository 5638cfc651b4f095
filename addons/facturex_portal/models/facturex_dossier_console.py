"""The console: how each dossier is doing, for all of them at once."""

import operator as operators
from datetime import date, datetime

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..engine import health
from ..engine.capabilities import MEMBER, see

COUNTERS = (
    "date_lock",
    "user_count",
    "date_activity",
    "check_count",
    "unmatched_count",
    "date_unmatched",
    "date_bank",
    "amount_overdue",
    "request_count",
    "export_count",
)
FIGURES = {
    "in": lambda figure, values: figure in values,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}
BANK = ("unmatched_count", "date_unmatched", "date_bank")


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    date_created = fields.Datetime(
        string="Company created on",
        compute="_compute_console",
        search=lambda self, operator, value: [
            ("company_id.create_date", operator, value)
        ],
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_console")
    company_vat = fields.Char(related="company_id.vat", string="VAT")
    date_lock = fields.Date(
        string="Locked until",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("date_lock", *args),
    )
    user_count = fields.Integer(
        string="Users",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("user_count", *args),
    )
    date_activity = fields.Datetime(
        string="Last activity",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("date_activity", *args),
    )
    check_count = fields.Integer(
        string="To check",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("check_count", *args),
    )
    unmatched_count = fields.Integer(
        string="Unmatched",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("unmatched_count", *args),
    )
    date_unmatched = fields.Date(
        string="Oldest",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("date_unmatched", *args),
    )
    date_bank = fields.Date(
        string="Last bank line",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("date_bank", *args),
    )
    amount_overdue = fields.Monetary(
        string="Overdue",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("amount_overdue", *args),
    )
    request_count = fields.Integer(
        string="Requests",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("request_count", *args),
    )
    export_count = fields.Integer(
        string="To export",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("export_count", *args),
        help="Posted customer documents that no export to the accountant holds.",
    )
    vat_period = fields.Char(string="VAT period", compute="_compute_console")
    date_vat = fields.Date(
        string="VAT period ends",
        compute="_compute_console",
        search=lambda self, *args: self._search_figure("vat_due", *args),
        help="Last day of the oldest period that no lock covers.",
    )
    health = fields.Integer(
        readonly=True, default=100, help="Out of 100, when the console was opened."
    )
    health_reasons = fields.Char(string="Why", compute="_compute_console")

    @api.depends_context("uid", "lang")
    def _compute_console(self):
        """Every figure of every dossier, in a constant number of queries."""
        facts = self._get_facts()
        today = fields.Date.context_today(self)
        texts = self._get_reason_texts()
        empty = {
            name: 0 if self._fields[name].type in ("integer", "monetary") else None
            for name in COUNTERS
        }
        # what the list shows of each company, for dossiers that the user reads
        companies = {company.id: company for company in self.sudo().company_id}
        rows = []
        for dossier in self:
            cid = dossier.company_id.id
            values = facts.get(cid, {})
            row = {name: values.get(name) or zero for name, zero in empty.items()}
            vat_due = values.get("vat_due")
            reasons = health.score(self._to_facts(dossier, values), today)[1]
            row |= {
                "date_created": companies[cid].create_date if cid else None,
                "currency_id": companies[cid].currency_id.id if cid else None,
                "date_vat": vat_due,
                "vat_period": self._get_vat_label(vat_due, today, texts),
                "health_reasons": ", ".join(
                    texts[reason.code].replace("%s", str(reason.number))
                    for reason in reasons
                ),
            }
            rows.append(row)
        for name in rows[0] if rows else ():
            # a column at once: assigning 15 figures of 300 rows takes longer than
            # finding them
            self._fields[name]._insert_cache(self, [row[name] for row in rows])

    @api.model
    def _to_facts(self, dossier, values):
        due = values.get("amount_due") or 0.0
        overdue = values.get("amount_overdue") or 0.0
        return health.Facts(
            unmatched=values.get("unmatched_count"),
            unmatched_oldest=values.get("date_unmatched"),
            bank_last=values.get("date_bank"),
            to_check=values.get("check_count") or 0,
            requests_late=values.get("request_late") or 0,
            overdue_share=overdue / due if due > 0 else 0.0,
            vat_due=values.get("vat_due"),
            suspended=dossier.state == "suspended",
        )

    @api.model
    def _get_reason_texts(self):
        return {
            "bank_old": self.env._("no bank line for %s days"),
            "unmatched_old": self.env._("a bank line unmatched for %s days"),
            "to_check": self.env._("%s documents to check"),
            "requests": self.env._("%s requests late"),
            "overdue": self.env._("%s % of the receivables overdue"),
            "vat_open": self.env._("VAT period open for %s days"),
            "suspended": self.env._("suspended"),
            "vat_done": self.env._("Up to date"),
            "vat_since": self.env._("Open since %s"),
        }

    @api.model
    def _get_vat_label(self, vat_due, today, texts):
        if not vat_due:
            return None
        if vat_due >= today.replace(day=1) - relativedelta(days=1):
            return texts["vat_done"]
        if vat_due not in texts:  # most dossiers share a few days
            day = format_date(self.env, vat_due)
            texts[vat_due] = texts["vat_since"].replace("%s", day)
        return texts[vat_due]

    # ------------------------------------------------------------------
    # Queries: one per source, for all companies
    # ------------------------------------------------------------------

    def _get_facts(self):
        """company id -> figures. Bank figures only where the user sees the bank."""
        user = self.env.user
        companies = self.sudo().company_id  # which ones; the rules chose the dossiers
        denied = set(user._facturex_denied_ids(MEMBER))
        seen = [cid for cid in companies.ids if cid not in denied]
        if not seen:
            return {}
        today = fields.Date.context_today(self)
        facts = self._get_kept(seen, today)
        for query in (
            self._query_company(seen),
            self._query_members(seen, today),
            *self._query_more(seen, today),
        ):
            self.env.cr.execute(query)
            for row in self.env.cr.dictfetchall():
                facts[row.pop("company")].update(row)
        for cid in facts.keys() & set(user._facturex_denied_ids(see("bank"))):
            for name in BANK:
                facts[cid].pop(name, None)
        for values in facts.values():
            values["vat_due"] = self._get_vat_due(values, today)
        return facts

    @api.model
    def _get_vat_due(self, values, today):
        """Last day of the oldest month that no tax lock covers, None without lock."""
        locks = (values.get("tax_lock"), values.get("date_lock"))
        lock = max(filter(None, locks), default=None)
        if not lock:
            return None
        return lock + relativedelta(days=1) + relativedelta(months=1, days=-1)

    @api.model
    def _query_company(self, ids):
        return SQL(
            """
            SELECT id AS company, tax_lock_date AS tax_lock,
                   GREATEST(fiscalyear_lock_date, hard_lock_date) AS date_lock
              FROM res_company WHERE id IN %s
            """,
            tuple(ids),
        )

    @api.model
    def _query_members(self, ids, today):
        return SQL(
            """
            SELECT d.company_id AS company, count(*) AS user_count
              FROM facturex_dossier_member m
              JOIN facturex_dossier d ON d.id = m.dossier_id
             WHERE d.company_id IN %s AND m.active
               AND (m.date_end IS NULL OR m.date_end >= %s)
          GROUP BY d.company_id
            """,
            tuple(ids),
            today,
        )

    @api.model
    def _query_more(self, ids, today):
        """Hook: further sources; each row names its `company`."""
        return []

    # ------------------------------------------------------------------
    # Opening
    # ------------------------------------------------------------------

    @api.model
    def action_open_console(self):
        """Refresh the scores of the user's dossiers, then list them, worst first."""
        dossiers = self.search([("state", "!=", "disconnected")])
        dossiers._keep_figures()
        dossiers._refresh_health()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_portal.facturex_dossier_action"
        )

    def _refresh_health(self):
        facts = self._get_facts()
        today = fields.Date.context_today(self)
        changed = {}
        for dossier in self:
            values = facts.get(dossier.company_id.id, {})
            points = health.score(self._to_facts(dossier, values), today)[0]
            if points != dossier.health:
                changed.setdefault(points, []).append(dossier.id)
        for points, ids in sorted(changed.items()):
            # a figure computed by the system; raw, for readers open the console too
            self.env.cr.execute(
                SQL(
                    "UPDATE facturex_dossier SET health = %s WHERE id IN %s",
                    points,
                    tuple(ids),
                )
            )
        self.invalidate_model(["health"])

    def action_enter(self):
        """Work in this company: the native switcher, one reload."""
        self.ensure_one()
        self.check_access("read")
        company = self.company_id
        self._log_entry()
        return {
            "type": "ir.actions.client",
            "tag": "facturex_enter_company",
            "params": {"company_id": company.id},
        }

    def _log_entry(self):
        """Hook: somebody enters the company."""

    @api.model
    def _search_figure(self, name, operator, value):
        """The dossiers whose figure compares so; the figures are those of the list."""
        compare = FIGURES.get(operator)
        if compare is None:
            return NotImplemented
        dossiers = self.search([("company_id", "!=", False)])
        facts = dossiers._get_facts()
        if operator == "in":
            value = {one or False for one in value}
        elif isinstance(value, str):
            value = fields.Date.to_date(value)
        found = []
        for dossier in dossiers:
            figure = facts.get(dossier.company_id.id, {}).get(name) or False
            if operator != "in" and not figure:
                if isinstance(value, date):
                    continue
                figure = 0
            if isinstance(figure, datetime) and not isinstance(value, datetime):
                figure = figure.date()
            if compare(figure, value):
                found.append(dossier.id)
        return [("id", "in", found)]

    def _open_list(self, xmlid, domain=(), context=None):
        """A native list, in this company only."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        companies = self.company_id.ids
        return action | {
            "domain": [*domain, ("company_id", "in", companies)],
            "context": {"allowed_company_ids": companies, **(context or {})},
        }

    def action_open_check(self):
        return self._open_list(
            "account.action_move_in_invoice_type",
            [("state", "=", "draft"), ("move_type", "in", ("in_invoice", "in_refund"))],
        )

    def action_open_unmatched(self):
        return self._open_list(
            "facturex_banking.bank_statement_line_action",
            [("is_reconciled", "=", False)],
        )

    def action_open_to_export(self):
        return self._open_list(
            "account.action_move_out_invoice_type",
            [
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
                (
                    "facturex_export_item_ids",
                    "not any",
                    [("batch_id.state", "=", "done")],
                ),
            ],
        )

    def action_open_overdue(self):
        return self._open_list(
            "account.action_move_out_invoice_type",
            [
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("state", "=", "posted"),
                ("invoice_date_due", "<", fields.Date.context_today(self)),
                ("payment_state", "in", ("not_paid", "partial")),
            ],
        )

    def action_open_members(self):
        self.ensure_one()
        self.check_access("read")
        return self.env["ir.actions.actions"]._for_xml_id(
            "facturex_portal.facturex_dossier_member_action"
        ) | {"domain": [("dossier_id", "=", self.id)]}
