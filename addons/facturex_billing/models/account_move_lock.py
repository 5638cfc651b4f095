"""A document that was sent is a fact: it is credited, never changed (law I01).

The rules here ask neither who writes nor how: roles, `sudo()` and context keys, which
any RPC client may set, change nothing. Docs: docs/decisions.md, "A sent document".
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

# Code of ours that must go through (a migration) carries this very object in its
# context under `facturex_open`. An RPC client cannot send an object.
OPEN = object()

# what a customer reads on the document, or what the books say of it
DOCUMENT_FIELDS = frozenset(
    {
        "amount_residual",
        "amount_residual_signed",
        "amount_tax",
        "amount_tax_signed",
        "amount_total",
        "amount_total_in_currency_signed",
        "amount_total_signed",
        "amount_untaxed",
        "amount_untaxed_in_currency_signed",
        "amount_untaxed_signed",
        "commercial_partner_id",
        "company_id",
        "currency_id",
        "date",
        "delivery_date",
        "fiscal_position_id",
        "incoterm_location",
        "inalterable_hash",
        "invoice_cash_rounding_id",
        "invoice_currency_rate",
        "invoice_date",
        "invoice_incoterm_id",
        "invoice_origin",
        "invoice_partner_display_name",
        "invoice_payment_term_id",
        "invoice_pdf_report_file",
        "journal_id",
        "move_type",
        "name",
        "narration",
        "partner_bank_id",
        "partner_id",
        "partner_shipping_id",
        "payment_reference",
        "posted_before",
        "quick_edit_total_amount",
        "ref",
        "reversed_entry_id",
        "secure_sequence_number",
        "sequence_number",
        "sequence_prefix",
        "state",
        "tax_totals",
        "taxable_supply_date",
        "ubl_cii_xml_file",
    }
)
# may be filled in once while they are empty: sending and hashing do so
FILLABLE = frozenset(
    {
        "inalterable_hash",
        "invoice_pdf_report_file",
        "payment_reference",
        "secure_sequence_number",
        "ubl_cii_xml_file",
    }
)
# amounts that follow from the lines: false on any posted document once written by hand
POSTED_FIELDS = frozenset(
    name for name in DOCUMENT_FIELDS if name.startswith("amount_")
) | {"invoice_currency_rate", "move_type", "reversed_entry_id", "tax_totals"}

LINE_FIELDS = frozenset(
    {
        "account_id",
        "amount_currency",
        "amount_residual",
        "amount_residual_currency",
        "balance",
        "collapse_composition",
        "collapse_prices",
        "company_id",
        "credit",
        "currency_id",
        "date",
        "debit",
        "deductible_amount",
        "discount",
        "discount_amount_currency",
        "discount_balance",
        "discount_date",
        "display_type",
        "extra_tax_data",
        "facturex_origin_line_id",
        "group_tax_id",
        "invoice_date",
        "is_downpayment",
        "is_storno",
        "journal_id",
        "move_id",
        "move_name",
        "name",
        "parent_state",
        "partner_id",
        "price_subtotal",
        "price_total",
        "price_unit",
        "product_id",
        "product_uom_id",
        "quantity",
        "ref",
        "sequence",
        "tax_base_amount",
        "tax_group_id",
        "tax_ids",
        "tax_line_id",
        "tax_repartition_line_id",
        "tax_tag_ids",
    }
)
# of a posted document, sent or not: its lines and its entry must tell the same
POSTED_LINE_FIELDS = LINE_FIELDS - {
    "account_id",
    "collapse_composition",
    "collapse_prices",
    "date",
    "discount_date",
    "invoice_date",
    "is_downpayment",
    "journal_id",
    "move_name",
    "name",
    "parent_state",
    "partner_id",
    "product_id",
    "ref",
    "sequence",
    "tax_tag_ids",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_is_locked = fields.Boolean(
        string="Sent and Locked", compute="_compute_facturex_is_locked"
    )

    @api.depends("state", "is_move_sent", "facturex_notice_line_ids.is_void")
    def _compute_facturex_is_locked(self):
        locked = self._origin._facturex_locked()
        for move in self:
            move.facturex_is_locked = move._origin in locked

    @api.depends("is_move_sent")
    def _compute_show_reset_to_draft_button(self):
        result = super()._compute_show_reset_to_draft_button()
        for move in self.filtered("show_reset_to_draft_button"):
            move.show_reset_to_draft_button = not move.facturex_is_locked
        return result

    # ------------------------------------------------------------------
    # What is locked
    # ------------------------------------------------------------------

    def _facturex_sent(self):
        """:return: the posted sales documents that have left the house: the legal PDF
        was made or the document marked as sent, its e-invoice was transmitted, or a
        reminder claimed it
        """
        posted = self.filtered(
            lambda move: (
                move.state == "posted" and move.is_sale_document(include_receipts=True)
            )
        )
        sent = posted.filtered(
            lambda move: move.is_move_sent or move._facturex_is_transmitted()
        )
        if rest := posted - sent:
            # a lock holds for people who may not read reminders, too
            lines = self.env["facturex.dunning.notice.line"].sudo()
            claimed = lines._read_group(
                [
                    ("move_id", "in", rest.ids),
                    ("is_void", "=", False),
                    ("notice_id.state", "=", "sent"),
                ],
                ["move_id"],
            )
            ids = {row[0].id for row in claimed}
            sent += rest.filtered(lambda move: move.id in ids)
        return sent

    def _facturex_is_transmitted(self):
        """Whether a network has the document. Add-ons of other networks extend this."""
        self.ensure_one()
        # account_peppol is not a dependency
        return "peppol_move_state" in self._fields and self.peppol_move_state in (
            "processing",
            "done",
        )

    def _facturex_locked(self):
        """:return: those that cannot be changed any more"""
        if self.env.context.get("facturex_open") is OPEN:
            return self.browse()
        # the switch of a company is not its users' to hide
        return self.filtered(
            lambda move: move.company_id.sudo().facturex_forbid_reset
        )._facturex_sent()

    def _facturex_posted(self):
        """:return: the posted invoices, bills and credit notes"""
        if self.env.context.get("facturex_open") is OPEN:
            return self.browse()
        return self.filtered(
            lambda move: (
                move.state == "posted" and move.is_invoice(include_receipts=True)
            )
        )

    # ------------------------------------------------------------------
    # What is refused
    # ------------------------------------------------------------------

    def write(self, vals):
        self._facturex_check_write(vals)
        return super().write(vals)

    def unlink(self):
        self._facturex_refuse(self._facturex_locked())
        if self.env.context.get("facturex_open") is not OPEN:
            # with the switch off somebody may have reset one: it was still sent
            self._facturex_refuse(
                self.filtered(
                    lambda move: (
                        move.posted_before
                        and move.is_move_sent
                        and move.is_sale_document(include_receipts=True)
                        and move.company_id.sudo().facturex_forbid_reset
                    )
                )
            )
            self._facturex_refuse_posted(self._facturex_posted())
        return super().unlink()

    def button_draft(self):
        self._facturex_refuse(self._facturex_locked())
        return super().button_draft()

    def button_cancel(self):
        self._facturex_refuse(self._facturex_locked())
        return super().button_cancel()

    def _facturex_check_write(self, vals):
        if posted_names := POSTED_FIELDS & vals.keys():
            for move in self._facturex_posted():
                names = move._facturex_changed(posted_names, vals)
                move._facturex_refuse_posted(move if names else move.browse(), names)
        watched = {"invoice_date_due", "is_move_sent", "payment_state"}
        if not vals.keys() & (DOCUMENT_FIELDS | watched):
            return
        for move in self._facturex_locked():
            names = move._facturex_changed(DOCUMENT_FIELDS & vals.keys(), vals)
            names |= move._facturex_refused_values(vals)
            move._facturex_refuse(move if names else move.browse(), names)

    def _facturex_changed(self, names, vals):
        """:return: the names that would get another value"""
        self.ensure_one()
        return {
            name
            for name in names
            if self._facturex_differs(name, vals)
            and not (name in FILLABLE and not self[name])
        }

    def _facturex_differs(self, name, vals):
        field = self._fields[name]
        if field.type in ("char", "text", "html", "binary", "date", "float"):
            new = field.convert_to_cache(vals[name], self)
            old = field.convert_to_cache(self[name], self)
            return (new or False) != (old or False)
        return self.env["account.move"]._field_will_change(self, vals, name)

    def _facturex_refused_values(self, vals):
        """What may change in one direction only: a later due date, a block."""
        self.ensure_one()
        names = set()
        if "invoice_date_due" in vals:
            due = fields.Date.to_date(vals["invoice_date_due"])
            if not due or (self.invoice_date_due and due < self.invoice_date_due):
                names.add("invoice_date_due")
        if "is_move_sent" in vals and not vals["is_move_sent"] and self.is_move_sent:
            names.add("is_move_sent")
        new, old = vals.get("payment_state"), self.payment_state
        if new and new != old and new != "blocked" and old != "blocked":
            names.add("payment_state")
        return names

    def _facturex_refuse(self, moves, names=()):
        """Say what to do instead; nothing happens when there is nothing to refuse."""
        if not moves:
            return
        move = moves[0]
        what = ", ".join(
            sorted(self._fields[name]._description_string(self.env) for name in names)
        )
        if move.move_type == "out_invoice":
            way_out = self.env._(
                'Use "Cancel with Credit Note" to credit all of it or some lines.'
            )
        else:
            way_out = self.env._("Make a new document that corrects it.")
        if what:
            raise UserError(
                self.env._(
                    "%(document)s was sent: it can no longer be changed (%(what)s). "
                    "%(way_out)s",
                    document=move.display_name,
                    what=what,
                    way_out=way_out,
                )
            )
        raise UserError(
            self.env._(
                "%(document)s was sent: it can neither be changed nor reset to draft, "
                "cancelled or deleted. %(way_out)s",
                document=move.display_name,
                way_out=way_out,
            )
        )

    def _facturex_refuse_posted(self, moves, names=()):
        if not moves:
            return
        labels = self.env["account.move.line"]._fields | self._fields
        raise UserError(
            self.env._(
                "%(document)s is posted: its amounts follow from its journal entry "
                "and cannot be changed on their own (%(what)s). Reset it to draft, or "
                "make a credit note.",
                document=moves[0].display_name,
                what=", ".join(
                    sorted(labels[name]._description_string(self.env) for name in names)
                )
                or "-",
            )
        )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        moves = self.env["account.move"].browse(
            {vals["move_id"] for vals in vals_list if vals.get("move_id")}
        )
        moves._facturex_refuse(moves._facturex_locked(), {"line_ids"})
        # stock valuation adds its own lines once the document is posted
        added = self.env["account.move"].browse(
            {
                vals["move_id"]
                for vals in vals_list
                if vals.get("move_id") and vals.get("display_type") != "cogs"
            }
        )
        added._facturex_refuse_posted(added._facturex_posted(), {"line_ids"})
        return super().create(vals_list)

    def write(self, vals):
        self._facturex_check_write(vals)
        return super().write(vals)

    def unlink(self):
        moves = self.move_id
        moves._facturex_refuse(moves._facturex_locked(), {"line_ids"})
        moves._facturex_refuse_posted(moves._facturex_posted(), {"line_ids"})
        return super().unlink()

    def _facturex_check_write(self, vals):
        names = LINE_FIELDS & vals.keys()
        if not names and "date_maturity" not in vals:
            return
        Move = self.env["account.move"]
        moves = self.move_id
        if vals.get("move_id"):
            moves |= Move.browse(vals["move_id"])
        posted = moves._facturex_posted()
        if not posted:
            return
        locked = posted._facturex_locked()
        for line in self:
            touched = line.move_id | Move.browse(vals.get("move_id") or ())
            if not touched & posted:
                continue
            changed = {
                name for name in names if Move._field_will_change(line, vals, name)
            }
            if touched & locked:
                if "date_maturity" in vals and line._facturex_due_earlier(vals):
                    changed.add("date_maturity")
                line._facturex_refuse_line(touched & locked, changed)
            elif refused := changed & POSTED_LINE_FIELDS:
                Move._facturex_refuse_posted(touched & posted, refused)

    def _facturex_due_earlier(self, vals):
        self.ensure_one()
        due = fields.Date.to_date(vals["date_maturity"])
        return bool(self.date_maturity) and (not due or due < self.date_maturity)

    def _facturex_refuse_line(self, moves, names):
        if not names:
            return
        raise UserError(
            self.env._(
                "%(document)s was sent: its lines can no longer be changed (%(what)s). "
                "Make a credit note for what is wrong.",
                document=moves[0].display_name,
                what=", ".join(
                    sorted(
                        self._fields[name]._description_string(self.env)
                        for name in names
                    )
                ),
            )
        )
