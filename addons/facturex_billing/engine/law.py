"""What a debtor's law allows a reminder to claim, and from which day.

The rules are data: a `Profile` is filled from `facturex.law.profile` and its rates and
fees. Codes of violations and reasons are stable; the models say them in words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from .late_charges import (
    ZERO,
    MissingRate,
    Rates,
    Tiers,
    interest_on_balance,
    rate_on,
    tiered_indemnity,
    to_cents,
)

# when interest may start to run
INTEREST_AUTOMATIC = "automatic"  # the day after the due date, no notice needed
INTEREST_NOTICE = "after_notice"  # the day after a formal notice was received
INTEREST_DELAY = "after_delay"  # after a free reminder and its delay
INTEREST_NONE = "none"

WRITTEN = ("email", "letter")

CHARGE_NONE = "none"
CHARGE_INTEREST = "interest"
CHARGE_FIXED = "fixed"  # interest and the fixed compensation
CHARGE_TIERED = "tiered"  # interest and the indemnity by tiers

# why a policy may not be saved
FIRST_NOT_FREE = "first_not_free"
TOO_EARLY = "too_early"
NOT_WRITTEN = "not_written"
INTEREST_FORBIDDEN = "interest_forbidden"
FIXED_FORBIDDEN = "fixed_forbidden"
TIERED_FORBIDDEN = "tiered_forbidden"
CLAUSE_NEEDED = "clause_needed"
NOTICE_NEEDED = "notice_needed"
FEE_ABOVE_MAX = "fee_above_max"
MENTION_MISSING = "mention_missing"
RATE_BELOW_FLOOR = "rate_below_floor"

# why a line bears no charge on a day
REASON_NOT_LATE = "not_late"
REASON_NOT_ALLOWED = "not_allowed"
REASON_NO_CLAUSE = "no_clause"
REASON_NO_NOTICE = "no_notice"
REASON_DELAY_RUNS = "delay_runs"
REASON_PAID_IN_TIME = "paid_in_time"
REASON_MISSING_RATE = "missing_rate"

Holidays = Callable[[date], bool]


@dataclass(frozen=True)
class Profile:
    """The law of one kind of debtor; amounts in the currency of the claim.

    `max_fee` None: the cost of a reminder is not limited by law. `fixed` 0 and no
    `tiers`: that compensation may not be asked.
    """

    code: str
    interest: str = INTEREST_NONE
    first_free: bool = False
    min_delay_days: int = 0
    email_offset_days: int = 1
    post_offset_days: int = 3
    saturday_works: bool = False
    needs_clause: bool = False
    max_fee: Decimal | None = ZERO
    fixed: Decimal = ZERO
    tiers: Tiers = ()
    cap: Decimal | None = None
    rate_fixed_at_start: bool = False
    contract_capped: bool = False  # a contractual rate never exceeds the legal one
    contract_floor: Decimal | None = None  # nor is it below this one
    mentions: frozenset[str] = frozenset()
    basis: int = 365
    free_reminders: int = 0  # missed due dates of a regular supply, in a year


@dataclass(frozen=True)
class StepTerms:
    """A level as the law sees it; `mentions` None: our own text, which has them all."""

    id: int
    name: str
    delay_days: int
    channels: tuple[str, ...] = ("email",)
    charge: str = CHARGE_NONE
    fee: Decimal = ZERO
    formal_notice: bool = False
    hand_over: bool = False
    mentions: frozenset[str] | None = None

    @property
    def claims(self) -> bool:
        return self.charge != CHARGE_NONE or self.fee > 0


@dataclass(frozen=True)
class Violation:
    """`step` 0: the policy itself; `value` what the law wants, where it is a figure."""

    code: str
    step: int = 0
    name: str = ""
    value: Decimal | int | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sent:
    """A reminder that left: the day, and `email` or `letter`."""

    date: date
    channel: str = "email"


@dataclass(frozen=True)
class Claim:
    """One instalment: `principal` at its due date, what came in, what was sent."""

    principal: Decimal
    date_due: date
    settlements: tuple[tuple[date, Decimal], ...] = ()
    first_reminder: Sent | None = None
    formal_notice: Sent | None = None


@dataclass(frozen=True)
class Terms:
    """What the seller asks: never more than the profile allows.

    :param missed: of a regular supply, which missed due date of its calendar year
        this is (1 the first); None: no regular supply
    """

    charge: str = CHARGE_NONE
    fee: Decimal = ZERO
    told_fee: Decimal = ZERO  # costs of earlier messages, lawful when they were told
    clause: bool = False
    small_creditor: bool = True
    contract_rate: Decimal | None = None
    interest_after: date | None = None  # claimed already up to and with this day
    missed: int | None = None


@dataclass(frozen=True)
class Charges:
    """What may be claimed on a day, to the cent.

    :param interest_from: the day before the first one that bears interest
    :param claimable_from: the first day on which anything may be claimed
    :param indemnity: fixed compensation or indemnity by tiers, once per invoice
    :param fee: the cost of this reminder
    """

    interest: Decimal = ZERO
    indemnity: Decimal = ZERO
    fee: Decimal = ZERO
    interest_from: date | None = None
    claimable_from: date | None = None
    accrued_from: date | None = None  # later than interest_from when claimed in part
    reason: str | None = None
    missing_on: date | None = None

    @property
    def total(self) -> Decimal:
        return self.interest + self.indemnity + self.fee


# ----------------------------------------------------------------------
# Days
# ----------------------------------------------------------------------


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (anonymous computus)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def is_belgian_holiday(day: date) -> bool:
    """The ten legal holidays (law of 4 January 1974, royal decree of 18 April 1974)."""
    fixed = {(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)}
    if (day.month, day.day) in fixed:
        return True
    return (day - easter(day.year)).days in (1, 39, 50)


def is_working_day(day: date, holidays: Holidays, saturday_works: bool) -> bool:
    if day.weekday() == 6 or (day.weekday() == 5 and not saturday_works):
        return False
    return not holidays(day)


def delay_starts(profile: Profile, sent: Sent, holidays: Holidays) -> date:
    """The first of the days that a debtor has: by post, the n-th working day."""
    if sent.channel != "letter":
        return sent.date + timedelta(days=profile.email_offset_days)
    day, left = sent.date, profile.post_offset_days
    while left:
        day += timedelta(days=1)
        if is_working_day(day, holidays, profile.saturday_works):
            left -= 1
    return day


def delay_ends(
    profile: Profile, sent: Sent, holidays: Holidays = is_belgian_holiday
) -> date:
    """The last day to pay free of charges.

    A delay that ends on a Saturday, a Sunday or a holiday ends on the next working
    day; that a Saturday may be a working day for the post changes nothing here.
    """
    start = delay_starts(profile, sent, holidays)
    end = start + timedelta(days=profile.min_delay_days - 1)
    while not is_working_day(end, holidays, saturday_works=False):
        end += timedelta(days=1)
    return end


# ----------------------------------------------------------------------
# A policy before its profile
# ----------------------------------------------------------------------


def check_policy(
    profile: Profile,
    steps: Sequence[StepTerms],
    clause: bool = False,
    contract_rate: Decimal | None = None,
) -> tuple[Violation, ...]:
    """Every rule that a policy breaks, step by step; empty: it is lawful.

    :param steps: in the order in which they are sent
    :param clause: the seller's terms hold a penalty clause
    """
    found = []
    late = [step for step in steps if step.delay_days > 0]
    first = late[0] if late else None
    for step in steps:
        found += _forbidden(profile, step)
        if step.claims and profile.needs_clause and not clause:
            found.append(Violation(CLAUSE_NEEDED, step.id, step.name))
        if profile.first_free:
            found += _before_delay(profile, first, step)
        if step.charge != CHARGE_NONE and profile.interest == INTEREST_NOTICE:
            if not _notice_before(steps, step):
                found.append(Violation(NOTICE_NEEDED, step.id, step.name))
    if first and (profile.first_free or profile.mentions):
        found += _first_reminder(profile, first)
    if contract_rate and profile.contract_floor:
        if contract_rate < profile.contract_floor:
            found.append(Violation(RATE_BELOW_FLOOR, value=profile.contract_floor))
    return tuple(found)


def _forbidden(profile: Profile, step: StepTerms) -> list[Violation]:
    found = []
    if step.charge != CHARGE_NONE and profile.interest == INTEREST_NONE:
        found.append(Violation(INTEREST_FORBIDDEN, step.id, step.name))
    if step.charge == CHARGE_FIXED and not profile.fixed:
        found.append(Violation(FIXED_FORBIDDEN, step.id, step.name))
    if step.charge == CHARGE_TIERED and not profile.tiers:
        found.append(Violation(TIERED_FORBIDDEN, step.id, step.name))
    if profile.max_fee is not None and step.fee > profile.max_fee:
        found.append(Violation(FEE_ABOVE_MAX, step.id, step.name, profile.max_fee))
    return found


def _before_delay(
    profile: Profile, first: StepTerms | None, step: StepTerms
) -> list[Violation]:
    if not (step.claims or step.hand_over):
        return []
    if first is None or step.id == first.id or step.delay_days <= first.delay_days:
        return [Violation(FIRST_NOT_FREE, step.id, step.name)]
    wanted = profile.min_delay_days + (
        profile.post_offset_days
        if first.channels and first.channels[0] == "letter"
        else profile.email_offset_days
    )
    if step.delay_days - first.delay_days < wanted:
        earliest = first.delay_days + wanted
        return [Violation(TOO_EARLY, step.id, step.name, earliest)]
    return []


def _notice_before(steps: Sequence[StepTerms], step: StepTerms) -> bool:
    return any(
        other.formal_notice and other.delay_days < step.delay_days for other in steps
    )


def _first_reminder(profile: Profile, first: StepTerms) -> list[Violation]:
    found = []
    if not set(first.channels) & set(WRITTEN) or first.channels[0] not in WRITTEN:
        found.append(Violation(NOT_WRITTEN, first.id, first.name))
    if first.mentions is not None:
        if missing := profile.mentions - first.mentions:
            found.append(
                Violation(
                    MENTION_MISSING, first.id, first.name, None, tuple(sorted(missing))
                )
            )
    return found


# ----------------------------------------------------------------------
# An instalment on a day
# ----------------------------------------------------------------------


def lawful_start(
    profile: Profile,
    claim: Claim,
    small_creditor: bool = True,
    holidays: Holidays = is_belgian_holiday,
) -> tuple[date | None, date | None, str | None]:
    """:return: (day before interest starts, first day to claim anything, why not)"""
    due = claim.date_due
    if profile.interest == INTEREST_NONE:
        return None, None, REASON_NOT_ALLOWED
    if profile.interest == INTEREST_AUTOMATIC:
        return due, due + timedelta(days=1), None
    if profile.interest == INTEREST_NOTICE:
        notice = claim.formal_notice
        if notice is None:
            return None, None, REASON_NO_NOTICE
        received = max(due, notice.date)
        if notice.channel == "letter":
            received = max(due, delay_starts(profile, notice, holidays))
        return received, received + timedelta(days=1), None
    reminder = claim.first_reminder
    if reminder is None or reminder.date <= due:
        # a courtesy before the due date is not the reminder that the law wants
        return None, None, REASON_NO_NOTICE
    end = delay_ends(profile, reminder, holidays)
    start = reminder.date if small_creditor else end
    return max(due, start), end + timedelta(days=1), None


def charges(
    profile: Profile,
    claim: Claim,
    terms: Terms,
    rates: Rates,
    on: date,
    holidays: Holidays = is_belgian_holiday,
) -> Charges:
    """What may be claimed on a day for an invoice of one instalment.

    :param rates: the legal rates of the profile, (first day, percent)
    :return: zeros with a reason when nothing may be claimed
    """
    return invoice_charges(profile, ((claim, terms),), rates, on, holidays)[0]


def invoice_charges(
    profile: Profile,
    claims: Sequence[tuple[Claim, Terms]],
    rates: Rates,
    on: date,
    holidays: Holidays = is_belgian_holiday,
) -> tuple[Charges, ...]:
    """What may be claimed on a day for each instalment of one invoice.

    The indemnity is due once for the invoice, on all that is open and late; it stands
    with the first instalment that bears one.
    """
    results, bearing, kinds, open_amount = [], [], set(), ZERO
    for claim, terms in claims:
        result = _instalment(profile, claim, terms, rates, on, holidays)
        if result.claimable_from and not result.reason:
            owed = _open_at(claim, result.claimable_from)
            if owed > 0 and terms.charge in (CHARGE_FIXED, CHARGE_TIERED):
                bearing.append(len(results))
                kinds.add(terms.charge)
                open_amount += owed
        results.append(result)
    if bearing:
        kind = CHARGE_TIERED if CHARGE_TIERED in kinds else CHARGE_FIXED
        amount = _indemnity(profile, kind, open_amount)
        results[bearing[0]] = replace(results[bearing[0]], indemnity=amount)
    return tuple(results)


def _instalment(
    profile: Profile,
    claim: Claim,
    terms: Terms,
    rates: Rates,
    on: date,
    holidays: Holidays,
) -> Charges:
    if on <= claim.date_due:
        return Charges(reason=REASON_NOT_LATE)
    if terms.charge == CHARGE_NONE and not terms.fee and not terms.told_fee:
        return Charges()
    start, claimable, reason = lawful_start(
        profile, claim, terms.small_creditor, holidays
    )
    if reason is None and profile.needs_clause and not terms.clause:
        reason = REASON_NO_CLAUSE
    if reason is None and on < claimable:
        reason = REASON_DELAY_RUNS
    if reason is None and _open_at(claim, claimable) <= 0 and profile.first_free:
        reason = REASON_PAID_IN_TIME
    if reason:
        return Charges(interest_from=start, claimable_from=claimable, reason=reason)
    fee = reminder_cost(profile, terms) + terms.told_fee
    after = max(start, terms.interest_after or start)
    known = Charges(
        fee=fee,
        interest_from=start,
        claimable_from=claimable,
        accrued_from=after,
    )
    try:
        amount = _interest(profile, claim, terms, rates, start, after, on)
    except MissingRate as error:
        return replace(known, reason=REASON_MISSING_RATE, missing_on=error.day)
    return replace(known, interest=to_cents(amount))


def reminder_cost(profile: Profile, terms: Terms) -> Decimal:
    """What this reminder itself may cost.

    Belgium, Code of Economic Law art. XIX.2: for regular supplies the reminders of
    three missed due dates of a calendar year are free; others cost 7.50 at most.
    """
    if terms.missed is not None and terms.missed <= profile.free_reminders:
        return ZERO
    return terms.fee if profile.max_fee is None else min(terms.fee, profile.max_fee)


def _interest(
    profile: Profile,
    claim: Claim,
    terms: Terms,
    rates: Rates,
    start: date,
    after: date,
    on: date,
) -> Decimal:
    if terms.charge == CHARGE_NONE:
        return ZERO
    applied: Rates = rates
    if profile.rate_fixed_at_start:
        applied = [(start, rate_on(rates, start + timedelta(days=1)))]
    if terms.contract_rate is not None:
        applied = [(date.min, terms.contract_rate)]
        if profile.contract_capped:
            applied = [
                (day, percent and min(percent, terms.contract_rate))
                for day, percent in rates
            ]
    # what came in before the interest starts is gone from the principal
    return interest_on_balance(
        claim.principal, claim.settlements, after, on, applied, profile.basis
    )


def _open_at(claim: Claim, day: date) -> Decimal:
    """What is owed when that day begins."""
    return claim.principal - sum(
        (amount for paid_on, amount in claim.settlements if paid_on < day), ZERO
    )


def _indemnity(profile: Profile, kind: str, open_amount: Decimal) -> Decimal:
    if kind == CHARGE_TIERED and profile.tiers:
        return tiered_indemnity(open_amount, profile.tiers, profile.cap)
    return profile.fixed
