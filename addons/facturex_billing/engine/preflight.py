"""What must be looked at before a reminder leaves: facts in, reasons out.

The most frequent complaint about reminders is one sent to somebody who has paid.
Each obstacle has one stable code; the models translate it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

# about one invoice: no message, whoever sends it
HOLD_PREFIX = "hold_"
HOLD_KINDS = ("dispute", "plan", "promise", "declared", "manual")
PAYMENT_PENDING = "payment_pending"
E_INVOICE_FAILED = "e_invoice_failed"
# about the address: no message can arrive
BOUNCED = "bounced"
# about the books: an automatic message waits, a proposal carries a warning
BANK_STALE = "bank_stale"
BANK_RESEMBLES = "bank_resembles"
CREDIT_UNMATCHED = "credit_unmatched"
CREDIT_DRAFT = "credit_draft"


@dataclass(frozen=True)
class Obstacle:
    """`detail` is data for the sentence: a day (ISO), a number, an amount."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Hold:
    """Reminders wait through `date_end`."""

    kind: str
    date_end: date


@dataclass(frozen=True)
class ItemFacts:
    """What is known around one instalment."""

    holds: tuple[Hold, ...] = ()
    payment_pending: bool = False
    e_invoice_failed: bool = False


@dataclass(frozen=True)
class BankFacts:
    """What the bank lines say; `newest` is None when the company imports none.

    :param newest: the day of the newest booked bank line or statement
    :param resembling: by customer, what unmatched bank lines look like a payment of
        his: the amount, in words
    """

    newest: date | None = None
    resembling: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CustomerFacts:
    """What is known around one customer; amounts are in words, with their currency."""

    bounced: bool = False
    unmatched_credit: str = ""
    draft_credit: str = ""
    resembling: str = ""


def item_obstacle(facts: ItemFacts) -> Obstacle | None:
    """The one reason that stops a message about this instalment, or None.

    Of several holds the one that lasts longest is named: it says when to look again.
    """
    if facts.holds:
        last = max(facts.holds, key=lambda h: (h.date_end, -HOLD_KINDS.index(h.kind)))
        return Obstacle(HOLD_PREFIX + last.kind, last.date_end.isoformat())
    if facts.payment_pending:
        return Obstacle(PAYMENT_PENDING)
    if facts.e_invoice_failed:
        return Obstacle(E_INVOICE_FAILED)
    return None


def bank_age(newest: date | None, today: date) -> int | None:
    """Days since the newest bank line; None when the company imports none."""
    return None if newest is None else max((today - newest).days, 0)


def customer_obstacles(
    facts: CustomerFacts, newest: date | None, today: date, stale_days: int
) -> tuple[Obstacle, ...]:
    """What a person must weigh before this customer is reminded, gravest first.

    :param newest: see `BankFacts`
    :param stale_days: bank lines older than this say nothing about today
    """
    found = []
    if facts.resembling:
        found.append(Obstacle(BANK_RESEMBLES, facts.resembling))
    if facts.unmatched_credit:
        found.append(Obstacle(CREDIT_UNMATCHED, facts.unmatched_credit))
    age = bank_age(newest, today)
    if age is not None and age > stale_days:
        found.append(Obstacle(BANK_STALE, str(age)))
    if facts.draft_credit:
        found.append(Obstacle(CREDIT_DRAFT, facts.draft_credit))
    return tuple(found)


def causes(obstacles: Iterable[tuple[int, Obstacle]]) -> dict[str, list[int]]:
    """Customers by cause: one task says it once, whoever is concerned.

    :param obstacles: (customer, obstacle) pairs, in any order
    """
    by_cause: dict[str, list[int]] = {}
    for customer, obstacle in obstacles:
        known = by_cause.setdefault(obstacle.code, [])
        if customer not in known:
            known.append(customer)
    return by_cause
