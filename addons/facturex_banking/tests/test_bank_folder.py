"""The folder that a program of the bank fills."""

import os
import pathlib
import tempfile
import time
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import config

from ..models.facturex_statement_folder import OPTION
from .common import FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestBankFolder(FacturexBankingCommon):
    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.startPatcher(self._option(str(self.root)))
        self.folder = self.root / "ours"
        self.folder.mkdir()
        self.company.facturex_bank_folder = "ours"

    def _option(self, value):
        return patch.dict(config.options, {OPTION: value})

    def _leave(self, name, content, age=60):
        path = self.folder / name
        path.write_bytes(content)
        moment = time.time() - age
        os.utime(path, (moment, moment))
        return path

    def _read(self):
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            env = self.env(cr=cr, user=SUPERUSER_ID, context={})
            env["facturex.statement.file"]._cron_read_folders()
        self.env.invalidate_all()
        return self.env["facturex.statement.file"].search(
            [("company_id", "=", self.company.id), ("channel", "=", "folder")],
            order="id",
        )

    def _names(self):
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file()
        )

    def test_done_and_failed(self):
        good = self._camt(self.iban, [{"amount": 10, "text": "A"}])
        self._leave("a.xml", good)
        self._leave("b.xml", b"<Document>")
        self._leave("fresh.xml", good, age=0)
        self._leave(".hidden", good)
        files = self._read()
        self.assertEqual(
            [(f.name, f.state, f.new_count) for f in files],
            [("a.xml", "done", 1), ("b.xml", "failed", 0)],
        )
        self.assertTrue(files[1].activity_ids)
        self.assertEqual(
            self._names(), [".hidden", "done/a.xml", "failed/b.xml", "fresh.xml"]
        )

    def test_the_same_name_and_the_same_file_again(self):
        good = self._camt(self.iban, [{"amount": 10, "text": "A"}])
        for _ in range(2):
            self._leave("a.xml", good)
            files = self._read()
        self.assertEqual(files.mapped("new_count"), [1, 0])
        self.assertEqual(self._names(), ["done/a-2.xml", "done/a.xml"])

    def test_nothing_outside_the_servers_folder(self):
        for name in ("../elsewhere", "/etc", ".", "ours/../.."):
            with self.subTest(name), self.assertRaises(ValidationError):
                self.company.facturex_bank_folder = name
        target = self.root / "secret.xml"
        target.write_bytes(b"x")
        os.symlink(target, self.folder / "link.xml")
        self.assertFalse(self._read(), "a link is not followed")

    def test_without_a_folder_on_the_server(self):
        with self._option(""), self.assertRaises(ValidationError) as refusal:
            self.company.facturex_bank_folder = "other"
        self.assertIn(OPTION, str(refusal.exception))

    def test_who_may_set_it(self):
        with self.assertRaises(AccessError):
            self.company.with_user(self.user).facturex_bank_folder = "x"
