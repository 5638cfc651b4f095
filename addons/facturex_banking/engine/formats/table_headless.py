"""Tables without a header: the cells tell what their columns are.

Nothing is guessed about money. The amounts are those that the balances beside them
prove, or the only figures of the rows when a sign tells which of them went out. Else
the columns stay unknown: a person names them, as "column 1", "column 2".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise, permutations

from ..errors import FormatError
from ..references import normalise_account
from .text import date_order, decimal_mark, is_iban, loose_amount, loose_day

TITLE = "column %d"
WORDS = "words"  # the role of each column whose words are told
ABOVE = 5  # rows before the first movement: the account, its balance
_FIGURE = re.compile(r"[+\-\u2212]?[0-9][0-9 .,'\u00a0\u202f]*[+-]?", re.ASCII)
_CENTS = re.compile(r"[.,][0-9]{2}[+-]?$")
_NAMES = re.compile(r"0[0-9]|[0-9]{10}")  # a number that counts nothing
_NUMBER = re.compile(r"[0-9]{6,16}", re.ASCII)
_RIB = re.compile(r"(?=(?:.*[0-9]){7})[0-9A-Z][0-9A-Z ]{8,26}", re.ASCII)
_WORD = re.compile(r"[^\W\d_]{2}")
DEBITS = ("d", "db", "dr", "debit", "débit", "debet", "af", "-", "soll")
_CREDITS = ("c", "cr", "credit", "crédit", "krediet", "bij", "+", "haben")
_SIGNS = frozenset({*DEBITS, *_CREDITS}) - {"-", "+"}  # a dash says nothing
_CURRENCIES = frozenset(
    {"AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF"}
    | {"JPY", "MAD", "NOK", "PLN", "RON", "SEK", "TND", "USD"}
)


@dataclass(frozen=True)
class Headless:
    """Which rows are movements, and the roles that their cells tell.

    ``first`` and ``end`` are indexes of rows; ``columns`` are role → position, empty
    when the amounts are not certain. ``left_out`` is the line of a balance below.
    """

    first: int
    end: int
    columns: tuple[tuple[str, int], ...]
    left_out: int | None = None


def titles(width: int) -> tuple[str, ...]:
    """What the columns are called: "column 1", "column 2"…"""
    return tuple(TITLE % (position + 1) for position in range(width))


def read_cells(rows: Sequence[tuple[int, tuple]]) -> Headless | None:
    """The movements of ``(line, cells)`` and their columns.

    None without days, and below a header: its words are for a person to explain.
    """
    width = max((len(cells) for _line, cells in rows), default=0)
    for position in range(width):
        first = _first_day(rows, position)
        if first is None:
            continue
        if any(_is_header(cells) for _line, cells in rows[:first]):
            return None
        moves = [cells for _line, cells in rows[first:]]
        left_out = None
        if len(moves) > 1 and _is_balance(moves[-1], moves[:-1], position):
            moves, left_out = moves[:-1], rows[-1][0]
        columns = _Columns(moves, width, position).roles()
        end = first + len(moves)
        return Headless(first, end, tuple(sorted(columns.items())), left_out)
    return None


def _first_day(rows: Sequence[tuple[int, tuple]], position: int) -> int | None:
    """The index from which each row has a day in that column."""
    days = [_is_day(_cell(cells, position)) for _line, cells in rows]
    if True not in days:
        return None
    first = days.index(True)
    return first if first <= ABOVE and all(days[first:]) else None


def _is_header(cells: tuple) -> bool:
    """Words only, in two cells or more."""
    said = [value for value in cells if value not in ("", None)]
    return len(said) > 1 and all(
        isinstance(value, str) and is_word(value) and not re.search("[0-9]", value)
        for value in said
    )


def _time_ways(values: Sequence) -> tuple[int, ...]:
    """How rows may follow in time: 1 down the file, -1 up.

    Balances after the movements, read down, prove the same as balances before them,
    read up, with the signs turned: only the days tell one from the other.
    """
    order, _sure = date_order([value for value in values if isinstance(value, str)])
    try:
        days = [_as_date(value, order) for value in (values[0], values[-1])]
    except FormatError:
        return (1, -1)  # day first and month first: said when the rows are read
    if days[0] == days[-1]:
        return (1, -1)
    return (1,) if days[0] < days[-1] else (-1,)


def _as_date(value, order: str) -> date:
    if isinstance(value, str):
        return loose_day(value, order, None, "date")
    return date(value.year, value.month, value.day)


def _cell(cells: tuple, position: int):
    value = cells[position] if position < len(cells) else None
    return "" if value is None else value


def _is_day(value) -> bool:
    if not isinstance(value, str):
        return isinstance(value, date)
    order, _sure = date_order([value])
    try:
        loose_day(value, order, None, "date")
    except FormatError:
        return False
    return True


def is_word(value) -> bool:
    """Whether a cell says something to people."""
    text = str(value)
    return bool(_WORD.search(text)) and not is_iban(normalise_account(text))


def _is_balance(last: tuple, moves: Sequence[tuple], day: int) -> bool:
    """A row that says nothing but an account's number, which no movement does."""
    numbers = [
        position
        for position, value in enumerate(last)
        if position != day and _is_account(value) and not _figure(value)
    ]
    return (
        len(numbers) == 1
        and not any(
            is_word(value)
            for position, value in enumerate(last)
            if position not in (day, *numbers)
        )
        and all(any(map(is_word, cells)) for cells in moves)
        and not any(_is_account(_cell(cells, numbers[0])) for cells in moves)
    )


def _is_account(value) -> bool:
    text = str(value or "").strip("*' ")
    number = normalise_account(text)
    return is_iban(number) or bool(_NUMBER.fullmatch(text) or _RIB.fullmatch(text))


def _figure(value) -> bool:
    return isinstance(value, Decimal) or (
        isinstance(value, str) and bool(_FIGURE.fullmatch(value.strip()))
    )


def _figures(values: Sequence) -> list[Decimal | None] | None:
    """The amounts of a column, None in its empty cells; None when it has others."""
    filled = [value for value in values if value != ""]
    texts = [value.strip() for value in filled if isinstance(value, str)]
    if not filled or not all(map(_figure, filled)) or any(map(_NAMES.match, texts)):
        return None
    mark = decimal_mark(texts)
    try:
        return [
            None
            if value == ""
            else value
            if isinstance(value, Decimal)
            else loose_amount(value, None, "amount", mark)
            for value in values
        ]
    except FormatError:
        return None


def _has_cents(values: Sequence) -> bool:
    return any(
        value != int(value)
        if isinstance(value, Decimal)
        else bool(_CENTS.search(str(value).strip()))
        for value in values
    )


def is_debit(text: str | None) -> bool:
    """Whether a mark of the sign says that money went out."""
    return (text or "").strip().lower() in DEBITS


class _Columns:
    """The columns of movements, by what is in all their cells."""

    def __init__(self, moves: Sequence[tuple], width: int, day: int):
        self._values = [[_cell(cells, p) for cells in moves] for p in range(width)]
        self._count = len(moves)
        self._ways = _time_ways(self._values[day])
        self._free = [p for p in range(width) if any(map(str, self._values[p]))]
        figures = {p: _figures(self._values[p]) for p in self._free}
        self._money, self._bare = {}, {}
        for position, found in figures.items():
            values = self._values[position]
            if found and _has_cents(values):
                self._money[position] = found
            elif found and None not in found and any(found):
                # on every row a number without cents: amounts, or anything else
                if not all(map(_is_day, values)):
                    self._bare[position] = found

    def roles(self) -> dict[str, int]:
        """Role → position; empty when the amounts are not certain."""
        found = self._amounts()
        if not found:
            return {}
        for position in (*found.values(), *self._money):
            self._take(position)  # a bare number is not told either: it has no word
        days = [p for p in self._free if all(map(_is_day, self._texts(p)))]
        found |= dict(zip(("date", "value_date"), days, strict=False))
        for position in days:
            self._take(position)
        currency = self._first(lambda texts: texts <= _CURRENCIES and len(texts) == 1)
        if currency is not None:
            found["currency"] = currency
        found |= self._accounts()
        return found | self._words(found.get("partner_account"))

    def _take(self, position: int) -> None:
        if position in self._free:
            self._free.remove(position)

    def _texts(self, position: int) -> list[str]:
        return [str(value).strip() for value in self._values[position] if value != ""]

    def _first(self, test) -> int | None:
        """The first free column, full, whose values pass; it is taken."""
        for position in self._free:
            texts = self._texts(position)
            if len(texts) == self._count and test(set(texts)):
                self._take(position)
                return position
        return None

    # -- money ---------------------------------------------------------------------

    def _amounts(self) -> dict[str, int]:
        money = {p: v for p, v in self._money.items() if None not in v}
        full = money | self._bare
        plain = [({"amount": p}, values) for p, values in full.items()]
        signed, halves = self._signed(plain), self._halves()
        proved = {}
        for columns, values in (*plain, *signed, *halves):
            proof = self._proof(columns, values, full)
            # numbers that count the rows prove nothing
            if proof and proof[1] in self._money:
                proved.setdefault(tuple(values), columns | self._balance(proof))
        if proved:
            return proved.popitem()[1] if len(proved) == 1 else {}
        if len(plain) == 1 and any(value < 0 for value in plain[0][1]):
            if signed and signed[0][1] != plain[0][1]:
                return {}  # two signs, one against the other
            return self._alone(plain)
        return self._alone(signed or halves)

    def _alone(self, ways: Sequence) -> dict[str, int]:
        """Without a proof: the only figures of the rows, when signs tell."""
        figures = self._money | self._bare
        if len(ways) != 1 or set(figures) - set(ways[0][0].values()):
            return {}
        columns = ways[0][0]
        debit = columns.get("debit")
        told = debit is None or any(value < 0 for value in self._half(debit))
        return columns if told else {}

    def _signed(self, plain: Sequence) -> list[tuple[dict[str, int], list[Decimal]]]:
        """The same figures with the sign of a column of marks."""
        for position in self._free:
            texts = [text.lower() for text in self._texts(position)]
            # one letter on every row may be anything
            alone = len(set(texts)) == 1 and len(texts[0]) < 2
            if len(texts) < self._count or not _SIGNS.issuperset(texts) or alone:
                continue
            return [
                (
                    {**columns, "sign": position},
                    [
                        -abs(value) if text in DEBITS else value
                        for value, text in zip(values, texts, strict=True)
                    ],
                )
                for columns, values in plain
            ]
        return []

    def _half(self, position: int) -> list[Decimal]:
        return [value for value in self._money[position] if value is not None]

    def _halves(self) -> list[tuple[dict[str, int], list[Decimal]]]:
        """Debit and credit: each movement in one of two columns, both ways round."""
        parts = [p for p, values in self._money.items() if None in values]
        ways = []
        for debit, credit in permutations(parts, 2):
            pairs = list(zip(self._money[debit], self._money[credit], strict=True))
            if any((a is None) == (b is None) for a, b in pairs):
                continue
            if any(value < 0 for value in self._half(credit)):
                continue
            values = [-abs(a) if b is None else b for a, b in pairs]
            ways.append(({"debit": debit, "credit": credit}, values))
        negative = [
            way for way in ways if all(v < 0 for v in self._half(way[0]["debit"]))
        ]
        return negative or ways

    def _proof(self, columns: dict, values: list, full: dict) -> tuple | None:
        """The balances that prove the amounts: (kind, position), else None."""
        # one row: opening plus amount or amount plus opening, who knows
        if self._count < 2 or not any(values):
            return None
        others = {p: v for p, v in full.items() if p not in columns.values()}
        for before, after in permutations(others, 2):
            opening, closing = others[before], others[after]
            rows = zip(opening, values, closing, strict=True)
            if all(a + value == b for a, value, b in rows) and _joined(
                opening, closing
            ):
                return ("after", after)
        for position, balances in others.items():
            if len(set(balances)) < 2:
                continue
            for kind, shift in (("after", 1), ("before", 0)):
                if any(
                    _runs(values[::way], balances[::way], shift) for way in self._ways
                ):
                    return (kind, position)
        return None

    def _balance(self, proof: tuple) -> dict[str, int]:
        kind, position = proof
        return {"balance": position} if kind == "after" else {}

    # -- who and what --------------------------------------------------------------

    def _accounts(self) -> dict[str, int]:
        """One's own account is on each row, the same; the other one varies."""
        found = {}
        own = self._first(
            lambda texts: len(texts) == 1 and all(map(_is_account, texts))
        )
        if own is not None:
            found["account"] = own
        for position in list(self._free):
            texts = self._texts(position)
            if any(is_iban(normalise_account(text)) for text in texts):
                found["partner_account"] = position
                self._take(position)
                break
        return found

    def _words(self, account: int | None) -> dict[str, int]:
        """Every other column may hold words; a name stands by its account.

        A row must say the same whatever rows come with it in the file: the movement
        is recognised by it in the next one. So no column is chosen by its length.
        """
        found = {f"{WORDS} {position}": position for position in self._free}
        if account is not None:
            for position in (account - 1, account + 1):
                if position in self._free and all(
                    map(_WORD.search, self._texts(position))
                ):
                    found.setdefault("partner_name", position)
        return found


def _joined(openings: Sequence[Decimal], closings: Sequence[Decimal]) -> bool:
    """Whether most rows open where a neighbour closed; accounts may change."""
    rows = len(openings) - 1
    after = sum(a == b for a, b in zip(closings[:-1], openings[1:], strict=True))
    before = sum(a == b for a, b in zip(closings[1:], openings[:-1], strict=True))
    return 2 * max(after, before) > rows


def _runs(values: Sequence[Decimal], balances: Sequence[Decimal], shift: int) -> bool:
    """Whether each balance is the one before it plus the amount beside one of them."""
    return all(
        before + value == after
        for (before, after), value in zip(
            pairwise(balances), values[shift : len(values) - 1 + shift], strict=True
        )
    )
