"""When a quote is reminded: the engine alone."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import quotes
from odoo.addons.facturex_billing.engine.quotes import Policy, Quote

SENT = date(2026, 3, 2)
POLICY = Policy(first_days=5, gap_days=7, most=2, expiry_days=3)


def day(number):
    return SENT + timedelta(days=number)


def quote(**values):
    return replace(Quote(sent=SENT), **values)


@pytest.mark.parametrize(
    ("what", "today", "expected"),
    [
        (quote(), 4, quotes.SKIP_NOT_YET),
        (quote(), 5, "1"),
        (quote(), 60, "1"),  # after an outage: one message, not several
        (quote(done={"1"}, last=day(5)), 11, quotes.SKIP_NOT_YET),
        (quote(done={"1"}, last=day(5)), 12, "2"),
        (quote(done={"1", "2"}, last=day(12)), 40, quotes.SKIP_DONE),
        (quote(answered=True), 5, quotes.SKIP_ANSWERED),
        (quote(blocked=True), 5, quotes.SKIP_BLOCKED),
        (quote(has_address=False), 5, quotes.SKIP_NO_ADDRESS),
        (quote(has_address=False), 4, quotes.SKIP_NOT_YET),
        (quote(done={"1"}, last=day(5)), 5, quotes.SKIP_TODAY),
        # expiry on day 30: from day 27 on
        (quote(expiry=day(30), done={"1", "2"}, last=day(12)), 26, "not_yet"),
        (quote(expiry=day(30), done={"1", "2"}, last=day(12)), 27, "expiry"),
        (quote(expiry=day(30), done={"1", "2"}, last=day(12)), 30, "expiry"),
        (quote(expiry=day(30)), 31, quotes.SKIP_EXPIRED),
        (
            quote(expiry=day(30), done={"1", "2", "expiry"}, last=day(27)),
            28,
            quotes.SKIP_DONE,
        ),
        # valid for two days: not reminded the day it was sent
        (quote(expiry=day(2)), 0, quotes.SKIP_NOT_YET),
        (quote(expiry=day(2)), 1, "expiry"),
    ],
)
def test_decide(what, today, expected):
    decision = quotes.decide(POLICY, what, day(today))
    assert expected in (decision.step, decision.reason)
    assert (decision.step is None) != (decision.reason is None)


def test_no_expiry_reminder():
    policy = replace(POLICY, expiry_days=0, most=0)
    for number in range(10):
        decision = quotes.decide(policy, quote(expiry=day(9)), day(number))
        assert decision.reason == quotes.SKIP_DONE


@given(
    policy=st.builds(
        Policy,
        first_days=st.integers(1, 20),
        gap_days=st.integers(1, 20),
        most=st.integers(0, 5),
        expiry_days=st.integers(0, 10),
    ),
    expiry=st.none() | st.integers(0, 60),
    runs=st.lists(st.integers(0, 90), max_size=90),
)
def test_a_whole_life(policy, expiry, runs):
    """Whatever the days on which the job ran, twice a day included."""
    what = quote(expiry=None if expiry is None else day(expiry))
    left = []
    for number in sorted(runs):
        decision = quotes.decide(policy, what, day(number))
        if decision.step:
            left.append((number, decision.step))
            what = replace(what, done=what.done | {decision.step}, last=day(number))
    days = [number for number, _step in left]
    steps = [step for _number, step in left]
    assert len(set(days)) == len(days)
    assert len(set(steps)) == len(steps)
    counted = [int(step) for step in steps if step != quotes.EXPIRY]
    assert counted == list(range(1, len(counted) + 1))
    assert len(counted) <= policy.most
    assert all(expiry is None or number <= expiry for number in days)
    assert all(number >= min(policy.first_days, 1) for number in days)
