"""When a subscription may end: terms, tacit renewal, notice, and the letter before it.

Delays are arguments: the law is data (`facturex.law.profile`). A day is the customer's;
every last day is included in the service.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, timedelta

from . import schedule

OPEN = "open"
FIXED = "fixed"
TACIT = "tacit"

# who may leave a contract that was renewed by silence, at any time
EXIT_NEVER = "never"
EXIT_UNINFORMED = "uninformed"  # who was not written to in time
EXIT_ALWAYS = "always"

# Why the service ends on that day; the models say it in words.
REASON_NOTICE = "notice"  # the notice agreed, from today
REASON_FIXED = "fixed"  # it ends by itself
REASON_TERM = "term"  # the end of the present term
REASON_NEXT_TERM = "next_term"  # too late for the present one: the end of the next
REASON_RENEWED = "renewed"  # renewed by silence: at any time, after a short notice
REASON_UNINFORMED = "uninformed"  # renewed without the letter that the law asks


@dataclass(frozen=True)
class TermLaw:
    """What the law says of tacit renewal for one kind of customer; months and days.

    The letter leaves at the earliest `letter_from` and at the latest `letter_until`
    months before the last day to object; both 0: none is asked. `exit_months` is the
    longest notice of who may leave after a renewal.
    """

    code: str = ""
    letter_from: int = 0
    letter_until: int = 0
    letter_at: int = 0
    exit_after_renewal: str = EXIT_NEVER
    exit_months: int = 0
    refund_days: int = 0

    @property
    def asks_letter(self) -> bool:
        return bool(self.letter_from or self.letter_until)


@dataclass(frozen=True)
class Contract:
    """`term_months` of each term, `notice_days` before its end to object."""

    date_start: date
    term: str = OPEN
    term_months: int = 12
    notice_days: int = 0
    date_end: date | None = None


@dataclass(frozen=True)
class Term:
    """One term; `index` 0 is the first, every later one was renewed by silence.

    `deadline` is the last day on which an objection ends the contract with it.
    """

    index: int
    first: date
    last: date
    deadline: date


@dataclass(frozen=True)
class Exit:
    """The earliest lawful last day of the service, and why it is that one."""

    last_day: date
    reason: str


@dataclass(frozen=True)
class Window:
    """When the letter before a renewal leaves: not before, not after, by default."""

    earliest: date
    latest: date
    planned: date


def months_before(day: date, months: int) -> date:
    """The same day `months` earlier, or the last of a shorter month."""
    return schedule.start(day, "month", months, -1) if months else day


def months_after(day: date, months: int) -> date:
    return schedule.start(day, "month", months, 1) if months else day


def term_on(contract: Contract, day: date) -> Term:
    """The term in which a day lies; before the start, the first one.

    :raise ScheduleError: a term of less than one month
    """
    day = max(day, contract.date_start)
    months = contract.term_months
    index = schedule.index_of(contract.date_start, "month", months, day)
    first, last = schedule.period(contract.date_start, "month", months, index)
    notice = timedelta(days=max(contract.notice_days, 0))
    return Term(index, first, last, max(last + schedule.ONE_DAY - notice, first))


def letter_window(term: Term, law: TermLaw) -> Window | None:
    """When the law wants the customer told that `term` is about to be renewed."""
    if not law.asks_letter:
        return None
    return Window(
        earliest=months_before(term.deadline, law.letter_from),
        latest=months_before(term.deadline, law.letter_until),
        planned=months_before(term.deadline, law.letter_at or law.letter_until),
    )


def earliest_exit(
    contract: Contract, law: TermLaw, day: date, informed: Set[date] = frozenset()
) -> Exit:
    """The first day on which the service may lawfully end, when asked for on `day`.

    :param informed: last days of the terms before whose end the letter left in time
    :raise ScheduleError: a term of less than one month
    """
    day = max(day, contract.date_start)
    if contract.date_end:
        return Exit(contract.date_end, REASON_FIXED)
    if contract.term == OPEN:
        after = timedelta(days=max(contract.notice_days, 0))
        return Exit(day + after, REASON_NOTICE)
    term = term_on(contract, day)
    if contract.term == FIXED:
        first = term_on(contract, contract.date_start)
        return Exit(max(first.last, day), REASON_FIXED)
    return min(_exits(contract, law, day, term, informed), key=lambda way: way.last_day)


def _exits(contract, law, day, term, informed):
    """Every lawful way out of a contract that is renewed by silence."""
    if day <= term.deadline:
        yield Exit(term.last, REASON_TERM)
    else:
        following = term_on(contract, term.last + schedule.ONE_DAY)
        yield Exit(following.last, REASON_NEXT_TERM)
    exits = law.exit_after_renewal
    if exits == EXIT_UNINFORMED and law.asks_letter:
        if term.index and term.first - schedule.ONE_DAY not in informed:
            yield Exit(day, REASON_UNINFORMED)
        elif day > term.deadline and term.last not in informed:
            # the renewal to come is free to leave from its first day on
            yield Exit(term.last, REASON_UNINFORMED)
    elif exits == EXIT_ALWAYS and term.index:
        agreed = day + timedelta(days=max(contract.notice_days, 0))
        longest = months_after(day, law.exit_months)
        yield Exit(min(agreed, longest), REASON_RENEWED)
