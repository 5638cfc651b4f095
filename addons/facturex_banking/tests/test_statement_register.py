import base64
import io
import pathlib
import zipfile

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.mail.tests.common import MailCommon

from ..engine.errors import FormatError
from ..engine.formats import parse
from .common import DAY, FacturexBankingCommon

SAMPLES = pathlib.Path(__file__).parent / "samples"
FRENCH = "FR7630006000011234567890189"


def sample(name):
    return (SAMPLES / name).read_bytes()


@tagged("post_install", "-at_install")
class TestStatementRegister(FacturexBankingCommon):
    """Every format through the register, as a plain user."""

    def _lines(self, journal=None):
        return self.env["account.bank.statement.line"].search(
            [("journal_id", "=", (journal or self.journal).id)], order="date, id"
        )

    def _french(self):
        self.journal.sudo().bank_account_id = False
        self.journal.sudo().set_bank_account(FRENCH)

    def _events(self, kind):
        return self.env["facturex.bank.event"].search(
            [("company_id", "=", self.company.id), ("kind", "=", kind)]
        )

    # ------------------------------------------------------------------
    # Formats
    # ------------------------------------------------------------------

    def test_each_format_imports_with_balances_that_add_up(self):
        for name, kind, count, closing in [
            ("own/demo.cod", "coda", 5, 1253.75),
            ("own/demo.sta", "mt940", 3, 1015.0),
            ("own/c053.xml", "camt.053", 3, 1302.5),
        ]:
            with self.subTest(name), self.cr.savepoint() as savepoint:
                file = self._import(sample(name), name=name)
                self.assertRecordValues(
                    file,
                    [{"state": "done", "format": kind, "new_count": count}],
                )
                statement = file.st_line_ids.statement_id
                self.assertTrue(statement.is_complete)
                self.assertEqual(statement.balance_end_real, closing)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_french_formats(self):
        self._french()
        file = self._import(sample("own/demo_cfonb120.txt"), name="releve.txt")
        self.assertRecordValues(file, [{"format": "cfonb120", "new_count": 5}])
        # the same account and day by OFX: what both tell is not doubled
        file = self._import(sample("own/demo.ofx"), name="releve.ofx")
        self.assertRecordValues(file, [{"format": "ofx", "known_count": 2}])
        self.assertEqual(file.new_count + file.doubtful_count, 1)

    def test_file_without_account_needs_a_journal(self):
        for name in ("own/demo.csv", "own/demo.qif"):
            with self.subTest(name):
                file = self._import(sample(name), name=name)
                self.assertEqual(file.state, "failed")
                self.assertIn("Choose the bank journal", file.message)
        file = self._import(sample("own/demo.csv"), name="x.csv", journal=self.journal)
        self.assertRecordValues(file, [{"state": "done", "new_count": 5}])
        self.assertEqual(file.st_line_ids.statement_id.balance_end_real, 1253.75)

    def test_zip_of_several_formats(self):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as book:
            book.writestr("a.cod", sample("own/demo.cod"))
            book.writestr(
                "b.xml", self._camt(self.iban, [{"amount": 7}], date="2026-04-01")
            )
        file = self._import(target.getvalue(), name="month.zip")
        self.assertRecordValues(
            file, [{"state": "done", "new_count": 6, "statement_count": 2}]
        )

    # ------------------------------------------------------------------
    # Identity
    # ------------------------------------------------------------------

    def test_same_month_in_coda_and_mt940(self):
        self._import(sample("own/demo.cod"), name="a.cod")
        file = self._import(sample("own/demo.sta"), name="a.sta")
        self.assertRecordValues(
            file, [{"new_count": 0, "known_count": 3, "doubtful_count": 0}]
        )
        self.assertEqual(len(self._lines()), 5)

    def test_doubtful_is_held_back_then_decided(self):
        """Same day and amount, nothing else in common: a person decides."""
        self._line(25, "CARD")
        content = self._camt(
            self.iban, [{"amount": 25, "text": "Other"}, {"amount": 3, "text": "New"}]
        )
        preview = self._import(content, dry=True)
        self.assertRecordValues(preview, [{"new_count": 1, "doubtful_count": 1}])
        file = self._import(content)
        self.assertRecordValues(
            file, [{"state": "done", "new_count": 1, "doubtful_count": 1}]
        )
        self.assertIn("CARD", file.warning)
        self.assertEqual(len(self._lines()), 2)
        self.assertEqual(self._events("doubtful").count, 1)
        self._as(file, self.user).action_import_doubtful()
        self.assertEqual(len(self._lines()), 3)
        self.assertEqual(file.doubtful_count, 0)

    def test_doubtful_left_out(self):
        self._line(25, "CARD")
        file = self._import(self._camt(self.iban, [{"amount": 25, "text": "Other"}]))
        self._as(file, self.user).action_leave_doubtful()
        self.assertEqual((file.doubtful_count, len(self._lines())), (0, 1))

    def _batch(self, message, details):
        parts = "".join(
            f"<TxDtls><Refs><EndToEndId>E{n}</EndToEndId></Refs>"
            f'<Amt Ccy="EUR">{a}</Amt>'
            "<CdtDbtInd>CRDT</CdtDbtInd></TxDtls>"
            for n, a in enumerate(details)
        )
        entry = (
            '<Ntry><Amt Ccy="EUR">12.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
            f"<BookgDt><Dt>{DAY}</Dt></BookgDt><AcctSvcrRef>BATCH1</AcctSvcrRef>"
            f"<NtryDtls>{parts}</NtryDtls></Ntry>"
        )
        content = self._camt_file(
            {"account": self.iban, "entries": [], "closing": 12}, message=message
        ).decode()
        tag = {"053": "Stmt", "052": "Rpt"}[message]
        return content.replace(f"</{tag}>", f"{entry}</{tag}>").encode()

    def test_total_of_the_day_gives_way_to_its_details(self):
        self._import(self._batch("052", []))
        self.assertEqual(self._lines().mapped("amount"), [12])
        file = self._import(self._batch("053", [5, 7]))
        self.assertEqual(file.new_count, 2)
        self.assertEqual(sorted(self._lines().mapped("amount")), [5, 7])
        # the report of the day once more: its total is known by the details
        self.assertEqual(self._import(self._batch("052", [])).new_count, 0)
        self.assertEqual(len(self._lines()), 2)

    def test_notification_completes_and_books_nothing(self):
        self._import(self._camt(self.iban, [{"amount": 9, "bank_id": "B1"}]))
        notified = self._camt(
            self.iban,
            [{"amount": 9, "bank_id": "B1", "name": "Alpha", "iban": self.payer_iban}],
        )
        for old, new in [
            (b"camt.053", b"camt.054"),
            (b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn"),
            (b"<Stmt>", b"<Ntfctn>"),
            (b"</Stmt>", b"</Ntfctn>"),
        ]:
            notified = notified.replace(old, new)
        file = self._import(notified, name="c054.xml")
        self.assertRecordValues(file, [{"format": "camt.054", "new_count": 0}])
        self.assertRecordValues(
            self._lines(),
            [{"partner_name": "Alpha", "account_number": self.payer_iban}],
        )

    # ------------------------------------------------------------------
    # Journals
    # ------------------------------------------------------------------

    def test_unknown_account_offers_its_journal(self):
        content = self._camt(self.unknown_iban, [{"amount": 1}])
        file = self._import(content)
        self.assertEqual(file.unknown_accounts, [[self.unknown_iban, "EUR"]])
        with self.assertRaises(AccessError):
            self._as(file, self.user).action_create_journal()
        self._as(file, self.manager).action_create_journal()
        self.assertRecordValues(file, [{"state": "done", "new_count": 1}])
        self.assertEqual(
            file.journal_ids.bank_account_id.sanitized_acc_number, self.unknown_iban
        )

    def test_national_number_finds_the_iban(self):
        content = sample("own/demo.sta").replace(self.iban.encode(), b"539007547034")
        self.assertEqual(self._import(content, name="x.sta").journal_ids, self.journal)

    # ------------------------------------------------------------------
    # Continuity
    # ------------------------------------------------------------------

    def _statement(self, day, opening, amount=10):
        return self._camt(
            self.iban, [{"amount": amount}], opening, day, date=f"2026-03-{day:02}"
        )

    def test_missing_days_close_when_the_statement_comes(self):
        self._import(self._statement(2, 0))
        self._import(self._statement(6, 30))
        Gap = self._as(self.env["facturex.statement.gap"], self.user)
        gap = Gap.search([("journal_id", "=", self.journal.id)])
        self.assertRecordValues(
            gap, [{"kind": "gap", "expected": 10, "found": 30, "difference": 20}]
        )
        self.assertEqual((gap.date_from.day, gap.date_to.day), (2, 6))
        data = self._as(self.journal, self.user)._get_journal_dashboard_data_batched()
        self.assertEqual(data[self.journal.id]["facturex_gap_count"], 1)
        self.assertEqual(self._events("gap").journal_id, self.journal)
        self._import(self._statement(4, 10, amount=20))
        self.assertFalse(Gap.search([("journal_id", "=", self.journal.id)]))

    # ------------------------------------------------------------------
    # Ways in
    # ------------------------------------------------------------------

    def test_file_dropped_on_the_card(self):
        journal = self._as(self.journal, self.user)
        attachment = journal.env["ir.attachment"].create(
            {"name": "a.cod", "raw": sample("own/demo.cod")}
        )
        Journal = journal.env["account.journal"].with_context(
            default_journal_id=journal.id
        )
        action = Journal.create_document_from_attachment(attachment.ids)
        wizard = journal.env[action["res_model"]].browse(action["res_id"])
        self.assertRecordValues(wizard, [{"state": "preview", "new_count": 5}])
        self.assertFalse(self._lines())
        wizard.action_import()
        self.assertEqual(len(self._lines()), 5)

    def test_events_are_written_and_read_only(self):
        self._import(sample("own/demo.cod"), name="a.cod")
        self._import(b"nothing", name="b.cod")
        event = self._events("import")
        self.assertRecordValues(
            event,
            [{"count": 5, "journal_id": self.journal.id, "user_id": self.user.id}],
        )
        self.assertEqual(len(self._events("refused")), 1)
        with self.assertRaises(AccessError):
            self._as(event, self.user).message = "changed"

    # ------------------------------------------------------------------
    # Columns
    # ------------------------------------------------------------------

    UNKNOWN = "Jour;Quoi;Combien\n20/01/2026;A;5,00\n"

    def test_columns_are_taught_once(self):
        content = self.UNKNOWN.encode()
        file = self._import(content, name="x.csv", journal=self.journal)
        self.assertIn("Column Mappings", file.message)
        Columns = self._as(self.env["facturex.statement.columns"], self.user)
        Columns.create(
            {
                "name": "Mine",
                "column_date": "Jour",
                "column_amount": "Combien",
                "column_communication": "Quoi",
            }
        )
        self._as(file, self.user).action_retry()
        self.assertRecordValues(file, [{"state": "done", "new_count": 1}])

    def test_table_without_header(self):
        """The cells tell the columns, and the file says so; else a person does."""
        proved = "05/01/2026;PAIN;-21,00;979,00\n06/01/2026;ALPHA;121,00;1100,00\n"
        file = self._import(proved.encode(), name="x.csv", journal=self.journal)
        self.assertRecordValues(file, [{"state": "done", "new_count": 2}])
        self.assertIn("told by what is in them", file.warning)
        self.assertEqual(
            self._lines().sorted("date").mapped(lambda x: (x.amount, x.payment_ref)),
            [(-21, "PAIN"), (121, "ALPHA")],
        )
        later = proved.split("\n")[1] + "\n08/01/2026;BETA;5,00;1105,00\n"
        file = self._import(later.encode(), name="z.csv", journal=self.journal)
        self.assertRecordValues(file, [{"new_count": 1, "known_count": 1}])
        content = b"07/01/2026;EAU;9,00\n08/01/2026;LOYER;400,00\n"
        file = self._import(content, name="y.csv", journal=self.journal)
        self.assertEqual(file.state, "failed")
        self.assertIn("Column Mappings", file.message)
        Columns = self._as(self.env["facturex.statement.columns"], self.user)
        with Form(Columns) as form:
            form.sample = base64.b64encode(content).decode()
            self.assertEqual(form.header, "column 1 | column 2 | column 3")
            form.column_date = "Colonne 1"
            form.column_communication = "column 2"
            form.column_amount = "kolom 3"
            form.inverted = True
        self._as(file, self.user).action_retry()
        self.assertRecordValues(file, [{"state": "done", "new_count": 2}])
        self.assertEqual(
            sorted(self._lines().mapped("amount")), [-400, -21, -9, 5, 121]
        )

    def test_columns_in_the_words_of_the_user(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"].search(
            [("name", "=", "facturex_banking")]
        )._update_translations("fr_FR")
        File = self.env["facturex.statement.file"].with_context(lang="fr_FR")
        for content, words in (
            (self.UNKNOWN, "(montant, date introuvable)"),
            ("Date;Montant\n20/01/2026;x\n", "Ligne 2, montant"),
            ("a;b;c\nd;e;f\n", "(montant, date introuvable)"),
        ):
            with self.assertRaises(FormatError) as refused:
                parse(content.encode(), "x.csv")
            self.assertIn(words, File._format_error_words(refused.exception))

    def test_sample_proposes_the_columns(self):
        Columns = self._as(self.env["facturex.statement.columns"], self.user)
        with Form(Columns) as form:
            form.sample = base64.b64encode(sample("own/demo.csv")).decode()
            self.assertEqual(form.column_date, "Date")
            self.assertEqual(form.column_debit, "Débit")
            self.assertIn("Libellé", form.header)
        with self.assertRaises(UserError), Form(Columns) as form:
            form.sample = base64.b64encode(b"%PDF-1.7").decode()


@tagged("post_install", "-at_install")
class TestStatementMail(FacturexBankingCommon, MailCommon):
    MAIL = """\
From: bank@kbc.example
To: {to}
Subject: Statement
Message-Id: <one@kbc.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="B"

--B
Content-Type: text/plain

See attachment
--B
Content-Type: application/octet-stream; name="demo.cod"
Content-Disposition: attachment; filename="demo.cod"
Content-Transfer-Encoding: base64

{content}
--B--
"""

    def _receive(self, content):
        self.journal.sudo().alias_name = "bank-of-the-test"
        alias = self.journal.alias_id
        alias.sudo().alias_domain_id = self.mail_alias_domain
        alias.sudo().alias_contact = "everyone"
        mail = self.MAIL.format(
            to=f"bank-of-the-test@{self.alias_domain}",
            content=base64.encodebytes(content).decode(),
        )
        with self.mock_mail_gateway():
            self.env["mail.thread"].sudo().message_process(False, mail)
        return self.env["facturex.statement.file"].search(
            [("company_id", "=", self.company.id), ("channel", "=", "mail")]
        )

    def test_mail_to_the_journal(self):
        file = self._receive(sample("own/demo.cod"))
        self.assertRecordValues(
            file, [{"name": "demo.cod", "state": "done", "new_count": 5}]
        )

    def test_refused_mail_asks_a_person(self):
        file = self._receive(b"hello")
        self.assertEqual(file.state, "failed")
        self.assertEqual(len(file.activity_ids), 1)
