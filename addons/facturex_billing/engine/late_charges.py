"""Interest and lump sums of late payment: arithmetic only.

Rates, tiers and caps are arguments: the law is data (`facturex.legal.rate`,
`facturex.fee.rule`). Nothing is rounded on the way; `to_cents` rounds once.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)

# (first day, yearly percent); a percent of None means: not known from that day on
Rates = Sequence[tuple[date, Decimal | None]]
# (balance up to and including | None, lump sum, percent of what exceeds the tier below)
Tiers = Sequence[tuple[Decimal | None, Decimal, Decimal]]


class MissingRate(Exception):
    """No rate is known on `day`: nothing may be charged silently."""

    def __init__(self, day: date):
        super().__init__(f"no rate is known on {day}")
        self.day = day


def to_cents(amount: Decimal, unit: Decimal = CENT) -> Decimal:
    """Half up, to `unit` (a cent by default): once, at the end of a claim."""
    units = (amount / unit).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return (units * unit).quantize(unit)


def interest(
    principal: Decimal,
    date_from: date,
    date_to: date,
    rates: Rates,
    basis: int = 365,
) -> Decimal:
    """Simple interest on a constant principal, cut at each change of rate.

    :param principal: the amount still owed, not negative
    :param date_from: the day before the first one that counts: the due date
    :param date_to: the last day that counts
    :param rates: (first day, yearly percent), in any order
    :param basis: days of a year, 365 also in leap years
    :return: not rounded; 0 when no day counts
    :raise MissingRate: a day that counts has no rate
    :raise ValueError: negative principal, basis not positive
    """
    if principal < 0:
        raise ValueError("interest runs on a debt, not on a credit")
    if basis <= 0:
        raise ValueError("a year has days")
    if not principal or date_to <= date_from:
        return ZERO
    known = sorted(rates, key=lambda rate: rate[0])
    first = date_from + timedelta(days=1)
    index = bisect_right(known, first, key=lambda rate: rate[0]) - 1
    if index < 0:
        raise MissingRate(first)
    percent_days = ZERO
    day = first
    while day <= date_to:
        last = date_to
        if index + 1 < len(known):
            last = min(last, known[index + 1][0] - timedelta(days=1))
        if last >= day:
            if known[index][1] is None:
                raise MissingRate(day)
            percent_days += known[index][1] * ((last - day).days + 1)
            day = last + timedelta(days=1)
        index += 1
    return principal * percent_days / (100 * basis)


def balance_slices(
    principal: Decimal,
    settlements: Iterable[tuple[date, Decimal]],
    date_from: date,
    date_to: date,
) -> list[tuple[Decimal, date, date]]:
    """The debt through time: (owed, day before the first, last day).

    Money received on a day counts from the next: that day still bears interest.

    :param settlements: (value date, amount) of payments and credit notes, in any order
    """
    slices = []
    owed, start = principal, date_from
    for day, amount in sorted(settlements):
        if day > start:
            end = min(day, date_to)
            if end > start and owed > 0:
                slices.append((owed, start, end))
            start = max(start, end)
        if day <= date_to:
            owed -= amount
    if date_to > start and owed > 0:
        slices.append((owed, start, date_to))
    return slices


def interest_on_balance(
    principal: Decimal,
    settlements: Iterable[tuple[date, Decimal]],
    date_from: date,
    date_to: date,
    rates: Rates,
    basis: int = 365,
) -> Decimal:
    """`interest` on what was owed on each day; not rounded."""
    return sum(
        (
            interest(owed, start, end, rates, basis)
            for owed, start, end in balance_slices(
                principal, settlements, date_from, date_to
            )
        ),
        ZERO,
    )


def tiered_indemnity(
    balance: Decimal, tiers: Tiers, cap: Decimal | None = None
) -> Decimal:
    """A lump sum by the height of the balance, never above `cap`.

    Belgium, Code of Economic Law art. XIX.4: 20 up to 150; 30 and 10 % of what exceeds
    150 up to 500; 65 and 5 % of what exceeds 500; 2,000 at most.

    :param tiers: (up to and including | None, lump sum, percent of what exceeds the
        tier below), lowest first
    :return: to the cent; 0 when nothing is owed
    :raise ValueError: the balance exceeds the last tier
    """
    if balance <= 0:
        return ZERO
    below = ZERO
    for up_to, lump_sum, percent in tiers:
        if up_to is None or balance <= up_to:
            amount = to_cents(lump_sum + (balance - below) * percent / 100)
            return amount if cap is None else min(amount, cap)
        below = up_to
    raise ValueError("no tier covers this balance")


def rate_on(rates: Rates, day: date) -> Decimal:
    """The yearly percent in force on `day`.

    :raise MissingRate: none is known
    """
    found = None
    for start, percent in sorted(rates, key=lambda rate: rate[0]):
        if start <= day:
            found = percent
    if found is None:
        raise MissingRate(day)
    return found
