"""CFONB 120: the account statement of French banks.

Source: CFONB, "Relevé de compte sur support informatique": records of 120
characters, positions below count from 0. Amounts carry their sign in the last
digit (overpunch).
"""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ..errors import Notice, fail, notice
from ..references import normalise_account, normalise_reference
from ..statement import Entry, Statement, StatementFile, checked
from .camt_entry import identifier
from .cfonb_labels import category_of
from .probe import Probe
from .text import (
    account_of,
    cut_short,
    day_ddmmyy,
    first_line,
    fixed_records,
    french_iban,
    short_raw,
    squeeze,
)

LABEL = "CFONB 120"
FAMILY = "cfonb"
WIDTH = 120

_RECORD = re.compile(
    r"0[1457][0-9A-Z]{5}.{4}[0-9A-Z ]{5}(?:[A-Z]{3}|   )[0-9 ] ", re.ASCII
)
_OTHER = re.compile(r"(?:31|34|39)[0-9]{5}.{100,}", re.ASCII)
_PLUS = "{ABCDEFGHI"
_MINUS = "}JKLMNOPQR"


def sniff(probe: Probe) -> bool:
    """Whether the first line is a record of a CFONB statement (120, or 240)."""
    first = first_line(probe.text_head)
    if len(first) < 42:
        return False
    if _RECORD.match(first):
        return True
    return len(first) in range(200, 241) and bool(_OTHER.match(first))


def parse(probe: Probe) -> StatementFile:
    """Read every block of 01 to 07; FormatError when one is damaged or missing."""
    text, warnings = probe.decoded()
    if _OTHER.match(text.lstrip("\ufeff\r\n ")):
        raise fail("other_kind", 1, kind="CFONB 240", expected="CFONB 120")
    reader = _Reader()
    for line, record in fixed_records(text, WIDTH):
        reader.add(line, record)
    statements = reader.close()
    return StatementFile("cfonb120", statements, warnings, FAMILY, "cfonb120")


@dataclass
class _Movement:
    """A record 04 and its complements 05, by qualifier."""

    line: int
    code: str
    account: str
    date: date
    reason: str | None
    value_date: date | None  # pylint: disable=used-before-assignment
    label: str | None
    number: str | None
    amount: Decimal
    reference: str | None
    raw: list[str]
    more: dict[str, list[str]] = field(default_factory=dict)

    def text(self, *qualifiers: str) -> str | None:
        return squeeze(*(t for q in qualifiers for t in self.more.get(q, ())))


@dataclass
class _Open:
    line: int
    account: str
    iban: str
    currency: str | None
    opening: Decimal
    date: date
    movements: list[_Movement] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)


class _Reader:
    """Takes the records in order; a block is 01, then 04 each with its 05, then 07."""

    def __init__(self):
        self.statements: list[Statement] = []
        self._open: _Open | None = None
        self._last = 0

    def add(self, line: int, record: str) -> None:
        self._last = line
        readers = {
            "01": self._begin,
            "04": self._movement,
            "05": self._complement,
            "07": self._end,
        }
        reader = readers.get(record[:2])
        if reader is None:
            expected = ", ".join(readers)
            raise fail("bad_value", line, "record", value=record[:2], expected=expected)
        reader(line, record)

    def close(self) -> tuple[Statement, ...]:
        if self._open:
            raise cut_short(self._last, "record 07")
        if not self.statements:
            raise fail("no_statement")
        return tuple(self.statements)

    def _begin(self, line: int, record: str) -> None:
        if self._open:
            raise fail("bad_order", line, found="01", expected="07")
        warnings: list[Notice] = []
        opening = _amount(record[90:104], _decimals(record, line), line, warnings)
        bank, branch, account = record[2:7], record[11:16], record[21:32].strip()
        if not account:
            raise fail("missing_value", line, "account")
        iban = french_iban(bank, branch, account)
        self._open = _Open(
            line=line,
            account=account,
            iban=iban or normalise_account(bank + branch + account),
            currency=record[16:19].strip() or None,
            opening=opening,
            date=day_ddmmyy(record[34:40], line, "date"),
            warnings=warnings,
        )

    def _movement(self, line: int, record: str) -> None:
        opened = self._need(line, record)
        opened.currency = opened.currency or record[16:19].strip() or None
        decimals = _decimals(record, line)
        opened.movements.append(
            _Movement(
                line=line,
                code=record[32:34].strip(),
                account=opened.account,
                date=day_ddmmyy(record[34:40], line, "date"),
                reason=record[40:42].strip() or None,
                value_date=day_ddmmyy(record[42:48], line, "value date")
                if record[42:48].strip("0 ")
                else None,
                label=squeeze(record[48:79]),
                number=identifier(squeeze(record[81:88])),
                amount=_amount(record[90:104], decimals, line, opened.warnings),
                reference=identifier(squeeze(record[104:120])),
                raw=[record.rstrip()],
            )
        )

    def _complement(self, line: int, record: str) -> None:
        opened = self._need(line, record)
        if not opened.movements:
            raise fail("bad_order", line, found="05", expected="04")
        movement = opened.movements[-1]
        qualifier, text = record[45:48].strip(), record[48:118]
        movement.raw.append(record.rstrip())
        if qualifier and text.strip():
            movement.more.setdefault(qualifier, []).append(text)

    def _end(self, line: int, record: str) -> None:
        opened = self._need(line, record)
        closing = _amount(
            record[90:104], _decimals(record, line), line, opened.warnings
        )
        end = day_ddmmyy(record[34:40], line, "date")
        entries = [
            _entry(opened, movement)
            for movement in opened.movements
            if movement.amount  # a zero informs, it books nothing
        ]
        self._open = None
        self.statements.append(
            checked(
                Statement(
                    account_number=opened.iban,
                    currency=opened.currency or record[16:19].strip() or None,
                    date_start=opened.date,
                    date_end=end,
                    opening_balance=opened.opening,
                    closing_balance=closing,
                    number=None,
                    entries=tuple(entries),
                    warnings=tuple(opened.warnings),
                    line=opened.line,
                )
            )
        )

    def _need(self, line: int, record: str) -> _Open:
        opened = self._open
        if opened is None:
            raise fail("bad_order", line, found=record[:2], expected="01")
        account = record[21:32].strip()
        if account and account != opened.account:
            raise fail("several_accounts", line, first=opened.account, second=account)
        return opened


def _decimals(record: str, line: int) -> int:
    digit = record[19].strip() or "2"
    if digit not in "0123456789":
        raise fail("bad_number", line, "decimals", value=digit)
    return int(digit)


def _amount(zone: str, decimals: int, line: int, warnings: list[Notice]) -> Decimal:
    """Thirteen digits and a last one that carries the sign."""
    text = zone.strip().replace(" ", "0") or "0"
    last, sign = text[-1], 1
    if last in _PLUS:
        last = str(_PLUS.index(last))
    elif last in _MINUS:
        last, sign = str(_MINUS.index(last)), -1
    elif last.isdigit() and last.isascii():
        if text.strip("0") and len(warnings) < 50:
            warnings.append(notice("unsigned_amount", line, value=text.lstrip("0")))
    whole = text[:-1] + last
    if not re.fullmatch("[0-9]{1,14}", whole, re.ASCII):
        raise fail("bad_number", line, "amount", value=zone.strip()[:40])
    value = Decimal(int(whole)).scaleb(-decimals)
    return -value if sign < 0 and value else value


def _entry(opened: _Open, movement: _Movement) -> Entry:
    remittance = movement.text("LCC", "LC2", "LCS")
    reference = normalise_reference(movement.text("LCS")) or normalise_reference(
        movement.text("LCC", "LC2")
    )
    original, currency, rate = _original(movement)
    end_to_end = (movement.more.get("RCN") or [""])[0][:35]
    incoming = movement.amount > 0
    names = ("NPY", "NPO") if incoming else ("NBE", "NBU")
    others = ("NBE", "NBU") if incoming else ("NPY", "NPO")
    account = movement.text("CPY" if incoming else "CBE") or movement.text(
        "CBE" if incoming else "CPY"
    )
    kept = None if reference else remittance
    return Entry(
        date=movement.date,
        value_date=movement.value_date,
        amount=movement.amount,
        bank_id=None,
        end_to_end_id=identifier(squeeze(end_to_end)),
        structured_reference=reference,
        communication=squeeze(movement.label, movement.text("LIB"), kept),
        partner_name=movement.text(names[0])
        or movement.text(names[1])
        or movement.text(others[0]),
        partner_account=account_of((account or "").split(" ")[0]),
        raw=short_raw("\n".join(movement.raw)),
        currency=opened.currency,
        transaction_code=movement.code or None,
        category=category_of(movement.code, movement.amount),
        reversal=movement.code in ("99", "A5", "A6", "B5", "B6"),
        return_reason=movement.reason,
        mandate_id=identifier(movement.text("RUM")),
        batch_id=movement.reference,
        original_amount=original,
        original_currency=currency,
        exchange_rate=rate,
        charges=_side_amount(movement, "FEE")[0],
        line=movement.line,
    )


def _original(
    movement: _Movement,
) -> tuple[Decimal | None, str | None, Decimal | None]:
    """MMO: currency, decimals, amount, then the rate with its own decimals."""
    amount, currency, rest = _side_amount(movement, "MMO")
    if not amount:
        return None, None, None
    rate = re.match(r"\s*([0-9])([0-9]{4,11})(?![0-9])", rest)
    value = None
    if rate and int(rate.group(2)):
        value = Decimal(int(rate.group(2))).scaleb(-int(rate.group(1)))
    return (-amount if movement.amount < 0 else amount), currency, value


def _side_amount(
    movement: _Movement, qualifier: str
) -> tuple[Decimal | None, str | None, str]:
    for text in movement.more.get(qualifier, ()):
        match = re.match(r"([A-Z]{3})([0-9])([0-9 ]{1,14})(.*)", text, re.ASCII)
        if match and match.group(3).strip():
            value = int(match.group(3).strip().replace(" ", "0"))
            amount = Decimal(value).scaleb(-int(match.group(2)))
            return amount, match.group(1), match.group(4)
    return None, None, ""
