from odoo import api, fields, models
from odoo.tools import SQL

# what `_create_frozen` writes
INSERTED = (
    "notice_id",
    "move_line_id",
    "step_id",
    "repeat_no",
    "broken_promise",
    "company_id",
    "move_id",
    "date_maturity",
    "currency_id",
    "amount_residual",
    "amount_company",
    "amount_interest_company",
    "amount_fee_company",
    "date_told",
    "create_uid",
    "write_uid",
    "create_date",
    "write_date",
)


class FacturexDunningNoticeLine(models.Model):
    """One instalment at one level: frozen, it is what the customer was told."""

    _name = "facturex.dunning.notice.line"
    _description = "Reminder Line"
    _inherit = ["facturex.dunning.notice.item"]
    _order = "date_maturity, id"
    _check_company_auto = True

    move_line_id = fields.Many2one(string="Instalment")
    move_id = fields.Many2one(
        related="move_line_id.move_id",
        string="Invoice",
        store=True,
        index=True,
        precompute=True,
    )
    step_id = fields.Many2one(
        "facturex.dunning.step", string="Level", required=True, ondelete="restrict"
    )
    date_maturity = fields.Date(
        string="Due On", compute="_compute_frozen", store=True, precompute=True
    )
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_frozen", store=True, precompute=True
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    amount_residual = fields.Monetary(string="Open", currency_field="currency_id")
    repeat_no = fields.Integer(
        string="Repetition", help="0 the first time that this level is sent."
    )
    broken_promise = fields.Date(
        string="Promised For",
        help="The customer had promised to pay by this day, and did not.",
    )
    amount_company = fields.Monetary(
        string="Open in Company Currency",
        currency_field="company_currency_id",
        compute="_compute_frozen",
        store=True,
        precompute=True,
        readonly=False,
    )
    date_told = fields.Date(related="notice_id.date_told", store=True)
    days_late = fields.Integer(compute="_compute_days_late")
    is_void = fields.Boolean(
        string="Dropped", help="Settled before the message left, or cancelled."
    )

    # law of the house: a level is sent once for an instalment
    _step_uniq = models.UniqueIndex(
        "(move_line_id, step_id, repeat_no) WHERE is_void IS NOT TRUE",
        "This reminder level was already used for this instalment.",
    )

    # only the link is a dependency: later payments must not rewrite the past
    @api.depends("move_line_id")
    def _compute_frozen(self):
        for line in self:
            line.date_maturity = line.move_line_id.date_maturity
            line.currency_id = line.move_line_id.currency_id
            line.amount_company = line.move_line_id.amount_residual

    @api.depends("date_maturity", "notice_id.date")
    def _compute_days_late(self):
        for line in self:
            line.days_late = (line.notice_id.date - line.date_maturity).days

    @api.model
    def _create_frozen(self, rows):
        """Create lines by one query, as `create` would one after the other.

        What a line freezes is in its journal item. A test holds both ways against each
        other, column by column.

        :param rows: (id of the reminder, values of the line)
        """
        if not rows:
            return self
        self.env["account.move.line"].flush_model()
        now, uid = self.env.cr.now(), self.env.uid
        created = self.env.execute_query(
            SQL(
                """
                INSERT INTO facturex_dunning_notice_line (%(columns)s)
                SELECT given.notice, item.id, given.step, given.repeat, given.promise,
                       item.company_id, item.move_id, item.date_maturity,
                       item.currency_id, item.amount_residual_currency,
                       item.amount_residual, 0, 0, notice.date_told, %(uid)s, %(uid)s,
                       %(now)s, %(now)s
                  FROM unnest(
                           %(notices)s::int[], %(items)s::int[], %(steps)s::int[],
                           %(repeats)s::int[], %(promises)s::date[]
                       ) AS given (notice, item, step, repeat, promise)
                  JOIN account_move_line item ON item.id = given.item
                  JOIN facturex_dunning_notice notice ON notice.id = given.notice
             RETURNING id
                """,
                columns=SQL(", ").join(map(SQL.identifier, INSERTED)),
                uid=uid,
                now=now,
                notices=[notice for notice, _vals in rows],
                items=[vals["move_line_id"] for _notice, vals in rows],
                steps=[vals["step_id"] for _notice, vals in rows],
                repeats=[vals["repeat_no"] for _notice, vals in rows],
                promises=[vals["broken_promise"] for _notice, vals in rows],
            )
        )
        lines = self.browse(row[0] for row in created)
        lines.notice_id.invalidate_recordset(["line_ids"])
        # what the query wrote is not computed again, what follows from it is
        given = [self._fields[name] for name in INSERTED]
        with self.env.protecting(given, lines):
            lines.modified(self._fields)
        lines._complete()
        return lines

    def _complete(self):
        """What follows the creation of lines, whichever way; a hook."""

    def _get_portal_link(self):
        """The invoice as the customer sees it, with the way to pay it online."""
        self.ensure_one()
        return self.get_base_url() + self.move_id.get_portal_url()

    @api.model
    def _prepare_amount_vals(self, move_line):
        return {
            "amount_residual": move_line.amount_residual_currency,
            "amount_company": move_line.amount_residual,
        }
