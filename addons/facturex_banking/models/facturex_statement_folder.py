"""Files that a program of the bank leaves in a folder of the server."""

import logging
import pathlib
import time

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import config

from .facturex_statement_file import LONG_BYTES

_logger = logging.getLogger(__name__)

OPTION = "facturex_bank_folder"  # of the server's configuration file
SETTLED = 30  # seconds without change: nobody is writing the file any more
TOO_LARGE = 64 * 1024 * 1024
DONE, FAILED = "done", "failed"


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_bank_folder = fields.Char(
        string="Bank Folder",
        help="A folder below the one that the server's configuration names. Files left"
        " there are imported every quarter of an hour, then moved to “done” or"
        " “failed”.",
    )
    _facturex_bank_folder_uniq = models.UniqueIndex(
        "(facturex_bank_folder) WHERE facturex_bank_folder IS NOT NULL",
        "Another company reads this folder already.",
    )

    @api.constrains("facturex_bank_folder")
    def _check_facturex_bank_folder(self):
        for company in self.filtered("facturex_bank_folder"):
            if not config.get(OPTION):
                raise ValidationError(
                    self.env._(
                        "No folder for bank files is set up on this server. Ask its"
                        " administrator to set “%s” in the configuration of Odoo.",
                        OPTION,
                    )
                )
            if company._facturex_bank_path() is None:
                raise ValidationError(
                    self.env._(
                        "“%s” is no folder below the one of the server. Give a plain"
                        " name, such as “fortis”.",
                        company.facturex_bank_folder,
                    )
                )

    def _facturex_bank_path(self):
        """The folder of this company; None unless it is inside the server's."""
        self.ensure_one()
        root = config.get(OPTION)
        if not root or not self.facturex_bank_folder:
            return None
        root = pathlib.Path(root).resolve()
        path = (root / self.facturex_bank_folder).resolve()
        return path if path != root and path.is_relative_to(root) else None


class FacturexStatementFile(models.Model):
    _inherit = "facturex.statement.file"

    @api.model
    def _cron_read_folders(self):
        """Import what lies in the companies' folders; one commit per file.

        A file is moved once its import is committed. When the process dies between
        the two, the file is read again and brings nothing new.
        """
        Cron = self.env["ir.cron"]
        companies = self.env["res.company"].search(
            [("facturex_bank_folder", "!=", False)]
        )
        waiting = [
            (company, path)
            for company in companies
            for path in self._files_of(company._facturex_bank_path())
        ]
        Cron._commit_progress(remaining=len(waiting))
        for company, path in waiting:
            File = self.with_company(company).with_context(
                allowed_company_ids=company.ids
            )
            file = File._import_path(path)
            if file.state == "failed":
                file._warn_responsible()
            left = Cron._commit_progress(1)
            self._put_away(path, FAILED if file.state == "failed" else DONE)
            if not left:
                break

    @api.model
    def _files_of(self, folder):
        """Files that nobody is writing any more, oldest first."""
        if folder is None or not folder.is_dir():
            return []
        files = [
            (path.stat().st_mtime, path)
            for path in folder.iterdir()
            if path.is_file() and not path.is_symlink() and path.name[0] != "."
        ]
        return [path for at, path in sorted(files) if at < time.time() - SETTLED]

    def _import_path(self, path):
        if path.stat().st_size > TOO_LARGE:
            file = self.create({"name": path.name, "channel": "folder"})
            file._refuse(self.env._("This file is larger than 64 MB."))
            return file
        content = path.read_bytes()
        take = self._import if len(content) < LONG_BYTES else self._receive
        return take(content, path.name, channel="folder")

    @api.model
    def _put_away(self, path, name):
        target = path.parent / name
        target.mkdir(exist_ok=True)
        place, number = target / path.name, 1
        while place.exists():
            number += 1
            place = target / f"{path.stem}-{number}{path.suffix}"
        try:
            path.rename(place)
        except OSError as error:
            _logger.warning("Bank file %s cannot be moved: %s", path.name, error)
