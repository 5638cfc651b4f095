from collections import defaultdict

from odoo import models

from ..engine import preflight
from .facturex_dunning_reasons import SETTLED_STATES


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _facturex_item_name(self):
        """The first line of a free text: the name of the item (EN 16931, BT-153)."""
        self.ensure_one()
        text = (self.name or "").strip()
        return text.splitlines()[0] if text else self.move_id.name

    def _facturex_claims_nothing(self):
        """Settled, cancelled, blocked or put aside: nothing may be asked for."""
        self.ensure_one()
        return (
            self.parent_state != "posted"
            or self.reconciled
            or self.no_followup
            or self.currency_id.compare_amounts(self.amount_residual_currency, 0) <= 0
            or self.move_id.payment_state in (*SETTLED_STATES, "blocked")
        )

    def _facturex_dunning_obstacles(self, date):
        """What forbids a reminder of each instalment on `date`, in a few queries.

        :return: {id of the line: `engine.preflight.Obstacle`}; a line without one is
            not in the result
        """
        holds = self._facturex_holds(date)
        pending = self._facturex_pending_moves()
        found = {}
        for line in self:
            move = line.move_id
            facts = preflight.ItemFacts(
                holds=tuple(
                    preflight.Hold(hold.kind, hold.date_end)
                    for hold in holds[move.id]
                    + holds[(line.company_id.id, move.commercial_partner_id.id)]
                ),
                payment_pending=move.id in pending
                or move.payment_state == "in_payment",
                e_invoice_failed=move._facturex_delivery_failed(),
            )
            if obstacle := preflight.item_obstacle(facts):
                found[line.id] = obstacle
        return found

    def _facturex_holds(self, date):
        """{move id or (company id, partner id): [holds of that day]}"""
        Hold = self.env["facturex.dunning.hold"]
        found = defaultdict(list)
        for company, lines in self.grouped("company_id").items():
            moves = lines.move_id
            partners = set(moves.commercial_partner_id.ids)
            # all active holds of a company are few: cheaper than naming every invoice
            for hold in Hold.search(Hold._active_domain(company, date)):
                if hold.move_id:
                    found[hold.move_id.id].append(hold)
                elif hold.partner_id.id in partners:
                    found[(company.id, hold.partner_id.id)].append(hold)
        return found

    def _facturex_pending_moves(self):
        """Invoices with an online payment under way, or one without entry yet."""
        moves = self.move_id
        pending = set()
        # transactions and payments are read by accounting users only; that money is
        # on its way concerns whoever reminds
        for transaction in (
            self.env["payment.transaction"]
            .sudo()
            .search(
                [
                    ("state", "in", ("pending", "authorized")),
                    # a promise of deferred payment is no money
                    ("provider_code", "!=", "facturex_deferred"),
                    ("invoice_ids", "in", moves.ids),
                ]
            )
        ):
            pending |= set(transaction.invoice_ids.ids)
        for payment in (
            self.env["account.payment"]
            .sudo()  # see above
            .search(
                [
                    ("state", "=", "in_process"),
                    ("payment_type", "=", "inbound"),
                    ("move_id", "=", False),
                    ("invoice_ids", "in", moves.ids),
                ]
            )
        ):
            pending |= set(payment.invoice_ids.ids)
        return pending
