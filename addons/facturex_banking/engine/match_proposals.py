"""What a person should see for a line that nothing decides: the best few, and why."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from .match_doubts import number_doubts
from .match_index import Clues, partner_of, total
from .match_values import BankLine, OpenItem, Proposal, Reason
from .references import normalise_account
from .texts import fold, name_key

MAX_PROPOSALS = 5  # per line: a person reads them
MAX_SUM = 6  # items added up to reach an amount
MAX_POOL = 16  # open items of a partner among which sums are looked for
MAX_TRIES = 3_000  # sums tried for one line
MAX_EQUAL = 40  # items of the amount alone that are looked at
GREATEST = 94  # below what is certain

DISCOUNT = 92
SEVERAL_SUM = 90
LINES_SUM = 88
REFERENCE_SHARED = 85
TOLERANCE = 83
NUMBER_SHARED = 80
RATE = 78
REFERENCE_PARTIAL = 75
REFERENCE_OVER = 72
ACCOUNT_AMOUNT = 70
SEVERAL_OTHER_SUM = 65
NUMBER_PART = 62
NUMBER_OTHER_AMOUNT = 60
MEMORY_AMOUNT = 56
ACCOUNT_SUM = 55
EXCHANGE = 54
NUMBER_NEAR = 52
ACCOUNT_AMOUNT_SHARED = 50
NAME_AMOUNT = 45
NAME_SUM = 44
OTHER_CURRENCY = 40
NAME_AMOUNT_SHARED = 35
OTHER_DIRECTION = 30
ALREADY_CLAIMED = 25
AMOUNT_ONLY = 20
SHARED_LESS = 20  # when several items of one partner have the amount

EXCHANGE_DRIFT = Decimal("0.10")  # a rate further away is no exchange difference
NEAR_DUE = 3  # days between a due date and the day of payment


def of_lines(
    clues: Sequence[Clues], taken: Mapping[int, int], rivals: Mapping[int, int]
) -> dict[int, tuple[Proposal, ...]]:
    """Proposals of each line, best first.

    ``taken``: item to the line that has it for certain; ``rivals``: item to the
    number of lines that wanted it with the same right.
    """
    together = _paying_together(clues)
    result = {}
    for clue in clues:
        found = _of_line(clue, taken, rivals, together)
        if found:
            result[clue.line.id] = found
    return result


def _of_line(clues, taken, rivals, together) -> tuple[Proposal, ...]:
    found = _named(clues, taken, rivals, together)
    if not found:
        found = _by_evidence(clues) or _closing(clues) or _by_sum(clues)
    best: dict[tuple[int, ...], Proposal] = {}
    for offer in sorted(found, key=lambda p: (-p.score, p.item_ids)):
        best.setdefault(offer.item_ids, offer)
    return tuple(best.values())[:MAX_PROPOSALS]


# -- documents that the line names ---------------------------------------------------


def _paying_together(clues: Sequence[Clues]) -> dict[Hashable, int]:
    """Documents that several lines name and pay exactly together: how many."""
    naming: dict[Hashable, list[Clues]] = defaultdict(list)
    for clue in clues:
        documents = clue.documents
        if len(documents) == 1:
            naming[documents[0]].append(clue)
    result = {}
    for document, wanting in naming.items():
        if len(wanting) < 2:
            continue
        items = wanting[0].index.documents[document]
        same = {clue.line.currency for clue in wanting} == {items[0].currency}
        paid = sum((clue.line.amount for clue in wanting), Decimal(0))
        if same and paid == total(items):
            result[document] = len(wanting)
    return result


def _named(clues, taken, rivals, together) -> list[Proposal]:
    """Documents that the line names, though not beyond doubt."""
    found = []
    everything: list[OpenItem] = []
    for document in clues.documents:
        items = clues.index.documents[document]
        free = [item for item in items if item.id not in taken]
        everything += free
        if free:
            found += _of_document(clues, document, free, rivals, together)
        else:
            claimed = Reason("item_claimed", {"line_id": taken[items[0].id]})
            why = [_name_reason(clues, document), claimed]
            found.append(_proposal(clues, items, ALREADY_CLAIMED, why))
    if len(clues.documents) > 1 and everything:
        found += _several(clues, everything)
    return found


def _several(clues: Clues, items: Sequence[OpenItem]) -> list[Proposal]:
    """All the documents named, together."""
    if any(item.currency != clues.line.currency for item in items):
        return []
    why = [_name_reason(clues, d) for d in clues.documents]
    if total(items) == clues.line.amount:
        why.append(Reason("sum_equal", {"count": len(items)}))
        return [_proposal(clues, items, SEVERAL_SUM, why)]
    return _differing(clues, items, SEVERAL_OTHER_SUM, why)


def _of_document(clues, document, items, rivals, together) -> list[Proposal]:
    line = clues.line
    reference = clues.references.get(document)
    why = [_name_reason(clues, document), *_doubts(clues, document, items)]
    if items[0].currency != line.currency:
        return [_foreign(clues, items, why)]
    equal = [[item] for item in items if item.amount == line.amount]
    if total(items) == line.amount:
        equal = [list(items)]
    if equal:
        score = REFERENCE_SHARED if reference else NUMBER_SHARED
        why.append(Reason("amount_equal"))
        wanted = max((rivals.get(item.id, 0) for item in items), default=0)
        if wanted:
            why.append(Reason("item_contested", {"count": wanted}))
        return [_proposal(clues, group, score, why) for group in equal]
    if (total(items) > 0) != (line.amount > 0):
        why.append(Reason("direction_differs", _difference(line, items)))
        return [_proposal(clues, items, OTHER_DIRECTION, why)]
    if document in together:
        why.append(Reason("lines_add_up", {"count": together[document]}))
        return [_proposal(clues, items, LINES_SUM, why)]
    partial = abs(line.amount) < abs(total(items))
    score = REFERENCE_PARTIAL if partial else REFERENCE_OVER
    return _differing(clues, items, score if reference else NUMBER_OTHER_AMOUNT, why)


def _differing(clues, items, score, why) -> list[Proposal]:
    """Another amount: a discount or fee taken off, else a part, or too much."""
    closed = _closed(clues, items, why)
    if closed:
        return [closed]
    differs = Reason("amount_differs", _difference(clues.line, items))
    return [_proposal(clues, items, score, [*why, differs])]


def _closed(clues, items, why) -> Proposal | None:
    """The items paid in full but for a difference that is known or small."""
    line, knowledge = clues.line, clues.index.knowledge
    whole = total(items)
    missing = whole - line.amount
    values = _difference(line, items)
    if not missing or whole * line.amount <= 0:
        return None
    discount = sum((_discount(item, line) for item in items), Decimal(0))
    if discount and missing == discount:
        taken = Reason("discount_taken", values)
        return _proposal(clues, items, DISCOUNT, [*why, taken], close="discount")
    if abs(missing) <= knowledge.tolerance:
        small = Reason("difference_small", values)
        return _proposal(clues, items, TOLERANCE, [*why, small], close="fee")
    if 0 < missing / whole <= knowledge.discount_rate:
        rate = Reason("difference_rate", values)
        return _proposal(clues, items, RATE, [*why, rate], close="discount")
    return None


def _discount(item: OpenItem, line: BankLine) -> Decimal:
    late = item.discount_date and line.date and line.date > item.discount_date
    return Decimal(0) if late else item.discount


def _foreign(clues, items, why) -> Proposal:
    """A document in another currency: paid in full when the rate is plausible."""
    line = clues.line
    why = [*why, Reason("currency_differs", {"currency": items[0].currency})]
    amounts = [item.company_amount for item in items]
    if line.company_amount is not None and None not in amounts:
        owed = sum(amounts, Decimal(0))
        drift = abs(owed - line.company_amount)
        if owed * line.company_amount > 0 and drift <= abs(owed) * EXCHANGE_DRIFT:
            why.append(Reason("rate_near", {"difference": line.company_amount - owed}))
            return _proposal(clues, items, EXCHANGE, why, close="exchange")
    return _proposal(clues, items, OTHER_CURRENCY, why)


def _doubts(clues: Clues, document: Hashable, items) -> list[Reason]:
    """What keeps a document that the line names from being certain."""
    doubts = []
    reference = clues.references.get(document)
    if reference in clues.shared:
        shared = {"reference": reference, "count": clues.shared[reference]}
        doubts.append(Reason("reference_shared", shared))
    if reference or document in clues.sent:
        unknown = clues.unknown[:1]
        doubts += [Reason("reference_unknown", {"reference": r}) for r in unknown]
        return doubts
    own = {item.id for item in items}
    equal = total(items) == clues.line.amount or any(
        item.id in own for item in clues.exact("any")
    )
    codes = {"reference_unknown"} if not equal else None
    return doubts + [
        doubt
        for doubt in number_doubts(clues, document, items)
        if doubt.code != "iban_other_partner" and (not codes or doubt.code in codes)
    ]


def _difference(line: BankLine, items: Sequence[OpenItem]) -> dict:
    whole = total(items)
    return {"line": line.amount, "items": whole, "difference": line.amount - whole}


# -- documents that other signs speak for --------------------------------------------


def _by_evidence(clues: Clues) -> list[Proposal]:
    """Items of the amount: by digits of their number, account, memory, name."""
    signs: dict[int, list[tuple[int, Reason | None]]] = defaultdict(list)
    for item, score, code in _by_digits(clues):
        reason = Reason(code, {"number": item.number or item.reference})
        signs[item.id].append((score, reason))
    for partner, score, reason in _by_payer(clues):
        for item in clues.exact("partner", partner):
            signs[item.id].append((score, reason))
    if not signs:
        equal = clues.exact("any")
        if len(equal) != 1:
            return []
        signs[equal[0].id].append((AMOUNT_ONLY, None))
    return _weighed(clues, signs)


def _by_digits(clues: Clues) -> list[tuple[OpenItem, int, str]]:
    if clues.unknown:  # the digits of a structured reference are no number
        return []
    part, near = clues.by_digits()
    known = {item.id for item in part}
    found = [(item, NUMBER_PART, "number_part") for item in part]
    return found + [
        (item, NUMBER_NEAR, "number_near") for item in near if item.id not in known
    ]


def _by_payer(clues: Clues) -> list[tuple[Hashable, int, Reason | None]]:
    """Who may have paid: account and name are told by `_proposal`."""
    given = clues.line.partner_id
    found: list[tuple[Hashable, int, Reason | None]] = []
    if given and given not in clues.partners:
        found.append((given, ACCOUNT_AMOUNT, Reason("partner_given")))
    found += [(partner, ACCOUNT_AMOUNT, None) for partner in sorted(clues.partners)]
    for partner, times in sorted(clues.remembered.items()):
        reason = Reason("name_remembered", {"count": times})
        found.append((partner, MEMORY_AMOUNT, reason))
    same, alike = clues.named
    return found + [(partner, NAME_AMOUNT, None) for partner in (*same, *alike)]


def _weighed(clues: Clues, signs: Mapping[int, list]) -> list[Proposal]:
    """One proposal per item; the fewer share its signs, the better."""
    base = {
        item_id: max(score for score, _why in own) for item_id, own in signs.items()
    }
    shared: dict[tuple, int] = defaultdict(int)
    for item_id, own in signs.items():
        shared[base[item_id], len(own)] += 1
    near = {
        item_id for item_id in signs if not _far(clues.line, clues.index.items[item_id])
    }
    found = []
    for item_id, own in signs.items():
        item = clues.index.items[item_id]
        score, count = base[item_id], shared[base[item_id], len(own)]
        why = [Reason("amount_equal")]
        why += [
            Reason("reference_unknown", {"reference": r}) for r in clues.unknown[:1]
        ]
        if count > 1:
            why.append(Reason("amount_shared", {"count": count}))
            score -= SHARED_LESS if score != NAME_AMOUNT else 10
            if near == {item_id}:
                why.append(Reason("due_near", {"date": item.date_due}))
                score += 2
        why += [reason for _score, reason in own if reason]
        score += 5 * (len(own) - 1)
        found.append(_proposal(clues, [item], score, why))
    return found


def _far(line: BankLine, item: OpenItem) -> bool:
    if not line.date or not item.date_due:
        return True
    return abs((line.date - item.date_due).days) > NEAR_DUE


def _payers(clues: Clues) -> list[tuple[int, Hashable]]:
    """Who may have paid, by account, memory or name, with the score of a sum."""
    payers: dict[Hashable, int] = {}
    if clues.line.partner_id:
        payers[clues.line.partner_id] = ACCOUNT_SUM
    for partner in sorted(clues.partners):
        payers[partner] = ACCOUNT_SUM
    for partner in sorted(clues.remembered):
        payers.setdefault(partner, NAME_SUM)
    for partner in clues.named[0]:
        payers.setdefault(partner, NAME_SUM)
    return [(score, partner) for partner, score in payers.items()][:3]


def _closing(clues: Clues) -> list[Proposal]:
    """One open item of the payer, but for a discount or a small difference."""
    found = []
    for _score, partner in _payers(clues):
        for item in clues.index.of_partner(partner, clues.line.currency):
            closed = _closed(clues, [item], [])
            if closed:
                found.append(closed)
    if len(found) > 1:
        shared = Reason("amount_shared", {"count": len(found)})
        found = [
            Proposal(
                p.line_id,
                p.item_ids,
                p.score - SHARED_LESS,
                False,
                (*p.reasons, shared),
                close=p.close,
            )
            for p in found[:MAX_PROPOSALS]
        ]
    return found


def _by_sum(clues: Clues) -> list[Proposal]:
    """Several open items of the payer that add up to the amount."""
    for score, partner in _payers(clues):
        items = clues.index.of_partner(partner, clues.line.currency)
        groups = subsets(items[:MAX_POOL], clues.line.amount)
        if not groups:
            continue
        # the oldest ones first: that is how people pay
        groups = sorted(groups, key=lambda g: [items.index(item) for item in g])
        why = [Reason("sum_equal", {"count": len(groups[0])})]
        if len(groups) > 1:
            why.append(Reason("sums_several", {"count": len(groups)}))
        return [_proposal(clues, groups[0], score, why)]
    return []


def subsets(
    items: Sequence[OpenItem], amount: Decimal, limit: int = 2
) -> list[tuple[OpenItem, ...]]:
    """Two to six of the items that add up to the amount, `limit` sets at most.

    At most `MAX_TRIES` sums are tried, the oldest items and the small sets first, so
    the answer may miss a set of many; it never holds a wrong one.
    """
    found: list[tuple[OpenItem, ...]] = []
    tries = 0
    oldest: list[OpenItem] = []
    for item in items:  # everything up to some day
        oldest.append(item)
        if len(oldest) > 1 and total(oldest) == amount:
            found.append(tuple(oldest))
    for size in range(2, min(MAX_SUM, len(items)) + 1):
        for group in combinations(items, size):
            tries += 1
            if tries > MAX_TRIES:
                return found[:limit]
            if sum(item.amount for item in group) == amount and group not in found:
                found.append(group)
                if len(found) >= limit:
                    return found
    return found[:limit]


# -- words ---------------------------------------------------------------------------


def _proposal(
    clues: Clues,
    items: Sequence[OpenItem],
    score: int,
    reasons: Sequence[Reason | None],
    close: str = "",
) -> Proposal:
    """A proposal, with what the account and the name add to it."""
    reasons = list(filter(None, reasons))
    account = clues.account_reason(items)
    if account:
        reasons.append(account)
        score += 3 if account.code == "iban_known" else -5
    owners = {partner_of(item) for item in items}
    same, alike = clues.named
    if owners <= same | alike:
        reasons.append(Reason("name_similar", {"name": items[0].partner_name}))
        score += 1
    ids = tuple(item.id for item in items)
    score = max(min(score, GREATEST), 1)
    return Proposal(clues.line.id, ids, score, False, tuple(reasons), close=close)


def _name_reason(clues: Clues, document: Hashable) -> Reason:
    if document in clues.sent:
        return Reason("end_to_end_equal", {"reference": clues.sent_id})
    reference = clues.references.get(document)
    if reference:
        return Reason("reference_equal", {"reference": reference})
    return Reason("number_found", {"number": clues.numbers[document]})


def habit_keys(line: BankLine) -> tuple[str, ...]:
    """See `matching.habit_keys`."""
    way = "in" if line.amount > 0 else "out"
    account, name = normalise_account(line.partner_account), name_key(line.partner_name)
    words = "".join(c if c.isalpha() else " " for c in fold(line.communication))
    text = " ".join([word for word in words.split() if len(word) > 2][:4])
    keys = []
    if account:
        keys.append(f"{way}:account:{account}")
    if name:
        keys.append(f"{way}:name:{name}")
    if len(text) >= 6:
        keys.append(f"{way}:text:{text}")
    return tuple(keys)
