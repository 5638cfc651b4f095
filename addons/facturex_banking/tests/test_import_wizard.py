from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestImportWizard(FacturexBankingCommon):
    def _wizard(self, *files, **vals):
        wizard = self._as(self.env["facturex.statement.import"], self.user)
        attachments = wizard.env["ir.attachment"].create(
            [
                {"name": name, "raw": content, "res_model": wizard._name, "res_id": 0}
                for name, content in files
            ]
        )
        return wizard.create({"attachment_ids": attachments.ids, **vals})

    def _statement(self, number, amount=10):
        """Statements of consecutive days that chain."""
        return self._camt(
            self.iban,
            [{"amount": amount, "text": f"Statement {number}"}],
            opening=amount * (number - 1),
            number=number,
            date=f"2026-03-{number:02}",
        )

    def test_preview_then_import(self):
        known = ("known.xml", self._statement(1))
        self._import(known[1])
        wizard = self._wizard(
            known,
            ("new.xml", self._statement(2)),
            ("photo.jpg", b"\xff\xd8\xff" + bytes(50)),
            ("other.xml", self._camt(self.unknown_iban, [{"amount": 1}])),
        )
        action = wizard.action_preview()
        self.assertEqual(
            (action["res_model"], action["res_id"]), (wizard._name, wizard.id)
        )
        self.assertRecordValues(
            wizard, [{"state": "preview", "new_count": 1, "file_ids": []}]
        )
        self.assertRecordValues(
            wizard.line_ids,
            [
                {
                    "name": "known.xml",
                    "state": "previewed",
                    "new_count": 0,
                    "known_count": 1,
                    "journal_ids": self.journal.ids,
                },
                {
                    "name": "new.xml",
                    "state": "previewed",
                    "new_count": 1,
                    "known_count": 0,
                    "journal_ids": self.journal.ids,
                },
                {
                    "name": "other.xml",
                    "state": "failed",
                    "new_count": 0,
                    "known_count": 0,
                    "journal_ids": [],
                },
                {
                    "name": "photo.jpg",
                    "state": "failed",
                    "new_count": 0,
                    "known_count": 0,
                    "journal_ids": [],
                },
            ],
        )
        self.assertTrue(all(line.message for line in wizard.line_ids))
        register = self.env["facturex.statement.file"].search([])
        self.assertEqual(len(register), 1, "a preview is not in the register")
        wizard.action_import()
        self.assertEqual(wizard.state, "done")
        self.assertRecordValues(
            wizard.file_ids.sorted("name"),
            [
                {"name": "known.xml", "state": "done", "new_count": 0},
                {"name": "new.xml", "state": "done", "new_count": 1},
                {"name": "other.xml", "state": "failed", "new_count": 0},
                {"name": "photo.jpg", "state": "failed", "new_count": 0},
            ],
        )
        action = wizard.action_view_lines()
        lines = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(lines, wizard.file_ids.st_line_ids)
        self.assertEqual(lines.mapped("payment_ref"), ["Statement 2"])

    def test_files_are_imported_oldest_first(self):
        wizard = self._wizard(
            ("a.xml", self._statement(3)),
            ("b.xml", b"not a statement"),
            ("c.xml", self._statement(1)),
            ("d.xml", self._statement(2)),
        )
        wizard.action_import()
        self.assertEqual(
            wizard.file_ids.sorted("id").mapped("name"),
            ["c.xml", "d.xml", "a.xml", "b.xml"],
        )
        self.assertFalse(any(wizard.file_ids.mapped("warning")))
        statements = wizard.file_ids.st_line_ids.statement_id
        self.assertEqual(statements.mapped("is_valid"), [True] * 3)

    def test_import_twice(self):
        wizard = self._wizard(("a.xml", self._statement(1)))
        wizard.action_preview()
        wizard.action_import()
        wizard.action_import()
        self.assertRecordValues(wizard.file_ids, [{"new_count": 0, "known_count": 1}])

    def test_back_and_preview_again(self):
        wizard = self._wizard(("a.xml", self._statement(1)))
        wizard.action_preview()
        wizard.action_back()
        self.assertEqual(wizard.state, "upload")
        wizard.action_preview()
        self.assertEqual(len(wizard.line_ids), 1)

    def test_chosen_journal(self):
        wizard = self._wizard(
            ("a.xml", self._statement(1)),
            ("b.xml", self._camt(self.payer_iban, [{"amount": 1}])),
            journal_id=self.journal.id,
        )
        wizard.action_preview()
        self.assertEqual(wizard.line_ids.mapped("state"), ["previewed", "failed"])
        wizard.action_import()
        self.assertEqual(
            wizard.file_ids.sorted("id").mapped("state"), ["done", "failed"]
        )

    def test_nothing_chosen(self):
        wizard = self._wizard()
        for act in (wizard.action_preview, wizard.action_import):
            with self.assertRaisesRegex(UserError, "at least one"):
                act()
