"""Rules of the accountant, precision of the past, and sums that stay bounded."""

import sys
import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.match_proposals import subsets
from odoo.addons.facturex_banking.engine.match_values import BankLine, OpenItem
from odoo.addons.facturex_banking.engine.precision import Record, tally, trusted
from odoo.addons.facturex_banking.engine.rules import (
    Rule,
    RuleLine,
    first_rule,
    fits,
    mapped_partner,
    shares,
)

D = Decimal


def line(amount="-100", **changes) -> BankLine:
    values = dict.fromkeys(
        ("structured_reference", "partner_account", "partner_name", "communication")
    )
    values |= {"id": 1, "currency": "EUR", "date": date(2026, 1, 1), "journal_id": 3}
    return BankLine(amount=D(amount), **(values | changes))


@pytest.mark.parametrize(
    ("rule", "bank", "expected"),
    [
        ({}, {}, True),
        ({"journal_ids": frozenset({3})}, {}, True),
        ({"journal_ids": frozenset({4})}, {}, False),
        ({"amount": "lower", "amount_max": D(100)}, {}, True),
        ({"amount": "lower", "amount_max": D("99.99")}, {}, False),
        ({"amount": "greater", "amount_min": D(100)}, {}, True),
        ({"amount": "greater", "amount_min": D(101)}, {}, False),
        ({"amount": "between", "amount_min": D(99), "amount_max": D(101)}, {}, True),
        ({"amount": "between", "amount_min": D(1), "amount_max": D(9)}, {}, False),
        ({"label": "contains", "label_param": "FRAIS"}, {"communication": "frais"}, 1),
        ({"label": "contains", "label_param": "frais"}, {"note": "Frais 3"}, True),
        ({"label": "contains", "label_param": "frais"}, {}, False),
        ({"label": "not_contains", "label_param": "frais"}, {}, True),
        (
            {"label": "not_contains", "label_param": "frais"},
            {"communication": "FRAIS"},
            False,
        ),
        (
            {"label": "match_regex", "label_param": r"ag\w+s \d+"},
            {"communication": "Agios 12"},
            True,
        ),
        ({"label": "match_regex", "label_param": "("}, {"communication": "("}, False),
        ({"partner_ids": frozenset({5})}, {"partner_id": 5}, True),
        ({"partner_ids": frozenset({5})}, {"partner_id": 6}, False),
        ({"partner_ids": frozenset({5})}, {}, False),
    ],
)
def test_conditions(rule, bank, expected):
    assert fits(Rule(1, "R", **rule), line(**bank)) == bool(expected)


def test_first_of_the_rules_that_fit():
    part = (RuleLine(1, "percentage", "100"),)
    rules = [
        Rule(1, "everything", lines=part),  # no condition: never proposed by itself
        Rule(2, "no lines", amount="greater"),
        Rule(3, "other", label="contains", label_param="x", lines=part),
        Rule(4, "this", amount="greater", amount_min=D(50), lines=part),
        Rule(5, "too late", amount="greater", lines=part),
    ]
    assert first_rule(rules, line()).id == 4
    assert first_rule(rules[:3], line()) is None


def test_partner_mapping():
    rules = [Rule(1, "M", label="contains", label_param="PROX", partner_id=9)]
    assert mapped_partner(rules, line(communication="proximus")) == 9
    assert mapped_partner(rules, line()) is None
    assert first_rule(rules, line(communication="proximus")) is None


@pytest.mark.parametrize(
    ("lines", "bank", "expected"),
    [
        ([("percentage", "100")], {}, ["-100"]),
        ([("percentage", "50"), ("percentage", "100")], {}, ["-50", "-50"]),
        ([("percentage_st_line", "50"), ("percentage", "50")], {}, ["-50", "-25"]),
        ([("fixed", "-2.50"), ("percentage", "100")], {}, ["-2.50", "-97.50"]),
        (
            [("regex", r"FRAIS ([\d,]+)"), ("percentage", "100")],
            {"communication": "CB 96,80 frais 3,20"},
            ["-3.20", "-96.80"],
        ),
        ([("regex", r"none ([\d,]+)")], {"communication": "CB"}, []),
        ([("percentage", "33.333")], {"amount": "10"}, ["3.33"]),
        (
            [("percentage_st_line", "10"), ("percentage", "100")],
            {"amount": "-40", "full_amount": D(-100)},
            ["-10", "-30"],
        ),
    ],
)
def test_shares(lines, bank, expected):
    parts = tuple(RuleLine(n, *part) for n, part in enumerate(lines))
    bank = dict(bank)
    found = shares(Rule(1, "R", lines=parts), line(bank.pop("amount", "-100"), **bank))
    assert [amount for _part, amount in found] == [D(x) for x in expected]


@given(st.integers(-(10**7), 10**7).filter(bool), st.lists(st.integers(1, 100)))
def test_percentages_never_take_more_than_there_is(cents, percents):
    amount = D(cents) / 100
    parts = tuple(RuleLine(n, "percentage", str(p)) for n, p in enumerate(percents))
    taken = [share for _n, share in shares(Rule(1, "R", lines=parts), line(amount))]
    assert abs(sum(taken)) <= abs(amount)
    assert all(share * amount > 0 for share in taken)
    if 100 in percents:
        assert sum(taken) == amount


def test_precision_expects_the_next_one_to_be_wrong():
    assert Record("a", 0, 0).precision == 0
    assert Record("a", 5, 0).precision < 0.9
    records = tally({("a", True): 999, ("b", True): 998, ("c", True): 9999})
    assert trusted(records, 0.999) == {"a", "c"}
    records = tally({("a", True): 999, ("a", False): 1})
    assert trusted(records, 0.999) == frozenset()
    assert trusted(records, 1.1) == frozenset()


def open_items(amounts):
    return [
        OpenItem(n, None, None, D(amount), "EUR", 1, None, None)
        for n, amount in enumerate(amounts)
    ]


@given(st.lists(st.integers(-50, 200).filter(bool), max_size=16), st.integers(1, 400))
def test_sums_are_right(amounts, wanted):
    for group in subsets(open_items(amounts), D(wanted)):
        assert len(group) == len({item.id for item in group}) > 1
        assert sum(item.amount for item in group) == wanted


def test_the_search_for_a_sum_ends():
    items = open_items([f"{n * 7919 % 1000}.{n % 100:02}" for n in range(1, 17)])
    started = time.process_time()
    subsets(items, D("123456.78"))
    # ten times when coverage is measured
    assert time.process_time() - started < (5 if sys.gettrace() else 0.5)


def test_everything_the_payer_owes():
    items = open_items(range(1, 13))
    assert len(subsets(items, D(78))[0]) == 12
