"""Which sentences the law wants on a sales document. Values in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

# what a document can be, beside "always"; a mention names one of them
CONDITIONS = (
    "always",
    "early_discount",
    "no_early_discount",
    "vat_on_debits",
    "franchise",
    "reverse_charge",
    "intra_goods",
    "intra_services",
    "export",
    "taxed",
)
# VAT category of EN 16931 (UNCL 5305) -> what it means for the mention
CATEGORIES = {"AE": "reverse_charge", "K": "intra_goods", "G": "export"}


@dataclass(frozen=True)
class Mention:
    """One dated row. `country` and `debtor_kind` may be None: any."""

    key: int
    code: str
    country: str | None = None
    debtor_kind: str | None = None
    document: str = "all"  # all, invoice or credit_note
    condition: str = "always"
    valid_from: date | None = None
    valid_to: date | None = None
    own: bool = False  # the company's own version of a text
    printed: bool = True
    confirmed: bool = True
    sequence: int = 10


@dataclass(frozen=True)
class Facts:
    """What is known of the document. `day` is its date."""

    country: str | None
    debtor_kind: str
    credit_note: bool
    day: date
    conditions: frozenset[str] = frozenset()


def choose(mentions: Iterable[Mention], facts: Facts) -> tuple[Mention, ...]:
    """The mentions to print, in order.

    Of one code one row at most: the company's own before the standard one, then the
    latest to come into force. A row that nobody confirmed is left out, and so does not
    hide an older one. A company's own row that is not printed silences its code.
    """
    best: dict[str, Mention] = {}
    for mention in mentions:
        if mention.confirmed and _applies(mention, facts):
            known = best.get(mention.code)
            if known is None or _rank(mention) > _rank(known):
                best[mention.code] = mention
    chosen = (mention for mention in best.values() if mention.printed)
    return tuple(sorted(chosen, key=lambda m: (m.sequence, m.key)))


def _rank(mention: Mention) -> tuple[bool, date, int]:
    return (mention.own, mention.valid_from or date.min, mention.key)


def _applies(mention: Mention, facts: Facts) -> bool:
    document = "credit_note" if facts.credit_note else "invoice"
    return (
        mention.country in (None, facts.country)
        and mention.debtor_kind in (None, facts.debtor_kind)
        and mention.document in ("all", document)
        and (mention.valid_from or date.min) <= facts.day
        and facts.day <= (mention.valid_to or date.max)
        and (mention.condition == "always" or mention.condition in facts.conditions)
    )


def vat_conditions(
    lines: Iterable[tuple[str, bool, bool]], *, franchise: bool
) -> frozenset[str]:
    """What the lines' VAT calls for.

    :param lines: per line its VAT category of EN 16931, whether it is a service,
        whether VAT is charged
    :param franchise: the seller charges no VAT, by the small enterprises' scheme
    """
    if franchise:
        return frozenset({"franchise"})
    found = set()
    for category, is_service, is_taxed in lines:
        condition = CATEGORIES.get(category)
        if condition == "intra_goods" and is_service:
            condition = "intra_services"
        if condition and not is_taxed:
            found.add(condition)
        if is_taxed:
            found.add("taxed")
    return frozenset(found)


def operation_category(services: Iterable[bool]) -> str | None:
    """goods, services or mixed (French decree 2022-1299); None without a line."""
    kinds = set(services)
    if not kinds:
        return None
    if len(kinds) == 2:
        return "mixed"
    return "services" if kinds.pop() else "goods"
