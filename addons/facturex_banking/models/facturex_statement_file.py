import base64
import hashlib
import logging
from dataclasses import dataclass
from datetime import date

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.misc import format_amount, format_date

from ..engine.errors import MESSAGES, NOTICES, FormatError
from ..engine.formats import parse
from ..engine.references import normalise_account
from ..engine.statement import import_keys

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Part:
    """One statement of a file with the journal it goes to and its new movements."""

    journal: models.Model
    statement: object
    new: list  # of (entry, key)
    loose: list  # of (entry, id of its line): known, but in no statement yet
    held: list  # of entries: known, in the statement of an overlapping file

    @property
    def own(self):
        """The movements this statement is to hold."""
        return [entry for entry, _ in self.new + self.loose]

    @property
    def balances(self):
        """Opening and closing balance around its own movements, None if unknown."""
        statement = self.statement
        opening, closing = statement.opening_balance, statement.closing_balance
        last = max(entry.date for entry in self.own)
        for entry in self.held:
            if entry.date <= last and opening is not None:
                opening += entry.amount
            elif entry.date > last and closing is not None:
                closing -= entry.amount
        return opening, closing


class FacturexStatementFile(models.Model):
    """The register of every bank file received: original, result, reasons."""

    _name = "facturex.statement.file"
    _description = "Bank Statement File"
    _inherit = ["mail.thread"]
    _order = "create_date desc, id desc"
    _check_company_auto = True

    name = fields.Char(string="File", required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    content = fields.Binary(string="Original", attachment=True, readonly=True)
    checksum = fields.Char(readonly=True, index=True, help="SHA-256 of the original")
    format = fields.Char(readonly=True)
    date_known = fields.Date(
        string="Bank Known Until",
        readonly=True,
        help="The last day of the newest statement of the file.",
    )
    state = fields.Selection(
        [
            ("new", "Received"),
            ("previewed", "Previewed"),
            ("done", "Imported"),
            ("failed", "Refused"),
        ],
        required=True,
        default="new",
        readonly=True,
    )
    message = fields.Text(readonly=True, string="Result")
    warning = fields.Text(readonly=True, string="Warnings")
    journal_ids = fields.Many2many("account.journal", readonly=True, check_company=True)
    st_line_ids = fields.One2many(
        "account.bank.statement.line", "facturex_file_id", readonly=True
    )
    line_count = fields.Integer(string="Movements", readonly=True)
    new_count = fields.Integer(string="New", readonly=True)
    known_count = fields.Integer(string="Already Known", readonly=True)
    matched_count = fields.Integer(string="Matched", readonly=True)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_view_lines(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_banking.bank_statement_line_action"
        )
        action["domain"] = [("facturex_file_id", "in", self.ids)]
        action["context"] = {}
        return action

    # ------------------------------------------------------------------
    # Import
    # ------------------------------------------------------------------

    @api.model
    def _import(self, content, filename, journal=None, dry=False):
        """Read one bank file, import its new movements once, match them.

        :param bytes content: the file as received
        :param str filename: its name, for people only; the content decides
        :param journal: `account.journal` the user chose; must be the file's account
        :param dry: same decisions, nothing written: an unsaved record is returned
        :return: `facturex.statement.file` in state done, failed, or previewed (dry).
            A refused file changes nothing but the register, which keeps the original
        """
        vals = {
            "name": filename,
            "company_id": self.env.company.id,
            "content": base64.b64encode(content),
            "checksum": hashlib.sha256(content).hexdigest(),
        }
        file = self.new(vals) if dry else self.create(vals)
        try:
            parsed = parse(content, filename)
            parts, unassigned = self._prepare_parts(parsed, journal)
            file.update(self._prepare_result_vals(parsed, parts, dry))
            file.warning = "\n".join(unassigned + self._collect_warnings(parsed, parts))
            if not dry:
                with self.env.cr.savepoint():
                    file._create_statements(parts)
                file._match_new_lines()
        except FormatError as error:
            file._refuse(self._format_error_words(error))
        except psycopg2.errors.UniqueViolation:
            file._refuse(
                self.env._(
                    "Somebody is importing the same movements right now."
                    " Wait a moment, then import the file again."
                )
            )
        except (UserError, ValidationError) as error:
            file._refuse(str(error))
        return file

    def _refuse(self, message):
        self.update(
            {
                "state": "failed",
                "message": message,
                "warning": False,
                "journal_ids": [fields.Command.clear()],
                "line_count": 0,
                "new_count": 0,
                "known_count": 0,
                "matched_count": 0,
            }
        )

    def _prepare_parts(self, parsed, journal):
        """Find the journal of each statement, and what of it is already there.

        :return: (parts, sentences about the accounts that have no journal here)
        :raises UserError: when not one statement of the file has a journal
        """
        statements, journals, unassigned = [], [], []
        for statement in parsed.statements:
            try:
                journals.append(self._find_journal(statement, journal))
                statements.append(statement)
            except UserError as error:
                unassigned.append(str(error))
        unassigned = list(dict.fromkeys(unassigned))
        if unassigned and not statements:
            raise UserError("\n".join(unassigned))
        keys = self._compute_keys(parsed.family, statements, journals)
        known = self._known_lines(journals, keys)
        parts = []
        for target, statement, own_keys in zip(journals, statements, keys, strict=True):
            part = _Part(target, statement, new=[], loose=[], held=[])
            for entry, key in zip(statement.entries, own_keys, strict=True):
                line, holder = known.get((target.id, key), (None, None))
                if not line:
                    part.new.append((entry, key))
                elif holder:
                    part.held.append(entry)
                else:
                    part.loose.append((entry, line))
            parts.append(part)
        return parts, unassigned

    @api.model
    def _compute_keys(self, family, statements, journals):
        """Keys count twins per account and day, over all statements of the file."""
        by_journal = {}
        for position, journal in enumerate(journals):
            by_journal.setdefault(journal, []).append(position)
        keys = [()] * len(journals)
        for positions in by_journal.values():
            entries = [e for i in positions for e in statements[i].entries]
            numbered = iter(import_keys(entries, family))
            for i in positions:
                keys[i] = tuple(next(numbered) for _ in statements[i].entries)
        return keys

    @api.model
    def _known_lines(self, journals, keys):
        """:return: {(journal id, key): (line id, statement id)} of what is there"""
        wanted = sorted({key for own in keys for key in own})
        if not wanted:
            return {}
        Line = self.env["account.bank.statement.line"]
        Line.flush_model(["journal_id", "import_key", "statement_id"])
        # the unique index is per journal, whoever may read the lines: plain SQL
        rows = self.env.execute_query(
            SQL(
                """
                SELECT journal_id, import_key, id, statement_id
                  FROM account_bank_statement_line
                 WHERE journal_id = ANY(%(journals)s) AND import_key = ANY(%(keys)s)
                """,
                journals=list({journal.id for journal in journals}),
                keys=wanted,
            )
        )
        return {(journal, key): line for journal, key, *line in rows}

    @api.model
    def _find_journal(self, statement, chosen):
        """The bank journal of this company whose account the statement is of.

        :raises UserError: naming both accounts, and what to do
        """
        number = normalise_account(statement.account_number or "")
        if chosen:
            own = chosen._facturex_account_number()
            if not own:
                raise UserError(
                    self.env._(
                        "The journal %(journal)s has no account number. Set"
                        " %(number)s on it, then import again.",
                        journal=chosen.display_name,
                        number=number,
                    )
                )
            if own != number:
                raise UserError(
                    self.env._(
                        "This file is of the account %(file)s, but the journal"
                        " %(journal)s is of %(own)s. Choose the right journal.",
                        file=number,
                        journal=chosen.display_name,
                        own=own,
                    )
                )
        journal = chosen or self._search_journal(number)
        if journal.company_id != self.env.company:
            raise UserError(
                self.env._(
                    "The account %(number)s belongs to %(company)s. Switch to that"
                    " company, then import the file.",
                    number=number,
                    company=journal.company_id.name,
                )
            )
        currency = journal.currency_id or journal.company_id.currency_id
        if statement.currency and statement.currency != currency.name:
            raise UserError(
                self.env._(
                    "The statement is in %(file)s, the journal %(journal)s in"
                    " %(own)s. Choose the journal of that currency.",
                    file=statement.currency,
                    journal=journal.display_name,
                    own=currency.name,
                )
            )
        return journal

    @api.model
    def _search_journal(self, number):
        journals = self.env["account.journal"].search(
            [
                ("type", "in", ("bank", "credit")),
                ("bank_account_id.sanitized_acc_number", "=", number),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        own = journals.filtered(lambda journal: journal.company_id == self.env.company)
        if journals:
            return (own or journals)[0]
        raise UserError(
            self.env._(
                "No bank journal of %(company)s has the account %(number)s. Set that"
                " number on the journal it belongs to, or create one.",
                company=self.env.company.name,
                number=number,
            )
        )

    @api.model
    def _first_date(self, content, filename):
        """The day a file starts, as text to sort by; unreadable files come last."""
        try:
            parsed = parse(content, filename)
        except FormatError:
            return "9999-12-31"
        dates = [s.date_start or s.date_end for s in parsed.statements]
        dates += [entry.date for s in parsed.statements for entry in s.entries]
        return min((d.isoformat() for d in dates if d), default="9999-12-31")

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    def _prepare_result_vals(self, parsed, parts, dry):
        new = sum(len(part.new) for part in parts)
        known = sum(len(part.loose) + len(part.held) for part in parts)
        if not new and known:
            message = self.env._(
                "Nothing new: the %(known)s movements of this file are already there.",
                known=known,
            )
        else:
            message = self.env._(
                "%(new)s new movements, %(known)s already known.", new=new, known=known
            )
        journals = {part.journal.id for part in parts}
        read = [part.statement for part in parts]
        ends = [statement.date_end for statement in read if not statement.intraday]
        return {
            "state": "previewed" if dry else "done",
            "format": parsed.format,
            "journal_ids": [fields.Command.set(sorted(journals))],
            "line_count": new + known,
            "new_count": new,
            "known_count": known,
            # also of a statement without movements: the bank is known until then
            "date_known": max(filter(None, ends), default=None),
            "message": message,
        }

    def _create_statements(self, parts):
        """One native statement per statement of the file that brings something."""
        self.ensure_one()
        for part in parts:
            env = self.with_company(part.journal.company_id).env
            if part.statement.intraday:
                # provisional: the statement of the evening will hold them
                env["account.bank.statement.line"].create(
                    [self._prepare_line_vals(part, *pair) for pair in part.new]
                )
            elif part.own:
                env["account.bank.statement"].create(self._prepare_statement_vals(part))
        # a violated key must come up inside the caller's savepoint
        self.env.flush_all()

    def _prepare_statement_vals(self, part):
        statement = part.statement
        opening, closing = part.balances
        vals = {
            "name": statement.number or statement.reference or None,
            "reference": self.name,
            "date": statement.date_end,
            "line_ids": [fields.Command.link(line) for _entry, line in part.loose]
            + [
                fields.Command.create(self._prepare_line_vals(part, entry, key))
                for entry, key in part.new
            ],
            "balance_start": opening if opening is None else float(opening),
            "balance_end_real": closing if closing is None else float(closing),
        }
        return {name: value for name, value in vals.items() if value is not None}

    def _prepare_line_vals(self, part, entry, key):
        label = entry.communication or entry.structured_reference
        return {
            "journal_id": part.journal.id,
            "facturex_file_id": self.id,
            "import_key": key,
            "date": entry.date,
            "amount": float(entry.amount),
            # a bank that says nothing else says at least what kind of movement it is
            "payment_ref": label or entry.partner_name or entry.transaction_code or "/",
            "partner_name": entry.partner_name,
            "account_number": entry.partner_account,
            "transaction_type": entry.transaction_code,
            "transaction_details": {
                "value_date": entry.value_date and entry.value_date.isoformat(),
                "bank_id": entry.bank_id,
                "end_to_end_id": entry.end_to_end_id,
                "structured_reference": entry.structured_reference,
                "return_reason": entry.return_reason,
                "raw": entry.raw,
            },
        }

    def _match_new_lines(self):
        """A failing match never loses the import: the lines simply stay to match."""
        self.ensure_one()
        lines = self.st_line_ids
        try:
            with self.env.cr.savepoint():
                matched = lines._facturex_match()
        except (UserError, ValidationError) as error:
            _logger.info("File %s imported but not matched: %s", self.id, error)
            self.message_post(
                body=self.env._("The lines were imported but not matched: %s", error)
            )
            return
        self.matched_count = len(matched)

    # ------------------------------------------------------------------
    # Words
    # ------------------------------------------------------------------

    def _collect_warnings(self, parsed, parts):
        """Sums that do not add up and gaps between statements, with the figures."""
        warnings = [self._notice_words(notice) for notice in parsed.warnings]
        last = {}
        for part in sorted(parts, key=self._first_day):
            statement, journal = part.statement, part.journal
            warnings += [self._notice_words(notice) for notice in statement.warnings]
            if statement.intraday or not part.own:
                continue
            opening, closing = part.balances
            previous = last.get(journal, self._last_balance(part))
            currency = journal.currency_id or journal.company_id.currency_id
            if previous is not None and opening is not None:
                if currency.compare_amounts(float(opening), float(previous)):
                    warnings.append(self._gap_words(part, currency, previous))
            if closing is not None:
                last[journal] = closing
        return warnings

    @api.model
    def _first_day(self, part):
        return min((entry.date for entry in part.own), default=date.max)

    def _gap_words(self, part, currency, previous):
        statement = part.statement
        return self.env._(
            "Statement %(number)s of %(date)s opens at %(opening)s, the one before it"
            " closed at %(previous)s: a statement is missing between them.",
            number=statement.number or statement.reference or "?",
            date=format_date(self.env, statement.date_start or statement.date_end),
            opening=format_amount(self.env, float(part.balances[0]), currency),
            previous=format_amount(self.env, float(previous), currency),
        )

    @api.model
    def _last_balance(self, part):
        """Closing balance of the journal's statement before this one, or None."""
        previous = self.env["account.bank.statement"].search(
            [
                ("journal_id", "=", part.journal.id),
                ("date", "<=", self._first_day(part)),
            ],
            order="date desc, id desc",
            limit=1,
        )
        return previous.balance_end_real if previous else None

    def _format_error_words(self, error):
        """The engine's refusal in the user's language, with the place in the file."""
        return self._place_words(
            MESSAGES.get(error.code),
            error.message,
            error.values,
            error.line,
            error.field,
        )

    def _notice_words(self, notice):
        return self._place_words(
            NOTICES.get(notice.code), notice.message, notice.values, notice.line
        )

    def _place_words(self, source, message, values, line, field=None):
        # the sentences are marked for translation where they stand, in the engine
        text = self.env._(source) % values if source else message  # pylint: disable=translation-not-lazy
        if line and field:
            return self.env._(
                "Line %(line)s, %(field)s: %(text)s", line=line, field=field, text=text
            )
        if line or field:
            return self.env._("Line %(line)s: %(text)s", line=line or field, text=text)
        return text
