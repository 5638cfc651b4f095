"""Every sample file of every format: read with figures that add up, or refused."""

from decimal import Decimal

import pytest

from odoo.addons.facturex_banking.engine.errors import MESSAGES, NOTICES, FormatError
from odoo.addons.facturex_banking.engine.formats import parse
from odoo.addons.facturex_banking.engine.statement import (
    balance_difference,
    continuity_gaps,
)

from .samples import names, sample

D = Decimal

# file: (format, statements, entries, sum of the entries)
GOOD = {
    "coda/febelfin_CODA.txt": ("coda", 1, 67, "9405296.99"),
    "coda/febelfin_CODA-empty.txt": ("coda", 1, 0, "0"),
    "cfonb120/pennylane_example.txt": ("cfonb120", 2, 6, "26.68"),
    "mt940/betterplace_sepa_mt9401.sta": ("mt940", 20, 97, "-9269135.90"),
    "mt940/betterplace_with_binary_character.sta": ("mt940", 2, 4, "-179066.75"),
    "mt940/jejik_generic.sta": ("mt940", 2, 2, "-20.00"),
    "mt940/jejik_rabobank-iban.sta": ("mt940", 2, 4, "-70.00"),
    "mt940/jejik_sns.sta": ("mt940", 2, 2, "-25.00"),
    "ofx/checking.ofx": ("ofx", 1, 3, "-59.50"),
    "ofx/multiple_accounts.ofx": ("ofx", 2, 0, "0"),
    "qif/test.qif": ("qif", 1, 5, "-35.50"),
    "qif/test_split.qif": ("qif", 1, 1, "-10.00"),
    "own/c053.xml": ("camt.053", 1, 3, "302.50"),
    "own/demo.cod": ("coda", 1, 5, "253.75"),
    "own/demo.csv": ("csv", 1, 5, "253.75"),
    "own/demo.ofx": ("ofx", 1, 3, "72.25"),
    "own/demo.qif": ("qif", 1, 2, "75.50"),
    "own/demo.sta": ("mt940", 1, 3, "15.00"),
    "own/demo_cfonb120.txt": ("cfonb120", 1, 5, "253.75"),
}
# their authors changed the amounts and left the balances: kept, and said
MISMATCHED = {
    "mt940/betterplace_sepa_snippet.sta": 1,
    "mt940/jejik_abnamro.sta": 2,
    "mt940/jejik_ing.sta": 1,
    "mt940/jejik_knab.sta": 1,
    "mt940/jejik_postfinance.sta": 1,
    "mt940/jejik_rabobank.sta": 2,
    "mt940/jejik_triodos.sta": 1,
}
# refused, each with its code and the line that is named
BROKEN = {
    "cfonb120/pennylane_end_of_statement_without_beginning.txt": ("bad_order", 9),
    "cfonb120/pennylane_invalid_date.txt": ("bad_date", 1),
    "cfonb120/pennylane_new_statement_without_previous_ended.txt": ("bad_order", 6),
    "cfonb120/pennylane_operation.txt": ("bad_order", 1),
    "cfonb120/pennylane_operation_already_defined.txt": ("bad_order", 1),
    "cfonb120/pennylane_operation_detail_without_operation.txt": ("bad_order", 3),
    "cfonb120/pennylane_operation_out_of_statement.txt": ("bad_order", 1),
    "cfonb120/pennylane_operation_unstarted.txt": ("bad_order", 1),
    "mt940/betterplace_amount_formats.sta": ("unknown_format", None),
    "mt940/betterplace_currency_in_25.sta": ("unknown_format", None),
    "mt940/betterplace_empty_86.sta": ("unknown_format", None),
    "mt940/betterplace_empty_entry_date.sta": ("unknown_format", None),
    "mt940/betterplace_empty_line.sta": ("unknown_format", None),
    "mt940/betterplace_missing_crlf_at_end.sta": ("unknown_format", None),
    "mt940/betterplace_sepa_snippet_broken.sta": ("bad_order", 6),
    "ofx/bank_small.ofx": ("no_statement", None),
    "ofx/fail_nice_date_missing.ofx": ("missing_value", 33),
    "qif/test_nosymbol.qif": ("no_statement", None),
}


def entries_of(file):
    return [entry for statement in file.statements for entry in statement.entries]


@pytest.mark.parametrize("name", GOOD)
def test_good_file(name):
    kind, statements, count, total = GOOD[name]
    file = parse(sample(name), name)
    entries = entries_of(file)
    assert (file.format, len(file.statements), len(entries)) == (
        kind,
        statements,
        count,
    )
    assert sum((entry.amount for entry in entries), D()) == D(total)
    assert {balance_difference(s) for s in file.statements} <= {None, D(0)}
    assert file.refused == ()
    for entry in entries:
        assert entry.raw
        assert "\0" not in entry.raw
        assert entry.date.year > 1999


@pytest.mark.parametrize("name", MISMATCHED)
def test_file_that_does_not_add_up_is_kept_and_said(name):
    file = parse(sample(name), name)
    codes = [w.code for s in file.statements for w in s.warnings]
    codes = [code for code in codes if code != "page_alone"]
    assert codes == ["balance_mismatch"] * MISMATCHED[name]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file(name):
    code, line = BROKEN[name]
    with pytest.raises(FormatError) as caught:
        parse(sample(name), name)
    assert (caught.value.code, caught.value.line) == (code, line)


def test_every_sample_is_in_a_table():
    found = {n for n in names("*/*") if not n.startswith("camt053/")}
    assert found == set(GOOD) | set(MISMATCHED) | set(BROKEN)


def test_broken_example_of_consecutive_days_is_a_gap():
    """The two blocks of the French sample chain, though of two accounts."""
    file = parse(sample("cfonb120/pennylane_example.txt"), "x")
    assert continuity_gaps(file.statements) == ()


@pytest.mark.parametrize(
    "name", [n for n in {**GOOD, **MISMATCHED} if not n.endswith((".qif", ".csv"))]
)
def test_truncated_at_every_tenth(name):
    """Cut anywhere, a format with an end imports nothing by mistake."""
    content = sample(name).rstrip()
    statements = len(parse(content, name).statements)
    for tenth in range(1, 10):
        piece = content[: len(content) * tenth // 10]
        try:
            file = parse(piece, name)
        except FormatError as error:
            assert error.code in MESSAGES
        else:
            # only between two complete statements of one file
            assert len(file.statements) < statements or not entries_of(file)
            assert {balance_difference(s) for s in file.statements} <= {None, D(0)} or (
                name in MISMATCHED
            )


@pytest.mark.parametrize("name", [*GOOD, *MISMATCHED])
@pytest.mark.parametrize("ends", [b"\r\n", b"\r"])
def test_line_ends_change_nothing(name, ends):
    content = sample(name).replace(b"\r\n", b"\n")
    if name.endswith(".xml"):
        return
    first, second = parse(content, name), parse(content.replace(b"\n", ends), name)
    assert [(e.date, e.amount, e.communication) for e in entries_of(first)] == [
        (e.date, e.amount, e.communication) for e in entries_of(second)
    ]


@pytest.mark.parametrize("name", [n for n in GOOD if not n.endswith(".xml")])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_change_nothing(name, encoding):
    plain = sample(name).decode("utf-8-sig", "ignore")
    first = parse(plain.encode(), name)
    second = parse(plain.encode(encoding, "replace"), name)
    assert len(entries_of(first)) == len(entries_of(second))
    assert [e.partner_name for e in entries_of(first)] == [
        e.partner_name for e in entries_of(second)
    ]


def test_notices_are_filled_in():
    for sentence in NOTICES.values():
        assert sentence.endswith((".", "s", ")")), sentence
