"""Payment plans: how much on which day, and whether a plan is kept."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)

ACTIVE = "active"
BROKEN = "broken"
DONE = "done"


@dataclass(frozen=True)
class Instalment:
    date_due: date
    amount: Decimal


@dataclass(frozen=True)
class Standing:
    """:param paid: per instalment, oldest first; `late` is what is due and not paid"""

    state: str
    paid: tuple[Decimal, ...]
    late: Decimal
    next_due: date | None


def split(total: Decimal, count: int, unit: Decimal = CENT) -> tuple[Decimal, ...]:
    """Equal parts that sum exactly; the last takes the rounding.

    :raise ValueError: nothing to split, or parts of less than one unit
    """
    if count < 1 or total <= 0:
        raise ValueError("a plan has an amount and at least one instalment")
    part = ((total / count) / unit).quantize(Decimal(1), rounding=ROUND_DOWN) * unit
    if part <= 0:
        raise ValueError("the instalments would be nothing")
    return (part,) * (count - 1) + (total - part * (count - 1),)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def schedule(
    total: Decimal,
    count: int,
    first: date,
    every: int = 1,
    period: str = "month",
    unit: Decimal = CENT,
) -> tuple[Instalment, ...]:
    """:param period: `month` (anchored on the first day) or `week`"""
    if every < 1:
        raise ValueError("instalments follow each other")
    return tuple(
        Instalment(
            add_months(first, index * every)
            if period == "month"
            else first + timedelta(weeks=index * every),
            amount,
        )
        for index, amount in enumerate(split(total, count, unit))
    )


def standing(
    instalments: Sequence[Instalment],
    paid: Decimal,
    today: date,
    grace_days: int = 0,
) -> Standing:
    """Whether a plan is kept: money fills the instalments in the order of their dates.

    An instalment may be paid until `grace_days` after its date; the day after that an
    open one breaks the plan.
    """
    left, filled, late, next_due, broken = max(paid, ZERO), [], ZERO, None, False
    for instalment in sorted(instalments, key=lambda i: i.date_due):
        part = min(left, instalment.amount)
        left -= part
        filled.append(part)
        rest = instalment.amount - part
        if rest <= 0:
            continue
        next_due = next_due or instalment.date_due
        if instalment.date_due < today:
            late += rest
        if instalment.date_due + timedelta(days=grace_days) < today:
            broken = True
    state = BROKEN if broken else ACTIVE if next_due else DONE
    return Standing(state, tuple(filled), late, next_due)
