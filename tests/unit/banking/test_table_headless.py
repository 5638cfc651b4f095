"""Tables without a header: what the cells prove, and what they do not."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.errors import FormatError
from odoo.addons.facturex_banking.engine.formats import columns, parse
from odoo.addons.facturex_banking.engine.formats.table import FAMILY, Mapping
from odoo.addons.facturex_banking.engine.statement import (
    balance_difference,
    import_keys,
)

D = Decimal
OWN, OTHER, THIRD = "NL20INGB0001234567", "BE62510007547061", "NL91ABNA0417164300"


def one(*lines, **kwargs):
    text = "".join(f"{line}\n" for line in lines)
    (found,) = parse(text.encode(), "x.csv", **kwargs).statements
    return found


def refusal(*lines, **kwargs):
    with pytest.raises(FormatError) as refused:
        one(*lines, **kwargs)
    return refused.value


def amounts(found):
    return [entry.amount for entry in found.entries]


# account, currency, day, opening, closing, value day, amount, text
TWO_BALANCES = (
    "417164300\tEUR\t20260105\t1000,00\t979,00\t20260106\t-21,00\tBEA NR:A1 Bakker",
    "417164300\tEUR\t20260107\t979,00\t1100,00\t20260107\t121,00\t/NAME/Alpha/REMI/x",
)


def test_opening_and_closing_beside_the_amount():
    found = one(*TWO_BALANCES)
    assert (found.account_number, found.currency) == ("417164300", "EUR")
    assert amounts(found) == [D(-21), D(121)]
    first = found.entries[0]
    assert (first.date, first.value_date) == (date(2026, 1, 5), date(2026, 1, 6))
    assert first.communication == "BEA NR:A1 Bakker"
    assert (found.opening_balance, found.closing_balance) == (1000, 1100)
    assert balance_difference(found) == 0


def test_one_row_with_both_balances():
    # opening plus amount, or amount plus opening?
    assert refusal(TWO_BALANCES[0]).code == "columns_unknown"


def test_it_is_said():
    found = parse("\n".join(TWO_BALANCES).encode() + b"\n", "x.tab")
    assert [notice.code for notice in found.warnings] == ["columns_guessed"]


# day, account, amount, sign, name, account, code, text
MARKS = (
    f'"05-01-2026","{OWN}","21,00","Debet","Bakker","{OTHER}","IC","Brood van nu"',
    f'"15-01-2026","{OWN}","121,00","Credit","Alpha","{THIRD}","OV","Factuur betaald"',
)


def test_signs_in_words():
    found = one(*MARKS)
    assert amounts(found) == [D(-21), D(121)]
    assert found.account_number == OWN
    assert [e.partner_name for e in found.entries] == ["Bakker", "Alpha"]
    assert [e.partner_account for e in found.entries] == [OTHER, THIRD]
    assert found.entries[0].communication == "Bakker IC Brood van nu"


def test_a_row_has_one_key_whatever_comes_with_it():
    """The next download tells it again: short texts, empty columns or not."""
    rows = (
        "05/01/2026;A;-21,00;Carte;;B",
        "06/01/2026;A much longer text than the others;-3,00;;06/01/2026;",
        "07/01/2026;;-9,00;Prélèvement;;Word",
    )
    together = import_keys(one(*rows).entries, FAMILY)
    alone = [import_keys(one(row).entries, FAMILY)[0] for row in rows]
    assert together == alone


def test_structured_reference_alone_in_a_cell():
    found = one(
        "05/01/2026;VIR;-21,00;090933755493", "06/01/2026;VIR;121,00;RF18539007547034"
    )
    assert [e.structured_reference for e in found.entries] == [None, "RF18539007547034"]
    found = one("05/01/2026;VIR ALPHA;-21,00;+++090/9337/55493+++")
    assert found.entries[0].structured_reference == "090933755493"
    assert found.entries[0].communication == "VIR ALPHA"


def test_newest_first_with_a_balance():
    found = one(
        "15/01/2026;Facture 7;121,00;1100,00",
        "05/01/2026;Pain;-21,00;979,00",
    )
    assert amounts(found) == [D(-21), D(121)]
    assert (found.opening_balance, found.closing_balance) == (1000, 1100)


def test_balance_before_the_movement_proves_but_closes_nothing():
    rows = (
        "05-01-2026,Brood,EUR,1000.00,EUR,21.00",
        "06-01-2026,Factuur,EUR,1021.00,EUR,79.00",
        "07-01-2026,Huur,EUR,1100.00,EUR,-400.00",
    )
    found = one(*rows)
    assert amounts(found) == [D(21), D(79), D(-400)]
    assert found.closing_balance is None


def test_row_of_the_account_above():
    """The first row is of the account; its rows of movements have other columns."""
    found = one(
        "Compte de chèques;Compte de chèques;****1234;15/01/2026;;1 100,00",
        "15/01/2026;;;VIR SEPA ALPHA FACTURE 7;121,00",
        "05/01/2026;;;CARTE BOULANGERIE;-21,00",
    )
    assert amounts(found) == [D(-21), D(121)]
    assert found.entries[1].communication == "VIR SEPA ALPHA FACTURE 7"


def test_balance_below():
    lines = (
        "05/01/2026;-21,00;Carte;;CB  BOULANGERIE  04/01/26;;0;Divers",
        "15/01/2026;121,00;Virement;;VIR ALPHA;;0;",
        "15/01/2026;1100,00;;;;01234 123456A;;",
    )
    found = parse("\n".join(lines).encode() + b"\n", "x.csv")
    assert [(n.code, n.line) for n in found.warnings] == [
        ("columns_guessed", None),
        ("balance_left_out", 3),
    ]
    (statement,) = found.statements
    assert amounts(statement) == [D(-21), D(121)]
    assert statement.entries[0].communication == (
        "Carte CB BOULANGERIE 04/01/26 Divers"
    )


def test_last_row_that_is_a_movement_stays():
    assert len(one("05/01/2026;-21,00;Pain;", "15/01/2026;121,00;;").entries) == 2


def test_whole_amounts_beside_a_balance_with_cents():
    rows = ("05/01/2026;Pain;-21;-979,50", "15/01/2026;Facture;121;-858,50")
    assert amounts(one(*rows)) == [D(-21), D(121)]


def test_numbers_beside_the_only_amounts():
    """A cheque has a number, others have none; zeros count nothing."""
    rows = ("05/01/2026;-21,00;Pain;;0", "15/01/2026;-9,00;CHEQUE;1234567;0")
    assert amounts(one(*rows)) == [D(-21), D(-9)]
    rows = ("05/01/2026;-21,5;Pain;00017", "15/01/2026;-9,25;Eau;00018")
    assert amounts(one(*rows)) == [D("-21.5"), D("-9.25")]


def test_debit_and_credit_apart():
    signed = ("05/01/2026;Pain;-21,00;", "15/01/2026;Facture 7;;121,00")
    assert amounts(one(*signed)) == [D(-21), D(121)]
    proved = ("05/01/2026;Pain;21,00;;979,00", "15/01/2026;Facture;;121,00;1100,00")
    assert amounts(one(*proved)) == [D(-21), D(121)]
    assert amounts(one(*proved[::-1])) == [D(-21), D(121)]
    # of one day: balances after, read down, or before, read up with other signs
    doubtful = [row.replace("15/", "05/") for row in proved]
    assert refusal(*doubtful).code == "columns_unknown"


@pytest.mark.parametrize(
    "rows",
    [
        # all positive: nothing says what went out
        ("05/01/2026;Pain;21,00", "15/01/2026;Facture;121,00"),
        # two figures, neither proved
        ("05/01/2026;Pain;-21,00;3,00", "15/01/2026;Facture;121,00;5,00"),
        # debit and credit, or credit and debit
        ("05/01/2026;Pain;21,00;", "15/01/2026;Facture;;121,00"),
        # one letter on every row may be anything
        ("05/01/2026;D;Pain;21,00", "15/01/2026;D;Facture;121,00"),
        # a dash is a filler
        ("05/01/2026;-;Pain;21,00", "15/01/2026;-;Facture;121,00"),
        # two signs, one against the other
        ("05/01/2026;Credit;Pain;-21,00", "15/01/2026;Debit;Facture;121,00"),
        # figures without cents may be numbers
        ("05/01/2026;Pain;-21;12", "15/01/2026;Facture;121;13"),
        # whole amounts beside a balance below zero that proves nothing
        ("05/01/2026;Pain;-21;-979,50", "15/01/2026;Facture;121;-900,00"),
        ("05/01/2026;Pain;-21;-979,50",),
        # numbers that count up by one
        ("05/01/2026;Pain;1;1;9,00", "15/01/2026;Facture;1;2;121,00"),
        # a balance that breaks
        ("05/01/2026;Pain;-21,00;979,00", "15/01/2026;Facture;121,00;1101,00"),
    ],
)
def test_what_the_cells_do_not_tell_is_refused(rows):
    refused = refusal(*rows)
    assert refused.code == "columns_unknown"
    assert "amount" in refused.message


def test_a_person_names_the_columns():
    rows = ("05/01/2026;Pain;21,00", "15/01/2026;Loyer;121,00")
    mapping = Mapping(
        "by hand",
        (("date", "column 1"), ("communication", "column 2"), ("amount", "column 3")),
        inverted=True,
    )
    assert amounts(one(*rows, mappings=[mapping])) == [D(-21), D(-121)]
    table, proposed = columns("\n".join(rows).encode(), "x.csv")
    assert (table.titles, proposed) == (("column 1", "column 2", "column 3"), None)


def test_words_above_are_a_header_that_a_person_explains():
    rows = ("Giorno;Testo;Cifra", "05/01/2026;Pane;-21,00", "06/01/2026;Affitto;-9,00")
    assert refusal(*rows).code == "columns_unknown"
    mapping = Mapping("it", (("date", "giorno"), ("amount", "cifra")))
    assert amounts(one(*rows, mappings=[mapping])) == [D(-21), D(-9)]


def test_a_broken_row_in_the_middle_is_named():
    rows = ("05/01/2026;Pain;-21,00", "demain;Loyer;-9,00", "07/01/2026;Eau;-3,00")
    assert refusal(*rows).code == "columns_unknown"


CENTS = st.integers(-1_000_000, 1_000_000).filter(bool)


@given(st.lists(CENTS, min_size=2, max_size=12), st.integers(-10_000, 10_000))
def test_a_running_balance_proves_every_amount(cents, opening):
    lines, balance = [], opening
    for number, value in enumerate(cents):
        balance += value
        figures = f"{value / 100:.2f};{balance / 100:.2f}"
        lines.append(f"{number + 1:02}/01/2026;Line of text;{figures}")
    found = one(*lines)
    assert amounts(found) == [D(value) / 100 for value in cents]
    if len(set(cents)) > 1:
        assert found.opening_balance == D(opening) / 100


@given(
    st.lists(CENTS, min_size=1, max_size=6),
    st.integers(-1_000_000, 1_000_000),
    st.permutations(range(8)),
    st.sets(st.integers(0, 7)),
    st.booleans(),
    st.booleans(),
)
def test_amounts_are_right_or_refused(cents, opening, order, kept, whole, upwards):
    """Whatever stands beside them, and in whatever order."""
    if whole:
        cents = [value // 100 * 100 or 100 for value in cents]
    rows, balance = [], opening
    for number, value in enumerate(cents):
        before, balance = balance, balance + value
        amount = f"{value // 100}" if whole else f"{value / 100:.2f}"
        rows.append(
            (
                *(f"{number + 1:02}/01/2026", amount),
                *(f"{balance / 100:.2f}", f"{before / 100:.2f}", f"Text {number}"),
                *(str(number + 1), "7", f"{abs(value) / 100:.2f}"),
            )
        )
    columns = [place for place in order if place in kept | {0, 1, 4}]
    lines = [";".join(row[place] for place in columns) for row in rows]
    try:
        found = one(*(lines[::-1] if upwards else lines))
    except FormatError as refused:
        assert refused.code == "columns_unknown"
        return
    assert amounts(found) == [D(value) / 100 for value in cents]
