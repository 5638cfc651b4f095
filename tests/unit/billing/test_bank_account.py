"""Account numbers: one changed or swapped digit never passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import bank_account as ba

GOOD = "BE71096123456769"


def test_good_and_bad():
    for number in (GOOD, "be71 0961 2345 6769", "FR7630006000011234567890189"):
        assert ba.is_iban(number)
    for number in ("", None, "BE71", "BE7109612345676", GOOD + "0", "539007547034"):
        assert not ba.is_iban(number)
    assert ba.printed("be71-0961-2345-6769") == "BE71 0961 2345 6769"


@given(st.integers(4, 15), st.integers(0, 9))
def test_one_digit_changed(position, digit):
    if GOOD[position] != str(digit):
        assert not ba.is_iban(GOOD[:position] + str(digit) + GOOD[position + 1 :])


@given(st.integers(4, 14))
def test_two_digits_swapped(i):
    if GOOD[i] != GOOD[i + 1]:
        swapped = GOOD[:i] + GOOD[i + 1] + GOOD[i] + GOOD[i + 2 :]
        assert not ba.is_iban(swapped)


@pytest.mark.parametrize(
    ("holder", "same"),
    [("Beta Trading", True), ("BETA NV", True), ("Gamma SA", False), ("SA", False)],
)
def test_holder(holder, same):
    assert ba.is_same_holder(holder, "Beta SA") is same
