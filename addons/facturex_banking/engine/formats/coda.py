"""CODA 2: the coded statement of account of Belgian banks.

Source: Febelfin, "Coded statement of account (CODA)", version 2.6: records of
128 characters, positions below count from 0. The sign of a zone decides, never
the code of the movement: banks use the same code both ways.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from ..errors import Notice, fail, notice
from ..references import normalise_account, normalise_reference
from ..statement import Entry, Statement, StatementFile, checked
from .camt_entry import identifier
from .coda_communication import Structured, read_structured
from .coda_labels import category_of, is_fee
from .probe import Probe
from .text import (
    account_of,
    belgian_iban,
    cut_short,
    day_ddmmyy,
    digits,
    first_line,
    fixed_records,
    scaled,
    short_raw,
    squeeze,
)

LABEL = "CODA"
FAMILY = "coda"
WIDTH = 128

_HEADER = re.compile(r"\s*00000[0-9]{6}.{4,}", re.ASCII)
_TOTAL_TYPES = "0123"
_BOOKED_DETAILS = "0567"  # 8 and 9 only break an amount down
_RETURN_TYPES = "12345"
_REASON = re.compile(r"[A-Z]{2}[A-Z0-9]{2}| {4}", re.ASCII)


def sniff(probe: Probe) -> bool:
    """Whether the first record is a header (creation date, bank, duplicate mark)."""
    first = first_line(probe.text_head)
    return len(first) > 40 and bool(_HEADER.match(first))


def parse(probe: Probe) -> StatementFile:
    """Read every statement; FormatError when a record is damaged or missing."""
    text, warnings = probe.decoded()
    reader = _Reader()
    for line, record in fixed_records(text, WIDTH):
        reader.add(line, record)
    statements = reader.close()
    version = f"coda.{reader.version}" if reader.version else None
    return StatementFile("coda", statements, warnings, FAMILY, version)


@dataclass
class _Movement:
    """A record 2.1 and what follows it."""

    line: int
    sequence: str
    detail: str
    bank_reference: str
    amount: Decimal
    value_date: date | None  # pylint: disable=used-before-assignment
    code: str
    structured: bool
    zones: list[str]
    date: date | None
    raw: list[str]
    end_to_end: str | None = None
    bic: str | None = None
    return_type: str = ""
    return_reason: str | None = None
    account: str | None = None
    name: str | None = None
    info: list[tuple[bool, str]] = field(default_factory=list)

    @property
    def counts(self) -> bool:
        return self.detail == "0000" and self.code[0] in _TOTAL_TYPES

    @property
    def content(self) -> str:
        return "".join(self.zones)


@dataclass
class _Open:
    """The statement being read, from record 1 to record 8 or 9."""

    line: int
    account: str
    currency: str | None
    opening: Decimal
    opening_date: date | None
    owner: str | None
    number: str | None
    closing: Decimal | None = None
    closing_date: date | None = None
    movements: list[_Movement] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)


class _Reader:
    """Takes the records in order; knows which one may come next."""

    def __init__(self):
        self.statements: list[Statement] = []
        self.version: str | None = None
        self._inside = False  # between 0 and 9
        self._open: _Open | None = None
        self._bic: str | None = None
        self._created: date | None = None
        self._notices: list[Notice] = []
        self._counted = 0
        self._sums = {"0": Decimal(), "1": Decimal()}
        self._last = 0

    def add(self, line: int, record: str) -> None:
        self._last = line
        kind = record[0]
        readers = {
            "0": self._header,
            "1": self._old_balance,
            "2": self._movement,
            "3": self._information,
            "4": self._message,
            "8": self._new_balance,
            "9": self._trailer,
        }
        if kind not in readers:
            raise fail(
                "bad_value",
                line,
                "record",
                value=kind,
                expected="0, 1, 2, 3, 4, 8, 9",
            )
        if kind != "0" and not self._inside:
            raise fail("bad_order", line, found=kind, expected="0")
        if kind in "12389":
            self._counted += kind != "9"
        readers[kind](line, record)

    def close(self) -> tuple[Statement, ...]:
        if self._inside:
            raise cut_short(self._last, "record 9")
        if not self.statements:
            raise fail("no_statement")
        return tuple(self.statements)

    # records, in the order of a file

    def _header(self, line: int, record: str) -> None:
        if self._inside:
            raise cut_short(line, "record 9")
        if record[127] == "1":
            raise fail("old_version", line, format="CODA", found="1", expected="2")
        if record[127] not in "2 ":
            raise fail("bad_value", line, "version", value=record[127], expected="2")
        self.version = record[127].strip() or self.version
        self._inside = True
        self._bic = record[60:71].strip() or None
        self._created = _optional_day(record[5:11], line, "creation date")
        self._notices = []
        if record[16] == "D":
            self._notices.append(notice("copy_or_duplicate", line, mark="DUPL"))
        self._counted, self._sums = 0, {"0": Decimal(), "1": Decimal()}
        self._first = len(self.statements)

    def _old_balance(self, line: int, record: str) -> None:
        self._close_statement()
        account, currency = _account(record[1], record[5:42])
        if not account:
            raise fail("missing_value", line, "account")
        self._open = _Open(
            line=line,
            account=account,
            currency=currency,
            opening=_amount(record, 42, 15, line, "old balance"),
            opening_date=_optional_day(record[58:64], line, "old balance date"),
            owner=squeeze(record[64:90]),
            number=record[125:128].strip() or record[2:5].strip() or None,
            warnings=list(self._notices),
        )

    def _movement(self, line: int, record: str) -> None:
        opened = self._need(line, record, "1")
        article = record[1]
        if article == "1":
            opened.movements.append(self._start(line, record))
        elif article in "23":
            self._continue(line, record, article)
        else:
            raise fail("bad_value", line, "article", value=article, expected="1, 2, 3")

    def _start(self, line: int, record: str) -> _Movement:
        code = record[53:61]
        if not re.fullmatch("[0-9]{8}", code, re.ASCII):
            raise fail("bad_number", line, "transaction code", value=code)
        amount = _amount(record, 31, 15, line, "amount")
        if record[6:10] == "0000" and code[0] in _TOTAL_TYPES:
            self._sums["1" if amount < 0 else "0"] += abs(amount)
        return _Movement(
            line=line,
            sequence=record[2:6],
            detail=record[6:10],
            bank_reference=record[10:31].strip(),
            amount=amount,
            value_date=_optional_day(record[47:53], line, "value date"),
            code=code,
            structured=record[61] == "1",
            zones=[record[62:115]],
            date=_optional_day(record[115:121], line, "entry date"),
            raw=[record.rstrip()],
        )

    def _continue(self, line: int, record: str, article: str) -> None:
        movement = self._of_same_number(line, record)
        if movement.detail != record[6:10]:
            raise fail("bad_order", line, found=f"2.{article}", expected="2.1")
        movement.raw.append(record.rstrip())
        if article == "2":
            movement.zones.append(record[10:63])
            movement.end_to_end = squeeze(record[63:98])
            movement.bic = account_of(record[98:109])
            # older files have other things here: only an ISO reason confirms it
            if _REASON.fullmatch(record[113:117]):
                movement.return_type = record[112].strip()
                movement.return_reason = record[113:117].strip() or None
        else:
            movement.account = _counterparty_account(record[10:47])
            movement.name = squeeze(record[47:82])
            movement.zones.append(record[82:125])

    def _information(self, line: int, record: str) -> None:
        self._need(line, record, "1")
        movement = self._of_same_number(line, record)
        movement.raw.append(record.rstrip())
        if record[1] == "1":
            movement.info.append((record[39] == "1", record[40:113]))
        elif record[1] in "23":
            text = record[10:115] if record[1] == "2" else record[10:100]
            structured, before = movement.info.pop() if movement.info else (False, "")
            movement.info.append((structured, before + text))
        else:
            raise fail(
                "bad_value", line, "article", value=record[1], expected="1, 2, 3"
            )

    def _of_same_number(self, line: int, record: str) -> _Movement:
        movements = self._need(line, record, "2.1").movements
        if not movements or movements[-1].sequence != record[2:6]:
            found = f"{record[0]}.{record[1]}"
            raise fail("bad_order", line, found=found, expected="2.1")
        return movements[-1]

    def _new_balance(self, line: int, record: str) -> None:
        opened = self._need(line, record, "1")
        number, _currency = _account(None, record[4:41])
        own = opened.account
        if number and own not in (number, belgian_iban(number[:12])):
            raise fail("several_accounts", line, first=own, second=number)
        opened.closing = _amount(record, 41, 15, line, "new balance")
        opened.closing_date = _optional_day(record[57:63], line, "new balance date")

    def _message(self, line: int, record: str) -> None:
        text = squeeze(record[32:112])
        target = self._open.warnings if self._open else self._notices
        if text and len(target) < 50:
            target.append(notice("bank_message", line, text=text))

    def _trailer(self, line: int, record: str) -> None:
        if self._open is None and self._first == len(self.statements):
            raise fail("bad_order", line, found="9", expected="1")
        self._close_statement(self._totals(line, record))
        self._inside = False

    def _totals(self, line: int, record: str) -> list[Notice]:
        announced = digits(record[16:22], line, "number of records")
        found = []
        if announced and announced != self._counted:
            found.append(
                notice("count_mismatch", line, announced=announced, found=self._counted)
            )
        for name, start, sign in (("debit", 22, "1"), ("credit", 37, "0")):
            total = scaled(digits(record[start : start + 15], line, name), 3)
            if total != self._sums[sign]:
                found.append(
                    notice(
                        "totals_mismatch",
                        line,
                        total=name,
                        announced=total,
                        found=self._sums[sign],
                    )
                )
        return found

    def _need(self, line: int, record: str, expected: str) -> _Open:
        if self._open is None:
            raise fail("bad_order", line, found=record[0], expected=expected)
        return self._open

    def _close_statement(self, totals: list[Notice] | None = None) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        warnings = opened.warnings + (totals or [])
        closing, end = opened.closing, opened.closing_date
        if closing is None and not opened.movements:
            closing, end = opened.opening, opened.opening_date
        entries = _entries(opened, end or self._created, warnings)
        self.statements.append(
            checked(
                Statement(
                    account_number=opened.account,
                    currency=opened.currency,
                    date_start=opened.opening_date,
                    date_end=end or max((e.date for e in entries), default=None),
                    opening_balance=opened.opening,
                    closing_balance=closing,
                    number=opened.number,
                    entries=tuple(entries),
                    warnings=tuple(warnings),
                    owner_name=opened.owner,
                    bank_bic=self._bic,
                    line=opened.line,
                )
            )
        )


def _account(structure: str | None, zone: str) -> tuple[str, str | None]:
    """Account and currency of the 37 positions of records 1 and 8.

    Record 8 does not say its structure: an account that begins with a letter
    has the layout of an IBAN, digits in 12 positions that of a Belgian number.
    """
    belgian = structure == "0" or (structure is None and zone[:12].isdigit())
    if belgian and zone[12:13].strip() == "":
        number = belgian_iban(normalise_account(zone[:12]))
        return (number if number.strip("0") else ""), zone[13:16].strip() or None
    currency = zone[34:37].strip() or None
    return normalise_account(zone[:34]), currency


def _counterparty_account(zone: str) -> str | None:
    """The account of the other side, with or without a currency after it."""
    match = re.fullmatch(r"(.*?)\s+([A-Z]{3})?\s*", zone) or re.fullmatch(
        r"(.{34})[A-Z]{3}", zone
    )
    number = account_of(match.group(1) if match else zone)
    return number and belgian_iban(number)


def _amount(record: str, start: int, width: int, line: int, name: str) -> Decimal:
    """A sign (0 credit, 1 debit) and an amount in thousandths."""
    sign = record[start]
    if sign not in "01 ":
        raise fail("bad_value", line, f"{name} sign", value=sign, expected="0, 1")
    value = scaled(digits(record[start + 1 : start + 1 + width], line, name), 3)
    return -value if sign == "1" and value else value


def _optional_day(text: str, line: int, name: str) -> date | None:
    return day_ddmmyy(text, line, name) if text.strip("0 ") else None


def _entries(
    opened: _Open, fallback: date | None, warnings: list[Notice]
) -> list[Entry]:
    """One entry per counting movement, or per detail when they add up to it."""
    entries: list[Entry] = []
    groups: list[list[_Movement]] = []
    for movement in opened.movements:
        if movement.counts:
            groups.append([movement])
        elif not groups or groups[-1][0].sequence != movement.sequence:
            raise fail(
                "bad_order",
                movement.line,
                found=f"2.1 {movement.sequence}/{movement.detail}",
                expected=f"2.1 {movement.sequence}/0000",
            )
        else:
            groups[-1].append(movement)
    for parent, *details in groups:
        entries += _exploded(opened, parent, details, fallback, warnings)
    return entries


def _exploded(
    opened: _Open,
    parent: _Movement,
    details: list[_Movement],
    fallback: date | None,
    warnings: list[Notice],
) -> list[Entry]:
    whole = _entry(opened, parent, fallback)
    booked = [d for d in details if d.code[0] in _BOOKED_DETAILS]
    if booked and sum((d.amount for d in booked), Decimal()) == parent.amount:
        lines = [_entry(opened, detail, fallback, parent) for detail in booked]
        count = len(lines) > 1
        return [
            replace(
                line,
                batch_id=parent.bank_reference or None,
                batch_amount=whole.amount if count else None,
                detail_index=index if count else None,
                detail_id=_detail_id(line, detail, parent),
            )
            for index, (line, detail) in enumerate(zip(lines, booked, strict=True), 1)
        ]
    if booked:
        warnings.append(
            notice(
                "details_differ",
                parent.line,
                number=parent.sequence,
                found=sum((d.amount for d in booked), Decimal()),
                expected=parent.amount,
            )
        )
    broken = [detail for detail in details if detail not in booked]
    fees = [abs(d.amount) for d in broken if is_fee(d.code)]
    raw = [text for movement in (parent, *details) for text in movement.raw]
    return [
        replace(
            _informed(whole, broken),
            raw=short_raw("\n".join(raw)),
            charges=sum(fees, Decimal()) if fees else None,
            batch_count=len(booked) or None,
        )
    ]


def _informed(entry: Entry, details: list[_Movement]) -> Entry:
    """What only a breakdown says: the amount in the original currency."""
    if entry.original_amount is not None:
        return entry
    for detail in details:
        read = _structured(detail)
        if read and read.original_amount:
            return _with_original(entry, read)
    return entry


def _detail_id(line: Entry, detail: _Movement, parent: _Movement) -> str | None:
    own = detail.bank_reference
    other = own if own and own != parent.bank_reference else None
    return line.end_to_end_id or other or line.structured_reference


def _structured(movement: _Movement) -> Structured | None:
    return read_structured(movement.content) if movement.structured else None


def _with_original(entry: Entry, read: Structured) -> Entry:
    amount = read.original_amount
    if not amount or read.original_currency in (None, entry.currency):
        return entry
    return replace(
        entry,
        original_amount=-amount if entry.amount < 0 else amount,
        original_currency=read.original_currency,
        exchange_rate=read.rate,
    )


def _entry(
    opened: _Open,
    movement: _Movement,
    fallback: date | None,
    parent: _Movement | None = None,
) -> Entry:
    read = _structured(movement)
    if read:
        reference, communication = read.reference, read.text
    else:
        communication = squeeze(movement.content)
        reference = normalise_reference(communication)
    if not communication and not reference:
        communication = squeeze(*(t for flag, t in movement.info if not flag))
    day = movement.date or (parent and parent.date) or movement.value_date or fallback
    if day is None:
        raise fail("missing_value", movement.line, "entry date")
    r_type = movement.return_type or (read.return_type if read else "")
    reason = movement.return_reason or (read.return_reason if read else None)
    returned = r_type in _RETURN_TYPES if r_type else False
    entry = Entry(
        date=day,
        value_date=movement.value_date,
        amount=movement.amount,
        bank_id=identifier((parent or movement).bank_reference or None),
        end_to_end_id=identifier(movement.end_to_end),
        structured_reference=reference,
        communication=communication if communication != reference else None,
        partner_name=_name(movement),
        partner_account=movement.account,
        raw=short_raw("\n".join(movement.raw)),
        currency=opened.currency,
        partner_bic=movement.bic,
        transaction_code=movement.code,
        category=category_of(movement.code, movement.amount, returned),
        reversal=returned or movement.code[3:5] in ("49", "99"),
        return_reason=reason if returned or reason else None,
        mandate_id=read.mandate if read else None,
        line=movement.line,
    )
    return _with_original(entry, read) if read else entry


def _name(movement: _Movement) -> str | None:
    """The name of the other side; an information record has it at full length."""
    for structured, text in movement.info:
        if structured and text.startswith("001"):
            full = squeeze(text[3:73])
            if full and (not movement.name or full.startswith(movement.name)):
                return full
    return movement.name
