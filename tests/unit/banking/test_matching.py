"""Matching: what is certain, what is only proposed, and why."""

import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.matching import (
    MAX_PROPOSALS,
    BankLine,
    OpenItem,
    match,
)
from odoo.addons.facturex_banking.engine.texts import (
    NumberFinder,
    name_key,
    written_number,
)

D = Decimal
DAY = date(2026, 1, 20)
OGM = "202600012320"
PRINTED = "+++202/6000/12320+++"
OTHER_OGM = "123456789002"
RF = "RF462026000123"
IBAN = "BE62510007547061"
NUMBER = "FAC/2026/00042"


def item(id=1, amount="121.00", **changes) -> OpenItem:
    values = {
        "id": id,
        "reference": None,
        "number": None,
        "amount": D(amount),
        "currency": "EUR",
        "partner_id": 10,
        "date_due": DAY,
        "partner_name": "Client Alpha SA",
    }
    return OpenItem(**(values | changes))


def line(id=1, amount="121.00", **changes) -> BankLine:
    values = {
        "id": id,
        "amount": D(amount),
        "currency": "EUR",
        "structured_reference": None,
        "communication": None,
        "partner_account": None,
        "partner_name": None,
        "date": DAY,
    }
    return BankLine(**(values | changes))


def codes(proposal) -> list[str]:
    return [reason.code for reason in proposal.reasons]


def one(lines, items, accounts=None):
    """The proposals of a single line."""
    lines = [lines] if isinstance(lines, BankLine) else lines
    return match(lines, items, accounts).get(lines[0].id, ())


@pytest.mark.parametrize(
    ("reference", "clue", "score"),
    [
        (PRINTED, {"structured_reference": OGM}, 100),
        (OGM, {"structured_reference": PRINTED}, 100),
        (RF, {"structured_reference": "RF46 2026 0001 23"}, 100),
        (PRINTED, {"communication": f"invoice {PRINTED} thanks"}, 98),
        (PRINTED, {"communication": "202 6000 12320"}, 98),
        (RF, {"communication": "ref RF46 2026 0001 23 jan"}, 98),
        (PRINTED, {"structured_reference": f"x {PRINTED}"}, 98),
    ],
)
def test_reference_and_amount_are_certain(reference, clue, score):
    (found,) = one(line(**clue), [item(reference=reference), item(2, number="INV99")])
    assert (found.line_id, found.item_ids) == (1, (1,))
    assert (found.certain, found.score) == (True, score)
    assert codes(found) == ["reference_equal", "amount_equal"]


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        "payment of FAC/2026/00042.",
        "fac/2026/00042",
        "FAC 2026 00042",
        "FAC-2026-00042",
        "FAC202600042",
        "(FAC/2026/00042), thanks",
        "n° FAC/2026/00042 of January",
        "FAC.2026.00042;FAC",
    ],
)
def test_number_and_amount_are_certain(text):
    (found,) = one(line(communication=text), [item(number=NUMBER), item(2, "5")])
    assert (found.certain, found.score, found.item_ids) == (True, 95, (1,))
    assert codes(found) == ["number_found", "amount_equal"]
    assert found.reasons[0].values == {"number": "FAC202600042"}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (NUMBER, "FAC/2026/000420"),
        (NUMBER, "XFAC/2026/00042"),
        (NUMBER, "A/FAC/2026/00042"),
        (NUMBER, "FAC/2026/00042/2"),
        (NUMBER, "FAC/2026/00043"),
        (NUMBER, "FAC/2026/000 42"),
        (NUMBER, "FAC/2026/0004 2 pieces"),
        (NUMBER, "FAC/20/26/00042"),
        (NUMBER, "00042"),
        ("00042", NUMBER),
        ("2026/00042", NUMBER),
        ("12100", "total 121.00"),
        ("20012026", "on 20/01/2026"),
        ("0042", "0042"),  # too short
        ("%%%42", "42"),
        ("%____", "invoice 12345"),
        ("*", "*"),
        ("JANUARY", "JANUARY"),  # no digit
        ("", ""),
    ],
)
def test_numbers_that_only_look_alike(number, text):
    found = one(line(communication=text), [item(number=number)])
    assert not any(p.certain for p in found)
    assert not any("number_found" in codes(p) for p in found)


def test_free_reference_counts_as_a_number():
    (found,) = one(line(communication="ORDER 77123"), [item(reference="ORDER-77123")])
    assert found.certain


UNSURE = {
    "partial": (
        line(amount="100", structured_reference=OGM),
        [item(reference=OGM)],
        (75, ["reference_equal", "amount_differs"]),
    ),
    "over": (
        line(amount="130", structured_reference=OGM),
        [item(reference=OGM)],
        (72, ["reference_equal", "amount_differs"]),
    ),
    "cash discount": (
        line(amount="118.58", structured_reference=OGM),
        [item(reference=OGM)],
        (75, ["reference_equal", "amount_differs"]),
    ),
    "refund": (
        line(amount="-121", structured_reference=OGM),
        [item(reference=OGM)],
        (30, ["reference_equal", "direction_differs"]),
    ),
    "other currency": (
        line(currency="USD", structured_reference=OGM),
        [item(reference=OGM)],
        (40, ["reference_equal", "currency_differs"]),
    ),
    "reference of two documents": (
        line(structured_reference=OGM),
        [item(reference=OGM), item(2, "50", reference=OGM)],
        (85, ["reference_equal", "reference_shared", "amount_equal"]),
    ),
    "number of two documents": (
        line(communication=NUMBER),
        [item(number=NUMBER), item(2, "50", number=NUMBER)],
        (80, ["number_found", "amount_equal"]),
    ),
    "number and another amount": (
        line(amount="120", communication=NUMBER),
        [item(number=NUMBER)],
        (60, ["number_found", "amount_differs"]),
    ),
    "number against the account": (
        line(communication=NUMBER, partner_account=IBAN),
        [item(number=NUMBER, partner_id=11)],
        (75, ["number_found", "amount_equal", "iban_other_partner"]),
    ),
    "number beside a foreign reference": (
        line(communication=f"{NUMBER} {PRINTED}"),
        [item(number=NUMBER)],
        (80, ["number_found", "reference_unknown", "amount_equal"]),
    ),
    "text against the structured field": (
        line(structured_reference=OTHER_OGM, communication=PRINTED),
        [item(reference=OGM)],
        (85, ["reference_equal", "reference_unknown", "amount_equal"]),
    ),
    "reference of one, number of another": (
        line(structured_reference=OGM, communication=NUMBER),
        [item(reference=OGM), item(2, "9", number=NUMBER)],
        (85, ["reference_equal", "amount_equal"]),
    ),
    "account and amount": (
        line(partner_account="BE62 5100 0754 7061"),
        [item(), item(2, "50")],
        (73, ["amount_equal", "iban_known"]),
    ),
    "account and two equal amounts": (
        line(partner_account=IBAN),
        [item(), item(2)],
        (53, ["amount_equal", "amount_shared", "iban_known"]),
    ),
    "account and the oldest items": (
        line(amount="171", partner_account=IBAN),
        [item(), item(2, "50"), item(3, "9", date_due=date(2027, 1, 1))],
        (58, ["sum_equal", "iban_known"]),
    ),
    "name and amount": (
        line(partner_name="ALPHA, client"),
        [item(), item(2, partner_name="Client Beta")],
        (46, ["amount_equal", "name_similar"]),
    ),
    "amount alone": (line(), [item(), item(2, "50")], (20, ["amount_equal"])),
}


@pytest.mark.parametrize("case", UNSURE)
def test_the_rest_is_proposed_with_its_reasons(case):
    bank, items, (score, reasons) = UNSURE[case]
    found = one(bank, items, {IBAN: {10}})
    assert not any(p.certain for p in found)
    assert (found[0].score, codes(found[0])) == (score, reasons)
    assert found[0].score == max(p.score for p in found)


@pytest.mark.parametrize(
    ("bank", "items"),
    [
        (line(), []),
        (line(), [item(amount="50")]),
        (line(), [item(), item(2)]),  # which one? nothing says
        (line(amount="0", structured_reference=OGM), [item(reference=OGM)]),
        (line(amount="-121"), [item()]),
        (line(currency="USD"), [item()]),
        (line(amount="99", partner_account=IBAN), [item()]),
    ],
)
def test_nothing_to_propose(bank, items):
    assert match([bank], items, {IBAN: {10}}) == {}


def test_difference_is_told():
    (found,) = one(line(amount="100", structured_reference=OGM), [item(reference=OGM)])
    values = found.reasons[1].values
    assert values == {"line": D(100), "items": D("121.00"), "difference": D("-21.00")}


def test_supplier_bill_is_paid_by_money_out():
    bill = item(amount="-121.00", reference=OGM)
    (found,) = one(line(amount="-121", structured_reference=OGM), [bill])
    assert found.certain


def test_account_and_name_confirm_a_certain_match():
    (found,) = one(
        line(structured_reference=OGM, partner_account=IBAN),
        [item(reference=OGM)],
        {"be62 5100 0754 7061": [10]},
    )
    assert codes(found) == ["reference_equal", "amount_equal", "iban_known"]


def test_reference_paid_by_someone_else_is_still_certain():
    (found,) = one(
        line(structured_reference=OGM, partner_account=IBAN),
        [item(reference=OGM, partner_id=11)],
        {IBAN: {10}},
    )
    assert found.certain
    assert "iban_other_partner" in codes(found)


def test_account_of_two_partners_proposes_both():
    items = [item(), item(2, partner_id=11)]
    found = one(line(partner_account=IBAN), items, {IBAN: {10, 11}})
    assert [(p.item_ids, p.score) for p in found] == [((1,), 53), ((2,), 53)]


def test_several_documents_paid_at_once():
    items = [item(reference=OGM), item(2, "9", number=NUMBER), item(3)]
    text = f"{PRINTED} and {NUMBER}"
    found = one(line(amount="130", communication=text), items)
    assert (found[0].item_ids, found[0].score) == ((1, 2), 90)
    assert codes(found[0]) == ["reference_equal", "number_found", "sum_equal"]
    assert not any(p.certain for p in found)


INSTALMENTS = [
    item(1, "50", reference=OGM, document_id=7),
    item(2, "71", reference=OGM, document_id=7, date_due=DAY + timedelta(30)),
]


@pytest.mark.parametrize(
    ("amount", "ids"), [("50", (1,)), ("71", (2,)), ("121", (1, 2))]
)
def test_instalments_of_one_document(amount, ids):
    (found,) = one(line(amount=amount, structured_reference=OGM), INSTALMENTS)
    assert (found.certain, found.item_ids) == (True, ids)


def test_of_equal_instalments_the_oldest_is_paid():
    twins = [INSTALMENTS[0], replace(INSTALMENTS[1], amount=D(50))]
    (found,) = one(line(amount="50", structured_reference=OGM), reversed(twins))
    assert (found.certain, found.item_ids) == (True, (1,))


def test_same_reference_without_document_is_never_certain():
    apart = [replace(part, document_id=None) for part in INSTALMENTS]
    found = one(line(amount="50", structured_reference=OGM), apart)
    assert not any(p.certain for p in found)
    assert found[0].item_ids == (1,)


def test_paid_twice_the_earliest_line_wins():
    later = line(1, structured_reference=OGM)
    earlier = line(2, structured_reference=OGM, date=DAY - timedelta(1))
    found = match([later, earlier], [item(reference=OGM)])
    assert found[2][0].certain
    (rest,) = found[1]
    assert (rest.certain, rest.score) == (False, 25)
    assert codes(rest) == ["reference_equal", "item_claimed"]
    assert rest.reasons[1].values == {"line_id": 2}


def test_paid_twice_on_one_day_is_for_a_person():
    pair = [line(1, structured_reference=OGM), line(2, communication=PRINTED)]
    later = line(3, structured_reference=OGM, date=DAY + timedelta(1))
    found = match([*pair, later], [item(reference=OGM)])
    for proposals in found.values():
        (only,) = proposals
        assert not only.certain
        assert codes(only) == ["reference_equal", "amount_equal", "item_contested"]
        assert only.reasons[2].values == {"count": 2}


def test_what_is_certain_leaves_the_proposals_of_others():
    items = [item(reference=OGM), item(2)]
    lines = [line(1, structured_reference=OGM), line(2, partner_account=IBAN)]
    found = match(lines, items, {IBAN: {10}})
    assert found[1][0].certain
    (left,) = found[2]  # two items of that amount, one is spoken for
    assert (left.item_ids, left.score) == ((2,), 73)


def test_reference_shared_by_many_finds_the_amount():
    items = [item(n, str(n), reference=OGM) for n in range(1, 101)]
    found = one(line(amount="90", structured_reference=OGM), items)
    assert (found[0].item_ids, found[0].score) == ((90,), 85)
    assert len(found) == MAX_PROPOSALS
    assert not any(p.certain for p in found)


def test_linear_time():
    """No scan of the items per line: twenty thousand of each in seconds."""

    def build(count):
        ogms = [f"{n:010}{n % 97 or 97:02}" for n in range(1, count + 1)]
        items = [item(n, "9.99", reference=o) for n, o in enumerate(ogms)]
        lines = [
            line(n, "9.99", structured_reference=o if n % 2 else None)
            for n, o in enumerate(ogms)
        ]
        return lines, items

    lines, items = build(4_000)
    started = time.monotonic()
    found = match(lines, items, {IBAN: {10}})
    assert time.monotonic() - started < 2
    assert sum(p[0].certain for p in found.values()) == 2_000


amounts = st.sampled_from(["10", "20", "-10"])
reference_values = st.sampled_from([None, OGM, OTHER_OGM, RF])
number_values = st.sampled_from([None, NUMBER, "FAC/2026/00043"])
partners = st.sampled_from([None, 10, 11])
some_items = st.lists(
    st.builds(
        lambda amount, reference, number, partner, document: item(
            0,
            amount,
            reference=reference,
            number=number,
            partner_id=partner,
            document_id=document,
        ),
        amounts,
        reference_values,
        number_values,
        partners,
        st.sampled_from([None, None, 7, 8]),
    ),
    max_size=8,
).map(lambda found: [replace(x, id=n) for n, x in enumerate(found)])
some_lines = st.lists(
    st.builds(
        lambda amount, reference, text, account, day: line(
            0,
            amount,
            structured_reference=reference,
            communication=text,
            partner_account=account,
            date=DAY + timedelta(day),
        ),
        amounts,
        reference_values,
        st.sampled_from([None, PRINTED, NUMBER, f"{NUMBER} {PRINTED}", "hello"]),
        st.sampled_from([None, IBAN]),
        st.integers(0, 2),
    ),
    max_size=8,
).map(lambda found: [replace(x, id=n) for n, x in enumerate(found)])


@given(some_lines, some_items, st.randoms(use_true_random=False))
def test_any_backlog(lines, items, rng):
    accounts = {IBAN: {10}}
    found = match(lines, items, accounts)
    by_id = {x.id: x for x in items}
    certain = [p for proposals in found.values() for p in proposals if p.certain]
    claimed = [item_id for p in certain for item_id in p.item_ids]
    assert len(claimed) == len(set(claimed))  # no item twice
    for proposal in certain:
        paid = sum(by_id[n].amount for n in proposal.item_ids)
        assert paid == lines[proposal.line_id].amount
        assert len(found[proposal.line_id]) == 1
    for proposals in found.values():
        scores = [p.score for p in proposals]
        assert scores == sorted(scores, reverse=True)
        assert len({p.item_ids for p in proposals}) == len(proposals)
        assert all(0 <= p.score < 95 or p.certain for p in proposals)
        assert not {n for p in proposals for n in p.item_ids} - set(by_id)
    mixed_lines, mixed_items = (
        rng.sample(lines, len(lines)),
        rng.sample(items, len(items)),
    )
    assert match(mixed_lines, mixed_items, accounts) == found


@given(st.integers(1, 9_999_999_999), st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_never_certain(base, position, shift):
    digits = f"{base:010}{base % 97 or 97:02}"
    wrong = str((int(digits[position]) + shift) % 10)
    typo = digits[:position] + wrong + digits[position + 1 :]
    items = [item(reference=digits, number=f"INV/{base:010}")]
    for bank in (
        line(structured_reference=typo),
        line(communication=f"{typo[:3]}/{typo[3:7]}/{typo[7:]}"),
        line(communication=f"INV/{typo[:10]}") if position < 10 else line(),
    ):
        assert not any(p.certain for p in one(bank, items))
    assert one(line(structured_reference=digits), items)[0].certain


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("M. Jean DUPONT", "DUPONT JEAN"),
        ("Dupont, Jean", "DUPONT JEAN"),
        ("Société Générale SA", "GENERALE SOCIETE"),
        ("S.A. Café Liégeois", "A CAFE LIEGEOIS S"),
        ("BV", None),
        ("Ann", None),
        (None, None),
    ],
)
def test_names(name, key):
    assert name_key(name) == key


def test_number_with_many_owners_stays_bounded():
    finder = NumberFinder((NUMBER, n // 2) for n in range(1_000))
    (owners,) = finder.find(NUMBER).values()
    assert owners == tuple(range(20))


def test_written_number():
    assert written_number("FAC/2026/00042").joined == "FAC202600042"
    assert written_number("FAC/2026/00042").breaks == {3, 7}
    assert written_number("FAC2026/00042").breaks == {3, 7}
    assert written_number("2026") is None
