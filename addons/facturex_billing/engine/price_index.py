"""What a price becomes when its index moves: arithmetic alone, on values given.

P1 = P0 x (a + b x I1 / I0), where b is the share of the price that follows the index
and a = 1 - b the share that does not. The result is rounded once, half up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from . import schedule
from .schedule import round_half_up

# Codes of `PriceIndexError`; the models say them.
ERROR_MISSING = "missing"  # no value was published for that month
ERROR_VALUE = "value"  # a value of an index is not above zero
ERROR_SHARE = "share"  # the share is outside 0..1, or above what the law allows
ERROR_BOUNDS = "bounds"  # the floor is above the cap

LIMITED_CAP = "cap"
LIMITED_FLOOR = "floor"


class PriceIndexError(ValueError):
    """`code` says what is wrong; `month` which value is missing, if one is."""

    def __init__(self, code, month=None):
        super().__init__(code)
        self.code = code
        self.month = month


@dataclass(frozen=True)
class ShareLimit:
    """At most `share` of a price may follow an index in `country` from `since` on."""

    country: str
    since: date
    share: Decimal
    source: str


SHARE_LIMITS = (
    ShareLimit(
        "BE",
        date(1976, 4, 1),
        Decimal("0.80"),
        "Law of 30 March 1976 on economic recovery, article 57",
    ),
)


@dataclass(frozen=True)
class Formula:
    """How a price follows an index.

    `base_month`: any day of the month of I0. `share`: b, between 0 and 1. `lag_months`:
    I1 is the index of that many months before the revision. `cap` and `floor`: the
    highest and lowest change, as a fraction (0.05 is +5 %); None leaves it open.
    """

    base_month: date
    share: Decimal = Decimal("0.80")
    lag_months: int = 0
    cap: Decimal | None = None
    floor: Decimal | None = None
    digits: int = 2


@dataclass(frozen=True)
class Revision:
    """The new price and where it comes from; `limited` is "cap", "floor" or None."""

    price_old: Decimal
    price_new: Decimal
    base_value: Decimal
    value: Decimal
    month: date
    coefficient: Decimal
    limited: str | None = None


def month_start(day: date, months: int = 0) -> date:
    """The first day of the month that lies `months` after the month of `day`."""
    first = day.replace(day=1)
    return schedule.start(first, "month", 1, months)


def max_share(country: str, day: date) -> Decimal:
    """The largest lawful share in a country (ISO code) on a day; 1 if none is set."""
    known = [
        limit
        for limit in SHARE_LIMITS
        if limit.country == country and limit.since <= day
    ]
    return max(known, key=lambda limit: limit.since).share if known else Decimal(1)


def check(formula: Formula, country: str, day: date) -> None:
    """
    :raise PriceIndexError: a share outside 0..1 or above the law, a floor above the cap
    """
    if not 0 <= formula.share <= max_share(country, day):
        raise PriceIndexError(ERROR_SHARE)
    if (
        formula.cap is not None
        and formula.floor is not None
        and formula.floor > formula.cap
    ):
        raise PriceIndexError(ERROR_BOUNDS)


def value_of(values: Mapping[date, Decimal], month: date) -> Decimal:
    """The published value of a month.

    :param values: first day of the month -> value
    :raise PriceIndexError: none is known, or it is not above zero
    """
    month = month_start(month)
    if month not in values:
        raise PriceIndexError(ERROR_MISSING, month)
    if values[month] <= 0:
        raise PriceIndexError(ERROR_VALUE, month)
    return values[month]


def revise(
    price: Decimal, formula: Formula, values: Mapping[date, Decimal], day: date
) -> Revision:
    """The price from `day` on.

    :param price: P0, the price at the base month, in any currency
    :param values: first day of the month -> value of the index
    :raise PriceIndexError: a value is missing or not above zero
    """
    month = month_start(day, -formula.lag_months)
    base, value = value_of(values, formula.base_month), value_of(values, month)
    share = Fraction(formula.share)
    change = share * (Fraction(value) / Fraction(base) - 1)
    limited = None
    if formula.cap is not None and change > Fraction(formula.cap):
        change, limited = Fraction(formula.cap), LIMITED_CAP
    elif formula.floor is not None and change < Fraction(formula.floor):
        change, limited = Fraction(formula.floor), LIMITED_FLOOR
    coefficient = 1 + change
    return Revision(
        price_old=price,
        price_new=round_half_up(Fraction(price) * coefficient, formula.digits),
        base_value=base,
        value=value,
        month=month,
        coefficient=round_half_up(coefficient, 7),
        limited=limited,
    )
