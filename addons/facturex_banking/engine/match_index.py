"""Open items by everything that a bank line can say about them.

Built once for a backlog; a line then costs a few look-ups, whatever the number of
open items.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import date
from decimal import Decimal

from .match_values import BankLine, Knowledge, OpenItem, Reason
from .references import find_references, normalise_account, normalise_reference
from .texts import (
    MAX_DIGITS,
    MIN_DIGITS,
    NameFinder,
    NumberFinder,
    digit_runs,
    near_numbers,
    number_digits,
    typo_keys,
)

MAX_SHARED = 20  # documents looked at when a reference is shared by many
NO_ID = {"", "NOTPROVIDED", "NONREF", "NOREF", "NONE"}


class Index:
    """Open items by reference, number, partner, name and amount."""

    def __init__(self, items: Iterable[OpenItem], knowledge: Knowledge):
        ordered = sorted((item for item in items if item.amount), key=age)
        self.knowledge = knowledge
        self.items = {item.id: item for item in ordered}
        self.taken: frozenset[int] = frozenset()
        self.documents: dict[Hashable, list[OpenItem]] = defaultdict(list)
        self.by_reference: dict[str, dict[Hashable, None]] = defaultdict(dict)
        self.by_sent_id: dict[str, dict[Hashable, None]] = defaultdict(dict)
        self.by_partner: dict[tuple, list[OpenItem]] = defaultdict(list)
        self.by_amount: dict[tuple, list[OpenItem]] = defaultdict(list)
        self.counts: dict[tuple, int] = defaultdict(int)
        self.accounts = {
            normalise_account(account): frozenset(partners)
            for account, partners in knowledge.accounts.items()
        }
        numbers: list[tuple[str | None, Hashable]] = []
        names: dict[tuple[str | None, Hashable], None] = {}
        for item in ordered:
            self._add(item, numbers)
            names[item.partner_name, partner_of(item)] = None
        self.numbers = NumberFinder(numbers)
        self.names = NameFinder(names)

    def _add(self, item: OpenItem, numbers: list) -> None:
        document = document_of(item)
        self.documents[document].append(item)
        for text in (item.reference, *item.aliases):
            reference = normalise_reference(text)
            if reference:
                self.by_reference[reference][document] = None
                exact = "reference", reference, item.currency, item.amount
                self.by_amount[exact].append(item)
            else:
                numbers.append((text, document))
        numbers.append((item.number, document))
        for sent in item.end_to_end_ids:
            self.by_sent_id[sent.strip().upper()][document] = None
        partner = partner_of(item)
        self.by_partner[partner, item.currency].append(item)
        self.by_amount["partner", partner, item.currency, item.amount].append(item)
        self.by_amount["any", item.currency, item.amount].append(item)
        self.counts[item.currency, item.amount] += 1

    def forget(self, taken: Collection[int]) -> None:
        """Leave items that are spoken for out of what can still be proposed.

        What is left is then found by parts and misspellings of its number too.
        """
        self.taken = frozenset(taken)
        for item in self.items.values():
            if item.id not in self.taken:
                self._add_digits(item)

    def _add_digits(self, item: OpenItem) -> None:
        for text in (item.number, item.reference):
            digits = None if normalise_reference(text) else number_digits(text)
            if not digits:
                continue
            if digits.tail:
                self._once(item, "tail", digits.tail)
            for own in {digits.whole, digits.last}:
                if MIN_DIGITS <= len(own) <= MAX_DIGITS:
                    for variant in typo_keys(own):
                        self._once(item, "typo", variant)

    def _once(self, item: OpenItem, *key: str) -> None:
        items = self.by_amount[(*key, item.currency, item.amount)]
        if not items or items[-1] is not item:
            items.append(item)

    def of_amount(self, *key: Hashable) -> list[OpenItem]:
        """Items under a key of `by_amount` that nobody has for certain."""
        found = self.by_amount.get(key, ())
        return [item for item in found if item.id not in self.taken]

    def of_partner(self, partner: Hashable, currency: str) -> list[OpenItem]:
        """Open items of a partner that nobody has for certain, oldest first."""
        found = self.by_partner.get((partner, currency), ())
        return [item for item in found if item.id not in self.taken]


class Clues:
    """What a line says: references, numbers, whose account it comes from."""

    def __init__(self, line: BankLine, index: Index):
        self.line = line
        self.index = index
        self.field_reference = normalise_reference(line.structured_reference)
        texts = [line.communication]
        if not self.field_reference:  # banks let any text into that field
            texts.append(line.structured_reference)
        self.text = " ; ".join(filter(None, texts))
        references = dict.fromkeys(filter(None, [self.field_reference]))
        references |= dict.fromkeys(find_references(self.text))
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
        sent = (line.end_to_end_id or "").strip().upper()
        self.sent_id = sent if sent not in NO_ID else ""
        self.sent = tuple(index.by_sent_id.get(self.sent_id, ()))
        self.numbers: dict[Hashable, str] = {}
        for number, documents in index.numbers.find(self.text).items():
            for document in documents[:MAX_SHARED]:
                self.numbers.setdefault(document, number)
        account = normalise_account(line.partner_account)
        self.partners = index.accounts.get(account, frozenset())
        self._named: tuple[frozenset, frozenset] | None = None

    @property
    def documents(self) -> list[Hashable]:
        """Every document the line names, references first."""
        return list(dict.fromkeys([*self.sent, *self.references, *self.numbers]))

    @property
    def named(self) -> tuple[frozenset, frozenset]:
        """Partners whose name the line bears: (the same words, only alike)."""
        if self._named is None:
            same, alike = self.index.names.find(self.line.partner_name)
            if not self.line.partner_name:
                same = self.index.names.inside(self.text)
            self._named = same, alike - same
        return self._named

    @property
    def remembered(self) -> dict[int, int]:
        """Partners this payer's name stood for before, and how many times."""
        names = self.index.knowledge.names
        return dict(names.get(self.index.names.key(self.line.partner_name) or "", {}))

    def exact(self, *key: Hashable) -> list[OpenItem]:
        """Items of the line's amount and currency, among those of ``key``."""
        return self.index.of_amount(*key, self.line.currency, self.line.amount)

    def account_reason(self, items: Sequence[OpenItem]) -> Reason | None:
        """Whether the account the money comes from is the debtor's."""
        owners = {item.partner_id for item in items} - {None}
        if not self.partners or not owners:
            return None
        known = "iban_known" if owners <= self.partners else "iban_other_partner"
        return Reason(known, {"account": normalise_account(self.line.partner_account)})

    def agrees(self, items: Sequence[OpenItem]) -> bool:
        """Whether account, name or memory say that the debtor pays himself."""
        owners = {partner_of(item) for item in items}
        if self.line.partner_id and owners == {self.line.partner_id}:
            return True
        if self.partners and {item.partner_id for item in items} <= self.partners:
            return True
        return owners <= (self.named[0] | self.remembered.keys())

    def by_digits(self) -> tuple[list[OpenItem], list[OpenItem]]:
        """Items of the amount: (a part of whose number, a misspelling of it)."""
        runs = digit_runs(self.text)
        part = [item for tail in runs.tails for item in self.exact("tail", tail)]
        found = {
            item.id: item
            for whole in runs.wholes
            for variant in typo_keys(whole)
            for item in self.exact("typo", variant)
        }
        near = [
            item
            for item in found.values()
            if any(
                near_numbers(number_digits(text), runs.wholes)
                for text in (item.number, item.reference)
            )
        ]
        return list({item.id: item for item in part}.values()), near


def document_of(item: OpenItem) -> Hashable:
    if item.document_id is None:
        return "item", item.id
    return "document", item.document_id


def partner_of(item: OpenItem) -> Hashable:
    return item.partner_id if item.partner_id is not None else ("item", item.id)


def age(item: OpenItem) -> tuple:
    """Oldest due date first."""
    return item.date_due or date.max, item.id


def total(items: Iterable[OpenItem]) -> Decimal:
    return sum((item.amount for item in items), Decimal(0))


def _first(
    clues: Clues, reference: str, documents: Collection[Hashable]
) -> list[Hashable]:
    """Of the documents sharing a reference: those of the amount, then the oldest."""
    if len(documents) <= MAX_SHARED:
        return list(documents)
    equal = [document_of(item) for item in clues.exact("reference", reference)]
    oldest = [doc for doc, _rank in zip(documents, range(MAX_SHARED), strict=False)]
    return list(dict.fromkeys([*equal[:MAX_SHARED], *oldest]))[:MAX_SHARED]
