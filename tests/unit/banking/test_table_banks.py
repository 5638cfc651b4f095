"""Tables that need more than the words of their header."""

from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.facturex_banking.engine.formats import columns, parse
from odoo.addons.facturex_banking.engine.formats.table import Mapping
from odoo.addons.facturex_banking.engine.statement import balance_difference

D = Decimal
OTHER = "BE62510007547061"


def one(text, **kwargs):
    (found,) = parse(text.encode(), "x.csv", **kwargs).statements
    return found


def test_fee_beside_the_amount_moves_the_balance():
    found = one(
        "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,"
        "State,Balance\n"
        "CARD,Current,2026-01-06 09:00:00,2026-01-07 09:00:00,A,-3.00,0.00,EUR,"
        "COMPLETED,97.00\n"
        "EXCHANGE,Current,2026-01-08 09:00:00,2026-01-08 09:00:01,B,-20.00,0.50,EUR,"
        "COMPLETED,76.50\n"
        "CARD,Current,2026-01-09 09:00:00,,C,-2.00,0.00,EUR,REVERTED,\n"
        "CARD,Current,2026-01-09 10:00:00,,D,-2.00,0.00,EUR,PENDING,\n"
    )
    assert [e.amount for e in found.entries] == [D("-3.00"), D("-20.50")]
    assert [e.charges for e in found.entries] == [None, D("0.50")]
    assert (found.pending_count, balance_difference(found)) == (2, 0)
    assert found.entries[0].date == date(2026, 1, 7)


def test_fee_already_in_the_amount():
    text = "Date,Description,Amount,Fee,Balance\n"
    text += "2026-01-06,A,-3.00,0.10,97.00\n2026-01-07,B,-20.50,0.50,76.50\n"
    found = one(text)
    assert [e.amount for e in found.entries] == [D("-3.00"), D("-20.50")]
    assert balance_difference(found) == 0


def test_currency_under_the_word_of_value_dates():
    found = one(
        "Type,Product,Startdatum,Datum voltooid,Beschrijving,Bedrag,Kosten,Valuta,"
        "Status,Saldo\n"
        "Kaart,Huidig,2026-01-06 09:00:00,2026-01-07 09:00:00,A,-3.00,0.00,EUR,"
        "VOLTOOID,97.00\n"
    )
    assert (found.currency, found.entries[0].date) == ("EUR", date(2026, 1, 7))
    assert found.entries[0].communication == "A"


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (
            "ID,Date,Amount,Currency,Description,Payer Name,Payee Name,"
            "Payee Account Number",
            [f"1,2026-01-13,-5.00,EUR,A,,ALPHA,{OTHER}", "2,2026-01-14,6.00,EUR,B,C,,"],
        ),
        (
            "Date,Payee,Account number,Amount (EUR),Type Foreign Currency",
            [f"2026-01-13,ALPHA,{OTHER},-5.00,", "2026-01-14,C,,6.00,USD"],
        ),
        (
            "Date;Compte;Description;Montant",
            [f"13.01.2026;{OTHER};ALPHA;-5,00", "14.01.2026;-;C;6,00"],
        ),
    ],
)
def test_account_of_the_other_side_is_not_ours(header, rows):
    found = one("\n".join([header, *rows, ""]))
    assert found.account_number == ""
    assert [e.amount for e in found.entries] == [D(-5), D(6)]
    assert [e.partner_account for e in found.entries] == [OTHER, None]
    assert found.currency in ("EUR", None)
    assert "-" not in [e.partner_name for e in found.entries]


def test_who_paid_and_who_was_paid():
    found = one(
        "Date,Amount,Description,Payment Reference,Payer Name,Payee Name\n"
        "2026-01-13,-5.00,Sent,INV 1,,ALPHA\n2026-01-14,6.00,Received,INV 2,BETA,\n"
    )
    assert [e.partner_name for e in found.entries] == ["ALPHA", "BETA"]
    assert [e.communication for e in found.entries] == ["INV 1 Sent", "INV 2 Received"]


def test_amount_with_tax_is_the_movement():
    found = one(
        "Status,Settlement date (UTC),Operation date (UTC),Total amount (incl. VAT),"
        "Currency,Local amount (incl. VAT),Local currency,Amount (excl. VAT),"
        "Reference\n"
        "settled,13-01-2026 10:00:00,12-01-2026 10:00:00,-121.00,EUR,-130.00,USD,"
        "-100.00,INV 1\n"
        "declined,,14-01-2026 10:00:00,-50.00,EUR,-50.00,EUR,-50.00,\n"
    )
    (entry,) = found.entries
    assert (entry.amount, entry.date) == (D("-121.00"), date(2026, 1, 13))
    assert (found.currency, found.pending_count) == ("EUR", 1)


def test_name_of_the_own_account_is_no_number():
    text = "Booking Date,Account Name,Amount (EUR),Original Currency,Type\n"
    found = one(text + "2026-01-13,Main,-5.00,USD,Card\n2026-01-14,Main,6.00,,In\n")
    assert (found.account_number, found.currency) == ("", None)
    header = "Date,Account,Amount\n"
    assert one(header + "2026-01-13,EUR Main,1.00\n").account_number == ""


def test_balance_of_the_day_on_every_row():
    found = one(
        "dateOp;dateVal;label;category;amount;accountNum;accountLabel;balance\n"
        "2026-01-14;2026-01-14;A;X;-25,50;00012345678;Mine;1000,00\n"
        "2026-01-13;2026-01-13;B;X;1 500,00;00012345678;Mine;1000,00\n"
    )
    assert found.account_number == "00012345678"
    assert [e.amount for e in found.entries] == [D(1500), D("-25.50")]
    assert (found.opening_balance, found.warnings) == (None, ())


def test_sequence_number_not_given_yet():
    text = "Nº de séquence;Date d'exécution;Montant;Communication\n"
    found = one(text + "2026-;13/01/2026;5,00;A\n2026-00012;12/01/2026;6,00;B\n")
    assert [e.bank_id for e in found.entries] == ["2026-00012", None]


def test_text_of_last_resort():
    text = "Date;Description;Montant;communication structurée;Communication libre\n"
    text += "13/01/2026;CARTE GARE;-5,00;;\n14/01/2026;VIREMENT;6,00;;FACTURE 1\n"
    text += "15/01/2026;VIREMENT;7,00;+++202/6000/12320+++;\n"
    found = one(text)
    texts = [e.communication for e in found.entries]
    assert texts == ["CARTE GARE", "FACTURE 1", None]


def test_name_beside_the_account_of_the_other_side():
    text = "Date;Montant;Contrepartie;Compte contrepartie\n"
    (entry,) = one(text + f"13/01/2026;5,00;ALPHA;{OTHER}\n").entries
    assert (entry.partner_name, entry.partner_account) == ("ALPHA", OTHER)


def test_cell_of_several_lines():
    found = one('Date;Libellé;Montant\n13/01/2026;"VIREMENT\nALPHA\nINV 1";5,00\n')
    assert found.entries[0].communication == "VIREMENT ALPHA INV 1"


@pytest.mark.parametrize("filler", ["B", "B" * 200_000])
def test_quote_that_nothing_closes(filler):
    text = 'Date;Libellé;Montant\n13/01/2026;"ALPHA;5,00\n'
    found = one(text + f"14/01/2026;{filler};6,00\n15/01/2026;C;7,00\n")
    assert [e.amount for e in found.entries] == [5, 6, 7]
    assert found.entries[0].communication == "ALPHA"


def test_value_dates_settle_the_order_of_the_dates():
    text = "Date;Date valeur;Montant\n05/01/2026;13/01/2026;5,00\n"
    found = one(text)
    assert (found.entries[0].date, found.warnings) == (date(2026, 1, 5), ())


@pytest.mark.parametrize("text", ["-€ 5,00", "- 5,00 €", "-5,00EUR", "\u2212€5,00"])
def test_sign_before_the_currency(text):
    assert one(f"Date;Montant\n13/01/2026;{text}\n").entries[0].amount == -5


def test_debit_and_credit_in_dutch():
    text = "Datum;Waardedatum;Debet;Krediet;Omschrijving;Saldo\n"
    text += "13/01/2026;13/01/2026;;10,00;A;110,00\n"
    found = one(text + "14/01/2026;14/01/2026;4,00;;B;106,00\n")
    assert [e.amount for e in found.entries] == [10, -4]
    assert balance_difference(found) == 0


def test_proposal_names_only_columns_that_a_person_can_choose():
    header = "Date,Description,Memo,Amount,Fee,Balance,Payer Name,Name\n"
    _table, mapping = columns((header + "2026-01-13,A,,1,0,1,B,C\n").encode())
    assert dict(mapping.columns).keys() == {
        *("date", "communication", "amount", "balance", "partner_name")
    }
    saved = Mapping("mine", mapping.columns)
    assert one(header + "2026-01-13,A,,1,0,1,B,C\n", mappings=[saved]).entries


def test_dash_is_nothing():
    text = "Date;Libellé;Débit;Crédit;Solde\n13/01/2026;A;-;12,00;32,00\n"
    found = one(text + "14/01/2026;B;5,00;-;27,00\n")
    assert [e.amount for e in found.entries] == [12, -5]
    assert balance_difference(found) == 0


def test_card_abroad_keeps_the_currency_of_the_amount():
    found = one(
        "kredietkaart;datum verrichting;Datum verrekening;bedrag;credit;debet;munt;"
        "koers;bedrag in EUR;Handelaar;toelichting\n"
        "1234;13/01/2026;14/01/2026;-10,00;;-10,00;USD;0,9;-9,00;ALPHA INC;\n"
        "1234;14/01/2026;14/01/2026;-5,00;;-5,00;EUR;;-5,00;BETA;X\n"
    )
    assert [e.amount for e in found.entries] == [D(-9), D(-5)]
    assert (found.currency, found.entries[0].partner_name) == (None, "ALPHA INC")


def test_several_dates_and_an_account_of_the_beneficiary():
    found = one(
        "afschrift;datum verrichting;datum valuta;datum boeking;bedrag;"
        "saldo rekening;rekening begunstigde;tegenpartij;mededeling\n"
        f"1;13/01/2026;14/01/2026;15/01/2026;-5,00;95,00;{OTHER};ALPHA;X\n"
    )
    (entry,) = found.entries
    assert (entry.date.day, entry.value_date.day) == (15, 14)
    assert (entry.partner_account, entry.partner_name) == (OTHER, "ALPHA")
    assert (found.account_number, found.opening_balance) == ("", 100)
