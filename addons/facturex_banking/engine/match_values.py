"""What the matching engine reads and answers: values only, no decision."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What somebody owes, or is owed; or a payment the bank has not shown yet.

    ``amount`` is what remains open, positive for money to come in, in ``currency``;
    ``company_amount`` the same in the company's currency. Items with the same
    ``document_id`` are instalments of one document, and may share its reference;
    without it each item is a document of its own. ``aliases`` are other numbers or
    references it is known by; ``end_to_end_ids`` those given to the bank.
    ``discount`` may be taken off until ``discount_date``.
    """

    id: int
    reference: str | None
    number: str | None
    amount: Decimal
    currency: str
    partner_id: int | None
    date_due: date | None
    partner_name: str | None
    document_id: int | str | None = None
    company_amount: Decimal | None = None
    aliases: tuple[str, ...] = ()
    end_to_end_ids: tuple[str, ...] = ()
    discount: Decimal = NOTHING
    discount_date: date | None = None


@dataclass(frozen=True, slots=True)
class BankLine:
    """A movement to explain; ``amount`` is positive for money in.

    ``returned``: the bank says that an earlier payment comes back.
    ``full_amount`` is the whole movement when a part is explained already, for
    rules; ``journal_id`` and ``partner_id`` (a person's choice) serve rules too.
    """

    id: int
    amount: Decimal
    currency: str
    structured_reference: str | None
    communication: str | None
    partner_account: str | None
    partner_name: str | None
    date: date | None
    end_to_end_id: str | None = None
    batch_id: str | None = None
    company_amount: Decimal | None = None
    full_amount: Decimal | None = None
    journal_id: int | None = None
    partner_id: int | None = None
    note: str | None = None
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """Items that one bank movement is expected to settle: a payment run."""

    key: str
    item_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """Where money of a counterparty went before, and how many times."""

    account_id: int
    partner_id: int | None
    times: int


@dataclass(frozen=True)
class Knowledge:
    """What the company knows beside its open items.

    ``accounts``: account number to partners. ``names``: normalised name (see
    `name_key`) to {partner: times it was so}. ``habits``: key of `habit_keys` to
    what was done before. ``trusted``: combinations of reasons that never were wrong
    here (see `engine.precision`). ``tolerance``: the difference that may be written
    off, as an amount; ``discount_rate``: as a share of the documents, 0.02 is 2 %.
    ``own_accounts``: numbers of the company's own accounts; money to and from them
    goes through ``transfer_account``. ``past``: `PastPayment` that may come back.
    """

    accounts: Mapping[str, Collection[int]] = field(default_factory=dict)
    names: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    habits: Mapping[str, Remembered] = field(default_factory=dict)
    trusted: frozenset[str] = frozenset()
    bundles: tuple[Bundle, ...] = ()
    tolerance: Decimal = NOTHING
    discount_rate: Decimal = NOTHING
    own_accounts: frozenset[str] = frozenset()
    transfer_account: int | None = None
    past: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a stable code, and the values of its sentence."""

    code: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Items that a line may pay together, or the rule or account that explains it.

    ``certain``: no person is needed. ``sure``: one look is enough, a page of them
    can be accepted at once. ``close`` says what becomes of a difference: nothing
    (a partial payment), ``discount``, ``fee`` or ``exchange``. ``returns``: the bank
    line whose payment comes back; the items are its own, no open ones.
    """

    line_id: int
    item_ids: tuple[int, ...]
    score: int
    certain: bool
    reasons: tuple[Reason, ...]
    sure: bool = False
    close: str = ""
    rule_id: int | None = None
    habit: Remembered | None = None
    returns: int | None = None

    @property
    def combination(self) -> str:
        """What speaks for it, as one word that can be counted."""
        return combination(self.reasons)


# Said against a proposal, or for more than one: never automatic.
DOUBTS = frozenset(
    {
        "reference_shared",
        "reference_unknown",
        "amount_differs",
        "amount_shared",
        "name_differs",
        "number_confusable",
        "number_near",
        "sums_several",
        "iban_other_partner",
        "direction_differs",
        "currency_differs",
        "rate_near",
        "item_claimed",
        "item_contested",
        "item_better",
        "difference_small",
        "difference_rate",
    }
)


def combination(reasons: Collection[Reason]) -> str:
    """The codes of the reasons in alphabetical order, joined by ``+``.

    That the past vouches for them is no reason of its own: it must stay revocable.
    """
    codes = {reason.code for reason in reasons} - {"past_vouches"}
    return "+".join(sorted(codes))
