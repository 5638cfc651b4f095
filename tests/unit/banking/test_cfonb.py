"""CFONB 120: overpunched amounts, complements, blocks."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.errors import FormatError
from odoo.addons.facturex_banking.engine.formats import parse

from .samples import sample

D = Decimal
DEMO = sample("own/demo_cfonb120.txt").decode()
LINES = DEMO.splitlines()
IBAN = "FR7630006000011234567890189"


def punched(value, width=14):
    """The amount of a record; an independent writer of the overpunch."""
    cents = int(abs(D(value)) * 100)
    last = ("{ABCDEFGHI" if D(value) >= 0 else "}JKLMNOPQR")[cents % 10]
    return f"{cents // 10:0{width - 1}d}{last}"


def record(kind, value="0", label="", code="05", text=None, qualifier="   "):
    head = f"{kind}30006    00001EUR2 12345678901"
    if kind == "05":
        return f"{head}{code}200126     {qualifier}{text:<70}".ljust(120)
    if kind == "04":
        line = f"{head}{code}200126  200126{label:<31}  0000000  {punched(value)}"
        return line.ljust(120)
    return f"{head}  200126".ljust(90) + punched(value).ljust(30)


def one(*records, opening="0"):
    values = [r for r in records if r[:2] == "04"]
    text = "\n".join([record("01", opening), *records, record("07", "0")])
    (found,) = parse(text.encode("cp1252"), "x").statements
    return found, values


def test_demo_field_by_field():
    (found,) = parse(DEMO.encode(), "x").statements
    assert (found.account_number, found.currency) == (IBAN, "EUR")
    first, _card, _beta, returned, fee = found.entries
    assert (first.structured_reference, first.end_to_end_id) == (
        "RF462026000123",
        "E2E-ALPHA-1",
    )
    assert (first.partner_name, first.communication) == (
        "CLIENT ALPHA SA",
        "VIR SEPA CLIENT ALPHA",
    )
    assert (returned.return_reason, returned.category) == ("06", "sdd_returned")
    assert fee.amount == D("-3.25")


def test_complements():
    found, _ = one(
        record("04", "-107.00", "VIR EMIS", code="06"),
        record("05", code="06", qualifier="LIB", text="FACTURE 42"),
        record("05", code="06", qualifier="LCC", text="INV/2026/00042"),
        record("05", code="06", qualifier="LC2", text=" ET 00043"),
        record("05", code="06", qualifier="NBE", text="ALPHA SA"),
        record("05", code="06", qualifier="CBE", text="BE62510007547061"),
        record("05", code="06", qualifier="RUM", text="MANDATE-1"),
        record("05", code="06", qualifier="MMO", text="USD200000000012345"),
        record("05", code="06", qualifier="FEE", text="EUR200000000000150"),
        record("05", code="06", qualifier="ZZZ", text="UNKNOWN"),
    )
    (entry,) = found.entries
    assert entry.communication == "VIR EMIS FACTURE 42 INV/2026/00042 ET 00043"
    assert (entry.partner_name, entry.partner_account) == (
        "ALPHA SA",
        "BE62510007547061",
    )
    assert entry.mandate_id == "MANDATE-1"
    assert (entry.original_amount, entry.original_currency) == (D("-123.45"), "USD")
    assert entry.charges == D("1.50")
    assert "UNKNOWN" in entry.raw


def test_zero_movement_informs_only():
    found, _ = one(record("04", "0", "INFORMATION"))
    assert found.entries == ()


def test_empty_decimals_currency_and_unsigned_amount():
    text = DEMO.replace("EUR2", "    ").replace("0000000010000{", "00000000100000")
    (found,) = parse(text.encode(), "x").statements
    assert (found.currency, found.opening_balance) == (None, D(1000))
    assert [w.code for w in found.warnings] == ["unsigned_amount"]


def test_without_line_breaks_and_trimmed():
    whole = parse(DEMO.encode(), "x").statements
    joined = "".join(line.ljust(120) for line in LINES)
    amounts = [e.amount for e in whole[0].entries]
    for text in (joined, "\n".join(line.rstrip() for line in LINES)):
        (found,) = parse(text.encode(), "x").statements
        assert [e.amount for e in found.entries] == amounts


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (lambda ls: ls[:-1], "cut_short", 12),
        (lambda ls: ls[1:], "bad_order", 1),
        (lambda ls: [ls[0], *ls], "bad_order", 2),
        (lambda ls: [ls[0], "06" + ls[1][2:], *ls[2:]], "bad_value", 2),
        (
            lambda ls: [
                ls[0],
                ls[1].replace("0000000001210{", "00000X0001210{"),
                *ls[2:],
            ],
            "bad_number",
            2,
        ),
        (lambda ls: [ls[0], ls[1].replace("200126", "201326"), *ls[2:]], "bad_date", 2),
        (
            lambda ls: [*ls[:-1], ls[-1].replace("12345678901", "12345678902")],
            "several_accounts",
            13,
        ),
    ],
)
def test_damage_names_the_line(change, code, line):
    with pytest.raises(FormatError) as caught:
        parse("\n".join(change(LINES)).encode(), "x")
    assert (caught.value.code, caught.value.line) == (code, line)


def test_lockbox_is_named():
    with pytest.raises(FormatError) as caught:
        parse(("31" + "30006" + "0" * 233).encode(), "x")
    assert caught.value.code == "other_kind"


@given(
    st.lists(st.integers(-(10**12), 10**12).filter(bool), max_size=20),
    st.integers(-(10**12), 10**12),
)
def test_overpunch_round_trip(cents, opening):
    values = [D(c) / 100 for c in cents]
    records = [record("04", str(v)) for v in values]
    closing = D(opening) / 100 + sum(values)
    text = "\n".join(
        [record("01", str(D(opening) / 100)), *records, record("07", str(closing))]
    )
    (found,) = parse(text.encode(), "x").statements
    assert [e.amount for e in found.entries] == values
    assert found.warnings == ()
    assert found.date_end == date(2026, 1, 20)
