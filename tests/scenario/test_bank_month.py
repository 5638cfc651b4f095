"""A month on the bank account of a Belgian and of a French company.

Duplicates, twins, a grouped payment, a part, a fee, a refund, money that came by
mistake, the statement of somebody else's account. At the end suspense holds 0.00 and
every line says why it was booked.
"""

from datetime import date
from decimal import Decimal

from odoo import fields
from odoo.tests import tagged

from odoo.addons.facturex_billing.tests.common import FacturexCommon

from scripts.seed.dataset import iban_be, iban_fr
from scripts.seed.statement_writer import Movement, Statement, write_camt053
from tests.scenario.bank_writers import write_cfonb, write_coda


class MonthMixin:
    iban = other_iban = ""
    writers = ()
    structured = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.company_data["default_journal_bank"]
        cls.journal.set_bank_account(cls.iban)
        other = cls.other_data["default_journal_bank"].with_company(cls.other_company)
        other.set_bank_account(cls.other_iban)
        cls.fees, cls.clearing = cls.env["account.account"].create(
            [
                {
                    "name": "Fees of the bank",
                    "code": "627FX",
                    "account_type": "expense",
                },
                {
                    "name": "To be cleared",
                    "code": "479FX",
                    "account_type": "asset_current",
                },
            ]
        )
        cls.company.write(
            {
                "facturex_match_tolerance": 5,
                "facturex_match_fee_account_id": cls.fees.id,
            }
        )
        cls.env["account.reconcile.model"].create(
            {
                "name": "Fees",
                "trigger": "auto_reconcile",
                "match_label": "contains",
                "match_label_param": "frais de tenue",
                "line_ids": [fields.Command.create({"account_id": cls.fees.id})],
            }
        )
        cls.vendor = cls.env["res.partner"].create({"name": "Imprimerie Omega"})

    # -- the documents of the month --------------------------------------------------

    def _documents(self):
        self.paid = self._invoice(121)
        self.named = self._invoice(242)
        self.together = self._invoice(100) | self._invoice(50)
        self.parts = self._invoice(300)
        self.short = self._invoice(200)
        self.credited = self._invoice(40, move_type="out_refund")
        self.bill = self._invoice(
            99.95, partner=self.vendor, move_type="in_invoice", ref="OM-2026-118"
        )

    def _move(self, day, amount, text=None, invoice=None, name="Client Alpha", **vals):
        """A movement; with `invoice`, the payer copies what the invoice asks for."""
        reference = None
        if invoice and self.structured:
            reference = invoice.payment_reference
        elif invoice:
            text = invoice.payment_reference
        return Movement(
            date=date(2026, 3, day),
            amount=Decimal(str(amount)),
            bank_reference=f"R{day:02}{abs(int(amount * 100)):08}",
            structured_reference=reference,
            text=text,
            counterparty=name,
            **vals,
        )

    def _first_half(self):
        one, two = self.together
        twin = self._move(4, -12.5, "PARKING GARE", name=None)
        return (
            self._move(2, 121, invoice=self.paid),
            self._move(3, 242, self.named.name),
            twin,
            twin,
            self._move(5, 150, f"{one.name} {two.name}"),
            self._move(6, 180, invoice=self.parts),
            self._move(9, -7.2, "Frais de tenue de compte", name=None),
        )

    def _second_half(self):
        return (
            self._move(16, 120, invoice=self.parts),
            self._move(17, 196, invoice=self.short),
            self._move(18, -40, self.credited.name),
            self._move(19, -99.95, "OM-2026-118", name="Imprimerie Omega"),
            self._move(20, 77, "erreur", name="Inconnu Untel"),
            self._move(24, -77, "retour erreur", name="Inconnu Untel"),
        )

    # -- the bank and the bookkeeper ---------------------------------------------------

    def _file(self, writer, number, opening, movements, iban=None):
        return writer(
            Statement(
                account_iban=iban or self.iban,
                owner="Us",
                statement_id=f"S{number}",
                sequence=number,
                opening_balance=Decimal(str(opening)),
                movements=movements,
            )
        )

    def _import(self, content, name="bank"):
        File = self._as(self.env["facturex.statement.file"], self.user)
        return File._import(content, name)

    def _accept_the_best(self):
        """The bookkeeper takes the best proposal of each line that has one."""
        Line = self._as(self.env["account.bank.statement.line"], self.user)
        for line in Line.search([("is_reconciled", "=", False)], order="date, id"):
            line._facturex_match()
            best = line.facturex_proposal_ids.filtered(lambda p: p.state == "open")[:1]
            if best and (best.line_ids or best.rule_id):
                best.action_accept()
        return Line.search([("is_reconciled", "=", False)], order="date, id")

    def test_month(self):
        self._documents()
        first, second = self.writers
        half = self._first_half()
        content = self._file(first, 1, 1000, half)
        file = self._import(content)
        self.assertEqual((file.state, file.new_count), ("done", 7), file.message)
        again = self._import(content, "again")
        self.assertEqual((again.new_count, again.known_count), (0, 7))
        middle = 1000 + sum(movement.amount for movement in half)
        file = self._import(self._file(second, 2, middle, self._second_half()))
        self.assertEqual((file.state, file.new_count), ("done", 6), file.message)
        stranger = self._file(first, 9, 0, half, self.other_iban)
        refused = self._import(stranger)
        self.assertEqual((refused.state, refused.new_count), ("failed", 0))
        self.assertTrue(refused.message)
        self._check_automatic()
        left = self._accept_the_best()
        self._explain(left)
        self._check_the_end()

    def _check_automatic(self):
        """Nothing but what is beyond doubt."""
        Line = self.env["account.bank.statement.line"]
        alone = Line.search([("facturex_match_state", "=", "auto")], order="date, id")
        self.assertEqual(alone.mapped("amount"), [121.0, 242.0, -7.2, -40.0, -99.95])
        self.assertEqual(self.parts.payment_state, "not_paid", "parts are proposed")

    def _explain(self, left):
        """What no document explains goes to an account that a person chooses."""
        amounts = left.mapped("amount")
        self.assertEqual(amounts, [-12.5, -12.5, 77.0, -77.0])
        for line in left:
            account = self.fees if line.amount == -12.5 else self.clearing
            line.facturex_settle(
                [], [{"account_id": account.id, "amount": line.amount}]
            )

    def _check_the_end(self):
        lines = self.env["account.bank.statement.line"].search(
            [("journal_id", "=", self.journal.id)]
        )
        self.assertEqual(len(lines), 13)
        for line in lines:
            self.assertTrue(line.is_reconciled, line.payment_ref)
            self.assertTrue(line.facturex_match_reason, line.payment_ref)
            self.assertIn(line.facturex_match_state, ("auto", "manual"))
        self.env.flush_all()
        self.assertEqual(self._balance(self.journal.suspense_account_id), 0.0)
        self.assertEqual(self._balance(self.clearing), 0.0)
        self.assertEqual(self._balance(self.fees), 12.5 * 2 + 7.2 + 4)
        documents = (
            self.paid
            | self.named
            | self.together
            | self.parts
            | self.short
            | self.credited
            | self.bill
        )
        self.assertEqual(set(documents.mapped("payment_state")), {"paid"})
        closing = (
            1000 - self._opening() + self._balance(self.journal.default_account_id)
        )
        self.assertAlmostEqual(closing, self.journal.last_statement_id.balance_end_real)

    def _opening(self):
        return 0.0

    def _balance(self, account):
        [(balance,)] = self.env["account.move.line"]._read_group(
            [
                ("account_id", "=", account.id),
                ("parent_state", "=", "posted"),
                ("company_id", "=", self.company.id),
            ],
            aggregates=["balance:sum"],
        )
        return round(balance or 0.0, 2)


@tagged("post_install", "-at_install")
class TestBelgianMonth(MonthMixin, FacturexCommon):
    today = "2026-03-31"
    iban = iban_be("363", 7_654_321)
    other_iban = iban_be("001", 1_234_567)
    writers = (write_coda, write_camt053)


@tagged("post_install", "-at_install")
class TestFrenchMonth(MonthMixin, FacturexCommon):
    today = "2026-03-31"
    country = "fr"
    iban = iban_fr("30006", "00001", 12345678901)
    other_iban = iban_fr("30002", "00550", 9876543)
    writers = (write_cfonb, write_camt053)
    structured = False
