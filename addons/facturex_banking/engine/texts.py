"""Document numbers and names as people type them in a bank communication."""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

MIN_NUMBER = 5  # a shorter number is too often a year, a quantity or a street
MAX_WORDS = 8  # a number written with spaces
MAX_OWNERS = 20  # of one number: from two on, it decides nothing by itself
MAX_BEARERS = 300  # partners with one word in their names: more, and it says nothing
MIN_DIGITS = 5  # of a number in which a misspelling is looked for
MAX_DIGITS = 16
MAX_RUNS = 12  # of digits looked at in one text

_WORD = re.compile(r"[A-Z0-9/\-._]+", re.ASCII)
_CHUNK = re.compile(r"[A-Z0-9]+", re.ASCII)
_TURN = re.compile(r"(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Z])", re.ASCII)
# legal forms and courtesy: written or left out at will
_EMPTY_WORD = re.compile(
    "SA|NV|SRL|BV|BVBA|SPRLU?|SARL|SASU?|EURL|SC|SCRL|CV|SCS|SNC|ASBL|VZW|GMBH|LTD"
    "|LLC|M|MR|MME|MLLE|MRS|MONSIEUR|MADAME|ET|OU|EN|OF"
)


class Written(NamedTuple):
    """A number without its separators, and where they may stand."""

    joined: str
    breaks: frozenset[int]


def fold(text: str | None) -> str:
    """Upper case without accents."""
    decomposed = unicodedata.normalize("NFKD", text or "").upper()
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def written_number(number: str | None) -> Written | None:
    """A document number ready for comparison; None when it is too weak a sign."""
    chunks = _CHUNK.findall(fold(number))
    joined = "".join(chunks)
    if len(joined) < MIN_NUMBER or not any(char.isdigit() for char in joined):
        return None
    turns = {match.start() for match in _TURN.finditer(joined)}
    return Written(joined, frozenset(turns.union(_breaks(chunks))))


def name_key(name: str | None) -> str | None:
    """Words of a name in alphabetical order, without legal form.

    "Dupont Jean" and "M. Jean DUPONT" have the same key. None when too little
    is left to compare.
    """
    words = _CHUNK.findall(fold(name))
    key = " ".join(sorted(word for word in words if not _EMPTY_WORD.fullmatch(word)))
    return key if len(key) >= MIN_NUMBER else None


class NumberFinder:
    """Finds known document numbers inside texts.

    A number counts only as whole words of the text: ``00042`` is not found in
    ``FAC/2026/00042``, nor ``FAC/2026/0004`` in ``FAC/2026/00042``. Separators
    may be left out or exchanged, never put elsewhere: ``FAC 2026 00042`` is the
    number, ``FAC/2026/000 42`` is not. Of a number with many owners, the first
    ``MAX_OWNERS`` are kept.
    """

    def __init__(self, numbers: Iterable[tuple[str | None, Hashable]]):
        self._known: dict[str, list[tuple[frozenset[int], Hashable]]] = {}
        self._longest = 0
        for number, owner in numbers:
            written = written_number(number)
            if written:
                owners = self._known.setdefault(written.joined, [])
                entry = written.breaks, owner
                if len(owners) < MAX_OWNERS and entry not in owners:
                    owners.append(entry)
                self._longest = max(self._longest, len(written.joined))

    def find(self, text: str | None) -> dict[str, tuple[Hashable, ...]]:
        """Owners of each number found, by the number without separators."""
        found: dict[str, tuple[Hashable, ...]] = {}
        for joined, chunks in self._candidates(text):
            breaks = set(_breaks(chunks))
            owners = [
                owner for allowed, owner in self._known[joined] if breaks <= allowed
            ]
            if owners:
                found[joined] = tuple(dict.fromkeys(owners))
        return found

    def _candidates(self, text: str | None) -> Iterator[tuple[str, list[str]]]:
        words = [_CHUNK.findall(word) for word in _WORD.findall(fold(text))]
        words = [chunks for chunks in words if chunks]
        for first in range(len(words)):
            chunks: list[str] = []
            length = 0
            for word in words[first : first + MAX_WORDS]:
                chunks += word
                length += sum(map(len, word))
                if length > self._longest:
                    break
                joined = "".join(chunks)
                if joined in self._known:
                    yield joined, list(chunks)


def _breaks(chunks: list[str]) -> Iterator[int]:
    """Offsets between chunks, in the joined text."""
    offset = 0
    for chunk in chunks[:-1]:
        offset += len(chunk)
        yield offset


class NameFinder:
    """Finds known names, as the bank or a person writes them.

    Two names are the same when one has all the words of the other, legal forms and
    order apart; they are alike when only a letter or two differ. Words with digits
    must be equal.
    """

    def __init__(self, names: Iterable[tuple[str | None, Hashable]]):
        self._owners: dict[frozenset[str], dict[Hashable, None]] = {}
        self._bearers: dict[str, list[frozenset[str]]] = {}
        self._found: dict[str, tuple[frozenset, frozenset]] = {}
        keys: dict[str | None, frozenset[str]] = {}
        for name, owner in names:
            if name not in keys:
                keys[name] = frozenset((name_key(name) or "").split())
            words = keys[name]
            if not words:
                continue
            if words not in self._owners:
                self._owners[words] = {}
                for word in words:
                    self._bearers.setdefault(word, []).append(words)
            self._owners[words][owner] = None

    @staticmethod
    def key(name: str | None) -> str | None:
        return name_key(name)

    def find(self, name: str | None) -> tuple[frozenset, frozenset]:
        """Owners of the name: (the same words, the same or alike)."""
        key = name_key(name)
        if not key:
            return frozenset(), frozenset()
        if key not in self._found:
            words = frozenset(key.split())
            same, alike = {}, {}
            for own, common in self._near(words):
                if common in (len(own), len(words)):
                    if _weight(min(own, words, key=len)) >= MIN_NUMBER:
                        same |= self._owners[own]
                elif common == len(own) - 1 == len(words) - 1:
                    if _alike(*(own - words), *(words - own)):
                        alike |= self._owners[own]
            self._found[key] = frozenset(same), frozenset(same | alike)
        return self._found[key]

    def inside(self, text: str | None) -> frozenset:
        """Owners all of whose words stand in a free text."""
        words = frozenset(_CHUNK.findall(fold(text)))
        return frozenset(
            owner
            for own, common in self._near(words)
            if common == len(own) and _weight(own) >= MIN_NUMBER
            for owner in self._owners[own]
        )

    def _near(self, words: frozenset[str]) -> list[tuple[frozenset, int]]:
        """Known names that share a telling word, and how many words they share."""
        near: dict[frozenset, None] = {}
        for word in words:
            bearers = self._bearers.get(word, ())
            if len(word) > 1 and len(bearers) <= MAX_BEARERS:
                near |= dict.fromkeys(bearers)
        return [(own, len(own & words)) for own in near]


def _weight(words: frozenset[str]) -> int:
    return sum(map(len, words))


def _alike(one: str, other: str) -> bool:
    """Two words that a slip of the pen tells apart, digits excepted."""
    if min(len(one), len(other)) < MIN_NUMBER - 1:
        return False
    return one.isalpha() and other.isalpha() and one_slip(one, other)


class Digits(NamedTuple):
    """The digits of a number: all, its last group, that group without zeros."""

    whole: str
    last: str
    tail: str


class Runs(NamedTuple):
    """The digits of a text: ends of numbers, and what may be a number written."""

    tails: tuple[str, ...]
    wholes: tuple[str, ...]


_RUN = re.compile(r"\d+", re.ASCII)
_YEAR_FIRST = re.compile(r"(?:20)?[0-4]\d(?=\d{3,})", re.ASCII)


@lru_cache(maxsize=65536)
def number_digits(number: str | None) -> Digits | None:
    """The digits of a document number; None when it has none."""
    runs = _RUN.findall(fold(number))
    if not runs:
        return None
    whole, last = "".join(runs), runs[-1]
    tail = last.lstrip("0")
    return Digits(whole, last, tail if len(tail) > 1 else "")


def digit_runs(text: str | None) -> Runs:
    """What a text says in digits."""
    runs = _RUN.findall(fold(text))[:MAX_RUNS]
    tails: dict[str, None] = {}
    wholes: dict[str, None] = {}
    for first, run in enumerate(runs):
        for tail in (run, _YEAR_FIRST.sub("", run, count=1)):
            tail = tail.lstrip("0")
            if len(tail) > 1:
                tails[tail] = None
        for last in range(first + 1, min(first + 3, len(runs)) + 1):
            whole = "".join(runs[first:last])
            if MIN_DIGITS <= len(whole) <= MAX_DIGITS:
                wholes[whole] = None
    return Runs(tuple(tails), tuple(wholes))


def typo_keys(digits: str) -> set[str]:
    """The digits, and all they become when one is lost.

    Two numbers that share such a key differ by one digit, or by two in the other
    order, or by little more: compare them with `near_numbers`.
    """
    return {digits} | {digits[:i] + digits[i + 1 :] for i in range(len(digits))}


def near_numbers(number: Digits | None, wholes: Iterable[str]) -> bool:
    """Whether one of the texts is the number with one slip of the pen."""
    if not number:
        return False
    own = [text for text in (number.whole, number.last) if len(text) >= MIN_DIGITS]
    return any(one_slip(text, other) for text in own for other in wholes)


def one_slip(one: str, other: str) -> bool:
    """Equal, or one character lost, added or changed, or two neighbours swapped."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return (
        a[1:] == b[1:]
        or a[1:] == b
        or a == b[1:]
        or (a[:2] == b[1::-1] and a[2:] == b[2:])
    )
