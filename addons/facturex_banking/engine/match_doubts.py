"""What keeps a document number with the right amount from being certain."""

from collections.abc import Hashable, Sequence

from .match_index import Clues, partner_of
from .match_values import OpenItem, Reason
from .texts import MIN_DIGITS, number_digits, one_slip

WEAK_NUMBER = 8  # digits alone: a shorter number needs somebody to agree


def number_doubts(
    clues: Clues, document: Hashable, items: Sequence[OpenItem]
) -> list[Reason]:
    """What keeps a number with the right amount from being certain."""
    doubts = [Reason("reference_unknown", {"reference": r}) for r in clues.unknown[:1]]
    account = clues.account_reason(items)
    if account and account.code == "iban_other_partner":
        doubts.append(account)
    agrees = clues.agrees(items)
    if not agrees:
        if clues.line.partner_name and any(item.partner_name for item in items):
            doubts.append(Reason("name_differs", {"name": items[0].partner_name}))
        key = clues.line.currency, clues.line.amount
        own = sum(item.amount == clues.line.amount for item in items)
        others = clues.index.counts.get(key, 0) - own
        digits = clues.numbers[document]
        weak = digits.isdigit() and len(digits) < WEAK_NUMBER
        if others > 0:
            doubts.append(Reason("amount_shared", {"count": others + 1}))
        elif weak and not doubts:
            doubts.append(Reason("number_confusable", {"number": digits}))
    twin = _confusable(clues, items, agrees)
    if twin:
        doubts.append(Reason("number_confusable", {"number": twin.number}))
    return doubts


def _confusable(
    clues: Clues, items: Sequence[OpenItem], agrees: bool
) -> OpenItem | None:
    """An item of that amount that one slip of the pen in the number would mean.

    Of another partner only if nothing says that this one pays.
    """
    own = {item.id for item in items}
    partners = {partner_of(item) for item in items}
    numbers = {number_digits(item.number) for item in items} - {None}
    for item in clues.exact("any"):
        if item.id in own or (agrees and partner_of(item) not in partners):
            continue
        digits = number_digits(item.number)
        if digits and any(
            len(digits.whole) >= MIN_DIGITS and one_slip(digits.whole, other.whole)
            for other in numbers
        ):
            return item
    return None
