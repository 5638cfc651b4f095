from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, RedirectWarning, UserError, ValidationError
from odoo.tools import SQL, format_date

INLINE = 20  # up to so many dossiers are done at once, more in the background

LOCKS = [
    ("fiscalyear_lock_date", "Everything"),
    ("tax_lock_date", "Tax return"),
    ("sale_lock_date", "Sales"),
    ("purchase_lock_date", "Purchases"),
]


class FacturexBulkAct(models.Model):
    """One act on several dossiers, with what became of each."""

    _name = "facturex.bulk.act"
    _description = "Act on Dossiers"
    _order = "id desc"

    kind = fields.Selection(
        [
            ("lock", "Lock a period"),
            ("hard_lock", "Lock for ever"),
            ("exception", "Open a locked period for a while"),
            ("responsible", "Name the responsible"),
            ("request", "Send a request"),
            ("export", "Export a period"),
            ("invite", "Invite the entrepreneur"),
            ("trial", "Start the trial"),
            ("active", "Activate, end the trial"),
            ("suspend", "Suspend"),
            ("leave", "Disconnect"),
        ],
        string="What",
        required=True,
        default="lock",
    )
    state = fields.Selection(
        [("draft", "To confirm"), ("running", "Running"), ("done", "Done")],
        default="draft",
        required=True,
        readonly=True,
    )
    lock_field = fields.Selection(LOCKS, string="Which lock", default=LOCKS[0][0])
    lock_date = fields.Date(string="Up to and including")
    user_id = fields.Many2one(
        "res.users", string="Collaborator", domain="[('share', '=', False)]"
    )
    date_end = fields.Datetime(string="Until")
    reason = fields.Char()
    date_leave = fields.Date(string="Last day of the firm's access")
    request_name = fields.Char(string="Subject")
    request_kind = fields.Selection(
        selection=lambda self: (
            self.env["facturex.request"]
            ._fields["kind"]
            ._description_selection(self.env)
        ),
        string="Kind of request",
        default="document",
    )
    description = fields.Text()
    date_due = fields.Date(string="Due")
    date_from = fields.Date(
        string="From",
        default=lambda self: self.env["facturex.export.batch"]._default_month_start(),
    )
    date_to = fields.Date(
        string="To",
        default=lambda self: (
            self.env["facturex.export.batch"]._default_month_start()
            + relativedelta(months=1, days=-1)
        ),
    )
    confirmation = fields.Char(
        help="Type the company's name: this lock is never taken away again."
    )
    line_ids = fields.One2many("facturex.bulk.act.line", "act_id")
    total = fields.Integer(compute="_compute_progress")
    done = fields.Integer(compute="_compute_progress")
    refused = fields.Integer(compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress")

    @api.depends("line_ids.state")
    def _compute_progress(self):
        for act in self:
            states = act.line_ids.mapped("state")
            act.total = len(states)
            act.done = states.count("done")
            act.refused = states.count("refused")
            ended = act.done + act.refused
            act.progress = 100.0 * ended / len(states) if states else 0.0

    @api.depends("kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for act in self:
            act.display_name = kinds.get(act.kind)

    @api.model
    def default_get(self, fields_list):
        result = super().default_get(fields_list)
        context = self.env.context
        if context.get("active_model") == "facturex.dossier":
            result["line_ids"] = [
                fields.Command.create({"dossier_id": dossier})
                for dossier in context.get("active_ids", [])
            ]
        return result

    def action_start(self):
        """Do it, and show what became of each dossier."""
        self.ensure_one()
        self.check_access("write")
        if not self.line_ids:
            raise UserError(self.env._("Choose the dossiers first."))
        self._check_values()
        self.state = "running"
        if len(self.line_ids) <= INLINE:
            for line in self.line_ids:
                line._run()
            self._finish()
        else:
            # the job belongs to the administrators, waking it up does not
            self.env.ref("facturex_portal.ir_cron_bulk_act").sudo()._trigger()

    def _check_values(self):
        needed = {
            "lock": self.lock_date and self.lock_field,
            "hard_lock": self.lock_date,
            "exception": self.date_end and self.lock_field,
            "responsible": self.user_id,
            "request": self.request_name,
            "export": self.date_from and self.date_to,
        }
        if not needed.get(self.kind, True):
            raise UserError(self.env._("Fill in what the act needs first."))
        if self.kind == "hard_lock":
            names = self.line_ids.dossier_id.mapped("name")
            if names != [(self.confirmation or "").strip()]:
                raise UserError(
                    self.env._(
                        "A lock for ever is set one company at a time: type its name"
                        " to confirm."
                    )
                )

    def _get_locked_journals(self):
        """Types of the journals that the chosen lock concerns, empty for all."""
        if self.kind != "lock":
            return ()
        return {"sale_lock_date": ("sale",), "purchase_lock_date": ("purchase",)}.get(
            self.lock_field, ()
        )

    def _count_obstacles(self, companies):
        """company id -> (unmatched bank lines, drafts, entries that get locked)"""
        if not companies:
            return {}
        self.env.flush_all()
        field = "hard_lock_date" if self.kind == "hard_lock" else self.lock_field
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.company_id,
                       count(*) FILTER (WHERE NOT l.is_reconciled AND %(bank)s),
                       count(*) FILTER (WHERE m.state = 'draft' AND l.id IS NULL),
                       count(*) FILTER (WHERE m.state = 'posted'
                                          AND (c.%(field)s IS NULL
                                               OR m.date > c.%(field)s))
                  FROM account_move m
                  JOIN res_company c ON c.id = m.company_id
                  JOIN account_journal j ON j.id = m.journal_id
             LEFT JOIN account_bank_statement_line l ON l.move_id = m.id
                 WHERE m.company_id IN %(ids)s AND m.date <= %(day)s
                   AND (%(all)s OR j.type = ANY(%(types)s))
              GROUP BY m.company_id
                """,
                field=SQL.identifier(field),
                # Odoo asks for matched lines before these locks only
                bank=field in ("fiscalyear_lock_date", "hard_lock_date"),
                ids=tuple(companies.ids),
                day=self.lock_date,
                all=not self._get_locked_journals(),
                types=list(self._get_locked_journals()),
            )
        )
        return {company: tuple(counts) for company, *counts in rows}

    def _finish(self):
        for act in self:
            if all(line.state != "todo" for line in act.line_ids):
                act.state = "done"

    @api.model
    def _cron_run(self):
        """Do what waits, each line as the person who asked."""
        lines = self.env["facturex.bulk.act.line"]
        domain = [("state", "=", "todo"), ("act_id.state", "=", "running")]
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=lines.search_count(domain))
        while line := lines.search(domain, limit=1, order="id"):
            line.with_user(line.create_uid)._run()
            if not cron._commit_progress(1):
                break
        self.search([("state", "=", "running")])._finish()


class FacturexBulkActLine(models.Model):
    """One dossier of an act."""

    _name = "facturex.bulk.act.line"
    _description = "Act on a Dossier"
    _order = "state desc, id"
    _check_company_auto = True

    act_id = fields.Many2one(
        "facturex.bulk.act", required=True, index=True, ondelete="cascade"
    )
    dossier_id = fields.Many2one(
        "facturex.dossier", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="dossier_id.company_id")
    state = fields.Selection(
        [("todo", "To do"), ("refused", "Refused"), ("done", "Done")],
        default="todo",
        required=True,
        readonly=True,
    )
    message = fields.Char(string="Why", readonly=True)
    effect = fields.Char(string="Locks", compute="_compute_obstacle")
    obstacle = fields.Char(string="In the way", compute="_compute_obstacle")
    has_unmatched = fields.Boolean(compute="_compute_obstacle")
    has_drafts = fields.Boolean(compute="_compute_obstacle")

    @api.depends("act_id.kind", "act_id.lock_date", "act_id.lock_field", "dossier_id")
    def _compute_obstacle(self):
        """What a lock closes, and what is in its way: one query for each act."""
        self.effect = self.obstacle = False
        self.has_unmatched = self.has_drafts = False
        for act in self.act_id:
            if act.kind not in ("lock", "hard_lock") or not act.lock_date:
                continue
            lines = self.filtered(lambda line, act=act: line.act_id == act)
            found = act._count_obstacles(lines.company_id)
            for line in lines:
                unmatched, drafts, locked = found.get(line.company_id.id, (0, 0, 0))
                line.has_unmatched, line.has_drafts = bool(unmatched), bool(drafts)
                if locked:
                    line.effect = self.env._("%s entries", locked)
                texts = []
                if unmatched:
                    texts.append(self.env._("%s unmatched bank lines", unmatched))
                if drafts:
                    texts.append(self.env._("%s drafts", drafts))
                line.obstacle = ", ".join(texts)

    def action_open_unmatched(self):
        self.ensure_one()
        day = self.act_id.lock_date
        action = self.dossier_id.action_open_unmatched()
        return action | {"domain": [*action["domain"], ("date", "<=", day)]}

    def action_open_drafts(self):
        """The drafts of the period, in this company only."""
        self.ensure_one()
        kinds = self.act_id._get_locked_journals()
        domain = [("state", "=", "draft"), ("date", "<=", self.act_id.lock_date)]
        if kinds:
            domain.append(("journal_id.type", "in", kinds))
        return self.dossier_id._open_list("account.action_move_journal_line", domain)

    def _run(self):
        """Do the act on one dossier; a refusal keeps its reason and stops nothing."""
        self.ensure_one()
        if self.state != "todo":
            return
        try:
            with self.env.cr.savepoint():
                getattr(self, f"_run_{self.act_id.kind}")(self.dossier_id)
                self.env.flush_all()
            self.write({"state": "done", "message": False})
        except (UserError, AccessError, ValidationError, RedirectWarning) as error:
            self.write({"state": "refused", "message": str(error.args[0])})

    def _check_lock(self, dossier):
        dossier.check_access("read")
        dossier._facturex_check("lock")
        if dossier.company_id.id not in self.env.user._get_company_ids():
            raise AccessError(self.env._("%s is not your company.", dossier.name))

    def _run_lock(self, dossier):
        self._check_lock(dossier)
        # Odoo keeps lock dates to its administrators; the role was checked above
        company = dossier.company_id.sudo()
        company.write({self.act_id.lock_field: self.act_id.lock_date})

    def _run_hard_lock(self, dossier):
        self._check_lock(dossier)
        company = dossier.company_id.sudo()  # the role was checked above
        company.write({"hard_lock_date": self.act_id.lock_date})

    def _run_exception(self, dossier):
        self._check_lock(dossier)
        act = self.act_id
        exceptions = self.env["account.lock_exception"].sudo()  # checked above
        exceptions.create(
            {
                "company_id": dossier.company_id.id,
                "user_id": act.user_id.id,
                "reason": act.reason,
                "end_datetime": act.date_end,
                act.lock_field: act.lock_date,
            }
        )

    def _run_responsible(self, dossier):
        dossier._check_firm()
        record, user = dossier.sudo(), self.act_id.user_id  # checked above
        if user not in record.firm_id.user_ids:
            raise UserError(self.env._("%s is not of the firm.", user.name))
        if user not in record.member_ids.user_id:
            role = record.firm_id.role_id or record._role("accountant")
            record._add_member(user, role)
        record.responsible_id = user

    def _run_request(self, dossier):
        act, person = self.act_id, dossier._get_answerer()
        if not person:
            raise UserError(
                self.env._("%s has nobody who could answer: invite the entrepreneur.",
                           dossier.name)
            )  # fmt: skip
        self.env["facturex.request"].create(
            {
                "name": act.request_name,
                "kind": act.request_kind,
                "description": act.description,
                "date_due": act.date_due,
                "dossier_id": dossier.id,
                "user_id": person.id,
            }
        )

    def _run_export(self, dossier):
        dossier._facturex_check("export")
        company = dossier.company_id
        batches = self.env["facturex.export.batch"].with_context(
            allowed_company_ids=company.ids
        )
        batches.create(
            {
                "company_id": company.id,
                "date_from": self.act_id.date_from,
                "date_to": self.act_id.date_to,
            }
        ).action_export()

    def _run_invite(self, dossier):
        dossier._check_firm()
        email = dossier.sudo().company_id.email  # the address to write to
        if not email:
            raise UserError(
                self.env._("%s has no e-mail address: add it first.", dossier.name)
            )
        dossier._invite(email, dossier._role("administrator"), owner=True)

    def _run_trial(self, dossier):
        dossier._check_firm()
        if dossier.state not in ("draft", "invited"):
            raise UserError(self.env._("The trial of %s is behind it.", dossier.name))
        dossier.sudo()._start_trial()  # checked above

    def _run_active(self, dossier):
        dossier._check_firm()
        record = dossier.sudo()  # checked above
        if record.state == "disconnected":
            raise UserError(self.env._("%s is disconnected.", dossier.name))
        record.write(
            {
                "state": "active",
                "plan_id": record.plan_id.id or record.firm_id.plan_id.id,
            }
        )

    def _run_suspend(self, dossier):
        dossier._check_firm()
        if dossier.state not in ("trial", "active"):
            raise UserError(self.env._("%s is not running.", dossier.name))
        dossier.sudo().state = "suspended"  # checked above

    def _run_leave(self, dossier):
        dossier._leave(self.act_id.date_leave)


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_refuse_locked = fields.Boolean(
        string="Refuse customer invoices dated in a locked period",
        default=True,
        help="In a dossier only. Otherwise Odoo books them silently in the first open"
        " period.",
    )


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        for move in self:
            company = move.company_id
            if (
                company.facturex_managed
                and company.facturex_refuse_locked
                and move.is_sale_document(include_receipts=True)
                and move.invoice_date
            ):
                move._facturex_check_locked()
        return super()._post(soft=soft)

    def _facturex_check_locked(self):
        """An invoice keeps the date that the customer reads."""
        locks = self._get_violated_lock_dates(
            self.invoice_date, self._affect_tax_report()
        )
        if locks:
            raise UserError(
                self.env._(
                    "%(date)s is in a period locked until %(lock)s. Give the document"
                    " a later date, or ask the accountant for an exception.",
                    date=format_date(self.env, self.invoice_date),
                    lock=format_date(self.env, max(lock for lock, _field in locks)),
                )
            )
