"""QIF: dates, amounts and texts, with neither account number nor balance.

Source: Intuit, "Quicken Interchange Format (QIF) files". The journal is to be
chosen by hand; the order of the dates shows in the file, or is guessed and said.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from ..errors import Notice, fail, notice
from ..statement import Entry, Statement, StatementFile
from .camt_entry import identifier
from .probe import Probe
from .text import (
    cut_short,
    date_order,
    decimal_mark,
    find_iban,
    loose_amount,
    loose_day,
    numbered_lines,
    short_raw,
    squeeze,
)

LABEL = "QIF"
FAMILY = "qif"
MAX_ENTRIES = 200_000

_HEADER = re.compile(r"(?im)^!(?:Type|Account|Option|Clear)\b")
_ORDER = re.compile(r"(?im)^!Option:\s*(DMY|MDY|YMD)\b")
_OPENING = {
    *("opening balance", "solde initial", "solde d'ouverture", "solde de départ"),
    *("beginsaldo", "openingssaldo", "eröffnungssaldo", "anfangssaldo"),
}
_ACCOUNTS = {"bank", "ccard", "cash", "oth a", "oth l"}


def sniff(probe: Probe) -> bool:
    """Whether a line of the beginning is a QIF header."""
    return bool(_HEADER.search(probe.text_head[:20_000]))


@dataclass
class _Record:
    line: int
    kind: str
    account: str
    values: dict[str, str] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)


def parse(probe: Probe) -> StatementFile:
    """Read the transactions of bank, card and cash accounts."""
    text, warnings = probe.decoded()
    records = _records(text)
    if not records:
        raise fail("no_statement")
    order, certain = date_order([record.values.get("D", "") for record in records])
    said = _ORDER.search(text)
    if said and not certain:
        order, certain = said.group(1).upper(), True
    if not certain and any("'" in record.values.get("D", "") for record in records):
        order = "MDY"  # Quicken's own way of writing a year
    found: tuple[Notice, ...] = ()
    if not certain:
        found = (notice("dates_guessed", order=order),)
    mark = decimal_mark(record.values.get("T", "") for record in records)
    accounts: dict[str, list[Entry]] = {}
    for record in records:
        entry = _entry(record, order, mark)
        accounts.setdefault(record.account, []).append(entry)
    several = len(accounts) > 1
    statements = tuple(
        Statement(
            account_number=account if several else find_iban(account) or "",
            currency=None,
            date_start=min(entry.date for entry in entries),
            date_end=max(entry.date for entry in entries),
            opening_balance=None,
            closing_balance=None,
            number=None,
            entries=tuple(entries),
            warnings=found,
            owner_name=account or None,
            line=entries[0].line,
        )
        for account, entries in accounts.items()
    )
    return StatementFile("qif", statements, warnings, FAMILY, "qif")


def _records(text: str) -> list[_Record]:
    """The records of the accounts; those of lists and investments are left out."""
    kind, account, records = "", "", []
    current: _Record | None = None
    for line, content in numbered_lines(text):
        content = content.strip()
        if not content:
            continue
        if content.startswith("!"):
            header = content[1:].strip().lower()
            kind = header.removeprefix("type:").strip()
            current = None
        elif content.startswith("^"):
            if current and kind == "account":
                account = current.values.get("N", "")
            elif current and kind in _ACCOUNTS:
                records.append(_complete(current))
            current = None
        else:
            current = current or _Record(line, kind, account)
            current.raw.append(content)
            current.values.setdefault(content[0].upper(), content[1:].strip())
        if len(records) > MAX_ENTRIES:
            raise fail("too_many_entries", line, limit=MAX_ENTRIES)
    if current and kind in _ACCOUNTS:
        if not text.endswith(("\n", "\r")):
            raise cut_short(current.line, "^")
        records.append(_complete(current))
    return [record for record in records if not _is_opening(record)]


def _complete(record: _Record) -> _Record:
    for code, name in (("D", "D (date)"), ("T", "T (amount)")):
        if code == "T":
            record.values.setdefault("T", record.values.get("U", ""))
        if not record.values.get(code):
            raise fail("missing_value", record.line, name)
    return record


def _is_opening(record: _Record) -> bool:
    """Quicken writes the opening balance as a transaction."""
    return record.values.get("P", "").strip().lower() in _OPENING


def _entry(record: _Record, order: str, mark: str | None) -> Entry:
    values = record.values
    payee, memo = squeeze(values.get("P")), squeeze(values.get("M"))
    texts = [payee, memo if memo != payee else None]
    number = identifier(squeeze(values.get("N")))
    text = squeeze(*texts)
    return Entry(
        date=loose_day(values["D"], order, record.line, "D (date)"),
        value_date=None,
        amount=_amount(record, mark),
        bank_id=None,
        end_to_end_id=None,
        structured_reference=None,
        communication=text or number,
        partner_name=payee,
        partner_account=find_iban(text),
        raw=short_raw("\n".join(record.raw)),
        transaction_code=number,
        line=record.line,
    )


def _amount(record: _Record, mark: str | None) -> Decimal:
    return loose_amount(record.values["T"], record.line, "T (amount)", mark)
