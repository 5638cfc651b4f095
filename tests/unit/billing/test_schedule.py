"""Schedules: no drift, no gap, no overlap, whatever the anchor."""

import calendar
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import schedule
from odoo.addons.facturex_billing.engine.schedule import (
    FIRST_FREE,
    FIRST_FULL,
    ScheduleError,
    Terms,
    fill,
    index_of,
    monthly,
    occurrences,
    periods,
    prorate,
    spread,
    start,
    upcoming,
)

DAY = timedelta(days=1)
ANCHORS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
UNITS = st.sampled_from(schedule.UNITS)
COUNTS = st.integers(1, 18)


def d(text):
    return date.fromisoformat(text)


# ----------------------------------------------------------------------
# Periods
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "unit", "count", "starts"),
    [
        ("2026-01-31", "month", 1, "2026-01-31 2026-02-28 2026-03-31 2026-04-30"),
        ("2024-01-31", "month", 1, "2024-01-31 2024-02-29 2024-03-31 2024-04-30"),
        ("2026-01-30", "month", 1, "2026-01-30 2026-02-28 2026-03-30 2026-04-30"),
        ("2024-02-29", "year", 1, "2024-02-29 2025-02-28 2026-02-28 2027-02-28"),
        ("2026-11-30", "quarter", 1, "2026-11-30 2027-02-28 2027-05-30 2027-08-30"),
        ("2026-08-31", "month", 6, "2026-08-31 2027-02-28 2027-08-31 2028-02-29"),
        ("2026-12-28", "week", 2, "2026-12-28 2027-01-11 2027-01-25 2027-02-08"),
        ("2026-03-28", "day", 1, "2026-03-28 2026-03-29 2026-03-30 2026-03-31"),
    ],
)
def test_starts(anchor, unit, count, starts):
    found = periods(d(anchor), unit, count, 4)
    assert [pair[0].isoformat() for pair in found] == starts.split()


def test_leap_day_comes_back():
    assert periods(d("2024-02-29"), "year", 1, 5)[4][0] == d("2028-02-29")


@settings(max_examples=10_000, deadline=None, derandomize=True)
@given(ANCHORS, UNITS, COUNTS, st.integers(2, 26))
def test_no_drift_no_gap_no_overlap(anchor, unit, count, n):
    found = periods(anchor, unit, count, n)
    assert len(found) == n
    assert found[0][0] == anchor
    for (begin, end), (following, _end) in pairwise(found):
        assert begin <= end
        assert following == end + DAY
    if unit in schedule.UNIT_MONTHS:
        for begin, _end in found:
            last = calendar.monthrange(begin.year, begin.month)[1]
            assert begin.day == min(anchor.day, last)
    else:
        length = schedule.UNIT_DAYS[unit] * count
        assert all(schedule.days(pair) == length for pair in found)


@settings(max_examples=1_000, deadline=None, derandomize=True)
@given(ANCHORS, UNITS, COUNTS, st.dates(date(1990, 1, 1), date(2110, 12, 31)))
def test_every_day_lies_in_its_period(anchor, unit, count, day):
    index = index_of(anchor, unit, count, day)
    assert (
        start(anchor, unit, count, index) <= day < start(anchor, unit, count, index + 1)
    )


@pytest.mark.parametrize(
    ("unit", "count", "code"),
    [
        ("fortnight", 1, "unit"),
        ("", 1, "unit"),
        ("month", 0, "count"),
        ("month", -1, "count"),
        ("day", 0, "count"),
        ("year", 9000, "range"),
        ("day", 10**12, "range"),
    ],
)
def test_refusals(unit, count, code):
    with pytest.raises(ScheduleError) as caught:
        periods(d("2026-01-31"), unit, count, 2)
    assert caught.value.code == code


def test_a_zero_interval_is_refused_before_it_divides():
    for unit in schedule.UNITS:
        with pytest.raises(ScheduleError):
            index_of(d("2026-01-31"), unit, 0, d("2026-05-05"))


# ----------------------------------------------------------------------
# Occurrences
# ----------------------------------------------------------------------


def terms(**values):
    given_ = {
        "anchor": d("2026-02-01"),
        "unit": "month",
        "count": 1,
        "date_start": d("2026-02-16"),
        **values,
    }
    return Terms(**given_)


def test_broken_first_and_last():
    found = list(occurrences(terms(date_end=d("2026-04-10"))))
    assert [o.period for o in found] == [
        (d("2026-02-16"), d("2026-02-28")),
        (d("2026-03-01"), d("2026-03-31")),
        (d("2026-04-01"), d("2026-04-10")),
    ]
    assert [o.is_partial for o in found] == [True, False, True]
    assert found[0].cycle == (d("2026-02-01"), d("2026-02-28"))
    assert [o.date_invoice for o in found] == [o.period[0] for o in found]


def test_anchor_after_the_start():
    found = upcoming(terms(anchor=d("2026-03-01")), 2)
    assert found[0].period == (d("2026-02-16"), d("2026-02-28"))
    assert found[1].period == (d("2026-03-01"), d("2026-03-31"))


def test_arrears_bill_the_day_after():
    found = upcoming(terms(timing=schedule.ARREARS), 2)
    assert [o.date_invoice for o in found] == [d("2026-03-01"), d("2026-04-01")]


def test_first_period_free_or_full():
    assert [o.free for o in upcoming(terms(first=FIRST_FREE), 2)] == [True, False]
    full = upcoming(terms(first=FIRST_FULL), 1)[0]
    assert not full.free
    assert not full.is_partial


def test_a_whole_first_period_is_never_free():
    found = upcoming(terms(date_start=d("2026-02-01"), first=FIRST_FREE), 1)[0]
    assert not found.free


def test_last_period_at_the_full_price():
    found = list(occurrences(terms(date_end=d("2026-03-10"), prorate_last=False)))
    assert found[-1].period == (d("2026-03-01"), d("2026-03-10"))
    assert not found[-1].is_partial


def test_end_before_start():
    with pytest.raises(ScheduleError) as caught:
        list(occurrences(terms(date_end=d("2026-02-15"))))
    assert caught.value.code == "dates"


@settings(max_examples=1_000, deadline=None, derandomize=True)
@given(
    ANCHORS,
    UNITS,
    COUNTS,
    st.integers(-800, 800),
    st.integers(0, 1500),
    st.integers(1, 30),
)
def test_service_is_billed_once(anchor, unit, count, shift, length, n):
    begin = anchor + timedelta(days=shift)
    assume(begin.year >= 1990)
    end = begin + timedelta(days=length)
    bounded = Terms(anchor, unit, count, begin, end)
    found = upcoming(bounded, 2000)
    assert found[0].period[0] == begin
    assert found[-1].period[1] == end
    assert sum(schedule.days(o.period) for o in found) == length + 1
    # going on from any of them gives the rest, as if never interrupted
    cut = min(n, len(found)) - 1
    after = found[cut].period[0]
    assert upcoming(bounded, 2000, after) == found[cut + 1 :]


# ----------------------------------------------------------------------
# Money
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "whole", "part", "expected"),
    [
        ("30.00", "2026-02-01 2026-02-28", "2026-02-16 2026-02-28", "13.93"),
        ("49.90", "2026-11-01 2026-11-30", "2026-11-20 2026-11-30", "18.30"),
        ("30.00", "2024-02-01 2024-02-29", "2024-02-16 2024-02-29", "14.48"),
        ("100.00", "2026-01-01 2026-01-31", "2026-01-01 2026-01-31", "100.00"),
        ("100.00", "2026-01-01 2026-01-31", "2026-03-01 2026-03-02", "0.00"),
        ("-30.00", "2026-02-01 2026-02-28", "2026-02-16 2026-02-28", "-13.93"),
        ("0.01", "2026-01-01 2026-01-02", "2026-01-01 2026-01-01", "0.01"),
    ],
)
def test_prorate(amount, whole, part, expected):
    def pair(text):
        return tuple(map(d, text.split()))

    assert prorate(Decimal(amount), pair(whole), pair(part)) == Decimal(expected)


def test_prorate_of_a_currency_without_cents():
    whole, part = (d("2026-01-01"), d("2026-01-31")), (d("2026-01-01"), d("2026-01-10"))
    assert prorate(Decimal(1000), whole, part, digits=0) == Decimal(323)


def test_prorate_refuses_a_reversed_part():
    with pytest.raises(ScheduleError):
        prorate(Decimal(1), (d("2026-01-31"), d("2026-01-01")), (d("2026-01-01"),) * 2)


@pytest.mark.parametrize(
    ("amount", "unit", "count", "expected"),
    [
        ("30", "month", 1, "30.00"),
        ("90", "quarter", 1, "30.00"),
        ("120", "year", 1, "10.00"),
        ("100", "month", 3, "33.33"),
        ("7", "week", 1, "30.42"),
        ("1", "day", 1, "30.42"),
    ],
)
def test_monthly(amount, unit, count, expected):
    assert monthly(Decimal(amount), unit, count) == Decimal(expected)


@given(
    st.decimals(-(10**6), 10**6, places=2),
    st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=12),
)
def test_spread_loses_no_cent(total, weights):
    parts = spread(total, weights)
    assert len(parts) == len(weights)
    assert sum(parts) == total


def test_spread_by_largest_remainder():
    assert spread(Decimal("100.00"), [Decimal(1)] * 3) == [
        Decimal("33.34"),
        Decimal("33.33"),
        Decimal("33.33"),
    ]
    assert spread(Decimal("5.00"), [Decimal(0), Decimal(0)])[0] == Decimal("5.00")


# ----------------------------------------------------------------------
# Words
# ----------------------------------------------------------------------


def test_fill_knows_its_words_only():
    values = dict.fromkeys(schedule.PLACEHOLDERS, "x")
    text = "Rent {month} {0} {start.__class__} {{7*7}} {unknown}"
    assert fill(text, values) == "Rent x {0} {start.__class__} {{7*7}} {unknown}"
    assert schedule.has_placeholder("{year}")
    assert not schedule.has_placeholder("{nothing}")
