import hashlib
import logging
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.misc import format_amount, format_date

from ..engine.errors import MESSAGES, NOTICES, FormatError
from ..engine.formats import parse
from ..engine.identity import Known, incoming, resolve
from ..engine.references import normalise_account, same_account
from ..engine.runs import runs

_logger = logging.getLogger(__name__)


LINE_CONTEXT = {
    # a bank line needs neither followers nor a message of its creation
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
}
LINK_CONTEXT = {
    **LINE_CONTEXT,
    # the lines are right already, and a statement needs few of their fields
    "skip_account_move_synchronization": True,
    "prefetch_fields": False,
}
LINKED = 30  # lines up to which Odoo puts them into a statement itself
NEAR_DAYS = 5  # between a notification and the line it completes
LONG_BYTES = 2_000_000  # of a file that is better imported in the background
# Of a type of its own: of a text Odoo would index, and keep, each word.
ORIGINAL_TYPE = "application/x-bank-statement"
SHOWN = 10  # movements spelled out in a message


@dataclass(frozen=True)
class _Part:
    """One statement of a file with the journal it goes to and its movements."""

    journal: models.Model
    statement: object
    new: list = field(default_factory=list)  # of Incoming
    loose: list = field(default_factory=list)  # (entry, its line), in no statement
    held: list = field(default_factory=list)  # entries, in another file's statement
    doubtful: list = field(default_factory=list)  # (Incoming, line it may be)
    totals: dict = field(default_factory=dict)  # line to replace -> its details

    @property
    def added(self):
        """Every movement to create: new ones, and the details of former totals."""
        return self.new + [one for ones in self.totals.values() for one in ones]

    @property
    def own(self):
        """The movements this statement is to hold."""
        return [one.entry for one in self.added] + [entry for entry, _ in self.loose]

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

    @property
    def adds_up(self):
        """Whether its movements lead from one balance to the other, as far as known."""
        if not self.own:
            return True
        opening, closing = self.balances
        if opening is None or closing is None:
            return True
        return opening + sum(entry.amount for entry in self.own) == closing

    @property
    def pieces(self):
        """The statements to make of it: several around one that is there already.

        What does not add up, or is not all decided, stays in one piece.
        """
        opening = self.statement.opening_balance
        if None in self.balances or self.doubtful or not self.adds_up:
            return [self]
        found = runs(self.own, self.held, opening)
        if len(found) == 1:
            return [self]
        return [self._piece(run, run is found[-1]) for run in found]

    def _piece(self, run, is_last):
        def inside(entry):
            return run.first <= entry.date <= run.last

        statement = replace(
            self.statement,
            opening_balance=run.opening,
            closing_balance=run.closing,
            date_start=run.first,
            date_end=self.statement.date_end if is_last else run.last,
        )
        return replace(
            self,
            statement=statement,
            new=[one for one in self.added if inside(one.entry)],
            loose=[pair for pair in self.loose if inside(pair[0])],
            held=[],
            totals={},
        )


class FacturexStatementFile(models.Model):
    """The register of every bank file received: original, result, reasons."""

    _name = "facturex.statement.file"
    _description = "Bank Statement File"
    _inherit = ["mail.thread", "mail.activity.mixin"]
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
    channel = fields.Selection(
        [
            ("upload", "Upload"),
            ("mail", "Mail"),
            ("folder", "Folder"),
        ],
        required=True,
        default="upload",
        readonly=True,
        help="How the file came.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        string="Chosen Journal",
        readonly=True,
        check_company=True,
        help="Chosen by hand; empty when the account number in the file told.",
    )
    doubtful_keys = fields.Json(readonly=True, help="Keys of the movements held back.")
    unknown_accounts = fields.Json(
        readonly=True, help="Accounts of the file that no journal has."
    )
    statement_count = fields.Integer(string="Statements", readonly=True)
    doubtful_count = fields.Integer(
        string="Doubtful",
        readonly=True,
        help="Perhaps already there in another format: a person decides.",
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

    def action_import_doubtful(self):
        """The movements held back as doubtful are other ones: import them too."""
        self.ensure_one()
        self.check_access("write")
        forced = frozenset(self.doubtful_keys or ())
        self._run(self._original(), forced=forced)
        return True

    def action_leave_doubtful(self):
        """The movements held back are the same ones: leave them out for good."""
        self.check_access("write")
        for file in self:
            file._log_event(
                "doubtful",
                self.env._("%s doubtful movements left out.", file.doubtful_count),
                file.doubtful_count,
            )
        self.doubtful_count = 0
        return True

    def action_retry(self):
        """Once its reason is gone (a journal, a lock, a mapping), import again."""
        self.check_access("write")
        for file in self.filtered(lambda file: file.state == "failed"):
            file._run(file._original())
        return True

    def action_create_journal(self):
        """A bank journal for each account of the file that has none; then retry.

        Managers only, as everywhere: a journal carries accounts and numbers.
        """
        self.ensure_one()
        self.check_access("write")
        self._create_journals(self.unknown_accounts or [])
        if self.state == "failed":
            return self.action_retry()
        return True

    # ------------------------------------------------------------------
    # Mail
    # ------------------------------------------------------------------

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Files sent to the alias of a bank journal: imported as if uploaded.

        :return: the register's line of the first file; a mail without file leaves
            one that says so
        """
        values = dict(custom_values or {})
        company = self.env["res.company"].browse(values.get("company_id"))
        company = company or self.env.company
        File = self.with_company(company)
        # the account number in the file decides, not the address it was sent to
        files = self.browse()
        for attachment in msg_dict.get("attachments") or ():
            content = attachment.content
            if isinstance(content, bytes) and attachment.fname:
                take = File._import if len(content) < LONG_BYTES else File._receive
                files += take(content, attachment.fname, channel="mail")
        if not files:
            files = File.create(
                {
                    "name": msg_dict.get("subject") or self.env._("Mail without file"),
                    "company_id": company.id,
                    "channel": "mail",
                }
            )
            files._refuse(self.env._("The mail had no bank file attached."))
        for file in files.filtered(lambda file: file.state == "failed"):
            file._warn_responsible()
        return files[0]

    def _warn_responsible(self):
        """Nobody sat at the screen: a person is asked to look, once per file."""
        self.ensure_one()
        # sudo: whom to ask is not for the sender of the file to read
        group = self.env.ref("facturex_billing.group_facturex_manager").sudo()
        user = group.all_user_ids.filtered(
            lambda user: self.company_id in user.company_ids and not user.share
        )[:1]
        if user:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Bank file refused"),
                note=self.message,
                user_id=user.id,
            )

    @api.model
    def _create_journals(self, accounts):
        """:return: the bank journals created for [[number, currency or None], …]"""
        Journal = self.env["account.journal"]
        Journal.check_access("create")
        journals = Journal
        for number, currency_name in accounts:
            currency = self.env["res.currency"].search(
                [("name", "=", currency_name)], limit=1
            )
            own = self.env.company.currency_id
            journals += Journal.create(
                {
                    "name": self.env._("Bank %s", number[-4:]),
                    "type": "bank",
                    "company_id": self.env.company.id,
                    "currency_id": currency.id
                    if currency and currency != own
                    else False,
                    "bank_acc_number": number,
                }
            )
        return journals

    # ------------------------------------------------------------------
    # Import
    # ------------------------------------------------------------------

    @api.model
    def _import(
        self,
        content,
        filename,
        journal=None,
        dry=False,
        channel="upload",
        doubtful=False,
    ):
        """Read one bank file, import its new movements once, match them.

        :param bytes content: the file as received, also a ZIP of such files
        :param str filename: its name, for people only; the content decides
        :param journal: `account.journal` the user chose; must be the file's account
        :param dry: same decisions, nothing written: an unsaved record is returned
        :param channel: how the file came, a value of the field
        :param doubtful: import the movements that may be there already, too
        :return: `facturex.statement.file` in state done, failed, or previewed (dry).
            A refused file changes nothing but the register, which keeps the original
        """
        vals = {
            "name": filename,
            "company_id": self.env.company.id,
            "checksum": hashlib.sha256(content).hexdigest(),
            "channel": channel,
            # another company's journal is refused below, with the way out
            "journal_id": journal.id
            if journal and journal.company_id == self.env.company
            else False,
        }
        file = self.new(vals) if dry else self.create(vals)
        if not dry:
            file._keep_original(content)
        file._run(content, journal, dry, doubtful)
        return file

    def _keep_original(self, content):
        """As the field itself would, without the five copies that it makes of a file.

        :param bytes content: the file as received
        """
        if not content:
            return
        # sudo: the original is the register's, as with any value of a Binary field
        self.env["ir.attachment"].sudo().create(
            {
                "name": self.name,
                "res_model": self._name,
                "res_field": "content",
                "res_id": self.id,
                "type": "binary",
                "raw": content,
                "mimetype": ORIGINAL_TYPE,
            }
        )
        self.env.flush_all()
        self.env.invalidate_all(flush=False)

    def _original(self):
        """:return: the file as received, as bytes; empty if it came without"""
        self.ensure_one()
        self.check_access("read")
        # sudo: as with any value of a Binary field, who reads the record reads it
        attachment = self.env["ir.attachment"].sudo()
        return (
            attachment.search(
                [
                    ("res_model", "=", self._name),
                    ("res_field", "=", "content"),
                    ("res_id", "=", self.id),
                ],
                limit=1,
            ).raw
            or b""
        )

    def _run(self, content, journal=None, dry=False, doubtful=False, forced=()):
        """Decide and, unless `dry`, write; the result is told on the record.

        :param doubtful: import whatever is doubtful now
        :param forced: keys that a person said are of other movements
        """
        self.ensure_one()
        journal = journal or self.journal_id
        try:
            parsed = parse(
                content,
                self.name,
                mappings=self.env["facturex.statement.columns"]._to_engine(),
            )
            self.unknown_accounts = self._find_unknown(parsed, journal)
            parts, unassigned = self._prepare_parts(parsed, journal, dry, forced)
            if doubtful:
                parts = [self._with_doubtful(part) for part in parts]
            self.update(self._prepare_result_vals(parsed, parts, dry))
            gaps = self._collect_gaps(parts)
            warnings = unassigned + self._collect_warnings(parsed, parts, gaps)
            self.warning = "\n".join(warnings)
            if not dry:
                with self.env.cr.savepoint():
                    self._create_statements(parts)
                    self._complete_lines(parsed, parts)
                self._match_new_lines()
                self._log_result(parts, gaps)
        except FormatError as error:
            self._refuse(self._format_error_words(error), dry)
        except psycopg2.errors.UniqueViolation:
            self._refuse(
                self.env._(
                    "Somebody is importing the same movements right now."
                    " Wait a moment, then import the file again."
                ),
                dry,
            )
        except (UserError, ValidationError) as error:
            self._refuse(str(error), dry)

    def _refuse(self, message, dry=False):
        self.update(
            {
                "state": "failed",
                "message": message,
                "warning": False,
                "journal_ids": [fields.Command.clear()],
                "statement_count": 0,
                "line_count": 0,
                "new_count": 0,
                "known_count": 0,
                "doubtful_count": 0,
                "matched_count": 0,
            }
        )
        if not dry:
            self._log_event("refused", f"{self.name}: {message}", 0)

    def _log_event(self, kind, message, count, journal=None):
        self.env["facturex.bank.event"]._log(
            kind,
            journal or self.journal_id or self.journal_ids[:1],
            message,
            count,
            file=self,
            company=self.company_id,
        )

    def _log_result(self, parts, gaps):
        """One event per journal; gaps and doubts are events of their own."""
        for journal in self.journal_ids:
            own = [part for part in parts if part.journal == journal]
            new = sum(len(part.added) for part in own)
            self._log_event("import", f"{self.name}: {self.message}", new, journal)
            doubtful = sum(len(part.doubtful) for part in own)
            if doubtful:
                self._log_event(
                    "doubtful",
                    self.env._("%(file)s: doubtful movements", file=self.name),
                    doubtful,
                    journal,
                )
        for part, words in gaps:
            self._log_event("gap", words, 0, part.journal)

    @api.model
    def _with_doubtful(self, part):
        """The same part, its doubtful movements taken for new ones."""
        held_back = [one for one, _line in part.doubtful]
        return replace(part, new=part.new + held_back, doubtful=[])

    def _prepare_parts(self, parsed, journal, dry=False, forced=()):
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
        if not dry:
            self._queue_up({target.id for target in journals})
        parts = []
        by_account = {}
        for target, statement in zip(journals, statements, strict=True):
            part = _Part(target, statement)
            parts.append(part)
            if not statement.notification:
                family = statement.family or parsed.family
                by_account.setdefault((target, family), []).append(part)
        for (target, family), own in by_account.items():
            self._decide(target, family, own, forced)
        for part in parts:
            self._check_open(part)
        return parts, unassigned

    @api.model
    def _queue_up(self, journal_ids):
        """One import at a time per journal, each one seeing what the last one wrote.

        The counter is written first: a transaction that began before another
        import of this journal ended is refused by the database, and starts again.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_journal
                   SET facturex_import_count = COALESCE(facturex_import_count, 0) + 1
                 WHERE id = ANY(%s)
                """,
                sorted(journal_ids),
            )
        )

    @api.model
    def _decide(self, journal, family, parts, forced=()):
        """Sort the movements of one account: twins count over all its statements."""
        entries = [entry for part in parts for entry in part.statement.entries]
        coming = incoming(entries, family)
        known, holders = self._known_lines(journal, family, coming)
        there = {line.key for line in known}
        verdicts = iter(zip(coming, resolve(coming, known), strict=True))
        for part in parts:
            for _entry in part.statement.entries:
                one, verdict = next(verdicts)
                if verdict.kind == "new" or (
                    one.key in forced and one.key not in there
                ):
                    part.new.append(one)
                elif verdict.kind == "split":
                    part.totals.setdefault(verdict.lines[0], []).append(one)
                elif verdict.kind == "doubtful":
                    part.doubtful.append((one, verdict.lines[0]))
                elif len(verdict.lines) == 1 and not holders[verdict.lines[0]]:
                    part.loose.append((one.entry, verdict.lines[0]))
                else:
                    part.held.append(one.entry)

    @api.model
    def _known_lines(self, journal, family, coming):
        """:return: ([Known], {line id: statement id}) of what may be the same"""
        if not coming:
            return [], {}
        keys = sorted(
            {one.key for one in coming} | {one.batch for one in coming} - {None}
        )
        days = [one.entry.date for one in coming]
        Line = self.env["account.bank.statement.line"]
        Line.flush_model(
            ["journal_id", "import_key", "import_source", "statement_id", "amount"]
        )
        self.env["account.move"].flush_model(["date"])
        # the unique index is per journal, whoever may read the lines: plain SQL
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, line.import_key, line.import_batch_key,
                       COALESCE(line.import_source,
                                CASE WHEN line.import_key IS NOT NULL THEN 'camt' END),
                       move.date, line.amount, line.transaction_details,
                       line.account_number, line.payment_ref,
                       line.is_reconciled, line.statement_id
                  FROM account_bank_statement_line line
                  JOIN account_move move ON move.id = line.move_id
                 WHERE line.journal_id = %(journal)s
                   AND move.state != 'cancel'
                   AND (
                       line.import_key = ANY(%(keys)s)
                       OR line.import_batch_key = ANY(%(keys)s)
                       OR (
                           move.date BETWEEN %(first)s AND %(last)s
                           AND (
                               COALESCE(line.import_source, 'camt') != %(family)s
                               OR line.import_key IS NULL
                               OR %(family)s = 'ofx'
                           )
                       )
                   )
                """,
                journal=journal.id,
                keys=keys,
                family=family,
                first=min(days) - timedelta(1),
                last=max(days) + timedelta(1),
            )
        )
        return [self._to_known(row) for row in rows], {row[0]: row[-1] for row in rows}

    @api.model
    def _to_known(self, row):
        line, key, batch, family, day, amount, details, account, text, done, holder = (
            row
        )
        details = details or {}
        return Known(
            id=line,
            key=key,
            batch=batch,
            family=family,
            date=day,
            amount=Decimal(str(round(amount, 6))),
            end_to_end_id=details.get("end_to_end_id"),
            structured_reference=details.get("structured_reference"),
            partner_account=account,
            text=text,
            settled=bool(done or holder),
        )

    @api.model
    def _check_open(self, part):
        """Refuse what Odoo would move to another day without a word.

        :raises UserError: when a new movement is in a closed period
        """
        if not part.added:
            return
        journal, company = part.journal, part.journal.company_id
        first = min(one.entry.date for one in part.added)
        locks = company._get_violated_lock_dates(first, False, journal)
        if not locks:
            return
        lock = locks[-1][0]
        closed = [one for one in part.added if one.entry.date <= lock]
        raise UserError(
            self.env._(
                "%(count)s new movements of %(journal)s, from %(first)s on, are in a"
                " period that is closed until %(lock)s. Nothing was imported. Ask the"
                " accountant to reopen that period, or import a file that begins"
                " after it.",
                count=len(closed),
                journal=journal.display_name,
                first=format_date(self.env, first),
                lock=format_date(self.env, lock),
            )
        )

    @api.model
    def _find_unknown(self, parsed, chosen):
        """:return: [[number, currency], …] of the accounts that no journal has"""
        found = []
        for statement in parsed.statements:
            number = normalise_account(statement.account_number or "")
            if chosen or not number:
                continue
            if not self._journals_of(number, active_test=False):
                found.append([number, statement.currency])
        return [list(pair) for pair in dict.fromkeys(map(tuple, found))] or False

    @api.model
    def _find_journal(self, statement, chosen):
        """The bank journal of this company whose account the statement is of.

        :raises UserError: naming both accounts, and what to do
        """
        number = normalise_account(statement.account_number or "")
        if not number and not chosen:
            raise UserError(
                self.env._(
                    "This file does not say of which account it is. Choose the bank"
                    " journal, then import it."
                )
            )
        if chosen and number:
            self._check_account(chosen, number)
        journal = chosen or self._search_journal(number)
        self._check_journal(journal, number)
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
    def _check_account(self, chosen, number):
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
        if not same_account(own, number):
            raise UserError(
                self.env._(
                    "This file is of the account %(file)s, but the journal"
                    " %(journal)s is of %(own)s. Choose the right journal.",
                    file=number,
                    journal=chosen.display_name,
                    own=own,
                )
            )

    @api.model
    def _check_journal(self, journal, number):
        if journal.company_id != self.env.company:
            raise UserError(
                self.env._(
                    "The account %(number)s belongs to %(company)s. Switch to that"
                    " company, then import the file.",
                    number=number or journal.display_name,
                    company=journal.company_id.name,
                )
            )
        if not journal.active:
            raise UserError(
                self.env._(
                    "The journal %(journal)s of the account %(number)s is closed"
                    " (archived). Unarchive it under Configuration, then import the"
                    " file again.",
                    journal=journal.display_name,
                    number=number or "-",
                )
            )

    @api.model
    def _journals_of(self, number, active_test=True):
        """Bank journals of the user's companies with that account."""
        journals = self.env["account.journal"].with_context(active_test=active_test)
        found = journals.search(
            [
                ("type", "in", ("bank", "credit")),
                ("bank_account_id.sanitized_acc_number", "!=", False),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        own = found.filtered(lambda j: j._facturex_account_number() == number)
        return own or found.filtered(
            lambda j: same_account(j._facturex_account_number(), number)
        )

    @api.model
    def _search_journal(self, number):
        journals = self._journals_of(number) or self._journals_of(number, False)
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
            mappings = self.env["facturex.statement.columns"]._to_engine()
            parsed = parse(content, filename, mappings=mappings)
        except FormatError:
            return "9999-12-31"
        dates = [s.date_start or s.date_end for s in parsed.statements]
        dates += [entry.date for s in parsed.statements for entry in s.entries]
        return min((d.isoformat() for d in dates if d), default="9999-12-31")

    @api.model
    def _names_account(self, content, filename):
        """Whether a file says of which account it is."""
        mappings = self.env["facturex.statement.columns"]._to_engine()
        try:
            parsed = parse(content, filename, mappings=mappings)
        except FormatError:
            return False
        return any(statement.account_number for statement in parsed.statements)

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    def _prepare_result_vals(self, parsed, parts, dry, earlier=0):
        """`earlier`: movements that this file itself brought before it was stopped."""
        new = sum(len(part.added) for part in parts) + earlier
        known = sum(len(part.loose) + len(part.held) for part in parts) - earlier
        doubtful = sum(len(part.doubtful) for part in parts)
        if all(part.statement.notification for part in parts):
            message = self.env._("A notification: it completes lines, it brings none.")
        elif not new and known:
            message = self.env._(
                "Nothing new: the %(known)s movements of this file are already there.",
                known=known,
            )
        else:
            message = self.env._(
                "%(new)s new movements, %(known)s already known.", new=new, known=known
            )
        if doubtful:
            message += " " + self.env._(
                "%s doubtful ones are held back: decide below.", doubtful
            )
        journals = {part.journal.id for part in parts}
        read = [part.statement for part in parts]
        ends = [statement.date_end for statement in read if not statement.intraday]
        return {
            "state": "previewed" if dry else "done",
            "format": parsed.format,
            "journal_ids": [fields.Command.set(sorted(journals))],
            "statement_count": len(parts),
            "line_count": new + known + doubtful,
            "new_count": new,
            "known_count": known,
            # also of a statement without movements: the bank is known until then
            "date_known": max(filter(None, ends), default=None),
            "doubtful_count": doubtful,
            "doubtful_keys": [one.key for part in parts for one, _ in part.doubtful],
            "message": message,
        }

    def _create_statements(self, parts, progress=None):
        """The movements first, then one native statement around those it holds.

        Intraday reports make no statement: that of the evening will hold the lines.
        """
        self.ensure_one()
        for part in parts:
            self._drop_totals(self.env, part)
        made = iter(self._create_lines(parts, progress).ids)
        for part in parts:
            ids = {one.key: next(made) for one in part.added}
            if part.own and not part.statement.intraday:
                for piece in part.pieces:
                    self._create_statement(piece, [ids[one.key] for one in piece.added])
        # a violated key must come up inside the caller's savepoint
        self.env.flush_all()

    def _create_statement(self, part, ids):
        """One statement; its first line makes it, many others are linked at once."""
        vals = self._prepare_statement_vals(part, ids)
        Statement = self.env["account.bank.statement"].with_context(**LINK_CONTEXT)
        [(_set, _zero, line_ids)] = vals["line_ids"]
        if len(line_ids) <= LINKED or part.balances.count(None):
            Statement.create(vals)
            return
        lines = Statement.line_ids.browse(line_ids)
        first = self._first_line(lines)
        statement = Statement.create(
            {**vals, "line_ids": [fields.Command.set([first])]}
        )
        self._link(statement, lines)
        late = ["first_line_index", "balance_end", "is_complete"]
        late += [] if vals.get("date") else ["date"]
        for name in late:
            self.env.add_to_compute(statement._fields[name], statement)
        self.env.flush_all()
        self.env.invalidate_all(flush=False)

    @api.model
    def _first_line(self, lines):
        """The earliest, as Odoo orders the lines of an account."""
        lines.flush_recordset(["internal_index"])
        return self.env.execute_query(
            SQL(
                "SELECT id FROM account_bank_statement_line WHERE id = ANY(%s)"
                " ORDER BY internal_index LIMIT 1",
                lines.ids,
            )
        )[0][0]

    @api.model
    def _link(self, statement, lines):
        """What Odoo writes on lines and items that get a statement: that, and when."""
        self.env.flush_all()
        for table, column in (
            ("account_bank_statement_line", "id"),
            ("account_move_line", "statement_line_id"),
        ):
            self.env.cr.execute(
                SQL(
                    "UPDATE %(table)s"
                    "   SET statement_id = %(statement)s,"
                    "       write_uid = %(user)s, write_date = %(now)s"
                    " WHERE %(column)s = ANY(%(lines)s)"
                    "   AND statement_id IS DISTINCT FROM %(statement)s",
                    table=SQL.identifier(table),
                    column=SQL.identifier(column),
                    statement=statement.id,
                    user=self.env.uid,
                    now=self.env.cr.now(),
                    lines=lines.ids,
                )
            )
        self.env.invalidate_all(flush=False)

    def _create_lines(self, parts, progress=None):
        """:return: the lines of all parts, in the order of their movements"""
        return (
            self.env["account.bank.statement.line"]
            .with_context(**LINE_CONTEXT)
            .create(self._prepare_lines(parts))
        )

    def _prepare_lines(self, parts):
        return [self._prepare_line_vals(p, one) for p in parts for one in p.added]

    @api.model
    def _drop_totals(self, env, part):
        """A total imported alone gives way to its details, which add up to it."""
        totals = env["account.bank.statement.line"].browse(part.totals)
        totals.filtered(lambda line: not line.is_reconciled).unlink()

    def _prepare_statement_vals(self, part, line_ids):
        statement = part.statement
        opening, closing = part.balances
        vals = {
            "name": statement.number or statement.reference or None,
            "reference": self.name,
            "date": statement.date_end,
            "line_ids": [
                fields.Command.set([line for _entry, line in part.loose] + line_ids)
            ],
            "balance_start": opening if opening is None else float(opening),
            "balance_end_real": closing if closing is None else float(closing),
        }
        return {name: value for name, value in vals.items() if value is not None}

    def _prepare_line_vals(self, part, one):
        entry = one.entry
        label = entry.communication or entry.structured_reference
        return {
            "journal_id": part.journal.id,
            "facturex_file_id": self.id,
            "import_key": one.key,
            "import_batch_key": one.batch,
            "import_source": one.family,
            "date": entry.date,
            "amount": float(entry.amount),
            # a bank that says nothing else says at least what kind of movement it is
            "payment_ref": label or entry.partner_name or entry.transaction_code or "/",
            "partner_name": entry.partner_name,
            "account_number": entry.partner_account,
            "transaction_type": entry.transaction_code,
            "transaction_details": self._prepare_details(entry),
        }

    @api.model
    def _prepare_details(self, entry):
        """What the bank says beside: kept as it came, absent when it is silent."""
        details = {
            "value_date": entry.value_date and entry.value_date.isoformat(),
            "bank_id": entry.bank_id,
            "end_to_end_id": entry.end_to_end_id,
            "structured_reference": entry.structured_reference,
            "return_reason": entry.return_reason,
            "reversal": entry.reversal or None,
            "category": entry.category,
            "mandate_id": entry.mandate_id,
            "batch_id": entry.batch_id,
            "batch_count": entry.batch_count,
            "partner_bic": entry.partner_bic,
            "original_amount": entry.original_amount and str(entry.original_amount),
            "original_currency": entry.original_currency,
            "exchange_rate": entry.exchange_rate and str(entry.exchange_rate),
            "charges": entry.charges and str(entry.charges),
            "raw": entry.raw,
        }
        empty_too = {"value_date", "bank_id", "end_to_end_id", "structured_reference"}
        empty_too |= {"return_reason", "raw"}
        return {k: v for k, v in details.items() if v is not None or k in empty_too}

    # ------------------------------------------------------------------
    # Notifications
    # ------------------------------------------------------------------

    def _complete_lines(self, parsed, parts):
        """Give the lines that a notification names what their statement left out.

        A notification books nothing. A line is named by the bank's identifier
        and its amount; only what is empty on it is filled in.
        """
        for part in parts:
            if not part.statement.notification:
                continue
            entries = {e.bank_id: e for e in part.statement.entries if e.bank_id}
            lines = self.env["account.bank.statement.line"].search(
                [
                    ("journal_id", "=", part.journal.id),
                    ("import_key", "!=", False),
                    ("is_reconciled", "=", False),
                    ("date", ">=", self._around(part, -1)),
                    ("date", "<=", self._around(part, 1)),
                ]
            )
            completed = 0
            for line in lines:
                details = line.transaction_details or {}
                entry = entries.get(details.get("bank_id"))
                if entry and not line.currency_id.compare_amounts(
                    float(entry.amount), line.amount
                ):
                    completed += bool(self._complete_line(line, entry, details))
            self.known_count += completed
            self.message = self.env._(
                "A notification: %s lines were completed.", completed
            )

    @api.model
    def _around(self, part, sign):
        days = [entry.date for entry in part.statement.entries] or [
            part.statement.date_end or date.max
        ]
        limit = max(days) if sign > 0 else min(days)
        return limit + sign * timedelta(NEAR_DAYS)

    @api.model
    def _complete_line(self, line, entry, details):
        told = {k: v for k, v in self._prepare_details(entry).items() if v}
        missing = {k: v for k, v in told.items() if not details.get(k)}
        vals = {
            "partner_name": not line.partner_name and entry.partner_name,
            "account_number": not line.account_number and entry.partner_account,
            "payment_ref": line.payment_ref in (False, "/", line.transaction_type)
            and entry.communication,
        }
        vals = {name: value for name, value in vals.items() if value}
        if missing:
            vals["transaction_details"] = {**details, **missing}
        if vals:
            line.write(vals)
        return vals

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

    def _collect_warnings(self, parsed, parts, gaps):
        """Sums that do not add up and gaps between statements, with the figures."""
        warnings = [self._notice_words(notice) for notice in parsed.warnings]
        gaps = {id(part): words for part, words in gaps}
        for part in sorted(parts, key=self._first_day):
            notices = part.statement.warnings
            warnings += [self._notice_words(notice) for notice in notices]
            warnings += self._doubtful_words(part)
            warnings += [gaps[id(part)]] if id(part) in gaps else []
        return warnings

    def _collect_gaps(self, parts):
        """:return: [(part, sentence)] of the statements that follow nothing"""
        gaps, last = [], {}
        for part in sorted(parts, key=self._first_day):
            if part.statement.intraday or not part.own:
                continue
            words = self._gap_words_of(part.pieces[0], last.get(part.journal))
            if words:
                gaps.append((part, words))
            if part.balances[1] is not None:
                last[part.journal] = part.balances[1]
        return gaps

    def _gap_words_of(self, part, previous=None):
        """A sentence when the statement does not follow the one before; or None."""
        opening = part.balances[0]
        previous = self._last_balance(part) if previous is None else previous
        currency = part.journal.currency_id or part.journal.company_id.currency_id
        if previous is None or opening is None:
            return None
        if not currency.compare_amounts(float(opening), float(previous)):
            return None
        return self._gap_words(part, currency, previous)

    def _doubtful_words(self, part):
        """The movements held back, each beside the line it may be."""
        currency = part.journal.currency_id or part.journal.company_id.currency_id
        Line = self.env["account.bank.statement.line"]
        words = [
            self.env._(
                "Doubtful: %(date)s %(amount)s %(text)s may be the line"
                " \u201c%(line)s\u201d that is already there.",
                date=format_date(self.env, one.entry.date),
                amount=format_amount(self.env, float(one.entry.amount), currency),
                text=one.entry.communication or one.entry.partner_name or "",
                line=Line.browse(line).payment_ref or "/",
            )
            for one, line in part.doubtful[:SHOWN]
        ]
        if len(part.doubtful) > SHOWN:
            words.append(self.env._("And %s more.", len(part.doubtful) - SHOWN))
        return words

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
        values = dict(error.values)
        if error.code == "columns_unknown":
            roles = values["missing"].split(", ")
            values["missing"] = ", ".join(map(self._column_word, roles))
        return self._place_words(
            MESSAGES.get(error.code),
            error.message,
            values,
            error.line,
            error.field and self._column_word(error.field),
        )

    def _column_word(self, role):
        """A column of a table as its mapping calls it; else what the format says."""
        if role == "header":
            return self.env._("header")
        labels = self.env["facturex.statement.columns"].fields_get(
            [f"column_{role}"], ["string"]
        )
        return next((label["string"].lower() for label in labels.values()), role)

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
