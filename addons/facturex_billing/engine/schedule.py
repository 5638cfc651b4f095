"""When a subscription bills what: periods, shares, monthly value. No record, no clock.

Every start is computed from the anchor, never from the start before it: an anchor on
31 January gives 28 (or 29) February, then 31 March. Ends are inclusive and a period
begins the day after the one before it, so that no day is billed twice or never.
"""

import calendar
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import count as counter
from itertools import islice

# months or days in one unit
UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}
UNIT_DAYS = {"day": 1, "week": 7}
UNITS = (*UNIT_DAYS, *UNIT_MONTHS)

# A common year, for the monthly value of days and weeks only, never for a bill.
DAYS_IN_YEAR = 365

ADVANCE = "advance"
ARREARS = "arrears"

# What becomes of the broken period before the first whole one.
FIRST_PRORATED = "prorated"
FIRST_FREE = "free"
FIRST_FULL = "full"

# Codes of `ScheduleError`. They are stable; the models translate them.
ERROR_UNIT = "unit"
ERROR_COUNT = "count"
ERROR_RANGE = "range"
ERROR_DATES = "dates"
ERROR_PART = "part"

ONE_DAY = timedelta(days=1)

Period = tuple[date, date]


class ScheduleError(ValueError):
    """A schedule that cannot be computed; `code` says why."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Terms:
    """What a schedule is made of.

    `date_start` and `date_end` (inclusive, None: open) bound the service; `anchor`
    is a day on which a whole period begins, before or after the start.
    """

    anchor: date
    unit: str
    count: int
    date_start: date
    date_end: date | None = None
    timing: str = ADVANCE
    first: str = FIRST_PRORATED
    prorate_last: bool = True


@dataclass(frozen=True)
class Occurrence:
    """One period to bill: `period` is served, `cycle` the whole period it belongs to.

    `date_invoice` is the day it falls due to be billed, `free` says that it is given.
    """

    period: Period
    cycle: Period
    date_invoice: date
    free: bool = False

    @property
    def is_partial(self) -> bool:
        return self.period != self.cycle


# ----------------------------------------------------------------------
# Periods
# ----------------------------------------------------------------------


def start(anchor: date, unit: str, count: int, index: int) -> date:
    """The first day of the period `index` (0 begins on the anchor, -1 before it).

    :raise ScheduleError: unknown unit, count below 1, or outside the calendar
    """
    if unit not in UNITS:
        raise ScheduleError(ERROR_UNIT)
    if not isinstance(count, int) or count < 1:
        raise ScheduleError(ERROR_COUNT)
    steps = count * index
    try:
        if unit in UNIT_DAYS:
            return anchor + timedelta(days=UNIT_DAYS[unit] * steps)
        months = anchor.year * 12 + anchor.month - 1 + UNIT_MONTHS[unit] * steps
        year, month = divmod(months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(anchor.day, last))
    except (OverflowError, ValueError, calendar.IllegalMonthError) as error:
        raise ScheduleError(ERROR_RANGE) from error


def period(anchor: date, unit: str, count: int, index: int) -> Period:
    """The whole period `index`: (first day, last day), both inclusive."""
    return (
        start(anchor, unit, count, index),
        start(anchor, unit, count, index + 1) - ONE_DAY,
    )


def periods(anchor: date, unit: str, count: int, n: int) -> list[Period]:
    """The first `n` whole periods from the anchor.

    :return: `(date_start, date_end)` pairs, ends inclusive, without gap or overlap
    :raise ScheduleError: unknown unit, count below 1, or outside the calendar
    """
    return [period(anchor, unit, count, index) for index in range(n)]


def index_of(anchor: date, unit: str, count: int, day: date) -> int:
    """The index of the whole period in which `day` lies; negative before the anchor."""
    start(anchor, unit, count, 0)  # refuse a bad unit or count before dividing by it
    if unit in UNIT_DAYS:
        return (day - anchor).days // (UNIT_DAYS[unit] * count)
    months = (day.year - anchor.year) * 12 + day.month - anchor.month
    index = months // (UNIT_MONTHS[unit] * count)
    # the month alone may be one too far, when the day comes before the anchor's
    return index if start(anchor, unit, count, index) <= day else index - 1


# ----------------------------------------------------------------------
# What a subscription bills
# ----------------------------------------------------------------------


def occurrences(terms: Terms, after: date | None = None) -> Iterator[Occurrence]:
    """Every period of the service that begins after `after`, in order.

    :param after: None gives all of them; the iterator is endless without an end
    :raise ScheduleError: as `start`, or an end before the start
    """
    if terms.date_end and terms.date_end < terms.date_start:
        raise ScheduleError(ERROR_DATES)
    anchor, unit, every = terms.anchor, terms.unit, terms.count
    first = max(terms.date_start, after) if after else terms.date_start
    for index in counter(index_of(anchor, unit, every, first)):
        cycle = period(anchor, unit, every, index)
        if terms.date_end and cycle[0] > terms.date_end:
            return
        occurrence = _occurrence(terms, cycle)
        if after is None or occurrence.period[0] > after:
            yield occurrence


def _occurrence(terms: Terms, cycle: Period) -> Occurrence:
    begin = max(cycle[0], terms.date_start)
    end = min(cycle[1], terms.date_end) if terms.date_end else cycle[1]
    late_start, early_end = begin > cycle[0], end < cycle[1]
    served = (begin, end)
    whole = cycle
    if late_start and terms.first == FIRST_FULL:
        # a broken first period at the full price is a cycle of its own
        whole = (begin, cycle[1])
    if early_end and not terms.prorate_last:
        whole = (whole[0], end)
    return Occurrence(
        period=served,
        cycle=whole,
        date_invoice=begin if terms.timing == ADVANCE else end + ONE_DAY,
        free=late_start and terms.first == FIRST_FREE,
    )


def upcoming(terms: Terms, n: int, after: date | None = None) -> list[Occurrence]:
    """The first `n` occurrences that begin after the day `after` (None: all)."""
    return list(islice(occurrences(terms, after), n))


# ----------------------------------------------------------------------
# Money
# ----------------------------------------------------------------------


def days(span: Period) -> int:
    """The number of days of an inclusive span."""
    return (span[1] - span[0]).days + 1


def overlap(one: Period, other: tuple[date | None, date | None]) -> Period | None:
    """The days that both spans share; `other` may be open on either side (None)."""
    begin = max(one[0], other[0]) if other[0] else one[0]
    end = min(one[1], other[1]) if other[1] else one[1]
    return (begin, end) if begin <= end else None


def round_half_up(value: Decimal | Fraction, digits: int = 2) -> Decimal:
    """`value` at `digits` decimals; halves go away from zero, as currencies do."""
    if isinstance(value, Fraction):
        scaled = value * 10**digits
        whole = int(abs(scaled) + Fraction(1, 2))
        return Decimal(whole if scaled >= 0 else -whole).scaleb(-digits)
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def prorate(amount: Decimal, period: Period, part: Period, digits: int = 2) -> Decimal:
    """The share of `amount` for the days of `part` in `period`, rounded once.

    :param amount: the price of the whole period
    :param part: inclusive days; what lies outside the period does not count
    :param digits: decimals of the currency
    :raise ScheduleError: a period or a part that ends before it begins
    """
    if period[1] < period[0] or part[1] < part[0]:
        raise ScheduleError(ERROR_PART)
    shared = overlap(period, part)
    used = days(shared) if shared else 0
    return round_half_up(Fraction(amount) * used / days(period), digits)


def months_in(unit: str, count: int) -> Fraction:
    """How many months a period lasts; a day is 12/365 of a month.

    :raise ScheduleError: unknown unit or count below 1
    """
    if unit not in UNITS:
        raise ScheduleError(ERROR_UNIT)
    if count < 1:
        raise ScheduleError(ERROR_COUNT)
    if unit in UNIT_MONTHS:
        return Fraction(UNIT_MONTHS[unit] * count)
    return Fraction(12 * UNIT_DAYS[unit] * count, DAYS_IN_YEAR)


def monthly(amount: Decimal, unit: str, count: int, digits: int = 2) -> Decimal:
    """What `amount` per period is worth per month (monthly recurring revenue)."""
    return round_half_up(Fraction(amount) / months_in(unit, count), digits)


def spread(
    total: Decimal, weights: Iterable[Decimal], digits: int = 2
) -> list[Decimal]:
    """Split `total` along `weights` to the cent, largest remainders first.

    Weights that sum to nothing give everything to the first one.
    """
    shares = [Fraction(weight) for weight in weights]
    if not shares:
        return []
    if not sum(shares):
        shares = [Fraction(1), *[Fraction(0)] * (len(shares) - 1)]
    cents = int(Fraction(total) * 10**digits)
    exact = [cents * share / sum(shares) for share in shares]
    floors = [value.numerator // value.denominator for value in exact]
    order = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    for position in order[: cents - sum(floors)]:
        floors[position] += 1
    return [Decimal(value).scaleb(-digits) for value in floors]


# ----------------------------------------------------------------------
# Words
# ----------------------------------------------------------------------

PLACEHOLDERS = ("start", "end", "month", "quarter", "year")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")


def has_placeholder(text: str) -> bool:
    """Whether the text names a part of its period, such as `{month}`."""
    return bool(_PLACEHOLDER.search(text or ""))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the known placeholders; everything else, braces too, stays as it is."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text or "")
