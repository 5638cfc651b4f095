"""Payment plans: exact sums, own due dates, kept or broken."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import plans

D = Decimal
FIRST = date(2026, 1, 31)


def test_the_last_takes_the_rounding():
    assert plans.split(D(100), 3) == (D("33.33"), D("33.33"), D("33.34"))
    assert plans.split(D(100), 3, unit=D(1)) == (33, 33, 34)
    assert plans.split(D("0.02"), 2) == (D("0.01"), D("0.01"))


def test_bad_plans_are_refused():
    for total, count in ((D(0), 2), (D(-5), 2), (D(5), 0), (D("0.02"), 3)):
        with pytest.raises(ValueError, match=r"plan|nothing"):
            plans.split(total, count)
    with pytest.raises(ValueError, match="follow"):
        plans.schedule(D(10), 2, FIRST, every=0)


def test_months_keep_their_anchor():
    dates = [i.date_due for i in plans.schedule(D(100), 4, FIRST)]
    assert dates == [
        FIRST,
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    weeks = [i.date_due for i in plans.schedule(D(100), 3, FIRST, 2, "week")]
    assert weeks == [FIRST, FIRST + timedelta(14), FIRST + timedelta(28)]


@given(st.decimals("0.60", "1000000", places=2), st.integers(1, 60))
def test_parts_sum_exactly(total, count):
    parts = plans.split(total, count)
    assert sum(parts) == total
    assert len(parts) == count
    assert min(parts) > 0
    assert max(parts) - min(parts) < D("0.01") * count


PLAN = plans.schedule(D(300), 3, FIRST)


@pytest.mark.parametrize(
    ("paid", "today", "state", "late", "next_due"),
    [
        (0, "2026-01-31", "active", 0, "2026-01-31"),
        # the five days of grace
        (0, "2026-02-05", "active", 100, "2026-01-31"),
        (0, "2026-02-06", "broken", 100, "2026-01-31"),
        (99, "2026-02-06", "broken", 1, "2026-01-31"),
        (100, "2026-02-06", "active", 0, "2026-02-28"),
        (250, "2026-04-06", "broken", 50, "2026-03-31"),
        (300, "2026-09-09", "done", 0, None),
        (500, "2026-02-06", "done", 0, None),
        (-10, "2026-02-01", "active", 100, "2026-01-31"),
    ],
)
def test_standing(paid, today, state, late, next_due):
    found = plans.standing(PLAN, D(paid), date.fromisoformat(today), grace_days=5)
    assert (found.state, found.late) == (state, late)
    assert found.next_due == (next_due and date.fromisoformat(next_due))


@given(st.decimals("0", "400", places=2), st.integers(0, 120))
def test_paying_more_never_breaks_a_plan(paid, days):
    today = FIRST + timedelta(days)
    order = {"broken": 0, "active": 1, "done": 2}
    less = plans.standing(PLAN, paid, today)
    more = plans.standing(PLAN, paid + 1, today)
    assert order[less.state] <= order[more.state]
    assert sum(less.paid) == min(paid, 300)
