"""Who gets what: one assignment over the whole backlog.

Proposals are served tier by tier, the best scores first; within a tier, as many lines
as possible get one (augmenting paths), and a line served in an earlier tier keeps one
of its own. Lines and items are visited in a fixed order: the answer depends on the
set of proposals only.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from .match_values import Proposal, Reason

LOST = 15  # score that a proposal loses when its item fits another line better
MAX_STEPS = 400  # of one search for another item: beyond, nobody is moved


def assign(
    found: Mapping[int, tuple[Proposal, ...]],
) -> dict[int, tuple[Proposal, ...]]:
    """The same proposals; those of an item that another line has come later.

    Such a proposal says so (``item_better``). The proposal a line is served with
    comes first, unless another of its own is better and free.
    """
    tiers: dict[int, list[Proposal]] = defaultdict(list)
    for offers in found.values():
        for offer in offers:
            if offer.item_ids and not _apart(offer):
                tiers[offer.score].append(offer)
    table = _Table()
    for score in sorted(tiers, reverse=True):
        table.serve(sorted(tiers[score], key=lambda p: (p.line_id, p.item_ids)))
    return {
        line_id: _reordered(offers, table.served.get(line_id), table.holder)
        for line_id, offers in found.items()
        if offers
    }


def _apart(offer: Proposal) -> bool:
    """Claimed or contested items are nobody's to give."""
    codes = {reason.code for reason in offer.reasons}
    return bool(codes & {"item_claimed", "item_contested", "lines_add_up"})


class _Table:
    """Lines with the proposal each is served with, items with their line."""

    def __init__(self):
        self.served: dict[int, Proposal] = {}
        self.holder: dict[int, int] = {}
        self.single: dict[int, list[Proposal]] = defaultdict(list)

    def serve(self, tier: list[Proposal]) -> None:
        for offer in tier:
            if len(offer.item_ids) == 1:
                self.single[offer.line_id].append(offer)
        for offer in tier:
            if offer.line_id in self.served:
                continue
            if len(offer.item_ids) > 1:
                if not any(item_id in self.holder for item_id in offer.item_ids):
                    self._give(offer)
            else:
                self._augment(offer.line_id, set(), [MAX_STEPS])

    def _augment(self, line_id: int, seen: set[int], steps: list[int]) -> bool:
        """A free item for the line, moving others to another of theirs."""
        for offer in self.single[line_id]:
            item_id = offer.item_ids[0]
            if item_id in seen or steps[0] <= 0 or len(seen) > 200:
                continue
            seen.add(item_id)
            steps[0] -= 1
            owner = self.holder.get(item_id)
            movable = owner is not None and len(self.served[owner].item_ids) == 1
            if owner is None or (movable and self._augment(owner, seen, steps)):
                self._give(offer)
                return True
        return False

    def _give(self, offer: Proposal) -> None:
        self.served[offer.line_id] = offer
        for item_id in offer.item_ids:
            self.holder[item_id] = offer.line_id


def _reordered(
    offers: tuple[Proposal, ...],
    served: Proposal | None,
    holder: Mapping[int, int],
) -> tuple[Proposal, ...]:
    result = []
    for offer in offers:
        others = {holder.get(item_id) for item_id in offer.item_ids}
        others -= {None, offer.line_id}
        if others and not _apart(offer):
            better = Reason("item_better", {"line_id": min(others)})
            offer = replace(
                offer,
                score=max(offer.score - LOST, 1),
                reasons=(*offer.reasons, better),
            )
        result.append(offer)
    own = served.item_ids if served else None
    result.sort(key=lambda p: (-p.score, p.item_ids != own, p.item_ids))
    return tuple(result)
