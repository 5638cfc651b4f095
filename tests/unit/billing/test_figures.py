"""Figures of subscriptions: a small story by hand, and sums that must always hold."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import figures, proration
from odoo.addons.facturex_billing.engine.figures import Movement

DAY = date(2026, 3, 20)


def move(customer, day, kind, delta):
    return Movement(customer, date.fromisoformat(day), kind, Decimal(delta))


STORY = [
    move(1, "2025-12-10", proration.NEW, "100"),
    move(2, "2026-01-05", proration.NEW, "50"),
    move(3, "2026-01-20", proration.NEW, "50"),
    move(1, "2026-02-01", proration.EXPANSION, "20"),
    move(2, "2026-02-15", proration.CHURN, "-50"),
    move(3, "2026-03-02", proration.CONTRACTION, "-10"),
    move(2, "2026-04-01", proration.REACTIVATION, "50"),  # announced, not yet true
]


def test_story():
    found = figures.compute(STORY, DAY, 4)
    assert (found.mrr, found.arr, found.customers) == (160, 1920, 2)
    assert found.arpc == Decimal("80.00")
    february = found.months[2]
    assert (february.opening, february.closing) == (200, 170)
    assert february.moved[proration.CHURN] == -50
    assert (february.churn, february.customer_churn) == (
        Decimal("25.0"),
        Decimal("33.3"),
    )
    assert [cohort.month.isoformat() for cohort in found.cohorts] == [
        "2025-12-01",
        "2026-01-01",
    ]
    january = found.cohorts[1]
    assert (january.customers, january.value) == (2, 100)
    assert january.kept == (Decimal(100), Decimal(50), Decimal(40))


def test_nothing():
    found = figures.compute([], DAY)
    assert (found.mrr, found.arpc, found.cohorts) == (0, 0, ())
    assert len(found.months) == 12
    assert found.months[0].churn == 0


moves = st.lists(
    st.builds(
        Movement,
        st.integers(1, 4),
        st.dates(date(2025, 1, 1), date(2026, 12, 31)),
        st.sampled_from(figures.KINDS),
        st.decimals("-500", "500", places=2),
    ),
    max_size=30,
)


@given(moves)
def test_months_add_up(movements):
    found = figures.compute(movements, DAY, 24)
    for before, after in zip(found.months, found.months[1:], strict=False):
        assert before.closing == after.opening
    for month in found.months:
        assert month.opening + sum(month.moved.values()) == month.closing
    assert found.months[-1].closing == found.mrr
