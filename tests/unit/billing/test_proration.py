"""What a change costs for the rest of a period, and how the monthly value moves."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import proration
from odoo.addons.facturex_billing.engine.proration import Line

FEBRUARY = (date(2026, 2, 1), date(2026, 2, 28))
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))

amounts = st.decimals("0", "10000", places=2)
days = st.dates(date(2026, 1, 15), date(2026, 3, 15))


def lines(*values):
    return [Line(key, Decimal(value)) for key, value in enumerate(values)]


def amounts_of(found):
    return [(delta.key, str(delta.amount)) for delta in found]


@pytest.mark.parametrize(
    ("cycle", "day", "price", "expected"),
    [
        (FEBRUARY, date(2026, 2, 16), "30.00", "13.93"),  # 13 of 28 days
        (NOVEMBER, date(2026, 11, 20), "49.90", "18.30"),  # 11 of 30 days
        (FEBRUARY, date(2026, 2, 1), "30.00", "30.00"),
        (FEBRUARY, date(2026, 2, 28), "28.00", "1.00"),
        (FEBRUARY, date(2026, 1, 1), "30.00", "30.00"),  # before it: the whole
    ],
)
def test_a_new_line_is_charged_for_the_rest(cycle, day, price, expected):
    [delta] = proration.deltas([], lines(price), cycle, day)
    assert delta.amount == Decimal(expected)
    assert delta.part == (max(day, cycle[0]), cycle[1])


def test_only_what_changes_is_charged_and_the_difference_is_rounded_once():
    found = proration.deltas(
        lines("30.00", "10.00", "5.00"),
        lines("30.00", "20.01"),
        FEBRUARY,
        date(2026, 2, 15),
    )
    assert amounts_of(found) == [(1, "5.01"), (2, "-2.50")]  # 5.005, half up


def test_nothing_after_the_period():
    assert proration.deltas([], lines("10"), FEBRUARY, date(2026, 3, 1)) == []


def test_stopping_gives_back_the_days_not_served():
    found = proration.unused(lines("30.00"), FEBRUARY, date(2026, 2, 15))
    assert amounts_of(found) == [(0, "-13.93")]
    assert proration.unused(lines("30.00"), FEBRUARY, date(2026, 2, 28)) == []


def test_a_pause_can_lengthen_the_term():
    pause = (date(2026, 7, 1), date(2026, 7, 31))
    assert proration.extended_end(date(2026, 12, 31), pause) == date(2027, 1, 31)
    assert proration.extended_end(None, pause) is None


@pytest.mark.parametrize(
    ("before", "after", "known", "expected"),
    [
        ("0", "10", False, ("new", "10")),
        ("0", "10", True, ("reactivation", "10")),
        ("10", "15", True, ("expansion", "5")),
        ("10", "4", True, ("contraction", "-6")),
        ("10", "0", True, ("churn", "-10")),
        ("10", "10", True, None),
        ("0", "0", False, None),
    ],
)
def test_movements(before, after, known, expected):
    found = proration.movement(Decimal(before), Decimal(after), known)
    assert found == (expected and (expected[0], Decimal(expected[1])))


@given(amounts, amounts, days)
def test_there_and_back_costs_nothing(old, new, day):
    there = proration.deltas(lines(old), lines(new), FEBRUARY, day)
    back = proration.deltas(lines(new), lines(old), FEBRUARY, day)
    assert sum(d.amount for d in there) == -sum(d.amount for d in back)


@given(amounts, days)
def test_served_and_given_back_make_the_whole_to_a_cent(amount, day):
    served = proration.deltas([], lines(amount), FEBRUARY, day + timedelta(days=1))
    back = proration.unused(lines(amount), FEBRUARY, day)
    assert sum(d.amount for d in served) == -sum(d.amount for d in back)


@given(st.lists(st.decimals("-1000", "1000", places=2), max_size=12))
def test_movements_add_up(values):
    level, known, total = Decimal(0), False, Decimal(0)
    for value in values:
        moved = proration.movement(level, value, known)
        total += moved[1] if moved else 0
        level, known = value, known or bool(value)
    assert total == level
