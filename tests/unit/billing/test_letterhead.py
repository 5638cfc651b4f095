"""What misses on a company's documents, and for whom."""

from dataclasses import replace
from decimal import Decimal

import pytest

from odoo.addons.facturex_billing.engine.letterhead import Letterhead, check, missing

FULL = Letterhead(
    country="FR",
    has_address=True,
    has_logo=True,
    header_lines=3,
    has_vat=True,
    registry="73282932000074",
    registry_valid=True,
    legal_form="SAS",
    capital=Decimal(10000),
    registry_city="Lyon",
    has_account=True,
    is_iban=True,
    has_bic=True,
    reference_model="euro",
    qr=True,
)
BELGIAN = replace(FULL, country="BE", capital=Decimal(0), reference_model="be")


def levels(head):
    return {f.code: f.level for f in check(head) if f.level != "ok"}


@pytest.mark.parametrize("head", [FULL, BELGIAN])
def test_complete(head):
    assert levels(head) == {}
    assert missing(check(head)) == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"has_logo": False}, {"logo": "advice"}),
        ({"header_lines": 4}, {"header": "advice"}),
        ({"has_address": False}, {"address": "missing"}),
        ({"has_vat": False}, {"vat": "missing"}),
        ({"has_vat": False, "franchise": True}, {}),
        ({"registry_valid": False}, {"registry": "missing"}),
        ({"legal_form": " "}, {"legal_form": "missing"}),
        ({"capital": Decimal(0)}, {"capital": "missing"}),
        ({"registry_city": ""}, {"registry_city": "missing"}),
        # a sole trader has neither
        ({"legal_form": "EI", "capital": Decimal(0), "registry_city": ""}, {}),
        # without an account there is no IBAN to judge
        (
            {"has_account": False, "is_iban": False, "has_bic": False},
            {"account": "missing"},
        ),
        ({"is_iban": False}, {"iban": "missing"}),
        ({"has_bic": False}, {"bic": "advice"}),
        ({"reference_model": "odoo"}, {"reference": "advice"}),
        ({"late_mention": False}, {"late_mention": "missing"}),
        ({"qr": False}, {"qr": "advice"}),
        ({"unconfirmed": 1}, {"unconfirmed": "advice"}),
    ],
)
def test_what_misses_in_france(change, expected):
    assert levels(replace(FULL, **change)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # even a small enterprise has a number in Belgium
        ({"has_vat": False, "franchise": True}, {"vat": "missing"}),
        ({"registry_city": ""}, {"registry_city": "missing"}),
        ({"reference_model": "euro"}, {"reference": "advice"}),
    ],
)
def test_what_misses_in_belgium(change, expected):
    assert levels(replace(BELGIAN, **change)) == expected


def test_elsewhere_no_register_is_asked():
    head = Letterhead(country="DE", has_address=True, has_vat=True)
    assert set(levels(head)) == {"logo", "account", "qr"}
