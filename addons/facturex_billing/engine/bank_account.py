"""Whether a bank account number can be one: check digits, no register is asked.

Source: ISO 13616 (IBAN registry, lengths of the countries we meet) and ISO 7064
MOD 97-10.
"""

import re

LENGTHS = {
    "AT": 20,
    "BE": 16,
    "CH": 21,
    "DE": 22,
    "ES": 24,
    "FR": 27,
    "GB": 22,
    "IE": 22,
    "IT": 27,
    "LU": 20,
    "MC": 27,
    "NL": 18,
    "PL": 28,
    "PT": 25,
}


def compact(number: str | None) -> str:
    return re.sub(r"[\W_]", "", number or "").upper()


def printed(number: str | None) -> str:
    """In groups of four, as banks print it."""
    digits = compact(number)
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def is_iban(number: str | None) -> bool:
    digits = compact(number)
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", digits):
        return False
    if len(digits) != LENGTHS.get(digits[:2], len(digits)):
        return False
    value = "".join(str(int(c, 36)) for c in digits[4:] + digits[:4])
    return int(value) % 97 == 1


def is_same_holder(holder: str | None, company: str | None) -> bool:
    """Whether two names have a word of weight in common: a warning, no proof."""
    return bool(_words(holder) & _words(company))


def _words(name: str | None) -> set[str]:
    forms = {"sa", "nv", "srl", "bv", "sprl", "bvba", "sarl", "sas", "the", "la", "le"}
    return {w for w in re.findall(r"\w{2,}", (name or "").lower()) if w not in forms}
