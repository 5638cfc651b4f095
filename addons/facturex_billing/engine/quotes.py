"""When a quote that nobody answered is reminded. Days are `date`; nothing is kept."""

from dataclasses import dataclass, field
from datetime import date, timedelta

EXPIRY = "expiry"

SKIP_ANSWERED = "answered"
SKIP_BLOCKED = "blocked"
SKIP_EXPIRED = "expired"
SKIP_NO_ADDRESS = "no_address"
SKIP_TODAY = "today"
SKIP_NOT_YET = "not_yet"
SKIP_DONE = "done"


@dataclass(frozen=True)
class Policy:
    """First reminder after `first_days`, then each `gap_days`, `most` times in all.

    `expiry_days` before the quote expires one more leaves; zero: none.
    """

    first_days: int
    gap_days: int
    most: int
    expiry_days: int = 0


@dataclass(frozen=True)
class Quote:
    """A sent quote; `done` holds the steps that left since it was sent."""

    sent: date
    expiry: date | None = None
    answered: bool = False
    blocked: bool = False
    has_address: bool = True
    done: frozenset[str] = field(default_factory=frozenset)
    last: date | None = None


@dataclass(frozen=True)
class Decision:
    """Either a `step` to send today, or the `reason` why not."""

    step: str | None = None
    reason: str | None = None


def _never(policy: Policy, quote: Quote, today: date) -> str | None:
    """What stops every reminder, whatever the calendar says."""
    if quote.answered:
        return SKIP_ANSWERED
    if quote.expiry and today > quote.expiry:
        return SKIP_EXPIRED
    if quote.blocked:
        return SKIP_BLOCKED
    if quote.last and quote.last >= today:
        return SKIP_TODAY
    return None


def decide(policy: Policy, quote: Quote, today: date) -> Decision:
    """At most one step a day; after days without a run one message, not several."""
    if reason := _never(policy, quote, today):
        return Decision(reason=reason)
    step = _due_step(policy, quote, today)
    if step is None:
        finished = len(quote.done - {EXPIRY}) >= policy.most and (
            EXPIRY in quote.done or not policy.expiry_days or not quote.expiry
        )
        return Decision(reason=SKIP_DONE if finished else SKIP_NOT_YET)
    if not quote.has_address:
        return Decision(reason=SKIP_NO_ADDRESS)
    return Decision(step=step)


def _due_step(policy: Policy, quote: Quote, today: date) -> str | None:
    if policy.expiry_days and quote.expiry and EXPIRY not in quote.done:
        from_day = quote.expiry - timedelta(days=policy.expiry_days)
        # not on the day it was sent: the customer has just read the date
        if today >= from_day and today > quote.sent:
            return EXPIRY
    count = len(quote.done - {EXPIRY})
    if count >= policy.most:
        return None
    due = quote.sent + timedelta(days=policy.first_days)
    if quote.last:
        due = max(due, quote.last + timedelta(days=policy.gap_days))
    return str(count + 1) if today >= due else None
