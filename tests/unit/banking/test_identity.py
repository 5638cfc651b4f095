"""The same movement told twice: known, split, doubtful or new."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.formats import parse
from odoo.addons.facturex_banking.engine.identity import (
    Known,
    incoming,
    resolve,
)

from .samples import camt, detail, entry, sample, statement
from .test_keys import DAY, movement

D = Decimal


def stored(coming, first=1, **changes):
    """The lines that an import of these movements leaves."""
    return [
        replace(
            Known(
                id=number,
                key=one.key,
                batch=one.batch,
                family=one.family,
                date=one.entry.date,
                amount=one.entry.amount,
                end_to_end_id=one.entry.end_to_end_id,
                structured_reference=one.entry.structured_reference,
                partner_account=one.entry.partner_account,
                text=one.entry.communication,
            ),
            **changes,
        )
        for number, one in enumerate(coming, first)
    ]


def kinds(entries, family, known):
    return [v.kind for v in resolve(incoming(entries, family), known)]


def entries_of(content):
    return [e for s in parse(content, "x").statements for e in s.entries]


def test_again_is_known():
    found = entries_of(sample("own/demo.cod"))
    lines = stored(incoming(found, "coda"))
    assert kinds(found, "coda", lines) == ["known"] * 5


def test_same_month_in_coda_and_mt940():
    """The card says nothing else than its text, the others their references."""
    coda = entries_of(sample("own/demo.cod"))
    swift = entries_of(sample("own/demo.sta"))
    assert kinds(swift, "mt940", stored(incoming(coda, "coda"))) == ["known"] * 3
    assert kinds(coda, "coda", stored(incoming(swift, "mt940"))) == [
        *("known", "known", "new", "known", "new")
    ]


def test_day_equal_as_a_whole_is_known():
    mute = [movement(amount=D(n), communication=None) for n in (5, 5, 7)]
    lines = stored(incoming(mute, "coda"))
    mute = [replace(one, value_date=None) for one in mute]  # another key
    assert kinds(mute, "camt", lines) == ["known"] * 3
    more = [*mute, movement(amount=D(9), communication=None)]
    assert kinds(more, "camt", lines) == ["doubtful"] * 3 + ["new"]


@pytest.mark.parametrize(
    ("mine", "its", "kind"),
    [
        ({"end_to_end_id": "E2E-1"}, {"end_to_end_id": "E2E-1"}, "known"),
        ({"end_to_end_id": "E2E-1"}, {"end_to_end_id": "E2E-2"}, "new"),
        (
            {"partner_account": "BE62510007547061"},
            {"partner_account": "510007547061"},
            "known",
        ),
        (
            {"partner_account": "BE62510007547061"},
            {"partner_account": "BE71096123456769"},
            "new",
        ),
        (
            {"structured_reference": "202600012320"},
            {"structured_reference": "202600012320"},
            "known",
        ),
        ({"communication": "Invoice 42"}, {"communication": "INVOICE  42"}, "known"),
        ({"communication": "Invoice 42"}, {"communication": "Rent"}, "doubtful"),
        (
            {"date": DAY + timedelta(1), "communication": "INVOICE 42"},
            {"communication": "Invoice 42"},
            "known",
        ),
        (
            {"date": DAY + timedelta(1), "communication": "a"},
            {"communication": "b"},
            "new",
        ),
        (
            {"date": DAY + timedelta(2), "communication": "INVOICE 42"},
            {"communication": "Invoice 42"},
            "new",
        ),
    ],
)
def test_signals(mine, its, kind):
    other = movement(amount=D(99), communication="another of that day")
    one = movement(**{"communication": None, **mine})
    line = movement(**{"communication": None, **its})
    known = stored(incoming([line, other], "coda"))
    assert kinds([one], "camt", known) == [kind]


def test_bank_identifiers_of_one_family_decide():
    """Two equal purchases, each with the bank's own number: both are real."""
    first, second = movement(bank_id="B-1"), movement(bank_id="B-2")
    assert kinds([second], "camt", stored(incoming([first], "camt"))) == ["new"]
    changed = kinds(
        [second, movement(amount=D(1))], "ofx", stored(incoming([first], "ofx"))
    )
    assert changed == ["doubtful", "new"]


def test_line_typed_by_hand_is_doubtful():
    hand = stored(incoming([movement(communication=None)], "x"), family=None, key=None)
    more = [movement(communication="CARD"), movement(amount=D(3))]
    assert kinds(more, "camt", hand) == ["doubtful", "new"]


def batch(*amounts):
    details = [
        detail(f"<Refs><EndToEndId>E2E-{n}</EndToEndId></Refs>", f"{a}.00")
        for n, a in enumerate(amounts)
    ]
    inside = "<AcctSvcrRef>BATCH-1</AcctSvcrRef>"
    return entries_of(
        camt(statement(entry("12.00", inside=inside, details="".join(details))))
    )


def test_total_then_its_details_then_the_total():
    (total,) = batch()
    parts = batch(5, 7)
    lines = stored(incoming([total], "camt"))
    found = resolve(incoming(parts, "camt"), lines)
    assert [(v.kind, v.lines) for v in found] == [("split", (1,))] * 2
    settled = stored(incoming([total], "camt"), settled=True)
    assert kinds(parts, "camt", settled) == ["known"] * 2
    (back,) = resolve(incoming([total], "camt"), stored(incoming(parts, "camt")))
    assert (back.kind, back.lines) == ("known", (1, 2))


movements = st.builds(
    movement,
    date=st.dates(DAY, DAY + timedelta(4)),
    amount=st.sampled_from([D("5"), D("-5"), D("7.10")]),
    communication=st.sampled_from([None, "coffee machine", "tea with milk"]),
    end_to_end_id=st.sampled_from([None, "E2E-1", "E2E-2"]),
)


@given(st.lists(movements, max_size=12))
def test_whole_history_in_another_format_adds_nothing(history):
    lines = stored(incoming(history, "coda"))
    again = [replace(one, value_date=None) for one in history]  # other keys
    found = resolve(incoming(again, "camt"), lines)
    assert {v.kind for v in found} <= {"known"}
    used = Counter(line for v in found for line in v.lines)
    assert all(count == 1 for count in used.values())


@given(st.lists(movements, max_size=12), st.lists(movements, max_size=12))
def test_each_line_explains_one_movement(one, two):
    """Never more known than lines: nothing is dropped."""
    lines = stored(incoming(one, "coda"))
    found = resolve(incoming(two, "camt"), lines)
    used = [line for v in found if v.kind == "known" for line in v.lines]
    assert len(used) == len(set(used)) <= len(lines)
