"""Lines, dates and amounts of the formats that are not XML."""

import contextlib
import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from ..errors import FormatError, Notice, fail, notice
from ..references import normalise_account

RAW_CHARS = 4_096
MAX_LINES = 1_000_000

_YEARS = range(1970, 2200)
_PARTS = re.compile(r"\s*[/.\-' ]\s*")
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_IBAN_LENGTHS = {"BE": 16, "DE": 22, "ES": 24, "FR": 27, "GB": 22, "LU": 20, "NL": 18}
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?![A-Z0-9])")
# accented letters of the DOS code page where Windows has only rare signs
_DOS_LETTERS = set(b"\x81\x82\x83\x84\x85\x87\x88\x89\x8a\x8b\x8c\x8d\x93\x94\x96\x97")


def decode(content: bytes) -> tuple[str, tuple[Notice, ...]]:
    """The text of a file that does not say its encoding, or lies about it.

    UTF-8 and UTF-16 show in the bytes; else Windows, or the DOS code page when
    the accents only make sense there.
    """
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if content.startswith(mark):
            return _strict(content[len(mark) :], encoding), ()
    if len(content) > 3 and content[1] == 0 and content[0]:
        return _strict(content, "utf-16-le"), ()
    if len(content) > 3 and content[0] == 0 and content[1]:
        return _strict(content, "utf-16-be"), ()
    if content.isascii():
        return content.decode("ascii"), ()
    with contextlib.suppress(UnicodeDecodeError):
        return content.decode("utf-8"), ()
    high = [byte for byte in content if byte >= 0x80]
    dos = sum(byte in _DOS_LETTERS for byte in high)
    # accented letters stand from C0 on in Windows, nearly all before A0 in DOS
    if dos > sum(byte >= 0xC0 for byte in high):
        used = notice("encoding_guessed", declared="-", used="cp850")
        return content.decode("cp850"), (used,)
    return content.decode("cp1252", "replace").replace("\ufffd", "?"), ()


def _strict(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise fail("bad_encoding", encoding=encoding.upper()) from error


def first_line(text: str) -> str:
    """The first line that says something, without blanks at its end."""
    lines = (line.rstrip(" \0\t\r\f") for line in text.split("\n"))
    return next(filter(None, lines), "")


def numbered_lines(text: str) -> list[tuple[int, str]]:
    """Lines with their number from 1, without end of file mark; blank ones left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x1a", "")
    if text.count("\n") > MAX_LINES:
        raise fail("too_many_entries", limit=MAX_LINES)
    lines = enumerate(text.split("\n"), 1)
    return [(number, line) for number, line in lines if line.strip(" \0\t\f")]


def fixed_records(text: str, width: int) -> list[tuple[int, str]]:
    """Records of a fixed width, padded: one per line, or end to end without lines."""
    lines = numbered_lines(text)
    if len(lines) == 1 and len(lines[0][1]) > width:
        whole = lines[0][1].rstrip()
        pieces = [whole[i : i + width] for i in range(0, len(whole), width)]
        lines = list(enumerate(pieces, 1))
    records = []
    for number, line in lines:
        if len(line.rstrip()) > width:
            raise fail("bad_length", number, found=len(line.rstrip()), expected=width)
        records.append((number, line[:width].ljust(width)))
    return records


def squeeze(*texts: str | None) -> str | None:
    """Texts joined by one space, runs of blanks collapsed; None when nothing."""
    return " ".join(" ".join(filter(None, texts)).split()) or None


def short_raw(text: str) -> str:
    """The source of a line, bounded and without NUL, which PostgreSQL refuses."""
    text = text.replace("\0", " ")
    return text if len(text) <= RAW_CHARS else text[: RAW_CHARS - 1] + "…"


def day_ddmmyy(text: str, line: int, field: str) -> date:
    """A DDMMYY date: years below 80 are of this century."""
    if re.fullmatch("[0-9]{6}", text, re.ASCII):
        year = int(text[4:])
        found = real_day(year + (2000 if year < 80 else 1900), text[2:4], text[:2])
        if found:
            return found
    raise fail("bad_date", line, field, value=text.strip()[:40] or "-")


def real_day(year: str | int, month: str | int, day: str | int) -> date | None:
    """The date, None when it does not exist or is out of any bank's time."""
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def digits(text: str, line: int, field: str) -> int:
    """A fixed numeric zone; blanks count as zeros."""
    text = text.strip().replace(" ", "0") or "0"
    if not _DIGITS.fullmatch(text):
        raise fail("bad_number", line, field, value=text[:40])
    return int(text)


def scaled(value: int, decimals: int) -> Decimal:
    """An integer of cents, with two decimals when more say nothing."""
    amount = Decimal(value).scaleb(-decimals)
    cents = amount.quantize(Decimal("0.01")) if decimals > 2 else amount
    return cents if cents == amount else amount


# a grouping of thousands, then decimals: 1.234,56  1 234.56  1'234.56  1234,5
_AMOUNT = re.compile(r"[0-9]+(?:[ .,'][0-9]{3})*(?:[.,][0-9]*)?|[.,][0-9]+", re.ASCII)


def loose_amount(
    text: str, line: int | None, field: str, mark: str | None = None
) -> Decimal:
    """An amount as people write it, with a sign before or after, or brackets.

    ``mark`` is the decimal mark when it is known. Else the last separator is
    the decimal mark, but one alone before exactly three digits is refused when
    it could be either: the caller decides for a whole column.
    """
    source = text
    text = re.sub(r"[\s\u00a0\u202f']", "", text)
    text = re.sub(r"(?i)^([+\-\u2212\u2013]?)(?:eur|usd|chf|gbp|€|\$|£)", r"\1", text)
    text = re.sub(r"(?i)(?:eur|usd|chf|gbp|€|\$|£)$", "", text)
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1, text[1:-1]
    text = text.replace("\u2212", "-").replace("\u2013", "-")
    if text[:1] in ("+", "-"):
        sign, text = (-sign if text[0] == "-" else sign), text[1:]
    elif text[-1:] in ("+", "-"):
        sign, text = (-sign if text[-1] == "-" else sign), text[:-1]
    if not _AMOUNT.fullmatch(text) or len(text) > 30:
        raise fail("bad_loose_amount", line, field, value=source.strip()[:40] or "-")
    mark = mark or decimal_mark([text]) or "."
    other = "," if mark == "." else "."
    whole = text.split(mark)[0] if text.count(mark) == 1 else text
    separator = other if other in text else mark
    if text.count(other) and (other in text.split(mark)[-1] if mark in text else False):
        raise fail("bad_loose_amount", line, field, value=source.strip()[:40])
    if separator in whole and any(len(g) != 3 for g in whole.split(separator)[1:]):
        # the other mark, yet not before three digits: not a thousand
        raise fail("bad_loose_amount", line, field, value=source.strip()[:40])
    text = text.replace(other, "")
    if text.count(mark) > 1:
        text = text.replace(mark, "")
    value = Decimal(text.replace(mark, ".") or "0")
    return -value if sign < 0 and value else value


def decimal_mark(values: Iterable[str]) -> str | None:
    """The decimal mark that a column of amounts betrays; None when none does.

    A lone separator before three digits is the doubt that others settle; with
    no other evidence it separates thousands only when it occurs several times.
    """
    doubt = None
    for value in values:
        marks = [char for char in value if char in ".,"]
        if not marks:
            continue
        if len(set(marks)) == 2:
            return marks[-1]
        if len(marks) > 1:
            return "," if marks[0] == "." else "."
        tail = re.sub("[^0-9]", "", value[value.rindex(marks[0]) :])
        if len(tail) != 3:
            return marks[0]
        doubt = marks[0]
    return doubt


def date_order(values: Sequence[str]) -> tuple[str, bool]:
    """How a column writes its dates: YMD, DMY or MDY, and whether it is certain.

    A part above 12 tells; else the order in which the days run; else day first,
    as in Europe.
    """
    parts = [split for split in map(_split_date, values) if split]
    if any(len(part[0]) == 4 for part in parts):
        return "YMD", True
    numbers = [tuple(map(int, part)) for part in parts]
    if any(first > 12 for first, _second, _year in numbers):
        return "DMY", True
    if any(second > 12 for _first, second, _year in numbers):
        return "MDY", True
    orders = [
        order
        for order in ("DMY", "MDY")
        if _monotonous([_as_day(part, order) for part in parts])
    ]
    if len(orders) == 1 and len(set(numbers)) > 2:
        return orders[0], False
    return "DMY", not numbers


def loose_day(text: str, order: str, line: int | None, field: str) -> date:
    """A date written in the given order; a time after it is ignored."""
    part = _split_date(text)
    found = part and _as_day(part, order)
    if not found:
        raise fail("bad_date", line, field, value=text.strip()[:40] or "-")
    return found


def _split_date(text: str) -> tuple[str, str, str] | None:
    text = text.strip()
    compact = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text, re.ASCII)
    if compact:
        return compact.groups()
    text = re.sub(r"[T ]\s*[0-9]{1,2}[:h][0-9]{2}.*$", "", text)
    parts = _PARTS.split(text.strip())
    if len(parts) != 3 or not all(_DIGITS.fullmatch(part) for part in parts):
        return None
    return tuple(parts) if max(map(len, parts)) <= 4 else None


def _as_day(part: tuple[str, str, str], order: str) -> date | None:
    if len(part[0]) == 4:
        order = "YMD"
    named = dict(zip(order, part, strict=True))
    year = int(named["Y"])
    if len(named["Y"]) <= 2:
        year += 2000 if year < 80 else 1900
    return real_day(year, named["M"], named["D"])


def _monotonous(days: Sequence[date | None]) -> bool:
    if None in days:
        return False
    pairs = list(pairwise(days))
    return all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs)


def is_iban(number: str) -> bool:
    """Whether the check digits of ISO 13616 are right, whatever the bank."""
    if not re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", number, re.ASCII):
        return False
    if number.startswith("RF"):
        return False  # a creditor reference (ISO 11649), checked by the same digits
    length = _IBAN_LENGTHS.get(number[:2], len(number))
    turned = "".join(str(int(char, 36)) for char in number[4:] + number[:4])
    return len(number) == length and int(turned) % 97 == 1


def find_iban(text: str | None, own: str | None = None) -> str | None:
    """The one valid IBAN in a text that is not the account's own; else None."""
    found = {
        match.group()
        for match in _IBAN.finditer((text or "").upper())
        if is_iban(match.group())
    }
    found.discard(own)
    return found.pop() if len(found) == 1 else None


def account_of(text: str | None) -> str | None:
    """An account number without blanks; None for zeros, fillers and nothing."""
    number = normalise_account(text)
    return number if number.strip("0X") else None


def belgian_iban(number: str) -> str:
    """The IBAN of 12 Belgian digits; the number itself when they do not check."""
    if not re.fullmatch("[0-9]{12}", number, re.ASCII):
        return number
    if (int(number[:10]) % 97 or 97) != int(number[10:]):
        return number
    return with_check_digits("BE", number)


def french_iban(bank: str, branch: str, account: str) -> str | None:
    """The IBAN of a French account without its key (RIB); None when not one.

    The key is 97 less the remainder of the whole by 97, letters counting as the
    digits 1 to 9 of the code (A, J = 1 … I, R, Z = 9).
    """
    number = (bank + branch + account).upper()
    if not re.fullmatch("[0-9]{10}[0-9A-Z]{11}", number, re.ASCII):
        return None
    plain = "".join(
        char if char.isdigit() else _RIB_DIGITS[ord(char) - ord("A")] for char in number
    )
    key = 97 - int(plain + "00") % 97
    return with_check_digits("FR", f"{number}{key:02}")


_RIB_DIGITS = "12345678912345678923456789"


def with_check_digits(country: str, number: str) -> str:
    """A national account number with the two check digits of ISO 13616."""
    whole = "".join(str(int(char, 36)) for char in number + country + "00")
    return f"{country}{98 - int(whole) % 97:02}{number}"


def cut_short(line: int | None, missing: str) -> FormatError:
    """The refusal of a file that stops before its end."""
    return fail("cut_short", line, missing=missing)
