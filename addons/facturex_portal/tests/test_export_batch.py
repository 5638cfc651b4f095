import base64
import csv
import hashlib
import io

import psycopg2.errors
from openpyxl import load_workbook

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger
from odoo.tools.translate import code_translations

from odoo.addons.facturex_billing.tests.common import FacturexCommon


@tagged("post_install", "-at_install")
class TestExportBatch(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.full = cls.company_data["default_tax_sale"].copy(
            {"name": "Full", "amount": 21, "sequence": 1}
        )
        cls.low = cls.company_data["default_tax_sale"].copy(
            {"name": "Low", "amount": 6, "sequence": 2}
        )
        cls.usd = cls.setup_other_currency("USD", rates=[("2020-01-01", 1.25)])

    @classmethod
    def _sale(cls, *lines, day="2026-02-10", **vals):
        """A document with one line per (net amount, tax)."""
        return cls._invoice(
            due=day,
            invoice_line_ids=[
                fields.Command.create(
                    {"name": "Work", "price_unit": net, "tax_ids": tax.ids}
                )
                for net, tax in lines
            ],
            **vals,
        )

    def _batch(self, user=None, **vals):
        batch = self._as(self.env["facturex.export.batch"], user or self.accountant)
        return batch.create(vals)

    def _exported(self, **vals):
        batch = self._batch(**vals)
        batch.action_export()
        return batch

    def _content(self, batch):
        return base64.b64decode(batch.with_context(bin_size=False).content)

    def _rows(self, batch):
        """The CSV as the accountant's spreadsheet reads it."""
        text = self._content(batch).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    # ------------------------------------------------------------------
    # Period and documents
    # ------------------------------------------------------------------

    def test_last_month_by_default(self):
        batch = self._batch()
        self.assertRecordValues(
            batch,
            [
                {
                    "company_id": self.company.id,
                    "kind": "sales_journal",
                    "file_format": "xlsx",
                    "date_from": fields.Date.to_date("2026-02-01"),
                    "date_to": fields.Date.to_date("2026-02-28"),
                    "state": "draft",
                    "item_count": 0,
                }
            ],
        )
        self.assertIn("2026-02-01", batch.display_name)
        self.assertIn("2026-02-28", batch.display_name)

    def test_export(self):
        first = self._sale((100, self.full), (50, self.low))
        second = self._sale((10, self.full), day="2026-02-20")
        batch = self._exported()
        self.assertRecordValues(
            batch,
            [
                {
                    "state": "done",
                    "item_count": 2,
                    "amount_untaxed": 160.0,
                    "amount_tax": 26.1,
                    "amount_total": 186.1,
                    "checksum": hashlib.sha256(self._content(batch)).hexdigest(),
                }
            ],
        )
        self.assertRecordValues(
            batch.item_ids,
            [
                {
                    "move_id": first.id,
                    "partner_id": self.customer.id,
                    "date": fields.Date.to_date("2026-02-10"),
                    "amount_untaxed": 150.0,
                    "amount_tax": 24.0,
                    "amount_total": 174.0,
                },
                {
                    "move_id": second.id,
                    "partner_id": self.customer.id,
                    "date": fields.Date.to_date("2026-02-20"),
                    "amount_untaxed": 10.0,
                    "amount_tax": 2.1,
                    "amount_total": 12.1,
                },
            ],
        )
        self.assertRegex(
            batch.filename, r"^sales_journal_\w+_2026-02-01_2026-02-28\.xlsx$"
        )
        [message] = batch.message_ids.filtered("attachment_ids")
        self.assertEqual(message.attachment_ids.name, batch.filename)
        self.assertEqual(message.attachment_ids.raw, self._content(batch))

    def test_totals_are_those_of_the_ledger(self):
        self._sale((99.99, self.full), (0.05, self.low))
        self._sale((33.33, self.low), day="2026-02-28")
        self._sale((12.34, self.full), move_type="out_refund")
        self._sale((70, self.full), currency_id=self.usd.id)
        batch = self._exported()
        ledger = self.env["account.move.line"].search(
            [
                ("company_id", "=", self.company.id),
                ("journal_id.type", "=", "sale"),
                ("parent_state", "=", "posted"),
                ("date", ">=", batch.date_from),
                ("date", "<=", batch.date_to),
            ]
        )
        sums = {
            "amount_untaxed": ledger.filtered(
                lambda line: line.account_type.startswith("income")
            ),
            "amount_tax": ledger.filtered("tax_line_id"),
        }
        for name, lines in sums.items():
            self.assertAlmostEqual(batch[name], -sum(lines.mapped("balance")), 2)
        claims = ledger.filtered(lambda line: line.account_type == "asset_receivable")
        self.assertAlmostEqual(batch.amount_total, sum(claims.mapped("balance")), 2)

    def test_only_posted_sales_of_the_period(self):
        inside = self._sale((1, self.full), day="2026-02-01") | self._sale(
            (2, self.full), day="2026-02-28"
        )
        receipt = self._sale((3, self.full), move_type="out_receipt")
        self._sale((10, self.full), day="2026-01-31")
        self._sale((20, self.full), day="2026-03-01")
        self._sale((30, self.full), post=False)
        self._sale((40, self.full)).button_cancel()
        self._invoice(50, due="2026-02-10", move_type="in_invoice")
        self.assertEqual(self._exported().item_ids.move_id, inside | receipt)

    def test_only_the_company(self):
        mine = self._sale((1, self.full))
        foreign = (
            self.env["account.move"]
            .with_company(self.other_company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": "2026-02-10",
                    "invoice_line_ids": [
                        fields.Command.create({"name": "Work", "price_unit": 5})
                    ],
                }
            )
        )
        foreign.action_post()
        self.accountant.company_ids += self.other_company
        batch = self._batch().with_context(
            allowed_company_ids=(self.company + self.other_company).ids
        )
        batch.action_export()
        self.assertEqual(batch.item_ids.move_id, mine)

    def test_credit_notes_are_negative(self):
        refund = self._sale((100, self.full), move_type="out_refund")
        batch = self._exported(file_format="csv")
        self.assertRecordValues(
            batch.item_ids,
            [
                {
                    "move_id": refund.id,
                    "amount_untaxed": -100.0,
                    "amount_tax": -21.0,
                    "amount_total": -121.0,
                }
            ],
        )
        [row] = self._rows(batch)
        self.assertEqual(
            (row["Net"], row["Tax"], row["Total"]), ("-100,00", "-21,00", "-121,00")
        )

    def test_nothing_is_not_negative(self):
        self._sale((100, self.env["account.tax"]), move_type="out_refund")
        [row] = self._rows(self._exported(file_format="csv"))
        self.assertEqual((row["Net"], row["Tax"]), ("-100,00", "0,00"))

    def test_foreign_currency_is_converted(self):
        self._sale((100, self.full), currency_id=self.usd.id)
        self.assertRecordValues(
            self._exported(),
            [{"amount_untaxed": 80.0, "amount_tax": 16.8, "amount_total": 96.8}],
        )

    def test_view_documents(self):
        invoice = self._sale((1, self.full))
        action = self._exported().action_view_documents()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, invoice)

    # ------------------------------------------------------------------
    # Files
    # ------------------------------------------------------------------

    def test_xlsx(self):
        self._sale((100, self.full), (50, self.low))
        self._sale((30, self.full), move_type="out_refund")
        batch = self._exported()
        book = load_workbook(io.BytesIO(self._content(batch)))
        documents, taxes = book.worksheets
        rows = list(documents.values)
        self.assertEqual(rows[0][-3:], ("Net", "Tax", "Total"))
        self.assertEqual(len(rows), 2 + batch.item_count)
        self.assertEqual(rows[-1][0], "Total")
        totals = (batch.amount_untaxed, batch.amount_tax, batch.amount_total)
        for column, total in zip((-3, -2, -1), totals, strict=True):
            self.assertAlmostEqual(rows[-1][column], total, 2)
            self.assertAlmostEqual(sum(row[column] for row in rows[1:-1]), total, 2)
        self.assertEqual(
            [row[1] for row in rows[1:-1]], batch.item_ids.move_id.mapped("name")
        )
        self.assertEqual(
            list(taxes.values),
            [("Tax", "Base", "Amount"), ("Full", 70, 14.7), ("Low", 50, 3)],
        )

    def test_csv(self):
        self.customer.write({"name": "=SUM(A1) & Co", "vat": "BE0477472701"})
        invoice = self._sale((1234.5, self.full))
        batch = self._exported(file_format="csv")
        self.assertTrue(batch.filename.endswith(".csv"))
        [row] = self._rows(batch)
        self.assertEqual(
            row,
            {
                "Date": "2026-02-10",
                "Number": invoice.name,
                "Journal": invoice.journal_id.code,
                "Customer": "'=SUM(A1) & Co",
                "VAT number": "BE0477472701",
                "Country": "BE",
                "Due date": "2026-02-10",
                "Reference": "'" + invoice.payment_reference,
                "Net": "1234,50",
                "Tax": "259,25",
                "Total": "1493,75",
            },
        )

    def test_headers_in_the_language_of_the_reader(self):
        if not code_translations.get_python_translations("facturex_portal", "fr_FR"):
            self.skipTest("no French yet")
        self.env["res.lang"]._activate_lang("fr_FR")
        self._sale((1, self.full))
        batch = self._batch(file_format="csv").with_context(lang="fr_FR")
        batch.action_export()
        self.assertNotIn("Customer", self._rows(batch)[0])

    # ------------------------------------------------------------------
    # Once, and kept
    # ------------------------------------------------------------------

    def test_export_twice(self):
        self._sale((1, self.full))
        batch = self._exported()
        content = batch.checksum
        self._sale((2, self.full))
        with self.assertRaisesRegex(ValidationError, "already exported"):
            batch.action_export()
        self.assertRecordValues(batch, [{"item_count": 1, "checksum": content}])

    def test_empty_period(self):
        batch = self._batch()
        with self.assertRaises(UserError) as refusal:
            batch.action_export()
        self.assertIn("2026-02-01 and 2026-02-28", str(refusal.exception))
        self.assertEqual(batch.state, "draft")
        # and it can be done once there is something
        self._sale((1, self.full))
        batch.action_export()
        self.assertEqual(batch.state, "done")

    def test_period_that_ends_before_it_starts(self):
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
        ):
            self._batch(date_from="2026-02-28", date_to="2026-02-01")

    def test_handed_over_is_kept(self):
        self._sale((1, self.full))
        draft, done = self._batch(), self._exported()
        with self.assertRaisesRegex(UserError, "is kept"):
            (draft | done).unlink()
        draft.unlink()
        self.assertTrue(done.exists())

    def test_copy_starts_again(self):
        self._sale((1, self.full))
        self.assertRecordValues(
            self._exported().copy(),
            [{"state": "draft", "item_count": 0, "content": False, "checksum": False}],
        )

    def test_amounts_do_not_change_afterwards(self):
        invoice = self._sale((100, self.full))
        batch = self._exported()
        handed_over = [{"amount_untaxed": 100.0, "amount_total": 121.0}]
        # a credit note of March
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"journal_id": invoice.journal_id.id}).reverse_moves()
        invoice.reversal_move_ids.action_post()
        self.assertRecordValues(batch, handed_over)
        march = self._exported(date_from="2026-03-01", date_to="2026-03-31")
        self.assertRecordValues(
            march.item_ids,
            [{"move_id": invoice.reversal_move_ids.id, "amount_total": -121.0}],
        )

    def test_amounts_do_not_follow_a_corrected_invoice(self):
        invoice = self._sale((100, self.full))
        batch = self._exported()
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 500
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 605)
        batch.invalidate_recordset()
        self.assertRecordValues(
            batch.item_ids, [{"amount_untaxed": 100.0, "amount_total": 121.0}]
        )
        self.assertRecordValues(
            batch, [{"amount_untaxed": 100.0, "amount_total": 121.0}]
        )

    # ------------------------------------------------------------------
    # Who may
    # ------------------------------------------------------------------

    def test_plain_user_reads_only(self):
        self._sale((1, self.full))
        done, draft = self._exported(), self._batch()
        seen = self._as(done, self.user)
        self.assertEqual(seen.item_ids.move_id.mapped("amount_untaxed"), [1.0])
        self.assertEqual(self._content(seen), self._content(done))
        for act in (
            self._as(draft, self.user).action_export,
            lambda: self._batch(user=self.user),
            lambda: seen.item_ids.write({"amount_total": 0}),
            self._as(draft, self.user).unlink,
        ):
            with self.assertRaises(AccessError):
                act()
        self.assertEqual(draft.state, "draft")

    def test_other_company_sees_nothing(self):
        self._sale((1, self.full))
        batch = self._exported()
        for record in (batch, batch.item_ids):
            with self.subTest(model=record._name):
                foreign = self._as(record, self.other_user)
                self.assertFalse(foreign.search([]) & record)
                with self.assertRaises(AccessError):
                    foreign.read(["display_name"])
        with self.assertRaises(AccessError):
            self._as(self._batch(), self.other_user).action_export()

    def test_portal_and_employee_see_nothing(self):
        self._sale((1, self.full))
        batch = self._exported()
        portal = new_test_user(self.env, login="fx_portal", groups="base.group_portal")
        employee = new_test_user(
            self.env,
            login="fx_employee",
            groups="base.group_user",
            company_id=self.company.id,
        )
        for user in (portal, employee):
            for record in (batch, batch.item_ids):
                with self.assertRaises(AccessError):
                    record.with_user(user).read(["display_name"])
