import logging

from odoo import models
from odoo.exceptions import UserError, ValidationError

from .facturex_statement_file import LINE_CONTEXT

_logger = logging.getLogger(__name__)

DONE_KEY = "facturex_bank_import"


class FacturexStatementFile(models.Model):
    """New movements are created on what they pay, instead of passing by suspense."""

    _inherit = "facturex.statement.file"

    def _create_lines(self, parts, progress=None):
        """One decision for all the movements of the file, then bounded batches."""
        asked, count = set(), 0
        for part in parts:
            if not part.adds_up:
                asked |= set(range(count, count + len(part.added)))
            count += len(part.added)
        service = self.env["facturex.bulk.bank"].with_context(**LINE_CONTEXT)
        if progress:  # it commits: there is no savepoint to go back to
            vals_list = self._prepare_lines(parts)
            return service._create_lines(
                vals_list, progress=progress, asked=asked
            ).lines
        try:
            with self.env.cr.savepoint():
                result = service._create_lines(self._prepare_lines(parts), asked=asked)
        except (UserError, ValidationError) as error:
            # a match that fails never loses the import: Odoo's own path
            _logger.info("File %s goes line by line: %s", self.id, error)
            return super()._create_lines(parts)
        self.env.cr.cache[DONE_KEY, self.id] = len(result.matched)
        return result.lines

    def _match_new_lines(self):
        """What the creation decided need not be decided again."""
        matched = self.env.cr.cache.pop((DONE_KEY, self.id), None)
        if matched is None:
            return super()._match_new_lines()
        self.matched_count = matched
        return None
