from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import einvoice_check as ec

SELLER = ec.Party(
    name="Us",
    country="BE",
    street="Rue 1",
    zip="1000",
    city="Bruxelles",
    vat="BE0477472701",
    registry="0477472701",
    endpoint="0477472701",
    phone="+32 2 000 00 00",
    email="us@one.example",
)
BUYER = replace(SELLER, name="Client", vat="BE0403019261", phone="", email="")
FRENCH = replace(SELLER, country="FR", vat="FR44732829320", registry="73282932000074")
BIS = ec.Document("ubl_bis3", SELLER, BUYER, (ec.Line(1, "Work"),), iban="BE68")
CII = replace(BIS, format="facturx", seller=FRENCH, buyer=FRENCH)


def codes(document):
    return {(f.where, f.what, f.required) for f in ec.check(document)}


@pytest.mark.parametrize("document", [BIS, CII, replace(BIS, format="")])
def test_complete_documents_lack_nothing(document):
    assert ec.check(document) == ()
    assert ec.is_ready(())


@pytest.mark.parametrize(
    ("document", "side", "field", "expected"),
    [
        (BIS, "seller", "country", ("seller", "country", True)),
        (BIS, "seller", "vat", ("seller", "vat", True)),
        (BIS, "seller", "endpoint", ("seller", "endpoint", True)),
        (BIS, "seller", "city", ("seller", "address", False)),
        (BIS, "buyer", "name", ("buyer", "name", True)),
        (BIS, "buyer", "country", ("buyer", "country", True)),
        (BIS, "buyer", "zip", ("buyer", "address", False)),
        (BIS, "buyer", "endpoint", ("buyer", "endpoint", True)),
        (BIS, "buyer", "vat", ("buyer", "vat", False)),
        (CII, "seller", "phone", ("seller", "phone", True)),
        (CII, "seller", "email", ("seller", "email", True)),
    ],
)
def test_one_missing_thing_is_one_finding(document, side, field, expected):
    party = replace(getattr(document, side), **{field: ""})
    assert codes(replace(document, **{side: party})) == {expected}


def test_french_companies_need_a_siren():
    unknown = replace(FRENCH, vat="FRXX", registry="")
    assert ("buyer", "registry", True) in codes(replace(CII, buyer=unknown))
    assert ("seller", "registry", True) in codes(replace(CII, seller=unknown))
    consumer = replace(unknown, is_company=False)
    assert codes(replace(CII, buyer=consumer)) == set()
    by_vat = replace(FRENCH, registry="")
    assert codes(replace(CII, buyer=by_vat)) == set()


def test_a_company_off_the_network_cannot_send_by_it():
    off = replace(BIS, on_peppol=False)
    assert codes(off) == set()
    assert codes(replace(off, by_peppol=True)) == {("seller", "network", True)}
    assert codes(replace(BIS, by_peppol=True)) == set()
    # whatever the format: it is the channel that is missing
    assert not ec.is_ready(ec.check(replace(off, by_peppol=True, format="")))


def test_bank_account():
    assert codes(replace(BIS, iban="")) == {("seller", "iban", True)}
    assert codes(replace(BIS, iban="", is_refund=True)) == set()


def test_lines():
    lines = (
        ec.Line(1, "  "),
        ec.Line(2, "Work", taxes=0),
        ec.Line(3, "Work", taxes=2),
        ec.Line(4, "Work", has_unit_code=False),
    )
    found = [(f.what, f.line, f.required) for f in ec.check(replace(BIS, lines=lines))]
    expected = [("label", 1, True), ("tax", 2, True), ("tax", 3, True)]
    assert found == [*expected, ("unit", 4, False)]
    # CII allows several taxes on a line
    found = [(f.what, f.line) for f in ec.check(replace(CII, lines=lines))]
    assert found == [("label", 1), ("tax", 2), ("unit", 4)]


def test_plain_pdf_only_needs_somebody_and_something():
    bare = ec.Document("", ec.Party(), ec.Party(), by_email=True, recipients=0)
    assert codes(bare) == {
        ("buyer", "name", True),
        ("document", "no_line", True),
        ("buyer", "email", True),
    }


party = st.builds(
    ec.Party,
    **{
        f.name: st.booleans()
        if f.type is bool or f.type == "bool"
        else st.sampled_from(["", "FR", "BE0477472701"])
        for f in fields(ec.Party)
    },
)


@given(party, party, st.sampled_from(["", "ubl_bis3", "facturx"]))
def test_filling_a_gap_never_opens_another(seller, buyer, fmt):
    """What is complete lacks no more than what it was made from."""
    before = ec.Document(fmt, seller, buyer, (ec.Line(1, "Work"),))
    filled = {
        f.name: getattr(seller, f.name) or getattr(FRENCH, f.name)
        for f in fields(ec.Party)
    }
    after = replace(before, seller=ec.Party(**filled), iban="BE68")
    if after.seller.country == before.seller.country:
        assert set(ec.check(after)) <= set(ec.check(before))
    required = [f.required for f in ec.check(before)]
    assert required == sorted(required, reverse=True)
