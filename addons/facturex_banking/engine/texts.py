"""Document numbers and names as people type them in a bank communication."""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

MIN_NUMBER = 5  # a shorter number is too often a year, a quantity or a street
MAX_WORDS = 8  # a number written with spaces
MAX_OWNERS = 20  # of one number: from two on, it decides nothing by itself

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
        for joined, breaks in self._candidates(text):
            owners = [
                owner
                for allowed, owner in self._known.get(joined, ())
                if breaks <= allowed
            ]
            if owners:
                found[joined] = tuple(dict.fromkeys(owners))
        return found

    def _candidates(self, text: str | None) -> Iterator[tuple[str, set[int]]]:
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
                yield "".join(chunks), set(_breaks(chunks))


def _breaks(chunks: list[str]) -> Iterator[int]:
    """Offsets between chunks, in the joined text."""
    offset = 0
    for chunk in chunks[:-1]:
        offset += len(chunk)
        yield offset
