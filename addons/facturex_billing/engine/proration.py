"""What a change of a subscription costs today and is worth per month. No record.

Amounts are those of a whole period; days are inclusive. Each sum is rounded once.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .schedule import Period, prorate

# How the monthly value of a customer's subscription moved.
NEW = "new"
EXPANSION = "expansion"
CONTRACTION = "contraction"
CHURN = "churn"
REACTIVATION = "reactivation"

ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One line before or after a change: `amount` per period, untaxed, signed."""

    key: int
    amount: Decimal


@dataclass(frozen=True)
class Delta:
    """What one line is charged (positive) or credited (negative) for `part`."""

    key: int
    amount: Decimal
    part: Period


def rest(cycle: Period, day: date) -> Period | None:
    """The days of a period from `day` on; None when it is over."""
    begin = max(cycle[0], day)
    return (begin, cycle[1]) if begin <= cycle[1] else None


def deltas(
    before: list[Line], after: list[Line], cycle: Period, day: date, digits: int = 2
) -> list[Delta]:
    """What a change on `day` costs for the rest of a period that is already billed.

    A line present on one side only is charged or credited whole. Lines that cost the
    same are left out. The difference is rounded once, not each side.

    :return: one Delta per line that changes, in the order of `after`, then the dropped
    """
    part = rest(cycle, day)
    if part is None:
        return []
    old = {line.key: line.amount for line in before}
    new = {line.key: line.amount for line in after}
    found = []
    for key in [*new, *(key for key in old if key not in new)]:
        difference = new.get(key, ZERO) - old.get(key, ZERO)
        amount = prorate(difference, cycle, part, digits)
        if amount:
            found.append(Delta(key, amount, part))
    return found


def unused(
    lines: list[Line], cycle: Period, last_day: date, digits: int = 2
) -> list[Delta]:
    """What to give back when the service ends on `last_day` of a billed period."""
    return deltas(lines, [], cycle, last_day + timedelta(days=1), digits)


def extended_end(date_end: date | None, pause: Period) -> date | None:
    """The end of the term when the days of a pause are added to it."""
    if date_end is None:
        return None
    return date_end + timedelta(days=(pause[1] - pause[0]).days + 1)


def movement(
    before: Decimal, after: Decimal, known: bool
) -> tuple[str, Decimal] | None:
    """How the monthly value moved: (kind, difference), or None when it did not.

    :param known: whether the subscription was worth something before, ever
    """
    difference = after - before
    if not difference:
        return None
    if not before:
        return (REACTIVATION if known else NEW), difference
    if not after:
        return CHURN, difference
    return (EXPANSION if difference > 0 else CONTRACTION), difference
