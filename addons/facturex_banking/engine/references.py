"""Structured payment references: Belgian OGM/VCS and ISO 11649 (RF).

Sources: Febelfin, "structured communication" (10 digits and their remainder by
97, 0 written 97); ISO 11649 creditor reference (mod 97-10). Other countries'
references are left out on purpose: a 7-digit or Luhn number is too often
something else.
"""

import re
import unicodedata

from stdnum import iso11649
from stdnum.exceptions import ValidationError

_SEPARATOR = r"[ ]?[/.\-]?[ ]?"
_OGM_DIGITS = rf"(\d{{3}}){_SEPARATOR}(\d{{4}}){_SEPARATOR}(\d{{5}})"
_OGM_ALONE = re.compile(rf"[+*]{{0,3}} ?{_OGM_DIGITS} ?[+*]{{0,3}}", re.ASCII)
# Digits on either side would make it a piece of a card, phone or account number;
# a country code and its check digits just before, the tail of a printed IBAN.
# The lookahead lets candidates overlap: a wrong one must not eat a right one.
_OGM_IN_TEXT = re.compile(
    rf"(?<!\d)(?<![A-Z]{{2}}\d\d )(?={_OGM_DIGITS}(?!\d))", re.ASCII
)
_RF_ALONE = re.compile(r"RF\d\d[A-Z0-9]{1,21}", re.ASCII)
_RF_COMPACT = re.compile(r"(?<![A-Z0-9])RF\d\d[A-Z0-9]{1,21}(?![A-Z0-9])", re.ASCII)
# printed form: groups of four, the last one shorter
_RF_GROUPS = re.compile(
    r"(?<![A-Z0-9])(RF\d\d)((?: [A-Z0-9]{4}(?![A-Z0-9])){0,5})"
    r"(?: ([A-Z0-9]{1,4})(?![A-Z0-9]))?",
    re.ASCII,
)


def is_ogm(digits: str) -> bool:
    """Whether 12 bare digits are a valid Belgian structured communication."""
    if not (len(digits) == 12 and digits.isascii() and digits.isdigit()):
        return False
    if digits[:10] == "0" * 10:  # not used, though its check digits exist
        return False
    return (int(digits[:10]) % 97 or 97) == int(digits[10:])


def is_rf(reference: str) -> bool:
    """Whether a compact upper-case text is a valid ISO 11649 reference."""
    if not _RF_ALONE.fullmatch(reference):
        return False
    try:
        return iso11649.validate(reference) == reference
    except ValidationError:
        return False


def normalise_reference(text: str | None) -> str | None:
    """The compact form of a text that is one reference and nothing else.

    ``+++202/6000/12320+++`` gives ``202600012320``; ``rf46 2026 0001 23`` gives
    ``RF462026000123``. None when the text is no reference, or its check digits
    are wrong.
    """
    text = _folded(text)
    ogm = _OGM_ALONE.fullmatch(text)
    if ogm:
        digits = "".join(ogm.groups())
        return digits if is_ogm(digits) else None
    compact = text.replace(" ", "")
    return compact if is_rf(compact) else None


def printed_reference(reference: str) -> str:
    """A normalised reference as it is printed on an invoice.

    +++ddd/dddd/ddddd+++ for a Belgian one, groups of four for ISO 11649.
    """
    if is_ogm(reference):
        return f"+++{reference[:3]}/{reference[3:7]}/{reference[7:]}+++"
    if is_rf(reference):
        return " ".join(reference[i : i + 4] for i in range(0, len(reference), 4))
    return reference


def find_references(text: str | None) -> tuple[str, ...]:
    """The valid references inside a free text, compact, each one once.

    OGM first, then RF, each in the order of the text. A printed RF followed by
    words can be read at several lengths: every valid reading is returned.
    """
    text = _folded(text)
    found = ["".join(match.groups()) for match in _OGM_IN_TEXT.finditer(text)]
    found = [digits for digits in found if is_ogm(digits)]
    for match in _RF_COMPACT.finditer(text):
        if is_rf(match.group()):
            found.append(match.group())
    for match in _RF_GROUPS.finditer(text):
        found += _readings(match)
    return tuple(dict.fromkeys(found))


def normalise_account(number: str | None) -> str:
    """An account number as banks compare it: letters and digits, upper case."""
    number = (number or "").upper()
    if number.isalnum():
        return number
    return "".join(char for char in number if char.isalnum())


def same_account(one: str, other: str) -> bool:
    """Whether two compact numbers are of one account.

    Belgian numbers of 12 digits end their IBAN; French ones without their key
    stand inside it. Shorter numbers could be of any bank: they must be equal.
    """
    short, long = sorted((one, other), key=len)
    if not short or short == long:
        return bool(short)
    return len(short) >= 9 and (long.endswith(short) or short in long[4:-2])


def _readings(match: re.Match) -> list[str]:
    head, groups, last = match.groups()
    pieces = groups.split() + ([last] if last else [])
    lengths = range(1, len(pieces) + 1)
    candidates = ["".join((head, *pieces[:length])) for length in lengths]
    return [candidate for candidate in candidates if is_rf(candidate)]


def _folded(text: str | None) -> str:
    """Upper case, plain digits and spaces (a PDF copy has non-breaking ones)."""
    text = unicodedata.normalize("NFKC", text or "").upper()
    return " ".join(text.split())
