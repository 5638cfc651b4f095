"""The sales journal of a period as a file for an accountant.

Amounts are `Decimal` in the company's currency; credit notes are negative, so that a
column adds up to what the ledger says.
"""

import csv
import datetime
import io
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import xlsxwriter

# A text that starts with one of these is run as a formula by spreadsheet programs.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


@dataclass(frozen=True)
class Entry:
    """One invoice or credit note."""

    date: datetime.date
    number: str
    journal: str
    partner: str
    vat: str
    country: str
    date_due: datetime.date | None
    reference: str
    net: Decimal
    tax: Decimal
    total: Decimal


@dataclass(frozen=True)
class TaxTotal:
    """Sum of one tax over the period."""

    name: str
    base: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Labels:
    """Headers in the reader's language; `columns` in the order of `Entry`."""

    sheet: str
    tax_sheet: str
    columns: tuple[str, ...]
    tax_columns: tuple[str, ...]
    total: str


def safe_text(value: str) -> str:
    """Keep a text a text: an apostrophe in front of what would be a formula."""
    text = value.replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def totals(entries: Iterable[Entry]) -> tuple[Decimal, Decimal, Decimal]:
    """Net, tax and total of all entries."""
    net = tax = total = Decimal(0)
    for entry in entries:
        net += entry.net
        tax += entry.tax
        total += entry.total
    return net, tax, total


def _texts(entry: Entry) -> tuple[str, ...]:
    return (entry.number, entry.journal, entry.partner, entry.vat, entry.country)


def to_csv(entries: Iterable[Entry], labels: Labels) -> bytes:
    """Semicolons, decimal commas, a byte order mark: as Excel opens it in BE and FR."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow(labels.columns)
    for entry in entries:
        writer.writerow(
            [
                entry.date.isoformat(),
                *(safe_text(text) for text in _texts(entry)),
                entry.date_due.isoformat() if entry.date_due else "",
                safe_text(entry.reference),
                *(_comma(a) for a in (entry.net, entry.tax, entry.total)),
            ]
        )
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def _comma(amount: Decimal) -> str:
    return f"{amount:f}".replace(".", ",")


def to_xlsx(
    entries: Iterable[Entry], taxes: Iterable[TaxTotal], labels: Labels
) -> bytes:
    """Two sheets: the documents with their total row, and the taxes."""
    entries = list(entries)
    buffer = io.BytesIO()
    # strings_to_formulas off: a partner named "=1+1" stays a name
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        money = book.add_format({"num_format": "#,##0.00"})
        money_bold = book.add_format({"num_format": "#,##0.00", "bold": True})
        sheet = book.add_worksheet(labels.sheet[:31])
        sheet.write_row(0, 0, labels.columns, bold)
        for row, entry in enumerate(entries, 1):
            sheet.write_datetime(row, 0, entry.date, day)
            for column, text in enumerate(_texts(entry), 1):
                sheet.write_string(row, column, text)
            if entry.date_due:
                sheet.write_datetime(row, 6, entry.date_due, day)
            sheet.write_string(row, 7, entry.reference)
            for column, amount in enumerate((entry.net, entry.tax, entry.total), 8):
                sheet.write_number(row, column, amount, money)
        last = len(entries) + 1
        sheet.write_string(last, 0, labels.total, bold)
        for column, amount in enumerate(totals(entries), 8):
            sheet.write_number(last, column, amount, money_bold)
        sheet.autofit()
        sheet.freeze_panes(1, 0)
        _write_taxes(book, taxes, labels, bold, money)
    return buffer.getvalue()


def _write_taxes(book, taxes, labels, bold, money) -> None:
    sheet = book.add_worksheet(labels.tax_sheet[:31])
    sheet.write_row(0, 0, labels.tax_columns, bold)
    for row, tax in enumerate(taxes, 1):
        sheet.write_string(row, 0, tax.name)
        sheet.write_number(row, 1, tax.base, money)
        sheet.write_number(row, 2, tax.tax, money)
    sheet.autofit()
