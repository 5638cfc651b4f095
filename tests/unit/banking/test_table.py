"""CSV, XLSX and XLS: headers of banks, saved mappings, values."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.errors import FormatError
from odoo.addons.facturex_banking.engine.formats import columns, parse
from odoo.addons.facturex_banking.engine.formats.table import Mapping
from odoo.addons.facturex_banking.engine.statement import balance_difference

D = Decimal
DAY = datetime(2026, 1, 20, tzinfo=UTC).replace(tzinfo=None)

FORTIS = (
    "Nº de séquence;Date d'exécution;Date valeur;Montant;Devise du compte;"
    "Numéro de compte;Type de transaction;Contrepartie;Nom de la contrepartie;"
    "Communication;Détails;Statut;Motif du refus\n"
    "2026-00001;20/01/2026;20/01/2026;121,00;EUR;BE68 5390 0754 7034;Virement reçu;"
    "BE62510007547061;ALPHA SA;+++202/6000/12320+++;détails;Accepté;\n"
    "2026-00002;21/01/2026;21/01/2026;-50,00;EUR;BE68 5390 0754 7034;Domiciliation;"
    "BE71096123456769;BETA;;X;Refusé;Solde insuffisant\n"
)
KBC = (
    "Rekeningnummer;Rubrieknaam;Naam;Munt;Afschriftnummer;Datum;Omschrijving;Valuta;"
    "Bedrag;Saldo;credit;debet;rekeningnummer tegenpartij;BIC tegenpartij;"
    "Naam tegenpartij;Adres tegenpartij;gestructureerde mededeling;Vrije mededeling\n"
    "BE68 5390 0754 7034;;ONS BEDRIJF;EUR; 02026001;20/01/2026;STORTING;20/01/2026;"
    "121,00;1121,00;121,00;;BE62 5100 0754 7061;GEBABEBB;ALPHA;;+++202/6000/12320+++;\n"
    "BE68 5390 0754 7034;;ONS BEDRIJF;EUR; 02026001;19/01/2026;KAART;19/01/2026;"
    "-21,00;1000,00;;-21,00;;;;;;\n"
)
BELFIUS = (
    "Boekingsdatum vanaf;01/01/2026\nRekening;BE68 5390 0754 7034\n\n"
    "Rekening;Boekingsdatum;Rekeninguittrekselnummer;Transactienummer;"
    "Rekening tegenpartij;Naam tegenpartij bevat;Straat en nummer;Postcode en plaats;"
    "Transactie;Valutadatum;Bedrag;Devies;BIC;Landcode;Mededelingen\n"
    "BE68539007547034;20/01/2026;1;5;BE62510007547061;ALPHA;;;OVERSCHRIJVING;20/01/2026;"
    "1.234,56;EUR;GKCCBEBB;BE;FACTUUR 42\n"
)
AGRICOLE = (
    "Téléchargement du 21/01/2026\nCompte n° FR76 3000 6000 0112 3456 7890 189\n\n"
    "Date;Libellé;Débit Euros;Crédit Euros;\n"
    '20/01/2026;VIR ALPHA;;1 121,00;\n19/01/2026;"CARTE; X";45,50;;\n'
    "Total;;45,50;1 121,00;\n"
)
ING_NL = (
    '"Date","Name / Description","Account","Counterparty","Code","Debit/credit",'
    '"Amount (EUR)","Transaction type","Notifications"\n'
    '"20260120","ALPHA","NL91ABNA0417164300","NL20INGB0001234567","GT","Credit",'
    '"121,00","Online","INV 42"\n'
    '"20260119","SHOP","NL91ABNA0417164300","","BA","Debit","21,00","Card","X"\n'
)


def one(text, **kwargs):
    content = text if isinstance(text, bytes) else text.encode()
    (found,) = parse(content, "x.csv", **kwargs).statements
    return found


def refusal(text, **kwargs) -> FormatError:
    with pytest.raises(FormatError) as caught:
        one(text, **kwargs)
    return caught.value


def test_fortis():
    found = one(FORTIS)
    assert (found.account_number, found.currency) == ("BE68539007547034", "EUR")
    (entry,) = found.entries  # the refused one moved nothing
    assert found.pending_count == 1
    assert (entry.bank_id, entry.amount) == ("2026-00001", D(121))
    assert entry.structured_reference == "202600012320"
    assert (entry.partner_account, entry.partner_name) == (
        "BE62510007547061",
        "ALPHA SA",
    )


def test_kbc_newest_first_with_balances():
    found = one(KBC)
    assert [e.amount for e in found.entries] == [D(-21), D(121)]
    assert (found.opening_balance, found.closing_balance) == (D(1021), D(1121))
    assert balance_difference(found) == 0
    assert found.entries[1].structured_reference == "202600012320"


def test_belfius_with_lines_above():
    found = one(BELFIUS)
    (entry,) = found.entries
    assert (found.account_number, entry.amount) == ("BE68539007547034", D("1234.56"))
    assert (entry.partner_name, entry.communication) == ("ALPHA", "FACTUUR 42")


def test_credit_agricole_in_windows_letters():
    found = one(AGRICOLE.encode("cp1252"))
    assert found.account_number == "FR7630006000011234567890189"
    assert [e.amount for e in found.entries] == [D("-45.50"), D(1121)]
    assert found.entries[0].communication == "CARTE; X"


def test_sign_in_a_column():
    found = one(ING_NL)
    assert [e.amount for e in found.entries] == [D(-21), D(121)]
    assert found.entries[1].partner_account == "NL20INGB0001234567"


UNKNOWN = "Jour;Quoi;Combien\n20/01/2026;A;5,00\n"
MAPPING = Mapping(
    "mine", (("date", "jour"), ("communication", "quoi"), ("amount", "combien"))
)


def test_saved_mapping():
    assert refusal(UNKNOWN).code == "columns_unknown"
    found = one(UNKNOWN, mappings=[MAPPING])
    (entry,) = found.entries
    assert (entry.amount, entry.communication) == (D(5), "A")


def test_saved_mapping_of_another_header_is_not_used():
    assert (
        refusal("Day;What;How\n1;2;3\n", mappings=[MAPPING]).code == "columns_unknown"
    )
    assert one(FORTIS, mappings=[MAPPING]).entries


def test_proposal_for_the_screen():
    table, mapping = columns(KBC.encode(), "x.csv")
    assert (table.delimiter, table.titles[0]) == (";", "Rekeningnummer")
    assert dict(mapping.columns) == {
        "account": "rekeningnummer",
        "amount": "bedrag",
        "balance": "saldo",
        "communication": "vrije mededeling",
        "currency": "munt",
        "date": "datum",
        "partner_account": "rekeningnummer tegenpartij",
        "partner_bic": "bic tegenpartij",
        "partner_name": "naam tegenpartij",
        "structured_reference": "gestructureerde mededeling",
        "value_date": "valuta",
    } | {k: v for k, v in mapping.columns if k == "details"}


def test_several_accounts_in_one_table():
    text = "Compte;Date;Montant\nBE1;20/01/2026;1\nBE2;20/01/2026;2\nBE1;21/01/2026;3\n"
    found = parse(text.encode(), "x").statements
    assert [(s.account_number, len(s.entries)) for s in found] == [
        ("BE1", 2),
        ("BE2", 1),
    ]


def workbook(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def old_workbook(*rows) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet")
    as_day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for number, cells in enumerate(rows):
        for position, cell in enumerate(cells):
            style = (as_day,) if isinstance(cell, date) else ()
            sheet.write(number, position, cell, *style)
    book.add_sheet("Second")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize("write", [workbook, old_workbook])
def test_workbook(write):
    content = write(
        ["Compte", "BE68 5390 0754 7034"],
        ["Date", "Libellé", "Montant", "Solde"],
        [DAY, "ALPHA", 121.1, 1121.1],
        [date(2026, 1, 21), "BETA", -0.1, "1 121,00"],
    )
    found = one(content)
    assert [e.amount for e in found.entries] == [D("121.1"), D("-0.1")]
    assert found.account_number == "BE68539007547034"
    assert found.opening_balance == 1000
    assert [e.date.day for e in found.entries] == [20, 21]
    cut = refusal(content[:-1000]).code
    assert cut in ("not_a_statement", "archive_damaged", "workbook_damaged")


def test_old_workbook_says_what_the_new_one_says():
    rows = (
        ["rekeningnummer", "transactiedatum", "bedrag", "omschrijving"],
        [417164300, 20260105, -21, "BEA Bakker"],
        [417164300, 20260107, 121.5, "Alpha"],
    )
    old, new = one(old_workbook(*rows)), one(workbook(*rows))
    assert old.entries == new.entries
    assert old.account_number == new.account_number == "417164300"
    parsed = parse(old_workbook(*rows), "x.xls")
    assert [notice.code for notice in parsed.warnings] == ["sheet_skipped"]


def test_old_workbook_in_an_archive_and_for_the_screen():
    content = old_workbook(["Date", "Montant"], ["20/01/2026", "5,00"])
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("january.xls", content)
    assert one(target.getvalue()).entries[0].amount == 5
    table, mapping = columns(content, "x.xls")
    assert (table.kind, dict(mapping.columns)["amount"]) == ("xls", "montant")


def test_old_office_file_that_is_no_workbook():
    assert refusal(b"\xd0\xcf\x11\xe0" + b"\0" * 600).code == "not_a_statement"
    content = old_workbook(["Date", "Montant"], ["20/01/2026", "5,00"])
    for damaged in (content[:1500], content[:512] + b"\xff" * 512 + content[1024:]):
        assert refusal(damaged).code in (
            *("workbook_damaged", "not_a_statement", "empty_file"),
        )


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("Date;Montant\n20/01/2026;\n", None, None),
        ("Date;Montant\n;5,00\n", "missing_value", 2),
        ("Date;Montant\n20/13/2026;5\n", "bad_date", 2),
        ("Date;Montant\n20/01/2026;5,0,0\n", "bad_loose_amount", 2),
        ("Date;Montant\n20/01/2026;45,50\n20/01/2026;121.00\n", "bad_loose_amount", 3),
        ("Date;Libellé;Montant\n20/01/2026;A;5,00\n21/01/2026;B", "cut_short", 3),
        ("a;b;c\nd;e;f\n", "columns_unknown", None),
    ],
)
def test_damage(text, code, line):
    if code is None:
        assert refusal(text).code == "missing_value"
        return
    error = refusal(text)
    assert (error.code, error.line) == (code, line)


values = st.decimals(-(10**7), 10**7, places=2).filter(bool)


@given(st.lists(values, min_size=1, max_size=15), st.sampled_from([",", "."]))
def test_round_trip(amounts, mark):
    lines = ["Date;Libellé;Montant"]
    lines += [
        f"20/01/2026;L{n};{str(a).replace('.', mark)}" for n, a in enumerate(amounts)
    ]
    assert [e.amount for e in one("\n".join(lines) + "\n").entries] == amounts
