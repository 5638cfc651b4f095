"""The first sheet of a workbook, XLSX or XLS, as cells; bounded before it is opened."""

import io
import os
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from ..errors import FormatError, Notice, fail, notice
from .archive import check_parts

MAX_OLD_BYTES = 16 * 1024 * 1024  # an XLS holds 65,536 rows at most, all in memory
_OLD_STREAMS = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book"))


def read_sheet(
    content: bytes, max_rows: int, max_columns: int
) -> tuple[tuple[tuple[int, tuple], ...], tuple[Notice, ...]]:
    """((row number, cells), …) of the first sheet that has any, and warnings.

    Cells are texts, dates or decimals. Raises FormatError when the workbook is
    damaged, too large, or hides a DOCTYPE.
    """
    check_parts(content)
    import openpyxl  # heavy: only who imports a workbook pays for it

    with _damage_told():
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        return _first_filled(
            book.worksheets, lambda sheet: _rows(sheet, max_rows, max_columns)
        )


@contextmanager
def _damage_told():
    try:
        yield
    except FormatError:
        raise
    except Exception as error:
        # the readers answer damage with whatever their parts raise
        raise fail("workbook_damaged") from error


def _first_filled(
    sheets: Sequence, rows_of: Callable
) -> tuple[tuple[tuple[int, tuple], ...], tuple[Notice, ...]]:
    """The rows of the first sheet that has any; that others follow is said."""
    for position, sheet in enumerate(sheets, 1):
        rows = rows_of(sheet)
        if rows:
            return rows, (notice("sheet_skipped"),) if position < len(sheets) else ()
    raise fail("empty_file")


def is_old_workbook(content: bytes) -> bool:
    """Whether an Office file of before 2007 holds a workbook, by its directory."""
    return any(stream in content for stream in _OLD_STREAMS)


def read_old_sheet(
    content: bytes, max_rows: int, max_columns: int
) -> tuple[tuple[tuple[int, tuple], ...], tuple[Notice, ...]]:
    """``read_sheet`` for XLS: ((row number, cells), …) and warnings.

    Raises FormatError when the workbook is damaged, protected or too large.
    """
    if len(content) > MAX_OLD_BYTES:
        size, limit = (round(n / 1024 / 1024, 1) for n in (len(content), MAX_OLD_BYTES))
        raise fail("too_large", size=size, limit=limit)
    import xlrd  # heavy, as openpyxl

    with _damage_told(), open(os.devnull, "w", encoding="utf-8") as silence:
        book = xlrd.open_workbook(
            file_contents=content, logfile=silence, ragged_rows=True
        )
        return _first_filled(
            book.sheets(),
            lambda sheet: _old_rows(sheet, book.datemode, max_rows, max_columns),
        )


def _old_rows(
    sheet, datemode: int, max_rows: int, max_columns: int
) -> tuple[tuple[int, tuple], ...]:
    if sheet.nrows > max_rows:
        raise fail("too_many_entries", max_rows + 1, limit=max_rows)
    found = []
    for number in range(sheet.nrows):
        cells = sheet.row(number)[:max_columns]
        kept = tuple(_cell(_old_value(cell, datemode)) for cell in cells)
        while kept and kept[-1] == "":
            kept = kept[:-1]
        if kept:
            found.append((number + 1, kept))
    return tuple(found)


def _old_value(cell, datemode: int) -> object:
    """What openpyxl would have given for the same cell."""
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, datemode)
    if cell.ctype == xlrd.XL_CELL_NUMBER and cell.value.is_integer():
        return int(cell.value)
    if cell.ctype in (xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    return cell.value


def _rows(sheet, max_rows: int, max_columns: int) -> tuple[tuple[int, tuple], ...]:
    found = []
    limits = {"max_col": max_columns, "values_only": True}
    for number, cells in enumerate(sheet.iter_rows(**limits), 1):
        if number > max_rows:
            raise fail("too_many_entries", number, limit=max_rows)
        kept = tuple(map(_cell, cells))
        while kept and kept[-1] == "":
            kept = kept[:-1]
        if kept:
            found.append((number, kept))
    return tuple(found)


def _cell(value: object) -> str | date | Decimal:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        try:
            # what the cell shows: a float carries no more than 15 digits
            number = Decimal(repr(round(value, 8)))
        except (InvalidOperation, OverflowError):
            return str(value)
        return number if number.is_finite() else str(value)
    return str(value).strip()
