"""The first sheet of an XLSX workbook, as cells; bounded before it is opened."""

import io
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from ..errors import Notice, fail, notice
from .archive import check_parts


def read_sheet(
    content: bytes, max_rows: int, max_columns: int
) -> tuple[tuple[tuple[int, tuple], ...], tuple[Notice, ...]]:
    """((row number, cells), …) of the first sheet that has any, and warnings.

    Cells are texts, dates or decimals. Raises FormatError when the workbook is
    damaged, too large, or hides a DOCTYPE.
    """
    check_parts(content)
    import openpyxl  # heavy: only who imports a workbook pays for it

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        sheets = book.worksheets
        for position, sheet in enumerate(sheets):
            rows = _rows(sheet, max_rows, max_columns)
            if rows:
                skipped = len(sheets) - position > 1
                return rows, (notice("sheet_skipped"),) if skipped else ()
    except ValueError as error:
        if hasattr(error, "code"):
            raise
        raise fail("unreadable", format="XLSX", detail=str(error)[:200]) from error
    except Exception as error:
        # openpyxl answers damage with whatever its parts raise
        raise fail("unreadable", format="XLSX", detail=repr(error)[:200]) from error
    raise fail("empty_file")


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
