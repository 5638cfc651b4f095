"""Terms and notice: the vectors of the law, and what must hold for every contract."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import term
from odoo.addons.facturex_billing.engine.schedule import ScheduleError
from odoo.addons.facturex_billing.engine.term import Contract, Exit, TermLaw

FR_CONSUMER = TermLaw("fr_b2c", 3, 1, 2, term.EXIT_UNINFORMED, refund_days=30)
BE_CONSUMER = TermLaw("be_b2c", exit_after_renewal=term.EXIT_ALWAYS, exit_months=2)
COMPANY = TermLaw("be_b2b")

# a year from 1 January 2026; one month of notice before 1 January 2027
YEARLY = Contract(date(2026, 1, 1), term.TACIT, 12, 31)
FIRST_END = date(2026, 12, 31)


def test_window_of_the_french_letter():
    """The worked example: R 1 January 2027, D 1 December, 1 September-1 November."""
    present = term.term_on(YEARLY, date(2026, 6, 1))
    assert (present.index, present.last) == (0, FIRST_END)
    assert present.deadline == date(2026, 12, 1)
    window = term.letter_window(present, FR_CONSUMER)
    assert (window.earliest, window.latest) == (date(2026, 9, 1), date(2026, 11, 1))
    assert window.planned == date(2026, 10, 1)
    assert term.letter_window(present, BE_CONSUMER) is None


def test_window_is_clamped_to_short_months():
    contract = Contract(date(2026, 1, 1), term.TACIT, 12, 32)  # D: 30 November
    present = term.term_on(contract, date(2026, 6, 1))
    window = term.letter_window(present, TermLaw("x", 9, 1, 2))
    assert window.earliest == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("law", "day", "informed", "last_day", "reason"),
    [
        # in time, and too late
        (COMPANY, "2026-12-01", [], "2026-12-31", term.REASON_TERM),
        (COMPANY, "2026-12-02", [], "2027-12-31", term.REASON_NEXT_TERM),
        (COMPANY, "2027-03-10", [], "2027-12-31", term.REASON_TERM),
        # a Belgian consumer is free after the first renewal: at most two months
        (BE_CONSUMER, "2026-12-02", [], "2027-12-31", term.REASON_NEXT_TERM),
        (BE_CONSUMER, "2027-03-10", [], "2027-04-10", term.REASON_RENEWED),
        # a French consumer who was not written to
        (FR_CONSUMER, "2026-12-02", [], "2026-12-31", term.REASON_UNINFORMED),
        (FR_CONSUMER, "2027-03-10", [], "2027-03-10", term.REASON_UNINFORMED),
        # and one who was
        (FR_CONSUMER, "2026-12-02", ["2026-12-31"], "2027-12-31", "next_term"),
        (FR_CONSUMER, "2027-03-10", ["2026-12-31"], "2027-12-31", "term"),
        # the letter of last year says nothing of this year's renewal
        (FR_CONSUMER, "2027-12-02", ["2026-12-31"], "2027-12-31", "uninformed"),
    ],
)
def test_exits(law, day, informed, last_day, reason):
    found = term.earliest_exit(
        YEARLY,
        law,
        date.fromisoformat(day),
        frozenset(date.fromisoformat(one) for one in informed),
    )
    assert found == Exit(date.fromisoformat(last_day), reason)


def test_long_notice_of_a_belgian_consumer_is_cut():
    contract = Contract(date(2026, 1, 1), term.TACIT, 12, 90)
    found = term.earliest_exit(contract, BE_CONSUMER, date(2027, 3, 10))
    assert found == Exit(date(2027, 5, 10), term.REASON_RENEWED)


def test_open_and_fixed():
    day = date(2026, 3, 10)
    found = term.earliest_exit(Contract(day, notice_days=30), COMPANY, day)
    assert found == Exit(date(2026, 4, 9), term.REASON_NOTICE)
    fixed = Contract(date(2026, 1, 31), term.FIXED, 1, 30)
    assert term.earliest_exit(fixed, COMPANY, date(2026, 2, 1)) == Exit(
        date(2026, 2, 27), term.REASON_FIXED
    )
    ended = Contract(day, notice_days=30, date_end=date(2026, 3, 20))
    assert term.earliest_exit(ended, COMPANY, day).last_day == date(2026, 3, 20)


def test_a_term_without_months_is_refused():
    with pytest.raises(ScheduleError):
        term.earliest_exit(
            Contract(date(2026, 1, 1), term.TACIT, 0), COMPANY, FIRST_END
        )


days = st.dates(date(2000, 1, 1), date(2080, 1, 1))
laws = st.sampled_from([FR_CONSUMER, BE_CONSUMER, COMPANY])
contracts = st.builds(
    Contract,
    date_start=days,
    term=st.sampled_from([term.OPEN, term.TACIT]),
    term_months=st.integers(1, 48),
    notice_days=st.integers(0, 120),
)


@settings(max_examples=2_000)
@given(contracts, laws, days, st.integers(0, 400))
def test_waiting_never_ends_it_sooner(contract, law, day, wait):
    """And nobody is told a day that has passed, nor one beyond the next term."""
    found = term.earliest_exit(contract, law, day)
    asked = max(day, contract.date_start)
    assert found.last_day >= asked
    later = term.earliest_exit(contract, law, day + timedelta(days=wait))
    assert later.last_day >= found.last_day
    if contract.term == term.TACIT:
        present = term.term_on(contract, asked)
        following = term.term_on(contract, present.last + timedelta(days=1))
        assert found.last_day <= following.last


@given(contracts, laws, days)
def test_terms_follow_each_other(contract, law, day):
    present = term.term_on(contract, day)
    following = term.term_on(contract, present.last + timedelta(days=1))
    assert following.index == present.index + 1
    assert following.first == present.last + timedelta(days=1)
    assert present.first <= present.deadline <= present.last + timedelta(days=1)
    window = term.letter_window(present, law)
    if window:
        assert window.earliest <= window.planned <= window.latest <= present.deadline
