"""Which open items do bank lines pay? Set work, in memory, explainable.

Precision before recall: a line is matched without a
person only when a valid structured reference, or the number of a document, points
to one document and the amount is equal to the cent. All the rest is proposed.

Indexes are built once; a line then costs a few look-ups, whatever the number of
open items.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from .references import find_references, normalise_account, normalise_reference
from .texts import NumberFinder, name_key

MAX_PROPOSALS = 5  # per line: a person reads them
MAX_SHARED = 20  # documents looked at when a reference is shared by many
MAX_SUM = 5  # items added up to reach an amount

# Certain
REFERENCE_FIELD = 100
REFERENCE_TEXT = 98
NUMBER_TEXT = 95
# Proposed
SEVERAL_SUM = 90
REFERENCE_SHARED = 85
NUMBER_SHARED = 80
REFERENCE_PARTIAL = 75
REFERENCE_OVER = 72
ACCOUNT_AMOUNT = 70
NUMBER_OTHER_AMOUNT = 60
ACCOUNT_SUM = 55
ACCOUNT_AMOUNT_SHARED = 50
NAME_AMOUNT = 45
OTHER_CURRENCY = 40
NAME_AMOUNT_SHARED = 35
OTHER_DIRECTION = 30
ALREADY_CLAIMED = 25
AMOUNT_ONLY = 20


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What somebody owes, or is owed.

    ``amount`` is what remains open, positive for a receivable, in ``currency``.
    Items with the same ``document_id`` are instalments of one document, and may
    share its reference; without it each item is a document of its own.
    """

    id: int
    reference: str | None
    number: str | None
    amount: Decimal
    currency: str
    partner_id: int | None
    date_due: date | None
    partner_name: str | None
    document_id: int | None = None


@dataclass(frozen=True, slots=True)
class BankLine:
    """A movement to explain; ``amount`` is positive for money in."""

    id: int
    amount: Decimal
    currency: str
    structured_reference: str | None
    communication: str | None
    partner_account: str | None
    partner_name: str | None
    date: date | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a stable code, and the values of its sentence."""

    code: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Items that a line may pay together. ``certain``: no person is needed."""

    line_id: int
    item_ids: tuple[int, ...]
    score: int
    certain: bool
    reasons: tuple[Reason, ...]


def match(
    lines: Iterable[BankLine],
    items: Iterable[OpenItem],
    iban_partners: Mapping[str, Collection[int]] | None = None,
) -> dict[int, tuple[Proposal, ...]]:
    """Proposals of each line, best first, by line id.

    ``iban_partners`` gives the partners known for an account number. A line
    decided with certainty has that one proposal; a line nothing speaks for has
    none. An item is in one certain proposal at most. The order of ``lines`` and
    of ``items`` changes nothing.
    """
    index = _Index(items, iban_partners or {})
    clues = [_Clues(line, index) for line in lines if line.amount]
    claims = [claim for claim in map(_claim, clues) if claim]
    winners, rivals = _winners(claims)
    taken = {item.id: claim.line.id for claim in winners for item in claim.items}
    index.forget(taken)
    certain = {claim.line.id: claim for claim in winners}
    result = {}
    for clue in clues:
        claim = certain.get(clue.line.id)
        found = (claim.proposal(),) if claim else _proposals(clue, taken, rivals)
        if found:
            result[clue.line.id] = found
    return result


class _Index:
    """Open items by everything a bank line can say about them."""

    def __init__(
        self, items: Iterable[OpenItem], iban_partners: Mapping[str, Collection[int]]
    ):
        ordered = sorted((item for item in items if item.amount), key=_age)
        self.documents: dict[Hashable, list[OpenItem]] = defaultdict(list)
        self.by_reference: dict[str, dict[Hashable, None]] = defaultdict(dict)
        self.by_partner: dict[tuple, list[OpenItem]] = defaultdict(list)
        self.by_amount: dict[tuple, list[OpenItem]] = defaultdict(list)
        self.accounts = {
            normalise_account(account): frozenset(partners)
            for account, partners in iban_partners.items()
        }
        numbers: list[tuple[str | None, Hashable]] = []
        for item in ordered:
            self._add(item, numbers)
        self.numbers = NumberFinder(numbers)

    def _add(self, item: OpenItem, numbers: list) -> None:
        document = _document(item)
        self.documents[document].append(item)
        reference = normalise_reference(item.reference)
        if reference:
            self.by_reference[reference][document] = None
            exact = "reference", reference, item.currency, item.amount
            self.by_amount[exact].append(item)
        else:
            numbers.append((item.reference, document))
        numbers.append((item.number, document))
        partner = "partner", item.partner_id, item.currency
        self.by_partner[partner].append(item)
        self.by_amount[(*partner, item.amount)].append(item)
        self.by_amount["any", item.currency, item.amount].append(item)
        name = name_key(item.partner_name)
        if name:
            self.by_amount["name", name, item.currency, item.amount].append(item)

    def forget(self, taken: Collection[int]) -> None:
        """Leave items that are spoken for out of what can still be proposed."""
        for lists in (self.by_partner, self.by_amount):
            for key, items in lists.items():
                lists[key] = [item for item in items if item.id not in taken]


class _Clues:
    """What a line says: references, numbers, whose account it comes from."""

    def __init__(self, line: BankLine, index: _Index):
        self.line = line
        self.index = index
        self.field_reference = normalise_reference(line.structured_reference)
        texts = [line.communication]
        if not self.field_reference:  # banks let any text into that field
            texts.append(line.structured_reference)
        text = " ; ".join(filter(None, texts))
        references = dict.fromkeys(filter(None, [self.field_reference]))
        references |= dict.fromkeys(find_references(text))
        self.unknown = [ref for ref in references if ref not in index.by_reference]
        # document -> the reference or number that points to it
        self.references: dict[Hashable, str] = {}
        self.shared: dict[str, int] = {}
        for reference in references:
            documents = index.by_reference.get(reference, {})
            if len(documents) > 1:
                self.shared[reference] = len(documents)
            for document in _first(self, reference, documents):
                self.references.setdefault(document, reference)
        self.numbers: dict[Hashable, str] = {}
        for number, documents in index.numbers.find(text).items():
            for document in documents[:MAX_SHARED]:
                self.numbers.setdefault(document, number)
        account = normalise_account(line.partner_account)
        self.partners = index.accounts.get(account, frozenset())

    @property
    def documents(self) -> list[Hashable]:
        """Every document the line names, references first."""
        return list(dict.fromkeys([*self.references, *self.numbers]))

    def exact(self, *key: Hashable) -> list[OpenItem]:
        """Items of the line's amount and currency, among those of ``key``."""
        full = (*key, self.line.currency, self.line.amount)
        return self.index.by_amount.get(full, [])

    def account_reason(self, items: Sequence[OpenItem]) -> Reason | None:
        """Whether the account the money comes from is the debtor's."""
        owners = {item.partner_id for item in items} - {None}
        if not self.partners or not owners:
            return None
        known = "iban_known" if owners <= self.partners else "iban_other_partner"
        return Reason(known, {"account": normalise_account(self.line.partner_account)})


@dataclass(frozen=True)
class _Claim:
    """A line that is sure of its items, unless another one is as sure."""

    line: BankLine
    items: tuple[OpenItem, ...]
    score: int
    reasons: tuple[Reason, ...]

    def proposal(self) -> Proposal:
        ids = tuple(item.id for item in self.items)
        return Proposal(self.line.id, ids, self.score, True, self.reasons)


def _claim(clues: _Clues) -> _Claim | None:
    """The certain match of a line, looked at alone."""
    documents = clues.documents
    if len(documents) != 1:  # none, or a choice that is not ours
        return None
    document = documents[0]
    items = _settled(clues.line, clues.index.documents[document])
    if not items:
        return None
    account = clues.account_reason(items)
    reference = clues.references.get(document)
    if reference:
        if clues.field_reference in clues.unknown:
            return None
        in_field = reference == clues.field_reference
        score = REFERENCE_FIELD if in_field else REFERENCE_TEXT
        named = Reason("reference_equal", {"reference": reference})
    else:
        # A number has no check digits: nothing else may speak against it.
        other = account is not None and account.code == "iban_other_partner"
        if clues.unknown or other:
            return None
        score = NUMBER_TEXT
        named = Reason("number_found", {"number": clues.numbers[document]})
    reasons = [named, Reason("amount_equal"), account]
    return _Claim(clues.line, items, score, tuple(filter(None, reasons)))


def _settled(line: BankLine, items: Sequence[OpenItem]) -> tuple[OpenItem, ...]:
    """The instalments of one document that the amount settles beyond doubt.

    All of them together, or the oldest of that amount: of two equal halves the one
    that is due first is the one paid.
    """
    if any(item.currency != line.currency for item in items):
        return ()
    if sum(item.amount for item in items) == line.amount:
        return tuple(items)
    equal = [item for item in items if item.amount == line.amount]
    return tuple(sorted(equal, key=_age)[:1])


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


def _proposals(
    clues: _Clues, taken: Mapping[int, int], rivals: Mapping[int, int]
) -> tuple[Proposal, ...]:
    """What a person should see for a line, best first."""
    found = (
        _named(clues, taken, rivals)
        or _by_account(clues)
        or _by_name(clues)
        or _by_amount(clues)
    )
    best: dict[tuple[int, ...], Proposal] = {}
    for proposal in sorted(found, key=lambda p: (-p.score, p.item_ids)):
        best.setdefault(proposal.item_ids, proposal)
    return tuple(best.values())[:MAX_PROPOSALS]


def _named(
    clues: _Clues, taken: Mapping[int, int], rivals: Mapping[int, int]
) -> list[Proposal]:
    """Documents that the line names, though not beyond doubt."""
    found = []
    everything: list[OpenItem] = []
    for document in clues.documents:
        items = clues.index.documents[document]
        free = [item for item in items if item.id not in taken]
        everything += free
        if free:
            found += _of_document(clues, document, free, rivals)
        else:
            claimed = Reason("item_claimed", {"line_id": taken[items[0].id]})
            why = [_name_reason(clues, document), claimed]
            found.append(_proposal(clues, items, ALREADY_CLAIMED, why))
    if len(clues.documents) > 1 and everything:
        same = all(item.currency == clues.line.currency for item in everything)
        if same and sum(item.amount for item in everything) == clues.line.amount:
            why = [_name_reason(clues, d) for d in clues.documents]
            why.append(Reason("sum_equal", {"count": len(everything)}))
            found.append(_proposal(clues, everything, SEVERAL_SUM, why))
    return found


def _of_document(
    clues: _Clues,
    document: Hashable,
    items: Sequence[OpenItem],
    rivals: Mapping[int, int],
) -> list[Proposal]:
    line = clues.line
    reference = clues.references.get(document)
    why = [_name_reason(clues, document), *_doubts(clues, reference)]
    if items[0].currency != line.currency:
        why.append(Reason("currency_differs", {"currency": items[0].currency}))
        return [_proposal(clues, items, OTHER_CURRENCY, why)]
    equal = [[item] for item in items if item.amount == line.amount]
    total = sum(item.amount for item in items)
    if total == line.amount:
        equal = [list(items)]
    if equal:
        score = REFERENCE_SHARED if reference else NUMBER_SHARED
        why.append(Reason("amount_equal"))
        wanted = max((rivals.get(item.id, 0) for item in items), default=0)
        if wanted:
            why.append(Reason("item_contested", {"count": wanted}))
        return [_proposal(clues, group, score, why) for group in equal]
    values = {"line": line.amount, "items": total, "difference": line.amount - total}
    if (total > 0) != (line.amount > 0):
        why.append(Reason("direction_differs", values))
        return [_proposal(clues, items, OTHER_DIRECTION, why)]
    why.append(Reason("amount_differs", values))
    partial = abs(line.amount) < abs(total)
    score = REFERENCE_PARTIAL if partial else REFERENCE_OVER
    return [_proposal(clues, items, score if reference else NUMBER_OTHER_AMOUNT, why)]


def _doubts(clues: _Clues, reference: str | None) -> list[Reason]:
    """What keeps a document that the line names from being certain."""
    doubts = []
    if reference in clues.shared:
        shared = {"reference": reference, "count": clues.shared[reference]}
        doubts.append(Reason("reference_shared", shared))
    for unknown in clues.unknown[:1]:
        doubts.append(Reason("reference_unknown", {"reference": unknown}))
    return doubts


def _by_account(clues: _Clues) -> list[Proposal]:
    """Open items of the partner whose account the money comes from."""
    equal = []
    for partner in sorted(clues.partners):
        equal += clues.exact("partner", partner)
    if equal:
        alone = len(equal) == 1 and len(clues.partners) == 1
        score = ACCOUNT_AMOUNT if alone else ACCOUNT_AMOUNT_SHARED
        return _each_equal(clues, equal, score)
    if len(clues.partners) != 1:
        return []
    partner = "partner", *clues.partners, clues.line.currency
    oldest = clues.index.by_partner.get(partner, [])[:MAX_SUM]
    for count in range(2, len(oldest) + 1):
        group = oldest[:count]
        if sum(item.amount for item in group) == clues.line.amount:
            why = [Reason("sum_equal", {"count": count})]
            return [_proposal(clues, group, ACCOUNT_SUM, why)]
    return []


def _by_name(clues: _Clues) -> list[Proposal]:
    """Open items of the amount, of a partner with the payer's name."""
    name = name_key(clues.line.partner_name)
    equal = clues.exact("name", name) if name else []
    score = NAME_AMOUNT if len(equal) == 1 else NAME_AMOUNT_SHARED
    return _each_equal(clues, equal, score)


def _by_amount(clues: _Clues) -> list[Proposal]:
    """The only open item of that amount, for want of anything better."""
    equal = clues.exact("any")
    return _each_equal(clues, equal, AMOUNT_ONLY) if len(equal) == 1 else []


def _each_equal(clues: _Clues, items: Sequence[OpenItem], score: int) -> list[Proposal]:
    why = [Reason("amount_equal")]
    if len(items) > 1:
        why.append(Reason("amount_shared", {"count": len(items)}))
    shown = items[:MAX_PROPOSALS]
    return [_proposal(clues, [item], score, why) for item in shown]


def _proposal(
    clues: _Clues,
    items: Sequence[OpenItem],
    score: int,
    reasons: Sequence[Reason | None],
) -> Proposal:
    """A proposal, with what the account and the name add to it."""
    reasons = list(filter(None, reasons))
    account = clues.account_reason(items)
    if account:
        reasons.append(account)
        score += 3 if account.code == "iban_known" else -5
    name = name_key(clues.line.partner_name)
    if name and all(name_key(item.partner_name) == name for item in items):
        reasons.append(Reason("name_similar", {"name": items[0].partner_name}))
        score += 1
    ids = tuple(item.id for item in items)
    return Proposal(clues.line.id, ids, min(score, 94), False, tuple(reasons))


def _name_reason(clues: _Clues, document: Hashable) -> Reason:
    reference = clues.references.get(document)
    if reference:
        return Reason("reference_equal", {"reference": reference})
    return Reason("number_found", {"number": clues.numbers[document]})


def _first(
    clues: _Clues, reference: str, documents: Collection[Hashable]
) -> list[Hashable]:
    """Of the documents sharing a reference: those of the amount, then the oldest."""
    if len(documents) <= MAX_SHARED:
        return list(documents)
    equal = [_document(item) for item in clues.exact("reference", reference)]
    oldest = [doc for doc, _rank in zip(documents, range(MAX_SHARED), strict=False)]
    return list(dict.fromkeys([*equal[:MAX_SHARED], *oldest]))[:MAX_SHARED]


def _document(item: OpenItem) -> Hashable:
    if item.document_id is None:
        return "item", item.id
    return "document", item.document_id


def _age(item: OpenItem) -> tuple:
    return item.date_due or date.max, item.id


def _day(line: BankLine) -> date:
    return line.date or date.max
