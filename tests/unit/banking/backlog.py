"""A mixed backlog whose truth is known: what companies really find on their account.

60 % structured references, 20 % document numbers written anyhow, 15 % amount and name
only, 5 % that pay nothing. Among them decoys: the same amounts again and again, names
that differ by a first name or a letter, numbers with a slip of the pen that are
another document's number, structured references with a wrong digit, references of
documents that are settled, numbers with another amount, labels like "/" and "%".
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from odoo.addons.facturex_banking.engine.matching import BankLine, OpenItem

DAY = date(2026, 1, 1)
FIRST = (
    ("Anna", "Bert", "Carla", "Dries", "Emma", "Farid", "Greet", "Hugo", "Ines")
    + ("Jan", "Karim", "Lien", "Marc", "Nadia", "Omar", "Paul", "Quinten", "Rosa")
    + ("Sven", "Tina", "Ursula", "Victor", "Wim", "Yara", "Zoe")
)
LAST = (
    ("Adam", "Baert", "Claes", "Dubois", "Evrard", "Fontaine", "Goossens", "Hermans")
    + ("Iserbyt", "Janssens", "Koster", "Lambert", "Maes", "Nys", "Olivier", "Peeters")
    + ("Quintens", "Renard", "Simon", "Thys", "Urbain", "Vermeulen", "Wouters")
    + ("Zeegers", "Martin", "Martins", "Dupont", "Dupond", "Leroy", "Leroi")
)
FORMS = ["", "", " SA", " SRL", " NV", " SARL", " BV"]
FLAT = [Decimal(x) for x in ("29.00", "49.00", "99.00", "121.00", "250.00", "605.00")]


@dataclass(frozen=True)
class Backlog:
    """Lines, open items, and which item each line pays (None: none of them)."""

    lines: list[BankLine]
    items: list[OpenItem]
    truth: dict[int, int | None]
    kind: dict[int, str]


def ogm(base: int) -> str:
    return f"{base:010}{base % 97 or 97:02}"


def printed(digits: str) -> str:
    return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"


def generate(count: int, seed: int = 0, flat: float = 0.35) -> Backlog:
    """`count` lines and `count` open items; `flat`: share of the usual amounts."""
    rng = random.Random(seed)
    names = _names(rng, max(count // 4, 5))
    items = [_item(rng, n, names, flat) for n in range(count)]
    settled = [_item(rng, 10 * count + n, names, flat) for n in range(count // 10)]
    kinds = rng.choices(
        ["reference", "number", "name", "nothing"], [60, 20, 15, 5], k=count
    )
    lines, truth = [], {}
    for number, (item, kind) in enumerate(zip(items, kinds, strict=True)):
        paid = item
        if kind == "nothing":
            line, paid = _nothing(rng, number, items, settled), None
        elif kind == "reference":
            line = _reference(rng, number, item)
        elif kind == "number":
            line, paid = _number(rng, number, item, items)
        else:
            line = _line(rng, number, item, rng.choice(["", "/", "VIR SEPA", "loyer"]))
        lines.append(line)
        truth[number] = paid.id if paid else None
    return Backlog(lines, items, truth, dict(enumerate(kinds)))


def _names(rng, count):
    names = []
    while len(names) < count:
        name = f"{rng.choice(FIRST)} {rng.choice(LAST)}{rng.choice(FORMS)}"
        if len(names) > 600:
            name = f"{rng.choice(LAST)} & {name}"
        names.append(name)
    return names


def _item(rng, number, names, flat):
    amount = rng.choice(FLAT)
    if rng.random() > flat:
        amount = Decimal(rng.randint(500, 500_000)) / 100
    partner = rng.randrange(len(names))
    return OpenItem(
        id=number,
        document_id=number,
        reference=printed(ogm(2_026_000_000 + number)),
        number=f"FAC/2026/{number:05}",
        amount=amount,
        currency="EUR",
        partner_id=partner,
        partner_name=names[partner],
        date_due=DAY + timedelta(rng.randrange(60)),
    )


def _line(rng, number, item, text, amount=None, **changes):
    name = item.partner_name
    if rng.random() < 0.3:
        name = " ".join(reversed(name.upper().split()))
    values = {
        "id": number,
        "amount": item.amount if amount is None else amount,
        "currency": "EUR",
        "structured_reference": None,
        "communication": text or None,
        "partner_account": None,
        "partner_name": name,
        "date": item.date_due + timedelta(rng.randrange(-5, 20)),
    }
    return BankLine(**(values | changes))


def _reference(rng, number, item):
    reference = item.reference
    digits = "".join(char for char in reference if char.isdigit())
    form = rng.randrange(4)
    if form == 0:
        return _line(rng, number, item, "", structured_reference=digits)
    text = [reference, f"votre facture {reference} merci", digits][form - 1]
    return _line(rng, number, item, text)


def _number(rng, number, item, items):
    """Noisy, sometimes wrong: the number of a neighbour, by a slip of the pen."""
    digits = item.number.split("/")[-1]
    if rng.random() < 0.08:
        return _line(rng, number, item, f"facture {_slip(rng, item.number)}"), item
    forms = [
        item.number,
        item.number.replace("/", " "),
        item.number.replace("/", "-").lower(),
        item.number.replace("/", ""),
        f"Fact. {item.number}, client 4711",
        f"paiement fac 2026 / {digits} du 12.01",
        f"VIR SEPA {item.partner_name} FACTURE {item.number}",
        f"facture {digits}",
        f"fact n° {int(digits)}",
        f"2026-{digits}",
    ]
    changes = {"partner_name": None} if rng.random() < 0.15 else {}
    return _line(rng, number, item, rng.choice(forms), **changes), item


def _slip(rng, number):
    head, digits = number[:-5], number[-5:]
    at = rng.randrange(4)
    if rng.random() < 0.5:
        swapped = digits[at + 1] + digits[at]
        return head + digits[:at] + swapped + digits[at + 2 :]
    return head + digits[:at] + str(rng.randrange(10)) + digits[at + 1 :]


def _nothing(rng, number, items, settled):
    """It pays no open item, however much it looks like it."""
    decoy, old = rng.choice(items), rng.choice(settled or items)
    digits = ogm(2_026_000_000 + decoy.id)
    wrong = digits[:9] + str((int(digits[9]) + 1) % 10) + digits[10:]
    amount = Decimal(rng.randint(600_000, 900_000)) / 100
    choices = [
        _line(rng, number, old, old.reference, decoy.amount),
        _line(rng, number, old, _slip(rng, old.number), decoy.amount),
        _line(rng, number, decoy, printed(wrong), amount),
        _line(rng, number, decoy, decoy.number, amount),
        _line(rng, number, decoy, "Intérêts débiteurs", amount, partner_name="Banque"),
        *(_line(rng, number, decoy, text, amount) for text in "/%_"),
    ]
    return rng.choice(choices)
