"""What keeps a reminder from leaving: the engine alone."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import preflight
from odoo.addons.facturex_billing.engine.preflight import (
    CustomerFacts,
    Hold,
    ItemFacts,
    Obstacle,
)

TODAY = date(2026, 3, 16)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ItemFacts(), None),
        (ItemFacts(payment_pending=True), Obstacle("payment_pending")),
        (ItemFacts(e_invoice_failed=True), Obstacle("e_invoice_failed")),
        (
            ItemFacts(holds=(Hold("dispute", date(2026, 4, 1)),), payment_pending=True),
            Obstacle("hold_dispute", "2026-04-01"),
        ),
        (
            ItemFacts(
                holds=(
                    Hold("dispute", date(2026, 4, 1)),
                    Hold("promise", date(2026, 4, 9)),
                )
            ),
            Obstacle("hold_promise", "2026-04-09"),
        ),
    ],
)
def test_one_reason_per_item(facts, expected):
    assert preflight.item_obstacle(facts) == expected


def obstacles(newest=None, stale=5, **facts):
    found = preflight.customer_obstacles(CustomerFacts(**facts), newest, TODAY, stale)
    return [(why.code, why.detail) for why in found]


def test_bank_lines_get_old_the_day_after_the_limit():
    assert obstacles(TODAY - timedelta(days=5)) == []
    assert obstacles(TODAY - timedelta(days=6)) == [("bank_stale", "6")]
    # a company that imports no bank line is not told that they are old
    assert obstacles(None) == []
    # a booking of tomorrow is not old
    assert preflight.bank_age(TODAY + timedelta(days=1), TODAY) == 0


def test_the_gravest_comes_first():
    assert obstacles(
        TODAY - timedelta(days=9),
        draft_credit="3 €",
        unmatched_credit="2 €",
        resembling="1 €",
    ) == [
        ("bank_resembles", "1 €"),
        ("credit_unmatched", "2 €"),
        ("bank_stale", "9"),
        ("credit_draft", "3 €"),
    ]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from(["a", "b", "c"])), max_size=30
    )
)
def test_one_task_per_cause_names_each_customer_once(pairs):
    causes = preflight.causes((who, Obstacle(code)) for who, code in pairs)
    assert {(who, code) for code, all_ in causes.items() for who in all_} == set(pairs)
    for customers in causes.values():
        assert len(customers) == len(set(customers))
