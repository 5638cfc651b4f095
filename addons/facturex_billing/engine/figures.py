"""What subscriptions are worth: movements of monthly value in, figures out.

Amounts are in one currency, per month, untaxed. A month is named by its first day.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from . import proration, schedule

ZERO = Decimal(0)
KINDS = (
    proration.NEW,
    proration.REACTIVATION,
    proration.EXPANSION,
    proration.CONTRACTION,
    proration.CHURN,
)


@dataclass(frozen=True)
class Movement:
    """The monthly value of a customer moved by `delta` on `day`."""

    customer: int
    day: date
    kind: str
    delta: Decimal


@dataclass(frozen=True)
class Month:
    """One month: value at its begin and end, and what moved it, by kind."""

    month: date
    opening: Decimal
    closing: Decimal
    moved: dict[str, Decimal]
    customers_opening: int
    customers_lost: int

    @property
    def churn(self) -> Decimal:
        """Percent of the value at the begin that left; 0 when there was none."""
        return _percent(-self.moved[proration.CHURN], self.opening)

    @property
    def customer_churn(self) -> Decimal:
        """Percent of the customers at the begin who left."""
        return _percent(self.customers_lost, self.customers_opening)


@dataclass(frozen=True)
class Cohort:
    """The customers who came in `month`; `kept`: percent of their first value, by age.

    `kept[0]` is the end of the month in which they came, and always 100.
    """

    month: date
    customers: int
    value: Decimal
    kept: tuple[Decimal, ...]


@dataclass(frozen=True)
class Figures:
    mrr: Decimal = ZERO
    customers: int = 0
    months: tuple[Month, ...] = ()
    cohorts: tuple[Cohort, ...] = field(default=())

    @property
    def arr(self) -> Decimal:
        return self.mrr * 12

    @property
    def arpc(self) -> Decimal:
        """Average monthly value of a customer who is worth something."""
        if not self.customers:
            return ZERO
        return schedule.round_half_up(self.mrr / self.customers)


def _percent(part, whole) -> Decimal:
    if not whole:
        return ZERO
    return schedule.round_half_up(Decimal(100) * part / whole, 1)


def month_of(day: date) -> date:
    return day.replace(day=1)


def months_until(day: date, count: int) -> list[date]:
    """The `count` months up to the one of `day`, oldest first."""
    last = month_of(day)
    return [schedule.start(last, "month", 1, -back) for back in range(count)][::-1]


def compute(movements: Iterable[Movement], day: date, count: int = 12) -> Figures:
    """The figures on `day`, its last `count` months and their cohorts.

    Movements after `day` are announced, not yet true: they do not count.
    """
    known = sorted(
        (move for move in movements if move.day <= day), key=lambda move: move.day
    )
    values = defaultdict(lambda: ZERO)
    for move in known:
        values[move.customer] += move.delta
    months = months_until(day, count)
    return Figures(
        mrr=sum(values.values(), ZERO),
        customers=sum(1 for value in values.values() if value),
        months=tuple(_months(known, months)),
        cohorts=tuple(_cohorts(known, months)),
    )


def _months(known: Sequence[Movement], months: Sequence[date]):
    values = defaultdict(lambda: ZERO)
    left = list(known)
    for month in months:
        following = schedule.start(month, "month", 1, 1)
        while left and left[0].day < month:
            move = left.pop(0)
            values[move.customer] += move.delta
        before = dict(values)
        moved = dict.fromkeys(KINDS, ZERO)
        while left and left[0].day < following:
            move = left.pop(0)
            values[move.customer] += move.delta
            moved[move.kind] += move.delta
        had = [customer for customer, value in before.items() if value]
        yield Month(
            month=month,
            opening=sum(before.values(), ZERO),
            closing=sum(values.values(), ZERO),
            moved=moved,
            customers_opening=len(had),
            customers_lost=sum(1 for customer in had if not values[customer]),
        )


def _cohorts(known: Sequence[Movement], months: Sequence[date]):
    came = {}
    for move in known:
        came.setdefault(move.customer, month_of(move.day))
    ends = {month: schedule.start(month, "month", 1, 1) for month in months}
    for month in months:
        members = {customer for customer, first in came.items() if first == month}
        if not members:
            continue
        worth = [
            sum(
                (m.delta for m in known if m.customer in members and m.day < ends[at]),
                ZERO,
            )
            for at in months
            if at >= month
        ]
        first = worth[0]
        kept = tuple(_percent(value, first) for value in worth) if first else ()
        yield Cohort(month, len(members), first, kept)
