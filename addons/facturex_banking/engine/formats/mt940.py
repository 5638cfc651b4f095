"""SWIFT MT940 (statement) and MT942 (report of the day).

Source: SWIFT, "Category 9: Cash Management and Customer Status", MT940 and
MT942. What banks write in field 86 is their own: see ``mt940_details``.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from ..errors import Notice, fail, notice
from ..references import normalise_account, normalise_reference
from ..statement import Entry, Statement, StatementFile, checked
from .camt_entry import identifier
from .mt940_details import FULL, WRAP, Details, read_details
from .probe import Probe
from .text import (
    cut_short,
    find_iban,
    is_iban,
    numbered_lines,
    real_day,
    short_raw,
    squeeze,
    with_check_digits,
)

LABEL = "MT940, MT942 (SWIFT)"
FAMILY = "mt940"

_TAG = re.compile(r":([0-9]{2}[A-Z]?|[A-Z]{2,3}|[0-9]{3}):")
_TAGS = {
    *("12", "13D", "20", "21", "25", "25P", "28", "28C", "34F", "60F", "60M", "61"),
    *("62F", "62M", "64", "65", "86", "90C", "90D", "NS", "940", "942"),
}
# a time that the width of the field cut after the hour
_CUT_TIME = re.compile(r"(?s).*[0-2][0-9]")
_TIME_GOES_ON = re.compile(r":[0-5][0-9]:[0-5][0-9](?![0-9/])")
_SNIFF = re.compile(r"(?m)^\s*(?:\{4:)?\s*:20:")
_SNIFF_MORE = re.compile(r"(?m)^:(?:25[A-Z]?|60[FM]|61):")
_BALANCE = re.compile(
    r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,18}(?:[,.][0-9]{0,6})?)", re.ASCII
)
_LINE = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>R?[CD]|E[CD])(?P<third>[A-Z])?"
    r"\s?(?P<amount>[0-9]{1,18}(?:[,.][0-9]{0,6})?)"
    r"\s?(?:(?P<type>[NSF][A-Z0-9]{3})(?P<rest>.*))?",
    re.ASCII | re.DOTALL,
)
_ENVELOPE = re.compile(r"\{[1235]:(?:[^{}]|\{[^{}]*\})*\}|\{4:")


def sniff(probe: Probe) -> bool:
    """Whether fields 20 and then 25, 60 or 61 begin lines."""
    head = probe.text_head
    return bool(_SNIFF.search(head) and _SNIFF_MORE.search(head))


def parse(probe: Probe) -> StatementFile:
    """Read every statement, its pages joined. FormatError when one is cut short."""
    text, warnings = probe.decoded()
    reader = _Reader()
    for line, tag, value in _fields(text):
        reader.add(line, tag, value)
    statements = reader.close()
    intraday = all(statement.intraday for statement in statements)
    name = "mt942" if intraday else "mt940"
    return StatementFile(name, statements, warnings, FAMILY, name)


def _fields(text: str) -> list[tuple[int, str, str]]:
    """(line, tag, value) of each field; a value keeps its line breaks."""
    text = _ENVELOPE.sub(lambda m: "\n" * m.group().count("\n") + "\n", text)
    found: list[list] = []
    for line, content in numbered_lines(text):
        kept = content.rstrip()
        if len(content) == len(kept) + 1 and len(content) in FULL:
            kept += " "  # the width of the field ends after a word
        content = kept.lstrip("\ufeff")
        match = _TAG.match(content)
        if match and not (found and _goes_on(found[-1], match)):
            found.append([line, match.group(1), content[match.end() :]])
        elif re.match(r"-(?:\}|$)|-XXX", content):
            found.append([line, "-", ""])
        elif found and found[-1][1] != "-":
            found[-1][2] += "\n" + content
    return [tuple(piece) for piece in found]


def _goes_on(before: list, match: re.Match) -> bool:
    """Whether what looks like a tag is a text of field 86 cut by the width."""
    _line, tag, value = before
    if tag != "86" or len(value.rpartition("\n")[2]) < WRAP - len(":86:"):
        return False
    if match.group(1) not in _TAGS:
        return True
    return bool(_CUT_TIME.fullmatch(value) and _TIME_GOES_ON.match(match.string))


@dataclass
class _Balance:
    amount: Decimal
    currency: str
    day: date
    final: bool


@dataclass
class _Line:
    line: int
    date: date
    value_date: date  # pylint: disable=used-before-assignment
    amount: Decimal
    type: str | None
    reference: str | None
    bank_reference: str | None
    supplement: str | None
    reversal: bool
    raw: str
    details: list[str] = field(default_factory=list)


@dataclass
class _Open:
    line: int
    reference: str | None
    account: str | None = None
    number: str | None = None
    page: int | None = None
    currency: str | None = None
    opening: _Balance | None = None
    closing: _Balance | None = None
    intraday: bool = False
    lines: list[_Line] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    ended: bool = False  # a closing balance or the sums of an MT942 came


class _Reader:
    """Takes the fields in order; a message begins at field 20."""

    def __init__(self):
        self.statements: list[Statement] = []
        self._open: _Open | None = None
        self._page: _Open | None = None  # an intermediate page to be continued

    def add(self, line: int, tag: str, value: str) -> None:
        if tag == "20":
            self._finish(line)
            self._open = _Open(line, value.strip() or None)
            return
        if tag == "-":
            self._finish(line)
            return
        readers = {
            "25": self._account,
            "25P": self._account,
            "28": self._number,
            "28C": self._number,
            "34F": self._floor,
            "13D": self._moment,
            "60F": self._opening,
            "60M": self._opening,
            "61": self._movement,
            "86": self._detail,
            "62F": self._closing,
            "62M": self._closing,
            "90C": self._sums,
            "90D": self._sums,
        }
        if tag not in readers:
            return  # 21, 64, 65 and the bank's own say nothing that is booked
        if self._open is None:
            if tag == "86":
                return  # information on the whole statement, after its end
            raise fail("bad_order", line, found=f":{tag}:", expected=":20:")
        readers[tag](line, value)
        if tag == "62M":
            self._open.closing.final = False

    def close(self) -> tuple[Statement, ...]:
        self._finish(None)
        self._flush_page()
        if not self.statements:
            raise fail("no_statement")
        return tuple(self.statements)

    def _account(self, line: int, value: str) -> None:
        if self._open.lines:
            raise fail("bad_order", line, found=":25:", expected=":62F:")
        self._open.account = _account(value.split("\n")[0])

    def _number(self, _line: int, value: str) -> None:
        number, _slash, page = value.strip().partition("/")
        number = number.strip()
        self._open.number = number.lstrip("0") or None
        self._open.page = int(page) if re.fullmatch("[0-9]{1,5}", page) else None

    def _floor(self, _line: int, value: str) -> None:
        self._open.intraday = True
        self._open.currency = self._open.currency or value.strip()[:3] or None

    def _moment(self, _line: int, _value: str) -> None:
        self._open.intraday = True

    def _opening(self, line: int, value: str) -> None:
        balance = _balance(line, value, "60")
        self._open.opening = balance
        self._open.currency = balance.currency

    def _closing(self, line: int, value: str) -> None:
        balance = _balance(line, value, "62")
        if self._open.opening is None:
            raise fail("bad_order", line, found=":62:", expected=":60F:")
        self._open.closing = balance
        self._open.ended = True

    def _sums(self, _line: int, _value: str) -> None:
        self._open.intraday = True
        self._open.ended = True

    def _movement(self, line: int, value: str) -> None:
        opened = self._open
        if opened.opening is None and not opened.intraday:
            raise fail("bad_order", line, found=":61:", expected=":60F:")
        opened.lines.append(_line(line, value))

    def _detail(self, _line: int, value: str) -> None:
        opened = self._open
        if opened.lines and not opened.ended:
            opened.lines[-1].details.append(value)

    def _finish(self, line: int | None) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        bare = not opened.lines and opened.opening is None and not opened.account
        if bare:
            return  # the heading of a message, nothing of a statement
        intraday = opened.intraday and opened.opening is None
        if not opened.ended and not intraday:
            raise cut_short(line, ":62F:")
        if not opened.account:
            raise fail("missing_value", opened.line, ":25:")
        opened.intraday = intraday
        if self._page and _follows(self._page, opened):
            opened, self._page = _joined(self._page, opened), None
        self._flush_page()
        if opened.closing is not None and not opened.closing.final:
            self._page = opened  # an intermediate page: the next one may go on
            return
        self.statements.append(_statement(opened))

    def _flush_page(self) -> None:
        page, self._page = self._page, None
        if page:
            page.warnings.append(notice("page_alone", page.line))
            self.statements.append(_statement(page))


def _follows(page: _Open, following: _Open) -> bool:
    return (
        page.account == following.account
        and page.number == following.number
        and following.opening is not None
        and following.opening.amount == page.closing.amount
    )


def _joined(page: _Open, following: _Open) -> _Open:
    page.lines += following.lines
    page.closing, page.ended = following.closing, following.ended
    return page


def _balance(line: int, value: str, tag: str) -> _Balance:
    match = _BALANCE.match(value.strip())
    if not match:
        raise fail("bad_loose_amount", line, f":{tag}:", value=value.strip()[:40])
    mark, day, currency, amount = match.groups()
    value_ = _decimal(amount)
    return _Balance(
        -value_ if mark == "D" and value_ else value_,
        currency,
        _day(day, line, tag),
        True,
    )


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ".").rstrip(".") or "0")


def _day(text: str, line: int, tag: str) -> date:
    year = int(text[:2])
    year += 2000 if year < 80 else 1900
    found = real_day(year, text[2:4], text[4:6])
    if not found and text[2:] in ("0229", "0230"):
        # months of thirty days: interest falls due on the last day of February
        found = real_day(year, 3, 1) - timedelta(days=1)
    if not found:
        raise fail("bad_date", line, f":{tag}:", value=text)
    return found


def _line(line: int, value: str) -> _Line:
    first, _break, supplement = value.partition("\n")
    match = _LINE.match(first.strip())
    if not match:  # cut by a width
        more, _break, rest = supplement.partition("\n")
        match = _LINE.match(first.strip() + more.strip())
        supplement = rest
    if not match:
        raise fail("bad_loose_amount", line, ":61:", value=first.strip()[:40])
    value_date = _day(match["value"], line, "61")
    amount = _decimal(match["amount"])
    # RC undoes a credit and RD a debit; EC and ED are expected, not booked yet
    negative = match["mark"] in ("D", "RC", "ED")
    reference, slashes, bank = (match["rest"] or "").partition("//")
    if is_iban(reference.strip()):  # the account of the other side, no reference
        reference, supplement = "", f"{reference.strip()}\n{supplement}"
    # 16 characters by the standard; some banks write a name after them
    supplement = "\n".join(filter(None, (reference[16:].strip(), supplement)))
    return _Line(
        line=line,
        date=_entry_day(match["entry"], value_date, line),
        value_date=value_date,
        amount=-amount if negative and amount else amount,
        type=match["type"],
        reference=squeeze(reference[:16]),
        bank_reference=squeeze(bank) if slashes else None,
        supplement=squeeze(supplement),
        reversal=match["mark"][0] == "R",
        raw=f":61:{value}",
    )


def _entry_day(text: str | None, value_date: date, line: int) -> date:
    """The booking day MMDD in the year that brings it nearest to the value date."""
    if not text:
        return value_date
    years = (value_date.year - 1, value_date.year, value_date.year + 1)
    days = [real_day(year, text[:2], text[2:]) for year in years]
    found = [day for day in days if day]
    if not found:
        raise fail("bad_date", line, ":61:", value=text)
    return min(found, key=lambda day: abs(day - value_date) / timedelta(days=1))


def _account(value: str) -> str | None:
    """The account without its bank and currency; German ones become an IBAN."""
    text = re.sub(r"(?<=[0-9])\s*(?:/\s*)?[A-Z]{3}$", "", value.strip())
    austrian = re.fullmatch(r"//AT([0-9]{5})/([0-9]{1,11})", text, re.ASCII)
    if austrian:
        return with_check_digits("AT", austrian[1] + austrian[2].zfill(11))
    left, slash, right = text.partition("/")
    if slash:
        right = normalise_account(right)
        left = normalise_account(left)
        if is_iban(right):
            return right
        if re.fullmatch("[0-9]{8}", left) and re.fullmatch("[0-9]{1,10}", right):
            return with_check_digits("DE", left + right.zfill(10))
        if re.fullmatch("[A-Z]{6}[A-Z0-9]{2,5}|[A-Z]+", left):
            return right or None
        return (left + right) or None
    return normalise_account(text) or None


def _statement(opened: _Open) -> Statement:
    entries = tuple(_entry(opened, line) for line in opened.lines)
    opening, closing = opened.opening, opened.closing
    days = [entry.date for entry in entries]
    return checked(
        Statement(
            account_number=opened.account,
            currency=opened.currency,
            date_start=opening.day if opening else min(days, default=None),
            date_end=closing.day if closing else max(days, default=None),
            opening_balance=opening.amount if opening else None,
            closing_balance=closing.amount if closing else None,
            number=opened.number,
            entries=entries,
            warnings=tuple(opened.warnings),
            reference=None,
            intraday=opened.intraday,
            line=opened.line,
        )
    )


def _entry(opened: _Open, line: _Line) -> Entry:
    details = read_details(line.details, opened.account) or Details()
    supplement = line.supplement
    account = details.account or find_iban(supplement, opened.account)
    if account and supplement:
        supplement = squeeze(supplement.removeprefix(account))
    texts = [details.text, supplement if not details.text else None]
    text = squeeze(*texts)
    reference = details.reference or normalise_reference(text)
    code = line.type
    return Entry(
        date=line.date,
        value_date=line.value_date,
        amount=line.amount,
        bank_id=_bank_id(line.bank_reference),
        end_to_end_id=details.end_to_end or _end_to_end(line),
        structured_reference=reference,
        communication=None if reference and text == reference else text,
        partner_name=details.name,
        partner_account=account,
        raw=short_raw("\n".join([line.raw, *(f":86:{d}" for d in line.details)])),
        currency=opened.currency,
        partner_bic=details.bic,
        transaction_code=code,
        category=details.category,
        reversal=line.reversal,
        return_reason=details.return_reason,
        mandate_id=details.mandate,
        batch_id=details.batch,
        line=line.line,
    )


def _bank_id(text: str | None) -> str | None:
    """The bank's reference, when it is long enough to name one movement."""
    found = identifier(text)
    return found if found and sum(char.isdigit() for char in found) >= 6 else None


def _end_to_end(line: _Line) -> str | None:
    found = identifier(line.reference)
    markers = ("EREF", "KREF", "MREF", "CREF", "PREF", "MARF")
    return None if found and found.rstrip("+").upper() in markers else found
