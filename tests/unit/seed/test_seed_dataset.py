import ast
import importlib.util
import itertools
import re
import subprocess
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import phonenumbers
import pytest
from stdnum import iban
from stdnum.be import iban as be_iban
from stdnum.be import ogm_vcs
from stdnum.be import vat as be_vat
from stdnum.de import vat as de_vat
from stdnum.fr import siren, siret, tva
from stdnum.lu import tva as lu_tva
from stdnum.nl import btw

from scripts.seed import dataset

TODAY = date(2026, 3, 2)
# A Monday, a Sunday, a leap day, and the end of a long and of a short month.
DAYS = (
    TODAY,
    date(2026, 8, 30),
    date(2028, 2, 29),
    date(2025, 8, 31),
    date(2026, 2, 28),
)
VAT = {"BE": be_vat, "FR": tva, "NL": btw, "DE": de_vat, "LU": lu_tva}
BANKED = (*dataset.COMPANIES, *dataset.CUSTOMERS, *dataset.SUPPLIERS)
PARTIES = (*BANKED, dataset.FIRM)
EXTRA = tuple(dataset.extra_customers(2000))


def six_months_before(day):
    month = (day.month - 7) % 12 + 1
    year = day.year - (day.month <= 6)
    for last in range(day.day, 0, -1):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError


def by_key(parties):
    return [pytest.param(party, id=party.key) for party in parties]


# --- numbers


@pytest.mark.parametrize("base", [1, 4_287_594, 12_345_678, 1_000_000 + 97, 9_999_999])
def test_belgian_enterprise_and_vat(base):
    assert be_vat.is_valid(dataset.be_kbo_from_base(base))
    assert dataset.be_vat_from_base(base) == f"BE{dataset.be_kbo_from_base(base)}"


def test_known_numbers():
    assert dataset.be_vat_from_base(4_287_594) == "BE0428759497"
    assert dataset.fr_siren_from_base(73_282_932) == "732829320"
    assert dataset.fr_siret_from_base(73_282_932, 7) == "73282932000074"
    assert dataset.fr_vat_from_base(73_282_932) == "FR44732829320"
    assert dataset.iban_be("539", 75_470) == "BE68539007547034"
    assert dataset.iban_fr("30006", "00001", 12_345_678_901) == (
        "FR7630006000011234567890189"
    )
    assert dataset.be_ogm(2_026_000_123) == "+++202/6000/12320+++"
    assert dataset.be_ogm(97) == "+++000/0000/09797+++"
    assert dataset.de_vat_from_base(13_669_597) == "DE136695976"
    assert dataset.nl_vat_from_base(449_544) == "NL004495445B01"
    assert dataset.lu_vat_from_base(150_274) == "LU15027442"


@pytest.mark.parametrize("step", range(0, 1000, 37))
def test_check_digits_over_a_spread_of_bases(step):
    assert siren.is_valid(dataset.fr_siren_from_base(31_000_000 + 7 * step))
    assert siret.is_valid(dataset.fr_siret_from_base(31_000_000 + 7 * step, step))
    assert tva.is_valid(dataset.fr_vat_from_base(31_000_000 + 7 * step))
    assert de_vat.is_valid(dataset.de_vat_from_base(11_000_000 + 7 * step))
    assert lu_tva.is_valid(dataset.lu_vat_from_base(101_000 + 7 * step))
    assert be_iban.is_valid(dataset.iban_be("001", 7 * step))
    assert iban.is_valid(dataset.iban_fr("30004", "00812", 7 * step))
    assert iban.is_valid(dataset.iban_nl("INGB", 7 * step))
    assert iban.is_valid(dataset.iban_de("37040044", 7 * step))
    assert iban.is_valid(dataset.iban_lu("001", 7 * step))
    assert ogm_vcs.is_valid(dataset.be_ogm(1 + 97 * step))


def test_one_dutch_base_in_eleven_has_no_number():
    refused = 0
    for base in range(80_000_000, 80_000_220):
        try:
            assert btw.is_valid(dataset.nl_vat_from_base(base))
        except ValueError:
            refused += 1
    assert refused == 20


@pytest.mark.parametrize(
    ("helper", "args"),
    [
        (dataset.be_kbo_from_base, (0,)),
        (dataset.be_kbo_from_base, (20_000_000,)),
        (dataset.be_kbo_from_base, (100_000_000,)),
        (dataset.be_ogm, (0,)),
        (dataset.be_ogm, (-5,)),
        (dataset.de_vat_from_base, (1,)),
        (dataset.fr_siret_from_base, (73_282_932, 10_000)),
        (dataset.iban_be, ("001", 10_000_000)),
        (dataset.iban_fr, ("30004", "00812", 10**11)),
    ],
)
def test_what_cannot_be_numbered_is_refused(helper, args):
    with pytest.raises(ValueError):
        helper(*args)


def test_bic_is_the_one_of_the_bank():
    for code in ("001", "068", "210", "363", "734"):
        number = dataset.iban_be(code, 1)
        assert dataset.bic_of(number) == be_iban.to_bic(number)


# --- parties


@pytest.mark.parametrize("party", by_key((*PARTIES, *EXTRA[:60])))
def test_party_is_valid(party):
    assert party.name and party.street and party.zip and party.city
    assert re.fullmatch(r"[a-z0-9_]+", party.key)
    assert party.lang in {"fr_BE", "fr_FR", "nl_BE", "en_US"}
    assert re.fullmatch(r"[a-z0-9.-]+@[a-z0-9.-]+\.example", party.email)
    number = phonenumbers.parse(party.phone)
    assert phonenumbers.is_valid_number(number)
    assert phonenumbers.region_code_for_number(number) == party.country
    if party.vat:
        assert party.vat.startswith(party.country)
        assert VAT[party.country].is_valid(party.vat)
    if party.registry:
        assert {"BE": be_vat, "FR": siret}[party.country].is_valid(party.registry)
    if party.vat and party.registry:
        assert party.vat[-9:] in (party.registry[-9:], party.registry[:9])


@pytest.mark.parametrize("party", by_key((*BANKED, *EXTRA[:60])))
def test_bank_account_is_of_the_country(party):
    assert party.iban.startswith(party.country)
    assert iban.is_valid(party.iban)
    assert party.bic == dataset.bic_of(party.iban)
    assert re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}", party.bic)
    assert party.bic[4:6] == party.country


def test_french_key_of_the_account():
    """The RIB key is checked apart: the IBAN's check does not see it."""
    for party in (*BANKED, *EXTRA):
        if party.country == "FR":
            bban = party.iban[4:]
            weighed = (
                89 * int(bban[:5])
                + 15 * int(bban[5:10])
                + 3 * int(bban[10:21])
                + int(bban[21:])
            )
            assert weighed % 97 == 0


@pytest.mark.parametrize("field", ["key", "name", "email", "vat", "registry"])
def test_no_two_parties_share(field):
    values = [getattr(party, field) for party in (*PARTIES, *EXTRA)]
    values = [value for value in values if value]
    assert len(values) == len(set(values))


def test_no_two_parties_share_an_iban():
    values = [party.iban for party in (*BANKED, *EXTRA)]
    assert len(values) == len(set(values))


def test_logins_are_unique_addresses():
    logins = [user.login for user in dataset.USERS]
    addresses = [*logins, *(party.email for party in (*PARTIES, *EXTRA))]
    assert len(addresses) == len(set(addresses))
    assert len({user.key for user in dataset.USERS}) == len(dataset.USERS)
    assert all(login.endswith(".example") for login in logins)


def test_who_works_here():
    roles = Counter(user.role for user in dataset.USERS)
    assert roles == {"collaborator": 2, "owner": 2, "portal": 1}
    assert {c.owner.company for c in dataset.COMPANIES} == {"be", "fr"}
    for user in dataset.PORTAL_USERS:
        assert dataset.customer(user.customer).company == user.company


def test_companies():
    belgian, french = dataset.COMPANIES
    assert (belgian.key, belgian.country, belgian.lang) == ("be", "BE", "fr_BE")
    assert (french.key, french.country, french.lang) == ("fr", "FR", "fr_FR")
    assert belgian.peppol_id == f"0208:{belgian.registry}"
    assert french.peppol_id is None
    assert siren.is_valid(french.siren)
    assert french.registry.startswith(french.siren)
    assert french.rcs.replace(" ", "").endswith(french.siren)
    assert french.share_capital == Decimal("15000.00")


def test_companies_and_plans_do_not_change():
    with pytest.raises(FrozenInstanceError):
        dataset.COMPANIES[0].name = "Autre"


def test_customers_are_numerous_and_varied():
    counts = Counter(customer.company for customer in dataset.CUSTOMERS)
    assert counts["be"] >= 13
    assert counts["fr"] >= 12
    for key, own in (("be", "BE"), ("fr", "FR")):
        customers = dataset.customers_of(key)
        assert {c.kind for c in customers} == {"company", "consumer", "public"}
        assert {c.payment_term for c in customers} == set(dataset.PAYMENT_TERMS)
        assert {c.behaviour for c in customers} == set(dataset.BEHAVIOURS)
        assert any(c.country != own and c.vat for c in customers)
    assert {"NL", "DE", "LU"} <= {c.country for c in dataset.CUSTOMERS}


def test_only_consumers_and_public_buyers_have_no_vat():
    for customer in (*dataset.CUSTOMERS, *EXTRA):
        assert bool(customer.vat) == (customer.kind == "company")
        if customer.kind == "consumer":
            assert customer.registry is None
        if customer.kind == "public":
            assert customer.registry and customer.buyer_reference


def test_suppliers_sell_what_their_company_buys():
    counts = Counter(supplier.company for supplier in dataset.SUPPLIERS)
    assert counts == {"be": 5, "fr": 5}
    for supplier in dataset.SUPPLIERS:
        assert supplier.vat
        assert supplier.payment_term in dataset.PAYMENT_TERMS
        for key in supplier.products:
            product = dataset.product(key)
            assert product.purchase and supplier.company in product.companies


def test_products():
    keys = {product.key for product in dataset.PRODUCTS}
    assert len(keys) == len(dataset.PRODUCTS) >= 16
    assert len({product.category for product in dataset.PRODUCTS}) >= 4
    for product in dataset.PRODUCTS:
        assert product.type in {"service", "consu"}
        assert product.uom in {"unit", "hour", "day"}
        assert product.name_fr and product.name_en and product.name_nl
        assert product.price > 0
        assert product.price == product.price.quantize(Decimal("0.01"))
        assert product.sale != product.purchase
        assert product.vat_rate("be") in {6, 12, 21}
        assert product.vat_rate("fr") in {Decimal("5.5"), 10, 20}
    for key in ("be", "fr"):
        sold = dataset.sold_by(key)
        assert {product.type for product in sold} == {"service", "consu"}
        assert len({product.vat_rate(key) for product in sold}) >= 2
        assert any(product.subscription for product in sold)


def test_every_purchase_has_a_supplier():
    billed = {(s.company, key) for s in dataset.SUPPLIERS for key in s.products}
    for product in dataset.PRODUCTS:
        if product.purchase:
            assert {(key, product.key) for key in product.companies} <= billed


@pytest.mark.parametrize(
    "look_up",
    [dataset.company, dataset.customer, dataset.supplier, dataset.product],
)
def test_an_unknown_key_is_refused(look_up):
    with pytest.raises(KeyError):
        look_up("nobody")


# --- more customers


def test_extra_customers_are_reproducible_and_sliceable():
    again = tuple(dataset.extra_customers(2000))
    assert again == EXTRA
    assert tuple(dataset.extra_customers(50, start=700)) == EXTRA[700:750]
    assert {customer.company for customer in EXTRA} == {"be", "fr"}
    consumers = sum(customer.kind == "consumer" for customer in EXTRA)
    assert consumers == len(EXTRA) // 4


def test_extra_customers_of_one_company():
    french = tuple(dataset.extra_customers(10, company_key="fr"))
    assert {(customer.company, customer.country) for customer in french} == {
        ("fr", "FR")
    }


def test_streams_of_two_companies_do_not_meet():
    belgian = list(dataset.extra_customers(100, company_key="be"))
    french = list(dataset.extra_customers(100, company_key="fr"))
    for field in ("key", "email", "iban"):
        values = {getattr(customer, field) for customer in (*belgian, *french)}
        assert len(values) == 200


def test_numbers_reach_the_end_of_their_range():
    for key in ("be", "fr"):
        customers = dataset.extra_customers(
            9, company_key=key, start=dataset.EXTRA_LIMIT - 9
        )
        for customer in customers:
            assert iban.is_valid(customer.iban)
            assert not customer.vat or VAT[customer.country].is_valid(customer.vat)


@pytest.mark.parametrize(("n", "start"), [(-1, 0), (1, -1), (2, 399_999)])
def test_beyond_the_range_is_refused(n, start):
    with pytest.raises(ValueError):
        next(dataset.extra_customers(n, start=start))


# --- plans


def plans(key, today, n=None):
    size = {} if n is None else {"n": n}
    return (
        list(dataset.invoice_plan(key, today=today, **size)),
        list(dataset.bill_plan(key, today=today, **size)),
    )


def test_default_lengths():
    for key in ("be", "fr"):
        invoices, bills = plans(key, TODAY)
        assert (len(invoices), len(bills)) == (40, 20)


@pytest.mark.parametrize("today", DAYS)
@pytest.mark.parametrize("key", ["be", "fr"])
def test_documents_are_dated_in_the_last_six_months(key, today):
    for plan in plans(key, today):
        days = [document.date for document in plan]
        assert days == sorted(days)
        assert [document.sequence for document in plan] == list(range(1, len(plan) + 1))
        assert days[0] >= six_months_before(today)
        assert days[-1] < today
        assert (today - days[0]).days > 170
        for document in plan:
            assert document.date + timedelta(days=document.days_ago) == today
            assert document.date.weekday() < 5


@pytest.mark.parametrize("today", DAYS)
@pytest.mark.parametrize("key", ["be", "fr"])
def test_every_payment_behaviour_is_met(key, today):
    for plan in plans(key, today):
        assert {document.payment for document in plan} == set(dataset.PAYMENTS)


@pytest.mark.parametrize("today", DAYS)
@pytest.mark.parametrize("key", ["be", "fr"])
def test_payments_tell_what_the_label_says(key, today):
    for document in itertools.chain(*plans(key, today, 400)):
        paid = sum(payment.share for payment in document.payments)
        for payment in document.payments:
            assert document.date <= payment.date <= today
            assert payment.date + timedelta(days=payment.days_ago) == today
            assert payment.date.weekday() < 5
            assert 0 < payment.share <= 1
        days = [payment.date for payment in document.payments]
        assert days == sorted(days)
        match document.payment:
            case "paid_on_time":
                assert paid == 1 and days[-1] <= document.due_date
            case "paid_late":
                assert paid == 1 and days[-1] > document.due_date
            case "partial":
                assert 0 < paid < 1
            case "unpaid":
                assert not document.payments


def test_due_date_is_that_of_the_last_instalment():
    delays = {
        (document.payment_term, (document.due_date - document.date).days)
        for document in plans("be", TODAY)[0]
    }
    assert delays == {("immediate", 0), ("30days", 30), ("2x50", 60)}


def test_instalments_add_up():
    for instalments in dataset.PAYMENT_TERMS.values():
        assert sum(share for _days, share in instalments) == 1


@pytest.mark.parametrize("key", ["be", "fr"])
def test_lines(key):
    invoices, bills = plans(key, TODAY, 400)
    for document in (*invoices, *bills):
        assert document.lines
        products = [line.product for line in document.lines]
        assert len(products) == len(set(products))
        for line in document.lines:
            product = dataset.product(line.product)
            assert key in product.companies
            assert isinstance(line.quantity, Decimal)
            assert line.quantity > 0
            if product.uom == "unit":
                assert line.quantity == int(line.quantity)
            if line.price is not None:
                assert Decimal("0.84") < line.price / product.price < 1
                assert line.price == line.price.quantize(Decimal("0.01"))
    prices = [line.price for invoice in invoices for line in invoice.lines]
    assert None in prices and any(prices)
    assert all(dataset.product(x.product).sale for i in invoices for x in i.lines)
    assert all(dataset.product(x.product).purchase for b in bills for x in b.lines)


@pytest.mark.parametrize("key", ["be", "fr"])
def test_everyone_trades(key):
    invoices, bills = plans(key, TODAY)
    assert {i.customer for i in invoices} == {c.key for c in dataset.customers_of(key)}
    assert {b.supplier for b in bills} == {s.key for s in dataset.suppliers_of(key)}


def test_bills_bear_a_number_and_a_reference():
    for key in ("be", "fr"):
        bills = plans(key, TODAY, 300)[1]
        assert len({bill.number for bill in bills}) == len(bills)
        assert len({bill.payment_reference for bill in bills}) == len(bills)
        for bill in bills:
            if dataset.supplier(bill.supplier).country == "BE":
                assert ogm_vcs.is_valid(bill.payment_reference)
            else:
                assert bill.payment_reference == bill.number


def test_plans_repeat_themselves():
    assert plans("be", TODAY) == plans("be", TODAY)
    assert plans("be", TODAY) != plans("fr", TODAY)


def test_plans_are_the_same_in_another_process():
    """String hashing differs between processes; nothing here may lean on it."""
    code = (
        "import datetime; from scripts.seed import dataset as d;"
        "t = datetime.date(2026, 3, 2);"
        "print([*d.invoice_plan('be', today=t), *d.bill_plan('fr', today=t)])"
    )
    here = [
        *dataset.invoice_plan("be", today=TODAY),
        *dataset.bill_plan("fr", today=TODAY),
    ]
    root = Path(__file__).resolve().parents[3]
    output = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={"PYTHONHASHSEED": "12345", "PYTHONPATH": str(root), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert output.stdout.strip() == str(here)


def test_a_plan_is_drawn_as_it_is_read():
    endless = dataset.invoice_plan("be", 10**9, today=TODAY)
    assert [spec.sequence for spec in itertools.islice(endless, 3)] == [1, 2, 3]


def test_a_large_plan_over_more_customers():
    customers = [*dataset.customers_of("be"), *(c for c in EXTRA if c.company == "be")]
    plan = list(dataset.invoice_plan("be", 5000, today=TODAY, customers=customers))
    assert len(plan) == 5000
    assert {spec.customer for spec in plan} == {customer.key for customer in customers}
    assert max(Counter(spec.customer for spec in plan).values()) <= 5
    assert Counter(spec.payment for spec in plan).keys() == set(dataset.PAYMENTS)


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (1, 1), (2, 2)])
def test_tiny_plans(n, expected):
    assert [len(plan) for plan in plans("be", TODAY, n)] == [expected] * 2


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(ValueError):
        next(dataset.invoice_plan("be", -1, today=TODAY))
    with pytest.raises(ValueError):
        next(dataset.invoice_plan("be", 1, today=TODAY, customers=()))
    with pytest.raises(KeyError):
        next(dataset.bill_plan("lu", 1, today=TODAY))


def test_the_module_needs_only_python():
    tree = ast.parse(Path(dataset.__file__).read_text(encoding="utf-8"))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_module_can_be_loaded_by_its_path():
    spec = importlib.util.spec_from_file_location("seed_by_path", dataset.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert [item.vat for item in module.CUSTOMERS] == [
        item.vat for item in dataset.CUSTOMERS
    ]
