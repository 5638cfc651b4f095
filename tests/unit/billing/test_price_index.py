"""Price revision: the vectors of the trade to the cent, and what must always hold."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import price_index
from odoo.addons.facturex_billing.engine.price_index import Formula, PriceIndexError

BASE, NOW = date(2024, 1, 15), date(2026, 1, 1)
VALUES = {date(2024, 1, 1): Decimal("121.10"), date(2026, 1, 1): Decimal("128.42")}

prices = st.decimals("0.01", "100000", places=2)
points = st.decimals("50", "300", places=2)
shares = st.decimals("0", "1", places=2)


def revise(price="100.00", values=VALUES, day=NOW, **formula):
    formula = Formula(BASE, **formula)
    return price_index.revise(Decimal(price), formula, values, day)


def test_belgian_eighty_percent():
    revision = revise(share=Decimal("0.80"))
    assert revision.price_new == Decimal("104.84")
    assert revision.coefficient == Decimal("1.0483567")
    assert (revision.base_value, revision.value) == tuple(VALUES.values())
    assert revision.limited is None


@pytest.mark.parametrize(
    ("price", "formula", "expected", "limited"),
    [
        ("100.00", {"share": Decimal(1)}, "106.04", None),
        ("100.00", {"share": Decimal(0)}, "100.00", None),
        ("100.00", {"cap": Decimal("0.03")}, "103.00", "cap"),
        ("100.00", {"cap": Decimal("0.05")}, "104.84", None),
        ("100.00", {"floor": Decimal("0.06")}, "106.00", "floor"),
        ("0.50", {"cap": Decimal("0.01")}, "0.51", "cap"),  # 0.505, half up
        ("-100.00", {}, "-104.84", None),  # a rebate follows too
        ("19.999", {"share": Decimal(0), "digits": 3}, "19.999", None),
    ],
)
def test_shares_and_bounds(price, formula, expected, limited):
    revision = revise(price, **formula)
    assert (revision.price_new, revision.limited) == (Decimal(expected), limited)


def test_a_falling_index_lowers_the_price():
    values = {date(2024, 1, 1): Decimal(100), date(2026, 1, 1): Decimal(90)}
    assert revise(values=values).price_new == Decimal("92.00")
    assert revise(values=values, floor=Decimal("-0.05")).price_new == Decimal("95.00")


def test_lag_takes_an_earlier_month():
    values = {**VALUES, date(2025, 10, 1): Decimal("121.10")}
    revision = revise(values=values, lag_months=3)
    assert (revision.month, revision.price_new) == (
        date(2025, 10, 1),
        Decimal("100.00"),
    )


@pytest.mark.parametrize(
    ("values", "code", "month"),
    [
        ({}, "missing", date(2024, 1, 1)),
        ({date(2024, 1, 1): Decimal(1)}, "missing", date(2026, 1, 1)),
        ({**VALUES, date(2024, 1, 1): Decimal(0)}, "value", date(2024, 1, 1)),
    ],
)
def test_missing_or_absurd_value(values, code, month):
    with pytest.raises(PriceIndexError) as refusal:
        revise(values=values)
    assert (refusal.value.code, refusal.value.month) == (code, month)


@pytest.mark.parametrize(
    ("country", "formula", "code"),
    [
        ("BE", {"share": Decimal("0.80")}, None),
        ("BE", {"share": Decimal("0.81")}, "share"),
        ("FR", {"share": Decimal(1)}, None),
        ("FR", {"share": Decimal("1.01")}, "share"),
        ("FR", {"share": Decimal("-0.1")}, "share"),
        ("FR", {"floor": Decimal("0.02"), "cap": Decimal("0.01")}, "bounds"),
        ("FR", {"floor": Decimal(0), "cap": Decimal("0.01")}, None),
    ],
)
def test_what_the_law_and_sense_allow(country, formula, code):
    formula = Formula(BASE, **formula)
    if code is None:
        price_index.check(formula, country, NOW)
        return
    with pytest.raises(PriceIndexError) as refusal:
        price_index.check(formula, country, NOW)
    assert refusal.value.code == code


def test_the_limit_has_a_date():
    assert price_index.max_share("BE", date(1975, 1, 1)) == 1
    assert all(limit.source for limit in price_index.SHARE_LIMITS)


def test_month_start_crosses_years():
    assert price_index.month_start(date(2026, 1, 31), -1) == date(2025, 12, 1)
    assert price_index.month_start(date(2026, 12, 1), 1) == date(2027, 1, 1)


@given(prices, points, points, shares)
def test_the_price_moves_as_the_index_and_never_further(price, base, value, share):
    values = {date(2024, 1, 1): base, date(2026, 1, 1): value}
    new = revise(price, values, share=share).price_new
    full = revise(price, values, share=Decimal(1)).price_new
    low, high = sorted((price, full))
    assert low <= new <= high


@given(prices, points, points, shares, st.decimals("0", "0.2", places=3))
def test_the_cap_holds(price, base, value, share, cap):
    values = {date(2024, 1, 1): base, date(2026, 1, 1): value}
    revision = revise(price, values, share=share, cap=cap)
    assert revision.price_new <= price * (1 + cap) + Decimal("0.005")


@given(prices, points, shares)
def test_an_index_that_stands_still_changes_nothing(price, base, share):
    values = {date(2024, 1, 1): base, date(2026, 1, 1): base}
    assert revise(price, values, share=share).price_new == price
