"""What a company number says by itself: no register is asked, no network is used.

A Belgian enterprise number, a French SIREN or SIRET and the VAT numbers of the Union
carry check digits. A number that passes tells the country, the register entry and the
address on the electronic network; one that fails is refused with a reason, because a
mistyped number would be somebody else's.
"""

import re
from dataclasses import dataclass

from stdnum.be import vat as be_vat
from stdnum.eu import vat as eu_vat
from stdnum.fr import siren, siret
from stdnum.fr import tva as fr_vat

# Why a text is no number. The codes are stable; the models translate them.
EMPTY = "empty"
UNKNOWN = "unknown"
CHECK_DIGITS = "check_digits"


@dataclass(frozen=True)
class Identity:
    """What the number tells; an empty string is what it does not tell.

    `country` is an ISO code, `vat` has its prefix, `registry` is what Odoo keeps as
    the company's number (enterprise number in Belgium, SIRET or SIREN in France).
    A SIREN says nothing of VAT: a small French company may be outside it.
    """

    country: str
    vat: str = ""
    registry: str = ""


@dataclass(frozen=True)
class Refusal:
    code: str


def compact(text: str | None) -> str:
    """Letters and digits only, upper case: how people type numbers varies."""
    return re.sub(r"[\W_]", "", text or "").upper()


def looks_like_number(text: str | None) -> bool:
    """True for what was typed as a number rather than as a name."""
    return bool(re.fullmatch(r"([A-Z]{2}\w{0,2})?\d{8,14}", compact(text)))


def french_siren(vat: str | None, registry: str | None) -> str:
    """The SIREN inside a SIRET, a SIREN or a French VAT number; empty when none."""
    number = compact(registry)
    if siret.is_valid(number):
        return number[:9]
    if siren.is_valid(number):
        return number
    number = compact(vat).removeprefix("FR")
    if len(number) == 11 and siren.is_valid(number[2:]):
        return number[2:]
    return ""


def _belgian(number: str) -> Identity:
    number = be_vat.compact(number)
    return Identity("BE", f"BE{number}", number)


def read(text: str | None, country: str = "") -> Identity | Refusal:
    """What `text` identifies; `country` (ISO) decides where the digits leave a doubt.

    Ten digits are Belgian, nine or fourteen French. Another country's VAT number
    needs its prefix.
    """
    number = compact(text)
    if not number:
        return Refusal(EMPTY)
    if number.isdigit():
        return _read_digits(number, country)
    prefix = number[:2]
    if prefix == "BE":
        return _belgian(number) if be_vat.is_valid(number) else Refusal(CHECK_DIGITS)
    if prefix == "FR":
        if not fr_vat.is_valid(number):
            return Refusal(CHECK_DIGITS)
        # Monaco and new-style numbers carry no SIREN
        return Identity("FR", number, french_siren(number, ""))
    iso = "GR" if prefix == "EL" else prefix
    if iso.lower() not in eu_vat.MEMBER_STATES and prefix != "EL":
        return Refusal(UNKNOWN)
    return Identity(iso, number) if eu_vat.is_valid(number) else Refusal(CHECK_DIGITS)


def _read_digits(number: str, country: str) -> Identity | Refusal:
    size = len(number)
    if size == 14:
        return (
            Identity("FR", registry=number)
            if siret.is_valid(number)
            else Refusal(CHECK_DIGITS)
        )
    if size == 9 and country != "BE":
        return (
            Identity("FR", registry=number)
            if siren.is_valid(number)
            else Refusal(CHECK_DIGITS)
        )
    if size in (9, 10):
        return _belgian(number) if be_vat.is_valid(number) else Refusal(CHECK_DIGITS)
    return Refusal(UNKNOWN)
