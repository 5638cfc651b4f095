from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_amount, format_date

ONLINE_DAYS = 180  # afterwards the page of a reminder is closed
PROMISE_DAYS = 30  # a customer may promise no later than this
DISPUTE_DAYS = 30  # what we take to look at a dispute
DECLARED_DAYS = 10  # what a payment takes to be seen on the bank
PROMISES_PER_INVOICE = 2
HOLDS_A_DAY = 10  # per customer: nobody answers more often in earnest
MAX_NOTE = 1000
KINDS = ("dispute", "promise", "declared")


class FacturexDunningNotice(models.Model):
    _inherit = "facturex.dunning.notice"

    def _get_payment_url(self):
        """Everything on one page, opened by the token of this reminder."""
        self.ensure_one()
        token = self._portal_ensure_token()
        return f"{self.get_base_url()}{self.access_url}?access_token={token}"

    def _is_open_online(self):
        """The customer sees what he was told, for some months."""
        self.ensure_one()
        if self.state not in ("approved", "sent"):
            return False
        return (fields.Date.context_today(self) - self.date).days <= ONLINE_DAYS

    # ------------------------------------------------------------------
    # The page
    # ------------------------------------------------------------------

    def _prepare_portal_values(self):
        """What the page shows: amounts of now, not of the day of the message."""
        self.ensure_one()
        lines = self._get_claimed_lines()
        return self._prepare_letter_values() | {
            "notice": self,
            "company": self.company_id,
            "rows": [self._prepare_portal_row(line) for line in lines],
            "holds": self._portal_holds(lines.move_id),
            "open_moves": lines.filtered(
                lambda line: not line.move_line_id.reconciled
            ).move_id,
            "today": fields.Date.context_today(self),
            "last_day": fields.Date.context_today(self) + timedelta(days=PROMISE_DAYS),
        }

    def _prepare_portal_row(self, line):
        item = line.move_line_id
        paid = line._is_paid_now()
        return {
            "name": line.move_id.name,
            "url": line.move_id.get_portal_url(),
            "date": format_date(self.env, line.date_maturity),
            "reference": line.move_id.payment_reference or line.move_id.name,
            "amount": format_amount(
                self.env, item.amount_residual_currency, line.currency_id
            ),
            "paid": paid,
        }

    @api.model
    def _portal_days(self):
        """Between which days a promise may lie."""
        today = fields.Date.context_today(self)
        last = today + timedelta(days=PROMISE_DAYS)
        return {"facturex_today": today, "facturex_last_day": last}

    @api.model
    def _portal_holds(self, moves):
        """What the customer told us before, and until when we wait."""
        today = fields.Date.context_today(self)
        holds = self.env["facturex.dunning.hold"].search(
            [
                ("move_id", "in", moves.ids),
                ("state", "=", "active"),
                ("date_end", ">=", today),
            ]
        )
        kinds = dict(holds._fields["kind"]._description_selection(self.env))
        return [
            {
                "invoice": hold.move_id.name,
                "kind": kinds[hold.kind],
                "until": format_date(self.env, hold.date_end),
            }
            for hold in holds
        ]

    # ------------------------------------------------------------------
    # What the customer says
    # ------------------------------------------------------------------

    @api.model
    def _portal_sentence(self, code):
        """The sentence of a code; an unknown code says nothing."""
        return {
            "done": self.env._(
                "Thank you, we have noted it. Reminders wait meanwhile."
            ),
            "kind": self.env._("Choose what you want to tell us."),
            "note": self.env._("Tell us in a few words what is wrong."),
            "day": self.env._(
                "Choose a day within the next %s days to pay, or the day of your"
                " payment.",
                PROMISE_DAYS,
            ),
            "amount": self.env._("The amount is not a number."),
            "invoice": self.env._("Choose one of the invoices of this page."),
            "already": self.env._("You have already told us that: we are on it."),
            "limit": self.env._(
                "We have received several messages from you: please call us."
            ),
        }.get(code)

    @api.model
    def _portal_hold(self, moves, kind=None, invoice=None, day=None, **said):
        """Enter what the customer says about `moves`, which he may see.

        :param moves: the invoices the caller checked the access to; `invoice` is the
            id of one of them, or empty for all of them
        :return: a code of `_portal_sentence`; "done" when it was entered
        """
        if kind not in KINDS:
            return "kind"
        moves = moves.filtered(
            lambda move: move.payment_state in ("not_paid", "partial")
        )
        if invoice:
            moves = moves.filtered(lambda move: str(move.id) == str(invoice))
        if not moves:
            return "invoice"
        if kind == "dispute" and len(moves) > 1:
            return "invoice"
        vals = self._portal_hold_vals(kind, day, **said)
        if isinstance(vals, str):
            return vals
        if self._portal_over_limit(moves, kind):
            return "limit"
        try:
            with self.env.cr.savepoint():
                holds = self.env["facturex.dunning.hold"].create(
                    [vals | {"move_id": move.id} for move in moves]
                )
                holds.flush_recordset()
        except psycopg2.errors.UniqueViolation:
            return "already"
        except (UserError, ValidationError):
            return "day"
        holds._tell_responsible()
        return "done"

    @api.model
    def _portal_hold_vals(self, kind, day, amount=None, note=None):
        """The values of a hold, or the code of what is wrong with the form."""
        today = fields.Date.context_today(self)
        note = (note or "").strip()[:MAX_NOTE]
        vals = {"kind": kind, "origin": "portal", "note": note, "date_start": today}
        if kind == "dispute":
            if not note:
                return "note"
            return vals | {"date_end": today + timedelta(days=DISPUTE_DAYS)}
        try:
            given = fields.Date.to_date((day or "").strip())
            # decimal comma as it is written here
            money = float((amount or "0").strip().replace(",", ".") or 0)
        except ValueError:
            given, money = None, 0.0
        if not 0 <= money < 10**12:
            return "amount"
        if given is None:
            return "day"
        vals["amount"] = money
        if kind == "promise":
            if not today <= given <= today + timedelta(days=PROMISE_DAYS):
                return "day"
            return vals | {"date_end": given}
        if not today - timedelta(days=PROMISE_DAYS) <= given <= today:
            return "day"
        vals["note"] = self.env._("Paid on %s", given) + (f"\n{note}" if note else "")
        return vals | {"date_end": today + timedelta(days=DECLARED_DAYS)}

    @api.model
    def _portal_over_limit(self, moves, kind):
        """More messages than anybody needs, or one promise after the other."""
        Hold = self.env["facturex.dunning.hold"]
        portal = [("origin", "=", "portal")]
        today = fields.Date.context_today(self)
        partners = moves.commercial_partner_id
        recent = Hold.search_count(
            [*portal, ("partner_id", "in", partners.ids), ("date_start", "=", today)]
        )
        if recent + len(moves) > max(HOLDS_A_DAY, len(moves)):
            return True
        if kind != "promise":
            return False
        counts = Hold._read_group(
            [*portal, ("move_id", "in", moves.ids), ("kind", "=", "promise")],
            ["move_id"],
            ["__count"],
        )
        return any(count >= PROMISES_PER_INVOICE for _move, count in counts)


class FacturexDunningNoticeLine(models.Model):
    _inherit = "facturex.dunning.notice.line"

    def _is_paid_now(self):
        self.ensure_one()
        item = self.move_line_id
        return item.reconciled or item.move_id.payment_state in ("in_payment", "paid")


class FacturexDunningHold(models.Model):
    _inherit = "facturex.dunning.hold"

    def _tell_responsible(self):
        """One task for whoever looks after this invoice."""
        for hold in self:
            move = hold.move_id
            user = move.invoice_user_id or move.create_uid
            move.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=hold.display_name,
                note=hold.note,
                user_id=user.id,
            )
