"""The front door of statement files: one function, whatever the format.

Adding a format is one line in ``FORMATS``: a module with ``LABEL``,
``sniff(probe) -> bool`` and ``parse(probe) -> StatementFile``.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from types import ModuleType

from ..errors import FormatError, Notice, fail, notice
from ..statement import Statement, StatementFile
from . import camt, cfonb, coda, mt940, ofx, qif, table
from .archive import is_workbook, members
from .probe import Probe, probe as probe_content
from .sheet import is_old_workbook
from .table import Mapping, Table

MAX_BYTES = 64 * 1024 * 1024

# Asked in this order; the content decides, never the name of the file.
FORMATS: tuple[ModuleType, ...] = (camt, ofx, coda, cfonb, mt940, qif, table)


def supported() -> str:
    """The formats that can be read, for a message."""
    return ", ".join(module.LABEL for module in FORMATS)


def parse(
    content: bytes,
    filename: str = "",
    max_bytes: int = MAX_BYTES,
    mappings: Sequence[Mapping] = (),
) -> StatementFile:
    """Read the statements of a file, all of them or none.

    ``content`` is the file as received, also a ZIP of such files; ``filename``
    only serves messages; ``mappings`` are the saved columns of tables.
    Raises FormatError, and nothing else, when the file is empty, larger than
    ``max_bytes``, unsafe, damaged or in no supported format.
    """
    if len(content) > max_bytes:
        size, limit = (round(n / 1024 / 1024, 1) for n in (len(content), max_bytes))
        raise fail("too_large", size=size, limit=limit)
    found = _with_workbooks(probe_content(bytes(content)))
    if found.kind == "ZIP":
        return _parse_archive(found, mappings)
    return _parse_one(found, filename, mappings)


def columns(content: bytes, filename: str = "") -> tuple[Table, Mapping | None]:
    """The cells of a CSV, XLSX or XLS file, and the mapping its header proposes.

    For the screen that chooses columns. Raises FormatError when it is no table.
    """
    found = _with_workbooks(probe_content(bytes(content[:MAX_BYTES])))
    if found.kind not in (None, "XLSX", "XLS"):
        raise fail("not_a_statement", kind=found.kind, supported=table.LABEL)
    read = table.read_table(found)
    return read, table.propose(read)


def _parse_one(
    found: Probe, filename: str, mappings: Sequence[Mapping]
) -> StatementFile:
    label = "CSV"
    try:
        module = _recognised(found)
        if module is None and found.kind:
            raise fail("not_a_statement", kind=found.kind, supported=supported())
        if module is None:
            name = filename or "the file"
            raise fail("unknown_format", filename=name, supported=supported())
        label = module.LABEL
        if module is table:
            return table.parse(found, mappings)
        return _without_repeats(module.parse(found))
    except FormatError:
        raise
    except Exception as error:
        # A parser's own accident, third-party ones above all: the person who
        # imports gets a reason, the developer gets the cause.
        raise fail("unreadable", format=label, detail=repr(error)[:300]) from error


def _parse_archive(found: Probe, mappings: Sequence[Mapping]) -> StatementFile:
    """The statements of every file of an archive; one bad file refuses them all.

    A file that is no statement at all (a PDF copy, a readme) is left out, and said.
    """
    files: list[StatementFile] = []
    warnings: list[Notice] = list(found.warnings)
    skipped: list[FormatError] = []
    try:
        parts = members(found.content)
    except FormatError:
        raise
    except Exception as error:
        raise fail("archive_damaged", detail=repr(error)[:100]) from error
    for name, content in parts:
        try:
            member = _with_workbooks(probe_content(content))
            files.append(_parse_one(member, name, mappings))
        except FormatError as error:
            if error.code not in ("not_a_statement", "unknown_format", "empty_file"):
                raise fail("archive_member", name=name, reason=str(error)) from error
            skipped.append(error)
            reason = notice("member_skipped", name=name, reason=error.message)
            warnings.append(reason)
    if not files:
        raise skipped[0]
    return _merged(files, warnings)


def _with_workbooks(found: Probe) -> Probe:
    """A ZIP or an Office file that is a workbook says so."""
    if found.kind == "ZIP" and is_workbook(found.content):
        return replace(found, kind="XLSX")
    if found.kind == "Office" and is_old_workbook(found.content):
        return replace(found, kind="XLS")
    return found


def _merged(files: Sequence[StatementFile], warnings: Sequence[Notice]):
    """One file of several, oldest statement first."""
    statements = [
        replace(statement, family=file.family)
        for file in files
        for statement in file.statements
    ]
    statements.sort(key=lambda s: (s.date_start or s.date_end or date.max).toordinal())
    formats = sorted({file.format for file in files})
    families = {file.family for file in files}
    merged = StatementFile(
        "+".join(formats),
        tuple(statements),
        (*warnings, *(warning for file in files for warning in file.warnings)),
        families.pop() if len(families) == 1 else "",
        None,
        tuple(refused for file in files for refused in file.refused),
    )
    return _without_repeats(merged)


def _recognised(found: Probe) -> ModuleType | None:
    return next((module for module in FORMATS if module.sniff(found)), None)


def _without_repeats(file: StatementFile) -> StatementFile:
    """A statement written twice in one file counts once.

    Only an exact repetition with a number or an identifier, or between the same
    two different balances: otherwise equal lines are taken for real twins and
    both kept.
    """
    seen: set[tuple] = set()
    kept: list[Statement] = []
    warnings = list(file.warnings)
    for statement in file.statements:
        key = _repeat_key(statement)
        if key is not None and key in seen:
            warnings.append(
                notice(
                    "repeated_statement",
                    statement.line,
                    number=statement.number
                    or statement.reference
                    or f"{statement.date_end}",
                    account=statement.account_number,
                )
            )
            continue
        seen.add(key)
        kept.append(statement)
    if len(kept) == len(file.statements):
        return file
    return replace(file, statements=tuple(kept), warnings=tuple(warnings))


def _repeat_key(statement: Statement) -> tuple | None:
    number = statement.reference or statement.number
    opening, closing = statement.opening_balance, statement.closing_balance
    if number is None and None not in (opening, closing) and opening != closing:
        # what leads from one balance to another cannot happen twice on end
        number = f"{statement.date_start} {statement.date_end}"
    if number is None or not statement.entries:
        return None
    return (
        statement.account_number,
        statement.currency,
        number,
        statement.opening_balance,
        statement.closing_balance,
        tuple(
            (entry.date, entry.amount, entry.bank_id, entry.raw)
            for entry in statement.entries
        ),
    )
