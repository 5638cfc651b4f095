"""Deferred payment: how much may be bought, and what a receipt settles.

Three questions, answered without a database:
- `exposure` and `limit_on`: what a customer owes on deferred terms, and how far he may
  go on a day;
- `Counters`: one movement of the line, accepted or refused, in whole cents; the model
  does the same in one conditional UPDATE;
- `allocate`: which purchases a receipt settles, oldest first, and why so much.

Sources: docs/decisions.md, "Deferred payment"; backstop of 60 days: directive
2011/7/EU art. 3(5), Code de commerce L441-10, Belgian act of 2 August 2002 art. 4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)
MAX_DAYS = 60

BASE = "base"
VERIFIED = "verified"
GRANTED = "granted"
NO_RULE = "none"

OLDEST_DUE = "due"
OLDEST_INVOICE = "invoice"

# why a movement is refused
NOT_OPEN = "not_open"
TOO_MUCH = "too_much"
NOT_RESERVED = "not_reserved"
# why a receipt settles what it settles
SHARE = "share"
FLOOR = "floor"
ALL_SETTLED = "all_settled"
DUST = "dust"


# ----------------------------------------------------------------------
# How much is used, how much is allowed
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Exposure:
    """What a customer owes on deferred terms, in the currency of the line.

    `credits` are posted credit notes that no invoice took yet, `receipts` what was
    allocated and is not matched in the books yet.
    """

    purchases: Decimal = ZERO
    orders: Decimal = ZERO
    reservations: Decimal = ZERO
    credits: Decimal = ZERO
    receipts: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return (
            self.purchases
            + self.orders
            + self.reservations
            - self.credits
            - self.receipts
        )

    def available(self, limit: Decimal) -> Decimal:
        """What may still be bought: a credit in his favour never enlarges the limit."""
        used = max(self.purchases - self.credits - self.receipts, ZERO)
        return max(limit - used - self.orders - self.reservations, ZERO)


@dataclass(frozen=True)
class LimitRule:
    """What a line of this kind may reach, from a day on.

    :param kind: `base`, or `verified` for a line whose bank account was verified
    """

    kind: str
    amount: Decimal
    date_from: date


@dataclass(frozen=True)
class Grant:
    """A limit that somebody granted; `date_to` is its last day."""

    amount: Decimal
    date_from: date
    date_to: date
    id: int = 0


@dataclass(frozen=True)
class Limit:
    """:param until: the last day it holds, None when no end is known"""

    amount: Decimal
    why: str
    until: date | None = None


def limit_on(
    day: date,
    rules: Iterable[LimitRule],
    verified: bool,
    grants: Iterable[Grant] = (),
) -> Limit:
    """The limit of a line on a day.

    A grant in force decides alone, up or down; of several the latest. Else the rule
    of the kind that began last; a verified line without one has the base rule's.
    """
    in_force = [g for g in grants if g.date_from <= day <= g.date_to]
    if in_force:
        grant = max(in_force, key=lambda g: (g.date_from, g.id))
        return Limit(grant.amount, GRANTED, grant.date_to)
    known = [rule for rule in rules if rule.date_from <= day]
    for kind in (VERIFIED, BASE) if verified else (BASE,):
        if own := [rule for rule in known if rule.kind == kind]:
            rule = max(own, key=lambda r: r.date_from)
            return Limit(rule.amount, kind)
    return Limit(ZERO, NO_RULE)


def backstop(invoice_date: date, days: int) -> date:
    """The day a deferred invoice is simply due, whatever was collected meanwhile.

    :raise ValueError: more days than the law on late payment allows
    """
    if not 0 < days <= MAX_DAYS:
        raise ValueError("deferred payment ends 1 to 60 days after the invoice")
    return invoice_date + timedelta(days=days)


# ----------------------------------------------------------------------
# Movements
# ----------------------------------------------------------------------


def to_cents(amount: Decimal) -> int:
    """:raise ValueError: not a number, or infinite"""
    if not amount.is_finite():
        raise ValueError("an amount is a number")
    return int((amount / CENT).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_cents(cents: int) -> Decimal:
    return Decimal(cents) * CENT


@dataclass(frozen=True)
class Refusal:
    """:param available: in cents, what could have been taken"""

    code: str
    available: int = 0


@dataclass(frozen=True)
class Counters:
    """A line in whole cents.

    `ceiling` is what exposure may reach without being a fault: the limit, or more
    where a lowered limit, a reopened debt or an override put it. The database checks
    `exposure <= ceiling`, so nothing but a movement can raise the exposure.
    """

    limit: int = 0
    used: int = 0
    reserved: int = 0
    ceiling: int = 0
    open: bool = True

    @property
    def exposure(self) -> int:
        return max(self.used, 0) + self.reserved

    @property
    def available(self) -> int:
        return max(self.limit - self.exposure, 0) if self.open else 0

    def move(
        self, used: int = 0, reserved: int = 0, force: bool = False
    ) -> "Counters | Refusal":
        """The line after one movement, or why it is refused.

        What lowers the exposure or leaves it always passes; what raises it needs an
        open line with room for it, unless forced (a debt that came back, an override).
        """
        after = replace(self, used=self.used + used, reserved=self.reserved + reserved)
        if after.reserved < 0:
            return Refusal(NOT_RESERVED, self.reserved)
        raises = after.exposure > self.exposure
        if raises and not force:
            if not self.open:
                return Refusal(NOT_OPEN)
            if after.exposure > self.limit:
                return Refusal(TOO_MUCH, self.available)
        return replace(after, ceiling=max(self.limit, after.exposure))

    def with_limit(self, limit: int) -> "Counters":
        """A lower limit breaks nothing that was agreed before it."""
        return replace(self, limit=limit, ceiling=max(limit, self.exposure))


# ----------------------------------------------------------------------
# Settlement
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Purchase:
    """An invoice on deferred terms; `open` is what is left of it."""

    id: int
    date_due: date
    date_invoice: date
    open: Decimal


@dataclass(frozen=True)
class Terms:
    """:param share: part of each receipt that settles purchases, 0 to 1
    :param floor: what is left to the customer of each receipt, at least
    :param minimum: less than this is not worth an entry
    """

    share: Decimal = Decimal(1)
    floor: Decimal = ZERO
    order: str = OLDEST_DUE
    minimum: Decimal = CENT


@dataclass(frozen=True)
class Allocation:
    """`parts` are (purchase, amount), in the order they were served.

    :param left: what of the receipt stays the customer's
    :param reasons: stable codes: what kept the settlement from being more
    """

    parts: tuple[tuple[int, Decimal], ...]
    left: Decimal
    reasons: tuple[str, ...] = ()

    @property
    def settled(self) -> Decimal:
        return sum((amount for _id, amount in self.parts), ZERO)


def allocate(
    receipt: Decimal,
    purchases: Iterable[Purchase],
    terms: Terms = Terms(),
    unit: Decimal = CENT,
) -> Allocation:
    """What a receipt settles, the oldest purchase first.

    :param receipt: net amount received, fees deducted
    :raise ValueError: a receipt, share or floor that makes no sense
    """
    if not receipt.is_finite() or receipt < 0:
        raise ValueError("a receipt is not negative")
    if not 0 <= terms.share <= 1 or terms.floor < 0:
        raise ValueError("a share is 0 to 100 %, a floor is not negative")
    purchases = list(purchases)
    part = (receipt * terms.share / unit).quantize(Decimal(1), ROUND_DOWN) * unit
    budget = max(min(part, receipt - terms.floor), ZERO)
    left, parts = budget, []
    for purchase in _in_order(purchases, terms.order):
        amount = min(left, purchase.open)
        if amount > 0:
            parts.append((purchase.id, amount))
            left -= amount
    settled = budget - left
    if settled < terms.minimum:
        parts, settled = [], ZERO
    open_total = sum((p.open for p in purchases if p.open > 0), ZERO)
    reasons = []
    if settled == open_total:
        reasons.append(ALL_SETTLED)
    elif not parts and budget > 0:
        reasons.append(DUST)
    else:
        if part < receipt:
            reasons.append(SHARE)
        if receipt - terms.floor < part:
            reasons.append(FLOOR)
    return Allocation(tuple(parts), receipt - settled, tuple(reasons))


def _in_order(purchases: Iterable[Purchase], order: str) -> list[Purchase]:
    if order == OLDEST_INVOICE:
        return sorted(purchases, key=lambda p: (p.date_invoice, p.date_due, p.id))
    return sorted(purchases, key=lambda p: (p.date_due, p.date_invoice, p.id))


def split(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Cents along weights, exact: the largest remainders take what rounding left.

    :raise ValueError: nothing to divide by
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights are positive")
    parts = [total * weight // whole for weight in weights]
    by_rest = sorted(
        range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i)
    )
    for index in by_rest[: total - sum(parts)]:
        parts[index] += 1
    return tuple(parts)


def used_part(drawn: int, residual: Decimal, total: Decimal) -> int:
    """What of a drawn amount is still used, when `residual` of `total` is open.

    Both are in the currency of the document; the drawn cents are in that of the line.
    Nothing open is exactly nothing, all of it exactly what was drawn: no drift.
    """
    if not total:
        return 0
    return int((drawn * residual / total).quantize(Decimal(1), ROUND_HALF_UP))
