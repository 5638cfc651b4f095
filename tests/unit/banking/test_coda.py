"""CODA: records, details, communications, and what a damaged file says."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.errors import FormatError
from odoo.addons.facturex_banking.engine.formats import parse
from odoo.addons.facturex_banking.engine.formats.coda_communication import (
    read_structured,
)

from .samples import sample

D = Decimal
DEMO = sample("own/demo.cod").decode()
LINES = DEMO.splitlines()


def put(line: str, start: int, text: str) -> str:
    """A record with a text at a position counted from 0."""
    return line[:start] + text + line[start + len(text) :]


def amount(value: str) -> str:
    number = D(value)
    return f"{1 if number < 0 else 0}{int(abs(number) * 1000):015d}"


def movement(sequence, detail, value, code, text="", structured=False, ref="REF1"):
    """A record 2.1 dated 20 January 2026."""
    line = f"21{sequence:04d}{detail:04d}{ref:<21}{amount(value)}200126{code}"
    line += f"{int(structured)}{text:<53}20012600100 0"
    assert len(line) == 128
    return line


def statement(*records, opening="1000", closing=None, sums=None):
    """A whole file around records."""
    counted = [r for r in records if r[:2] == "21" and r[6:10] == "0000"]
    counted = [r for r in counted if r[53] in "0123"]
    values = [(-1 if r[31] == "1" else 1) * D(r[32:47]) / 1000 for r in counted]
    closing = closing or str(D(opening) + sum(values))
    old = put(LINES[1], 42, amount(opening))
    new = put(LINES[-2], 41, amount(closing))
    debit, credit = sums or (
        -sum(v for v in values if v < 0),
        sum(v for v in values if v > 0),
    )
    count = len([r for r in records if r[0] in "23"]) + 2
    trailer = f"9{'':15}{count:06d}{int(debit * 1000):015d}{int(credit * 1000):015d}"
    trailer = trailer.ljust(127) + "2"
    return "\n".join([LINES[0], old, *records, new, trailer]) + "\n"


def one(text: str):
    (found,) = parse(text.encode("cp1252"), "x.cod").statements
    return found


def refusal(text: str) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse(text.encode("cp1252"), "x.cod")
    return caught.value


def test_demo_field_by_field():
    found = one(DEMO)
    assert (found.account_number, found.currency) == ("BE68539007547034", "EUR")
    assert (found.opening_balance, found.closing_balance) == (D("1000"), D("1253.75"))
    assert (found.number, found.owner_name) == ("007", "FACTUREX DEMO SRL")
    assert (found.date_start, found.date_end) == (
        date(2026, 1, 19),
        date(2026, 1, 20),
    )
    first, _card, third, fourth, fee = found.entries
    assert (first.structured_reference, first.communication) == ("202600012320", None)
    assert (first.end_to_end_id, first.partner_name) == (
        "E2E-ALPHA-1",
        "CLIENT ALPHA SA",
    )
    assert (first.partner_account, first.partner_bic) == (
        "BE62510007547061",
        "GEBABEBB",
    )
    assert first.category == "transfer_in"
    assert third.communication.endswith(
        "GROUPE MERCI DE CONFIRMER RECEPTION PAR COURRIEL"
    )
    assert third.end_to_end_id is None  # NOTPROVIDED
    assert (fourth.reversal, fourth.return_reason) == (True, "MD06")
    assert fourth.category == "sdd_returned"
    assert (fee.amount, fee.category) == (D("-3.25"), "fees")


def test_details_that_add_up_replace_the_total():
    found = one(
        statement(
            movement(1, 0, "-100", "10105000", "SALARIES"),
            movement(1, 1, "-60", "50105000", "JANE", ref="D1"),
            movement(1, 2, "-40", "50105000", "JOHN", ref="D2"),
        )
    )
    assert [e.amount for e in found.entries] == [D(-60), D(-40)]
    assert [e.detail_index for e in found.entries] == [1, 2]
    assert {e.batch_id for e in found.entries} == {"REF1"}
    assert {e.batch_amount for e in found.entries} == {D(-100)}
    assert found.warnings == ()


def test_details_that_do_not_add_up_are_said():
    found = one(
        statement(
            movement(1, 0, "-100", "10105000", "SALARIES"),
            movement(1, 1, "-60", "50105000", "JANE"),
        )
    )
    (entry,) = found.entries
    assert (entry.amount, entry.batch_count) == (D(-100), 1)
    assert [w.code for w in found.warnings] == ["details_differ"]


def test_detail_with_the_type_of_a_total_is_a_detail():
    """Some banks number the details and give them type 0."""
    found = one(
        statement(
            movement(1, 0, "30", "00150000", "TOTAL"),
            movement(1, 1, "10", "00150000", "A"),
            movement(1, 2, "20", "00150000", "B"),
        )
    )
    assert [e.amount for e in found.entries] == [D(10), D(20)]


def test_breakdown_gives_the_charges_and_books_once():
    found = one(
        statement(
            movement(1, 0, "-10.61", "34337000", "COSTS"),
            movement(1, 1, "-8.77", "84337015"),
            movement(1, 2, "-1.84", "84337011"),
        )
    )
    (entry,) = found.entries
    assert (entry.amount, entry.charges) == (D("-10.61"), D("10.61"))


def test_original_currency():
    content = "105" + "000000001075000" + "000000001290000" + "000083333333" + "USD"
    first = movement(1, 0, "1075", "04150000", content[:53], structured=True)
    more = f"2200010000{content[53:]:<53}".ljust(125) + "0 0"
    (entry,) = one(statement(put(first, 125, "1"), more)).entries
    assert (entry.original_amount, entry.original_currency) == (D("1290"), "USD")
    assert entry.exchange_rate == D("0.83333333")


@pytest.mark.parametrize(
    ("content", "reference", "text"),
    [
        ("101202600012320", "202600012320", None),
        ("102202600012320", "202600012320", None),
        ("102999999999999", None, "999999999999"),
        ("100RF462026000123", "RF462026000123", None),
        ("103000000042", None, "000000042"),
        (
            "127" + "200126" + "0" * 3 + f"{'CRED':35}{'MANDATE-1':35}INV 42",
            None,
            "INV 42",
        ),
        ("999SOMETHING NEW", None, "SOMETHING NEW"),
    ],
)
def test_structured_communications(content, reference, text):
    read = read_structured(content)
    assert (read.reference, read.text) == (reference, text)


def test_mandate_and_reason_of_a_direct_debit():
    body = f"127200126112{'CRED':35}{'MANDATE-1':35}{'INV 42':62}2MD06"
    read = read_structured(body)
    assert (read.mandate, read.return_type, read.return_reason) == (
        "MANDATE-1",
        "2",
        "MD06",
    )


def test_several_statements_and_belgian_number():
    later = DEMO.replace(LINES[1], put(LINES[1], 125, "008"))
    two = parse((DEMO + later).encode(), "x")
    assert [s.number for s in two.statements] == ["007", "008"]
    old = LINES[1][:1] + "0007" + "539007547034 EUR0BE".ljust(37) + LINES[1][42:]
    new = LINES[-2][:4] + "539007547034 EUR0BE".ljust(37) + LINES[-2][41:]
    text = "\n".join([LINES[0], old, *LINES[2:-2], new, LINES[-1]])
    assert one(text).account_number == "BE68539007547034"
    assert one(text).currency == "EUR"


def test_without_line_breaks_and_without_padding():
    assert one("".join(line.ljust(128) for line in LINES)).entries
    trimmed = "\r\n".join(line.rstrip() for line in LINES) + "\x1a"
    assert [e.amount for e in one(trimmed).entries] == [
        e.amount for e in one(DEMO).entries
    ]


def test_wrong_totals_are_said_not_refused():
    found = one(statement(movement(1, 0, "5", "00150000"), sums=(D(1), D(2))))
    assert [w.code for w in found.warnings] == ["totals_mismatch"] * 2
    found = one(statement(movement(1, 0, "5", "00150000"), closing="99"))
    assert [w.code for w in found.warnings] == ["balance_mismatch"]


def test_duplicate_mark_and_bank_message():
    text = DEMO.replace(LINES[0], put(LINES[0], 16, "D"))
    message = f"4 00010000{'':22}{'Please note our new rates':<80}".ljust(127) + "0"
    text = text.replace(LINES[-1], message + "\n" + LINES[-1])
    assert [w.code for w in one(text).warnings] == ["copy_or_duplicate", "bank_message"]


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (lambda ls: ls[:-1], "cut_short", 14),
        (lambda ls: [put(ls[0], 127, "1"), *ls[1:]], "old_version", 1),
        (lambda ls: [ls[0], ls[2]], "bad_order", 2),
        (lambda ls: [*ls[:2], ls[3], *ls[3:]], "bad_order", 3),
        (lambda ls: [*ls[:2], put(ls[2], 32, "XX"), *ls[3:]], "bad_number", 3),
        (lambda ls: [*ls[:2], put(ls[2], 115, "320126"), *ls[3:]], "bad_date", 3),
        (lambda ls: [*ls[:2], put(ls[2], 31, "7"), *ls[3:]], "bad_value", 3),
        (lambda ls: [*ls[:2], "5" + ls[2][1:], *ls[3:]], "bad_value", 3),
        (lambda ls: [*ls[:2], ls[2] + "XXXX", *ls[3:]], "bad_length", 3),
        (
            lambda ls: [*ls[:-2], put(ls[-2], 4, "BE62510007547061"), ls[-1]],
            "several_accounts",
            14,
        ),
        (lambda ls: [ls[0], ls[-1]], "bad_order", 2),
    ],
)
def test_damage_names_the_line(change, code, line):
    error = refusal("\n".join(change(LINES)))
    assert (error.code, error.line) == (code, line)


amounts = st.integers(-(10**9), 10**9).filter(bool).map(lambda n: D(n) / 100)


@given(st.lists(amounts, min_size=1, max_size=20))
def test_what_is_written_is_read(values):
    records = [
        movement(n, 0, str(value), "00150000", f"LINE {n}", ref=f"R{n}")
        for n, value in enumerate(values, 1)
    ]
    found = one(statement(*records))
    assert [entry.amount for entry in found.entries] == values
    assert found.warnings == ()
    assert found.closing_balance == 1000 + sum(values)
