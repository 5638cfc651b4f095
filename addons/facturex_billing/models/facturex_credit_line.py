"""The credit line: how much a business customer may buy before it pays.

Counters are whole cents and move only by `_count`, one conditional UPDATE; a CHECK of
the database refuses whatever else would raise them. Each movement has its entry.
"""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_date

from ..engine import credit_line as engine

STATES = [
    ("draft", "Draft"),
    ("open", "Opened"),
    ("frozen", "Frozen"),
    ("closed", "Closed"),
]
FREEZE_REASONS = [
    ("manual", "By decision"),
    ("overdue", "Overdue invoices"),
    ("iban", "Bank account changed"),
]


class FacturexCreditLine(models.Model):
    _name = "facturex.credit.line"
    _description = "Deferred Payment"
    _inherit = [
        "facturex.facts",
        "mail.thread",
        "mail.activity.mixin",
        "portal.mixin",
    ]
    _order = "use_percent desc, id"
    _rec_name = "partner_id"
    _check_company_auto = True
    _facts = frozenset(
        {
            "state",
            "freeze_reason",
            "freeze_note",
            "date_opened",
            "limit_cents",
            "used_cents",
            "reserved_cents",
            "ceiling_cents",
            "amount_limit",
            "amount_used",
            "amount_reserved",
            "amount_available",
            "use_percent",
            "limit_reason",
            "limit_until",
            "iban_verified",
            "iban_number",
            "iban_registered_by",
            "iban_verified_by",
            "iban_verified_on",
            "is_alerted",
        }
    )

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('parent_id', '=', False)]",
        help="A company, never a consumer.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Gets the tasks: 80 % used, overdue, bank account changed.",
    )
    state = fields.Selection(
        STATES,
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    freeze_reason = fields.Selection(
        FREEZE_REASONS, string="Frozen For", readonly=True, copy=False, tracking=True
    )
    freeze_note = fields.Char(string="Why", readonly=True, copy=False)
    date_opened = fields.Date(string="Open Since", readonly=True, copy=False)

    limit_cents = fields.Integer(required=True, default=0, readonly=True, copy=False)
    used_cents = fields.Integer(required=True, default=0, readonly=True, copy=False)
    reserved_cents = fields.Integer(required=True, default=0, readonly=True, copy=False)
    ceiling_cents = fields.Integer(required=True, default=0, readonly=True, copy=False)
    amount_limit = fields.Monetary(string="Limit", readonly=True, copy=False)
    amount_used = fields.Monetary(string="Used", readonly=True, copy=False)
    amount_reserved = fields.Monetary(string="Reserved", readonly=True, copy=False)
    amount_available = fields.Monetary(string="Available", readonly=True, copy=False)
    use_percent = fields.Float(
        string="Use", readonly=True, copy=False, aggregator="avg"
    )
    limit_reason = fields.Selection(
        [
            (engine.NO_RULE, "No rule"),
            (engine.BASE, "Base"),
            (engine.VERIFIED, "Bank account verified"),
            (engine.GRANTED, "Granted"),
        ],
        string="Limit Because",
        readonly=True,
        copy=False,
    )
    limit_until = fields.Date(readonly=True, copy=False)
    is_alerted = fields.Boolean(readonly=True, copy=False)
    grant_ids = fields.One2many("facturex.credit.grant", "line_id")
    entry_ids = fields.One2many("facturex.credit.entry", "line_id", readonly=True)

    bank_id = fields.Many2one(
        "res.partner.bank",
        string="Bank Account",
        copy=False,
        ondelete="restrict",
        domain="[('partner_id', '=', partner_id)]",
        help="Of the customer: what is left of a payout goes there.",
    )
    bank_holder = fields.Char(
        related="bank_id.acc_holder_name", string="Account Holder"
    )
    iban_verified = fields.Boolean(string="Verified", readonly=True, copy=False)
    iban_number = fields.Char(string="Verified Number", readonly=True, copy=False)
    iban_registered_by = fields.Many2one("res.users", readonly=True, copy=False)
    iban_verified_by = fields.Many2one("res.users", readonly=True, copy=False)
    iban_verified_on = fields.Datetime(readonly=True, copy=False)

    share = fields.Float(
        string="Share of Each Receipt (%)",
        default=100.0,
        help="Part of what the customer receives that settles his purchases.",
    )
    floor = fields.Monetary(
        string="Left to the Customer",
        help="Of each receipt, at least so much stays the customer's.",
    )
    settle_order = fields.Selection(
        [
            (engine.OLDEST_DUE, "Oldest due date first"),
            (engine.OLDEST_INVOICE, "Oldest invoice first"),
        ],
        string="Order",
        required=True,
        default=engine.OLDEST_DUE,
    )
    settle_mode = fields.Selection(
        [("propose", "Propose"), ("auto", "Settle at once")],
        string="When Money Comes In",
        required=True,
        default="propose",
    )

    _line_uniq = models.UniqueIndex(
        "(company_id, partner_id)", "This customer has a line already: use that one."
    )
    # what nobody but a movement can break, whatever writes to the table
    _check_counters = models.Constraint(
        "CHECK(reserved_cents >= 0"
        " AND GREATEST(used_cents, 0) + reserved_cents <= ceiling_cents)",
        "A line of credit cannot be overrun.",
    )
    _check_terms = models.Constraint(
        "CHECK(share BETWEEN 0 AND 100 AND floor >= 0)",
        "The share is between 0 and 100 %, what is left to the customer not negative.",
    )

    @api.constrains("partner_id")
    def _check_business(self):
        for line in self:
            customer = line.partner_id
            if customer != customer.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(company)s: the line is the"
                        " company's.",
                        contact=customer.display_name,
                        company=customer.commercial_partner_id.display_name,
                    )
                )
            if message := line._consumer_message():
                raise ValidationError(message)

    def _consumer_message(self):
        """Why a consumer has no line; empty for a business."""
        if self.partner_id._facturex_law_nature() != "b2c":
            return ""
        return self.env._(
            "%s is a consumer: deferred payment is for businesses only (credit to"
            " consumers is regulated). Enter its VAT or enterprise number if it is a"
            " business.",
            self.partner_id.display_name,
        )

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        for line in lines:
            if line.bank_id:
                line._register_bank()
            line._refresh_limit()
        return lines

    def write(self, vals):
        if {"partner_id", "company_id", "currency_id"} & vals.keys() and any(
            line.state != "draft" for line in self
        ):
            raise UserError(
                self.env._("This line was opened: customer and currency are fixed.")
            )
        result = super().write(vals)
        if "bank_id" in vals:
            for line in self:
                line._register_bank()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # whether there are entries does not depend on who asks
        if self.sudo().entry_ids:
            raise UserError(
                self.env._("A line with movements is closed, never deleted.")
            )

    # ------------------------------------------------------------------
    # Counters
    # ------------------------------------------------------------------

    def _count(self, used=0, reserved=0, force=False, extra=0, alert=True):
        """Move the counters, or refuse: the only place where they change.

        Written first and decided in the same statement: of two transactions the
        later one starts again in a fresh snapshot, whatever it had read before.

        :param used, reserved: cents
        :param force: a debt that came back is a fact, limit or not
        :param extra: cents above the limit that somebody may go, by an override
        :param alert: False for what may be given back in a moment
        :return: whether it was accepted; with zeros, derived columns are refreshed
        """
        self.ensure_one()
        self.flush_recordset()
        exposure = SQL(
            "(GREATEST(used_cents + %s, 0) + reserved_cents + %s)", used, reserved
        )
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE facturex_credit_line
                   SET used_cents = used_cents + %(used)s,
                       reserved_cents = reserved_cents + %(reserved)s,
                       ceiling_cents = GREATEST(limit_cents, %(exposure)s),
                       amount_limit = limit_cents / 100.0,
                       amount_used = (used_cents + %(used)s) / 100.0,
                       amount_reserved = (reserved_cents + %(reserved)s) / 100.0,
                       amount_available = CASE WHEN state = 'open'
                           THEN GREATEST(limit_cents - %(exposure)s, 0) / 100.0
                           ELSE 0 END,
                       use_percent = CASE WHEN limit_cents > 0
                           THEN ROUND(100.0 * %(exposure)s / limit_cents, 1)
                           WHEN %(exposure)s > 0 THEN 100 ELSE 0 END,
                       write_date = now() AT TIME ZONE 'UTC'
                 WHERE id = %(id)s
                   AND reserved_cents + %(reserved)s >= 0
                   AND (%(force)s
                        OR %(exposure)s <= GREATEST(used_cents, 0) + reserved_cents
                        OR state = 'open' AND %(exposure)s <= limit_cents + %(extra)s)
             RETURNING use_percent
                """,
                used=used,
                reserved=reserved,
                exposure=exposure,
                force=force,
                extra=extra,
                id=self.id,
            )
        )
        self.invalidate_recordset(flush=False)
        if rows and alert:
            self._alert_use(rows[0][0])
        return bool(rows)

    def _alert_use(self, percent):
        """One task when the use reaches the alert, again after it fell below."""
        self = self.sudo()  # whoever buys causes the alert
        reached = percent >= self.company_id.facturex_credit_alert_percent
        if reached == self.is_alerted:
            return
        self.is_alerted = reached
        if reached and self.state == "open":
            self._task(
                self.env._("%s %% of the deferred payment is used", round(percent)),
                self.env._(
                    "Used and reserved: %(used)s of %(limit)s.",
                    used=self.currency_id.format(
                        self.amount_used + self.amount_reserved
                    ),
                    limit=self.currency_id.format(self.amount_limit),
                ),
            )
            self._tell_customer("use")

    def _task(self, summary, note=""):
        """One open task per cause for the responsible of the line."""
        self.ensure_one()
        if self.activity_ids.filtered(lambda task: task.summary == summary):
            return
        self.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=summary,
            note=note,
            user_id=(self.user_id or self.create_uid).id,
        )

    # ------------------------------------------------------------------
    # Movements
    # ------------------------------------------------------------------

    def _reserve(self, amount, document, key):
        """Hold `amount` for a document that is not invoiced yet.

        :param amount: positive, in the currency of the line
        :param key: the same movement twice counts once
        :raise UserError: available and requested, or why the line is closed to buying
        """
        cents = self._positive_cents(amount)
        return self._move([("reserve", document, 0, cents, key)])

    def _draw(self, amount, document, key, reserved=0):
        """An invoice: used rises by `amount`, of which `reserved` was held before."""
        cents = self._positive_cents(amount)
        held = self._to_cents(reserved)
        return self._move([("draw", document, cents, -held, key)])

    def _release(self, amount, document, key):
        """What was held for a document is free again."""
        cents = self._positive_cents(amount)
        return self._move([("release", document, 0, -cents, key)])

    def _settle(self, amount, document, key):
        """What was used is paid."""
        cents = self._positive_cents(amount)
        return self._move([("settle", document, -cents, 0, key)])

    def _to_cents(self, amount):
        try:
            return engine.to_cents(Decimal(str(amount)))
        except ValueError:
            raise UserError(
                self.env._("%s is not an amount of money.", amount)
            ) from None

    def _positive_cents(self, amount):
        cents = self._to_cents(amount)
        if cents <= 0:
            raise UserError(self.env._("%s is not a positive amount.", amount))
        return cents

    def _move(self, changes, force=False, extra=0, note=False):
        """Write the entries, then move the counters by their sum: all or nothing.

        :param changes: [(kind, document, used, reserved, key)], in cents
        :return: the entries of the keys, new or known
        :raise UserError: refused, with what is available
        """
        self.ensure_one()
        entries = self.env["facturex.credit.entry"]
        with self.env.cr.savepoint():
            fresh = [
                change for change in changes if entries._insert(self, *change, note)
            ]
            if fresh:
                used = sum(change[2] for change in fresh)
                reserved = sum(change[3] for change in fresh)
                # who only reads the conditions has bought nothing yet
                told = any(
                    not change[1] or change[1]._name != "payment.transaction"
                    for change in fresh
                )
                if not self._count(used, reserved, force, extra, told) and not (
                    self._free_holds()
                    and self._count(used, reserved, force, extra, told)
                ):
                    raise UserError(self._refusal(used, reserved))
        keys = [change[4] for change in changes]
        # what just happened is readable to whoever did it
        return entries.sudo().search([("line_id", "=", self.id), ("key", "in", keys)])

    def _free_holds(self):
        """Take back the room of checkouts that nobody finished in time.

        :return: whether there was some
        """
        expired = self.env["payment.transaction"]._facturex_expired_holds()
        mine = expired.filtered(
            lambda tx: tx._facturex_hold_entry().line_id.id == self.id
        )
        mine._facturex_drop_hold()
        return bool(mine)

    def _refusal(self, used, reserved):
        """The sentence for a refused movement, and what to do about it."""
        line = self.sudo()  # the customer reads figures of his own line
        line.invalidate_recordset()
        if line.reserved_cents + reserved < 0:
            return self.env._("Only %s is reserved.", self._say(line.reserved_cents))
        if line.state != "open":
            return line._closed_message()
        room = max(line.limit_cents - max(line.used_cents, 0) - line.reserved_cents, 0)
        asked = max(line.used_cents + used, 0) - max(line.used_cents, 0) + reserved
        message = self.env._(
            "Deferred payment refused: available %(available)s, requested"
            " %(requested)s (limit %(limit)s).",
            available=self._say(room),
            requested=self._say(asked),
            limit=self._say(line.limit_cents),
        )
        return f"{message} {line._way_out()}"

    def _way_out(self):
        """What raises the available amount."""
        self.ensure_one()
        if not self.iban_verified and self.limit_reason != engine.GRANTED:
            return self.env._(
                "Register and have verified the bank account for a higher limit, or"
                " pay an open invoice."
            )
        return self.env._("Pay an open invoice, or ask for a higher limit.")

    def _closed_message(self):
        self.ensure_one()
        if self.state == "frozen":
            why = dict(self._fields["freeze_reason"]._description_selection(self.env))
            return self.env._(
                "The deferred payment of %(customer)s is frozen: %(why)s.",
                customer=self.partner_id.display_name,
                why=self.freeze_note or why.get(self.freeze_reason, ""),
            )
        return self.env._(
            "The deferred payment of %s is not open.", self.partner_id.display_name
        )

    def _say(self, cents):
        return self.currency_id.format(float(engine.from_cents(cents)))

    def _balance_on(self, day):
        """:return: (used, reserved) at the end of a day, the sum of the entries"""
        self.ensure_one()
        used, reserved = self.env["facturex.credit.entry"]._read_group(
            [("line_id", "=", self.id), ("date", "<=", day)],
            [],
            ["used_cents:sum", "reserved_cents:sum"],
        )[0]
        return engine.from_cents(used or 0), engine.from_cents(reserved or 0)

    # ------------------------------------------------------------------
    # Limit
    # ------------------------------------------------------------------

    def _get_limit(self, day):
        """:return: `engine.credit_line.Limit` of that day"""
        self.ensure_one()
        line = self.sudo()  # rules are the company's, whoever buys
        return engine.limit_on(
            day,
            line.env["facturex.credit.rule"]._to_engine(line),
            line.iban_verified,
            [grant._to_engine() for grant in line.grant_ids],
        )

    def _refresh_limit(self):
        """Bring the limit up to date; nothing is written when it is."""
        for line in self.sudo():  # see _get_limit
            limit = line._get_limit(fields.Date.context_today(line))
            cents = line._to_cents(limit.amount)
            if (cents, limit.why, limit.until) == (
                line.limit_cents,
                line.limit_reason,
                line.limit_until or None,
            ):
                continue
            before = line.limit_cents
            # the ceiling first: the check looks at each write
            line.write(
                {
                    "ceiling_cents": max(
                        cents, max(line.used_cents, 0) + line.reserved_cents
                    ),
                    "limit_cents": cents,
                    "limit_reason": limit.why,
                    "limit_until": limit.until,
                }
            )
            line._count()
            if before and before != cents:
                line._log_limit(before, limit)

    def _log_limit(self, before, limit):
        why = dict(self._fields["limit_reason"]._description_selection(self.env))
        self.message_post(
            body=self.env._(
                "Limit: %(before)s → %(after)s (%(why)s).",
                before=self._say(before),
                after=self._say(self.limit_cents),
                why=why[limit.why],
            )
        )

    # ------------------------------------------------------------------
    # Behind the figures
    # ------------------------------------------------------------------

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice"
        )
        action["domain"] = [
            ("facturex_credit_line_id", "=", self.id),
            ("amount_residual", ">", 0),
            ("state", "=", "posted"),
        ]
        action["context"] = {"create": False}
        return action

    def action_view_entries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_credit_entry_action"
        )
        action["domain"] = [("line_id", "=", self.id)]
        action["context"] = {"hide_line": True}
        return action

    # ------------------------------------------------------------------
    # States
    # ------------------------------------------------------------------

    def action_open(self):
        self._check_manager()
        for line in self:
            if line.state not in ("draft", "closed"):
                raise UserError(self.env._("This line is open already."))
            line._open()

    def _open(self):
        self.ensure_one()
        if message := self._consumer_message():
            raise UserError(message)
        line = self.sudo()  # the caller checked who may open
        line.write({"state": "open", "date_opened": fields.Date.context_today(self)})
        line._refresh_limit()
        line._count()

    def action_freeze(self):
        """Ask why, then freeze: nothing new is accepted, what exists goes on."""
        self.ensure_one()
        self.check_access("write")
        return self.env["facturex.credit.freeze"]._open_for(self)

    def _freeze(self, reason, note=False):
        for line in self.sudo():  # facts freeze a line, whoever caused them
            if line.state != "open":
                continue
            line.write(
                {"state": "frozen", "freeze_reason": reason, "freeze_note": note}
            )
            line._count()

    def action_unfreeze(self):
        self._check_manager()
        today = fields.Date.context_today(self)
        for line in self:
            if line.state != "frozen":
                raise UserError(self.env._("This line is not frozen."))
            if line.freeze_reason == "iban" and line.bank_id and not line.iban_verified:
                raise UserError(self.env._("The new bank account is not verified yet."))
            if late := line._get_late(today):
                raise UserError(
                    self.env._(
                        "%(invoice)s is due since %(day)s: it is paid first.",
                        invoice=late[0].name,
                        day=format_date(self.env, late[0].invoice_date_due),
                    )
                )
            line._thaw()

    def _thaw(self):
        line = self.sudo()  # who may was checked
        line.write({"state": "open", "freeze_reason": False, "freeze_note": False})
        line._count()
        line._tell_customer("open")

    def action_close(self):
        self._check_manager()
        for line in self:
            if line.used_cents > 0 or line.reserved_cents:
                raise UserError(
                    self.env._(
                        "%s is still used or reserved.",
                        line._say(max(line.used_cents, 0) + line.reserved_cents),
                    )
                )
            # who may was checked
            line.sudo().write(
                {"state": "closed", "freeze_reason": False, "freeze_note": False}
            )
            line._count()

    def _check_manager(self):
        self.check_access("write")
        if not self.env.user.has_group("facturex_billing.group_facturex_manager"):
            raise UserError(
                self.env._("Only a Facturex manager decides on deferred payment.")
            )
