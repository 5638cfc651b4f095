"""Who is reminded of what on a given day: a decision, no record, no mail.

One customer gets at most one message per run, however many documents are late.
Levels are climbed one at a time: after an outage of a month the next message is
the next level, not the one that the age of the debt would allow.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

# Why an item is not in a message. The codes are stable; the models translate them.
SKIP_NOT_YET = "not_yet"
SKIP_BLOCKED = "blocked"
SKIP_ALL_STEPS_DONE = "all_steps_done"
SKIP_GAP = "gap"
SKIP_CREDIT = "credit_covers"
SKIP_THRESHOLD = "below_threshold"
SKIP_NO_ADDRESS = "no_address"
SKIP_PENDING = "message_pending"


@dataclass(frozen=True)
class Step:
    """One level of a policy; `delay_days` counts from the due date (0 = that day)."""

    id: int
    sequence: int
    delay_days: int


@dataclass(frozen=True)
class Policy:
    """`min_gap_days` between two messages, `min_amount` in each currency."""

    steps: tuple[Step, ...]
    min_gap_days: int = 7
    min_amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class DueItem:
    """One open instalment: `residual` is positive, in `currency` (ISO code)."""

    id: int
    customer: int
    currency: str
    date_due: date
    residual: Decimal
    done_steps: frozenset[int] = frozenset()
    blocked: bool = False


@dataclass(frozen=True)
class Customer:
    """What is known of a debtor: `credits` are open credits per currency (positive)."""

    id: int
    has_address: bool = True
    last_message: date | None = None
    has_pending: bool = False
    credits: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedLine:
    item: DueItem
    step: Step


@dataclass(frozen=True)
class PlannedNotice:
    """The one message to `customer`: every late instalment at its next level."""

    customer: int
    lines: tuple[PlannedLine, ...]


@dataclass(frozen=True)
class Skipped:
    item: DueItem
    reason: str


@dataclass(frozen=True)
class Plan:
    notices: tuple[PlannedNotice, ...]
    skipped: tuple[Skipped, ...]


def next_step(policy: Policy, done_steps: Iterable[int]) -> Step | None:
    """The first level not yet sent, in sequence order; None when all were."""
    done = set(done_steps)
    for step in sorted(policy.steps, key=lambda s: (s.sequence, s.id)):
        if step.id not in done:
            return step
    return None


def _item_reason(item: DueItem, step: Step | None, today: date) -> str | None:
    if item.blocked:
        return SKIP_BLOCKED
    if step is None:
        return SKIP_ALL_STEPS_DONE
    if today < item.date_due + timedelta(days=step.delay_days):
        return SKIP_NOT_YET
    return None


def _customer_reason(policy: Policy, customer: Customer, today: date) -> str | None:
    if customer.last_message is not None:
        if (today - customer.last_message).days < policy.min_gap_days:
            return SKIP_GAP
    if not customer.has_address:
        return SKIP_NO_ADDRESS
    return None


def _currency_reason(
    policy: Policy, due: Decimal, credit: Decimal, currency_late: Decimal
) -> str | None:
    """`due` is what the message would claim, `currency_late` all that is open."""
    if credit > 0 and credit >= currency_late:
        return SKIP_CREDIT
    if due - credit < policy.min_amount:
        return SKIP_THRESHOLD
    return None


def plan(
    policy: Policy,
    items: Iterable[DueItem],
    customers: Mapping[int, Customer],
    today: date,
) -> Plan:
    """Decide the messages of `today`.

    :param items: every open instalment that the policy governs, late or not
    :param customers: by id; a missing one counts as reachable and never contacted
    :return: one notice per customer at most, and a reason for every other item
    """
    notices, skipped = [], []
    by_customer = defaultdict(list)
    for item in items:
        by_customer[item.customer].append(item)
    for customer_id in sorted(by_customer):
        customer = customers.get(customer_id, Customer(customer_id))
        lines, left_out = _plan_customer(
            policy, by_customer[customer_id], customer, today
        )
        skipped.extend(left_out)
        if lines:
            notices.append(PlannedNotice(customer_id, lines))
    return Plan(tuple(notices), tuple(skipped))


def _plan_customer(
    policy: Policy, items: list[DueItem], customer: Customer, today: date
) -> tuple[tuple[PlannedLine, ...], list[Skipped]]:
    skipped, ready = [], []
    if customer.has_pending:
        return (), [Skipped(item, SKIP_PENDING) for item in items]
    for item in sorted(items, key=lambda i: (i.date_due, i.id)):
        step = next_step(policy, item.done_steps)
        if reason := _item_reason(item, step, today):
            skipped.append(Skipped(item, reason))
        else:
            ready.append(PlannedLine(item, step))
    if not ready:
        return (), skipped
    if reason := _customer_reason(policy, customer, today):
        return (), skipped + [Skipped(line.item, reason) for line in ready]

    late = defaultdict(Decimal)
    for item in items:
        if item.date_due < today:
            late[item.currency] += item.residual
    kept = []
    for currency in sorted({line.item.currency for line in ready}):
        group = [line for line in ready if line.item.currency == currency]
        due = sum((line.item.residual for line in group), Decimal(0))
        credit = customer.credits.get(currency, Decimal(0))
        if reason := _currency_reason(policy, due, credit, late[currency]):
            skipped.extend(Skipped(line.item, reason) for line in group)
        else:
            kept.extend(group)
    return tuple(kept), skipped
