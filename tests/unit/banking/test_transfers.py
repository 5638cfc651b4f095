"""Money between own accounts, and payments that come back."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo.addons.facturex_banking.engine.match_transfers import PastPayment
from odoo.addons.facturex_banking.engine.match_values import Knowledge
from odoo.addons.facturex_banking.engine.matching import BankLine, OpenItem, match

OWN = "BE68539007547034"
LINE = BankLine(1, Decimal(-500), "EUR", None, "savings", OWN, "Us", date(2026, 3, 10))
KNOWN = Knowledge(own_accounts=frozenset({OWN}), transfer_account=58)
PAST = PastPayment(
    7, Decimal(121), date(2026, 3, 2), (70,), "E2E", "RF", "BE62510007547061"
)
BACK = replace(
    LINE,
    amount=Decimal(-121),
    partner_account="BE62 5100 0754 7061",
    end_to_end_id="E2E",
    returned=True,
)


def best(line, knowledge, items=()):
    return match([line], items, knowledge=knowledge).get(line.id, (None,))[0]


def test_own_account():
    found = best(LINE, KNOWN)
    assert (found.habit.account_id, found.sure, found.certain) == (58, True, False)
    assert best(replace(LINE, partner_account="BE68 5390 0754 7034"), KNOWN).habit
    assert best(replace(LINE, partner_account="BE71096123456769"), KNOWN) is None
    assert best(LINE, replace(KNOWN, transfer_account=None)) is None


def test_a_document_that_is_named_goes_first():
    bill = OpenItem(
        5, None, "OM-2026-118", Decimal(-500), "EUR", 3, date(2026, 3, 9), "Omega"
    )
    named = replace(LINE, communication="OM-2026-118")
    found = match([named], [bill], knowledge=KNOWN)[1]
    assert not any(offer.sure and offer.habit for offer in found)


def test_returned_payment():
    found = best(BACK, Knowledge(past=(PAST,)))
    assert (found.returns, found.item_ids, found.sure) == (7, (70,), True)
    assert not found.certain


def test_only_what_the_bank_marks_and_the_same_amount():
    past = Knowledge(past=(PAST,))
    assert best(replace(BACK, returned=False), past) is None
    assert best(replace(BACK, amount=Decimal("-120.99")), past) is None
    assert best(replace(BACK, amount=Decimal(121)), past) is None
    assert best(replace(BACK, date=date(2026, 3, 1)), past) is None
    assert best(replace(BACK, date=date(2027, 5, 1)), past) is None


def test_by_account_it_is_only_proposed():
    found = best(replace(BACK, end_to_end_id=None), Knowledge(past=(PAST,)))
    assert (found.returns, found.sure) == (7, False)
    other = replace(BACK, end_to_end_id=None, partner_account="BE71096123456769")
    assert best(other, Knowledge(past=(PAST,))) is None


def test_several_alike_are_for_a_person():
    later = replace(PAST, id=8, item_ids=(80,), date=date(2026, 3, 5))
    found = best(BACK, Knowledge(past=(PAST, later)))
    assert (found.returns, found.sure) == (8, False)
    assert "amount_shared" in {reason.code for reason in found.reasons}
