"""OFX (both syntaxes) and QIF."""

from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.facturex_banking.engine.errors import FormatError
from odoo.addons.facturex_banking.engine.formats import parse

from .samples import sample

D = Decimal
DEMO = sample("own/demo.ofx").decode()


def entries(text: str):
    return [e for s in parse(text.encode(), "x").statements for e in s.entries]


def refusal(text: str) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse(text.encode(), "x")
    return caught.value


def ofx(*transactions, account="<ACCTID>12345</ACCTID>", currency="EUR", more=""):
    body = "".join(f"<STMTTRN>{text}</STMTTRN>" for text in transactions)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="220"?>'
        f"<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}</CURDEF>"
        f"<BANKACCTFROM>{account}</BANKACCTFROM><BANKTRANLIST>{body}</BANKTRANLIST>"
        f"{more}</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )


def transaction(amount="10.00", day="20260120", ident="A1", more=""):
    return (
        f"<TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>{day}</DTPOSTED><TRNAMT>{amount}</TRNAMT>"
        f"<FITID>{ident}</FITID>{more}"
    )


def test_demo():
    (found,) = parse(DEMO.encode(), "x").statements
    assert found.account_number == "FR7630006000011234567890189"
    assert (found.opening_balance, found.closing_balance) == (D(1000), D("1072.25"))
    assert [e.bank_id for e in found.entries] == ["A1", "A2", "A2"]
    assert [e.amount for e in found.entries] == [D(121), D("-45.50"), D("-3.25")]
    assert found.entries[0].structured_reference == "RF462026000123"


def test_xml_and_sgml_say_the_same():
    names = ["TRNTYPE", "DTPOSTED", "TRNAMT", "FITID", "NAME", "MEMO"]
    closed = DEMO
    for name in names:
        parts = closed.split(f"<{name}>")
        closed = parts[0] + "".join(
            f"<{name}>{part.split('<', 1)[0].rstrip()}</{name}><{part.split('<', 1)[1]}"
            for part in parts[1:]
        )
    assert closed != DEMO
    first = [(e.date, e.amount, e.communication) for e in entries(DEMO)]
    assert [(e.date, e.amount, e.communication) for e in entries(closed)] == first


@pytest.mark.parametrize(
    ("text", "value"),
    [("1234.56", "1234.56"), ("-1234,5", "-1234.5"), ("+3", "3"), ("0.125", "0.125")],
)
def test_amounts(text, value):
    assert entries(ofx(transaction(text)))[0].amount == D(value)


@pytest.mark.parametrize(
    "day", ["20260120", "20260120120000", "20260120235959.000[-5:EST]", "2026-01-20"]
)
def test_dates_keep_the_day_that_is_written(day):
    assert entries(ofx(transaction(day=day)))[0].date == date(2026, 1, 20)


def test_other_currencies():
    more = "<{0}><CURRATE>0.90</CURRATE><CURSYM>USD</CURSYM></{0}>"
    (own,) = entries(ofx(transaction("100.00", more=more.format("CURRENCY"))))
    assert (own.amount, own.original_amount, own.original_currency) == (
        D("90.00"),
        D("100.00"),
        "USD",
    )
    (done,) = entries(ofx(transaction("90.00", more=more.format("ORIGCURRENCY"))))
    assert (done.amount, done.original_amount) == (D("90.00"), D("100.00"))


def test_counterparty_entities_and_cdata():
    more = (
        "<NAME>A &amp; B</NAME><MEMO><![CDATA[x < y]]></MEMO>"
        "<BANKACCTTO><ACCTID>BE62510007547061</ACCTID></BANKACCTTO>"
    )
    (found,) = entries(ofx(transaction(more=more)))
    assert (found.partner_name, found.communication) == ("A & B", "A & B x < y")
    assert found.partner_account == "BE62510007547061"


def test_balance_of_the_day_of_download_closes_nothing():
    more = "<LEDGERBAL><BALAMT>99</BALAMT><DTASOF>20260301</DTASOF></LEDGERBAL>"
    text = ofx(transaction(), more=more)
    text = text.replace("<BANKTRANLIST>", "<BANKTRANLIST><DTEND>20260131</DTEND>")
    (found,) = parse(text.encode(), "x").statements
    assert (found.opening_balance, found.closing_balance) == (None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (DEMO[: DEMO.index("</OFX>")], "cut_short"),
        (DEMO[: DEMO.index("<FITID>A2")], "cut_short"),
        (ofx(transaction("ten")), "bad_loose_amount"),
        (ofx(transaction("1,234.56")), "bad_loose_amount"),
        (ofx(transaction(day="20261320")), "bad_date"),
        (ofx("<TRNAMT>1</TRNAMT>"), "missing_value"),
        (ofx(transaction(), account="<ACCTID></ACCTID>"), "missing_value"),
        ("OFXHEADER:100\n<OFX></OFX>", "no_statement"),
        ("OFXHEADER:100\n<!DOCTYPE a><OFX></OFX>", "doctype"),
    ],
)
def test_damage(text, code):
    if "1,234.56" in text:
        # grouped thousands are readable all the same
        assert entries(text)[0].amount == D("1234.56")
        return
    assert refusal(text).code == code


def qif(*records, kind="Bank"):
    return f"!Type:{kind}\n" + "".join(f"{r}\n^\n" for r in records)


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (["20/01/2026", "01/02/2026"], [(2026, 1, 20), (2026, 2, 1)]),
        (["01/20/2026", "02/01/2026"], [(2026, 1, 20), (2026, 2, 1)]),
        (["2026-01-02", "2026-02-01"], [(2026, 1, 2), (2026, 2, 1)]),
        (["1/ 2'26"], [(2026, 1, 2)]),
        (["02.01.26"], [(2026, 1, 2)]),
        # neither order is certain: only one of them runs forward
        (
            ["01/02/2026", "02/02/2026", "01/03/2026"],
            [(2026, 2, 1), (2026, 2, 2), (2026, 3, 1)],
        ),
    ],
)
def test_order_of_dates(days, found):
    text = qif(*[f"D{day}\nT1.00" for day in days])
    assert [e.date for e in entries(text)] == [date(*parts) for parts in found]


def test_ambiguous_order_is_said():
    file = parse(qif("D01/02/2026\nT1.00").encode(), "x")
    assert [w.code for w in file.statements[0].warnings] == ["dates_guessed"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("-1 234,56", "-1234.56"),
        ("12", "12"),
        ("-0.5", "-0.5"),
    ],
)
def test_qif_amounts(text, value):
    assert entries(qif(f"D20/01/2026\nT{text}"))[0].amount == D(value)


def test_qif_accounts_are_apart():
    text = "!Account\nNChecking\nTBank\n^\n" + qif("D20/01/2026\nT1")
    text += "!Account\nNCard\nTCCard\n^\n" + qif("D20/01/2026\nT2", kind="CCard")
    found = parse(text.encode(), "x").statements
    assert [s.account_number for s in found] == ["Checking", "Card"]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (qif("T1.00"), "missing_value", 2),
        (qif("D20/01/2026"), "missing_value", 2),
        (qif("D20/01/2026\nTten"), "bad_loose_amount", 2),
        (qif("D20/13/2026\nT1", "D01/31/2026\nT2"), "bad_date", 2),
        ("!Type:Bank\nD20/01/2026\nT1.0", "cut_short", 2),
        ("!Type:Invst\nD20/01/2026\nT1\n^\n", "no_statement", None),
    ],
)
def test_qif_damage(text, code, line):
    error = refusal(text)
    assert (error.code, error.line) == (code, line)


@pytest.mark.parametrize(
    ("order", "day"), [("MDY", (2026, 2, 3)), ("DMY", (2026, 3, 2))]
)
def test_order_of_the_dates_that_the_file_says(order, day):
    text = f"!Option:{order}\n!Type:Bank\nD02.03.26\nT1.00\n^\n"
    (found,) = parse(text.encode(), "x").statements
    assert (found.entries[0].date, found.warnings) == (date(*day), ())


@pytest.mark.parametrize("payee", ["Solde initial", "Beginsaldo", "Eröffnungssaldo"])
def test_opening_balance_in_other_languages(payee):
    text = "!Type:Bank\nD2026-01-02\nT100.00\nP%s\n^\nD2026-01-03\nT1.00\nPA\n^\n"
    (found,) = parse((text % payee).encode(), "x").statements
    assert [entry.amount for entry in found.entries] == [1]


def test_line_of_a_control_character():
    text = "!Type:Bank\nD2026-01-02\n\x1f\nT1.00\n^\n"
    (found,) = parse(text.encode(), "x").statements
    assert found.entries[0].amount == 1
