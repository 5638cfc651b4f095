"""Field 86 of MT940: four dialects and free text.

Sources: "DFÜ-Abkommen, Anlage 3" (German codes ?20-?63 and SEPA words such as
EREF+), the Dutch "/CODE/value/" layout of the MT940 Structured guides, and free
text in which an account may stand.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from ..references import normalise_account, normalise_reference
from .camt_entry import identifier
from .text import find_iban, is_iban, squeeze

WRAP = 62  # a line this long was cut by the field's width, not by a word's end
WIDTH = 65  # of the field: a longer line was cut by nothing
FULL = (WIDTH, len(":86:") + WIDTH)  # lengths of a full line

_CODED = re.compile(
    r"(?P<code>[0-9]{3}|(?=\?(?:00|2[0-9])))(?P<mark>[^0-9A-Za-z\s/+\-.,:])(?=[0-9]{2})"
)
_SEPA_WORD = re.compile(
    r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|COAM|OAMT|PURP|RREF|SQTP)"
    r"[+:]\s?"
)
_SLASHED = [
    "TRTP",
    "TRCD",
    "TYPE",
    "IBAN",
    "BIC",
    "NAME",
    "REMI",
    "EREF",
    "PREF",
    "MARF",
    "CSID",
    "CNTP",
    "ORDP",
    "BENM",
    "ISDT",
    "ACCW",
    "USTD",
    "STRD",
    "RTRN",
    "SVCL",
    "ULTC",
    "ULTD",
    "ULTB",
    "PURP",
    "CHGS",
    "CHGP",
    "OCMT",
    "EXCH",
    "ADDR",
    "IREF",
    "RREF",
    "KREF",
    "TXID",
    "BUSP",
    "ULD",
    "UCRD",
    "NRTX",
    "BTCH",
]
_SLASH = re.compile(rf"/({'|'.join(_SLASHED)})/")
# "IBAN name" before the slashed codes
_HEADED = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\s[^/]{0,70}(?=/TRTP/)")
_REMITTANCE = re.compile(r"(USTD|STRD)/(?:/|(?:CUR|ISO)/)?(.*)", re.DOTALL)
_NAMED = re.compile(r"(?i)\bNAAM:\s*(.{2,70}?)\s*(?:$|/|  )")
_GERMAN_SDD = {"105", "192"}


@dataclass(frozen=True)
class Details:
    """What a field 86 says; None where it says nothing."""

    text: str | None = None
    name: str | None = None
    account: str | None = None
    bic: str | None = None
    reference: str | None = None
    end_to_end: str | None = None
    mandate: str | None = None
    batch: str | None = None
    return_reason: str | None = None
    category: str | None = None


def read_details(values: list[str], own_account: str | None) -> Details | None:
    """Read the fields 86 of one movement; None when there is none."""
    joined = [_unwrapped(value) for value in values if value.strip()]
    whole = " ".join(joined)
    if not whole.strip():
        return None
    coded = _CODED.match(whole.strip())
    if coded:
        return _coded(whole.strip(), coded)
    headed = _HEADED.match(whole)
    if headed:
        whole = whole[headed.end() :]
    if _SLASH.search(whole[:200] if whole.startswith("/") else whole[:6]):
        return _slashed(whole, own_account)
    name = _NAMED.search(whole)
    return Details(
        text=squeeze(whole),
        name=name and squeeze(name.group(1)),
        account=find_iban(whole, own_account),
    )


def _unwrapped(value: str) -> str:
    """Lines joined: without a space where the field's width cut a word."""
    lines = value.split("\n")
    text = lines[0]
    for previous, line in pairwise(lines):
        text += line if WRAP <= len(previous) <= WIDTH else " " + line
    return text


def _coded(text: str, match: re.Match) -> Details:
    mark = re.escape(match["mark"])
    pieces = re.split(rf"{mark}([0-9]{{2}})", text)
    fields: dict[str, list[str]] = {}
    for code, value in zip(pieces[1::2], pieces[2::2], strict=False):
        fields.setdefault(code, []).append(value)
    codes = [f"{n}" for n in (*range(20, 30), *range(60, 64))]
    remittance = ""
    for value in (v for code in codes for v in fields.get(code, ())):
        # shorter than the width of the subfield: the bank ended it by itself
        remittance += value if len(value) >= 27 else value + " "
    words = _sepa_words(remittance)
    free = words.get("SVWZ") if words else remittance
    text = squeeze(free) or squeeze(*fields.get("00", ()))
    reference = normalise_reference(text)
    iban = normalise_account("".join(fields.get("38", ())))
    account = words.get("IBAN") or (iban if is_iban(iban) else None)
    account = normalise_account(account or "".join(fields.get("31", ())))
    return Details(
        text=text,
        name=_name("".join(fields.get("32", ())), "".join(fields.get("33", ()))),
        account=account or None,
        bic=squeeze(words.get("BIC") or "".join(fields.get("30", ()))),
        reference=reference,
        end_to_end=identifier(squeeze(words.get("EREF"))),
        mandate=identifier(squeeze(words.get("MREF"))),
        batch=identifier(squeeze(words.get("KREF"))),
        category="sdd_paid" if match["code"] in _GERMAN_SDD else None,
    )


def _name(first: str, second: str) -> str | None:
    """A name in two subfields: one word goes on when the first is full."""
    return squeeze(first + second) if len(first) >= 27 else squeeze(first, second)


def _sepa_words(text: str) -> dict[str, str]:
    """The words of a SEPA remittance; empty when it has none."""
    pieces = _SEPA_WORD.split(text.partition("MTLG:")[0])
    words: dict[str, str] = {}
    for word, value in zip(pieces[1::2], pieces[2::2], strict=False):
        words.setdefault(word, value)  # a text may repeat them in its own words
    return words


def _slashed(text: str, own_account: str | None) -> Details:
    pieces = _SLASH.split(text)
    fields: dict[str, str] = {}
    for code, value in zip(pieces[1::2], pieces[2::2], strict=False):
        value = value.strip().strip("/").strip()
        if value:
            fields.setdefault(code, value)
    name, account, bic = fields.get("NAME"), fields.get("IBAN"), fields.get("BIC")
    party = fields.get("CNTP") or fields.get("ORDP") or fields.get("BENM")
    if party and "CNTP" in fields:
        number, other, who, *_city = [*party.split("/"), "", "", ""]
        account, bic, name = account or number, bic or other, name or who
    reference = None
    remittance = fields.get("REMI")
    kind = _REMITTANCE.match(remittance or "")
    if kind:
        remittance = kind[2] if kind[1] == "USTD" else None
    structured = kind[2] if kind and kind[1] == "STRD" else fields.get("STRD")
    if structured:
        structured = structured.split("/")[-1]
        reference = normalise_reference(structured) or squeeze(structured)
    text = squeeze(remittance, fields.get("USTD")) or squeeze(pieces[0].strip())
    reference = reference or normalise_reference(text)
    return Details(
        text=None if reference and normalise_reference(text) == reference else text,
        name=squeeze(name),
        account=normalise_account(account) or find_iban(text, own_account),
        bic=squeeze(bic),
        reference=reference,
        end_to_end=identifier(squeeze(fields.get("EREF"))),
        mandate=identifier(squeeze(fields.get("MARF"))),
        batch=identifier(squeeze(fields.get("PREF"))),
        return_reason=squeeze(fields.get("RTRN")),
        category="transfer_returned" if fields.get("RTRN") else None,
    )
