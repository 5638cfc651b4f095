"""OFX 1 (SGML, tags left open) and OFX 2 (XML).

Source: "Open Financial Exchange Specification" 1.6 and 2.2, chapter 11
(banking). Both are read by one tolerant reader: a tag with text is a value, a
known name without text a group.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ..errors import FormatError, Notice, fail, notice
from ..references import normalise_account, normalise_reference
from ..statement import Entry, Statement, StatementFile, checked
from .camt_entry import identifier
from .probe import Probe
from .text import (
    account_of,
    cut_short,
    french_iban,
    is_iban,
    loose_amount,
    real_day,
    short_raw,
    squeeze,
)

LABEL = "OFX"
FAMILY = "ofx"
MAX_ENTRIES = 200_000
MAX_VALUES = 200  # of one transaction

_SNIFF = re.compile(r"(?i)OFXHEADER|<\s*OFX\s*>")
_TAG = re.compile(r"<(/?)([A-Za-z0-9._]{1,40})\s*(/?)>([^<]*)")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_MARKUP = re.compile(r"(?i)<!\s*(?:DOCTYPE|ENTITY)")
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})", re.ASCII)
_STATEMENTS = {"STMTRS", "CCSTMTRS"}
_GROUPS = {
    *_STATEMENTS,
    *("OFX", "BANKTRANLIST", "BANKACCTFROM", "CCACCTFROM", "LEDGERBAL", "AVAILBAL"),
    *("STMTTRN", "PAYEE", "BANKACCTTO", "CCACCTTO", "CURRENCY", "ORIGCURRENCY"),
    *("INVSTMTRS", "IMAGEDATA", "EXTDBANKACCTTO", "BALLIST", "BAL"),
}
_CATEGORIES = {
    "INT": "interest",
    "FEE": "fees",
    "SRVCHG": "fees",
    "ATM": "cash_out",
    "CASH": "cash_out",
    "POS": "card_purchase",
    "XFER": "internal",
}


def sniff(probe: Probe) -> bool:
    """Whether the header or the root of OFX is at the beginning."""
    return bool(_SNIFF.search(probe.text_head[:4000]))


def parse(probe: Probe) -> StatementFile:
    """Read every bank and card statement; FormatError when one is cut short."""
    text, warnings = probe.decoded()
    if _MARKUP.search(text):
        raise fail("doctype")
    reader = _Reader()
    last = 1
    for last, closing, name, value in _tags(text):
        reader.add(last, closing, name, value)
    statements = reader.close(last)
    if reader.investments:
        warnings = (*warnings, notice("investments_skipped"))
    version = re.search(r'(?i)(?:VERSION[:=]"?)([0-9]{3})', text[:2000])
    label = version and f"ofx.{version.group(1)}"
    return StatementFile("ofx", statements, warnings, FAMILY, label)


def _tags(text: str) -> Iterator[tuple[int, bool, str, str]]:
    """(line, whether it closes, name, text after it) of each tag."""
    text = _CDATA.sub(lambda match: html.escape(match.group(1), quote=False), text)
    line, seen = 1, 0
    for match in _TAG.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        value = html.unescape(match.group(4)).strip()
        name = match.group(2).upper()
        if match.group(3):
            continue  # <TAG/>: nothing
        yield line, bool(match.group(1)), name, value


@dataclass
class _Open:
    line: int
    values: dict[str, str] = field(default_factory=dict)
    transactions: list[tuple[int, dict[str, str]]] = field(default_factory=list)


class _Reader:
    """Keeps the path of open groups, and the values of the innermost record."""

    def __init__(self):
        self.statements: list[Statement] = []
        self.investments = False
        self._path: list[str] = []
        self._open: _Open | None = None
        self._transaction: tuple[int, dict[str, str]] | None = None
        self._count = 0
        self._root = False

    def add(self, line: int, closing: bool, name: str, value: str) -> None:
        if closing:
            self._end(line, name)
        elif value and name not in _STATEMENTS | {"OFX", "STMTTRN"}:
            self._value(line, name, value)
        elif name in _GROUPS:
            self._begin(line, name)

    def close(self, line: int) -> tuple[Statement, ...]:
        if self._transaction or self._open or self._root:
            raise cut_short(line, "</OFX>")
        if not self.statements:
            raise fail("no_statement")
        return tuple(self.statements)

    def _begin(self, line: int, name: str) -> None:
        if name == "OFX":
            self._root = True
        self.investments |= name == "INVSTMTRS"
        if name in _STATEMENTS:
            if self._open:
                raise cut_short(line, f"</{name}>")
            self._open, self._path = _Open(line), []
        elif name == "STMTTRN" and self._open:
            if self._transaction:
                raise cut_short(line, "</STMTTRN>")
            self._count += 1
            if self._count > MAX_ENTRIES:
                raise fail("too_many_entries", line, limit=MAX_ENTRIES)
            self._transaction, self._path = (line, {}), []
        elif self._open and len(self._path) < 8:
            self._path.append(name)

    def _end(self, line: int, name: str) -> None:
        if name == "STMTTRN" and self._transaction:
            self._open.transactions.append(self._transaction)
            self._transaction, self._path = None, []
        elif name in _STATEMENTS and self._open:
            if self._transaction:
                raise cut_short(line, "</STMTTRN>")
            self.statements.append(_statement(self._open))
            self._open = None
        elif name in self._path:
            del self._path[self._path.index(name) :]
        elif name == "OFX":
            self._root = False

    def _value(self, line: int, name: str, value: str) -> None:
        if not self._open:
            return
        values = self._transaction[1] if self._transaction else self._open.values
        if len(values) > MAX_VALUES:
            raise fail("too_complex", line)
        values.setdefault("/".join((*self._path, name)), value)


def _statement(opened: _Open) -> Statement:
    values = opened.values
    currency = (values.get("CURDEF") or "").upper() or None
    account = _own_account(values, opened.line, currency)
    entries = tuple(
        _entry(line, transaction, currency) for line, transaction in opened.transactions
    )
    start = _optional_day(values.get("BANKTRANLIST/DTSTART"), opened.line, "DTSTART")
    end = _optional_day(values.get("BANKTRANLIST/DTEND"), opened.line, "DTEND")
    opening, closing = _balances(values, entries, end, opened.line)
    days = [entry.date for entry in entries]
    warnings: tuple[Notice, ...] = ()
    return checked(
        Statement(
            account_number=account,
            currency=currency,
            date_start=start or min(days, default=None),
            date_end=end or max(days, default=None),
            opening_balance=opening,
            closing_balance=closing,
            number=None,
            entries=entries,
            warnings=warnings,
            line=opened.line,
        )
    )


def _own_account(values: dict[str, str], line: int, currency: str | None) -> str:
    prefix = "BANKACCTFROM" if "BANKACCTFROM/ACCTID" in values else "CCACCTFROM"
    number = normalise_account(values.get(f"{prefix}/ACCTID"))
    if not number:
        raise fail("missing_value", line, "ACCTID")
    bank = values.get(f"{prefix}/BANKID")
    return _iban(number, bank, values.get(f"{prefix}/BRANCHID"), currency)


def _iban(
    number: str, bank: str | None, branch: str | None, currency: str | None
) -> str:
    """The IBAN when the parts are those of a French account."""
    if is_iban(number) or currency not in ("EUR", "XPF"):
        return number
    bank, branch = normalise_account(bank), normalise_account(branch)
    if len(bank) == 10 and not branch:
        bank, branch = bank[:5], bank[5:]
    if len(bank) == 5 and 1 <= len(branch) <= 5 and len(number) <= 11:
        return french_iban(bank, branch.zfill(5), number.zfill(11)) or number
    return number


def _balances(
    values: dict[str, str], entries: tuple[Entry, ...], end: date | None, line: int
) -> tuple[Decimal | None, Decimal | None]:
    """Closing as the bank gives it, opening by subtraction.

    The balance is that of a day: it closes the statement only when that day is
    the end of the list, not when it is the day of the download.
    """
    text = values.get("LEDGERBAL/BALAMT")
    if not text:
        return None, None
    try:
        closing = _plain_amount(text, line, "BALAMT")
    except FormatError:
        return None, None  # informative, and some banks leave it empty
    day = _optional_day(values.get("LEDGERBAL/DTASOF"), line, "DTASOF")
    last = max((entry.date for entry in entries), default=None)
    if day and ((last and day < last) or (end and last and day > end)):
        return None, None
    return closing - sum((entry.amount for entry in entries), Decimal()), closing


def _entry(line: int, values: dict[str, str], currency: str | None) -> Entry:
    for name in ("DTPOSTED", "TRNAMT"):
        if name not in values:
            raise fail("missing_value", line, name)
    amount = _plain_amount(values["TRNAMT"], line, "TRNAMT")
    amount, original, other, rate = _converted(amount, values, currency, line)
    name = squeeze(values.get("PAYEE/NAME"), values.get("NAME"))
    memo = squeeze(values.get("MEMO"))
    label = squeeze(name if memo != name else None, memo)
    if memo and name and memo.startswith(name):
        label = memo
    account = account_of(
        values.get("BANKACCTTO/ACCTID") or values.get("CCACCTTO/ACCTID")
    )
    kind = (values.get("TRNTYPE") or "").upper()[:20] or None
    return Entry(
        date=_day(values["DTPOSTED"], line, "DTPOSTED"),
        value_date=_optional_day(values.get("DTAVAIL"), line, "DTAVAIL"),
        amount=amount,
        bank_id=identifier(values.get("FITID")),
        end_to_end_id=None,
        structured_reference=normalise_reference(memo),
        communication=label,
        partner_name=name,
        partner_account=account
        and _iban(
            account,
            values.get("BANKACCTTO/BANKID"),
            values.get("BANKACCTTO/BRANCHID"),
            currency,
        ),
        raw=short_raw("\n".join(f"{path}: {text}" for path, text in values.items())),
        currency=currency,
        transaction_code=kind,
        category=_CATEGORIES.get(kind),
        original_amount=original,
        original_currency=other,
        exchange_rate=rate,
        line=line,
    )


def _converted(
    amount: Decimal, values: dict[str, str], currency: str | None, line: int
) -> tuple[Decimal, Decimal | None, str | None, Decimal | None]:
    """CURRENCY: the amount is in that one. ORIGCURRENCY: it is converted already."""
    for group in ("CURRENCY", "ORIGCURRENCY"):
        symbol = values.get(f"{group}/CURSYM")
        rate_text = values.get(f"{group}/CURRATE")
        if not symbol or not rate_text or symbol.upper() == currency:
            continue
        rate = loose_amount(rate_text, line, f"{group}/CURRATE", ".")
        if not rate:
            continue
        if group == "CURRENCY":
            own = (amount * rate).quantize(Decimal("0.01"))
            return own, amount, symbol.upper(), rate
        original = (amount / rate).quantize(Decimal("0.01"))
        return amount, original, symbol.upper(), rate
    return amount, None, None, None


def _plain_amount(text: str, line: int, name: str) -> Decimal:
    """OFX does not group thousands: one separator, whichever, is the decimal mark."""
    mark = max(",.", key=text.rfind)
    return loose_amount(text, line, name, mark)


def _day(text: str, line: int, name: str) -> date:
    """The day as it is written; the hour and the zone after it do not move it."""
    match = _DATE.match(text)
    found = match and real_day(*match.groups())
    if not found:
        raise fail("bad_date", line, name, value=text[:40])
    return found


def _optional_day(text: str | None, line: int, name: str) -> date | None:
    return _day(text, line, name) if text and text.strip("0") else None
