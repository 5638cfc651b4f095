import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError

KINDS = ("interest", "indemnity", "reminder")


class FacturexLateCharge(models.Model):
    """What late payment of an invoice costs the customer, apart from the invoice.

    Open charges follow the days and the payments; they are claimed on demand only, by a
    document of their own without VAT, or waived with a reason.
    """

    _name = "facturex.late.charge"
    _description = "Late Payment Charge"
    _inherit = ["mail.thread"]
    _order = "date_to desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, index=True)
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Instalment",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    partner_id = fields.Many2one(
        related="move_id.commercial_partner_id",
        string="Customer",
        store=True,
        index=True,
    )
    kind = fields.Selection(
        [
            ("interest", "Interest"),
            ("indemnity", "Compensation"),
            ("reminder", "Cost of reminders"),
        ],
        required=True,
    )
    date_from = fields.Date(
        string="After", help="Interest runs from the day after this one."
    )
    date_to = fields.Date(string="Until", required=True)
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(required=True)
    claim_move_id = fields.Many2one(
        "account.move",
        string="Claimed By",
        readonly=True,
        copy=False,
        check_company=True,
        index="btree_not_null",
        ondelete="set null",
    )
    waive_reason = fields.Char(string="Waived Because", readonly=True, copy=False)
    state = fields.Selection(
        [("open", "To Claim"), ("invoiced", "Claimed"), ("waived", "Waived")],
        compute="_compute_state",
        store=True,
        index=True,
        tracking=True,
    )

    # law of the house: an effect has a key; nothing is claimed twice
    _interest_uniq = models.UniqueIndex(
        "(move_line_id, date_from) WHERE kind = 'interest'",
        "Interest from that day on is already kept for this instalment.",
    )
    _indemnity_uniq = models.UniqueIndex(
        "(move_id) WHERE kind = 'indemnity'",
        "The compensation is due once for an invoice.",
    )
    _reminder_uniq = models.UniqueIndex(
        "(move_line_id) WHERE kind = 'reminder' AND claim_move_id IS NULL"
        " AND waive_reason IS NULL",
        "The open cost of reminders of this instalment is kept already.",
    )
    _check_amount = models.Constraint(
        "CHECK(amount >= 0)", "A late charge is not negative."
    )

    @api.depends("move_id", "kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for charge in self:
            charge.display_name = f"{charge.move_id.name} · {kinds.get(charge.kind)}"

    @api.depends("claim_move_id.state", "waive_reason")
    def _compute_state(self):
        for charge in self:
            claim = charge.claim_move_id
            if charge.waive_reason:
                charge.state = "waived"
            elif claim and claim.state != "cancel":
                charge.state = "invoiced"
            else:
                charge.state = "open"

    # ------------------------------------------------------------------
    # Accrual
    # ------------------------------------------------------------------

    @api.model
    def _accrue(self, lines, date):
        """Bring the open charges of receivable lines to `date`.

        :return: the open charges of the lines' invoices
        """
        found = lines._facturex_charges(date)
        lines._facturex_report_missing_rates(found)
        stale = self.search([("move_line_id", "in", lines.ids), ("state", "=", "open")])
        existing = {charge._get_key(): charge for charge in stale}
        to_create = []
        for line in lines:
            for vals in self._prepare_vals(line, found[line.id], date):
                since = vals["date_from"] if vals["kind"] == "interest" else None
                charge = existing.get((line.id, vals["kind"], since))
                if charge:
                    charge.write({name: vals[name] for name in ("amount", "date_to")})
                    stale -= charge
                else:
                    to_create.append(vals)
        # paid in time after all, or a rate is gone: nothing is open any more
        stale.filtered(
            lambda charge: not found[charge.move_line_id.id].missing_on
        ).unlink()
        try:
            with self.env.cr.savepoint():
                self.create(to_create)
        except psycopg2.errors.UniqueViolation:
            raise UserError(
                self.env._("Somebody else is computing these charges: open them again.")
            ) from None
        return self.search(
            [("move_id", "in", lines.move_id.ids), ("state", "=", "open")]
        )

    def _get_key(self):
        self.ensure_one()
        since = self.date_from if self.kind == "interest" else None
        return self.move_line_id.id, self.kind, since

    @api.model
    def _prepare_vals(self, line, charges, date):
        amounts = {
            "interest": charges.interest,
            "indemnity": charges.indemnity,
            "reminder": charges.fee,
        }
        for kind in KINDS:
            if amounts[kind] > 0:
                yield {
                    "company_id": line.company_id.id,
                    "move_id": line.move_id.id,
                    "move_line_id": line.id,
                    "kind": kind,
                    "date_from": charges.accrued_from,
                    "date_to": date,
                    "currency_id": line.currency_id.id,
                    "amount": float(amounts[kind]),
                }

    @api.model
    def _get_overdue_lines(self, company, date):
        """What may bear charges: open and late, or with charges still open."""
        Line = self.env["account.move.line"]
        late = Line.search(
            [
                ("company_id", "=", company.id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                ("amount_residual", ">", 0),
                ("date_maturity", "<", date),
                ("move_id.move_type", "in", ("out_invoice", "out_receipt")),
                ("move_id.facturex_is_late_claim", "=", False),
            ]
        )
        kept = self.search([("company_id", "=", company.id), ("state", "=", "open")])
        return late | kept.move_line_id

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    @api.model
    def action_open(self):
        """The screen of late charges, brought to today."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        self._accrue(self._get_overdue_lines(self.env.company, today), today)
        return self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_late_charge_action"
        )

    def action_invoice(self):
        """One draft document per customer and currency, outside the scope of VAT."""
        self.check_access("write")
        if not self or any(charge.state != "open" for charge in self):
            raise UserError(
                self.env._("Choose open charges: these were claimed or waived already.")
            )
        moves = self.env["account.move"]
        for (company, partner, currency), charges in self.grouped(
            lambda c: (c.company_id, c.partner_id, c.currency_id)
        ).items():
            vals = charges._prepare_claim_vals(company, partner, currency)
            move = moves.with_company(company).create(vals)
            charges.claim_move_id = move
            moves |= move
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Late payment charges"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", moves.ids)],
        }
        if len(moves) == 1:
            action |= {"view_mode": "form", "res_id": moves.id}
        return action

    def _prepare_claim_vals(self, company, partner, currency):
        lang = partner.lang or self.env.lang
        charges = self.with_context(lang=lang).sorted(lambda c: (c.move_id.id, c.kind))
        lines = []
        for charge in charges:
            account = company._facturex_charge_account(
                "interest" if charge.kind == "interest" else "fee"
            )
            if not account:
                raise UserError(
                    self.env._(
                        "Choose the accounts of late interest and fees in the company"
                        " settings first."
                    )
                )
            lines.append(
                fields.Command.create(
                    {
                        "name": charge._get_claim_label(),
                        "quantity": 1,
                        "price_unit": charge.amount,
                        "account_id": account.id,
                        "tax_ids": [fields.Command.clear()],
                    }
                )
            )
        return {
            "move_type": "out_receipt",
            "company_id": company.id,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "facturex_is_late_claim": True,
            "invoice_payment_term_id": False,
            "invoice_date": fields.Date.context_today(self),
            "invoice_date_due": fields.Date.context_today(self),
            "ref": self.with_context(lang=lang).env._("Late payment charges"),
            "narration": self.with_context(lang=lang).env._(
                "Compensation for late payment, outside the scope of VAT."
            ),
            "invoice_line_ids": lines,
        }

    def _get_claim_label(self):
        self.ensure_one()
        if self.kind == "interest":
            return self.env._(
                "Late interest on %(invoice)s, after %(start)s until %(end)s",
                invoice=self.move_id.name,
                start=self.date_from,
                end=self.date_to,
            )
        if self.kind == "indemnity":
            return self.env._("Compensation for recovery, %s", self.move_id.name)
        return self.env._("Cost of reminders, %s", self.move_id.name)

    def _waive(self, reason):
        self.check_access("write")
        if any(charge.state != "open" for charge in self):
            raise UserError(
                self.env._("Choose open charges: these were claimed or waived already.")
            )
        self.waive_reason = reason
        for charge in self:
            charge.move_id._message_log(
                body=self.env._(
                    "%(charge)s waived: %(reason)s",
                    charge=charge.display_name,
                    reason=reason,
                )
            )
