import base64
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..engine import dossier_list

_logger = logging.getLogger(__name__)


class FacturexDossierCreation(models.Model):
    """New companies of a firm, set up one after the other in the background."""

    _name = "facturex.dossier.creation"
    _description = "Creation of Dossiers"
    _order = "id desc"

    firm_id = fields.Many2one(
        "facturex.firm",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env["facturex.firm"]._get_current(),
    )
    state = fields.Selection(
        [("draft", "To start"), ("running", "Running"), ("done", "Done")],
        default="draft",
        required=True,
        readonly=True,
    )
    content = fields.Binary(string="CSV list", attachment=False)
    line_ids = fields.One2many("facturex.dossier.creation.line", "creation_id")
    total = fields.Integer(compute="_compute_progress")
    done = fields.Integer(compute="_compute_progress")
    problems = fields.Integer(compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress")
    date_begin = fields.Datetime(readonly=True)
    date_done = fields.Datetime(readonly=True)

    @api.depends("line_ids.state")
    def _compute_progress(self):
        for creation in self:
            lines = creation.line_ids
            ended = lines.filtered(lambda line: line.state != "todo")
            creation.total = len(lines)
            creation.done = len(lines.filtered("dossier_id"))
            creation.problems = len(ended) - creation.done
            creation.progress = 100.0 * len(ended) / len(lines) if lines else 0.0

    @api.depends("create_date")
    def _compute_display_name(self):
        for creation in self:
            day = fields.Date.context_today(self, creation.create_date)
            creation.display_name = self.env._(
                "New companies of %s", format_date(self.env, day)
            )

    def action_read_list(self):
        """Add the lines of the CSV list, each checked."""
        self.ensure_one()
        self.check_access("write")
        try:
            lines = dossier_list.read_list(base64.b64decode(self.content or b""))
        except ValueError as error:
            raise UserError(self._get_list_problem(str(error))) from None
        self.line_ids = [
            fields.Command.create(
                {
                    "name": line.name or "?",
                    "country_id": self._get_country(line.country).id,
                    "number": line.number,
                    "email": line.email,
                    **self._get_lang_values(line),
                }
            )
            for line in lines
        ]
        self.content = False

    @api.model
    def _get_country(self, code):
        return self.env["res.country"].search([("code", "=", code)], limit=1)

    @api.model
    def _get_lang_values(self, line):
        """The installed language that the list asks for, or why the firm's is used."""
        if not line.lang:
            return {}
        installed = [code for code, _name in self.env["res.lang"].get_installed()]
        if code := dossier_list.language_of(line.lang, line.country, installed):
            return {"lang": code}
        return {
            "message": self.env._(
                "The language %s is not installed: the firm's is used.", line.lang
            )
        }

    @api.model
    def _get_list_problem(self, code):
        return {
            "encoding": self.env._("The list is no text: save it as CSV (UTF-8)."),
            "columns": self.env._(
                "The first line names the columns: name, country, number; e-mail and"
                " language when known."
            ),
            "empty": self.env._("The list has no company."),
            "long": self.env._(
                "At most %s companies at once: split the list.", dossier_list.MAX_LINES
            ),
        }[code]

    def action_start(self):
        """Hand the companies to the background job."""
        self.ensure_one()
        self.check_access("write")
        self.firm_id._check_led()
        if not self.line_ids:
            raise UserError(self.env._("Add a company, or a CSV list."))
        self.write({"state": "running", "date_begin": fields.Datetime.now()})
        # the job belongs to the administrators, waking it up does not
        self.env.ref("facturex_portal.ir_cron_dossier_creation").sudo()._trigger()

    def action_retry(self):
        """Try the lines with a problem again, after they were corrected."""
        self.ensure_one()
        self.check_access("write")
        wrong = self.line_ids.filtered(lambda line: line.state in ("failed", "known"))
        wrong.write({"state": "todo", "message": False})
        self.action_start()

    @api.model
    def _cron_run(self):
        """Set up what waits, one company per commit."""
        lines = self.env["facturex.dossier.creation.line"]
        domain = [("state", "=", "todo"), ("creation_id.state", "=", "running")]
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=lines.search_count(domain))
        while line := lines.search(domain, limit=1, order="id"):
            line._run()
            if not cron._commit_progress(1):
                break
        self.search([("state", "=", "running")])._finish()

    def _finish(self):
        for creation in self:
            if all(line.state != "todo" for line in creation.line_ids):
                creation.write({"state": "done", "date_done": fields.Datetime.now()})


class FacturexDossierCreationLine(models.Model):
    """One company to set up, and what became of it."""

    _name = "facturex.dossier.creation.line"
    _description = "Company to Create"
    _order = "id"

    creation_id = fields.Many2one(
        "facturex.dossier.creation", required=True, index=True, ondelete="cascade"
    )
    name = fields.Char(string="Company", required=True)
    country_id = fields.Many2one("res.country")
    number = fields.Char(string="VAT, KBO or SIREN")
    email = fields.Char(string="Entrepreneur's e-mail")
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        help="Of the company and its entrepreneur; the firm's when empty.",
    )
    fiscal_month = fields.Selection(
        selection=lambda self: (
            self.env["res.company"]
            ._fields["fiscalyear_last_month"]
            ._description_selection(self.env)
        ),
        string="Year ends in",
        default="12",
        required=True,
    )
    state = fields.Selection(
        [
            ("todo", "To do"),
            ("done", "Done"),
            ("known", "Already known"),
            ("failed", "Not done"),
        ],
        default="todo",
        required=True,
        readonly=True,
    )
    message = fields.Char(string="Why", readonly=True)
    dossier_id = fields.Many2one("facturex.dossier", readonly=True)

    def _run(self):
        """Set up one company; a refusal leaves nothing but its reason."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._claim()
                self._check()
                self.dossier_id = self._create_dossier()
                self.state = "done"
                if self.email:
                    self._invite_owner()
        except UserError as error:
            self._park(str(error))
        except Exception:  # a chart's own error must not stop the other companies
            _logger.exception("dossier creation line %s", self.id)
            self._park(self.env._("Odoo could not set up this company; see the log."))

    def _claim(self):
        rows = self.env.execute_query(
            SQL(
                "UPDATE facturex_dossier_creation_line SET write_date = now()"
                " WHERE id = %s AND state = 'todo' RETURNING id",
                self.id,
            )
        )
        if not rows:
            raise UserError(self.env._("Another process does this company."))

    def _park(self, message):
        known = self._get_known()
        self.write({"state": "known" if known else "failed", "message": message})

    def _get_number(self):
        return dossier_list.read_number(self.number or "", self.country_id.code or "")

    def _check(self):
        line = dossier_list.check_lines(
            [
                dossier_list.Line(
                    self.name or "",
                    self.country_id.code or "",
                    self.number or "",
                    self.email or "",
                )
            ]
        )[0]
        problems = {
            "name": self.env._("Give the name of the company."),
            "country": self.env._("Give the country, as two letters: BE, FR."),
            "number": self.env._(
                "The number %s is wrong: check its digits.", self.number
            ),
            "email": self.env._("The e-mail address %s is wrong.", self.email),
        }
        if line.problem:
            raise UserError(problems[line.problem])
        if self._get_known():
            raise UserError(
                self.env._(
                    "A company with this number works here already: ask it to be"
                    " linked."
                )
            )

    def _get_known(self):
        """The company that has this number already, elevated: only its existence."""
        number = self._get_number()
        # whether a company has this number, no more
        companies = self.env["res.company"].sudo()
        if not number:
            return companies
        return companies.search([("parent_id", "=", False)]).filtered(
            lambda company: (
                dossier_list.key_of(
                    company.vat,
                    company.company_registry,
                    company.country_id.code or "",
                )
                == number.key
            )
        )[:1]

    def _create_dossier(self):
        """Company, chart, journals and taxes, without touching the modules.

        `chart_template_load` keeps Odoo from installing modules for the country, which
        would commit and reload every process.
        """
        number, country = self._get_number(), self.country_id
        # the firm's right was checked when it started the job
        env = self.sudo().with_context(chart_template_load=True).env
        company = env["res.company"].create(
            {
                "name": self.name,
                "country_id": country.id,
                "currency_id": country.currency_id.id,
                "vat": number.vat,
                "company_registry": number.registry,
                "email": self.email,
                "fiscalyear_last_month": self.fiscal_month,
            }
        )
        charts = env["account.chart.template"]
        charts.try_loading(
            charts._guess_chart_template(country), company=company, install_demo=False
        )
        firm = self.creation_id.firm_id.sudo()  # settings of the firm
        company.partner_id.lang = self.lang or firm.lang
        dossier = env["facturex.dossier"].create(
            {
                "company_id": company.id,
                "firm_id": firm.id,
                "plan_id": firm.plan_id.id,
                "date_connected": fields.Date.context_today(self),
            }
        )
        dossier.member_ids.filtered(lambda m: m.user_id not in firm.user_ids).unlink()
        dossier._add_member(self.creation_id.create_uid, dossier._role("administrator"))
        return self.env["facturex.dossier"].browse(dossier.id)

    def _invite_owner(self):
        dossier = self.dossier_id.with_user(self.creation_id.create_uid)
        dossier._invite(self.email, dossier._role("administrator"), owner=True)

    def action_ask_link(self):
        """The number is known: ask that company to be linked to the firm."""
        self.ensure_one()
        self.check_access("write")
        firm = self.creation_id.firm_id
        firm._check_led()
        company = self._get_known()
        if not company:
            raise UserError(self.env._("No company has this number: create it."))
        firm._ask_link(company)
        self.message = self.env._("The company was asked; its answer is awaited.")
