"""Leaves of an XML subtree, read by path and without namespace.

Versions of ISO 20022 messages differ by namespace and by a few wrappers; the
local names do not move. One walk over an element makes a dictionary of its
leaves, which costs less than a search per value.
"""

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from lxml import etree

from ..errors import fail

MAX_LEAVES = 5_000  # of one block; a hostile file must not fill the memory

_AMOUNT = re.compile(r"\+?([0-9]{1,18}(\.[0-9]{0,10})?|\.[0-9]{1,10})", re.ASCII)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T+\-Z].*)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_YEARS = range(1970, 2200)


class Leaf(NamedTuple):
    text: str
    line: int | None
    currency: str | None


def local_name(element: etree._Element | None) -> str:
    """The tag without its namespace; empty for no element."""
    return "" if element is None else element.tag.rpartition("}")[2]


class Fields:
    """Values by path of local names, such as ``RmtInf/Ustrd``.

    A path that occurs several times keeps every value, in order.
    """

    __slots__ = ("_count", "_leaves", "line")

    def __init__(self, element: etree._Element | None = None):
        self._leaves: dict[str, list[Leaf]] = {}
        self._count = 0
        self.line = None
        if element is not None:
            self.line = element.sourceline
            self.absorb(element)

    def absorb(self, element: etree._Element, prefix: str = "") -> None:
        """Add the leaves under ``element``; its own name is not in the paths."""
        for child in element:
            self.add(child, prefix)

    def add(self, element: etree._Element, prefix: str = "") -> None:
        """Add ``element`` itself, as a leaf or as a branch."""
        path = prefix + element.tag.rpartition("}")[2]
        if len(element):
            path += "/"
            for child in element:
                self.add(child, path)
            return
        text = element.text
        text = text and text.strip()
        if not text:
            return
        self._count += 1
        if self._count > MAX_LEAVES:
            raise fail("too_complex", element.sourceline)
        currency = element.get("Ccy") if path.endswith("Amt") else None
        leaf = Leaf(text, element.sourceline, currency)
        if path in self._leaves:
            self._leaves[path].append(leaf)
        else:
            self._leaves[path] = [leaf]

    def leaf(self, *paths: str) -> Leaf | None:
        """The first value of the first path that has one."""
        for path in paths:
            if path in self._leaves:
                return self._leaves[path][0]
        return None

    def text(self, *paths: str) -> str | None:
        """The text of ``leaf``."""
        leaf = self.leaf(*paths)
        return leaf and leaf.text

    def texts(self, path: str) -> list[str]:
        """Every value of a path."""
        return [leaf.text for leaf in self._leaves.get(path, ())]

    def leaves(self, path: str) -> list[Leaf]:
        """Every value of a path, with its line."""
        return self._leaves.get(path, [])

    def day(self, path: str) -> date | None:
        """A date under ``path``: ``Dt``, ``DtTm`` or the element itself.

        Of a date with a time, the day as it is written: the bank's own day.
        """
        for name in (path + "/Dt", path + "/DtTm", path):
            if name in self._leaves:
                return read_date(self._leaves[name][0], name)
        return None

    def amount(self, *paths: str) -> tuple[Decimal, str | None] | None:
        """The unsigned amount of the first path that has one, and its currency."""
        for path in paths:
            if path in self._leaves:
                return read_amount(self._leaves[path][0], path)
        return None

    def as_text(self) -> str:
        """One ``path: value`` per line, for a person who wants the source."""
        return "\n".join(
            f"{path}: {text} {currency}" if currency else f"{path}: {text}"
            for path, leaves in self._leaves.items()
            for text, _line, currency in leaves
        )


def read_amount(leaf: Leaf, field: str) -> tuple[Decimal, str | None]:
    """An ISO 20022 amount: digits, a point, no sign; the currency beside it.

    Raises FormatError for anything else: NaN, exponents, commas, signs.
    """
    if not _AMOUNT.fullmatch(leaf.text):
        negative = leaf.text[0] == "-" and _AMOUNT.fullmatch(leaf.text[1:])
        code = "negative_amount" if negative else "bad_amount"
        raise fail(code, leaf.line, field, value=leaf.text[:40])
    if leaf.currency is not None and not _CURRENCY.fullmatch(leaf.currency):
        raise fail(
            "bad_value",
            leaf.line,
            f"{field}@Ccy",
            value=leaf.currency[:40],
            expected="EUR, USD, …",
        )
    return Decimal(leaf.text), leaf.currency


def read_date(leaf: Leaf, field: str) -> date:
    """The day of an ISO date or date-time; raises FormatError for anything else."""
    match = _DATE.fullmatch(leaf.text)
    try:
        day = date.fromisoformat(match.group(1)) if match else None
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise fail("bad_date", leaf.line, field, value=leaf.text[:40])
    return day
