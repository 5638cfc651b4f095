from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from scripts.seed.dataset import be_ogm, iban_be
from scripts.seed.statement_writer import (
    KINDS,
    NAMESPACE,
    Movement,
    Statement,
    parse_reference,
    write_camt053,
)

OGM = "+++202/6000/12320+++"
IN = Movement(
    date=date(2026, 1, 20),
    amount=Decimal("121.00"),
    structured_reference=OGM,
    counterparty="Ferronnerie Tavelle SRL",
    counterparty_iban="BE62 5100 0754 7061",
    end_to_end_id="E2E-ALPHA-1",
    bank_reference="B-0001",
)
OUT = Movement(
    date=date(2026, 1, 21),
    amount=Decimal("-60.5"),
    text="Facture ARD-2026-00007 & acompte <janvier>",
    counterparty="Télécom Ardelle SRL",
    counterparty_iban="FR7630006000011234567890189",
    bank_reference="B-0002",
)
FEES = Movement(
    date=date(2026, 1, 21),
    amount=Decimal("-3.07"),
    text="Frais de tenue de compte",
    bank_reference="B-0003",
    kind="fees",
)
STATEMENT = Statement(
    account_iban="BE68539007547034",
    owner="Atelier Lumen SRL",
    bic="GKCCBEBB",
    statement_id="LUMEN-2026-007",
    sequence=7,
    opening_balance=Decimal("1000.10"),
    movements=(IN, OUT, FEES),
)


def read(*statements):
    root = etree.fromstring(write_camt053(*statements))
    assert root.tag == f"{{{NAMESPACE}}}Document"
    return root


def texts(node, path):
    steps = "/".join(f"c:{step}" for step in path.split("/"))
    return node.xpath(f".//{steps}/text()", namespaces={"c": NAMESPACE})


def nodes(node, path):
    steps = "/".join(f"c:{step}" for step in path.split("/"))
    return node.xpath(f".//{steps}", namespaces={"c": NAMESPACE})


def test_header():
    root = read(STATEMENT)
    assert texts(root, "GrpHdr/MsgId") == ["LUMEN-2026-007"]
    assert set(texts(root, "CreDtTm")) == {"2026-01-22T06:00:00Z"}
    assert texts(root, "ElctrncSeqNb") == ["7"]
    assert texts(root, "Acct/Id/IBAN") == ["BE68539007547034"]
    assert texts(root, "Acct/Ccy") == ["EUR"]
    assert texts(root, "Ownr/Nm") == ["Atelier Lumen SRL"]
    assert texts(root, "BICFI") == ["GKCCBEBB"]
    assert texts(root, "FrDtTm") == ["2026-01-20T00:00:00Z"]
    assert texts(root, "ToDtTm") == ["2026-01-21T23:59:59Z"]


def test_balances_and_summary_add_up():
    root = read(STATEMENT)
    assert STATEMENT.closing_balance == Decimal("1057.53")
    assert texts(root, "Bal/Tp/CdOrPrtry/Cd") == ["OPBD", "CLBD"]
    assert texts(root, "Bal/Amt") == ["1000.10", "1057.53"]
    assert texts(root, "Bal/CdtDbtInd") == ["CRDT", "CRDT"]
    assert texts(root, "Bal/Dt/Dt") == ["2026-01-20", "2026-01-21"]
    assert texts(root, "TtlNtries/NbOfNtries") == ["3"]
    assert texts(root, "TtlNtries/Sum") == ["184.57"]
    assert texts(root, "TtlNetNtry/Amt") == ["57.43"]
    assert texts(root, "TtlNetNtry/CdtDbtInd") == ["CRDT"]
    assert texts(root, "TtlCdtNtries/Sum") == ["121.00"]
    assert texts(root, "TtlDbtNtries/Sum") == ["63.57"]
    signs = [1 if way == "CRDT" else -1 for way in texts(root, "Ntry/CdtDbtInd")]
    entries = [Decimal(text) for text in texts(root, "Ntry/Amt")]
    moved = sum(sign * entry for sign, entry in zip(signs, entries, strict=True))
    assert Decimal("1000.10") + moved == Decimal("1057.53")


def test_an_overdrawn_account_closes_in_debit():
    statement = replace(STATEMENT, opening_balance=Decimal(-100))
    root = read(statement)
    assert texts(root, "Bal/Amt") == ["100.00", "42.57"]
    assert texts(root, "Bal/CdtDbtInd") == ["DBIT", "DBIT"]


def test_entries_are_booked_and_numbered():
    root = read(STATEMENT)
    assert texts(root, "NtryRef") == ["1", "2", "3"]
    assert texts(root, "AcctSvcrRef") == ["B-0001", "B-0002", "B-0003"]
    assert set(texts(root, "Sts/Cd")) == {"BOOK"}
    assert texts(root, "BookgDt/Dt") == ["2026-01-20", "2026-01-21", "2026-01-21"]
    assert texts(root, "ValDt/Dt") == texts(root, "BookgDt/Dt")
    assert texts(root, "TxDtls/Amt") == ["121.00", "60.50", "3.07"]
    assert {node.get("Ccy") for node in nodes(root, "Ntry/Amt")} == {"EUR"}
    assert texts(root, "EndToEndId") == ["E2E-ALPHA-1", "NOTPROVIDED", "NOTPROVIDED"]


def test_payer_is_debtor_and_payee_is_creditor():
    root = read(STATEMENT)
    assert texts(root, "RltdPties/Dbtr/Pty/Nm") == ["Ferronnerie Tavelle SRL"]
    assert texts(root, "RltdPties/DbtrAcct/Id/IBAN") == ["BE62510007547061"]
    assert texts(root, "RltdPties/Cdtr/Pty/Nm") == ["Télécom Ardelle SRL"]
    assert texts(root, "RltdPties/CdtrAcct/Id/IBAN") == ["FR7630006000011234567890189"]
    assert len(nodes(root, "RltdPties")) == 2


def test_belgian_reference_travels_structured():
    (entry, *_others) = nodes(read(STATEMENT), "Ntry")
    assert texts(entry, "CdtrRefInf/Tp/CdOrPrtry/Cd") == ["SCOR"]
    assert texts(entry, "CdtrRefInf/Tp/Issr") == ["BBA"]
    assert texts(entry, "CdtrRefInf/Ref") == ["202600012320"]
    assert not nodes(entry, "Ustrd")


def test_creditor_reference_has_no_belgian_issuer():
    movement = replace(IN, structured_reference="RF46 2026 0001 23")
    root = read(replace(STATEMENT, movements=(movement,)))
    assert texts(root, "CdtrRefInf/Ref") == ["RF462026000123"]
    assert texts(root, "CdtrRefInf/Tp/CdOrPrtry/Cd") == ["SCOR"]
    assert not nodes(root, "Issr")


def test_free_text_is_escaped_and_cut_in_140s():
    assert texts(read(STATEMENT), "Ustrd")[0] == OUT.text
    movement = replace(OUT, text="é" * 300)
    root = read(replace(STATEMENT, movements=(movement,)))
    assert [len(text) for text in texts(root, "Ustrd")] == [140, 140, 20]


def test_text_may_stand_beside_a_reference():
    movement = replace(IN, text="merci")
    root = read(replace(STATEMENT, movements=(movement,)))
    (remittance,) = nodes(root, "RmtInf")
    assert [etree.QName(child).localname for child in remittance] == ["Ustrd", "Strd"]


def test_a_bare_movement_has_neither_party_nor_remittance():
    movement = Movement(date=IN.date, amount=Decimal(5), bank_reference="B-9")
    root = read(replace(STATEMENT, movements=(movement,)))
    assert not nodes(root, "RltdPties")
    assert not nodes(root, "RmtInf")


@pytest.mark.parametrize("kind", KINDS)
def test_bank_code_of_each_kind(kind):
    pair = [replace(IN, kind=kind), replace(OUT, kind=kind)]
    root = read(replace(STATEMENT, movements=tuple(pair)))
    codes = zip(texts(root, "Fmly/Cd"), texts(root, "Fmly/SubFmlyCd"), strict=True)
    assert tuple(codes) == KINDS[kind]
    assert set(texts(root, "Domn/Cd")) == {"PMNT"}


def test_elements_follow_the_order_of_the_schema():
    root = read(STATEMENT)
    (statement,) = nodes(root, "Stmt")
    names = [etree.QName(child).localname for child in statement]
    assert names == (
        ["Id", "ElctrncSeqNb", "CreDtTm", "FrToDt", "Acct", "Bal", "Bal"]
        + ["TxsSummry", "Ntry", "Ntry", "Ntry"]
    )
    entry = nodes(statement, "Ntry")[0]
    assert [etree.QName(child).localname for child in entry] == (
        ["NtryRef", "Amt", "CdtDbtInd", "Sts", "BookgDt", "ValDt", "AcctSvcrRef"]
        + ["BkTxCd", "NtryDtls"]
    )
    (details,) = nodes(entry, "TxDtls")
    assert [etree.QName(child).localname for child in details] == (
        ["Refs", "Amt", "CdtDbtInd", "RltdPties", "RmtInf"]
    )


def test_same_statement_same_bytes():
    first = write_camt053(STATEMENT)
    assert first == write_camt053(replace(STATEMENT))
    assert first.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<Document xmlns=")
    assert "Télécom".encode() in first


def test_statements_chain_in_one_file():
    following = Statement(
        account_iban=STATEMENT.account_iban,
        owner=STATEMENT.owner,
        statement_id="LUMEN-2026-008",
        sequence=8,
        opening_balance=STATEMENT.closing_balance,
        date_from=date(2026, 1, 22),
        date_to=date(2026, 1, 22),
    )
    root = read(STATEMENT, following)
    assert len(nodes(root, "Stmt")) == 2
    assert texts(root, "Bal/Amt") == ["1000.10", "1057.53", "1057.53", "1057.53"]
    assert texts(root, "TtlNtries/Sum")[1] == "0.00"
    assert texts(root, "GrpHdr/CreDtTm") == ["2026-01-23T06:00:00Z"]


def test_cents_stay_exact_over_many_movements():
    movements = tuple(
        replace(IN, amount=Decimal("0.10"), bank_reference=f"B-{i}")
        for i in range(1000)
    )
    statement = replace(STATEMENT, opening_balance=Decimal("0.01"), movements=movements)
    assert statement.closing_balance == Decimal("100.01")
    assert texts(read(statement), "Bal/Amt") == ["0.01", "100.01"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (OGM, ("202600012320", "BBA")),
        ("***202/6000/12320***", ("202600012320", "BBA")),
        ("202600012320", ("202600012320", "BBA")),
        (be_ogm(97), ("000000009797", "BBA")),
        ("rf18 5390 0754 7034", ("RF18539007547034", None)),
        ("RF78FAC202600042", ("RF78FAC202600042", None)),
    ],
)
def test_references_understood(value, expected):
    assert parse_reference(value) == expected


@pytest.mark.parametrize(
    "value",
    ["202600012321", "000000000097", "RF19539007547034", "FAC/2026/00042", "12", ""],
)
def test_what_is_not_a_structured_reference(value):
    with pytest.raises(ValueError):
        parse_reference(value)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"amount": 12.5}, TypeError),
        ({"amount": 12}, TypeError),
        ({"amount": Decimal("NaN")}, TypeError),
        ({"amount": Decimal("1.005")}, ValueError),
        ({"amount": Decimal(0)}, ValueError),
        ({"kind": "barter"}, ValueError),
        ({"bank_reference": ""}, ValueError),
        ({"bank_reference": "B" * 36}, ValueError),
        ({"end_to_end_id": "E" * 36}, ValueError),
        ({"structured_reference": "FAC/2026/00042"}, ValueError),
    ],
)
def test_a_movement_no_bank_would_report(values, error):
    with pytest.raises(error):
        replace(IN, **values)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"opening_balance": 1000.1}, TypeError),
        ({"statement_id": "S" * 36}, ValueError),
        ({"movements": ()}, ValueError),
        ({"date_from": date(2026, 1, 21)}, ValueError),
        ({"date_to": date(2026, 1, 20)}, ValueError),
        ({"date_from": date(2026, 2, 2), "date_to": date(2026, 2, 1)}, ValueError),
    ],
)
def test_a_statement_no_bank_would_send(values, error):
    with pytest.raises(error):
        replace(STATEMENT, **values)


def test_an_empty_file_is_not_written():
    with pytest.raises(ValueError):
        write_camt053()


def test_an_iban_of_the_dataset_is_written_bare():
    account = iban_be("363", 1_208_421)
    spaced = " ".join(account[i : i + 4] for i in range(0, len(account), 4))
    assert texts(read(replace(STATEMENT, account_iban=spaced)), "Acct/Id/IBAN") == [
        account
    ]
