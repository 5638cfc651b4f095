"""How often were such reasons right, here? What a machine may do alone.

A combination is what speaks for a proposal (`Proposal.combination`). Each proposal a
person decided on counts: taken as it was, or not. The estimate takes the next one
for wrong, so 999 right answers are needed before 99.9 % can be claimed; a rate
measured on five lines means nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """What became of the first proposals of one combination."""

    combination: str
    right: int
    wrong: int

    @property
    def precision(self) -> float:
        """Between 0 and 1, as if the next one were wrong."""
        return self.right / (self.right + self.wrong + 1)


def trusted(records: Iterable[Record], threshold: float) -> frozenset[str]:
    """Combinations whose measured precision reaches the threshold (0 to 1).

    ``threshold`` above 1 trusts nothing.
    """
    return frozenset(
        record.combination for record in records if record.precision >= threshold
    )


def tally(outcomes: Mapping[tuple[str, bool], int]) -> tuple[Record, ...]:
    """Records from counts by (combination, taken), in alphabetical order."""
    names = sorted({name for name, _taken in outcomes})
    return tuple(
        Record(name, outcomes.get((name, True), 0), outcomes.get((name, False), 0))
        for name in names
    )
