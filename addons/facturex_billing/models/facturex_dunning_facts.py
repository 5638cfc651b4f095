from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from odoo.tools import format_amount, format_date


@dataclass(frozen=True)
class LineFacts:
    """One instalment, as a message tells of it."""

    move_line_id: int
    move: object  # account.move, for the links and the attachments
    name: str
    reference: str
    date_maturity: date
    currency: object  # res.currency
    residual: float
    interest: float
    fee: float
    promise: date


class NoticeFacts:
    """What the words of many reminders ask for, read once for all of them.

    It lives as long as one rendering: nothing that it holds is told later.
    """

    def __init__(self, notices):
        self._words = {}
        self._rules = {}
        lines = notices.line_ids.filtered(lambda line: not line.is_void)
        self._moves = lines.move_id
        self.lines = {notice.id: [] for notice in notices}
        for line in lines:
            self.lines[line.notice_id.id].append(self._read(line))
        self._told = None
        self._texts = None

    def _read(self, line):
        move = line.move_id
        return LineFacts(
            move_line_id=line.move_line_id.id,
            move=move,
            name=move.name,
            reference=move.payment_reference or move.name,
            date_maturity=line.date_maturity,
            currency=line.currency_id,
            residual=line.amount_residual,
            interest=line.amount_interest,
            fee=line.amount_fee,
            promise=line.broken_promise,
        )

    # ------------------------------------------------------------------
    # Words: the same day and the same amount are put into words once
    # ------------------------------------------------------------------

    def date(self, env, day):
        key = (env.lang, day)
        if key not in self._words:
            self._words[key] = format_date(env, day)
        return self._words[key]

    def money(self, env, amount, currency):
        key = (env.lang, amount, currency.id)
        if key not in self._words:
            self._words[key] = format_amount(env, amount, currency)
        return self._words[key]

    # ------------------------------------------------------------------
    # Read when a text asks for it
    # ------------------------------------------------------------------

    @cached_property
    def profiles(self):
        """{move id: profile of the law}"""
        return self._moves._facturex_law_profiles()

    def told(self, item_id):
        """What was said of a journal item in messages that have left."""
        if self._told is None:
            items = self._moves.env["account.move.line"].browse(
                fact.move_line_id for own in self.lines.values() for fact in own
            )
            self._told = defaultdict(list)
            for line in items._facturex_told():
                self._told[line.move_line_id.id].append(line)
        return self._told[item_id]

    def rules(self, profile, company, day, currency):
        """The rules of a profile on the day of a message."""
        key = (profile.id, company.id, day, currency.id)
        if key not in self._rules:
            self._rules[key] = profile._to_engine(company, day, currency)
        return self._rules[key]

    def texts(self, move):
        """The first words of each line of an invoice that bills something."""
        if self._texts is None:
            self._texts = defaultdict(list)
            lines = self._moves.invoice_line_ids
            lines.fetch(["display_type", "name", "product_id", "move_id"])
            for line in lines:
                if line.display_type == "product":
                    words = line.name or line.product_id.name or ""
                    self._texts[line.move_id.id].append(words.split("\n")[0])
        return self._texts[move.id]
