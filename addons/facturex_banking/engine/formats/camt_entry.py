"""One ``Ntry`` of a CAMT message into lines.

Source: ISO 20022 message definition report "Bank-to-Customer Cash Management",
camt.052/053, versions .02 to .13.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from ..errors import fail
from ..references import normalise_account, normalise_reference
from ..statement import Entry
from .fields import Fields, read_amount

RAW_CHARS = 4_096

_NO_ID = {"NOTPROVIDED", "NONREF", "NOREF", "NOTAVAILABLE"}
_STATUS = ("Sts/Cd", "Sts/Prtry", "Sts")
_RATE = re.compile(r"[0-9]{1,11}(\.[0-9]{1,10})?", re.ASCII)

# Sub-family first (it says more), then family, then domain. A pair is
# (category when money comes in, category when it goes out).
_SUB_FAMILIES = {
    "CHRG": "fees",
    "COMM": "fees",
    "FEES": "fees",
    "INTR": "interest",
    "TAXE": "tax",
}
_FAMILIES = {
    "RRCT": ("instant_in", "instant_out"),
    "IRCT": ("instant_in", "instant_out"),
    "RCDT": ("transfer_in", "transfer_out"),
    "ICDT": ("transfer_in", "transfer_out"),
    "IDDT": ("sdd_collected", "sdd_returned"),
    "RDDT": ("sdd_returned", "sdd_paid"),
    "CCRD": ("card_purchase", "card_purchase"),
    "MCRD": ("card_settlement", "card_settlement"),
    "CNTR": ("cash_in", "cash_out"),
    "ICHQ": ("cheque_in", "cheque_out"),
    "RCHQ": ("cheque_in", "cheque_out"),
}
_DOMAINS = {"LDAS": "loan", "SECU": "securities", "FORX": "fx", "ACMT": "fees"}
_DIRECT_DEBITS = {"IDDT", "RDDT"}
_RETURNS = {"RRTN", "UPDD", "PRDD"}


@dataclass(frozen=True, slots=True)
class Head:
    """What an entry says before its details; ``amount`` is signed."""

    amount: Decimal
    currency: str | None
    reversal: bool
    date: date | None
    value_date: date | None  # pylint: disable=used-before-assignment
    bank_id: str | None
    batch_id: str | None
    code: tuple[str | None, str | None]
    charges: Decimal | None
    own_account: str | None
    raw: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One ``TxDtls``: the line it would make, and its own signed amount.

    ``amount`` is in the currency of the entry; None when the detail gives none.
    """

    entry: Entry
    amount: Decimal | None


def is_booked(fields: Fields, notified: bool = False) -> bool:
    """Whether the entry is final. Some banks send no status: then it is.

    ``notified``: a notification, whose entries only inform.
    """
    status = fields.text(*_STATUS)
    return status in (None, "BOOK") or (notified and status == "INFO")


def read_head(fields: Fields, own_account: str | None) -> Head:
    """The entry's own values. Raises FormatError with the line and the field."""
    found = fields.amount("Amt")
    if found is None:
        raise fail("missing_value", fields.line, "Ntry/Amt")
    amount, currency = found
    credit = read_credit(fields, required=True)
    return Head(
        amount=_signed(amount, credit),
        currency=currency,
        reversal=fields.text("RvslInd") in ("true", "1"),
        date=fields.day("BookgDt"),
        value_date=fields.day("ValDt"),
        bank_id=identifier(fields.text("AcctSvcrRef")),
        batch_id=identifier(
            fields.text("NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId")
        ),
        code=_transaction_code(fields, credit),
        charges=_charges(fields),
        own_account=own_account,
        raw=fields.as_text(),
        line=fields.line,
    )


def read_detail(head: Head, fields: Fields) -> Detail:
    """One detail of the entry, with the counterparty of its own direction."""
    credit = read_credit(fields, required=False)
    if credit is None:
        credit = head.amount >= 0
    amount = _amount_in(fields, head.currency)
    signed = None if amount is None else _signed(amount, credit)
    return Detail(_line(head, fields, credit, signed), signed)


def read_lines(
    head: Head, fields: Fields, details: Sequence[Detail]
) -> tuple[Entry, ...]:
    """The lines of a booked entry: one, or one per detail of a batch.

    A batch is split only when its details add up to the entry; else the bank
    holds some back, or they are in another currency, and the total is the line.
    """
    information = fields.text("AddtlNtryInf")
    announced = _announced(fields)
    count = max(announced, len(details))
    # Withheld details: a single one of many says nothing about the others.
    complete = announced <= len(details)
    total = sum((detail.amount or Decimal() for detail in details), Decimal())
    known = all(detail.amount is not None for detail in details)
    if count == 1 and details:
        lines = [_only_line(head, details[0])]
    elif count > 1 and complete and known and total == head.amount:
        lines = [
            replace(detail.entry, detail_index=index, batch_amount=head.amount)
            for index, detail in enumerate(details, 1)
        ]
    else:
        whole = _line(head, Fields(), head.amount >= 0, None)
        held = count if count > 1 else None
        lines = [replace(whole, batch_count=held, charges=head.charges)]
    if information:
        lines = [_informed(line, information) for line in lines]
    return tuple(lines)


def read_credit(fields: Fields, required: bool) -> bool | None:
    """The credit or debit mark; None when it is absent and not required."""
    leaf = fields.leaf("CdtDbtInd")
    if leaf is None:
        if required:
            raise fail("missing_value", fields.line, "CdtDbtInd")
        return None
    if leaf.text not in ("CRDT", "DBIT"):
        raise fail(
            "bad_value",
            leaf.line,
            "CdtDbtInd",
            value=leaf.text[:40],
            expected="CRDT, DBIT",
        )
    return leaf.text == "CRDT"


def read_account(fields: Fields, path: str) -> str | None:
    """An account number without spaces: IBAN, or another scheme holding one."""
    number = fields.text(f"{path}/Id/IBAN", f"{path}/Id/Othr/Id")
    return normalise_account(number) or None


def identifier(text: str | None) -> str | None:
    """An identifier, or None for the fillers banks write instead of one."""
    if text is None or not text.strip("0"):
        return None
    # All fillers begin with N: the others are spared the comparison.
    if text[0] in "Nn" and re.sub(r"[\W_]", "", text).upper() in _NO_ID:
        return None
    return text


def _only_line(head: Head, detail: Detail) -> Entry:
    """The one detail of an entry: it brings the parties, the entry the amount."""
    entry = detail.entry
    charges = head.charges if entry.charges is None else entry.charges
    if detail.amount == head.amount and charges == entry.charges:
        return entry
    return replace(entry, amount=head.amount, charges=charges)


def _signed(amount: Decimal, credit: bool) -> Decimal:
    return amount if credit or not amount else -amount


def _line(head: Head, fields: Fields, credit: bool, amount: Decimal | None) -> Entry:
    end_to_end = identifier(fields.text("Refs/EndToEndId"))
    own_reference = identifier(fields.text("Refs/AcctSvcrRef"))
    structured, communication = _remittance(fields)
    name, account, bic = _counterparty(head, fields, credit)
    original, original_currency = _original(head, fields, credit)
    code = _transaction_code(fields, credit)
    code, category = code if code[0] else head.code
    raw = f"{head.raw}\n{fields.as_text()}".strip()
    return Entry(
        date=head.date,
        value_date=head.value_date,
        amount=head.amount if amount is None else amount,
        bank_id=head.bank_id or own_reference,
        end_to_end_id=end_to_end,
        structured_reference=structured,
        communication=communication,
        partner_name=name,
        partner_account=account,
        raw=raw if len(raw) <= RAW_CHARS else raw[: RAW_CHARS - 1] + "…",
        currency=head.currency,
        partner_bic=bic,
        transaction_code=code,
        category=_returned(category, fields),
        reversal=head.reversal,
        return_reason=fields.text("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
        mandate_id=identifier(fields.text("Refs/MndtId")),
        batch_id=head.batch_id
        or identifier(fields.text("Refs/PmtInfId", "Refs/MsgId")),
        detail_id=end_to_end
        or own_reference
        or identifier(fields.text("Refs/TxId", "Refs/InstrId")),
        original_amount=original,
        original_currency=original_currency,
        exchange_rate=_rate(fields) if original is not None else None,
        charges=_charges(fields),
        line=fields.line or head.line,
    )


def _counterparty(
    head: Head, fields: Fields, credit: bool
) -> tuple[str | None, str | None, str | None]:
    """Name, account and BIC of the other side.

    Money in comes from the debtor. A reversal undoes a movement of the other
    direction and keeps its roles. Some banks keep them without the mark: when
    the account on that side is our own, the other side is meant.
    """
    sides = ["Dbtr", "Cdtr"] if credit != head.reversal else ["Cdtr", "Dbtr"]
    account = read_account(fields, f"RltdPties/{sides[0]}Acct")
    if account is not None and account == head.own_account:
        sides.reverse()
        account = read_account(fields, f"RltdPties/{sides[0]}Acct")
    side = sides[0]
    name = fields.text(
        f"RltdPties/Ultmt{side}/Nm",
        f"RltdPties/Ultmt{side}/Pty/Nm",
        f"RltdPties/{side}/Nm",
        f"RltdPties/{side}/Pty/Nm",
        f"RltdPties/{side}/Agt/FinInstnId/Nm",
    )
    agent = f"RltdAgts/{side}Agt/FinInstnId"
    bic = fields.text(f"{agent}/BICFI", f"{agent}/BIC")
    return name, account, bic


def _remittance(fields: Fields) -> tuple[str | None, str | None]:
    """The structured reference, and the free text."""
    references = fields.texts("RmtInf/Strd/CdtrRefInf/Ref")
    texts = fields.texts("RmtInf/Ustrd")
    structured = None
    if len(set(references)) == 1:
        structured = normalise_reference(references[0]) or references[0]
    else:  # several invoices in one payment: no single one may be singled out
        texts = references + texts
    texts = texts + fields.texts("RmtInf/Strd/AddtlRmtInf")
    texts += fields.texts("RmtInf/Strd/RfrdDocInf/Nb")
    if not texts and structured is None:
        texts = fields.texts("AddtlTxInf")
    return structured, " ".join(texts) or None


def _informed(line: Entry, information: str) -> Entry:
    """The entry's own wording, for a line that has no other."""
    if line.communication or line.structured_reference:
        return line
    return replace(line, communication=information)


def _amount_in(fields: Fields, currency: str | None) -> Decimal | None:
    """The detail's amount in the currency of the account.

    ``Amt`` may be in the original currency; then ``AmtDtls/TxAmt`` converts it.
    """
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        found = fields.amount(path)
        if found and found[1] in (None, currency):
            return found[0]
    return None


def _original(
    head: Head, fields: Fields, credit: bool
) -> tuple[Decimal | None, str | None]:
    """The amount before conversion, when the movement was in another currency."""
    for path in ("AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt", "Amt"):
        found = fields.amount(path)
        if found and found[0] and found[1] not in (None, head.currency):
            return _signed(found[0], credit), found[1]
    return None, None


def _rate(fields: Fields) -> Decimal | None:
    for amount in ("InstdAmt", "TxAmt", "CntrValAmt"):
        text = fields.text(f"AmtDtls/{amount}/CcyXchg/XchgRate")
        if text and _RATE.fullmatch(text):
            return Decimal(text)
    return None


def _charges(fields: Fields) -> Decimal | None:
    """Fees told beside the amount, which already contains them."""
    found = fields.amount("Chrgs/TtlChrgsAndTaxAmt")
    if found:
        return found[0]
    for path in ("Chrgs/Rcrd/Amt", "Chrgs/Amt"):
        amounts = [read_amount(leaf, path)[0] for leaf in fields.leaves(path)]
        if amounts:
            return sum(amounts, Decimal())
    return None


def _announced(fields: Fields) -> int:
    """How many movements the bank says the entry groups (0: it does not say)."""
    counts = fields.texts("NtryDtls/Btch/NbOfTxs")
    return sum(int(text) for text in counts if re.fullmatch("[0-9]{1,15}", text))


def _transaction_code(fields: Fields, credit: bool) -> tuple[str | None, str | None]:
    """The bank's code of the movement and our category for it."""
    domain = fields.text("BkTxCd/Domn/Cd")
    if domain is None:
        return fields.text("BkTxCd/Prtry/Cd"), None
    family = fields.text("BkTxCd/Domn/Fmly/Cd") or ""
    sub_family = fields.text("BkTxCd/Domn/Fmly/SubFmlyCd") or ""
    code = "/".join(filter(None, (domain, family, sub_family)))
    return code, _category(domain, family, sub_family, credit)


def _category(domain: str, family: str, sub_family: str, credit: bool) -> str | None:
    if sub_family in _RETURNS:
        return "sdd_returned" if family in _DIRECT_DEBITS else "transfer_returned"
    if sub_family in _SUB_FAMILIES:
        return _SUB_FAMILIES[sub_family]
    if family in _FAMILIES:
        # "Received" and "issued" tell who asked; the sign tells which way it went
        return _FAMILIES[family][0 if credit else 1]
    return _DOMAINS.get(domain)


def _returned(category: str | None, fields: Fields) -> str | None:
    """A return reason makes a return of any transfer or direct debit."""
    if category is None or not fields.text("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"):
        return category
    if category.startswith("sdd_"):
        return "sdd_returned"
    return "transfer_returned" if "transfer" in category else category
