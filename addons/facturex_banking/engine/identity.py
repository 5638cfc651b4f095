"""Is this movement already there? Keys first, then what two formats both say.

A key (``statement.import_keys``) settles files of one family. The same movement
told by another family, or as a total by one file and by its details in another,
has another key: it is recognised by what both tell. Nothing is dropped on
amount and day alone: then the whole day must agree, else a person decides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .statement import Entry, import_keys, plain_letters

MIN_TEXT = 6  # letters that two texts must share to be the same
MIN_ID = 4  # characters of an end-to-end id that names something
_SAME_IDS = {"coda", "camt", "cfonb"}  # end-to-end ids mean the same in these


@dataclass(frozen=True, slots=True)
class Incoming:
    """A movement of the file. ``batch`` is the key of the total it is a detail of."""

    entry: Entry
    key: str
    family: str
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A movement of the journal; ``family`` is None when typed by hand."""

    id: int
    key: str | None
    batch: str | None
    family: str | None
    date: date
    amount: Decimal
    end_to_end_id: str | None = None
    structured_reference: str | None = None
    partner_account: str | None = None
    text: str | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """``new``; ``known`` as the lines; ``doubtful``: perhaps the lines; ``split``:
    a detail of the line, which is a total to be replaced by its details."""

    kind: str
    lines: tuple[int, ...] = ()


NEW = Verdict("new")


def incoming(entries: Sequence[Entry], family: str) -> list[Incoming]:
    """The movements of ONE account with their keys, and those of their totals."""
    keys = import_keys(entries, family)
    found = []
    totals: dict[tuple, str] = {}
    for entry, key in zip(entries, keys, strict=True):
        batch = None
        if entry.detail_index is not None and entry.batch_amount is not None:
            name = (entry.bank_id, entry.date, entry.batch_amount)
            if entry.bank_id:
                batch = totals.get(name) or total_key(entry, family)
                totals[name] = batch
        found.append(Incoming(entry, key, family, batch))
    return found


def total_key(entry: Entry, family: str) -> str:
    """The key that the total of a detail has, when the bank gives it alone."""
    whole = Entry(
        entry.date,
        entry.value_date,
        entry.batch_amount,
        entry.bank_id,
        *[None] * 5,
        raw="",
    )
    return import_keys([whole], family)[0]


def resolve(coming: Sequence[Incoming], known: Iterable[Known]) -> list[Verdict]:
    """A verdict for each movement of one account, in the same order."""
    return _Resolver(coming, known).verdicts()


class _Resolver:
    """Each line of the journal may explain one movement of the file."""

    def __init__(self, coming: Sequence[Incoming], known: Iterable[Known]):
        self._coming = coming
        self._known = sorted(known, key=lambda line: (line.date, line.id))
        self._found: list[Verdict | None] = [None] * len(coming)
        self._used: set[int] = set()

    def verdicts(self) -> list[Verdict]:
        self._by_key()
        self._by_batch()
        self._by_content()
        self._by_day()
        return [verdict or NEW for verdict in self._found]

    def _set(self, position: int, verdict: Verdict) -> None:
        self._found[position] = verdict
        if verdict.kind in ("known", "split"):
            self._used.update(verdict.lines)

    def _open(self) -> list[int]:
        return [i for i, verdict in enumerate(self._found) if verdict is None]

    def _free(self) -> list[Known]:
        return [line for line in self._known if line.id not in self._used]

    def _by_key(self) -> None:
        lines = {line.key: line.id for line in self._known if line.key}
        for position, one in enumerate(self._coming):
            if one.key in lines:
                self._set(position, Verdict("known", (lines[one.key],)))

    def _by_batch(self) -> None:
        """A total that came alone before, or details that came before."""
        totals = {line.key: line for line in self._known if line.key}
        details: dict[str, list[int]] = defaultdict(list)
        for line in self._known:
            if line.batch:
                details[line.batch].append(line.id)
        for position in self._open():
            one = self._coming[position]
            if one.batch in totals:
                total = totals[one.batch]
                kind = "known" if total.settled else "split"
                self._set(position, Verdict(kind, (total.id,)))
            elif one.key in details:
                self._set(position, Verdict("known", tuple(details[one.key])))

    def _by_content(self) -> None:
        """The same day first, then the day before or after; the likest pairs first."""
        for distance in (0, 1):
            lines: dict[Decimal, list[Known]] = defaultdict(list)
            for line in self._free():
                lines[line.amount].append(line)
            pairs = []
            for position in self._open():
                one = self._coming[position]
                for line in lines[one.entry.amount]:
                    near = abs(line.date - one.entry.date) == timedelta(distance)
                    if near and _comparable(one, line):
                        if _agreement(one, line) == "same":
                            pairs.append((-_likeness(one, line), position, line.id))
            for _likely, position, line_id in sorted(pairs):
                if self._found[position] is None and line_id not in self._used:
                    self._set(position, Verdict("known", (line_id,)))

    def _by_day(self) -> None:
        """What is left of a day: known when the days are equal as a whole."""
        sums: dict[date, Counter] = defaultdict(Counter)
        there: dict[date, Counter] = defaultdict(Counter)
        for one in self._coming:
            sums[one.entry.date][one.entry.amount] += 1
        for line in self._known:
            there[line.date][line.amount] += 1
        equal = {day for day in sums if sums[day] == there[day]}
        lines: dict[tuple, list[Known]] = defaultdict(list)
        for line in self._free():
            lines[line.date, line.amount].append(line)
        for position in self._open():
            one = self._coming[position]
            for line in lines[one.entry.date, one.entry.amount]:
                if line.id in self._used or not _comparable(one, line):
                    continue
                if _agreement(one, line) == "other":
                    continue
                self._used.add(line.id)
                kind = "known" if one.entry.date in equal else "doubtful"
                self._found[position] = Verdict(kind, (line.id,))
                break


def _comparable(one: Incoming, line: Known) -> bool:
    """Files of one family are told apart by their keys alone.

    Except OFX, where some banks give new identifiers at each download.
    """
    if line.family is None or line.family != one.family:
        return True
    return one.family == "ofx" and line.date == one.entry.date


def _agreement(one: Incoming, line: Known) -> str:
    """``same``, ``other`` when they contradict each other, ``unknown``."""
    entry, same = one.entry, False
    pairs = (
        (entry.structured_reference, line.structured_reference, 8),
        (entry.partner_account, line.partner_account, 8),
    )
    for mine, its, least in pairs:
        if not mine or not its:
            continue
        mine, its = plain_letters(mine), plain_letters(its)
        if mine == its or (min(len(mine), len(its)) >= least and _inside(mine, its)):
            same = True
        else:
            return "other"
    if entry.end_to_end_id and line.end_to_end_id:
        equal = entry.end_to_end_id == line.end_to_end_id
        if not equal and one.family in _SAME_IDS and line.family in _SAME_IDS:
            return "other"
        same |= equal and len(entry.end_to_end_id) >= MIN_ID
    if one.family == "ofx" == line.family:
        return "unknown"  # new identifiers, or a true twin: a person decides
    return "same" if same or _same_text(entry, line) else "unknown"


def _likeness(one: Incoming, line: Known) -> int:
    """How much of what both could say is equal, silence included."""
    entry = one.entry
    return sum(
        plain_letters(mine) == plain_letters(its)
        for mine, its in (
            (entry.end_to_end_id, line.end_to_end_id),
            (entry.structured_reference, line.structured_reference),
            (entry.partner_account, line.partner_account),
            (entry.communication, line.text),
        )
    )


def _inside(one: str, other: str) -> bool:
    return one in other or other in one


def _same_text(entry: Entry, line: Known) -> bool:
    mine = plain_letters(entry.communication)
    its = plain_letters(line.text)
    if min(len(mine), len(its)) < MIN_TEXT:
        return False
    return mine == its or (min(len(mine), len(its)) >= 12 and _inside(mine, its))
