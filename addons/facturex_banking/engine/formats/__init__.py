"""The front door of statement files: one function, whatever the format.

Adding a format is one line in ``FORMATS``: a module with ``LABEL``,
``sniff(probe) -> bool`` and ``parse(probe) -> StatementFile``.
"""

from types import ModuleType

from ..errors import FormatError, fail, notice
from ..statement import Statement, StatementFile
from . import camt
from .probe import Probe, probe as probe_content

MAX_BYTES = 64 * 1024 * 1024

# Asked in this order; the content decides, never the name of the file.
FORMATS: tuple[ModuleType, ...] = (camt,)


def supported() -> str:
    """The formats that can be read, for a message."""
    return ", ".join(module.LABEL for module in FORMATS)


def parse(
    content: bytes, filename: str = "", max_bytes: int = MAX_BYTES
) -> StatementFile:
    """Read the statements of a file, all of them or none.

    ``content`` is the file as received; ``filename`` only serves messages.
    Raises FormatError, and nothing else, when the file is empty, larger than
    ``max_bytes``, unsafe, damaged or in no supported format.
    """
    if len(content) > max_bytes:
        size, limit = (round(n / 1024 / 1024, 1) for n in (len(content), max_bytes))
        raise fail("too_large", size=size, limit=limit)
    found = probe_content(bytes(content))
    module = _recognised(found)
    if module is None and found.kind:
        raise fail("not_a_statement", kind=found.kind, supported=supported())
    if module is None:
        name = filename or "the file"
        raise fail("unknown_format", filename=name, supported=supported())
    try:
        return _without_repeats(module.parse(found))
    except FormatError:
        raise
    except Exception as error:
        # A parser's own accident, third-party ones above all: the person who
        # imports gets a reason, the developer gets the cause.
        raise fail("unreadable", format=module.LABEL, detail=repr(error)) from error


def _recognised(found: Probe) -> ModuleType | None:
    return next((module for module in FORMATS if module.sniff(found)), None)


def _without_repeats(file: StatementFile) -> StatementFile:
    """A statement written twice in one file counts once.

    Only an exact repetition with a number or an identifier: otherwise equal
    lines are taken for real twins and both kept.
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
                    number=statement.number or statement.reference,
                    account=statement.account_number,
                )
            )
            continue
        seen.add(key)
        kept.append(statement)
    if len(kept) == len(file.statements):
        return file
    return StatementFile(
        file.format,
        tuple(kept),
        tuple(warnings),
        file.family,
        file.version,
        file.refused,
    )


def _repeat_key(statement: Statement) -> tuple | None:
    number = statement.reference or statement.number
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
