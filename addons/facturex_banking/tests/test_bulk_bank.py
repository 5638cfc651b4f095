"""Law 10: bank lines made in bulk equal those that Odoo's own path makes."""

from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.account_move_bank_bulk import BANK_KEY
from ..models.facturex_bulk_bank import LEANS_ON
from .common import DAY, FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestBulkBank(FacturexBankingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bulk = cls._as(cls.env["facturex.bulk.bank"], cls.user)
        cls.vendor = cls.env["res.partner"].create({"name": "Vendor Omega"})
        cls.halves = cls.env["account.payment.term"].create(
            {
                "name": "2 x 50 %",
                "line_ids": [
                    fields.Command.create({"value_amount": 50, "nb_days": 10}),
                    fields.Command.create({"value_amount": 50, "nb_days": 60}),
                ],
            }
        )

    def setUp(self):
        super().setUp()
        self.bulk._trust().clear()

    def _vals(self, amount, invoice=None, **vals):
        reference = None
        if invoice and invoice.payment_reference:
            reference = invoice.payment_reference.strip("+").replace("/", "")
        return {
            "journal_id": self.journal.id,
            "date": DAY,
            "amount": amount,
            "payment_ref": vals.pop("text", "paid"),
            "partner_name": "Client Alpha",
            "account_number": None,
            "transaction_type": "RCDT",
            "import_key": f"key-{amount}-{invoice and invoice.id}",
            "transaction_details": {"structured_reference": reference},
            **vals,
        }

    def _cases(self, more=0):
        """Name → (values, documents paid); documents made anew at each call."""
        simple = self._invoice(121)
        ref = f"OMEGA-{more}-20267"
        bill = self._invoice(
            250 + more, partner=self.vendor, move_type="in_invoice", ref=ref
        )
        refund = self._invoice(40 + more, move_type="out_refund")
        double = self._in_two(100)
        half = self._in_two(90)
        return {
            "invoice": (self._vals(121, simple), simple),
            "bill": (self._vals(-250 - more, text=ref, partner_name="Omega"), bill),
            "refund": (self._vals(-40 - more, text=f"back {refund.name}"), refund),
            "two instalments": (self._vals(100, double), double),
            "first instalment": (self._vals(45, half), half),
            "nothing": (self._vals(3.21), self.env["account.move"]),
            "money out": (self._vals(-3.21), self.env["account.move"]),
        }

    def _in_two(self, amount):
        return self._invoice(
            amount, due="2026-02-20", invoice_payment_term_id=self.halves.id
        )

    def test_equal_to_odoos_own_path(self):
        for name, (vals, invoices) in self._cases().items():
            with self.subTest(name):
                [spec] = self.bulk._decide([vals], True)
                self.assertEqual(spec.items.move_id, invoices)
                bulk = self._made_and_undone(spec, True)
                native = self._made_and_undone(spec, False)
                self.assertEqual(self.bulk._differences(native, bulk), [])
                self.assertGreater(len(bulk), 3)

    def _made_and_undone(self, spec, in_bulk):
        bulk = self.bulk
        with bulk._undone():
            if in_bulk:
                lines, reasons = bulk._create_batch([spec])
                self.assertFalse(reasons)
                bulk._finish(lines, [spec], reasons)
            else:
                Line = bulk.env["account.bank.statement.line"]
                lines = Line.create([dict(spec.vals)])
                if spec.items:
                    lines._facturex_match()
            self.assertEqual(lines.is_reconciled, bool(spec.items))
            return bulk._line_columns(lines, spec.items)

    def test_the_comparison_can_fail(self):
        vals, _invoice = self._cases()["invoice"]
        [spec] = self.bulk._decide([vals], True)
        native = self._made_and_undone(spec, False)
        builder = "odoo.addons.facturex_banking.models.bank_builder"
        with patch.dict(f"{builder}.ENTRY", invoice_currency_rate=7.0):
            with self.bulk._undone():
                _lines, reasons = self.bulk._create_batch([spec])
        self.assertIn("invoice_currency_rate", reasons[0], "the canary saw it")
        self.assertTrue(native)

    def test_many_lines_once(self):
        cases = [self._cases(more) for more in (1, 2)]
        values = [vals for case in cases for vals, _invoice in case.values()]
        values = [{**v, "import_key": f"k{n}"} for n, v in enumerate(values)]
        done = []
        result = self.bulk._create_lines(values, progress=lambda *n: done.append(n))
        self.assertEqual(result.native, ())
        self.assertEqual(done, [(14, 14)])
        self.assertEqual(len(result.lines), 14)
        self.assertEqual(len(result.matched), 10)
        for line, (_vals, invoices) in zip(
            result.lines, [x for case in cases for x in case.values()], strict=True
        ):
            self.assertEqual(line.is_reconciled, bool(invoices))
            if invoices:
                self.assertEqual(line.facturex_invoice_ids, invoices)
                self.assertEqual(line.facturex_match_state, "auto")
                self.assertTrue(line.facturex_match_reason)
                self.assertEqual(line.facturex_proposal_ids.state, "accepted")
                self.assertFalse(self._suspense(line))
            else:
                self.assertRecordValues(
                    self._suspense(line), [{"balance": -line.amount}]
                )
        self.assertEqual(
            {i.payment_state for c in cases for _v, i in c.values() if i},
            {"paid", "partial"},
        )
        names = result.lines.move_id.sorted("sequence_number").mapped("sequence_number")
        self.assertEqual(names, list(range(names[0], names[0] + 14)), "no gap")
        self.assertFalse(any(result.lines.move_id.mapped("made_sequence_gap")))

    def test_undo_restores_suspense(self):
        invoice = self._invoice(121)
        lone = self.bulk._create_lines([self._vals(121)], match=False).lines
        line = self.bulk._create_lines([self._vals(121, invoice)]).lines
        self.assertEqual(line.partner_id, self.customer)
        line.action_facturex_undo()
        columns = ["account_id", "balance", "amount_currency", "name", "partner_id"]
        self.assertEqual(
            [item[c] for item in line.line_ids.sorted("id") for c in columns],
            [item[c] for item in lone.line_ids.sorted("id") for c in columns],
        )
        self.assertRecordValues(line, [{"partner_id": False, "is_reconciled": False}])
        self.assertRecordValues(
            invoice, [{"payment_state": "not_paid", "amount_residual": 121.0}]
        )

    def test_what_it_does_not_know_goes_odoos_own_way(self):
        usd = self.setup_other_currency("USD", rates=[("2020-01-01", 1.25)])
        journal = self.journal.copy({"code": "BNK9", "currency_id": usd.id})
        invoice = self._invoice(121)
        values = [
            self._vals(50, journal_id=journal.id),
            self._vals(51, narration="<p>x</p>"),
            self._vals(52, amount_currency=65, foreign_currency_id=usd.id),
        ]
        for vals in values:
            result = self.bulk._create_lines([vals])
            self.assertEqual([rank for rank, _why in result.native], [0])
            self.assertTrue(result.native[0][1])
            self.assertTrue(result.lines.move_id.name)
        self.assertEqual(invoice.payment_state, "not_paid")

    def test_locked_period_as_odoo(self):
        """Whatever Odoo says of a locked day, the bulk path says too."""
        self.company.fiscalyear_lock_date = "2026-03-31"
        vals = self._vals(1) | {"date": "2026-02-01"}
        self.assertEqual(
            self._what_comes_of(vals, False), self._what_comes_of(vals, True)
        )

    def _what_comes_of(self, vals, in_bulk):
        Line = self.bulk.env["account.bank.statement.line"]
        try:
            with self.bulk._undone():
                if in_bulk:
                    line = self.bulk._create_lines([vals], match=False).lines
                else:
                    line = Line.create([vals])
                self.env.flush_all()
                return line.date, line.move_id.name, line.state
        except UserError as error:
            return str(error)

    def test_nobody_switches_it_on_from_outside(self):
        Line = self._as(self.env["account.bank.statement.line"], self.user)
        context = {BANK_KEY: "facturex full values", "facturex_bank_import": True}
        line = Line.with_context(**context).create([self._vals(12)])
        self.assertRecordValues(self._suspense(line), [{"balance": -12.0}])

    def test_what_it_leans_on_is_there(self):
        for model, names in LEANS_ON.items():
            for name in names:
                with self.subTest(f"{model}.{name}"):
                    self.assertTrue(callable(getattr(self.env[model], name)))

    def test_other_company(self):
        vals = self._vals(5, journal_id=self.other_journal.id)
        with self.assertRaises(Exception):  # noqa: B017 access, in whatever words
            self.bulk._create_lines([vals])

    def test_an_import_takes_the_bulk_path(self):
        invoice = self._invoice(121)
        entries = [
            {"amount": 121, "reference": invoice.payment_reference},
            {"amount": 9, "text": "nothing"},
        ]
        Line = type(self.env["account.bank.statement.line"])
        with patch.object(Line, "_facturex_match", autospec=True) as again:
            file = self._import(self._camt(self.iban, entries))
        self.assertFalse(again.called, "it was decided when the lines were made")
        self.assertRecordValues(file, [{"new_count": 2, "matched_count": 1}])
        self.assertEqual(invoice.payment_state, "paid")

    def test_sums_that_do_not_add_up_are_for_a_person(self):
        invoice = self._invoice(121)
        entries = [{"amount": 121, "reference": invoice.payment_reference}]
        file = self._import(self._camt(self.iban, entries, closing=500))
        self.assertRecordValues(
            file.st_line_ids,
            [{"facturex_match_state": "proposed", "is_reconciled": False}],
        )
        self.assertEqual(invoice.payment_state, "not_paid")
