"""Which column of a table says what: by its header, then by what is under it."""

import re
from collections.abc import Sequence

from .table_header import EITHER, FALLBACKS, FEE, PAYER, fold_header, role_of
from .text import account_of

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
SAMPLE = 2_000  # rows that are looked at


def columns_of(cells: Sequence) -> dict[str, str]:
    """Role → folded header, each header in its best role, each role once."""
    found: dict[str, str] = {}
    ranked = []
    for position, cell in enumerate(cells):
        folded = fold_header(cell)
        for rank, role in role_of(cell):
            if folded in EITHER:
                rank += 50  # after every header that says account
            ranked.append((rank, position, role, folded))
    taken: set[int] = set()
    for _rank, position, role, folded in sorted(ranked):
        if role not in found and position not in taken:
            found[role] = folded
            taken.add(position)
        elif folded in EITHER and position not in taken:
            # "Contrepartie" beside "Compte contrepartie" is the name
            found.setdefault("partner_name", folded)
            taken.add(position)
    return found


def named(columns: dict[str, str]) -> set[str]:
    """Roles found; a debit and a credit column make an amount."""
    found = set(columns)
    if "debit" in found or "credit" in found:
        found.add("amount")
    if "value_date" in found:
        found.add("date")
    return found


def refined(columns: dict[str, str], header: Sequence, rows: Sequence) -> None:
    """Correct in place what only the cells tell.

    ``rows`` are (line, cells) below the header.
    """
    titles = [fold_header(cell) for cell in header]
    rows = rows[:SAMPLE]
    if _currencies(_cells(columns.get("value_date"), titles, rows)):
        # "Valuta" is the value date of one bank and the currency of another
        valuta = columns.pop("value_date")
        columns.setdefault("currency", valuta)
    currencies = set(_cells(columns.get("currency"), titles, rows))
    if columns.get("amount", "").endswith(" eur") and currencies - {"EUR"}:
        columns.pop("currency")  # that of the shop, not of the amount
    reference = "payment reference"
    if reference in titles and columns.get("communication") not in (None, reference):
        columns.setdefault("structured_reference", reference)
    if "account" in columns and "partner_account" not in columns:
        if _of_others(columns, titles, rows):
            columns["partner_account"] = columns.pop("account")


def aside_of(columns: dict[str, str], header: Sequence) -> tuple[tuple[str, str], ...]:
    """Roles that only a guess uses: fee, who paid, and the text of last resort."""
    titles = [fold_header(cell) for cell in header]
    free = [title for title in titles if title not in columns.values()]
    found = {}
    if "balance" in columns and columns.get("amount") in (
        "amount",
        "montant",
        "bedrag",
    ):
        found["fee"] = [title for title in free if title in FEE]
    found["payer_name"] = [title for title in PAYER if title in free]
    found["label"] = [title for title in FALLBACKS if title in free]
    return tuple((role, headers[0]) for role, headers in found.items() if headers)


def _cells(header: str | None, titles: Sequence[str], rows: Sequence) -> list[str]:
    """The filled cells under a header."""
    if header is None:
        return []
    position = titles.index(header)
    found = [str(cells[position]) for _line, cells in rows if len(cells) > position]
    return [text for text in found if text.strip()]


def _currencies(texts: Sequence[str]) -> bool:
    return bool(texts) and all(_CURRENCY.fullmatch(text.strip()) for text in texts)


def _of_others(columns: dict[str, str], titles: Sequence[str], rows: Sequence) -> bool:
    """Whether the accounts are those of the other side: one's own is always there."""
    position = titles.index(columns["account"])
    day = titles.index(columns.get("date") or columns["value_date"])
    moves = [cells for _line, cells in rows if len(cells) > day and cells[day]]
    filled = [
        account_of(str(cells[position])) if len(cells) > position else None
        for cells in moves
    ]
    return None in filled and any(filled)
