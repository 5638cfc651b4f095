import base64
import hashlib
from unittest.mock import patch

import psycopg2.errors

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.translate import code_translations

from .common import DAY, FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestStatementFile(FacturexBankingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.File = cls.env["facturex.statement.file"]

    def _lines(self, journal=None):
        return self.env["account.bank.statement.line"].search(
            [("journal_id", "=", (journal or self.journal).id)], order="date, id"
        )

    def _statements(self):
        return self.env["account.bank.statement"].search(
            [("journal_id", "=", self.journal.id)], order="first_line_index"
        )

    def _days(self, first, last, opening, number=1, amount=10):
        """One movement a day of March, as a bank that gives no identifier."""
        entries = [
            {"amount": amount, "date": f"2026-03-{day:02}", "text": f"Day {day}"}
            for day in range(first, last + 1)
        ]
        return self._camt(self.iban, entries, opening, number)

    def assertRefused(self, file, *words):
        """In the register with its original and the reason, and nothing else."""
        self.assertRecordValues(
            file,
            [
                {
                    "state": "failed",
                    "line_count": 0,
                    "new_count": 0,
                    "known_count": 0,
                    "journal_ids": [],
                    "warning": False,
                }
            ],
        )
        self.assertEqual(base64.b64decode(file.content), file._original())
        self.assertFalse(file.st_line_ids)
        self.assertFalse(self._lines() | self._lines(self.other_journal))
        self.assertFalse(self._statements())
        for word in words:
            self.assertIn(word, file.message)

    # ------------------------------------------------------------------
    # What an import makes
    # ------------------------------------------------------------------

    def test_the_original_is_kept_once_and_not_indexed(self):
        content = self._days(1, 3, 0)
        file = self._import(content, name="march.xml")
        self.assertEqual(file.with_user(self.user).content, base64.b64encode(content))
        kept = self.env["ir.attachment"].search(
            [
                ("res_model", "=", file._name),
                ("res_id", "=", file.id),
                ("res_field", "in", ("content", False)),
            ]
        )
        self.assertRecordValues(
            kept, [{"res_field": "content", "index_content": False, "raw": content}]
        )

    def test_the_original_of_another_company_is_not_read(self):
        file = self._import(self._days(1, 3, 0))
        with self.assertRaises(AccessError):
            self._as(file, self.other_user)._original()

    def test_import(self):
        content = self._camt(
            self.iban,
            [
                {
                    "amount": 121.0,
                    "reference": "+++202/6000/12320+++",
                    "name": "Client Alpha SA",
                    "iban": self.payer_iban,
                    "bank_id": "B-1",
                },
                {"amount": -4.35, "text": "Monthly fee", "date": "2026-03-11"},
            ],
            opening=1000,
            number=7,
        )
        file = self._import(content, name="march.xml")
        self.assertRecordValues(
            file,
            [
                {
                    "name": "march.xml",
                    "state": "done",
                    "company_id": self.company.id,
                    "format": "camt.053",
                    "checksum": hashlib.sha256(content).hexdigest(),
                    "journal_ids": self.journal.ids,
                    "line_count": 2,
                    "new_count": 2,
                    "known_count": 0,
                    "matched_count": 0,
                    "message": "2 new movements, 0 already known.",
                }
            ],
        )
        self.assertRecordValues(
            self._statements(),
            [
                {
                    "name": "7",
                    "reference": "march.xml",
                    "date": fields.Date.to_date("2026-03-11"),
                    "balance_start": 1000.0,
                    "balance_end": 1116.65,
                    "balance_end_real": 1116.65,
                    "is_complete": True,
                    "is_valid": True,
                }
            ],
        )
        lines = self._lines()
        self.assertRecordValues(
            lines,
            [
                {
                    "date": fields.Date.to_date(DAY),
                    "amount": 121.0,
                    "payment_ref": "202600012320",
                    "partner_name": "Client Alpha SA",
                    "account_number": self.payer_iban,
                    "facturex_file_id": file.id,
                    "facturex_match_state": "none",
                    "state": "posted",
                    "is_reconciled": False,
                },
                {
                    "date": fields.Date.to_date("2026-03-11"),
                    "amount": -4.35,
                    "payment_ref": "Monthly fee",
                    "partner_name": False,
                    "account_number": False,
                    "facturex_file_id": file.id,
                    "facturex_match_state": "none",
                    "state": "posted",
                    "is_reconciled": False,
                },
            ],
        )
        self.assertEqual(file.st_line_ids, lines)
        self.assertEqual(lines.create_uid, self.user)
        # what the bank identifies is known by its identifier, the rest by content
        self.assertRegex(lines[0].import_key, r"^camt:[0-9a-f]{40}:1$")
        self.assertRegex(lines[1].import_key, r"^fp:[0-9a-f]{40}:1$")
        details = lines[0].transaction_details
        self.assertEqual(details["structured_reference"], "202600012320")
        self.assertEqual(details["bank_id"], "B-1")
        self.assertEqual(details["value_date"], DAY)
        self.assertIn("Client Alpha SA", details["raw"])

    def test_view_lines(self):
        file = self._import(self._days(1, 3, 0))
        action = file.action_view_lines()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, file.st_line_ids)

    def test_movement_that_says_nothing(self):
        self._import(self._camt(self.iban, [{"amount": 5}, {"amount": 6, "name": "P"}]))
        self.assertEqual(self._lines().mapped("payment_ref"), ["/", "P"])

    def test_each_account_of_a_file_goes_to_its_journal(self):
        second = self.journal.copy({"code": "BNK9"})
        second.set_bank_account(self.payer_iban)
        file = self._import(
            self._camt_file(
                {"account": self.iban, "entries": [{"amount": 10}]},
                {"account": self.payer_iban, "entries": [{"amount": 20}]},
            )
        )
        self.assertEqual(file.journal_ids, self.journal | second)
        self.assertEqual(self._lines().mapped("amount"), [10])
        self.assertEqual(self._lines(second).mapped("amount"), [20])

    def test_report_of_the_day_has_no_statement(self):
        report = self._camt_file(
            {"account": self.iban, "entries": [{"amount": 10, "bank_id": "B-1"}]},
            message="052",
        )
        file = self._import(report)
        self.assertRecordValues(file, [{"state": "done", "format": "camt.052"}])
        self.assertRecordValues(
            self._lines(), [{"amount": 10.0, "statement_id": False, "state": "posted"}]
        )

    def test_statement_of_the_evening_tells_nothing_new(self):
        self._check_evening({"amount": 10, "bank_id": "B-1"})

    def test_statement_of_the_evening_tells_more(self):
        self._check_evening(
            {"amount": 10, "bank_id": "B-1"}, {"amount": 5, "bank_id": "B-2"}
        )

    def _check_evening(self, told, *late):
        """It holds what the report of the day told, so that the balances chain."""
        self._import(self._days(9, 9, opening=90))
        self._import(
            self._camt_file(
                {"account": self.iban, "entries": [told], "opening": 100},
                message="052",
            )
        )
        file = self._import(self._camt(self.iban, [told, *late], opening=100))
        self.assertRecordValues(file, [{"new_count": len(late), "known_count": 1}])
        self.assertFalse(file.warning)
        statement = self._statements()[-1]
        self.assertEqual(len(statement.line_ids), 1 + len(late))
        self.assertRecordValues(
            statement, [{"balance_start": 100, "is_complete": True, "is_valid": True}]
        )

    def test_reports_of_one_day_are_no_gap(self):
        self._import(self._days(9, 9, opening=90))
        entries = [{"amount": 10, "bank_id": "B-1"}, {"amount": 5, "bank_id": "B-2"}]
        for number in (1, 2):
            file = self._import(
                self._camt_file(
                    {"account": self.iban, "entries": entries[:number], "opening": 100},
                    message="052",
                )
            )
            self.assertEqual(file.new_count, 1)
            self.assertFalse(file.warning)

    # ------------------------------------------------------------------
    # Once and only once
    # ------------------------------------------------------------------

    def test_same_file_again(self):
        content = self._days(1, 3, 0)
        first = self._import(content)
        lines = self._lines()
        again = self._import(content)
        renamed = self._import(content, name="renamed (1).xml")
        self.assertEqual(self._lines(), lines)
        self.assertEqual(len(self._statements()), 1)
        self.assertRecordValues(
            first | again | renamed,
            [
                {"state": "done", "new_count": 3, "known_count": 0},
                {"state": "done", "new_count": 0, "known_count": 3},
                {"state": "done", "new_count": 0, "known_count": 3},
            ],
        )
        self.assertEqual(
            renamed.message,
            "Nothing new: the 3 movements of this file are already there.",
        )
        register = self._as(self.File, self.user).search([])
        self.assertEqual(register, renamed | again | first)

    def test_other_line_ends_and_encoding(self):
        content = self._days(1, 3, 0)
        self._import(content)
        text = content.decode().replace("\n", "\r\n")
        text = text.replace('encoding="UTF-8"', 'encoding="UTF-16"')
        again = self._import(text.encode("utf-16"))
        self.assertRecordValues(again, [{"new_count": 0, "known_count": 3}])

    def test_overlap_is_the_union(self):
        self._import(self._days(1, 10, opening=500))
        file = self._import(self._days(8, 15, opening=570, number=2))
        self.assertRecordValues(
            file,
            [
                {
                    "new_count": 5,
                    "known_count": 3,
                    "message": "5 new movements, 3 already known.",
                }
            ],
        )
        self.assertFalse(file.warning)
        self.assertEqual([line.date.day for line in self._lines()], [*range(1, 16)])
        self.assertRecordValues(
            self._statements(),
            [
                {"balance_start": 500, "balance_end_real": 600, "is_complete": True},
                {"balance_start": 600, "balance_end_real": 650, "is_complete": True},
            ],
        )
        self.assertEqual(self._statements().mapped("is_valid"), [True, True])

    def test_overlap_is_no_gap(self):
        self._import(self._days(1, 3, opening=0))
        self._import(self._days(4, 10, opening=30, number=2))
        file = self._import(self._days(8, 15, opening=70, number=3))
        self.assertFalse(file.warning)
        self.assertTrue(all(self._statements().mapped("is_valid")))

    def test_overlap_in_reverse_order(self):
        self._import(self._days(8, 15, opening=570, number=2))
        file = self._import(self._days(1, 10, opening=500))
        self.assertRecordValues(file, [{"new_count": 7, "known_count": 3}])
        self.assertFalse(file.warning)
        self.assertRecordValues(
            self._statements(),
            [
                {"balance_start": 500, "balance_end_real": 570, "is_complete": True},
                {"balance_start": 570, "balance_end_real": 650, "is_complete": True},
            ],
        )
        self.assertEqual(self._statements().mapped("is_valid"), [True, True])

    def test_hole_filled_between_two_files(self):
        self._import(self._days(1, 4, opening=0))
        self._import(self._days(8, 9, opening=70, number=3))
        file = self._import(self._days(3, 8, opening=20, number=2))
        self.assertRecordValues(file, [{"new_count": 3, "known_count": 3}])
        self.assertFalse(file.warning)
        self.assertEqual(self._statements().mapped("is_complete"), [True] * 3)
        self.assertEqual(self._statements().mapped("is_valid"), [True] * 3)

    def test_twins_of_one_day_are_kept(self):
        twin = {"amount": 2.5, "text": "Parking"}
        first = self._import(self._camt(self.iban, [twin, twin]))
        self.assertRecordValues(first, [{"new_count": 2, "known_count": 0}])
        # the bank adds a third one in the next download
        second = self._import(self._camt(self.iban, [twin, twin, twin]))
        self.assertRecordValues(second, [{"new_count": 1, "known_count": 2}])
        self.assertEqual(self._lines().mapped("amount"), [2.5] * 3)
        self.assertEqual(
            [line.import_key[-2:] for line in self._lines()], [":1", ":2", ":3"]
        )

    def test_same_movement_on_two_accounts(self):
        second = self.journal.copy({"code": "BNK9"})
        second.set_bank_account(self.payer_iban)
        for account in (self.iban, self.payer_iban):
            file = self._import(self._camt(account, [{"amount": 5, "text": "Fee"}]))
            self.assertEqual(file.new_count, 1)

    def test_key_is_unique_in_the_database(self):
        self._import(self._days(1, 1, 0))
        line = self._lines()
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
        ):
            self._line(10, import_key=line.import_key)
        # lines that no file brought have no key, as many as one likes
        self.assertEqual(len(self._line(1) | self._line(1)), 2)

    def test_two_imports_at_once(self):
        """The other one has just written: this one must not see it nor half write."""
        content = self._days(1, 3, 0)
        self._import(content)
        before = self._lines()
        with (
            patch.object(type(self.File), "_known_lines", return_value=([], {})),
            mute_logger("odoo.sql_db"),
        ):
            file = self._import(content)
        self.assertRecordValues(file, [{"state": "failed", "new_count": 0}])
        self.assertIn("right now", file.message)
        self.assertFalse(file.st_line_ids)
        self.assertEqual(self._lines(), before)
        self.assertEqual(len(self._statements()), 1)

    def test_failing_match_does_not_lose_the_import(self):
        Line = self.env.registry["account.bank.statement.line"]
        oops = UserError("Oops")
        with patch.object(Line, "_facturex_decide_values", side_effect=oops):
            file = self._import(self._days(1, 3, 0))
        self.assertRecordValues(file, [{"state": "done", "new_count": 3}])
        self.assertEqual(len(self._lines()), 3)
        self.assertIn("Oops", file.message_ids[:1].body)

    # ------------------------------------------------------------------
    # Statements
    # ------------------------------------------------------------------

    def test_statements_chain(self):
        for number in range(3):
            file = self._import(
                self._days(number + 1, number + 1, 10 * number, number + 1)
            )
            self.assertFalse(file.warning)
        self.assertRecordValues(
            self._statements(),
            [
                {"name": "1", "balance_start": 0, "balance_end_real": 10},
                {"name": "2", "balance_start": 10, "balance_end_real": 20},
                {"name": "3", "balance_start": 20, "balance_end_real": 30},
            ],
        )
        self.assertTrue(all(self._statements().mapped("is_complete")))
        self.assertTrue(all(self._statements().mapped("is_valid")))

    def test_two_statements_of_one_day_chain(self):
        for number in range(2):
            entries = [{"amount": 10, "text": f"Part {number}"}]
            file = self._import(
                self._camt(self.iban, entries, 10 * number, number=number + 1)
            )
            self.assertFalse(file.warning)
        self.assertEqual(self._statements().mapped("is_valid"), [True, True])

    def test_statements_of_a_file_newest_first(self):
        days = [
            {
                "account": self.iban,
                "entries": [{"amount": 10}],
                "opening": 10 * day,
                "number": day,
                "date": f"2026-03-{day:02}",
            }
            for day in (3, 2, 1)
        ]
        file = self._import(self._camt_file(*days))
        self.assertEqual(file.new_count, 3)
        self.assertFalse(file.warning)
        self.assertEqual(self._statements().mapped("is_valid"), [True] * 3)

    def test_gap_warns_with_figures(self):
        self._import(self._days(1, 2, opening=100))
        file = self._import(self._days(5, 6, opening=151.5, number=3))
        self.assertEqual(file.state, "done")
        for word in ("Statement 3", "03/05/2026", "151.50", "120.00", "missing"):
            self.assertIn(word, file.warning)
        self.assertEqual(self._statements().mapped("is_complete"), [True, True])
        self.assertEqual(self._statements().mapped("is_valid"), [True, False])

    def test_gap_inside_a_file(self):
        file = self._import(
            self._camt_file(
                {"account": self.iban, "entries": [{"amount": 10}], "number": 1},
                {
                    "account": self.iban,
                    "entries": [{"amount": 10, "date": "2026-03-12"}],
                    "opening": 25,
                    "number": 3,
                },
            )
        )
        self.assertEqual(file.new_count, 2)
        self.assertIn("25.00", file.warning)
        self.assertIn("10.00", file.warning)

    def test_sums_that_do_not_add_up_are_left_to_a_person(self):
        invoice = self._invoice(100)
        entries = [{"amount": 100, "reference": invoice.payment_reference}]
        file = self._import(self._camt(self.iban, entries, opening=50, closing=149))
        self.assertRecordValues(
            file, [{"state": "done", "new_count": 1, "matched_count": 0}]
        )
        for word in ("50", "100", "149", "1.00"):
            self.assertIn(word, file.warning)
        self.assertRecordValues(self._statements(), [{"is_complete": False}])
        self.assertRecordValues(
            self._lines(),
            [{"is_reconciled": False, "facturex_match_state": "proposed"}],
        )
        # not even when somebody looks again; a person may accept
        self._lines().action_facturex_match()
        self.assertEqual(invoice.payment_state, "not_paid")
        self._as(self._lines(), self.user).facturex_proposal_ids.action_accept()
        self.assertEqual(invoice.payment_state, "paid")

    # ------------------------------------------------------------------
    # Accounts
    # ------------------------------------------------------------------

    def test_chosen_journal_of_another_account(self):
        file = self._import(
            self._camt(self.payer_iban, [{"amount": 1}]), journal=self.journal
        )
        self.assertRefused(file, self.payer_iban, self.iban, self.journal.name)

    def test_chosen_journal_without_account(self):
        journal = self.journal.copy({"code": "BNK9"})
        journal.bank_account_id = False
        file = self._import(self._camt(self.iban, [{"amount": 1}]), journal=journal)
        self.assertRefused(file, self.iban, journal.name)

    def test_unknown_account(self):
        file = self._import(self._camt(self.unknown_iban, [{"amount": 1}]))
        self.assertRefused(file, self.unknown_iban, self.company.name)

    def test_account_of_another_company_of_the_user(self):
        self.user.company_ids += self.other_company
        file = self._import(
            self._camt(self.other_iban, [{"amount": 1}]),
            allowed_company_ids=(self.company + self.other_company).ids,
        )
        self.assertRefused(file, self.other_iban, self.other_company.name)

    def test_chosen_journal_of_another_company(self):
        self.user.company_ids += self.other_company
        file = self._import(
            self._camt(self.other_iban, [{"amount": 1}]),
            journal=self.other_journal,
            allowed_company_ids=(self.company + self.other_company).ids,
        )
        self.assertRefused(file, self.other_company.name)

    def test_account_of_a_company_that_is_not_the_users(self):
        """Not even its name is told."""
        file = self._import(self._camt(self.other_iban, [{"amount": 1}]))
        self.assertRefused(file, self.other_iban)
        self.assertNotIn(self.other_company.name, file.message)

    def test_currency_of_another_account(self):
        content = self._camt(self.iban, [{"amount": 1}], currency="USD")
        self.assertRefused(self._import(content), "USD", "EUR")
        self.assertRefused(self._import(content, journal=self.journal), "USD", "EUR")

    def test_one_account_of_two_is_unknown(self):
        file = self._import(
            self._camt_file(
                {"account": self.iban, "entries": [{"amount": 10}]},
                {"account": self.unknown_iban, "entries": [{"amount": 20}]},
            )
        )
        self.assertRecordValues(
            file, [{"state": "done", "line_count": 1, "new_count": 1}]
        )
        self.assertIn(self.unknown_iban, file.warning)
        self.assertEqual(self._lines().mapped("amount"), [10])

    def test_account_number_is_read_without_blanks(self):
        self.assertIn(" ", self.journal.bank_account_id.acc_number)
        content = self._camt(self.iban, [{"amount": 1}])
        self.assertEqual(self._import(content, journal=self.journal).state, "done")

    # ------------------------------------------------------------------
    # Refused files
    # ------------------------------------------------------------------

    def test_refused_files(self):
        good = self._days(1, 3, 0)
        doctype = good.replace(
            b"<Document", b'<!DOCTYPE x [<!ENTITY a "b">]><Document', 1
        )
        for name, content, word in [
            ("empty", b"", "empty"),
            ("picture", b"\x89PNG\r\n\x1a\n" + bytes(100), "not a bank statement"),
            ("letter", b"Dear bank, how are you?", "letter.xml"),
            ("doctype", doctype, "DOCTYPE"),
            ("other account", good.replace(self.iban.encode(), b""), "missing"),
        ]:
            with self.subTest(name):
                file = self._import(content, name=f"{name}.xml")
                self.assertRecordValues(
                    file, [{"state": "failed", "new_count": 0, "warning": False}]
                )
                self.assertIn(word, file.message)
                self.assertFalse(self._lines())
                self.assertFalse(self._statements())

    def test_original_of_a_refused_file_is_kept(self):
        content = b"not a bank file \xff\xfe"
        file = self._import(content)
        self.assertRefused(file)
        self.assertEqual(
            self._as(file, self.user).with_context(bin_size=False).content,
            b"bm90IGEgYmFuayBmaWxlIP/+",
        )

    def test_truncated_wherever(self):
        good = self._days(1, 3, 0)
        for tenth in range(1, 10):
            with self.subTest(tenth=tenth):
                file = self._import(good[: len(good) * tenth // 10])
                self.assertRecordValues(file, [{"state": "failed", "new_count": 0}])
                self.assertTrue(file.message)
        self.assertFalse(self._lines())
        self.assertFalse(self._statements())
        # nothing is left behind that would keep the good one out
        self.assertEqual(self._import(good).new_count, 3)

    def test_message_tells_the_place(self):
        content = self._days(1, 1, 0).replace(
            b"<BookgDt><Dt>2026", b"<BookgDt><Dt>20X6"
        )
        file = self._import(content)
        self.assertRefused(file, "Line ", "20X6-03-01 is not a date")

    def test_locked_period_is_refused_with_the_way_out(self):
        """Odoo would book it on the first open day, without a word."""
        self.company.sudo().fiscalyear_lock_date = "2026-03-02"
        content = self._days(1, 3, 0)
        self.assertRefused(
            self._import(content), "2 new movements", "closed until", "reopen"
        )
        preview = self._import(content, dry=True)
        self.assertEqual(preview.state, "failed")
        self.company.sudo().fiscalyear_lock_date = "2026-02-28"
        self.assertEqual(self._import(content).new_count, 3)

    def test_archived_journal_is_refused_with_the_way_out(self):
        content = self._days(1, 1, 0)
        self.journal.sudo().active = False
        self.assertRefused(self._import(content), "archived", self.iban, "Unarchive")

    def test_messages_in_the_language_of_the_user(self):
        if not code_translations.get_python_translations("facturex_banking", "fr_FR"):
            self.skipTest("no French yet")
        self.env["res.lang"]._activate_lang("fr_FR")
        content = self._days(1, 3, 0)
        cases = [
            (b"", {}),
            (content[:500], {}),
            (self._camt(self.unknown_iban, [{"amount": 1}]), {}),
            (self._camt(self.iban, [{"amount": 1}], currency="USD"), {}),
            (self._camt(self.payer_iban, []), {"journal": self.journal}),
            (content, {}),
        ]
        for content, options in cases:
            english = self._import(content, dry=True, **options).message
            french = self._import(content, dry=True, lang="fr_FR", **options).message
            with self.subTest(english=english):
                self.assertTrue(french)
                self.assertNotEqual(french, english)

    # ------------------------------------------------------------------
    # Preview
    # ------------------------------------------------------------------

    def test_dry_decides_the_same_and_writes_nothing(self):
        self._import(self._days(1, 4, opening=0))
        names = ["message", "warning", "line_count", "new_count", "known_count"]
        for content, journal, state in [
            (self._days(3, 8, opening=20), None, "previewed"),
            (self._days(6, 9, opening=999), None, "previewed"),
            (self._camt(self.payer_iban, [{"amount": 1}]), self.journal, "failed"),
            (b"", None, "failed"),
        ]:
            with self.assertNothingWritten():
                dry = self._import(content, journal=journal, dry=True)
                self.assertEqual(dry.state, state)
                expected = {name: dry[name] for name in names}
                journals = dry.journal_ids.ids
            self.assertFalse(dry.id)
            with self.env.cr.savepoint() as savepoint:
                done = self._import(content, journal=journal)
                self.assertRecordValues(done, [expected])
                self.assertEqual(done.journal_ids.ids, journals)
                savepoint.rollback()
            self.env.invalidate_all()
