"""Law 10: bank lines written as copies equal those that Odoo makes, in all columns."""

from datetime import date, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models import bank_copies
from ..models import facturex_bulk_bank_copies as module
from ..models import facturex_statement_file as files
from .common import FacturexBankingCommon

MANY = 14
FIRST = date(2026, 2, 20)


@tagged("post_install", "-at_install")
class TestBulkCopies(FacturexBankingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bulk = cls._as(cls.env["facturex.bulk.bank"], cls.user)
        cls.partners = cls.env["res.partner"].create(
            [
                {
                    "name": f"Payer {number}",
                    "country_id": cls.env.ref(
                        "base.de" if number % 2 else "base.be"
                    ).id,
                    "vat": False,
                    "child_ids": [(0, 0, {"name": "Hall", "type": "delivery"})],
                    "bank_ids": [(0, 0, {"acc_number": f"11-22-{number}"})],
                }
                for number in range(4)
            ]
        )

    def setUp(self):
        super().setUp()
        self.bulk._trust().clear()

    def _values(self, number, amount, **vals):
        return {
            "journal_id": self.journal.id,
            "date": FIRST + timedelta(days=number),
            "amount": amount + number + 0.1 * number,
            "payment_ref": f"line {number} \u20ac \"'\\ \t{{}}",
            "partner_name": f"Name {number}" if number % 3 else None,
            "account_number": None,
            "transaction_type": "RCDT" if number % 2 else "",
            "import_key": f"key-{amount}-{number}",
            "transaction_details": {
                "end_to_end_id": f"E{number}" if number % 2 else None,
                "raw": ["a", {"b": None}],
            },
            **vals,
        }

    def _backlog(self):
        """Kinds of lines, many of each, over two months."""
        plain = [self._values(n, 100.0) for n in range(MANY)]
        out = [self._values(n, -300.0, sequence=n) for n in range(MANY)]
        known = [
            self._values(n, 500.0, partner_id=self.partners[n % 4].id)
            for n in range(MANY)
        ]
        return [vals for three in zip(plain, out, known, strict=True) for vals in three]

    def _columns_of(self, vals_list, copied, match=False):
        few = module.FEW if copied else 10**6
        with self.bulk._undone(), patch.object(module, "FEW", few):
            result = self.bulk._create_lines(vals_list, match=match)
            self.assertEqual(result.native, ())
            lines = result.lines
            paid = lines.line_ids.matched_debit_ids.debit_move_id
            paid |= lines.line_ids.matched_credit_ids.credit_move_id
            items = paid - lines.line_ids
            rows = self.bulk._line_columns(lines, items)
            numbers = sorted(lines.move_id.mapped("sequence_number"))
            days = [(line.id, line.internal_index) for line in lines]
            self.assertEqual(days, [(i, x) for i, x in days if x.endswith(str(i))])
            self.assertEqual(lines.mapped("import_key"), keys(vals_list))
            for day in set(lines.mapped("date")):
                ids = lines.filtered(lambda x, day=day: x.date == day).ids
                self.assertEqual(ids, sorted(ids), "in a day, in the order of the file")
        return rows, numbers

    def _made_by_odoo(self):
        """Counts the lines that are not copies."""
        counted = []
        service = type(self.bulk)
        real = service._create_bulk_lines

        def count(self, documents):
            counted.append(len(documents))
            return real(self, documents)

        return patch.object(service, "_create_bulk_lines", count), counted

    def test_equal_in_every_column(self):
        values = self._backlog()
        patched, counted = self._made_by_odoo()
        expected, numbers = self._columns_of(values, False)
        with patched:
            found, own_numbers = self._columns_of(values, True)
        # a template and a proof of each of three kinds, and the first one's number
        self.assertEqual(sum(counted), 3 * 2 + 1)
        self.assertEqual(self.bulk._differences(expected, found), [])
        self.assertEqual(len(found), len(values) * 4)
        self.assertEqual(own_numbers, numbers, "the same numbers, without a hole")

    def test_equal_when_matched(self):
        invoices = [self._invoice(50 + n) for n in range(12)]
        values = [
            self._values(n, invoice.amount_residual - 1.1 * n)
            | {"transaction_details": {"structured_reference": digits(invoice)}}
            for n, invoice in enumerate(invoices)
        ]
        expected, _numbers = self._columns_of(values, False, match=True)
        found, _numbers = self._columns_of(values, True, match=True)
        self.assertEqual(self.bulk._differences(expected, found), [])
        result = self.bulk._create_lines(values)
        self.assertEqual(len(result.matched), 12)
        self.assertEqual({i.payment_state for i in invoices}, {"paid"})

    def test_a_copy_that_differs_is_not_written(self):
        values = self._backlog()[::3]
        patched, counted = self._made_by_odoo()
        with patch.object(bank_copies, "SEQUENCE_TOP", 7), patched:
            found, _numbers = self._columns_of(values, True)
        self.assertEqual(sum(counted), 1 + 2 + MANY, "tried, then all made by Odoo")
        expected, _numbers = self._columns_of(values, False)
        self.assertEqual(self.bulk._differences(expected, found), [])

    def test_nothing_is_copied_when_odoo_writes_elsewhere_too(self):
        values = self._backlog()[::3]
        patched, counted = self._made_by_odoo()
        with patch.object(module, "TABLES", {"account_move"}), patched:
            self.bulk._create_lines(values, match=False)
        self.assertGreaterEqual(sum(counted), MANY)

    def test_nothing_is_copied_beside_an_add_on_nobody_read(self):
        registry = self.env.registry
        self.addCleanup(lambda: vars(registry).pop("_facturex_bank_unreviewed", None))
        vars(registry).pop("_facturex_bank_unreviewed", None)
        values = self._backlog()[::3]
        patched, counted = self._made_by_odoo()
        with patch.object(module, "REVIEWED", module.REVIEWED - {"sale"}), patched:
            self.assertEqual(self.bulk._unreviewed(), ["sale"])
            self.bulk._create_lines(values, match=False)
        self.assertGreaterEqual(sum(counted), MANY)

    def test_numbers_go_on_over_batches_years_and_odoos_own_lines(self):
        values = [
            self._values(n, 100.0) | {"date": date(2025, 12, 20) + timedelta(days=n)}
            for n in range(30)
        ]
        with patch("odoo.addons.facturex_banking.models.facturex_bulk_bank.CHUNK", 15):
            lines = self.bulk._create_lines(values, match=False).lines
        Line = self.bulk.env["account.bank.statement.line"]
        lines += Line.create([self._values(40, 1.0) | {"date": "2026-01-19"}])
        more = [v | {"import_key": f"b{n}"} for n, v in enumerate(values[12:])]
        lines += self.bulk._create_lines(more, match=False).lines
        for year in (2025, 2026):
            moves = lines.move_id.filtered(lambda m, year=year: m.date.year == year)
            numbers = sorted(moves.mapped("sequence_number"))
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(moves))))
            self.assertTrue(all(f"/{year}/" in move.name for move in moves))
        self.assertFalse(any(lines.move_id.mapped("made_sequence_gap")))

    def test_a_closed_day_as_odoo(self):
        self.company.fiscalyear_lock_date = "2026-02-28"
        values = self._backlog()[::3]
        moved = []
        for few in (module.FEW, 10**6):
            with self.bulk._undone(), patch.object(module, "FEW", few):
                lines = self.bulk._create_lines(values, match=False).lines
                moved.append(lines.mapped("date"))
        self.assertEqual(moved[0], moved[1])

    def test_rules_on_records_hold(self):
        values = self._backlog()[::3]
        model = self.env["ir.model"]._get("account.bank.statement.line")
        self.env["ir.rule"].create(
            {
                "name": "not the last ones",
                "model_id": model.id,
                "domain_force": "[('amount', '<', 105)]",
                "perm_read": False,
                "perm_unlink": False,
                "perm_write": False,
            }
        )
        with self.assertRaises(AccessError):
            self.bulk._create_lines(values, match=False)

    def test_a_statement_around_many_lines(self):
        entries = [
            {"amount": 10 + n, "text": f"m {n}", "date": f"2026-03-{1 + n:02}"}
            for n in range(20)
        ]
        content = self._camt(self.iban, entries, opening=5)
        rows = []
        for linked in (3, 1000):
            with self.bulk._undone(), patch.object(files, "LINKED", linked):
                file = self._import(content)
                self.env.flush_all()
                lines = file.st_line_ids.sorted("id")
                statement = lines.statement_id
                self.assertEqual(len(lines), 20)
                self.assertTrue(statement.is_complete)
                stored = [
                    *self.bulk._stored(statement, "statement"),
                    *self.bulk._stored(lines, "line"),
                    *self.bulk._stored(lines.line_ids.sorted("id"), "item"),
                ]
                index = str(min(lines.ids))
                rows.append([self._without_ids(row, index) for row in stored])
        self.assertEqual(self.bulk._differences(*rows), [])

    def _without_ids(self, row, first):
        hidden = {"move_id", "statement_id", "statement_line_id", "internal_index"}
        hidden |= {"line_ids", "facturex_file_id", "first_line_index"}
        index = row.get("statement.first_line_index")
        self.assertTrue(index is None or index.endswith(first))
        return {k: v for k, v in row.items() if k.split(".")[1] not in hidden}


def keys(vals_list):
    return [vals["import_key"] for vals in vals_list]


def digits(invoice):
    return invoice.payment_reference.strip("+").replace("/", "")
