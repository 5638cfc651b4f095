from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

MONTHS = 13


class FacturexAccessLog(models.Model):
    """What the people of a firm did in a company, by day and class of thing.

    Written by the system only, readable by those who manage the company's users.
    """

    _name = "facturex.access.log"
    _description = "Access of the Firm"
    _order = "date desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    user_id = fields.Many2one("res.users", required=True, index=True)
    kind = fields.Selection(
        [
            ("enter", "Entered"),
            ("change", "Changed"),
            ("delete", "Deleted"),
            ("export", "Exported"),
        ],
        required=True,
    )
    model = fields.Char(required=True, help="Technical name of the class of thing.")
    model_name = fields.Char(string="What", compute="_compute_model_name")
    day = fields.Date(required=True, index=True)
    date = fields.Datetime(string="First time that day", required=True)

    _once = models.UniqueIndex("(day, company_id, user_id, kind, model)")

    @api.depends("model")
    @api.depends_context("lang")
    def _compute_model_name(self):
        names = self.env["ir.model"]
        for log in self:
            # the name of a class of thing, in the reader's language
            log.model_name = names.sudo()._get(log.model).name or log.model

    @api.model
    def _note(self, kind, model, company_ids):
        """Remember an act of the user; written once, when the transaction ends.

        The same act of the same day is the same line: the key is in the database.
        """
        user = self.env.user
        acl = user._facturex_acl()
        company_ids = set(company_ids) & acl.having("firm") if acl else ()
        if not company_ids:
            return
        data = self.env.cr.precommit.data
        if "facturex.access.log" not in data:
            data["facturex.access.log"] = set()
            self.env.cr.precommit.add(self._write_notes)
        data["facturex.access.log"] |= {
            (company, user.id, kind, model) for company in company_ids
        }

    def _write_notes(self):
        now = fields.Datetime.now()
        for note in sorted(self.env.cr.precommit.data.pop("facturex.access.log", ())):
            self.env.cr.execute(
                SQL(
                    "INSERT INTO facturex_access_log"
                    " (company_id, user_id, kind, model, day, date,"
                    " create_uid, create_date, write_uid, write_date)"
                    " VALUES %s ON CONFLICT DO NOTHING",
                    (*note, now.date(), now, note[1], now, note[1], now),
                )
            )

    @api.autovacuum
    def _gc_old(self):
        """Forget what is older than 13 months."""
        limit = fields.Datetime.now().date() - relativedelta(months=MONTHS)
        self.search([("day", "<", limit)]).unlink()
