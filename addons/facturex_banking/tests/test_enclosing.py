"""Files that enclose each other, a whole batch undone, several files at once."""

from odoo.tests import tagged

from .common import FacturexBankingCommon

COLUMNS = (
    "account_id",
    "partner_id",
    "name",
    "balance",
    "amount_currency",
    "amount_residual",
    "reconciled",
    "matching_number",
)


@tagged("post_install", "-at_install")
class TestEnclosing(FacturexBankingCommon):
    DAYS = ((2, 5), (6, 7), (9, 100), (11, 0.5), (13, 20), (16, -3), (30, 1))

    def _file(self, first, last, opening, number=1):
        """A statement of some days of March, as the bank would send it."""
        before = sum(amount for day, amount in self.DAYS if day < first)
        entries = [
            {"date": f"2026-03-{day:02}", "amount": amount, "text": f"day {day}"}
            for day, amount in self.DAYS
            if first <= day <= last
        ]
        return self._camt(self.iban, entries, opening=opening + before, number=number)

    def _gaps(self):
        gaps = self._as(self.env["facturex.statement.gap"], self.user)
        return gaps.search([("journal_id", "=", self.journal.id)])

    def _statements(self):
        return self.env["account.bank.statement"].search(
            [("journal_id", "=", self.journal.id)], order="first_line_index"
        )

    def _check_once(self):
        lines = self.env["account.bank.statement.line"].search(
            [("journal_id", "=", self.journal.id)], order="date"
        )
        found = [(line.date.day, line.amount) for line in lines]
        self.assertEqual(found, list(self.DAYS), "each movement once")
        self.assertTrue(all(lines.mapped("statement_id")))

    def test_week_then_month(self):
        self._import(self._file(9, 13, 50, number=11))
        month = self._import(self._file(1, 31, 50, number=3))
        self.assertRecordValues(
            month, [{"state": "done", "new_count": 4, "known_count": 3}]
        )
        self.assertFalse(month.warning)
        self._check_once()
        self.assertRecordValues(
            self._statements(),
            [
                {"balance_start": 50, "balance_end_real": 62, "is_complete": True},
                {"balance_start": 62, "balance_end_real": 182.5, "is_complete": True},
                {
                    "balance_start": 182.5,
                    "balance_end_real": 180.5,
                    "is_complete": True,
                },
            ],
        )
        self.assertTrue(all(self._statements().mapped("is_valid")))
        self.assertFalse(self._gaps(), "one balance leads to the next")

    def test_month_then_week(self):
        self._import(self._file(1, 31, 50, number=3))
        week = self._import(self._file(9, 13, 50, number=11))
        self.assertRecordValues(week, [{"new_count": 0, "known_count": 3}])
        self._check_once()
        self.assertEqual(len(self._statements()), 1)
        self.assertFalse(self._gaps())

    def test_weeks_then_month_then_quarter(self):
        self._import(self._file(9, 10, 50, number=11))
        self._import(self._file(12, 14, 50, number=12))
        self._import(self._file(5, 20, 50, number=13))
        self._import(self._file(1, 31, 50, number=3))
        self._check_once()
        self.assertTrue(all(self._statements().mapped("is_valid")))
        self.assertTrue(all(self._statements().mapped("is_complete")))
        self.assertFalse(self._gaps())

    def test_month_around_a_week_with_another_balance_says_so(self):
        self._import(self._file(9, 13, 500, number=11))
        month = self._import(self._file(1, 31, 50, number=3))
        self._check_once()
        self.assertEqual(month.new_count, 4)
        self.assertTrue(self._gaps(), "the balances do not lead to each other")

    # ------------------------------------------------------------------
    # A whole batch
    # ------------------------------------------------------------------

    def _picture(self, lines):
        lines.invalidate_recordset()
        return [
            [item[name] for name in COLUMNS]
            for line in lines.sorted("import_key")
            for item in line.line_ids.sorted("id")
        ]

    def test_undo_of_a_batch_restores_suspense_exactly(self):
        invoices = [self._invoice(100 + n, partner=self.customer) for n in range(13)]
        bulk = self._as(self.env["facturex.bulk.bank"], self.user)
        values = [
            {
                "journal_id": self.journal.id,
                "date": "2026-03-10",
                "amount": invoice.amount_residual,
                "payment_ref": "paid",
                "partner_name": "Client Alpha",
                "import_key": f"key-{number:02}",
                "transaction_details": {
                    "structured_reference": "".join(
                        c for c in invoice.payment_reference if c.isdigit()
                    )
                },
            }
            for number, invoice in enumerate(invoices)
        ]
        with bulk._undone():
            never = self._picture(bulk._create_lines(values, match=False).lines)
        result = bulk._create_lines(values)
        lines = result.lines
        self.assertEqual(result.matched, lines)
        self.assertEqual({i.payment_state for i in invoices}, {"paid"})
        self.assertFalse(self._suspense(lines))
        lines.action_facturex_undo()
        self.assertEqual(self._picture(lines), never)
        self.assertEqual(
            sum(self._suspense(lines).mapped("balance")), -sum(lines.mapped("amount"))
        )
        self.assertEqual({i.payment_state for i in invoices}, {"not_paid"})
        self.assertEqual([i.amount_residual for i in invoices], lines.mapped("amount"))
        self.assertEqual(set(lines.mapped("facturex_match_state")), {"proposed"})
        self.assertFalse(any(lines.mapped("partner_id")))
        self.assertEqual(len(lines._facturex_match()), 13, "and matched again")
        self.assertEqual({i.payment_state for i in invoices}, {"paid"})

    # ------------------------------------------------------------------
    # Several files
    # ------------------------------------------------------------------

    def test_files_dropped_together_on_a_card(self):
        journal = self._as(self.journal, self.user)
        files = {
            "march.xml": self._file(1, 31, 50, number=3),
            "week.xml": self._file(9, 13, 50, number=11),
            "broken.xml": b"<Document>",
            "again.xml": self._file(9, 13, 50, number=11),
        }
        attachments = journal.env["ir.attachment"].create(
            [{"name": name, "raw": content} for name, content in files.items()]
        )
        Journal = journal.env["account.journal"].with_context(
            default_journal_id=journal.id
        )
        action = Journal.create_document_from_attachment(attachments.ids)
        wizard = journal.env[action["res_model"]].browse(action["res_id"])
        self.assertRecordValues(
            wizard.line_ids.sorted("name"),
            [
                {"name": "again.xml", "state": "previewed"},
                {"name": "broken.xml", "state": "failed"},
                {"name": "march.xml", "state": "previewed"},
                {"name": "week.xml", "state": "previewed"},
            ],
        )
        self.assertFalse(self._statements(), "a preview writes nothing")
        wizard.action_import()
        self.assertEqual(sum(wizard.file_ids.mapped("new_count")), len(self.DAYS))
        self.assertEqual(
            wizard.file_ids.filtered(lambda f: f.state == "failed").name, "broken.xml"
        )
        self._check_once()
        self.assertFalse(self._gaps())
