"""Who is reminded of what on a given day: a decision, no record, no mail.

One customer gets at most one message per run, however many documents are late.
Levels are climbed one at a time: after an outage of a month the next message is
the next level, not the one that the age of the debt would allow; and the days
between two levels of the policy also lie between the two messages.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from .preflight import Obstacle

# Why an item is not in a message. The codes are stable; the models translate them.
# More of them, about facts outside the receivable, are in `preflight`.
SKIP_NOT_YET = "not_yet"
SKIP_BLOCKED = "blocked"
SKIP_ALL_STEPS_DONE = "all_steps_done"
SKIP_GAP = "gap"
SKIP_CREDIT = "credit_covers"
SKIP_THRESHOLD = "below_threshold"
SKIP_NO_ADDRESS = "no_address"
SKIP_PENDING = "message_pending"
SKIP_CAP = "daily_cap"
SKIP_NO_POLICY = "no_policy"


@dataclass(frozen=True)
class Step:
    """One level of a policy; `delay_days` counts from the due date (0 = that day).

    :param repeat_days: sent again after so many days, `repeat_count` times at most,
        as long as the next level is not due; 0: once
    :param channels: the ways to send it, the preferred one first
    """

    id: int
    sequence: int
    delay_days: int
    repeat_days: int = 0
    repeat_count: int = 0
    channels: tuple[str, ...] = ("email",)


@dataclass(frozen=True)
class Policy:
    """`min_gap_days` between two messages, `min_amount` in each currency.

    An `automatic` policy sends without a person: what a person would have to weigh
    stops it, where a proposal only carries a warning.
    """

    steps: tuple[Step, ...]
    min_gap_days: int = 7
    min_amount: Decimal = Decimal(0)
    automatic: bool = False


@dataclass(frozen=True)
class DueItem:
    """One open instalment: `residual` is positive, in `currency` (ISO code).

    :param worth: `residual` in the currency of the company, to compare customers
    :param policy: the key of the policy that governs it; None when none does
    :param done_steps: the levels already sent, the last message on `last_step_on`
    :param reached_on: the day the last level was sent the first time; None: the same
    :param times: how often each of them was sent; 1 when it is not there
    :param not_before: the law allows its next level from this day on
    :param obstacle: what forbids a message about this item, whatever the day
    :param broken_promise: the day the customer had promised to pay by, and did not
    """

    id: int
    customer: int
    currency: str
    date_due: date
    residual: Decimal
    done_steps: frozenset[int] = frozenset()
    blocked: bool = False
    worth: Decimal | None = None
    policy: int | None = 0
    last_step_on: date | None = None
    reached_on: date | None = None
    times: Mapping[int, int] = field(default_factory=dict)
    not_before: date | None = None
    obstacle: Obstacle | None = None
    broken_promise: date | None = None


@dataclass(frozen=True)
class Customer:
    """What is known of a debtor: `credits` are open credits per currency (positive).

    :param last_message: the day of the last message, automatic or by hand
    :param obstacles: what a person must weigh before a message leaves
    :param ways: the channels by which he can be reached; None: what `has_address` says
    :param unreachable: why no message can reach him, when the address is no good
    """

    id: int
    has_address: bool = True
    last_message: date | None = None
    has_pending: bool = False
    credits: Mapping[str, Decimal] = field(default_factory=dict)
    obstacles: tuple[Obstacle, ...] = ()
    unreachable: Obstacle | None = None
    ways: frozenset[str] | None = None


@dataclass(frozen=True)
class PlannedLine:
    """`repeat_no` is 0 the first time that `step` is sent for `item`."""

    item: DueItem
    step: Step
    broken_promise: date | None = None
    repeat_no: int = 0


@dataclass(frozen=True)
class PlannedNotice:
    """The one message to `customer`: every late instalment at its next level.

    :param policy: the key of the policy whose level is the firmest
    :param warnings: what a person should look at before it leaves
    :param score: amount x days late, to begin with what matters
    """

    customer: int
    lines: tuple[PlannedLine, ...]
    policy: int | None = 0
    channel: str = "email"
    automatic: bool = False
    warnings: tuple[Obstacle, ...] = ()
    score: Decimal = Decimal(0)


@dataclass(frozen=True)
class Skipped:
    item: DueItem
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Plan:
    notices: tuple[PlannedNotice, ...]
    skipped: tuple[Skipped, ...]


def in_order(steps: Iterable[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: (step.sequence, step.id))


def next_step(policy: Policy, done_steps: Iterable[int]) -> Step | None:
    """The first level not yet sent, in sequence order; None when all were."""
    done = set(done_steps)
    for step in in_order(policy.steps):
        if step.id not in done:
            return step
    return None


def next_date(policy: Policy, item: DueItem, step: Step) -> date:
    """The first day on which `step` may leave for `item`.

    The latest of: its delay after the due date; as many days after the level before
    it as the policy puts between the two, whatever was repeated meanwhile; what the law
    allows. A broken promise waits for the law only.
    """
    days = [item.not_before] if item.not_before else []
    if not _promise_is_broken(item):
        days.append(item.date_due + timedelta(days=step.delay_days))
        reached = item.reached_on or item.last_step_on
        if reached is not None:
            spacing = step.delay_days - _delay_before(policy, item, step)
            days.append(reached + timedelta(days=spacing))
    return max(days, default=date.min)


def repetition(policy: Policy, item: DueItem, today: date) -> tuple[Step, int] | None:
    """The last level sent, when it is to be sent again today, and which time that is.

    The next level goes before: a repetition fills the time until then.
    """
    sent = [step for step in in_order(policy.steps) if step.id in item.done_steps]
    if not sent or not sent[-1].repeat_days or item.last_step_on is None:
        return None
    step, times = sent[-1], item.times.get(sent[-1].id, 1)
    if times > step.repeat_count:
        return None
    if today < item.last_step_on + timedelta(days=step.repeat_days):
        return None
    return step, times


def _delay_before(policy: Policy, item: DueItem, step: Step) -> int:
    """The delay of the last level that was sent before `step`."""
    steps = in_order(policy.steps)
    sent = [s.delay_days for s in steps[: steps.index(step)] if s.id in item.done_steps]
    return sent[-1] if sent else step.delay_days


def _promise_is_broken(item: DueItem) -> bool:
    """Broken, and not yet answered by a message."""
    if item.broken_promise is None:
        return False
    return item.last_step_on is None or item.last_step_on <= item.broken_promise


def _item_reason(
    policy: Policy, item: DueItem, step: Step | None, today: date
) -> tuple[str, str] | None:
    if item.blocked:
        return SKIP_BLOCKED, ""
    if item.obstacle is not None:
        return item.obstacle.code, item.obstacle.detail
    if step is None:
        return SKIP_ALL_STEPS_DONE, ""
    first = next_date(policy, item, step)
    if today < first:
        return SKIP_NOT_YET, first.isoformat()
    return None


def channel(customer: Customer, step: Step) -> str | None:
    """The first way of `step` that reaches the customer; None when none does."""
    if customer.ways is None:
        return step.channels[0] if customer.has_address else None
    return next((way for way in step.channels if way in customer.ways), None)


def _firmest(lines: Iterable[PlannedLine]) -> PlannedLine:
    return max(lines, key=lambda line: (line.step.delay_days, line.step.sequence))


def _customer_reason(
    gap: int, customer: Customer, step: Step, today: date
) -> tuple[str, str] | None:
    if customer.last_message is not None:
        if (today - customer.last_message).days < gap:
            free = customer.last_message + timedelta(days=gap)
            return SKIP_GAP, free.isoformat()
    if customer.ways is None and customer.unreachable is not None:
        return customer.unreachable.code, customer.unreachable.detail
    if channel(customer, step) is not None:
        return None
    if customer.unreachable is not None:
        return customer.unreachable.code, customer.unreachable.detail
    return SKIP_NO_ADDRESS, ""


def _currency_reason(
    minimum: Decimal, due: Decimal, credit: Decimal, currency_late: Decimal
) -> str | None:
    """`due` is what the message would claim, `currency_late` all that is open."""
    if credit > 0 and credit >= currency_late:
        return SKIP_CREDIT
    if due - credit < minimum:
        return SKIP_THRESHOLD
    return None


def plan(
    policy: Policy | Mapping[int, Policy],
    items: Iterable[DueItem],
    customers: Mapping[int, Customer],
    today: date,
    limit: int | None = None,
) -> Plan:
    """Decide the messages of `today`.

    :param policy: the policy of all items, or several by the key the items name
    :param items: every open instalment that the policies govern, late or not
    :param customers: by id; a missing one counts as reachable and never contacted
    :param limit: no more automatic messages than this: those worth most leave first
    :return: one notice per customer at most, and a reason for every other item
    """
    policies = policy if isinstance(policy, Mapping) else {0: policy}
    notices, skipped = [], []
    by_customer = defaultdict(list)
    for item in items:
        by_customer[item.customer].append(item)
    for customer_id in sorted(by_customer):
        customer = customers.get(customer_id, Customer(customer_id))
        notice, left_out = _plan_customer(
            policies, by_customer[customer_id], customer, today
        )
        skipped.extend(left_out)
        if notice:
            notices.append(notice)
    if limit is not None:
        notices, beyond = _cut(notices, limit)
        skipped.extend(Skipped(line.item, SKIP_CAP) for n in beyond for line in n.lines)
    return Plan(tuple(notices), tuple(skipped))


def _cut(
    notices: list[PlannedNotice], limit: int
) -> tuple[list[PlannedNotice], list[PlannedNotice]]:
    """The automatic notices worth most, and those that wait for another day."""
    automatic = [notice for notice in notices if notice.automatic]
    automatic.sort(key=lambda notice: (-notice.score, notice.customer))
    beyond = automatic[max(limit, 0) :]
    late = {notice.customer for notice in beyond}
    return [notice for notice in notices if notice.customer not in late], beyond


def _plan_customer(
    policies: Mapping[int, Policy],
    items: list[DueItem],
    customer: Customer,
    today: date,
) -> tuple[PlannedNotice | None, list[Skipped]]:
    if customer.has_pending:
        return None, [Skipped(item, SKIP_PENDING) for item in items]
    ready, skipped = _ready_lines(policies, items, today)
    if not ready:
        return None, skipped
    used = [policies[line.item.policy] for line in ready]
    gap = max(policy.min_gap_days for policy in used)
    if reason := _customer_reason(gap, customer, _firmest(ready).step, today):
        return None, skipped + [Skipped(line.item, *reason) for line in ready]
    automatic = all(policy.automatic for policy in used)
    if automatic and customer.obstacles:
        why = customer.obstacles[0]
        left_out = [Skipped(line.item, why.code, why.detail) for line in ready]
        return None, skipped + left_out
    minimum = min(policy.min_amount for policy in used)
    kept, left_out = _net(items, ready, customer, minimum, today)
    skipped += left_out
    if not kept:
        return None, skipped
    notice = _notice(policies, customer, kept, today)
    return replace(notice, automatic=automatic), skipped


def _ready_lines(
    policies: Mapping[int, Policy], items: list[DueItem], today: date
) -> tuple[list[PlannedLine], list[Skipped]]:
    ready, skipped = [], []
    for item in sorted(items, key=lambda i: (i.date_due, i.id)):
        policy = policies.get(item.policy)
        if policy is None:
            skipped.append(Skipped(item, SKIP_NO_POLICY))
            continue
        step = next_step(policy, item.done_steps)
        reason = _item_reason(policy, item, step, today)
        if reason and reason[0] in (SKIP_NOT_YET, SKIP_ALL_STEPS_DONE):
            if again := repetition(policy, item, today):
                ready.append(PlannedLine(item, again[0], repeat_no=again[1]))
                continue
        if reason:
            skipped.append(Skipped(item, *reason))
        else:
            broken = item.broken_promise if _promise_is_broken(item) else None
            ready.append(PlannedLine(item, step, broken))
    return ready, skipped


def _net(
    items: list[DueItem],
    ready: list[PlannedLine],
    customer: Customer,
    minimum: Decimal,
    today: date,
) -> tuple[list[PlannedLine], list[Skipped]]:
    """Currency by currency: what open credits leave is held against the minimum."""
    claimed = {line.item.id for line in ready}
    late = defaultdict(Decimal)
    for item in items:
        if item.date_due < today or item.id in claimed:
            late[item.currency] += item.residual
    kept, skipped = [], []
    for currency in sorted({line.item.currency for line in ready}):
        group = [line for line in ready if line.item.currency == currency]
        due = sum((line.item.residual for line in group), Decimal(0))
        credit = customer.credits.get(currency, Decimal(0))
        if reason := _currency_reason(minimum, due, credit, late[currency]):
            skipped.extend(Skipped(line.item, reason) for line in group)
        else:
            kept.extend(group)
    return kept, skipped


def recheck(
    late: Iterable[DueItem],
    claimed: set[int],
    credits: Mapping[str, Decimal],
    minimum: Decimal,
    today: date,
) -> dict[int, str]:
    """Which claimed items of one customer open credits have covered meanwhile.

    :param late: all his open items
    :param claimed: ids of those that a message is about to claim
    :return: {item id: reason} of what must not be claimed any more
    """
    items = list(late)
    ready = [PlannedLine(i, Step(0, 0, 0)) for i in items if i.id in claimed]
    _kept, gone = _net(items, ready, Customer(0, credits=credits), minimum, today)
    return {skipped.item.id: skipped.reason for skipped in gone}


def _notice(
    policies: Mapping[int, Policy],
    customer: Customer,
    lines: list[PlannedLine],
    today: date,
) -> PlannedNotice:
    firmest = _firmest(lines)
    score = sum((worth(line.item, today) for line in lines), Decimal(0))
    return PlannedNotice(
        customer.id,
        tuple(lines),
        policy=firmest.item.policy,
        channel=channel(customer, firmest.step) or firmest.step.channels[0],
        warnings=customer.obstacles,
        score=score,
    )


def worth(item: DueItem, today: date) -> Decimal:
    """Amount x days late: what a customer is sorted by."""
    amount = item.residual if item.worth is None else item.worth
    return amount * max((today - item.date_due).days, 0)
