from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

# what a person may correct on a hold; its state moves through buttons and dates only
EDITABLE = {"date_end", "note", "amount"}
MAX_DAYS = 366


class FacturexDunningHold(models.Model):
    """Why reminders wait, and until when: there is no hold without an end.

    Dates decide, not the state: on the day after `date_end` the reminders resume
    even if nothing has run in between. The state only tells how it ended.
    """

    _name = "facturex.dunning.hold"
    _description = "Hold on Reminders"
    _order = "date_end desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        check_company=True,
        index="btree_not_null",
        ondelete="cascade",
        domain="[('move_type', 'in', ('out_invoice', 'out_receipt')),"
        " ('state', '=', 'posted'),"
        " ('commercial_partner_id', '=?', partner_id)]",
        help="Empty: everything the customer owes waits.",
    )
    kind = fields.Selection(
        [
            ("dispute", "Dispute"),
            ("promise", "Promise to pay"),
            ("plan", "Payment plan"),
            ("declared", "Says it is paid"),
            ("manual", "Put on hold"),
        ],
        required=True,
        default="manual",
        string="Why",
    )
    date_start = fields.Date(
        string="From", required=True, default=fields.Date.context_today
    )
    date_end = fields.Date(
        string="Until",
        required=True,
        help="The last day without a reminder; afterwards they resume by themselves.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    amount = fields.Monetary(help="What the customer promises or has paid.")
    note = fields.Text(string="What the Customer Says")
    origin = fields.Selection(
        [("backend", "Us"), ("portal", "The customer, online")],
        required=True,
        default="backend",
        readonly=True,
        string="Entered By",
    )
    state = fields.Selection(
        [
            ("active", "Active"),
            ("kept", "Promise kept"),
            ("broken", "Promise broken"),
            ("ended", "Ended"),
            ("released", "Released"),
        ],
        required=True,
        default="active",
        readonly=True,
        index=True,
        copy=False,
    )

    _check_dates = models.Constraint(
        "CHECK(date_end >= date_start)",
        "A hold ends on or after the day it begins: correct “Until”.",
    )
    # two active holds of one kind would end on two days
    _move_uniq = models.UniqueIndex(
        "(move_id, kind) WHERE move_id IS NOT NULL AND state = 'active'",
        "This invoice is already on hold for that reason: change the end of that hold.",
    )
    _partner_uniq = models.UniqueIndex(
        "(company_id, partner_id, kind) WHERE move_id IS NULL AND state = 'active'",
        "This customer is already on hold for that reason: change the end of that"
        " hold.",
    )
    # the run reads all active holds of a company at once
    _active_idx = models.Index("(company_id, date_end) WHERE state = 'active'")

    # ------------------------------------------------------------------
    # Computes, constraints
    # ------------------------------------------------------------------

    @api.depends("kind", "partner_id", "move_id", "date_end")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for hold in self:
            hold.display_name = self.env._(
                "%(why)s: %(what)s",
                why=labels.get(hold.kind, ""),
                what=hold.move_id.name or hold.partner_id.display_name or "",
            )

    @api.depends("move_id", "company_id")
    def _compute_currency_id(self):
        for hold in self:
            hold.currency_id = hold.move_id.currency_id or hold.company_id.currency_id

    @api.onchange("move_id")
    def _onchange_move_id(self):
        if self.move_id:
            self.partner_id = self.move_id.commercial_partner_id

    @api.constrains("move_id", "partner_id", "date_end", "kind", "amount")
    def _check_hold(self):
        for hold in self:
            if hold.move_id and hold.move_id.commercial_partner_id != hold.partner_id:
                raise ValidationError(
                    self.env._(
                        "The invoice %(invoice)s is not one of %(customer)s.",
                        invoice=hold.move_id.display_name,
                        customer=hold.partner_id.display_name,
                    )
                )
            if (hold.date_end - hold.date_start).days > MAX_DAYS:
                raise ValidationError(
                    self.env._(
                        "A hold lasts %s days at most: choose an earlier “Until”.",
                        MAX_DAYS,
                    )
                )
            if hold.amount < 0:
                raise ValidationError(
                    self.env._("The amount of a hold cannot be negative.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not self.env.su and set(vals) & {"state", "origin"}:
                raise AccessError(self._guard_message())
            if vals.get("move_id") and not vals.get("partner_id"):
                move = self.env["account.move"].browse(vals["move_id"])
                vals["partner_id"] = move.commercial_partner_id.id
                vals["company_id"] = move.company_id.id
            elif vals.get("partner_id"):
                partner = self.env["res.partner"].browse(vals["partner_id"])
                vals["partner_id"] = partner.commercial_partner_id.id
        holds = super().create(vals_list)
        for hold in holds:
            hold._log(
                self.env._(
                    "No reminder until %(date)s: %(why)s",
                    date=hold.date_end,
                    why=hold.note or hold.display_name,
                )
            )
        holds._drop_open_reminders()
        return holds

    def write(self, vals):
        if not self.env.su and set(vals) - EDITABLE:
            raise AccessError(self._guard_message())
        result = super().write(vals)
        if "date_end" in vals:
            self.filtered(lambda hold: hold.state == "active")._drop_open_reminders()
        return result

    def _guard_message(self):
        return self.env._(
            "Of a hold you may change its end, its amount and its note. Release it and"
            " enter another one for the rest."
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_release(self):
        """End the holds now; reminders resume with the next run."""
        self.check_access("write")
        if any(hold.state != "active" for hold in self):
            raise UserError(self.env._("This hold has already ended."))
        # access was checked; the state is not written by hand
        self.sudo().state = "released"
        self.flush_recordset(["state"])  # another hold may follow at once
        for hold in self:
            hold._log(self.env._("Reminders resume: %s", hold.display_name))

    # ------------------------------------------------------------------
    # Used by the run
    # ------------------------------------------------------------------

    @api.model
    def _active_domain(self, company, date):
        """The holds that forbid a reminder on `date`."""
        return Domain(
            [
                ("company_id", "=", company.id),
                ("state", "=", "active"),
                ("date_start", "<=", date),
                ("date_end", ">=", date),
            ]
        )

    @api.model
    def _close_expired(self, date=None):
        """Tell how the holds that ended before `date` turned out.

        :return: the holds that were closed; broken promises say so on the invoice
        """
        date = date or fields.Date.context_today(self)
        expired = self.search([("state", "=", "active"), ("date_end", "<", date)])
        closed = expired.sudo()  # states are written by the dates, not by a person
        for hold in closed:
            hold.state = hold._outcome()
            hold.flush_recordset(["state"])
            if hold.state == "broken":
                hold._log(
                    self.env._(
                        "The promise to pay by %s was not kept: the next reminder goes"
                        " to the next level.",
                        hold.date_end,
                    )
                )
        return expired

    def _outcome(self):
        self.ensure_one()
        if self.kind != "promise":
            return "ended"
        return "broken" if self._get_open_items() else "kept"

    def _get_open_items(self):
        """The customer's overdue items that the hold is about."""
        self.ensure_one()
        domain = [
            ("company_id", "=", self.company_id.id),
            ("parent_state", "=", "posted"),
            ("account_type", "=", "asset_receivable"),
            ("reconciled", "=", False),
            ("amount_residual", ">", 0),
            ("date_maturity", "<=", self.date_end),
            ("move_id.payment_state", "in", ("not_paid", "partial")),
        ]
        if self.move_id:
            domain.append(("move_id", "=", self.move_id.id))
        else:
            domain.append(("partner_id", "child_of", self.partner_id.id))
        return self.env["account.move.line"].search(domain, limit=1)

    def _drop_open_reminders(self):
        """Take what waits out of the messages that have not left yet."""
        # the customer on the portal has no right on reminders, and needs none
        Notice = self.env["facturex.dunning.notice"].sudo()
        for company, holds in self.grouped("company_id").items():
            Notice.search(
                [
                    ("company_id", "=", company.id),
                    ("partner_id", "in", holds.partner_id.ids),
                    ("state", "in", ("draft", "approved", "failed")),
                ]
            )._refresh_lines()

    def _log(self, body):
        self.ensure_one()
        record = self.move_id or self.partner_id
        # the note is ours, whoever entered the hold
        record.sudo()._message_log(body=body)
