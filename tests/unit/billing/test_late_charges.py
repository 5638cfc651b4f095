"""Interest and indemnities: the worked examples to the cent, and their properties."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import late_charges as engine

D = Decimal
FR_B2B = [(date(2025, 1, 1), D("13.15")), (date(2025, 7, 1), D("12.15"))] + [
    (date(2026, 1, 1), D("12.15")),
    (date(2026, 7, 1), D("12.40")),
]
BE = [(date(2025, 1, 1), D("11.5")), (date(2025, 7, 1), D("10.5"))] + [
    (date(2026, 1, 1), D("10.5")),
    (date(2026, 7, 1), D("10.5")),
]
TIERS = ((D(150), D(20), D(0)), (D(500), D(30), D(10)), (None, D(65), D(5)))
CAP = D(2000)
DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("principal", "start", "end", "rates", "expected"),
    [
        pytest.param("1200", "2026-01-31", "2026-03-17", FR_B2B, "17.98", id="F1"),
        pytest.param("4800", "2026-05-15", "2026-09-30", FR_B2B, "223.52", id="F2"),
        pytest.param(
            "600",
            "2026-03-02",
            "2026-06-30",
            [(date(2026, 1, 1), D("2.62"))],
            "5.17",
            id="F4",
        ),
        pytest.param("2420", "2025-05-31", "2025-08-29", BE, "64.64", id="B1"),
        pytest.param("1210", "2026-06-15", "2026-10-12", BE, "41.42", id="B2"),
        pytest.param("320", "2026-10-05", "2026-11-10", BE, "3.31", id="B3"),
        pytest.param("320", "2026-10-19", "2026-11-10", BE, "2.03", id="B4"),
    ],
)
def test_worked_examples(principal, start, end, rates, expected):
    amount = engine.interest(
        D(principal), date.fromisoformat(start), date.fromisoformat(end), rates
    )
    assert engine.to_cents(amount) == D(expected)


def test_a_payment_cuts_the_principal_from_the_next_day():
    # F3: 1,800 of 4,800 paid on 20 June
    amount = engine.interest_on_balance(
        D(4800),
        [(date(2026, 6, 20), D(1800))],
        date(2026, 5, 15),
        date(2026, 9, 30),
        FR_B2B,
    )
    assert engine.to_cents(amount) == D("161.27")
    assert engine.balance_slices(
        D(4800),
        [(date(2026, 6, 20), D(1800))],
        date(2026, 5, 15),
        date(2026, 9, 30),
    ) == [
        (D(4800), date(2026, 5, 15), date(2026, 6, 20)),
        (D(3000), date(2026, 6, 20), date(2026, 9, 30)),
    ]


def test_payments_before_the_due_date_and_after_the_end():
    slices = engine.balance_slices(
        D(100),
        [(DAY + timedelta(50), D(10)), (DAY - timedelta(3), D(40)), (DAY, D(20))],
        DAY,
        DAY + timedelta(10),
    )
    assert slices == [(D(40), DAY, DAY + timedelta(10))]
    assert not engine.balance_slices(D(100), [(DAY, D(100))], DAY, DAY + timedelta(9))


def test_a_leap_year_has_365_days():
    args = D(10000), date(2024, 1, 31), date(2024, 3, 31), [(DAY.min, D("14.5"))]
    assert engine.to_cents(engine.interest(*args)) == D("238.36")
    assert engine.to_cents(engine.interest(*args, basis=366)) == D("237.70")


def test_a_missing_rate_stops():
    with pytest.raises(engine.MissingRate) as before:
        engine.interest(D(100), DAY, DAY + timedelta(9), [(DAY + timedelta(5), D(8))])
    assert before.value.day == DAY + timedelta(1)
    with pytest.raises(engine.MissingRate) as after:
        engine.interest(
            D(100), DAY, DAY + timedelta(9), [(DAY, D(8)), (DAY + timedelta(5), None)]
        )
    assert after.value.day == DAY + timedelta(5)
    with pytest.raises(engine.MissingRate):
        engine.interest(D(100), DAY, DAY + timedelta(1), [])
    # days that do not count need no rate
    assert engine.interest(D(100), DAY, DAY, []) == 0
    assert engine.interest(D(0), DAY, DAY + timedelta(9), []) == 0
    assert (
        engine.interest(
            D(100), DAY, DAY + timedelta(4), [(DAY, D(8)), (DAY + timedelta(5), None)]
        )
        > 0
    )


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="credit"):
        engine.interest(D(-1), DAY, DAY, [])
    with pytest.raises(ValueError, match="days"):
        engine.interest(D(1), DAY, DAY, [], basis=0)
    with pytest.raises(ValueError, match="tier"):
        engine.tiered_indemnity(D(151), TIERS[:1], CAP)


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        ("-5", "0"),
        ("0", "0"),
        ("0.01", "20"),
        ("89.90", "20"),
        ("150.00", "20"),
        ("150.01", "30.00"),
        ("151.25", "30.13"),
        ("320.00", "47.00"),
        ("499.99", "65.00"),
        ("500.00", "65.00"),
        ("500.01", "65.00"),
        ("1200", "100.00"),
        ("12345.67", "657.28"),
        ("39199.99", "2000.00"),
        ("39200", "2000.00"),
        ("39200.20", "2000"),
        ("60000", "2000"),
    ],
)
def test_tiered_indemnity(balance, expected):
    assert engine.tiered_indemnity(D(balance), TIERS, CAP) == D(expected)


def test_without_cap():
    assert engine.tiered_indemnity(D(60000), TIERS) == D("3040.00")


amounts = st.decimals("0", "1000000", places=2)
days = st.integers(0, 1500)
rate_tables = st.lists(
    st.tuples(days, st.decimals("0", "20", places=2)), min_size=1, max_size=6
).map(lambda rows: [(DAY, D(8))] + [(DAY + timedelta(n), p) for n, p in rows])
TINY = D("1e-15")


@given(amounts, rate_tables, st.tuples(days, days, days))
def test_interest_is_additive_over_splits_of_time(principal, rates, offsets):
    a, b, c = sorted(DAY + timedelta(n) for n in offsets)
    whole = engine.interest(principal, a, c, rates)
    parts = engine.interest(principal, a, b, rates) + engine.interest(
        principal, b, c, rates
    )
    assert abs(whole - parts) < TINY * (1 + whole)


@given(amounts, amounts, rate_tables, st.tuples(days, days))
def test_interest_is_additive_over_principals(one, other, rates, offsets):
    a, b = sorted(DAY + timedelta(n) for n in offsets)
    together = engine.interest(one + other, a, b, rates)
    apart = engine.interest(one, a, b, rates) + engine.interest(other, a, b, rates)
    assert abs(together - apart) < TINY * (1 + together)


@given(amounts, amounts, rate_tables, st.tuples(days, days, days))
def test_interest_grows_with_time_and_principal(one, more, rates, offsets):
    a, b, c = sorted(DAY + timedelta(n) for n in offsets)
    shorter = engine.interest(one, a, b, rates)
    assert 0 <= shorter <= engine.interest(one, a, c, rates) + TINY
    assert shorter <= engine.interest(one + more, a, b, rates) + TINY


@given(amounts, st.lists(st.tuples(days, amounts), max_size=5), rate_tables, days)
def test_a_payment_never_raises_interest(principal, payments, rates, end):
    paid = [(DAY + timedelta(n), amount) for n, amount in payments]
    last = DAY + timedelta(end)
    less = engine.interest_on_balance(principal, paid, DAY, last, rates)
    whole = engine.interest(principal, DAY, last, rates)
    assert 0 <= less <= whole + TINY * (1 + whole)


@given(amounts, amounts)
def test_indemnity_grows_up_to_its_cap(one, more):
    low = engine.tiered_indemnity(one, TIERS, CAP)
    assert low <= engine.tiered_indemnity(one + more, TIERS, CAP) <= CAP
