"""Credit notes: found back on the line they credit, never more than what is left."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import credit


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    facturex_origin_line_id = fields.Many2one(
        "account.move.line",
        string="Credits the Line",
        index="btree_not_null",
        copy=False,
        readonly=True,
        ondelete="set null",
    )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        # the key stands in the context of a reversal, true or false
        if "move_reverse_cancel" in self.env.context:
            for line, vals in zip(self, vals_list, strict=True):
                if line.display_type == "product" and line.move_id.is_invoice(True):
                    vals["facturex_origin_line_id"] = line.id
        return vals_list


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_credited_total = fields.Monetary(
        string="Credited", compute="_compute_facturex_credited_total"
    )

    @api.depends("reversal_move_ids.state", "reversal_move_ids.amount_total")
    def _compute_facturex_credited_total(self):
        credited = self._facturex_credited_totals()
        for move in self:
            move.facturex_credited_total = credited.get(move._origin.id, 0)

    def _facturex_credited_totals(self):
        """:return: {invoice id: total of its posted credit notes, in its currency}"""
        # a credit note the user may not read counts all the same
        rows = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                [
                    ("reversed_entry_id", "in", self._origin.ids),
                    ("state", "=", "posted"),
                    ("move_type", "=", "out_refund"),
                ],
                ["reversed_entry_id"],
                ["amount_total:sum"],
            )
        )
        return {invoice.id: total for invoice, total in rows}

    def _facturex_credited_lines(self):
        """:return: {invoice line id: (quantity, untaxed amount)} of credit notes"""
        rows = (
            self.env["account.move.line"]
            .sudo()  # see _facturex_credited_totals
            ._read_group(
                [
                    ("facturex_origin_line_id.move_id", "in", self._origin.ids),
                    ("move_id.reversed_entry_id", "in", self._origin.ids),
                    ("parent_state", "=", "posted"),
                    ("move_id.move_type", "=", "out_refund"),
                ],
                ["facturex_origin_line_id"],
                ["quantity:sum", "price_subtotal:sum"],
            )
        )
        return {line.id: (quantity, amount) for line, quantity, amount in rows}

    def _facturex_creditable_lines(self):
        """:return: the lines of an invoice that have a quantity and a price"""
        return self.invoice_line_ids.filtered_domain([("display_type", "=", "product")])

    def _facturex_left(self):
        """:return: `credit.Left` of one invoice: what may still be credited"""
        self.ensure_one()
        done = self._facturex_credited_lines()
        lines = []
        for line in self._facturex_creditable_lines():
            quantity, amount = done.get(line.id, (0.0, 0.0))
            lines.append(
                credit.Line(
                    id=line.id,
                    label=line.name or line.product_id.display_name or "",
                    quantity=self._facturex_decimal(line.quantity),
                    amount=self._facturex_decimal(line.price_subtotal),
                    credited_quantity=self._facturex_decimal(quantity),
                    credited_amount=self._facturex_decimal(amount),
                )
            )
        total = self._facturex_decimal(self.amount_total)
        credited = self._facturex_credited_totals().get(self.id, 0.0)
        return credit.Left(
            lines=tuple(lines),
            total=total - self._facturex_decimal(credited),
            cent=self._facturex_decimal(self.currency_id.rounding),
        )

    @api.model
    def _facturex_decimal(self, value):
        # ten digits: more than any unit, less than the noise of a float
        return Decimal(str(round(value, 10)))

    def _facturex_lock_for_credit(self):
        """Of two credit notes of one invoice the second one waits and starts again.

        A lock alone would let it decide on figures of before; a row that was written
        makes PostgreSQL refuse an old snapshot, and Odoo run the request again.
        """
        if self:
            self.flush_recordset()
            self.env.execute_query(
                SQL(
                    """
                    UPDATE account_move SET write_date = now() AT TIME ZONE 'UTC'
                     WHERE id IN %s RETURNING id
                    """,
                    tuple(sorted(self.ids)),
                )
            )
            self.invalidate_recordset(["write_date"])

    def _post(self, soft=True):
        self._facturex_check_credit()
        return super()._post(soft)

    def write(self, vals):
        # a client may write the state itself, past `_post`
        if vals.get("state") == "posted":
            self._facturex_check_credit()
        return super().write(vals)

    def _facturex_check_credit(self):
        """Refuse a credit note over more than its invoice has left.

        Native reversals pass here too: the rule is the document's, not the button's.
        """
        credits = self.filtered(
            lambda move: (
                move.move_type == "out_refund"
                and move.state == "draft"
                and move.reversed_entry_id.state == "posted"
                and move.reversed_entry_id.move_type == "out_invoice"
                # the company's switch is not its users' to hide
                and move.company_id.sudo().facturex_forbid_reset
            )
        )
        if not credits:
            return
        credits.reversed_entry_id._facturex_lock_for_credit()
        left = {}
        for refund in credits:
            invoice = refund.reversed_entry_id
            if refund.currency_id != invoice.currency_id:
                raise UserError(
                    self.env._(
                        "The credit note of %s must be in the currency of the invoice.",
                        invoice.display_name,
                    )
                )
            asked = refund._facturex_asked()
            before = left.get(invoice.id) or invoice._facturex_left()
            refund._facturex_raise_problems(invoice, credit.problems(before, asked))
            left[invoice.id] = credit.after(before, asked)

    def _facturex_asked(self):
        self.ensure_one()
        lines = self._facturex_creditable_lines()
        return credit.Asked(
            total=self._facturex_decimal(self.amount_total),
            lines=tuple(
                (
                    line.facturex_origin_line_id.id,
                    self._facturex_decimal(line.quantity),
                    self._facturex_decimal(line.price_subtotal),
                )
                for line in lines
                if line.facturex_origin_line_id
            ),
        )

    def _facturex_raise_problems(self, invoice, problems):
        if not problems:
            return
        sentences = []
        for problem in problems:
            if problem.code == credit.TOO_MANY:
                text = self.env._(
                    "%(line)s: %(asked)s asked, %(left)s left",
                    line=problem.label,
                    asked=f"{problem.asked.normalize():f}",
                    left=f"{problem.left.normalize():f}",
                )
            else:
                text = self.env._(
                    "%(line)s: %(asked)s asked, %(left)s left",
                    line=problem.label or self.env._("Total"),
                    asked=invoice.currency_id.format(float(problem.asked)),
                    left=invoice.currency_id.format(float(problem.left)),
                )
            sentences.append(text)
        raise UserError(
            self.env._(
                "A credit note cannot exceed what is left of %(invoice)s. Lower these: "
                "%(problems)s.",
                invoice=invoice.display_name,
                problems="; ".join(sentences),
            )
        )

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def action_facturex_cancel_by_credit_note(self):
        """Draft: cancel. Posted: preview the credit note that cancels it."""
        self.ensure_one()
        self.check_access("write")
        if self.move_type != "out_invoice":
            raise UserError(
                self.env._("Only a customer invoice is cancelled with a credit note.")
            )
        if self.state == "draft":
            return self.button_cancel()
        if self.state != "posted":
            raise UserError(self.env._("%s is already cancelled.", self.display_name))
        wizard = self.env["facturex.credit.note"]._open_for(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel %s with a credit note", self.name),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_facturex_view_credit_notes(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_refund_type"
        )
        action["domain"] = [("reversed_entry_id", "=", self.id)]
        action["context"] = {"create": False}
        return action
