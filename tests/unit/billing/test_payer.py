from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine.payer import average_days, paid_share

DAY = date(2026, 3, 16)
settled = st.lists(
    st.tuples(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-60, 400)).map(
        lambda pair: (pair[0], pair[0] + timedelta(days=pair[1]))
    ),
    max_size=30,
)
cents = st.integers(0, 10**9).map(lambda n: Decimal(n) / 100)


def test_no_invoice_no_figure():
    assert average_days([]) is None


def test_plain_mean():
    ten, thirty = DAY + timedelta(days=10), DAY + timedelta(days=30)
    assert average_days([(DAY, ten), (DAY, thirty), (DAY, thirty)]) == Decimal("23.3")


def test_paid_before_the_invoice_is_zero_days():
    early = DAY - timedelta(days=30)
    assert average_days([(DAY, early), (DAY, DAY + timedelta(days=10))]) == 5


@given(settled)
def test_between_the_extremes(pairs):
    mean = average_days(pairs)
    if pairs:
        days = [max((paid - invoiced).days, 0) for invoiced, paid in pairs]
        assert min(days) <= mean <= max(days)
        assert average_days(reversed(pairs)) == mean


def test_paid_share():
    for total, residual, share in [
        ("100", "100", 0),
        ("100", "0", 100),
        ("100", "0.01", 99),
        ("100", "50", 50),
        ("3", "1", 66),
        ("0", "0", 100),
        ("0", "5", 0),
        ("100", "120", 0),
    ]:
        assert paid_share(Decimal(total), Decimal(residual)) == share


@given(cents, cents)
def test_hundred_says_settled(total, residual):
    share = paid_share(total, residual)
    assert 0 <= share <= 100
    assert (share == 100) == (not residual)
