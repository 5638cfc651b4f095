from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, float_is_zero

from ..engine import credit


class FacturexCreditNote(models.TransientModel):
    """The credit note of an invoice before it exists: lines, amounts, what follows."""

    _name = "facturex.credit.note"
    _description = "Cancel with Credit Note"
    _check_company_auto = True

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company", related="move_id.company_id", store=True, precompute=True
    )
    partner_id = fields.Many2one(related="move_id.partner_id", string="Customer")
    currency_id = fields.Many2one(related="move_id.currency_id")
    mode = fields.Selection(
        [("full", "All that is left"), ("lines", "Chosen lines and quantities")],
        string="Credit",
        required=True,
        default="full",
    )
    reason = fields.Char(help="Printed on the credit note.")
    date = fields.Date(
        string="Credit Note Date", required=True, default=fields.Date.context_today
    )
    line_ids = fields.One2many("facturex.credit.note.line", "wizard_id")
    amount_untaxed = fields.Monetary(
        string="Untaxed Amount", compute="_compute_amounts"
    )
    amount_tax = fields.Monetary(string="Tax", compute="_compute_amounts")
    amount_total = fields.Monetary(string="Total", compute="_compute_amounts")
    amount_left = fields.Monetary(
        string="Left to Credit", readonly=True, help="Of the invoice, taxes included."
    )
    amount_open = fields.Monetary(
        related="move_id.amount_residual", string="Open on the Invoice"
    )
    amount_open_after = fields.Monetary(
        string="Open Afterwards", compute="_compute_amounts"
    )
    amount_due_back = fields.Monetary(
        string="Credit in the Customer's Favour", compute="_compute_amounts"
    )
    send = fields.Boolean(
        string="Send It to the Customer",
        compute="_compute_send",
        store=True,
        readonly=False,
    )
    email = fields.Char(related="partner_id.email", string="Sent To")
    credit_move_id = fields.Many2one("account.move", readonly=True)
    is_done = fields.Boolean(readonly=True)

    @api.depends("partner_id")
    def _compute_send(self):
        for wizard in self:
            wizard.send = bool(wizard.partner_id.email)

    @api.depends("move_id")
    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = self.env._(
                "Credit note of %s", wizard.move_id.display_name
            )

    @api.depends("mode", "line_ids.quantity")
    def _compute_amounts(self):
        for wizard in self:
            move = wizard.move_id
            untaxed, tax = wizard._get_computed_amounts()
            if wizard._completes():
                # the last one takes the cents of rounding along
                tax = wizard.amount_left - untaxed
            total = untaxed + tax
            wizard.amount_untaxed = untaxed
            wizard.amount_tax = tax
            wizard.amount_total = total
            wizard.amount_open_after = max(move.amount_residual - total, 0)
            wizard.amount_due_back = max(total - move.amount_residual, 0)

    def _get_chosen(self):
        """:return: [(line of the wizard, quantity)] of what would be credited"""
        self.ensure_one()
        return [
            (line, line.quantity_left if self.mode == "full" else line.quantity)
            for line in self.line_ids
            if (line.quantity_left if self.mode == "full" else line.quantity)
        ]

    def _get_computed_amounts(self):
        """:return: (untaxed, tax) as Odoo's tax computation gives for these lines"""
        self.ensure_one()
        move, base_lines = self.move_id, []
        for line, quantity in self._get_chosen():
            base_line = move._prepare_product_base_line_for_taxes_computation(
                line.move_line_id
            )
            base_lines.append({**base_line, "quantity": quantity})
        if not base_lines:
            return 0.0, 0.0
        AccountTax = self.env["account.tax"]
        AccountTax._add_tax_details_in_base_lines(base_lines, move.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, move.company_id)
        totals = AccountTax._get_tax_totals_summary(
            base_lines, move.currency_id, move.company_id
        )
        return totals["base_amount_currency"], totals["tax_amount_currency"]

    def _completes(self):
        self.ensure_one()
        decimal = self.env["account.move"]._facturex_decimal
        chosen = {
            line.move_line_id.id: decimal(quantity)
            for line, quantity in self._get_chosen()
        }
        return bool(chosen) and credit.completes(self.move_id._facturex_left(), chosen)

    # ------------------------------------------------------------------
    # Opening
    # ------------------------------------------------------------------

    @api.model
    def _open_for(self, move):
        """A preview with everything that is left of the invoice."""
        left = move._facturex_left()
        if not left.total:
            raise UserError(
                self.env._(
                    "Credit notes already cover all of %s: nothing is left to cancel.",
                    move.display_name,
                )
            )
        return self.create(
            {
                "move_id": move.id,
                "amount_left": float(left.total),
                "line_ids": [
                    fields.Command.create(
                        {
                            "move_line_id": line.id,
                            "quantity_left": float(line.quantity_left),
                            "quantity": 0,
                        }
                    )
                    for line in left.lines
                    if line.quantity_left
                ],
            }
        )

    # ------------------------------------------------------------------
    # Making it
    # ------------------------------------------------------------------

    def action_confirm(self):
        """Make, post and reconcile the credit note; send it when asked.

        :raise UserError: when more is asked than is left, without any change
        """
        self.ensure_one()
        self.move_id.check_access("write")
        self._check_input()
        self._claim()
        self.move_id._facturex_lock_for_credit()
        refund = self._create_credit_note()
        refund.action_post()
        self.credit_move_id = refund
        self.move_id.message_post(
            body=self.env._(
                "Credited with %(document)s: %(amount)s. %(reason)s",
                document=refund._get_html_link(),
                amount=refund.currency_id.format(refund.amount_total),
                reason=self.reason or "",
            )
        )
        if self.send:
            self._send(refund)
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": refund.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "context": {"default_move_type": "out_refund"},
        }

    def _check_input(self):
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(
                self.env._("Give the reason: it is printed on the credit note.")
            )
        if self.date > fields.Date.context_today(self):
            raise UserError(
                self.env._("The date of the credit note cannot be in the future.")
            )
        if self.date < self.move_id.invoice_date:
            raise UserError(
                self.env._(
                    "The credit note cannot be dated before the invoice (%s).",
                    self.move_id.invoice_date,
                )
            )
        if not self._get_chosen():
            raise UserError(
                self.env._(
                    "Choose at least one line: fill in the quantity to be credited."
                )
            )

    def _claim(self):
        """A double click makes one credit note: the second finds the claim taken."""
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE facturex_credit_note SET is_done = true
                 WHERE id = %s AND is_done IS NOT TRUE RETURNING id
                """,
                self.id,
            )
        )
        self.invalidate_recordset(["is_done"])
        if not rows:
            raise UserError(
                self.env._("This credit note was already made: see the invoice.")
            )

    def _create_credit_note(self):
        """:return: the draft credit note, made by Odoo's own reversal"""
        move = self.move_id
        before = move._facturex_left()
        completes = self._completes()
        chosen = {
            line.move_line_id.id: quantity for line, quantity in self._get_chosen()
        }
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(
                {
                    "reason": self.reason.strip(),
                    "date": self.date,
                    "journal_id": move.journal_id.id,
                }
            )
        )
        reversal.refund_moves()
        refund = reversal.new_move_ids
        self._keep_chosen(refund, chosen)
        asked = refund._facturex_asked()
        problems = [
            problem
            for problem in credit.problems(before, asked)
            if not (completes and problem.code == credit.TOTAL)
        ]
        refund._facturex_raise_problems(move, problems)
        if completes:
            self._take_the_cents(refund, float(before.total))
        return refund

    def _keep_chosen(self, refund, chosen):
        """Leave the chosen quantities, and the sections that still have a line."""
        commands, kept_below = [], False
        for line in refund.invoice_line_ids.sorted(
            lambda line: (line.sequence, line.id), reverse=True
        ):
            if line.display_type == "product":
                quantity = chosen.get(line.facturex_origin_line_id.id)
                if not quantity:
                    commands.append(fields.Command.delete(line.id))
                    continue
                kept_below = True
                if line.quantity != quantity:
                    commands.append(
                        fields.Command.update(line.id, {"quantity": quantity})
                    )
            elif self.mode == "lines":
                # from below: a section goes when nothing under it stayed
                if line.display_type == "line_note" or not kept_below:
                    commands.append(fields.Command.delete(line.id))
                if line.display_type == "line_section":
                    kept_below = False
        if commands:
            refund.write({"invoice_line_ids": commands})

    def _take_the_cents(self, refund, total):
        """Make the last credit note close the invoice to the cent.

        Rounding the parts of an invoice apart gives other cents than rounding it once;
        the difference goes to the tax, or to a line of its own where there is none.
        """
        currency = refund.currency_id
        difference = currency.round(total - refund.amount_total)
        if currency.is_zero(difference):
            return
        taxes = refund.line_ids.filtered(lambda line: line.display_type == "tax")
        tax = taxes.sorted(lambda line: abs(line.amount_currency))[-1:]
        if tax:
            amount = tax.amount_currency + difference
            refund.write(
                {
                    "line_ids": [
                        fields.Command.update(tax.id, {"amount_currency": amount})
                    ]
                }
            )
        else:
            refund.write(
                {
                    "invoice_line_ids": [
                        fields.Command.create(
                            {
                                "name": self.env._("Rounding"),
                                "quantity": 1,
                                "price_unit": difference,
                                "tax_ids": [fields.Command.clear()],
                            }
                        )
                    ]
                }
            )

    def _send(self, refund):
        """By Odoo's own way; a failure leaves it posted and says so on the document."""
        self.env["account.move.send"]._facturex_send_safely(refund)


class FacturexCreditNoteLine(models.TransientModel):
    _name = "facturex.credit.note.line"
    _description = "Cancel with Credit Note: Line"
    _order = "id"

    wizard_id = fields.Many2one(
        "facturex.credit.note", required=True, ondelete="cascade", index=True
    )
    move_line_id = fields.Many2one(
        "account.move.line", required=True, readonly=True, ondelete="cascade"
    )
    name = fields.Char(related="move_line_id.name", string="Line")
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    quantity_invoiced = fields.Float(
        related="move_line_id.quantity", string="Invoiced", digits="Product Unit"
    )
    quantity_left = fields.Float(string="Left", readonly=True, digits="Product Unit")
    quantity = fields.Float(string="To Credit", digits="Product Unit")
    price_unit = fields.Float(related="move_line_id.price_unit", string="Price")
    amount = fields.Monetary(compute="_compute_amount")

    @api.depends("quantity", "wizard_id.mode")
    def _compute_amount(self):
        for line in self:
            full = line.wizard_id.mode == "full"
            quantity = line.quantity_left if full else line.quantity
            invoiced = line.quantity_invoiced
            share = quantity / invoiced if invoiced else 0
            line.amount = line.currency_id.round(
                line.move_line_id.price_subtotal * share
            )

    @api.constrains("quantity", "quantity_left")
    def _check_quantity(self):
        for line in self:
            sign = 1 if line.quantity_left >= 0 else -1
            over = (line.quantity - line.quantity_left) * sign
            wrong = line.quantity * sign < 0
            if wrong or (over > 0 and not float_is_zero(over, precision_digits=6)):
                raise UserError(
                    self.env._(
                        "%(line)s: credit between 0 and %(left)s.",
                        line=line.name or "",
                        left=line.quantity_left,
                    )
                )
