"""The sales journal file: sums, texts and formulas."""

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from odoo.addons.facturex_portal.engine import sales_journal
from odoo.addons.facturex_portal.engine.sales_journal import Entry, Labels, TaxTotal

LABELS = Labels(
    sheet="Sales",
    tax_sheet="Taxes",
    columns=("Date", "Number", "Journal", "Customer", "VAT", "Country", "Due", "Ref",
             "Net", "Tax", "Total"),
    tax_columns=("Tax", "Base", "Amount"),
    total="Total",
)  # fmt: skip


def entry(number="INV/1", net="100", tax="21", partner="Client", reference="+++1+++"):
    return Entry(
        date=date(2026, 3, 1),
        number=number,
        journal="INV",
        partner=partner,
        vat="BE0477472701",
        country="BE",
        date_due=date(2026, 3, 31),
        reference=reference,
        net=Decimal(net),
        tax=Decimal(tax),
        total=Decimal(net) + Decimal(tax),
    )


ENTRIES = [entry(), entry("INV/2", "0.10", "0.02"), entry("RINV/1", "-50", "-10.5")]


def test_totals_are_exact():
    assert sales_journal.totals(ENTRIES) == (
        Decimal("50.10"),
        Decimal("10.52"),
        Decimal("60.62"),
    )


def test_csv():
    content = sales_journal.to_csv(ENTRIES, LABELS)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == list(LABELS.columns)
    assert rows[2][-3:] == ["0,10", "0,02", "0,12"]
    assert len(rows) == 4


def test_xlsx_has_numbers_dates_and_a_total():
    taxes = [TaxTotal("21%", Decimal("50.10"), Decimal("10.52"))]
    content = sales_journal.to_xlsx(ENTRIES, taxes, LABELS)
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet, tax_sheet = book.worksheets
    assert sheet["A2"].value.date() == date(2026, 3, 1)
    assert sheet["I2"].value == 100
    assert [c.value for c in sheet[5]][-3:] == [50.1, 10.52, 60.62]
    assert [c.value for c in tax_sheet[2]] == ["21%", 50.1, 10.52]


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1"])  # noqa: RUF001
def test_texts_never_become_formulas(start):
    hostile = entry(partner=start, reference=start)
    content = sales_journal.to_csv([hostile], LABELS).decode("utf-8-sig")
    [_head, row] = csv.reader(io.StringIO(content, newline=""), delimiter=";")
    assert row[3] == row[7] == f"'{start}"
    sheet = openpyxl.load_workbook(
        io.BytesIO(sales_journal.to_xlsx([hostile], [], LABELS))
    ).worksheets[0]
    assert sheet["D2"].data_type == "s"


def test_ordinary_texts_are_untouched():
    assert sales_journal.safe_text("Dupont & Fils") == "Dupont & Fils"
    assert sales_journal.safe_text("a\x00b") == "ab"
