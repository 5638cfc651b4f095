"""CSV, XLSX and XLS downloads: a table whose columns a mapping names.

A mapping is proposed from the header (French, Dutch, English, German words that
banks use); a saved one is recognised by its header. Rows above the header may
hold the account; rows below the movements may hold totals.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from ..errors import FormatError, Notice, fail, notice
from ..references import normalise_account, normalise_reference
from ..statement import Entry, Statement, StatementFile, checked
from .camt_entry import identifier
from .probe import Probe
from .sheet import read_old_sheet, read_sheet
from .table_guess import aside_of, columns_of, named, refined
from .table_header import ROLES, fold_header
from .table_headless import WORDS, Headless, is_debit, is_word, read_cells, titles
from .text import (
    account_of,
    cut_short,
    date_order,
    decimal_mark,
    find_iban,
    loose_amount,
    loose_day,
    short_raw,
    squeeze,
)

LABEL = "CSV, XLSX, XLS"
FAMILY = "table"
MAX_ROWS = 200_000
MAX_COLUMNS = 200
HEADER_ROWS = 40  # a header is looked for in these

_SHEETS = {"XLSX": read_sheet, "XLS": read_old_sheet}  # by kind of probe
_DELIMITERS = ";\t,|"
_REFUSED = re.compile(
    r"(?i)refus|geweiger|rejet|reject|annul|pending|en attente|revert|declin|cancel"
    r"|failed|echou|échou|mislukt|teruggedraaid|in behandeling|vorgemerkt|ausstehend"
    r"|rückgängig|abgelehnt|storniert"
)
_YEAR_ONLY = re.compile(r"[0-9]{4}-", re.ASCII)  # a sequence number not given yet
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_TOTAL = re.compile(r"(?i)^(total|totaal|solde|saldo|balance)")


@dataclass(frozen=True)
class Mapping:
    """Which column says what. Columns are named by their header, folded.

    ``columns``: role → header. ``date_order`` and ``decimal`` are None when the
    values themselves tell. ``inverted``: money out is written positive. ``aside``
    are columns that a person does not choose: see ``table_guess``.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    date_order: str | None = None
    decimal: str | None = None
    delimiter: str | None = None
    inverted: bool = False
    aside: tuple[tuple[str, str], ...] = ()

    def header(self, role: str) -> str | None:
        """The folded header of a role."""
        return dict(self.columns).get(role)


@dataclass(frozen=True)
class Table:
    """The rows of a file: cells are texts, dates or decimals."""

    kind: str  # csv, xlsx or xls
    rows: tuple[tuple[int, tuple], ...]  # (line, cells)
    header: int  # index in rows, -1 when none is recognised
    delimiter: str | None = None
    warnings: tuple[Notice, ...] = ()
    complete: bool = True  # the last line has its end
    headless: Headless | None = None  # the header was made by us

    @property
    def titles(self) -> tuple[str, ...]:
        """The headers as they are written; empty without header."""
        cells = self.rows[self.header][1] if self.header >= 0 else ()
        return tuple(str(cell or "").strip() for cell in cells)


def sniff(probe: Probe) -> bool:
    """Whether it is a workbook, or a text in columns that looks like movements."""
    if probe.kind in _SHEETS:
        return True
    if probe.kind or not probe.text_head:
        return False
    head = probe.text_head
    if _CONTROL.search(head) or head.lstrip().startswith(("<", "{", "[")):
        return False
    table = _csv_table(head, complete=False)
    if table.header >= 0:
        return True
    widths = [len(cells) for _line, cells in table.rows[:20]]
    if not widths or min(widths[-5:]) < 3:
        return False
    return len(widths) > 1 or read_cells(table.rows) is not None


def parse(probe: Probe, mappings: Sequence[Mapping] = ()) -> StatementFile:
    """Read a table with the saved mapping of its header, else a proposed one.

    Raises FormatError ``columns_unknown`` when the header does not tell enough.
    """
    table = read_table(probe)
    mapping = choose(table, mappings)
    statements = read_rows(table, mapping)
    if not statements:
        raise fail("no_statement")
    return StatementFile(table.kind, statements, table.warnings, FAMILY, mapping.name)


def read_table(probe: Probe) -> Table:
    """The cells of a file, and where its header stands."""
    if probe.kind in _SHEETS:
        read = _SHEETS[probe.kind]
        rows, warnings = read(probe.content, MAX_ROWS, MAX_COLUMNS)
        table = Table(probe.kind.lower(), rows, -1, None, (*probe.warnings, *warnings))
        return _entitled(replace(table, header=_header_row(rows)))
    text, warnings = probe.decoded()
    if "\0" in text:
        raise fail("unknown_format", filename="the file", supported=LABEL)
    table = _csv_table(text, text.endswith(("\n", "\r")))
    return _entitled(replace(table, warnings=warnings))


def _entitled(table: Table) -> Table:
    """A table without header gets one, above its first movement."""
    found = read_cells(table.rows) if table.header < 0 else None
    if found is None:
        return table
    width = max(len(cells) for _line, cells in table.rows)
    above, moves = table.rows[: found.first], table.rows[found.first : found.end]
    warnings = table.warnings
    if found.columns:
        warnings += (notice("columns_guessed"),)
    if found.left_out:
        warnings += (notice("balance_left_out", found.left_out),)
    return replace(
        table,
        rows=(*above, (moves[0][0], titles(width)), *moves),
        header=found.first,
        headless=found,
        warnings=warnings,
    )


def _csv_table(text: str, complete: bool) -> Table:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    delimiter = _delimiter(text)
    rows = _csv_rows(text, delimiter, csv.QUOTE_MINIMAL)
    if rows is None or _swallowed(rows, delimiter):
        # a quote that nothing closes: then quotes are letters like others
        rows = _csv_rows(text, delimiter, csv.QUOTE_NONE)
        if rows is None:
            raise fail("too_complex")
    return Table("csv", rows, _header_row(rows), delimiter, complete=complete)


def _csv_rows(text: str, delimiter: str, quoting: int) -> tuple | None:
    """(line, cells) of the rows that say something; None when a cell has no end."""
    # with their ends: a cell in quotes may go on in the next line
    lines = (line + "\n" for line in text.split("\n"))
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting)
    blanks = ' "' if quoting == csv.QUOTE_NONE else None
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                kept = [cell.strip().strip(blanks) for cell in cells[:MAX_COLUMNS]]
                rows.append((reader.line_num, tuple(kept)))
            if len(rows) > MAX_ROWS:
                raise fail("too_many_entries", reader.line_num, limit=MAX_ROWS)
    except csv.Error:
        return None
    return tuple(rows)


def _swallowed(rows: Sequence[tuple[int, tuple]], delimiter: str) -> bool:
    """Whether a cell holds whole rows."""
    width = max((len(cells) for _line, cells in rows), default=0)
    return any(
        "\n" in cell and cell.count(delimiter) >= max(width - 1, 2)
        for _line, cells in rows
        for cell in cells
    )


def _delimiter(text: str) -> str:
    """The delimiter that cuts most of the first lines alike, into most pieces."""
    lines = [line for line in text[:50_000].split("\n")[:60] if line.strip()]

    def score(char: str) -> tuple[int, int]:
        counts = [line.count(char) for line in lines if line.count(char)]
        most = max(set(counts), key=counts.count) if counts else 0
        alike = sum(count >= most for count in counts) if most else 0
        return alike * alike * min(most, 8), most

    return max(_DELIMITERS, key=score)


def _header_row(rows: Sequence[tuple[int, tuple]]) -> int:
    """The first row that names a date and an amount; -1 when none does."""
    for index, (_line, cells) in enumerate(rows[:HEADER_ROWS]):
        if {"date", "amount"} <= named(columns_of(cells)):
            return index
    return -1


def propose(table: Table) -> Mapping | None:
    """A mapping read from the header; None without a date and an amount."""
    if table.header < 0:
        return None
    header = table.rows[table.header][1]
    if table.headless:
        return _told_by_cells(table.headless, header)
    columns = columns_of(header)
    refined(columns, header, table.rows[table.header + 1 :])
    if "date" not in columns:
        if "value_date" not in columns:
            return None
        columns["date"] = columns.pop("value_date")
    if "amount" in columns and "debit" in columns and "credit" in columns:
        columns.pop("debit")
        columns.pop("credit")
    ordered = tuple(sorted(columns.items()))
    aside = aside_of(columns, header)
    return Mapping("header", ordered, delimiter=table.delimiter, aside=aside)


def _told_by_cells(headless: Headless, header: Sequence[str]) -> Mapping | None:
    columns, aside = [], []
    for role, place in headless.columns:
        found = aside if role.startswith(WORDS) else columns
        found.append((role, header[place]))
    return Mapping("cells", tuple(columns), aside=tuple(aside)) if columns else None


def choose(table: Table, mappings: Sequence[Mapping]) -> Mapping:
    """The saved mapping whose columns are all there, else the proposed one."""
    for mapping in sorted(mappings, key=lambda m: -len(m.columns)):
        for _line, cells in table.rows[:HEADER_ROWS]:
            headers = {fold_header(cell) for cell in cells}
            if all(header in headers for _role, header in mapping.columns):
                return mapping
    proposed = propose(table)
    if proposed is None:
        found = named(columns_of(table.rows[0][1] if table.rows else ()))
        if table.headless:
            found = {"date"}
        missing = sorted({"date", "amount"} - found)
        raise fail("columns_unknown", missing=", ".join(missing) or "header")
    return proposed


@dataclass
class _Account:
    number: str
    currency: str | None
    entries: list[Entry] = field(default_factory=list)
    balances: list[Decimal | None] = field(default_factory=list)
    fees: list[Decimal] = field(default_factory=list)  # beside the amounts
    skipped: int = 0


class _Row:
    """One row read by role."""

    def __init__(self, line: int, cells: tuple, positions: dict[str, int]):
        self.line, self._cells, self._positions = line, cells, positions

    def cell(self, role: str):
        position = self._positions.get(role)
        if position is None or position >= len(self._cells):
            return None
        value = self._cells[position]
        return None if value in ("", "-", "\u2013") else value

    def text(self, role: str) -> str | None:
        value = self.cell(role)
        return None if value is None else squeeze(str(value))

    def _unnamed(self) -> list[str]:
        roles = (role for role in self._positions if role.startswith(WORDS))
        return [str(cell) for cell in map(self.cell, roles) if cell]

    def words(self) -> str | None:
        """What the columns say that have no name, in their order."""
        return squeeze(*filter(is_word, self._unnamed()))

    def reference(self) -> str | None:
        """The structured reference: in its column, else alone in a cell of text."""
        texts = [self.text("structured_reference"), self.text("communication")]
        # digits alone are the number of something else
        texts += [text for text in self._unnamed() if not text.isdigit()]
        return next(filter(None, map(normalise_reference, texts)), None)

    @property
    def empty(self) -> bool:
        return self.cell("date") is None and not any(
            isinstance(self.cell(role), Decimal) or _figure(self.cell(role))
            for role in ("amount", "debit", "credit")
        )


def _figure(value) -> bool:
    return isinstance(value, str) and any(char.isdigit() for char in value)


def read_rows(table: Table, mapping: Mapping) -> tuple[Statement, ...]:
    """The movements of a table by account. Raises FormatError with line and column."""
    start, positions = _positions(table, mapping)
    rows = [_Row(line, cells, positions) for line, cells in table.rows[start + 1 :]]
    _check_end(table, rows, positions)
    rows = [row for row in rows if not row.empty and not _is_total(row)]
    reader = _Values(rows, mapping)
    preamble = table.rows[:start]
    default = _preamble_account(preamble)
    accounts: dict[tuple[str, str | None], _Account] = {}
    names = {account_of(row.text("account")) for row in rows}
    if len(names) == 1 and not _is_number(*names):
        names = {None}  # one account by its name: the journal is chosen
    for row in rows:
        number = account_of(row.text("account")) if names != {None} else None
        number = number or default
        currency = _currency(row.text("currency"))
        account = accounts.setdefault((number, currency), _Account(number, currency))
        if _REFUSED.search(row.text("status") or ""):
            account.skipped += 1
            continue
        account.entries.append(reader.entry(row, currency))
        account.balances.append(reader.balance(row))
        account.fees.append(reader.fee(row))
    warnings = reader.warnings
    return tuple(_statement(account, warnings) for account in accounts.values())


def _is_number(account: str | None) -> bool:
    return sum(char.isdigit() for char in account or "") >= 4


def _positions(table: Table, mapping: Mapping) -> tuple[int, dict[str, int]]:
    wanted = dict(mapping.columns)
    missing = ""
    for index, (_line, cells) in enumerate(table.rows[:HEADER_ROWS]):
        headers = [fold_header(cell) for cell in cells]
        absent = [header for header in wanted.values() if header not in headers]
        if not absent:
            wanted |= {r: h for r, h in mapping.aside if h in headers}
            return index, {r: headers.index(h) for r, h in wanted.items()}
        missing = missing or absent[0]
    raise fail("column_missing", column=missing, mapping=mapping.name)


def _check_end(table: Table, rows: Sequence[_Row], positions: dict[str, int]) -> None:
    """A last row without its end that lacks columns was cut."""
    if table.complete or not rows or table.kind != "csv":
        return
    width = max(len(cells) for _line, cells in table.rows)
    last = table.rows[-1][1]
    if len(last) < width and len(last) <= max(positions.values()):
        raise cut_short(rows[-1].line, "columns")


def _is_total(row: _Row) -> bool:
    first = row.text("date") or ""
    return bool(_TOTAL.match(first)) or (
        not first and bool(_TOTAL.match(str(row._cells[0] or "")))
    )


def _currency(text: str | None) -> str | None:
    text = (text or "").strip().upper()
    return {"€": "EUR", "$": "USD", "£": "GBP"}.get(text) or (
        text if re.fullmatch("[A-Z]{3}", text) else None
    )


def _preamble_account(rows: Sequence[tuple[int, tuple]]) -> str:
    for _line, cells in rows:
        for cell in cells:
            found = find_iban(normalise_account(str(cell or "")))
            found = found or find_iban(re.sub(r"(?<=\w) (?=\w)", "", str(cell or "")))
            if found:
                return found
    return ""


class _Values:
    """Reads the values of a table in the one way that its columns agree on."""

    def __init__(self, rows: Sequence[_Row], mapping: Mapping):
        self.warnings: list[Notice] = []
        self._inverted = mapping.inverted
        texts, order, certain = [], "DMY", False
        for role in ("date", "value_date"):
            # the value dates tell when the booking dates leave a doubt
            cells = [row.cell(role) for row in rows]
            cells = [cell for cell in cells if isinstance(cell, str)]
            found, sure = date_order(cells)
            if role == "date" or (texts and cells and sure and not certain):
                texts, order, certain = cells, found, sure
        self._order = mapping.date_order or order
        if texts and not certain and not mapping.date_order:
            self.warnings.append(notice("dates_guessed", order=order))
        amounts = (
            value
            for row in rows
            for role in ("amount", "debit", "credit", "balance")
            for value in (row.cell(role),)
            if isinstance(value, str)
        )
        self._mark = mapping.decimal or decimal_mark(amounts)

    def entry(self, row: _Row, currency: str | None) -> Entry:
        text = squeeze(row.text("communication"), row.words(), row.text("details"))
        structured, reference = row.text("structured_reference"), row.reference()
        if structured and not reference:
            text = squeeze(structured, text)
        name, account = row.text("partner_name"), row.text("partner_account")
        if account and not any(char.isdigit() for char in account):
            # a name in a column of both; a dash is neither
            name = name or (account if re.search(r"\w", account) else None)
            account = None
        text = text or row.text("transaction_code")
        bank_id = identifier(row.text("bank_id"))
        if bank_id and _YEAR_ONLY.fullmatch(bank_id):
            bank_id = None
        return Entry(
            date=self._day(row, "date"),
            value_date=self._day(row, "value_date") if row.cell("value_date") else None,
            amount=self._amount(row),
            bank_id=bank_id,
            end_to_end_id=identifier(row.text("end_to_end_id")),
            structured_reference=reference,
            communication=text or (None if reference else row.text("label")),
            partner_name=name or row.text("payer_name"),
            partner_account=account_of(account),
            raw=short_raw(" | ".join(str(cell) for cell in row._cells if cell)),
            currency=currency,
            partner_bic=row.text("partner_bic"),
            transaction_code=(row.text("transaction_code") or "")[:40] or None,
            line=row.line,
        )

    def balance(self, row: _Row) -> Decimal | None:
        value = row.cell("balance")
        if value is None:
            return None
        try:
            return self._number(row, "balance")
        except FormatError:
            return None  # only used to check

    def fee(self, row: _Row) -> Decimal:
        if row.cell("fee") is None:
            return Decimal()
        try:
            return abs(self._number(row, "fee"))
        except FormatError:
            return Decimal()  # a word: nothing that the bank took

    def _day(self, row: _Row, role: str) -> date:
        value = row.cell(role)
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if value is None:
            raise fail("missing_value", row.line, role)
        return loose_day(str(value), self._order, row.line, role)

    def _number(self, row: _Row, role: str) -> Decimal:
        value = row.cell(role)
        if isinstance(value, Decimal):
            return value
        return loose_amount(str(value), row.line, role, self._mark)

    def _amount(self, row: _Row) -> Decimal:
        amount = Decimal()
        if row.cell("amount") is not None:
            amount = self._number(row, "amount")
            if is_debit(row.text("sign")):
                amount = -abs(amount)
        elif row.cell("debit") is None and row.cell("credit") is None:
            raise fail("missing_value", row.line, "amount")
        else:
            if row.cell("credit") is not None:
                amount += abs(self._number(row, "credit"))
            if row.cell("debit") is not None:
                amount -= abs(self._number(row, "debit"))
        return -amount if self._inverted and amount else amount


def _statement(account: _Account, warnings: Sequence[Notice]) -> Statement:
    entries, balances = _charged(account), account.balances
    found = list(warnings)
    opening, closing = _ends(entries, balances)
    newest_first = len(entries) > 1 and _newest_first(entries, balances)
    if newest_first:
        entries = entries[::-1]
    days = [entry.date for entry in entries]
    return checked(
        Statement(
            account_number=account.number,
            currency=account.currency,
            date_start=min(days, default=None),
            date_end=max(days, default=None),
            opening_balance=opening,
            closing_balance=closing,
            number=None,
            entries=tuple(entries),
            warnings=tuple(found),
            pending_count=account.skipped,
            line=entries[0].line if entries else None,
        )
    )


def _charged(account: _Account) -> list[Entry]:
    """The entries less the fees beside them, unless the balances say otherwise."""
    entries, balances = account.entries, account.balances
    if not any(account.fees):
        return entries
    charged = [
        replace(entry, amount=entry.amount - fee, charges=fee) if fee else entry
        for entry, fee in zip(entries, account.fees, strict=True)
    ]
    if None not in balances and not _either_chains(charged, balances):
        return entries if _either_chains(entries, balances) else charged
    return charged


def _either_chains(entries: Sequence[Entry], balances: Sequence) -> bool:
    return _chains(entries, balances) or _chains(entries[::-1], balances[::-1])


def _chains(entries: Sequence[Entry], balances: Sequence[Decimal]) -> bool:
    return all(
        before + entry.amount == after
        for entry, (before, after) in zip(entries[1:], pairwise(balances), strict=True)
    )


def _newest_first(entries: Sequence[Entry], balances: Sequence) -> bool:
    if entries[0].date != entries[-1].date:
        return entries[0].date > entries[-1].date
    if None in balances:
        return False
    return _chains(entries[::-1], balances[::-1]) and not _chains(entries, balances)


def _ends(
    entries: Sequence[Entry], balances: Sequence[Decimal | None]
) -> tuple[Decimal | None, Decimal | None]:
    """Opening and closing from a column of balances, when there is a full one."""
    if not entries or None in balances:
        return None, None
    if len(set(balances)) == 1 and any(entry.amount for entry in entries[1:]):
        return None, None  # the balance of the day of the download, on every row
    if _newest_first(entries, balances):
        entries, balances = entries[::-1], balances[::-1]
    return balances[0] - entries[0].amount, balances[-1]


__all__ = ["FAMILY", "LABEL", "ROLES", "Mapping", "Table", "parse", "propose", "sniff"]
