import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.facturex_statement_file_steps import LONG


class FacturexStatementImport(models.TransientModel):
    """Drop files, see what is new, import: one row per file all along."""

    _name = "facturex.statement.import"
    _description = "Import Bank Statements"

    journal_id = fields.Many2one(
        "account.journal",
        string="Bank Journal",
        domain="[('type', 'in', ('bank', 'credit'))]",
        help="Leave empty: the account number in the file tells.",
    )
    attachment_ids = fields.Many2many("ir.attachment", string="Files")
    state = fields.Selection(
        [("upload", "Upload"), ("preview", "Preview"), ("done", "Done")],
        default="upload",
    )
    line_ids = fields.One2many("facturex.statement.import.line", "wizard_id")
    new_count = fields.Integer(compute="_compute_counts")
    doubtful_count = fields.Integer(compute="_compute_counts")
    import_doubtful = fields.Boolean(
        string="Import the Doubtful Movements Too",
        help="They look like movements that are already there. Left out, they stay"
        " on the file, to be decided later.",
    )
    unknown_accounts = fields.Json(compute="_compute_counts")
    unknown_text = fields.Char(compute="_compute_counts")
    file_ids = fields.Many2many("facturex.statement.file", readonly=True)

    @api.depends("line_ids.new_count", "line_ids.doubtful_count")
    def _compute_counts(self):
        for wizard in self:
            lines = wizard.line_ids
            unknown = [tuple(pair) for line in lines for pair in line.unknown or ()]
            wizard.new_count = sum(lines.mapped("new_count"))
            wizard.doubtful_count = sum(lines.mapped("doubtful_count"))
            wizard.unknown_accounts = [list(pair) for pair in dict.fromkeys(unknown)]
            numbers = dict.fromkeys(number for number, _currency in unknown)
            wizard.unknown_text = ", ".join(numbers)

    def action_create_journals(self):
        """A bank journal for each unknown account, then the preview again."""
        self.ensure_one()
        self.env["facturex.statement.file"]._create_journals(self.unknown_accounts)
        return self.action_preview()

    def action_preview(self):
        """Read the files without writing anything but this screen."""
        self.ensure_one()
        files = self._sort_files(self._read_files())
        self.write(
            {
                "state": "preview",
                "line_ids": [fields.Command.clear()]
                + [
                    self._prepare_line_command(name, content) for name, content in files
                ],
            }
        )
        return self._reopen()

    def action_import(self):
        """Import for good. Refused files stay in the register with their reason."""
        self.ensure_one()
        File = self.env["facturex.statement.file"]
        files = File
        counts = {line.name: line.new_count for line in self.line_ids}
        for name, content in self._sort_files(self._read_files()):
            options = {
                "journal": self._journal_of(content, name),
                "doubtful": self.import_doubtful,
            }
            if counts.get(name, 0) > LONG:
                files += File._receive(content, name, count=counts[name], **options)
            else:
                files += File._import(content, name, **options)
        self.write({"state": "done", "file_ids": [fields.Command.set(files.ids)]})
        return self._reopen()

    def action_view_lines(self):
        self.ensure_one()
        return self.file_ids.action_view_lines()

    def action_back(self):
        self.ensure_one()
        self.state = "upload"
        return self._reopen()

    def _read_files(self):
        if not self.attachment_ids:
            raise UserError(self.env._("Choose at least one bank file."))
        return [
            (attachment.name, base64.b64decode(attachment.datas or b""))
            for attachment in self.attachment_ids
        ]

    @api.model
    def _sort_files(self, files):
        """Oldest statement first, so that each one finds the one before it."""
        File = self.env["facturex.statement.file"]
        return sorted(files, key=lambda file: File._first_date(*reversed(file)))

    def _journal_of(self, content, name):
        """The journal chosen, for the files that do not say of which account they are.

        With one file, the choice is checked against what the file says. Among several,
        each goes to the journal of its own account.
        """
        journal = self.journal_id
        if journal and len(self.attachment_ids) > 1:
            if self.env["facturex.statement.file"]._names_account(content, name):
                return None
        return journal or None

    def _prepare_line_command(self, name, content):
        preview = self.env["facturex.statement.file"]._import(
            content, name, journal=self._journal_of(content, name), dry=True
        )
        return fields.Command.create(
            {
                "name": name,
                "state": preview.state,
                "message": preview.message,
                "warning": preview.warning,
                "journal_ids": [fields.Command.set(preview.journal_ids.ids)],
                "new_count": preview.new_count,
                "known_count": preview.known_count,
                "doubtful_count": preview.doubtful_count,
                "unknown": preview.unknown_accounts,
            }
        )

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import bank statements"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            # a script that asked for the action finds no view by itself
            "views": [(False, "form")],
            "target": "new",
        }


class FacturexStatementImportLine(models.TransientModel):
    _name = "facturex.statement.import.line"
    _description = "Import Bank Statements: File"

    wizard_id = fields.Many2one(
        "facturex.statement.import", required=True, ondelete="cascade", index=True
    )
    name = fields.Char(string="File")
    state = fields.Selection(
        [("previewed", "Ready"), ("failed", "Refused")], readonly=True
    )
    message = fields.Text(string="Result")
    warning = fields.Text(string="Warnings")
    journal_ids = fields.Many2many("account.journal", string="Journals")
    new_count = fields.Integer(string="New")
    known_count = fields.Integer(string="Already Known")
    doubtful_count = fields.Integer(string="Doubtful")
    unknown = fields.Json()
