import logging

from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from .account_move_bank_bulk import in_bulk

_logger = logging.getLogger(__name__)

IMPORT_KEY = "facturex_bank_import"


class _Import:
    """What an import in bulk has matched so far; a context value of this process."""

    def __init__(self):
        self.decided = set()
        self.matched = set()


class FacturexStatementFile(models.Model):
    """New movements are created on what they pay, instead of passing by suspense."""

    _inherit = "facturex.statement.file"

    def _create_statements(self, parts):
        work = _Import()
        try:
            with self.env.cr.savepoint():
                bulk = self.with_context(**{IMPORT_KEY: work})
                result = super(FacturexStatementFile, bulk)._create_statements(parts)
        except (UserError, ValidationError) as error:
            # a match that fails never loses the import: Odoo's own path
            _logger.info("File %s goes line by line: %s", self.id, error)
            work.decided.clear()
            work.matched.clear()
            result = super()._create_statements(parts)
        self.env.cr.cache[IMPORT_KEY, self.id] = work
        return result

    def _match_new_lines(self):
        """What the creation decided need not be decided again."""
        work = self.env.cr.cache.pop((IMPORT_KEY, self.id), None)
        if not work or not set(self.st_line_ids.ids) <= work.decided:
            return super()._match_new_lines()
        self.matched_count = len(work.matched)
        return None


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    @api.model_create_multi
    def create(self, vals_list):
        work = self.env.context.get(IMPORT_KEY)
        if not isinstance(work, _Import) or in_bulk(self.env):
            return super().create(vals_list)
        context = {k: v for k, v in self.env.context.items() if k != IMPORT_KEY}
        service = self.env["facturex.bulk.bank"].with_context(context)  # pylint: disable=context-overridden
        result = service._create_lines(vals_list)
        work.decided.update(result.lines.ids)
        work.matched.update(result.matched.ids)
        return result.lines.with_env(self.env)
