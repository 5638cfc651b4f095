"""The structured communications of CODA 2: a type of three digits, then zones.

Source: Febelfin, "Coded statement of account (CODA)", version 2.6, annex on
structured communications. Zones are positions, not words: they are read on the
untouched text. Types that only banks use stay readable as text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ..references import normalise_reference
from .camt_entry import identifier
from .text import scaled, squeeze


@dataclass(frozen=True)
class Structured:
    """What a structured communication says; None where its type says nothing."""

    reference: str | None = None
    text: str | None = None
    mandate: str | None = None
    original_amount: Decimal | None = None  # unsigned
    original_currency: str | None = None
    rate: Decimal | None = None
    return_type: str = ""
    return_reason: str | None = None


def read_structured(content: str) -> Structured:
    """Read a communication of any type; unknown ones become text."""
    kind, body = content[:3], content[3:]
    reader = _READERS.get(kind)
    return reader(body) if reader else Structured(text=squeeze(body))


def _creditor_reference(body: str) -> Structured:
    text = squeeze(body[:25])
    return Structured(reference=normalise_reference(text) or text)


def _belgian(body: str) -> Structured:
    number = body[:12].strip()
    return Structured(reference=number or None, text=squeeze(body[12:]))


def _belgian_unchecked(body: str) -> Structured:
    number = body[:12].strip()
    reference = normalise_reference(number)
    return Structured(reference, squeeze(None if reference else number, body[12:]))


def _foreign(body: str) -> Structured:
    """Gross amount, amount in the original currency, rate, and an optional OGM."""
    amount = _amount(body[15:30])
    currency = body[42:45].strip() or None
    rate = _rate(body[30:42])
    reference = normalise_reference(body[45:57].strip())
    return Structured(
        reference=reference,
        original_amount=amount,
        original_currency=currency,
        rate=rate,
    )


def _old_debit(body: str) -> Structured:
    """A direct debit of before SEPA: mandate, date, texts."""
    return Structured(text=squeeze(body[18:]), mandate=squeeze(body[:12]))


def _card_debit(body: str) -> Structured:
    """A card payment or withdrawal: place, and the amount of another currency."""
    return Structured(
        text=squeeze(body[40:66]) or squeeze(body),
        original_amount=_amount(body[66:81]) or None,
        original_currency=body[93:96].strip() or None,
        rate=_rate(body[81:93]),
    )


def _card(body: str) -> Structured:
    return Structured(text=squeeze(re.sub(r"\b0{5,}\b", " ", body)))


def _sepa_debit(body: str) -> Structured:
    """A SEPA direct debit: creditor, mandate, communication, and why not paid."""
    text = squeeze(body[79:141])
    reference = normalise_reference(text)
    return Structured(
        reference=reference,
        text=None if reference else text or squeeze(body[9:44]),
        mandate=identifier(squeeze(body[44:79])),
        return_type=body[141:142].strip(),
        return_reason=squeeze(body[142:146]),
    )


def _amount(zone: str) -> Decimal | None:
    zone = zone.strip()
    return scaled(int(zone), 3) if re.fullmatch("[0-9]{15}", zone, re.ASCII) else None


def _rate(zone: str) -> Decimal | None:
    """Four whole digits and eight decimals."""
    zone = zone.strip()
    if not re.fullmatch("[0-9]{12}", zone, re.ASCII) or not zone.strip("0"):
        return None
    return Decimal(int(zone)).scaleb(-8).normalize()


_READERS: dict[str, Callable[[str], Structured]] = {
    "100": _creditor_reference,
    "101": _belgian,
    "102": _belgian_unchecked,
    "105": _foreign,
    "107": _old_debit,
    "111": _card,
    "113": _card_debit,
    "114": _card,
    "115": _card,
    "127": _sepa_debit,
}
