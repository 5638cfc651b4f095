"""Lists of new companies, and the numbers that name a company officially."""

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stdnum.be import vat as be_vat
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.fr import siren as fr_siren
from stdnum.fr import siret as fr_siret
from stdnum.fr import tva as fr_tva

MAX_LINES = 50
COLUMNS = {
    "name": ("name", "nom", "naam", "société", "bedrijf"),
    "country": ("country", "pays", "land"),
    "number": ("number", "vat", "tva", "btw", "siren", "kbo", "bce", "numéro"),
    "email": ("email", "e-mail", "mail"),
    "lang": ("lang", "language", "langue", "taal"),
}

LANGUAGES = {
    "français": "fr",
    "francais": "fr",
    "french": "fr",
    "nederlands": "nl",
    "néerlandais": "nl",
    "dutch": "nl",
    "english": "en",
    "anglais": "en",
    "engels": "en",
    "deutsch": "de",
    "allemand": "de",
    "german": "de",
}


@dataclass(frozen=True)
class Number:
    """`key`: the digits by which two companies are the same; `vat`, `registry`: as
    they are stored, empty when the number does not give them."""

    key: str
    vat: str = ""
    registry: str = ""


@dataclass(frozen=True)
class Line:
    """A company as the list asks for it; `problem`: a code, empty when usable."""

    name: str
    country: str
    number: str
    email: str = ""
    lang: str = ""
    problem: str = ""


def read_number(text: str, country: str) -> Number | None:
    """An official number of a company, None when its check digits are wrong.

    In: what a person typed, ISO code of the country. Belgium: KBO or VAT number.
    France: SIREN, SIRET or VAT number. Elsewhere in the Union: VAT number.
    """
    compact = re.sub(r"[^0-9A-Za-z]", "", text or "").upper()
    if not compact:
        return None
    try:
        if country == "BE":
            digits = be_vat.validate(compact)
            return Number(f"BE{digits}", f"BE{digits}", digits)
        if country == "FR":
            return _french(compact)
        if eu_vat.is_valid(compact):
            return Number(compact, compact)
        if eu_vat.is_valid(country + compact):
            return Number(country + compact, country + compact)
    except ValidationError:
        return None
    return None


def _french(compact: str) -> Number:
    if compact.startswith("FR") or len(compact) == 11:
        digits = fr_tva.validate(compact)
        return Number(f"FR{digits[2:]}", f"FR{digits}", digits[2:])
    if len(compact) == 14:
        digits = fr_siret.validate(compact)
        vat = "FR" + fr_siret.to_tva(digits).replace(" ", "")
        return Number(f"FR{digits[:9]}", vat, digits)
    digits = fr_siren.validate(compact)
    vat = "FR" + fr_siren.to_tva(digits).replace(" ", "")
    return Number(f"FR{digits}", vat, digits)


def key_of(vat: str, registry: str, country: str) -> str:
    """The key of a company that exists; empty when no number of it is valid."""
    for text in (vat, registry):
        if number := read_number(text or "", country):
            return number.key
    return ""


def read_list(content: bytes) -> list[Line]:
    """The lines of a CSV list, comma or semicolon, with a line of titles.

    Out: one line per company, `problem` among `name`, `country`, `number`, `email`,
    `twice`. Raises ValueError with a code: `encoding`, `columns`, `empty`, `long`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            raise ValueError("encoding") from None
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    places = _places(rows[0] if rows else [])
    if not {"name", "country", "number"} <= places.keys():
        raise ValueError("columns")
    rows = [row for row in rows[1:] if any(cell.strip() for cell in row)]
    if not rows:
        raise ValueError("empty")
    if len(rows) > MAX_LINES:
        raise ValueError("long")
    return check_lines([_line(row, places) for row in rows])


def _places(titles: list[str]) -> dict[str, int]:
    clean = [title.strip().lower() for title in titles]
    return {
        column: clean.index(word)
        for column, words in COLUMNS.items()
        for word in words
        if word in clean
    }


def _line(row: list[str], places: dict[str, int]) -> Line:
    cell: Callable[[str], str] = lambda name: (  # noqa: E731
        row[places[name]].strip() if name in places and places[name] < len(row) else ""
    )
    return Line(
        cell("name"),
        cell("country").upper(),
        cell("number"),
        cell("email"),
        cell("lang"),
    )


def language_of(text: str, country: str, installed: Iterable[str]) -> str:
    """The installed language that is meant, empty when there is none.

    In: a code (fr, fr-BE, nl_BE) or the language's name in it or in English; ISO code
    of the country, which decides between variants; installed codes, such as fr_BE.
    """
    wanted = text.strip().replace("-", "_").lower()
    wanted = LANGUAGES.get(wanted, wanted)
    codes = {code.lower(): code for code in installed}
    if wanted in codes:
        return codes[wanted]
    short = wanted.partition("_")[0]
    local = f"{short}_{country.lower()}"
    if local in codes:
        return codes[local]
    found = sorted(code for code in codes if code.partition("_")[0] == short)
    main = f"{short}_{short}"
    return codes[main if main in codes else found[0]] if found else ""


def check_lines(lines: list[Line]) -> list[Line]:
    """The same lines, each with its first problem; two of one number are `twice`."""
    seen: set[str] = set()
    return [_checked(line, seen) for line in lines]


def _checked(line: Line, seen: set[str]) -> Line:
    number = read_number(line.number, line.country)
    problem = ""
    if not line.name:
        problem = "name"
    elif not re.fullmatch("[A-Z]{2}", line.country):
        problem = "country"
    elif number is None:
        problem = "number"
    elif line.email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", line.email):
        problem = "email"
    elif number.key in seen:
        problem = "twice"
    if number:
        seen.add(number.key)
    return Line(line.name, line.country, line.number, line.email, line.lang, problem)
