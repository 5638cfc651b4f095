"""What a parser says when it refuses a file, or keeps it with a reservation.

Each sentence has a stable code: the models translate by code and values, the
engine speaks English.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


# marked here, translated by the models: there is no environment in an engine
# pylint: disable=prefer-env-translation
def _(source: str) -> str:
    """Mark a sentence for translation; the models translate it when it is said."""
    return source


# Refusals. Each one says what is wrong, then what to do.
MESSAGES = {
    "empty_file": _("The file is empty. Download it again from the bank."),
    "too_large": _(
        "The file weighs %(size)s MB; the limit is %(limit)s MB. "
        "Export a shorter period."
    ),
    "not_a_statement": _(
        "This is a %(kind)s file, not a bank statement. "
        "Supported formats: %(supported)s."
    ),
    "unknown_format": _(
        "No bank statement was recognised in %(filename)s. "
        "Supported formats: %(supported)s."
    ),
    "xml_encoding": _(
        "The character encoding %(encoding)s is not accepted. Export it in UTF-8."
    ),
    "bad_encoding": _(
        "The text is not written in %(encoding)s as it declares. "
        "Download the file again without opening it in an editor."
    ),
    "doctype": _(
        "The file contains a DOCTYPE or ENTITY declaration, which no bank statement "
        "needs and which can hide an attack. Ask the bank for a clean file."
    ),
    "xml_syntax": _(
        "The XML is cut short or damaged (%(detail)s). Download the file again."
    ),
    "too_complex": _(
        "The file holds a block too large to be a bank statement. "
        "Ask the bank for a clean file."
    ),
    "too_many_entries": _(
        "The file holds more than %(limit)s entries. Export a shorter period."
    ),
    "no_statement": _(
        "The message contains no statement. Download the file again from the bank."
    ),
    "missing_value": _(
        "A required value is missing. Ask the bank for a complete file."
    ),
    "bad_amount": _(
        "%(value)s is not an amount (digits with a decimal point). "
        "Ask the bank for a correct file."
    ),
    "negative_amount": _(
        "%(value)s is negative, while the sign is given by the credit or debit "
        "mark. Ask the bank for a correct file."
    ),
    "bad_date": _("%(value)s is not a date. Ask the bank for a correct file."),
    "bad_value": _(
        "%(value)s is not one of: %(expected)s. Ask the bank for a correct file."
    ),
    "currency_mismatch": _(
        "An entry in %(found)s appears in the statement of account %(account)s, "
        "held in %(expected)s. Ask the bank for a correct file."
    ),
    "bad_length": _(
        "The record is %(found)s characters long, %(expected)s are expected. "
        "Download the file again without opening it in an editor."
    ),
    "bad_number": _(
        "%(value)s is not a number. "
        "Download the file again without opening it in an editor."
    ),
    "bad_loose_amount": _("%(value)s is not an amount. Correct it in the file."),
    "cut_short": _("The file is cut short: %(missing)s is missing. Download it again."),
    "bad_order": _(
        "A record %(found)s cannot stand here: %(expected)s comes first. "
        "Download the file again without opening it in an editor."
    ),
    "old_version": _(
        "This is %(format)s version %(found)s, which banks no longer send. "
        "Ask the bank for version %(expected)s."
    ),
    "other_kind": _(
        "This is a %(kind)s file, which is no account statement. "
        "Ask the bank for the account statements (%(expected)s)."
    ),
    "several_accounts": _(
        "The records are of two accounts, %(first)s and %(second)s. "
        "Download the file again."
    ),
    "columns_unknown": _(
        "The columns of this table are not known yet (%(missing)s not found). "
        "Choose them once under Bank, Column Mappings, then import the file again."
    ),
    "column_missing": _(
        "The column %(column)s of the mapping %(mapping)s is not in the file. "
        "Choose another mapping, or correct it."
    ),
    "mixed_dates": _(
        "The dates are written day first and month first in one file. "
        "Correct them in the file."
    ),
    "archive_entries": _(
        "The archive holds more than %(limit)s files. Send fewer at once."
    ),
    "archive_size": _(
        "The archive unpacks to more than %(limit)s MB. Send fewer files at once."
    ),
    "archive_nested": _(
        "The archive holds another archive, %(name)s. Unpack it first."
    ),
    "archive_damaged": _(
        "The archive is damaged or protected by a password (%(detail)s). "
        "Make it again, without password."
    ),
    "archive_member": _(
        "In %(name)s: %(reason)s Nothing of the archive was imported: "
        "correct or remove that file."
    ),
    "workbook_damaged": _(
        "The workbook is damaged or protected by a password. Open it, save it as "
        "XLSX without password, then import that file."
    ),
    "unreadable": _(
        "The file could not be read as %(format)s (%(detail)s). "
        "Download it again; if it still fails, send it to your administrator."
    ),
}

# Reservations: nothing is lost, a person should look.
NOTICES = {
    "balance_mismatch": _(
        "Opening balance %(opening)s plus entries %(total)s differs from closing "
        "balance %(closing)s by %(difference)s."
    ),
    "balance_other_currency": _(
        "The balance %(type)s is in %(found)s while the account is held in "
        "%(expected)s: it was not used."
    ),
    "totals_mismatch": _(
        "The bank announces %(announced)s for %(total)s, the file holds %(found)s."
    ),
    "copy_or_duplicate": _("The bank marks this statement as %(mark)s."),
    "repeated_statement": _(
        "Statement %(number)s of account %(account)s appears twice in the file: "
        "read once."
    ),
    "statement_refused": _(
        "Statement %(number)s of account %(account)s was not read: %(reason)s"
    ),
    "details_differ": _(
        "The details of movement %(number)s add up to %(found)s instead of "
        "%(expected)s: the total was kept as one line."
    ),
    "count_mismatch": _(
        "The bank announces %(announced)s records, the file holds %(found)s."
    ),
    "page_alone": _(
        "The statement stops at an intermediate page: the pages after it are missing."
    ),
    "bank_message": _("Message of the bank: %(text)s"),
    "dates_guessed": _(
        "The dates could be day first or month first: read as %(order)s. "
        "Check the first lines."
    ),
    "columns_guessed": _(
        "The table has no header: its columns were told by what is in them. "
        "Check the first lines."
    ),
    "balance_left_out": _(
        "This row names an account and says nothing else: a balance, not a movement. "
        "It was left out."
    ),
    "member_skipped": _("%(name)s was left out of the archive: %(reason)s"),
    "sheet_skipped": _("Only the first sheet of the workbook was read."),
    "unsigned_amount": _("The amount %(value)s has no sign mark: read as positive."),
    "investments_skipped": _("Investment accounts were left out."),
    "encoding_guessed": _(
        "The file declares %(declared)s but is written in %(used)s: read so."
    ),
}


class FormatError(ValueError):
    """A file, or a statement of it, that cannot be imported.

    The only exception that leaves the parsers. ``message`` is English and
    complete; ``code`` (a key of ``MESSAGES``) and ``values`` let the models say
    the same in another language. ``line`` is the line of the file (from 1),
    ``field`` the name of the element or column at fault; None when unknown.
    """

    def __init__(
        self,
        message: str,
        line: int | None = None,
        field: str | None = None,
        code: str = "unreadable",
        values: Mapping[str, Any] | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.line = line
        self.field = field
        self.code = code
        self.values = dict(values or {})

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        place += [f"field {self.field}"] if self.field else []
        where = ", ".join(place)
        return (
            f"{where[0].upper()}{where[1:]}: {self.message}" if where else self.message
        )


@dataclass(frozen=True)
class Notice:
    """A reservation about a file or a statement; ``code`` is a key of ``NOTICES``."""

    code: str
    message: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)
    line: int | None = None

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}" if self.line else self.message


def fail(
    code: str, line: int | None = None, field: str | None = None, **values: Any
) -> FormatError:
    """The refusal ``code`` with its sentence filled in; the caller raises it."""
    values = {name: _printable(value) for name, value in values.items()}
    return FormatError(MESSAGES[code] % values, line, field, code, values)


def notice(code: str, line: int | None = None, **values: Any) -> Notice:
    """The reservation ``code`` with its sentence filled in."""
    values = {name: _printable(value) for name, value in values.items()}
    return Notice(code, NOTICES[code] % values, values, line)


def _printable(value: Any) -> Any:
    """A value out of a file, without what would garble the sentence around it."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(char if char.isprintable() else " " for char in value)
