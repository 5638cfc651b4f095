"""How a dossier is doing: a score out of 100, and why it is not 100."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Facts:
    """What is known of a dossier; None where the reader may not know.

    Counts are of documents or lines; `overdue_share`: late part of the receivables,
    between 0 and 1; `vat_due`: last day of the oldest period that is not locked.
    """

    unmatched: int | None = None
    unmatched_oldest: date | None = None
    bank_last: date | None = None
    to_check: int = 0
    requests_late: int = 0
    overdue_share: float = 0.0
    vat_due: date | None = None
    suspended: bool = False


@dataclass(frozen=True)
class Reason:
    """A stable code, what it costs, and the number to say."""

    code: str
    points: int
    number: int = 0


def score(facts: Facts, today: date) -> tuple[int, tuple[Reason, ...]]:
    """The score and its reasons, the heaviest first."""
    found = [
        _bank_age(facts, today),
        _unmatched(facts, today),
        _to_check(facts),
        _steps("requests", facts.requests_late, ((1, 10), (5, 15))),
        _steps("overdue", round(facts.overdue_share * 100), ((30, 5), (60, 15))),
        _vat(facts, today),
        Reason("suspended", 30) if facts.suspended else None,
    ]
    reasons = sorted(
        (reason for reason in found if reason), key=lambda r: (-r.points, r.code)
    )
    return max(0, 100 - sum(r.points for r in reasons)), tuple(reasons)


def _steps(code: str, number: int, steps: tuple[tuple[int, int], ...]) -> Reason | None:
    points = max((cost for floor, cost in steps if number >= floor), default=0)
    return Reason(code, points, number) if points else None


def _bank_age(facts: Facts, today: date) -> Reason | None:
    if not facts.bank_last:
        return None
    days = (today - facts.bank_last).days
    return _steps("bank_old", days, ((8, 5), (31, 15), (62, 25)))


def _unmatched(facts: Facts, today: date) -> Reason | None:
    if not facts.unmatched or not facts.unmatched_oldest:
        return None
    days = (today - facts.unmatched_oldest).days
    return _steps("unmatched_old", days, ((15, 5), (45, 15), (90, 20)))


def _to_check(facts: Facts) -> Reason | None:
    return _steps("to_check", facts.to_check, ((10, 5), (50, 15)))


def _vat(facts: Facts, today: date) -> Reason | None:
    if not facts.vat_due:
        return None
    days = (today - facts.vat_due).days
    return _steps("vat_open", days, ((20, 10), (45, 20)))
