from datetime import date

import pytest

from odoo.addons.facturex_billing.engine import collecting

DAY = date(2026, 3, 16)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Your card has insufficient funds.", collecting.FUNDS),
        ("AM04 InsufficientFunds", collecting.FUNDS),
        ("Your card has expired.", collecting.REFUSED),
        ("Expired, and insufficient funds too", collecting.REFUSED),
        ("The connection timed out", collecting.TECHNICAL),
        ("42", collecting.UNKNOWN),
        (None, collecting.UNKNOWN),
    ],
)
def test_classify(message, kind):
    assert collecting.classify(message) == kind


def test_every_calendar_ends():
    for kind in (*collecting.RETRIES, "something new"):
        day, failures = DAY, 0
        while day:
            failures += 1
            day = collecting.next_try(kind, failures, DAY)
            assert day is None or day > DAY
            assert failures < 10
        assert collecting.next_try(kind, 0, DAY) is None


def test_days():
    assert collecting.next_try(collecting.FUNDS, 1, DAY) == date(2026, 3, 19)
    assert collecting.next_try(collecting.FUNDS, 4, DAY) is None
    assert collecting.next_try(collecting.REFUSED, 1, DAY) is None
