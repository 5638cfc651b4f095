"""Long files: written in the background, a batch and a commit at a time."""

import hashlib
import logging
import time

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..engine.errors import FormatError
from ..engine.formats import parse

_logger = logging.getLogger(__name__)

LONG = 2000  # new movements from which on nobody should wait at the screen
SECONDS = 40  # of work before the cron lets others have their turn
CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.UniqueViolation,
)


class _Interrupted(Exception):
    """Time is up, or another import of the account was faster: begin again."""


class FacturexStatementFile(models.Model):
    """A killed import goes on where it was: its lines have their keys.

    The movements are committed by batches, without a statement; the statement around
    them comes last. Whoever imports the file again, in whatever way, finds the lines
    that are there and brings the rest.
    """

    _inherit = "facturex.statement.file"

    doubtful_too = fields.Boolean(
        readonly=True, help="The doubtful movements are to be imported, too."
    )
    progress_count = fields.Integer(string="Written So Far", readonly=True)
    progress_total = fields.Integer(string="To Be Written", readonly=True)
    progress = fields.Float(compute="_compute_progress")

    @api.depends("progress_count", "progress_total")
    def _compute_progress(self):
        for file in self:
            total = file.progress_total
            file.progress = 100.0 * file.progress_count / total if total else 0.0

    @api.model
    def _receive(
        self, content, filename, journal=None, channel="upload", doubtful=False, count=0
    ):
        """Keep a long file and import it in the background.

        :param count: its movements, if they were counted
        :return: `facturex.statement.file` in state new
        """
        file = self.create(
            {
                "name": filename,
                "company_id": self.env.company.id,
                "checksum": hashlib.sha256(content).hexdigest(),
                "channel": channel,
                "journal_id": journal.id if journal else False,
                "doubtful_too": doubtful,
                "progress_total": count,
                "message": self.env._(
                    "Waits to be imported in the background. This page can be left."
                ),
            }
        )
        file._keep_original(content)
        # sudo: whoever may import may wake the job that does it
        self.env.ref("facturex_banking.ir_cron_statement_files").sudo()._trigger()
        return file

    @api.model
    def _cron_import(self):
        """Import the files that wait, oldest first; the rest at the next call."""
        waiting = self.search(
            [("state", "=", "new"), ("checksum", "!=", False)], order="id"
        )
        Cron = self.env["ir.cron"]
        Cron._commit_progress(remaining=len(waiting))
        for left, file in zip(range(len(waiting) - 1, -1, -1), waiting, strict=True):
            user = file.create_uid
            own = file.with_user(user).with_context(
                lang=user.lang, allowed_company_ids=file.company_id.ids
            )
            if not own._import_in_steps():
                break
            Cron._commit_progress(1, remaining=left)

    def _import_in_steps(self):
        """:return: False when there is more to do at the next call"""
        self.ensure_one()
        try:
            self._run_in_steps()
        except (*CONFLICTS, _Interrupted) as error:
            self.env.cr.rollback()
            _logger.info("File %s goes on later: %r", self.id, error)
            return False
        except FormatError as error:
            self._stop(self._format_error_words(error))
        except (UserError, ValidationError) as error:
            self._stop(str(error))
        except Exception:
            # one file never keeps the others waiting
            _logger.exception("File %s cannot be imported", self.id)
            self._stop(self.env._("The import failed for a reason of ours."))
        return True

    def _stop(self, reason):
        """Refused on the way: what was committed stays and is said."""
        self.env.cr.rollback()
        written = self._count_lines()
        if written:
            reason = self.env._(
                "%(reason)s %(count)s movements had been written before. Once the"
                " reason is gone, “Import Again” brings the rest.",
                reason=reason,
                count=written,
            )
        self._refuse(reason)
        self._warn_responsible()

    def _count_lines(self, *more):
        return self.env["account.bank.statement.line"].search_count(
            [("facturex_file_id", "=", self.id), *more]
        )

    def _run_in_steps(self):
        parsed = parse(
            self._original(),
            self.name,
            mappings=self.env["facturex.statement.columns"]._to_engine(),
        )
        self.unknown_accounts = self._find_unknown(parsed, self.journal_id)
        parts, unassigned = self._prepare_parts(parsed, self.journal_id)
        if self.doubtful_too:
            parts = [self._with_doubtful(part) for part in parts]
        earlier = self._count_lines()
        gaps = self._collect_gaps(parts)
        warnings = unassigned + self._collect_warnings(parsed, parts, gaps)
        self._create_statements(parts, self._stepper(parts, earlier))
        self._complete_lines(parsed, parts)
        self.update(self._prepare_result_vals(parsed, parts, False, earlier))
        self.warning = "\n".join(warnings)
        self.matched_count = self._count_lines(("facturex_match_state", "=", "auto"))
        self._log_result(parts, gaps)

    def _stepper(self, parts, earlier):
        """:return: what is called after each batch: commit, and the account again"""
        journals = sorted({part.journal.id for part in parts})
        state = {"stamps": self._stamps(journals), "end": time.monotonic() + SECONDS}

        def step(done, total):
            self.progress_count = earlier + done
            self.progress_total = earlier + total
            self.message = self.env._(
                "%(done)s of %(total)s movements written; the rest follows by itself.",
                done=earlier + done,
                total=earlier + total,
            )
            left = self.env["ir.cron"]._commit_progress(1, remaining=1)
            if done < total:
                if not left and time.monotonic() > state["end"]:
                    raise _Interrupted("time is up")
                state["stamps"] = self._claim_again(state["stamps"])

        return step

    @api.model
    def _stamps(self, journal_ids):
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, facturex_import_count FROM account_journal"
                    " WHERE id = ANY(%s)",
                    journal_ids,
                )
            )
        )

    @api.model
    def _claim_again(self, stamps):
        """After a commit: nobody may have imported into these journals meanwhile."""
        new = {}
        for journal_id, stamp in sorted(stamps.items()):
            rows = self.env.execute_query(
                SQL(
                    """
                    UPDATE account_journal
                       SET facturex_import_count = %(stamp)s + 1
                     WHERE id = %(journal)s AND facturex_import_count = %(stamp)s
                 RETURNING facturex_import_count
                    """,
                    journal=journal_id,
                    stamp=stamp,
                )
            )
            if not rows:
                raise _Interrupted("another import was faster")
            new[journal_id] = rows[0][0]
        return new
