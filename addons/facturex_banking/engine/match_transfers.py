"""Movements that no open document explains because we are on both sides of them.

Money between two accounts of the company, and payments that come back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .match_values import BankLine, Knowledge, Proposal, Reason, Remembered
from .references import normalise_account

OWN_ACCOUNT = 90
RETURNED = 91
RETURNED_ALIKE = 64
NAMED = 60  # a document that the line names goes first
# a direct debit without mandate may be refused for 13 months (SEPA core rulebook)
RETURN_DAYS = 400


@dataclass(frozen=True, slots=True)
class PastPayment:
    """A bank line that was matched with documents; it may come back.

    ``item_ids``: its own journal items on the accounts of partners.
    """

    id: int
    amount: Decimal
    date: date
    item_ids: tuple[int, ...]
    end_to_end_id: str | None = None
    reference: str | None = None
    partner_account: str | None = None


def transfer(
    line: BankLine, knowledge: Knowledge, found: Sequence[Proposal]
) -> Proposal | None:
    """The transfer account, when the other side is an account of our own."""
    account = normalise_account(line.partner_account)
    if not knowledge.transfer_account or account not in knowledge.own_accounts:
        return None
    habit = Remembered(knowledge.transfer_account, None, 0)
    sure = not any(offer.score >= NAMED for offer in found)
    why = (Reason("own_account"),)
    return Proposal(line.id, (), OWN_ACCOUNT, False, why, sure=sure, habit=habit)


def returned(line: BankLine, past: Sequence[PastPayment]) -> Proposal | None:
    """The earlier payment that this line takes back, to the cent.

    Known by the identifier or the reference of the payment; else by the account of
    the other side. Of several alike none is proposed as sure.
    """
    if not line.returned:
        return None
    fits = [payment for payment in past if _fits(line, payment)]
    named = [p for p in fits if _same_name(line, p)]
    alike = named or [p for p in fits if _same_account(line, p)]
    if not alike:
        return None
    # the newest first: a payment comes back within days
    best = max(alike, key=lambda p: (p.date, p.id))
    why = [Reason("payment_returned", {"date": best.date}), Reason("amount_equal")]
    if len(alike) > 1:
        why.append(Reason("amount_shared", {"count": len(alike)}))
    sure = bool(named) and len(alike) == 1
    return Proposal(
        line.id,
        best.item_ids,
        RETURNED if named else RETURNED_ALIKE,
        False,
        tuple(why),
        sure=sure,
        returns=best.id,
    )


def _fits(line: BankLine, payment: PastPayment) -> bool:
    if payment.amount != -line.amount or not payment.item_ids or not line.date:
        return False
    return payment.date <= line.date <= payment.date + timedelta(RETURN_DAYS)


def _same_name(line: BankLine, payment: PastPayment) -> bool:
    return bool(
        (line.end_to_end_id and line.end_to_end_id == payment.end_to_end_id)
        or (
            line.structured_reference and line.structured_reference == payment.reference
        )
    )


def _same_account(line: BankLine, payment: PastPayment) -> bool:
    account = normalise_account(line.partner_account)
    return bool(account) and account == normalise_account(payment.partner_account)
