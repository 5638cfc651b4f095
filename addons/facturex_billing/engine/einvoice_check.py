"""What a document still lacks before it can leave in its format: a list, no exception.

The rules are those of EN 16931 and of the formats built on it. The numbers in the
comments are the rules' own names (BR-…, PEPPOL-EN16931-R…), so that each can be read
again in the standard.
"""

from dataclasses import dataclass

from .identifiers import french_siren

# Where the missing thing is: the models turn it into a record to open.
SELLER = "seller"
BUYER = "buyer"
LINE = "line"
DOCUMENT = "document"

PEPPOL_FORMATS = frozenset({"ubl_bis3", "xrechnung", "nlcius"})
UBL_FORMATS = PEPPOL_FORMATS | {"ubl_a_nz", "ubl_sg"}
CII_FORMATS = frozenset({"facturx"})

# What is missing. The codes are stable; the models translate them.
NAME = "name"
COUNTRY = "country"
ADDRESS = "address"
VAT = "vat"
REGISTRY = "registry"
ENDPOINT = "endpoint"
PHONE = "phone"
EMAIL = "email"
IBAN = "iban"
LABEL = "label"
TAX = "tax"
UNIT = "unit"
NO_LINE = "no_line"
NETWORK = "network"


@dataclass(frozen=True)
class Party:
    """A side of the document; `is_company` is false for a consumer."""

    name: str = ""
    country: str = ""
    street: str = ""
    zip: str = ""
    city: str = ""
    vat: str = ""
    registry: str = ""
    endpoint: str = ""
    phone: str = ""
    email: str = ""
    is_company: bool = True


@dataclass(frozen=True)
class Line:
    """`taxes` counts the VAT of the line, `has_unit_code` says if its unit is coded."""

    id: int
    label: str = ""
    taxes: int = 1
    has_unit_code: bool = True


@dataclass(frozen=True)
class Document:
    """`format` is a code such as `ubl_bis3` or `facturx`, empty for a plain PDF."""

    format: str
    seller: Party
    buyer: Party
    lines: tuple[Line, ...] = ()
    iban: str = ""
    is_refund: bool = False
    by_email: bool = False
    recipients: int = 1
    by_peppol: bool = False
    on_peppol: bool = True  # the seller has an access point


@dataclass(frozen=True)
class Finding:
    """`required` findings make the format refuse the document; others are advice."""

    where: str
    what: str
    required: bool = True
    line: int = 0


def check(document: Document) -> tuple[Finding, ...]:
    """Everything that `document` lacks, required things first."""
    found = [*_anything(document)]
    if document.format:
        found += [*_seller(document), *_buyer(document), *_lines(document)]
    return tuple(sorted(found, key=lambda finding: not finding.required))


def is_ready(findings: tuple[Finding, ...]) -> bool:
    return not any(finding.required for finding in findings)


def _anything(document):
    if not document.buyer.name:
        yield Finding(BUYER, NAME)
    if not document.lines:
        yield Finding(DOCUMENT, NO_LINE)
    if document.by_email and not document.recipients:
        yield Finding(BUYER, EMAIL)
    if document.by_peppol and not document.on_peppol:
        yield Finding(SELLER, NETWORK)


def _seller(document):
    seller = document.seller
    if not seller.country:  # BR-09
        yield Finding(SELLER, COUNTRY)
    if not _is_complete(seller):  # BR-08
        yield Finding(SELLER, ADDRESS, required=False)
    if not seller.vat:  # BR-CO-26
        yield Finding(SELLER, VAT)
    if document.format in PEPPOL_FORMATS and not seller.endpoint:
        yield Finding(SELLER, ENDPOINT)  # PEPPOL-EN16931-R020
    if document.format in CII_FORMATS:
        # contact of the seller: asked for by Odoo's writer (BR-DE-6, BR-DE-7)
        if not seller.phone:
            yield Finding(SELLER, PHONE)
        if not seller.email:
            yield Finding(SELLER, EMAIL)
    if seller.country == "FR" and not french_siren(seller.vat, seller.registry):
        yield Finding(SELLER, REGISTRY)
    if not document.iban and not document.is_refund:  # BR-61
        yield Finding(SELLER, IBAN)


def _buyer(document):
    buyer = document.buyer
    if not buyer.country:  # BR-11
        yield Finding(BUYER, COUNTRY)
    if not _is_complete(buyer):  # BR-10
        yield Finding(BUYER, ADDRESS, required=False)
    if document.format in PEPPOL_FORMATS and not buyer.endpoint:
        yield Finding(BUYER, ENDPOINT)  # PEPPOL-EN16931-R010
    if buyer.is_company and buyer.country == "FR":
        # the customer's SIREN is a mention of the French reform (decree 2022-1299)
        if not french_siren(buyer.vat, buyer.registry):
            yield Finding(BUYER, REGISTRY)
    elif buyer.is_company and not buyer.vat:
        yield Finding(BUYER, VAT, required=False)


def _lines(document):
    one_tax = document.format in UBL_FORMATS
    for line in document.lines:
        if not line.label.strip():  # BR-25
            yield Finding(LINE, LABEL, line=line.id)
        if not line.taxes or (one_tax and line.taxes != 1):  # BR-CO-04, UBL-SR-48
            yield Finding(LINE, TAX, line=line.id)
        if not line.has_unit_code:  # BR-23: a code of UN/ECE recommendation 20
            yield Finding(LINE, UNIT, required=False, line=line.id)


def _is_complete(party: Party) -> bool:
    return bool(party.street and party.zip and party.city)
