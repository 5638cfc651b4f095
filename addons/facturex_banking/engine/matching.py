"""Which open items do bank lines pay? Set work, in memory, explainable.

Precision before recall: a line is matched without a person only when a valid
structured reference, an identifier that we gave, or the number of a document points
to one document and the amount is equal to the cent. A number has no check digits: the
payer's name or account must agree, or nobody else may owe that amount. All the rest
is proposed, unless the company's own past shows that such reasons never were wrong.

Documents come before rules, rules before habits. What is proposed is decided for the
whole backlog at once: an item goes first to the line that it fits best.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from . import match_proposals as proposals
from .match_assign import assign
from .match_doubts import number_doubts
from .match_index import Clues, Index, age, total
from .match_proposals import MAX_PROPOSALS
from .match_transfers import returned, transfer
from .match_values import (
    DOUBTS,
    BankLine,
    Bundle,
    Knowledge,
    OpenItem,
    Proposal,
    Reason,
    Remembered,
    combination,
)
from .rules import Rule, first_rule

__all__ = [
    "MAX_PROPOSALS",
    "BankLine",
    "Bundle",
    "Knowledge",
    "OpenItem",
    "Proposal",
    "Reason",
    "Remembered",
    "Rule",
    "combination",
    "match",
]

# Certain
REFERENCE_FIELD = 100
SENT_BY_US = 99
REFERENCE_TEXT = 98
NUMBER_TEXT = 95
RULE_AUTOMATIC = 96
# Proposed
RULE = 58
HABIT = 42
HABIT_ONCE = 33
MARGIN = 10  # to the next best, for a proposal to be sure
SURE = 66  # less than that is a guess


def match(
    lines: Iterable[BankLine],
    items: Iterable[OpenItem],
    iban_partners: Mapping[str, Collection[int]] | None = None,
    knowledge: Knowledge | None = None,
    rules: Sequence[Rule] = (),
) -> dict[int, tuple[Proposal, ...]]:
    """Proposals of each line, best first, by line id.

    ``iban_partners`` gives the partners known for an account number, beside those of
    ``knowledge``; ``rules`` in their order. A line decided with certainty has that
    one proposal; a line nothing speaks for has none. An item is in one certain
    proposal at most. The order of ``lines`` and of ``items`` changes nothing.
    """
    knowledge = knowledge or Knowledge()
    if iban_partners:
        accounts = {**knowledge.accounts, **iban_partners}
        knowledge = replace(knowledge, accounts=accounts)
    index = Index(items, knowledge)
    clues = [Clues(line, index) for line in lines if line.amount]
    claims = [claim for claim in map(_claim, clues) if claim]
    winners, rivals = _winners(claims)
    taken = {item.id: claim.line.id for claim in winners for item in claim.items}
    index.forget(taken.keys())
    certain = {claim.line.id: (claim.proposal(),) for claim in winners}
    left = [clue for clue in clues if clue.line.id not in certain]
    open_ = proposals.of_lines(left, taken, rivals)
    open_ = _promote(assign(open_), knowledge.trusted)
    result = certain | {clue.line.id: open_.get(clue.line.id, ()) for clue in left}
    for clue in left:
        found = _with_own(clue, result[clue.line.id])
        result[clue.line.id] = _with_rules(clue, found, rules)
    return {clue.line.id: found for clue in clues if (found := result[clue.line.id])}


@dataclass(frozen=True)
class _Claim:
    """A line that is sure of its items, unless another one is as sure."""

    line: BankLine
    items: tuple[OpenItem, ...]
    score: int
    reasons: tuple[Reason, ...]

    def proposal(self) -> Proposal:
        ids = tuple(item.id for item in self.items)
        return Proposal(self.line.id, ids, self.score, True, self.reasons, sure=True)


def _claim(clues: Clues) -> _Claim | None:
    """The certain match of a line, looked at alone."""
    bundle = _bundle_claim(clues)
    if bundle:
        return bundle
    documents = clues.documents
    if len(documents) != 1:  # none, or a choice that is not ours
        return None
    document = documents[0]
    items = _settled(clues.line, clues.index.documents[document])
    if not items:
        return None
    account = clues.account_reason(items)
    reference = clues.references.get(document)
    if document in clues.sent and not clues.unknown:
        score = SENT_BY_US
        named = Reason("end_to_end_equal", {"reference": clues.sent_id})
    elif reference:
        if clues.field_reference in clues.unknown:
            return None
        in_field = reference == clues.field_reference
        score = REFERENCE_FIELD if in_field else REFERENCE_TEXT
        named = Reason("reference_equal", {"reference": reference})
    else:
        if document not in clues.numbers or number_doubts(clues, document, items):
            return None
        score = NUMBER_TEXT
        named = Reason("number_found", {"number": clues.numbers[document]})
    reasons = [named, Reason("amount_equal"), account]
    return _Claim(clues.line, items, score, tuple(filter(None, reasons)))


def _bundle_claim(clues: Clues) -> _Claim | None:
    """A payment run: its own identifier and its total."""
    keys = {clues.line.batch_id, clues.line.end_to_end_id} - {None, ""}
    for bundle in clues.index.knowledge.bundles:
        if bundle.key not in keys:
            continue
        items = [clues.index.items.get(item_id) for item_id in bundle.item_ids]
        if all(items) and total(items) == clues.line.amount:
            known = Reason("run_expected", {"reference": bundle.key})
            reasons = known, Reason("sum_equal", {"count": len(items)})
            return _Claim(clues.line, tuple(items), SENT_BY_US, reasons)
    return None


def _settled(line: BankLine, items: Sequence[OpenItem]) -> tuple[OpenItem, ...]:
    """The instalments of one document that the amount settles beyond doubt.

    All of them together, or the oldest of that amount: of two equal halves the one
    that is due first is the one paid.
    """
    if any(item.currency != line.currency for item in items):
        return ()
    if total(items) == line.amount:
        return tuple(items)
    equal = [item for item in items if item.amount == line.amount]
    return tuple(sorted(equal, key=age)[:1])


def _winners(claims: Sequence[_Claim]) -> tuple[list[_Claim], dict[int, int]]:
    """Claims that hold, and how many lines wanted each item that nobody gets.

    The earliest line has an item, if it is alone that day: the same reference
    paid twice on one day is for a person to sort out.
    """
    by_item: dict[int, list[_Claim]] = defaultdict(list)
    for claim in claims:
        for item in claim.items:
            by_item[item.id].append(claim)
    lost: set[int] = set()
    rivals: dict[int, int] = {}
    for item_id, wanting in by_item.items():
        first = min(_day(claim.line) for claim in wanting)
        earliest = [claim for claim in wanting if _day(claim.line) == first]
        if len(earliest) > 1:
            rivals[item_id] = len(earliest)
            earliest = []
        lost |= {c.line.id for c in wanting} - {c.line.id for c in earliest}
    return [claim for claim in claims if claim.line.id not in lost], rivals


def _promote(
    found: Mapping[int, tuple[Proposal, ...]], trusted: frozenset[str]
) -> dict[int, tuple[Proposal, ...]]:
    """Mark what one look is enough for; certain when the past vouches for it."""
    wanted: dict[int, int] = defaultdict(int)
    for offers in found.values():
        for item_id in {n for offer in offers for n in offer.item_ids}:
            wanted[item_id] += 1
    result = {}
    for line_id, offers in found.items():
        best = offers[0]
        second = offers[1].score if len(offers) > 1 else 0
        doubts = {reason.code for reason in best.reasons} & DOUBTS
        sure = not doubts and best.score >= max(SURE, second + MARGIN)
        if sure and best.combination in trusted and not best.close:
            if all(wanted[item_id] == 1 for item_id in best.item_ids):
                vouched = Reason("past_vouches")
                reasons = (*best.reasons, vouched)
                best = replace(best, certain=True, sure=True, reasons=reasons)
                result[line_id] = (best,)
                continue
        result[line_id] = (replace(best, sure=sure), *offers[1:])
    return result


def _with_own(clues: Clues, found: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """Between our own accounts, or a payment that comes back."""
    if found and found[0].certain:
        return found
    knowledge = clues.index.knowledge
    own = (returned(clues.line, knowledge.past), transfer(clues.line, knowledge, found))
    offers = [offer for offer in own if offer]
    if any(offer.sure for offer in offers):
        found = tuple(replace(offer, sure=False) for offer in found)
    return _ordered((*found, *offers)) if offers else found


def _with_rules(
    clues: Clues, found: tuple[Proposal, ...], rules: Sequence[Rule]
) -> tuple[Proposal, ...]:
    """Documents, then the first rule that fits, then what was done before."""
    if found and found[0].certain:
        return found
    rule = first_rule(rules, clues.line)
    if rule:
        alone = rule.automatic and not found
        score = RULE_AUTOMATIC if alone else RULE
        why = (Reason("rule", {"rule": rule.name}),)
        offer = Proposal(
            clues.line.id, (), score, alone, why, sure=not found, rule_id=rule.id
        )
        return (offer,) if alone else _ordered((*found, offer))
    habit = clues.index.knowledge.habits
    for key in habit_keys(clues.line):
        known = habit.get(key)
        if known:
            score = HABIT if known.times > 1 else HABIT_ONCE
            why = (Reason("habit", {"count": known.times}),)
            offer = Proposal(clues.line.id, (), score, False, why, habit=known)
            return _ordered((*found, offer))
    return found


def habit_keys(line: BankLine) -> tuple[str, ...]:
    """Under which keys what was done with a line is remembered, best first.

    Account number, payer's name, words of the text without digits; each with the
    direction of the money, for what comes in is not what goes out.
    """
    return proposals.habit_keys(line)


def _ordered(found: Sequence[Proposal]) -> tuple[Proposal, ...]:
    ranked = sorted(found, key=lambda p: (-p.score, p.item_ids))
    return tuple(ranked[:MAX_PROPOSALS])


def _day(line: BankLine) -> date:
    return line.date or date.max
