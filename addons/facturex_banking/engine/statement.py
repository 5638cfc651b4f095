"""What every parser returns, and the checks that hold for every format."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from .errors import Notice, notice

KEY_DIGITS = 40  # of a SHA-256: short enough for an index, no accidental equality


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of an account.

    ``amount`` is signed, in the currency of the account: positive is money in.
    ``bank_id`` is an identifier that the bank gives to the movement, None when
    the format does not promise one. ``structured_reference`` is what the
    structured field holds (normalised when it is a valid OGM or RF).
    ``raw`` is the source of the line, cut at a few kilobytes.
    """

    date: date
    value_date: date | None  # pylint: disable=used-before-assignment
    amount: Decimal
    bank_id: str | None
    end_to_end_id: str | None
    structured_reference: str | None
    communication: str | None
    partner_name: str | None
    partner_account: str | None
    raw: str
    currency: str | None = None
    partner_bic: str | None = None
    transaction_code: str | None = None  # as the bank writes it
    category: str | None = None  # ours: transfer_in, fees, …
    reversal: bool = False
    return_reason: str | None = None
    mandate_id: str | None = None
    batch_id: str | None = None  # payment run or message the movement comes from
    batch_count: int | None = None  # movements inside a line that was not split
    batch_amount: Decimal | None = None  # signed total of a batch that was split
    detail_index: int | None = None  # rank, from 1, in a batch that was split
    detail_id: str | None = None  # identifier of that detail inside the batch
    original_amount: Decimal | None = None  # signed, in original_currency
    original_currency: str | None = None
    exchange_rate: Decimal | None = None
    charges: Decimal | None = None  # informative: already inside amount
    line: int | None = None  # of the file


@dataclass(frozen=True, slots=True)
class Statement:
    """The movements of one account over a period.

    Balances are signed; None when the bank does not give them. ``date_start``
    and ``date_end`` are the days of the two balances, or of the period.
    """

    account_number: str
    currency: str | None
    date_start: date | None
    date_end: date | None
    opening_balance: Decimal | None
    closing_balance: Decimal | None
    number: str | None
    entries: tuple[Entry, ...]
    warnings: tuple[Notice, ...] = ()
    reference: str | None = None  # identifier of the statement at the bank
    owner_name: str | None = None
    bank_bic: str | None = None
    intraday: bool = False  # provisional: to be confirmed by the day's statement
    pending_count: int = 0  # entries of the file that are not booked yet
    line: int | None = None
    notification: bool = False  # only completes lines that a statement brings
    family: str = ""  # of its own format, when the file is an archive of several


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file once read. ``format`` is like ``camt.053``.

    ``family`` goes into the import keys: formats of one family share the bank's
    identifiers. ``refused`` are the statements left out, each one also said in
    ``warnings``; a file whose every statement is refused raises instead.
    """

    format: str
    statements: tuple[Statement, ...]
    warnings: tuple[Notice, ...] = ()
    family: str = ""
    version: str | None = None
    refused: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Two consecutive statements of one account that do not follow each other.

    ``code`` is ``balance_gap`` (``found`` opening differs from the ``expected``
    one, ``difference`` = found - expected) or ``number_gap`` (the balances
    chain, but statements are missing between the two numbers).
    """

    code: str
    account_number: str
    currency: str | None
    date_from: date | None
    date_to: date | None
    expected: Decimal
    found: Decimal
    difference: Decimal
    previous_number: str | None
    next_number: str | None


def balance_difference(statement: Statement) -> Decimal | None:
    """Opening + entries - closing: zero when complete, None when unknown."""
    if statement.opening_balance is None or statement.closing_balance is None:
        return None
    total = sum((entry.amount for entry in statement.entries), Decimal())
    return statement.opening_balance + total - statement.closing_balance


def checked(statement: Statement) -> Statement:
    """The statement, warned when its balances and entries do not add up."""
    difference = balance_difference(statement)
    if not difference:
        return statement
    found = notice(
        "balance_mismatch",
        statement.line,
        opening=statement.opening_balance,
        total=sum((entry.amount for entry in statement.entries), Decimal()),
        closing=statement.closing_balance,
        difference=difference,
    )
    return replace(statement, warnings=(*statement.warnings, found))


def group_by_account(
    statements: Iterable[Statement],
) -> dict[tuple[str, str | None], tuple[Statement, ...]]:
    """Statements of each (account number, currency), in the order they came."""
    groups: dict[tuple[str, str | None], list[Statement]] = {}
    for statement in statements:
        key = statement.account_number, statement.currency
        groups.setdefault(key, []).append(statement)
    return {key: tuple(group) for key, group in groups.items()}


def continuity_gaps(statements: Iterable[Statement]) -> tuple[Gap, ...]:
    """Breaks in the chain of balances and of numbers, account by account.

    The statements may come in any order and from several files: they are taken
    by date, then by number. Intraday statements and statements without a
    balance are left out: they chain with nothing.
    """
    gaps = []
    for group in group_by_account(statements).values():
        chained = [s for s in group if not s.intraday]
        chained.sort(key=lambda s: (s.date_end or date.min, _rank(s.number) or 0))
        for previous, following in pairwise(chained):
            gap = _gap(previous, following)
            if gap:
                gaps.append(gap)
    return tuple(gaps)


def _gap(previous: Statement, following: Statement) -> Gap | None:
    expected, found = previous.closing_balance, following.opening_balance
    if expected is None or found is None:
        return None
    before, after = _rank(previous.number), _rank(following.number)
    # numbers start again at 1 each year: only a jump forward is a hole
    hole = before is not None and after is not None and after > before + 1
    if expected == found and not hole:
        return None
    return Gap(
        "number_gap" if expected == found else "balance_gap",
        following.account_number,
        following.currency,
        previous.date_end,
        following.date_start,
        expected,
        found,
        found - expected,
        previous.number,
        following.number,
    )


def _rank(number: str | None) -> int | None:
    return int(number) if number and number.isascii() and number.isdigit() else None


def import_keys(entries: Sequence[Entry], family: str) -> list[str]:
    """The duplicate key of each entry, in the same order.

    ``entries`` are all the entries of ONE account in the file, over all its
    statements: the keys then depend neither on the file name, nor on how the
    bank cuts its statements, nor on their numbers. Keys are unique in the list,
    and to be stored as unique per journal.

    Two kinds: the bank's identifier with ``family``, day and
    signed amount; else a fingerprint of the content. Either ends with the rank
    among identical lines of that day, so that real twins stay two lines while
    the same line in another file gets the same key.
    """
    seen: Counter[str] = Counter()
    keys = []
    for entry in entries:
        base = _identity(entry, family) if entry.bank_id else _fingerprint(entry)
        seen[base] += 1
        keys.append(f"{base}:{seen[base]}")
    return keys


def _identity(entry: Entry, family: str) -> str:
    parts = [family, entry.bank_id, entry.date.isoformat(), _plain(entry.amount)]
    if entry.detail_index is not None:
        # The details of a batch share the identifier of the entry. Their own
        # one is safer than their rank, which may change between downloads.
        parts.append(entry.detail_id)
    return f"{family}:{_digest(parts)}"


def _fingerprint(entry: Entry) -> str:
    parts = [
        entry.date.isoformat(),
        entry.value_date and entry.value_date.isoformat(),
        _plain(entry.amount),
        plain_letters(entry.structured_reference),
        plain_letters(entry.communication),
        plain_letters(entry.partner_account),
        plain_letters(entry.end_to_end_id),
    ]
    return f"fp:{_digest(parts)}"


def _digest(parts: list[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:KEY_DIGITS]


def _plain(amount: Decimal) -> str:
    """One spelling per value: 131.7, 131.70 and 1.317E+2 are the same."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain_letters(text: str | None) -> str:
    """Letters and digits only: spacing, case and accents vary between exports."""
    folded = unicodedata.normalize("NFKD", text or "").upper()
    return "".join(char for char in folded if char.isalnum())
