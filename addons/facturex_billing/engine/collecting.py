"""When a saved means of payment is tried again, by the reason it failed. No record.

A card that lacks money today may have some on Friday; a card that was stolen will not
come back. Every calendar is bounded: after its last day the reminders take over.
"""

from datetime import date, timedelta

FUNDS = "funds"
TECHNICAL = "technical"
REFUSED = "refused"
UNKNOWN = "unknown"

# days until the next try after the first failure, the second…
RETRIES: dict[str, tuple[int, ...]] = {
    FUNDS: (3, 5, 7),
    TECHNICAL: (1, 1, 2),
    UNKNOWN: (3,),
    REFUSED: (),
}

# stems of what providers answer; the first kind that matches wins
_STEMS = (
    (
        REFUSED,
        (
            "expired",
            "stolen",
            "lost card",
            "closed",
            "revoked",
            "invalid card",
            "invalid account",
            "not supported",
            "do not honor",
            "blocked",
            "fraud",
            "mandate",
            "authentication",
        ),
    ),
    (FUNDS, ("insufficient", "funds", "limit", "am04")),
    (TECHNICAL, ("timeout", "timed out", "unavailable", "connect", "network", "try")),
)


def classify(message: str | None) -> str:
    """The kind of failure that a provider's message tells."""
    text = (message or "").lower()
    for kind, stems in _STEMS:
        if any(stem in text for stem in stems):
            return kind
    return UNKNOWN


def next_try(kind: str, failures: int, day: date) -> date | None:
    """The day of the next try after so many `failures`, None: there is none.

    :param failures: how many tries failed so far, 1 or more
    """
    waits = RETRIES.get(kind, RETRIES[UNKNOWN])
    if not 1 <= failures <= len(waits):
        return None
    return day + timedelta(days=waits[failures - 1])
