"""A file of the bank, from the desktop to the transactions."""

import pathlib

from odoo.tests import tagged

from tests.e2e.common import FacturexHttpCase

SAMPLES = pathlib.Path(__file__).parents[2] / "addons/facturex_banking/tests/samples"


@tagged("post_install", "-at_install")
class TestImportTours(FacturexHttpCase):
    def test_drop_on_the_card(self):
        journal = self.company_data["default_journal_bank"]
        journal.set_bank_account("BE68539007547034")
        sample = self.env["ir.attachment"].create(
            {
                "name": "statement.cod",
                "raw": (SAMPLES / "own/demo.cod").read_bytes(),
                "public": True,
            }
        )
        self.browse_as(
            self.user, "facturex_drop_tour", cookies={"facturex_sample": str(sample.id)}
        )
        file = self.env["facturex.statement.file"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertRecordValues(
            file,
            [{"state": "done", "format": "coda", "new_count": 5, "channel": "upload"}],
        )
        self.assertTrue(file.st_line_ids.statement_id.is_complete)
