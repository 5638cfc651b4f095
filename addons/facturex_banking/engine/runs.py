"""A statement that encloses others already known: what is new of it, in pieces.

A file of a month after the file of one of its weeks brings the movements before and
after that week. Two statements of their own, before and after the known one, keep the
chain of balances; one around it would not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .statement import Entry


@dataclass(frozen=True)
class Run:
    """Days of new movements without a known statement between them."""

    first: date
    last: date
    opening: Decimal
    closing: Decimal


def runs(
    own: Sequence[Entry], held: Sequence[Entry], opening: Decimal
) -> tuple[Run, ...]:
    """The pieces of a statement, oldest first.

    In: its new movements, those that other statements hold, its opening balance. Out:
    pieces that open where everything before them left the account. A known movement
    on a day of a piece counts as before it: banks do not say the hour.
    """
    days = sorted({entry.date for entry in own})
    known = sorted({entry.date for entry in held} - set(days))
    pieces: list[list[date]] = []
    for day in days:
        if pieces and not any(pieces[-1][-1] < other < day for other in known):
            pieces[-1].append(day)
        else:
            pieces.append([day])
    found = []
    for piece in pieces:
        first, last = piece[0], piece[-1]
        before = sum((e.amount for e in own if e.date < first), Decimal(0))
        before += sum((e.amount for e in held if e.date <= last), Decimal(0))
        inside = sum((e.amount for e in own if first <= e.date <= last), Decimal(0))
        start = opening + before
        found.append(Run(first, last, start, start + inside))
    return tuple(found)
