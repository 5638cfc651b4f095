"""CAMT.053 (statement), .052 (report of the day) and .054 (notification).

Read as a stream. A notification books nothing: it gives the details of lines
that a statement brings.

Source: ISO 20022 message definition report "Bank-to-Customer Cash Management",
versions .02 to .13. They are read by local names: namespaces only tell which
message it is. Elements are dropped as soon as they are read, so that memory
holds the result and never the tree.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from lxml import etree

from ..errors import FormatError, Notice, fail, notice
from ..statement import Entry, Statement, StatementFile, checked
from .camt_entry import (
    Detail,
    Head,
    is_booked,
    read_account,
    read_credit,
    read_detail,
    read_head,
    read_lines,
)
from .fields import Fields, local_name
from .probe import Probe

LABEL = "CAMT.052, CAMT.053, CAMT.054 (XML)"
FAMILY = "camt"
MAX_ENTRIES = 200_000
MAX_REFUSED = 1_000  # statements; past it, the file is not worth reading on
MAX_BLOCK = 1_000_000  # bytes between two blocks that can be dropped

_MESSAGE = re.compile(
    r"xsd:camt\.05[234]\.|<(?:[\w.-]+:)?BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)\b"
)
_NAMESPACE = re.compile(r"camt\.05[234]\.\d{3}\.\d{2}")
_CONTAINERS = {
    "Stmt": "BkToCstmrStmt",
    "Rpt": "BkToCstmrAcctRpt",
    "Ntfctn": "BkToCstmrDbtCdtNtfctn",
}
_FORMATS = {"Stmt": "camt.053", "Rpt": "camt.052", "Ntfctn": "camt.054"}
_WATCHED = ("{*}Stmt", "{*}Rpt", "{*}Ntfctn", "{*}Ntry", "{*}TxDtls")
# in order of preference; "available" balances hold other amounts than booked ones
_OPENING = (("OPBD", 0), ("PRCD", 0), ("ITBD", 0), ("OPAV", 0))
_CLOSING = (("CLBD", -1), ("ITBD", -1), ("CLAV", -1))


def sniff(probe: Probe) -> bool:
    """Whether the beginning of a text is a CAMT.052, .053 or .054 message."""
    return bool(_MESSAGE.search(probe.head))


def parse(probe: Probe) -> StatementFile:
    """Read a message. Raises FormatError, and then nothing of it is kept.

    A statement that cannot be read does not take the others of the file with
    it: it is left out as a whole and reported in ``refused``.
    """
    source = _Source(probe.content)
    reader = _Reader(source)
    events = etree.iterparse(
        source,
        events=("end",),
        tag=_WATCHED,
        load_dtd=False,
        no_network=True,
        resolve_entities=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        for _event, element in events:
            reader.end(element)
    except etree.XMLSyntaxError as error:
        raise fail("xml_syntax", error.lineno, detail=error.msg) from error
    return reader.result(probe.warnings)


class _Source(io.BytesIO):
    """The bytes of the message, with a limit on what may pile up undropped."""

    released = 0

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() - self.released > MAX_BLOCK:
            raise fail("too_complex")
        return super().read(size)

    def release(self) -> None:
        self.released = self.tell()


@dataclass
class _Open:
    """The statement being read."""

    header: Fields = field(default_factory=Fields)
    balances: list[Fields] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    pending: int = 0
    account: str | None = None
    error: FormatError | None = None


class _Reader:
    """Turns the ends of elements into statements."""

    def __init__(self, source: _Source):
        self.source = source
        self.statements: list[Statement] = []
        self.refused: list[tuple[FormatError, Notice]] = []
        self.format = ""
        self.version: str | None = None
        self.count = 0
        self._open = _Open()
        self._next_entry()

    def end(self, element: etree._Element) -> None:
        parent = element.getparent()
        name, parent_name = local_name(element), local_name(parent)
        if name == "TxDtls":
            if parent_name == "NtryDtls" and local_name(parent.getparent()) == "Ntry":
                self._guarded(self._end_detail, element)
        elif name == "Ntry":
            if parent_name in _CONTAINERS:
                self._count_entry(element)
                self._guarded(self._end_entry, element)
                self._next_entry()
        elif _CONTAINERS.get(name) == parent_name:
            self._guarded(self._end_statement, element)
            self._close_statement(element)

    def result(self, warnings: Sequence[Notice]) -> StatementFile:
        if not self.statements:
            raise self.refused[0][0] if self.refused else fail("no_statement")
        refused = tuple(reason for _error, reason in self.refused)
        return StatementFile(
            format=self.format,
            statements=tuple(self.statements),
            warnings=(*warnings, *refused),
            family=FAMILY,
            version=self.version,
            refused=refused,
        )

    def _guarded(self, read, element: etree._Element) -> None:
        """Read an element, or note why its statement cannot be; then drop it."""
        if self._open.error is None:
            try:
                read(element)
            except FormatError as error:
                self._open.error = error
        node = element
        while node is not None and local_name(node) not in _CONTAINERS:
            _drop_before(node)
            node = node.getparent()
        element.clear()
        self.source.release()

    def _next_entry(self) -> None:
        self._fields = Fields()
        self._head: Head | None = None
        self._details: list[Detail] = []

    def _count_entry(self, element: etree._Element) -> None:
        self.count += 1
        if self.count > MAX_ENTRIES:
            raise fail("too_many_entries", element.sourceline, limit=MAX_ENTRIES)

    def _end_detail(self, element: etree._Element) -> None:
        group = element.getparent()
        entry = group.getparent()
        self._absorb_header(entry)
        for node in _before(group):
            self._fields.add(node)
        for node in _before(element):
            self._fields.add(node, "NtryDtls/")
        if is_booked(self._fields, local_name(entry.getparent()) == "Ntfctn"):
            head = self._read_head(entry)
            self._details.append(read_detail(head, Fields(element)))
            self._count_entry(element)

    def _end_entry(self, element: etree._Element) -> None:
        self._absorb_header(element)
        self._fields.absorb(element)
        if not is_booked(self._fields, local_name(element.getparent()) == "Ntfctn"):
            self._open.pending += 1
            return
        head = self._read_head(element)
        self._open.entries += read_lines(head, self._fields, self._details)

    def _read_head(self, element: etree._Element) -> Head:
        if self._head is None:
            self._fields.line = element.sourceline
            own_account = self._open.account or read_account(self._open.header, "Acct")
            self._open.account = own_account
            self._head = read_head(self._fields, own_account)
        return self._head

    def _absorb_header(self, entry: etree._Element) -> None:
        """Take what precedes an entry in the statement, once."""
        for node in _before(entry):
            if local_name(node) == "Bal":
                self._add_balance(node)
            elif local_name(node) != "Ntry":
                self._open.header.add(node)

    def _add_balance(self, node: etree._Element) -> None:
        if len(self._open.balances) >= MAX_ENTRIES // 100:
            raise fail("too_complex", node.sourceline)
        self._open.balances.append(Fields(node))

    def _end_statement(self, element: etree._Element) -> None:
        for node in element:
            if local_name(node) == "Bal":
                self._add_balance(node)
            elif local_name(node) != "Ntry":
                self._open.header.add(node)
        self._open.header.line = element.sourceline
        kind = local_name(element)
        self.format = _FORMATS[kind]
        namespace = _NAMESPACE.search(element.tag)
        self.version = namespace and namespace.group()
        self.statements.append(_statement(self._open, kind))

    def _close_statement(self, element: etree._Element) -> None:
        error = self._open.error
        if error is not None:
            header = self._open.header
            reason = notice(
                "statement_refused",
                error.line,
                number=_number(header) or header.text("Id") or "?",
                account=read_account(header, "Acct") or "?",
                reason=str(error),
                refusal=error.code,
            )
            self.refused.append((error, reason))
            if len(self.refused) > MAX_REFUSED:
                raise error
        for node in (element, *element.iterancestors()):
            _drop_before(node)
        self._open = _Open()
        self._next_entry()


def _before(element: etree._Element) -> list[etree._Element]:
    """The siblings before an element, in the order of the file."""
    return list(element.itersiblings(preceding=True))[::-1]


def _drop_before(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        while parent[0] is not element:
            del parent[0]


@dataclass(frozen=True, slots=True)
class _Balance:
    type: str
    amount: Decimal
    currency: str | None
    day: date | None
    line: int | None


def _balance(fields: Fields) -> _Balance | None:
    """A balance with its sign; banks that never go negative leave the mark out."""
    found = fields.amount("Amt")
    if found is None:
        return None
    amount, currency = found
    if read_credit(fields, required=False) is False:
        amount = -amount
    code = fields.text("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry") or ""
    return _Balance(code, amount, currency, fields.day("Dt"), fields.line)


def _picked(
    balances: Sequence[_Balance], wanted: Sequence[tuple[str, int]]
) -> _Balance | None:
    """The balance of the first type present: the first or the last of that type."""
    for code, position in wanted:
        matching = [balance for balance in balances if balance.type == code]
        if matching:
            return matching[position]
    return None


def _statement(opened: _Open, kind: str) -> Statement:
    header, entries = opened.header, opened.entries
    account = read_account(header, "Acct")
    if account is None:
        raise fail("missing_value", header.line, "Acct/Id")
    balances = [b for b in map(_balance, opened.balances) if b is not None]
    opening, closing = _ends(balances)
    currency = _currency(header, opening, closing, entries)
    _check_currency(entries, currency, account)
    warnings = []
    if opened.header.text("CpyDplctInd"):
        mark = opened.header.text("CpyDplctInd")
        warnings.append(notice("copy_or_duplicate", mark=mark))
    start, end = _period(header, opening, closing)
    dated = _dated(entries, end or header.day("CreDtTm"))
    statement = Statement(
        account_number=account,
        currency=currency,
        date_start=start,
        date_end=end or max((entry.date for entry in dated), default=None),
        opening_balance=_amount_of(opening, currency, warnings),
        closing_balance=_amount_of(closing, currency, warnings),
        number=_number(header),
        entries=dated,
        reference=header.text("Id"),
        owner_name=header.text("Acct/Ownr/Nm", "Acct/Ownr/Pty/Nm"),
        bank_bic=header.text("Acct/Svcr/FinInstnId/BICFI", "Acct/Svcr/FinInstnId/BIC"),
        intraday=kind != "Stmt",
        notification=kind == "Ntfctn",
        pending_count=opened.pending,
        line=header.line,
    )
    warnings += _totals_warnings(header, statement)
    return checked(replace(statement, warnings=tuple(warnings)))


def _ends(
    balances: Sequence[_Balance],
) -> tuple[_Balance | None, _Balance | None]:
    opening, closing = _picked(balances, _OPENING), _picked(balances, _CLOSING)
    if opening is closing:  # a single interim balance is where the day stands now
        opening = None
    return opening, closing


def _currency(
    header: Fields,
    opening: _Balance | None,
    closing: _Balance | None,
    entries: Sequence[Entry],
) -> str | None:
    candidates = [header.text("Acct/Ccy")]
    candidates += [balance.currency for balance in (opening, closing) if balance]
    candidates += [entry.currency for entry in entries[:1]]
    return next(filter(None, candidates), None)


def _check_currency(
    entries: Sequence[Entry], currency: str | None, account: str
) -> None:
    for entry in entries:
        if entry.currency not in (None, currency):
            raise fail(
                "currency_mismatch",
                entry.line,
                "Ntry/Amt@Ccy",
                found=entry.currency,
                expected=currency,
                account=account,
            )


def _period(
    header: Fields, opening: _Balance | None, closing: _Balance | None
) -> tuple[date | None, date | None]:
    """The days of the balances, else the period the bank announces."""
    start = opening.day if opening else None
    end = closing.day if closing else None
    return (
        start or header.day("FrToDt/FrDtTm") or header.day("FrToDt/FrDt"),
        end or header.day("FrToDt/ToDtTm") or header.day("FrToDt/ToDt"),
    )


def _amount_of(
    balance: _Balance | None, currency: str | None, warnings: list[Notice]
) -> Decimal | None:
    if balance is None:
        return None
    if balance.currency in (None, currency):
        return balance.amount
    warnings.append(
        notice(
            "balance_other_currency",
            balance.line,
            type=balance.type,
            found=balance.currency,
            expected=currency,
        )
    )
    return None


def _dated(entries: Sequence[Entry], fallback: date | None) -> tuple[Entry, ...]:
    """Entries without a booking date take the day of the statement."""
    dated = []
    for entry in entries:
        if entry.date is None:
            day = fallback or entry.value_date
            if day is None:
                raise fail("missing_value", entry.line, "Ntry/BookgDt")
            entry = replace(entry, date=day)
        dated.append(entry)
    return tuple(dated)


def _number(header: Fields) -> str | None:
    return header.text("ElctrncSeqNb", "LglSeqNb")


def _totals_warnings(header: Fields, statement: Statement) -> list[Notice]:
    """The bank's own totals, when it gives them (``TxsSummry``).

    Only of statements without pending entries: banks differ on counting these.
    """
    if statement.pending_count:
        return []
    amounts = [entry.amount for entry in statement.entries]
    sums = {
        "TtlCdtNtries": sum((a for a in amounts if a > 0), Decimal()),
        "TtlDbtNtries": -sum((a for a in amounts if a < 0), Decimal()),
    }
    warnings = []
    for total, found in sums.items():
        announced = header.amount(f"TxsSummry/{total}/Sum")
        if announced and announced[0] != found:
            warnings.append(
                notice(
                    "totals_mismatch",
                    total=total,
                    announced=announced[0],
                    found=found,
                )
            )
    return warnings
