"""What the bank of the demo reports: a CAMT.053.001.08 file, byte for byte the same.

Only what the schema needs and a reader looks at; the closing balance is computed, so
a file written here always adds up.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from lxml import etree

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
TEXT_LENGTH = 140
ID_LENGTH = 35

# Kind of movement -> family and subfamily of domain PMNT, for money in and money out.
KINDS = {
    "transfer": (("RCDT", "ESCT"), ("ICDT", "ESCT")),
    "instant": (("RRCT", "ESCT"), ("IRCT", "ESCT")),
    "card": (("MCRD", "POSP"), ("CCRD", "POSD")),
    "direct_debit": (("IDDT", "ESDD"), ("RDDT", "ESDD")),
    "fees": (("MDOP", "CHRG"), ("MDOP", "CHRG")),
}


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One booked line; `amount` is positive when money comes in.

    A structured reference is a Belgian communication, printed or bare, or an ISO 11649
    one. Beside it, or instead, `text` is what the payer typed.
    """

    date: date
    amount: Decimal
    bank_reference: str
    structured_reference: str | None = None
    text: str | None = None
    counterparty: str | None = None
    counterparty_iban: str | None = None
    end_to_end_id: str | None = None
    kind: str = "transfer"

    def __post_init__(self):
        _check_amount(self.amount, "movement")
        if not self.amount:
            raise ValueError("a movement moves something")
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of movement: {self.kind}")
        _check_id(self.bank_reference)
        if self.end_to_end_id:
            _check_id(self.end_to_end_id)
        if self.structured_reference:
            parse_reference(self.structured_reference)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """`date_from` and `date_to` default to the days of the movements."""

    account_iban: str
    owner: str
    statement_id: str
    sequence: int
    opening_balance: Decimal
    movements: tuple[Movement, ...] = ()
    currency: str = "EUR"
    bic: str | None = None
    date_from: date | None = None
    date_to: date | None = None

    def __post_init__(self):
        _check_amount(self.opening_balance, "opening balance")
        _check_id(self.statement_id)
        first, last = self.first_day, self.last_day
        if first > last or any(
            not first <= movement.date <= last for movement in self.movements
        ):
            raise ValueError(f"{self.statement_id}: a movement is out of the period")

    @property
    def first_day(self) -> date:
        return self.date_from or min(self._days)

    @property
    def last_day(self) -> date:
        return self.date_to or max(self._days)

    @property
    def closing_balance(self) -> Decimal:
        moved = sum((movement.amount for movement in self.movements), Decimal(0))
        return self.opening_balance + moved

    @property
    def _days(self) -> list[date]:
        days = [movement.date for movement in self.movements]
        days += [day for day in (self.date_from, self.date_to) if day]
        if not days:
            raise ValueError(f"{self.statement_id}: without movements, give its days")
        return days


def _check_amount(amount: Decimal, label: str) -> None:
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise TypeError(f"{label}: exact decimal expected, got {amount!r}")
    if amount != round(amount, 2):
        raise ValueError(f"{label}: more than two decimals in {amount}")


def _check_id(value: str) -> None:
    if not 0 < len(value) <= ID_LENGTH:
        raise ValueError(f"an identifier has 1 to {ID_LENGTH} characters: {value!r}")


def parse_reference(value: str) -> tuple[str, str | None]:
    """Reference as it travels, and whose rule it follows: BBA for a Belgian one."""
    bare = re.sub(r"[\s+*/.-]", "", value).upper()
    if re.fullmatch(r"[0-9]{12}", bare):
        if int(bare[:10]) and int(bare[10:]) == (int(bare[:10]) % 97 or 97):
            return bare, "BBA"
    elif re.fullmatch(r"RF[0-9]{2}[0-9A-Z]{1,21}", bare):
        if int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1:
            return bare, None
    raise ValueError(f"not a structured reference: {value!r}")


def write_camt053(*statements: Statement) -> bytes:
    """One file for all; dated the morning after the last day it tells about."""
    if not statements:
        raise ValueError("a file holds at least one statement")
    created = _created(max(statement.last_day for statement in statements))
    document = etree.Element(_tag("Document"), nsmap={None: NAMESPACE})
    root = _add(document, "BkToCstmrStmt")
    header = _add(root, "GrpHdr")
    _add(header, "MsgId", statements[0].statement_id)
    _add(header, "CreDtTm", created)
    for statement in statements:
        _add_statement(root, statement)
    return etree.tostring(
        document, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent, path: str, text: str | None = None):
    """Append a chain of new elements, `text` going into the last one."""
    for name in path.split("/"):
        parent = etree.SubElement(parent, _tag(name))
    parent.text = text
    return parent


def _created(last_day: date) -> str:
    return f"{last_day + timedelta(days=1)}T06:00:00Z"


def _add_amount(parent, amount: Decimal, currency: str) -> None:
    _add(parent, "Amt", f"{abs(amount):.2f}").set("Ccy", currency)
    _add(parent, "CdtDbtInd", _direction(amount))


def _direction(amount: Decimal) -> str:
    return "DBIT" if amount < 0 else "CRDT"


def _add_statement(root, statement: Statement) -> None:
    node = _add(root, "Stmt")
    _add(node, "Id", statement.statement_id)
    _add(node, "ElctrncSeqNb", str(statement.sequence))
    _add(node, "CreDtTm", _created(statement.last_day))
    period = _add(node, "FrToDt")
    _add(period, "FrDtTm", f"{statement.first_day}T00:00:00Z")
    _add(period, "ToDtTm", f"{statement.last_day}T23:59:59Z")
    account = _add(node, "Acct")
    _add(account, "Id/IBAN", _compact(statement.account_iban))
    _add(account, "Ccy", statement.currency)
    _add(account, "Ownr/Nm", statement.owner[:TEXT_LENGTH])
    if statement.bic:
        _add(account, "Svcr/FinInstnId/BICFI", statement.bic)
    opening, closing = statement.opening_balance, statement.closing_balance
    _add_balance(node, "OPBD", opening, statement.first_day, statement.currency)
    _add_balance(node, "CLBD", closing, statement.last_day, statement.currency)
    _add_summary(node, statement)
    for rank, movement in enumerate(statement.movements, start=1):
        _add_entry(node, rank, movement, statement.currency)


def _add_balance(node, code: str, amount: Decimal, day: date, currency: str) -> None:
    balance = _add(node, "Bal")
    _add(balance, "Tp/CdOrPrtry/Cd", code)
    _add_amount(balance, amount, currency)
    _add(balance, "Dt/Dt", day.isoformat())


def _add_summary(node, statement: Statement) -> None:
    amounts = [movement.amount for movement in statement.movements]
    net = statement.closing_balance - statement.opening_balance
    summary = _add(node, "TxsSummry")
    total = _add_count(summary, "TtlNtries", amounts)
    balance = _add(total, "TtlNetNtry")
    _add(balance, "Amt", f"{abs(net):.2f}")
    _add(balance, "CdtDbtInd", _direction(net))
    _add_count(summary, "TtlCdtNtries", [amount for amount in amounts if amount > 0])
    _add_count(summary, "TtlDbtNtries", [amount for amount in amounts if amount < 0])


def _add_count(summary, name: str, amounts: Iterable[Decimal]):
    amounts = [abs(amount) for amount in amounts]
    node = _add(summary, name)
    _add(node, "NbOfNtries", str(len(amounts)))
    _add(node, "Sum", f"{sum(amounts, Decimal(0)):.2f}")
    return node


def _add_entry(node, rank: int, movement: Movement, currency: str) -> None:
    entry = _add(node, "Ntry")
    _add(entry, "NtryRef", str(rank))
    _add_amount(entry, movement.amount, currency)
    _add(entry, "Sts/Cd", "BOOK")
    _add(entry, "BookgDt/Dt", movement.date.isoformat())
    _add(entry, "ValDt/Dt", movement.date.isoformat())
    _add(entry, "AcctSvcrRef", movement.bank_reference)
    family, subfamily = KINDS[movement.kind][movement.amount < 0]
    domain = _add(entry, "BkTxCd/Domn")
    _add(domain, "Cd", "PMNT")
    group = _add(domain, "Fmly")
    _add(group, "Cd", family)
    _add(group, "SubFmlyCd", subfamily)
    details = _add(entry, "NtryDtls/TxDtls")
    _add(details, "Refs/EndToEndId", movement.end_to_end_id or "NOTPROVIDED")
    _add_amount(details, movement.amount, currency)
    _add_parties(details, movement)
    _add_remittance(details, movement)


def _add_parties(details, movement: Movement) -> None:
    """Whoever pays is the debtor: the other side of a credit, ours of a debit."""
    if not (movement.counterparty or movement.counterparty_iban):
        return
    role = "Cdtr" if movement.amount < 0 else "Dbtr"
    parties = _add(details, "RltdPties")
    if movement.counterparty:
        _add(parties, f"{role}/Pty/Nm", movement.counterparty[:TEXT_LENGTH])
    if movement.counterparty_iban:
        _add(parties, f"{role}Acct/Id/IBAN", _compact(movement.counterparty_iban))


def _add_remittance(details, movement: Movement) -> None:
    if not (movement.text or movement.structured_reference):
        return
    remittance = _add(details, "RmtInf")
    text = movement.text or ""
    for start in range(0, len(text), TEXT_LENGTH):
        _add(remittance, "Ustrd", text[start : start + TEXT_LENGTH])
    if movement.structured_reference:
        value, issuer = parse_reference(movement.structured_reference)
        reference = _add(remittance, "Strd/CdtrRefInf")
        kind = _add(reference, "Tp")
        _add(kind, "CdOrPrtry/Cd", "SCOR")
        if issuer:
            _add(kind, "Issr", issuer)
        _add(reference, "Ref", value)


def _compact(iban: str) -> str:
    return iban.replace(" ", "").upper()
