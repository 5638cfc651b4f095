"""Is what the law and a payer want on an invoice known of the seller?"""

from dataclasses import dataclass
from decimal import Decimal

# French sole traders have neither capital nor a share in the companies' register
SOLE_TRADERS = frozenset(
    {
        "ei",
        "eirl",
        "entreprise individuelle",
        "entrepreneur individuel",
        "micro-entreprise",
        "micro-entrepreneur",
        "auto-entrepreneur",
        "personne physique",
        "natuurlijke persoon",
        "eenmanszaak",
        "indépendant",
        "zelfstandige",
    }
)
# what fits between the logo and the customer's address
HEADER_LINES = 3
REFERENCE_MODELS = {"BE": "be", "FR": "euro"}


@dataclass(frozen=True)
class Letterhead:
    """The seller as far as the company's record knows it."""

    country: str | None
    has_address: bool = False
    has_logo: bool = False
    header_lines: int = 0
    has_vat: bool = False
    franchise: bool = False
    registry: str = ""  # as typed
    registry_valid: bool = False
    legal_form: str = ""
    capital: Decimal = Decimal(0)
    registry_city: str = ""
    has_account: bool = False
    is_iban: bool = False
    has_bic: bool = False
    reference_model: str | None = None
    qr: bool = False
    late_mention: bool = True
    unconfirmed: int = 0


@dataclass(frozen=True)
class Finding:
    """`level` is ok, missing (the law or a payer wants it) or advice."""

    code: str
    level: str


def is_sole_trader(legal_form: str) -> bool:
    return legal_form.strip().lower() in SOLE_TRADERS


def check(head: Letterhead) -> tuple[Finding, ...]:
    """One finding per thing that the country asks for, in the order of a letterhead."""
    national = head.country in REFERENCE_MODELS
    is_company = not is_sole_trader(head.legal_form)
    rows = [
        ("logo", head.has_logo, "advice"),
        ("header", head.header_lines <= HEADER_LINES, "advice"),
        ("address", head.has_address, "missing"),
        # a French enterprise under the franchise has no number to show
        (
            "vat",
            head.has_vat or (head.franchise and head.country == "FR"),
            "missing",
        ),
    ]
    if national:
        rows += [
            ("registry", head.registry_valid, "missing"),
            ("legal_form", bool(head.legal_form.strip()), "missing"),
        ]
        if is_company:
            rows.append(("registry_city", bool(head.registry_city.strip()), "missing"))
            if head.country == "FR":
                rows.append(("capital", head.capital > 0, "missing"))
    rows.append(("account", head.has_account, "missing"))
    if head.has_account:
        rows += [("iban", head.is_iban, "missing"), ("bic", head.has_bic, "advice")]
    if national:
        good = head.reference_model == REFERENCE_MODELS[head.country]
        rows += [
            ("reference", good, "advice"),
            ("late_mention", head.late_mention, "missing"),
        ]
    rows += [
        ("qr", head.qr, "advice"),
        ("unconfirmed", not head.unconfirmed, "advice"),
    ]
    return tuple(Finding(code, "ok" if good else level) for code, good, level in rows)


def missing(findings: tuple[Finding, ...]) -> int:
    return sum(finding.level == "missing" for finding in findings)
