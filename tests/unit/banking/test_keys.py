"""Duplicate keys: each movement once, each real twin kept, whatever the files."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.formats import parse
from odoo.addons.facturex_banking.engine.statement import (
    Entry,
    Statement,
    balance_difference,
    continuity_gaps,
    group_by_account,
    import_keys,
)

from .samples import camt, detail, entry, names, sample, statement

D = Decimal
DAY = date(2026, 1, 20)
FAMILY = "camt"


def movement(**changes) -> Entry:
    """A line without bank identifier."""
    values = {
        "date": DAY,
        "value_date": DAY,
        "amount": D("-12.50"),
        "bank_id": None,
        "end_to_end_id": None,
        "structured_reference": None,
        "communication": "Card 1234 BAKERY",
        "partner_name": "Bakery",
        "partner_account": None,
        "raw": "raw",
    }
    return Entry(**(values | changes))


def account_keys(*contents: bytes) -> list[set[str]]:
    """Keys of each file, all accounts together."""
    found = []
    for content in contents:
        file = parse(content, "x")
        keys = set()
        for (account, _currency), group in group_by_account(file.statements).items():
            entries = [e for s in group for e in s.entries]
            keys |= {f"{account} {key}" for key in import_keys(entries, file.family)}
        found.append(keys)
    return found


@pytest.mark.parametrize("name", names("*/*.xml"))
def test_reimport_gives_the_same_keys(name):
    if "wrong" in name or "camt054" in name:
        return
    content = sample(name)
    other_ends = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    encoded = content.decode().split("?>", 1)[1].encode("utf-16")
    first, second, third = account_keys(content, other_ends, encoded)
    assert first == second == third
    count = sum(len(s.entries) for s in parse(content, name).statements)
    assert len(first) == count


def test_consecutive_statements_share_no_key():
    sets = account_keys(*[sample(n) for n in names("camt053/subite_LT62*.xml")])
    assert sum(map(len, sets)) == len(set().union(*sets)) == 124


@pytest.mark.parametrize(
    "changes",
    [
        {"date": DAY + timedelta(1)},
        {"value_date": None},
        {"amount": D("12.50")},
        {"amount": D("-12.51")},
        {"communication": "Card 1234 BUTCHER"},
        {"structured_reference": "202600012320"},
        {"partner_account": "BE62510007547061"},
        {"end_to_end_id": "E2E-1"},
        {"bank_id": "B-1"},
    ],
)
def test_another_movement_has_another_key(changes):
    keys = import_keys([movement(), movement(**changes)], FAMILY)
    assert len(set(keys)) == 2
    assert all(key.endswith(":1") for key in keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": D("-12.5")},
        {"amount": D("-12.500")},
        {"communication": "  card 1234\n BAKERY "},
        {"communication": "Card 1234 Bakéry"},
        {"partner_name": "BAKERY LTD"},
        {"raw": "other spelling of the source"},
        {"category": "card_purchase"},
        {"line": 7},
    ],
)
def test_the_same_movement_written_otherwise(changes):
    assert import_keys([movement()], FAMILY) == import_keys(
        [movement(**changes)], FAMILY
    )


def test_bank_identifier_decides_alone():
    one = movement(bank_id="B-1")
    other = movement(bank_id="B-1", communication="reworded", value_date=None)
    assert import_keys([one], FAMILY) == import_keys([other], FAMILY)
    assert import_keys([one], FAMILY) != import_keys([one], "ofx")


def test_amounts_have_one_spelling():
    for spellings in (("50000", "5E+4", "50000.00"), ("0", "-0", "0.00")):
        keys = {
            import_keys([movement(bank_id="B", amount=D(text))], FAMILY)[0]
            for text in spellings
        }
        assert len(keys) == 1


def test_reused_identifier_gives_distinct_keys():
    reused = [
        movement(bank_id="A2"),
        movement(bank_id="A2"),
        movement(bank_id="A2", amount=D("3")),
        movement(bank_id="A2", date=DAY + timedelta(1)),
    ]
    keys = import_keys(reused, FAMILY)
    assert len(set(keys)) == 4
    assert [key[-2:] for key in keys] == [":1", ":2", ":1", ":1"]


def refs(text: str) -> str:
    return f"<Refs><EndToEndId>{text}</EndToEndId></Refs>"


def batch_keys(*details: str) -> list[str]:
    movement = entry(
        "12.00", inside="<AcctSvcrRef>B</AcctSvcrRef>", details="".join(details)
    )
    (found,) = parse(camt(statement(movement)), "x").statements
    assert len(found.entries) == len(details)
    return import_keys(found.entries, FAMILY)


def test_details_of_a_batch_are_distinct():
    named = [detail(refs("A"), "6.00"), detail(refs("B"), "6.00")]
    assert len(set(batch_keys(*named))) == 2
    # the bank may list them in another order next time
    assert set(batch_keys(*named)) == set(batch_keys(*reversed(named)))
    nameless = [detail(refs("NOTPROVIDED"), "6.00")] * 2
    assert len(set(batch_keys(*nameless))) == 2


def test_a_detail_is_not_the_entry_of_the_same_amount():
    whole = movement(bank_id="B", end_to_end_id="A")
    part = replace(whole, detail_index=1, detail_id="A")
    assert len(set(import_keys([whole, part], FAMILY))) == 2


def test_three_twins_then_two_in_the_next_file():
    twins = [movement()] * 3
    first = set(import_keys(twins[:2], FAMILY))
    assert len(first) == 2
    assert len(set(import_keys(twins, FAMILY)) - first) == 1
    assert set(import_keys(twins[:1], FAMILY)) <= first


def test_statement_boundaries_do_not_matter():
    line = entry("5.00", mark="DBIT", details=detail("<AddtlTxInf>x</AddtlTxInf>"))
    one = statement(line, line, line)
    cut = [statement(line), statement(line, line).replace("S1", "S2")]
    assert account_keys(camt(one)) == account_keys(camt(*cut))


def test_accounts_are_apart():
    line = entry("5.00")
    both = camt(statement(line), statement(line, account="BE62510007547061"))
    (keys,) = account_keys(both)
    assert len(keys) == 2
    assert all(key.endswith(":1") for key in keys)


movements = st.builds(
    movement,
    date=st.dates(DAY, DAY + timedelta(14)),
    amount=st.sampled_from([D("5"), D("-5"), D("7.10")]),
    communication=st.sampled_from([None, "coffee", "tea"]),
    bank_id=st.sampled_from([None, None, "B-1", "B-2"]),
)


@given(st.lists(movements, max_size=30), st.randoms(use_true_random=False))
def test_order_changes_nothing(history, rng):
    keys = import_keys(history, FAMILY)
    assert len(set(keys)) == len(history)
    shuffled = rng.sample(history, len(history))
    assert set(import_keys(shuffled, FAMILY)) == set(keys)


@given(st.lists(movements, max_size=30))
def test_overlapping_files_make_their_union(history):
    """Days 1-10 then 8-15, in either order: each movement once, twins kept."""
    cut_one, cut_two = DAY + timedelta(9), DAY + timedelta(7)
    first = [e for e in history if e.date <= cut_one]
    second = [e for e in history if e.date >= cut_two]
    whole = set(import_keys(history, FAMILY))
    assert set(import_keys(first, FAMILY)) | set(import_keys(second, FAMILY)) == whole
    assert len(whole) == len(history)


@given(st.lists(movements, max_size=12), st.lists(movements, max_size=12))
def test_multiset_rule(one, two):
    """What is kept of each identical line is the most any file has shown."""

    def content(entry):
        return (entry.date, entry.amount, entry.bank_id or entry.communication)

    kept = set(import_keys(one, FAMILY)) | set(import_keys(two, FAMILY))
    most = Counter(map(content, one)) | Counter(map(content, two))
    assert len(kept) == most.total()


def closed(number, day, opening, closing, account="BE1") -> Statement:
    return Statement(
        account, "EUR", day, day, D(opening), D(closing), number, (), reference=None
    )


def test_hole_in_the_numbers_is_a_gap():
    first = closed("7", DAY, "10", "12")
    later = closed("9", DAY + timedelta(2), "12", "12")
    (gap,) = continuity_gaps([later, first])
    assert (gap.code, gap.difference) == ("number_gap", 0)
    assert (gap.previous_number, gap.next_number) == ("7", "9")
    new_year = closed("1", DAY + timedelta(1), "12", "12")
    assert continuity_gaps([first, new_year]) == ()


def test_unknown_balances_chain_with_nothing():
    first = closed("7", DAY, "10", "12")
    unknown = replace(first, opening_balance=None, number="8")
    assert continuity_gaps([first, unknown]) == ()
    assert balance_difference(unknown) is None
    elsewhere = closed("8", DAY, "99", "99", account="BE2")
    assert continuity_gaps([first, elsewhere]) == ()
