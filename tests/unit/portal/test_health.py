"""The score goes down with each trouble, and says which."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_portal.engine.health import Facts, score

TODAY = date(2026, 3, 16)


def days_ago(days):
    return TODAY - timedelta(days=days)


def test_a_dossier_without_trouble_has_100():
    assert score(Facts(bank_last=TODAY), TODAY) == (100, ())


def test_each_trouble_is_named_heaviest_first():
    facts = Facts(
        unmatched=3,
        unmatched_oldest=days_ago(50),
        bank_last=days_ago(70),
        to_check=12,
        requests_late=2,
        overdue_share=0.4,
        vat_due=days_ago(46),
    )
    points, reasons = score(facts, TODAY)
    assert [reason.code for reason in reasons] == [
        "bank_old",
        "vat_open",
        "unmatched_old",
        "requests",
        "overdue",
        "to_check",
    ]
    assert points == 100 - 25 - 20 - 15 - 10 - 5 - 5


def test_what_the_reader_may_not_know_costs_nothing():
    assert score(Facts(unmatched=None, bank_last=None), TODAY)[0] == 100


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 400))
def test_more_trouble_is_never_better(check, late, age):
    facts = Facts(to_check=check, requests_late=late, bank_last=days_ago(age))
    worse = Facts(
        to_check=check + 1, requests_late=late + 1, bank_last=days_ago(age + 1)
    )
    points = score(facts, TODAY)[0]
    assert 0 <= score(worse, TODAY)[0] <= points <= 100
