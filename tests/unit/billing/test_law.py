"""What a law allows: delays, claims, policies; the engine alone."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import law
from odoo.addons.facturex_billing.engine.law import Claim, Profile, Sent, Terms

from .test_late_charges import BE, CAP, FR_B2B, TIERS

D = Decimal
BE_B2B = Profile("be_b2b", law.INTEREST_AUTOMATIC, max_fee=None, fixed=D(40))
FR_PRO = Profile("fr_b2b", law.INTEREST_AUTOMATIC, max_fee=D(0), fixed=D(40))
BE_B2C = Profile(
    "be_b2c",
    law.INTEREST_DELAY,
    first_free=True,
    min_delay_days=14,
    needs_clause=True,
    max_fee=D("7.50"),
    tiers=TIERS,
    cap=CAP,
    contract_capped=True,
    mentions=frozenset({"amount_due", "delay"}),
    free_reminders=3,
)
FR_B2C = Profile("fr_b2c", law.INTEREST_NOTICE)
NEUTRAL = Profile("neutral")
TIERED = Terms(law.CHARGE_TIERED, clause=True)
FIXED = Terms(law.CHARGE_FIXED)


def test_holidays_of_belgium():
    assert law.easter(2024) == date(2024, 3, 31)
    assert law.easter(2026) == date(2026, 4, 5)
    assert law.easter(2038) == date(2038, 4, 25)
    days = [date(2026, 1, 1) + timedelta(n) for n in range(365)]
    assert [f"{day:%m-%d}" for day in days if law.is_belgian_holiday(day)] == [
        "01-01",
        "04-06",
        "05-01",
        "05-14",
        "05-25",
        "07-21",
        "08-15",
        "11-01",
        "11-11",
        "12-25",
    ]


@pytest.mark.parametrize(
    ("sent", "channel", "last"),
    [
        ("2023-09-18", "letter", "2023-10-04"),  # domain example, a Monday
        ("2023-09-18", "email", "2023-10-02"),
        ("2026-10-05", "email", "2026-10-19"),
        # a Thursday before a week-end: Friday, Monday, Tuesday
        ("2026-10-08", "letter", "2026-10-26"),
        # Good Friday week: Easter Monday does not count
        ("2026-04-02", "letter", "2026-04-21"),
        # the last day is a Saturday, then 1 November (Sunday): Monday 2 November
        ("2026-10-17", "email", "2026-11-02"),
    ],
)
def test_the_delay_of_a_consumer(sent, channel, last):
    end = law.delay_ends(BE_B2C, Sent(date.fromisoformat(sent), channel))
    assert end == date.fromisoformat(last)


def test_saturday_as_working_day_of_the_post():
    sent = Sent(date(2026, 10, 8), "letter")
    start = law.delay_starts(
        replace(BE_B2C, saturday_works=True), sent, law.is_belgian_holiday
    )
    assert start == date(2026, 10, 12)


@given(st.dates(date(2020, 1, 1), date(2060, 1, 1)), st.sampled_from(law.WRITTEN))
def test_the_delay_is_never_shorter_than_the_law(day, channel):
    end = law.delay_ends(BE_B2C, Sent(day, channel))
    assert (end - day).days >= 14
    assert end.weekday() < 5
    assert not law.is_belgian_holiday(end)


@pytest.mark.parametrize(
    ("profile", "claim", "terms", "rates", "on", "expected"),
    [
        pytest.param(
            FR_PRO,
            Claim(D(1200), date(2026, 1, 31)),
            FIXED,
            FR_B2B,
            "2026-03-17",
            "57.98",
            id="F1",
        ),
        pytest.param(
            FR_PRO,
            Claim(D(4800), date(2026, 5, 15)),
            FIXED,
            FR_B2B,
            "2026-09-30",
            "263.52",
            id="F2",
        ),
        pytest.param(
            FR_PRO,
            Claim(D(4800), date(2026, 5, 15), ((date(2026, 6, 20), D(1800)),)),
            FIXED,
            FR_B2B,
            "2026-09-30",
            "201.27",
            id="F3",
        ),
        pytest.param(
            FR_B2C,
            Claim(D(600), date(2026, 2, 1), formal_notice=Sent(date(2026, 3, 2))),
            Terms(law.CHARGE_INTEREST),
            [(date(2026, 1, 1), D("2.62"))],
            "2026-06-30",
            "5.17",
            id="F4",
        ),
        pytest.param(
            BE_B2B,
            Claim(D(2420), date(2025, 5, 31)),
            FIXED,
            BE,
            "2025-08-29",
            "104.64",
            id="B1",
        ),
        pytest.param(
            BE_B2B,
            Claim(D(1210), date(2026, 6, 15)),
            FIXED,
            BE,
            "2026-10-12",
            "81.42",
            id="B2",
        ),
        pytest.param(
            BE_B2C,
            Claim(D(320), date(2026, 9, 30), first_reminder=Sent(date(2026, 10, 5))),
            TIERED,
            BE,
            "2026-11-10",
            "50.31",
            id="B3",
        ),
        pytest.param(
            BE_B2C,
            Claim(D(320), date(2026, 9, 30), first_reminder=Sent(date(2026, 10, 5))),
            replace(TIERED, small_creditor=False),
            BE,
            "2026-11-10",
            "49.03",
            id="B4",
        ),
    ],
)
def test_worked_examples(profile, claim, terms, rates, on, expected):
    found = law.charges(profile, claim, terms, rates, date.fromisoformat(on))
    assert found.reason is None
    assert found.total == D(expected)


def consumer(on, reminder="2026-10-05", terms=TIERED, paid=(), due="2026-09-30"):
    claim = Claim(
        D(320),
        date.fromisoformat(due),
        tuple((date.fromisoformat(day), D(amount)) for day, amount in paid),
        reminder and Sent(date.fromisoformat(reminder)),
    )
    return law.charges(BE_B2C, claim, terms, BE, date.fromisoformat(on))


def test_a_belgian_consumer_day_by_day():
    assert consumer("2026-09-30").reason == law.REASON_NOT_LATE
    assert consumer("2026-10-04", reminder=None).reason == law.REASON_NO_NOTICE
    assert consumer("2026-10-05").reason == law.REASON_DELAY_RUNS
    assert consumer("2026-10-19").reason == law.REASON_DELAY_RUNS
    assert consumer("2026-10-19").total == 0
    first = consumer("2026-10-20")
    assert first.claimable_from == date(2026, 10, 20)
    # 15 days on 320 at 10.5 %, and 30 + 10 % of 170
    assert (first.interest, first.indemnity) == (D("1.38"), D("47.00"))


def test_what_a_consumer_paid_in_the_delay_bears_nothing():
    assert consumer("2026-11-10", paid=[("2026-10-19", 320)]).total == 0
    # half of it: the indemnity is on what is left
    assert consumer("2026-11-10", paid=[("2026-10-19", 220)]).indemnity == 20


def test_no_clause_no_charge():
    found = consumer("2026-11-10", terms=replace(TIERED, clause=False))
    assert (found.total, found.reason) == (0, law.REASON_NO_CLAUSE)


def test_a_courtesy_before_the_due_date_is_no_reminder():
    found = consumer("2026-11-10", reminder="2026-09-27")
    assert (found.total, found.reason) == (0, law.REASON_NO_NOTICE)


def test_fees_and_contract_rates_are_cut_to_the_law():
    terms = replace(TIERED, fee=D(50), contract_rate=D(20))
    found = consumer("2026-11-10", terms=terms)
    assert (found.fee, found.interest) == (D("7.50"), D("3.31"))
    low = consumer("2026-11-10", terms=replace(TIERED, contract_rate=D(5)))
    assert low.interest == D("1.58")


@pytest.mark.parametrize(
    ("missed", "cost"), [(None, "7.5"), (1, "0"), (3, "0"), (4, "7.5"), (9, "7.5")]
)
def test_three_reminders_a_year_of_a_regular_supply_are_free(missed, cost):
    terms = replace(TIERED, fee=D("7.5"), missed=missed)
    charges = consumer("2026-11-10", terms=terms)
    assert charges.fee == D(cost)
    # the indemnity and the interest are another matter
    assert charges.indemnity == D("47.00")
    # costs that were lawful when they were told stay so
    told = replace(TIERED, told_fee=D("7.5"), missed=missed)
    assert consumer("2026-11-10", terms=told).fee == D("7.5")
    # only a law that says so gives them away
    company = replace(BE_B2B, max_fee=D("7.5"))
    assert law.reminder_cost(company, terms) == D("7.5")


def test_a_contract_between_companies_may_ask_more():
    claim = Claim(D(1200), date(2026, 1, 31))
    terms = replace(FIXED, contract_rate=D(15))
    found = law.charges(FR_PRO, claim, terms, [], date(2026, 3, 17))
    assert found.interest == D("22.19")


def test_a_public_buyer_keeps_the_rate_of_the_first_day():
    public = replace(FR_PRO, rate_fixed_at_start=True)
    rates = [(date(2026, 1, 1), D("10.15")), (date(2026, 7, 1), D("10.40"))]
    claim = Claim(D(4800), date(2026, 5, 15))
    found = law.charges(public, claim, FIXED, rates, date(2026, 9, 30))
    # 138 days at 10.15 %
    assert found.interest == D("184.20")


def test_a_missing_rate_charges_no_interest_and_says_the_day():
    found = law.charges(
        BE_B2B,
        Claim(D(100), date(2026, 12, 20)),
        FIXED,
        [*BE, (date(2027, 1, 1), None)],
        date(2027, 1, 5),
    )
    assert found.reason == law.REASON_MISSING_RATE
    assert found.missing_on == date(2027, 1, 1)
    assert found.total == 0


def test_interest_is_claimed_once():
    claim = Claim(D(1200), date(2026, 1, 31))
    on = date(2026, 3, 17)
    done = date(2026, 2, 28)
    before = law.charges(FR_PRO, claim, FIXED, FR_B2B, done).interest
    rest = law.charges(
        FR_PRO, claim, replace(FIXED, interest_after=done), FR_B2B, on
    ).interest
    assert abs(before + rest - D("17.98")) <= D("0.01")


def test_one_indemnity_for_an_invoice_of_two_instalments():
    claims = [
        (Claim(D(100), date(2026, 1, 31)), FIXED),
        (Claim(D(100), date(2026, 2, 28)), FIXED),
    ]
    found = law.invoice_charges(BE_B2B, claims, BE, date(2026, 3, 17))
    assert [charge.indemnity for charge in found] == [40, 0]
    reminder = Sent(date(2026, 3, 1))
    claims = [
        (replace(claim, first_reminder=reminder), TIERED) for claim, _terms in claims
    ]
    found = law.invoice_charges(BE_B2C, claims, BE, date(2026, 4, 17))
    # 30 + 10 % of 50, not twice 20
    assert [charge.indemnity for charge in found] == [D("35.00"), 0]


def test_nobody_is_charged_outside_belgium_and_france():
    claim = Claim(D(100), date(2026, 1, 1), first_reminder=Sent(date(2026, 1, 9)))
    found = law.charges(NEUTRAL, claim, FIXED, BE, date(2026, 6, 1))
    assert (found.total, found.reason) == (0, law.REASON_NOT_ALLOWED)


def test_a_french_consumer_owes_nothing_before_the_formal_notice():
    claim = Claim(D(600), date(2026, 2, 1), first_reminder=Sent(date(2026, 2, 9)))
    terms = Terms(law.CHARGE_INTEREST)
    found = law.charges(FR_B2C, claim, terms, FR_B2B, date(2026, 6, 1))
    assert (found.total, found.reason) == (0, law.REASON_NO_NOTICE)


# ----------------------------------------------------------------------
# Policies
# ----------------------------------------------------------------------


def step(id, days, charge="none", **values):
    return law.StepTerms(id, f"L{id}", days, charge=charge, **values)


def codes(profile, *steps, **values):
    found = law.check_policy(profile, steps, **values)
    return [(violation.code, violation.step) for violation in found]


def test_a_lawful_policy_for_consumers():
    steps = step(1, 7), step(2, 22, "tiered", fee=D("7.50"))
    assert codes(BE_B2C, *steps, clause=True) == []
    # by post the earliest is the third working day after the post and 14 days
    posted = replace(steps[0], channels=("letter",))
    assert codes(BE_B2C, posted, steps[1], clause=True) == [("too_early", 2)]
    assert codes(BE_B2C, posted, step(2, 24, "tiered"), clause=True) == []


def test_rules_of_the_belgian_consumer():
    assert codes(BE_B2C, step(1, 7, "tiered"), clause=True) == [("first_not_free", 1)]
    assert codes(BE_B2C, step(1, 7), step(2, 21, "tiered"), clause=True) == [
        ("too_early", 2)
    ]
    assert codes(BE_B2C, step(1, 7), step(2, 30, "tiered")) == [("clause_needed", 2)]
    assert codes(BE_B2C, step(1, 7), step(2, 30, fee=D("7.51")), clause=True) == [
        ("fee_above_max", 2)
    ]
    assert codes(BE_B2C, step(1, 7), step(2, 30, "fixed"), clause=True) == [
        ("fixed_forbidden", 2)
    ]
    assert codes(BE_B2C, step(1, 7, channels=("phone", "email"))) == [
        ("not_written", 1)
    ]
    assert codes(BE_B2C, step(1, 7), step(2, 10, hand_over=True)) == [("too_early", 2)]
    # a courtesy before the due date may be anything but charged
    assert codes(BE_B2C, step(9, -3, channels=("phone",)), step(1, 7)) == []


def test_mentions_of_the_first_reminder():
    first = step(1, 7, mentions=frozenset({"amount_due"}))
    (found,) = law.check_policy(BE_B2C, [first])
    assert (found.code, found.missing) == (law.MENTION_MISSING, ("delay",))
    assert codes(BE_B2C, replace(first, mentions=BE_B2C.mentions)) == []


def test_rules_of_the_others():
    assert codes(BE_B2B, step(1, 3), step(2, 10, "fixed", fee=D(15))) == []
    assert codes(FR_PRO, step(1, 3, "fixed"), step(2, 10, fee=D(1))) == [
        ("fee_above_max", 2)
    ]
    assert codes(FR_B2C, step(1, 7), step(2, 30, "interest")) == [("notice_needed", 2)]
    assert codes(FR_B2C, step(1, 7, formal_notice=True), step(2, 30, "interest")) == []
    assert codes(NEUTRAL, step(1, 7, "interest")) == [("interest_forbidden", 1)]
    floor = replace(FR_PRO, contract_floor=D("7.86"))
    assert codes(floor, step(1, 7), contract_rate=D(5)) == [("rate_below_floor", 0)]
    assert codes(floor, step(1, 7), contract_rate=D("7.86")) == []


delays = st.lists(st.integers(-10, 90), min_size=1, max_size=4, unique=True).map(sorted)


@given(delays, st.data())
def test_a_policy_that_passes_never_charges_a_consumer_too_early(days, data):
    """What may be saved is also lawful on the day, if mails go on time."""
    kinds = data.draw(
        st.lists(
            st.sampled_from(["none", "tiered"]),
            min_size=len(days),
            max_size=len(days),
        )
    )
    steps = [
        step(n, day, kind)
        for n, (day, kind) in enumerate(zip(days, kinds, strict=True), 1)
    ]
    if law.check_policy(BE_B2C, steps, clause=True):
        return
    due = date(2026, 2, 2)
    first = next((s for s in steps if s.delay_days > 0), None)
    sent = first and Sent(due + timedelta(first.delay_days))
    for level in steps:
        on = due + timedelta(level.delay_days)
        claim = Claim(D(100), due, first_reminder=sent)
        terms = replace(TIERED, charge=level.charge)
        found = law.charges(BE_B2C, claim, terms, BE, on)
        if found.total:
            assert on > law.delay_ends(BE_B2C, sent)
