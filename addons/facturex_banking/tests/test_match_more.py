"""Rules, habits, differences, payments, precision, the screen, and who may what."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import facturex_match_screen
from .common import DAY, FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestMatchMore(FacturexBankingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usd = cls.setup_other_currency("USD", rates=[("2020-01-01", 1.25)])
        Account = cls.env["account.account"]
        cls.fees, cls.discounts = Account.create(
            [
                {"name": name, "code": code, "account_type": "expense"}
                for name, code in (("Bank fees", "656FX0"), ("Discounts", "653FX0"))
            ]
        )

    def _pay(self, invoice, amount=None, **vals):
        amount = invoice.amount_total if amount is None else amount
        reference = invoice.payment_reference.strip("+").replace("/", "")
        return self._line(amount, reference=reference, **vals)

    def _best(self, line):
        line._facturex_match()
        return line.facturex_proposal_ids.filtered(lambda p: p.state == "open")[:1]

    def assertExplained(self, line, accounts):
        """Nothing on suspense; the counterparts are these accounts and balances."""
        self.assertTrue(line.is_reconciled)
        self.assertFalse(self._suspense(line))
        liquidity = line._seek_for_lines()[0]
        items = (line.line_ids - liquidity).sorted("id")
        self.assertEqual([(item.account_id, item.balance) for item in items], accounts)

    # -- differences ---------------------------------------------------------------

    def test_small_difference_goes_to_the_fee_account(self):
        invoice = self._invoice(100)
        line = self._pay(invoice, 98.5)
        self.assertFalse(self._best(line).close, "no account is chosen yet")
        self.company.write(
            {
                "facturex_match_tolerance": 2,
                "facturex_match_fee_account_id": self.fees.id,
            }
        )
        proposal = self._best(line)
        self.assertRecordValues(proposal, [{"close": "fee", "sure": False}])
        self.assertIn("within your tolerance", proposal.reason)
        proposal.action_accept()
        receivable = self._receivable(invoice).account_id
        self.assertExplained(line, [(receivable, -100.0), (self.fees, 1.5)])
        self.assertEqual(invoice.payment_state, "paid")
        line.action_facturex_undo()
        self.assertRecordValues(self._suspense(line), [{"balance": -98.5}])
        self.assertEqual(invoice.amount_residual, 100)

    def test_too_much_by_a_little(self):
        self.company.write(
            {
                "facturex_match_tolerance": 2,
                "facturex_match_fee_account_id": self.fees.id,
            }
        )
        invoice = self._invoice(100)
        line = self._pay(invoice, 101)
        self._best(line).action_accept()
        receivable = self._receivable(invoice).account_id
        self.assertExplained(line, [(receivable, -100.0), (self.fees, -1.0)])

    def test_discount_taken_without_a_term(self):
        self.company.write(
            {
                "facturex_match_discount": 3,
                "facturex_match_discount_account_id": self.discounts.id,
            }
        )
        invoice = self._invoice(100)
        line = self._pay(invoice, 97)
        proposal = self._best(line)
        self.assertEqual(proposal.close, "discount")
        proposal.action_accept()
        receivable = self._receivable(invoice).account_id
        self.assertExplained(line, [(receivable, -100.0), (self.discounts, 3.0)])

    def test_early_payment_discount_of_the_term(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % within 30 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 30,
                "early_pay_discount_computation": "included",
                "line_ids": [fields.Command.create({"nb_days": 60})],
            }
        )
        tax = self.company_data["default_tax_sale"]
        invoice = self._invoice(
            100,
            due="2026-03-05",
            invoice_payment_term_id=term.id,
            invoice_line_ids=[
                fields.Command.create(
                    {
                        "name": "Work",
                        "price_unit": 100,
                        "tax_ids": [fields.Command.set(tax.ids)],
                    }
                )
            ],
        )
        [item] = self._receivable(invoice)
        line = self._pay(invoice, item.discount_amount_currency)
        proposal = self._best(line)
        self.assertEqual(proposal.close, "discount")
        self.assertIn("early payment discount", proposal.reason)
        proposal.action_accept()
        self.assertTrue(line.is_reconciled)
        self.assertFalse(self._suspense(line))
        self.assertEqual(invoice.payment_state, "paid")
        self.assertAlmostEqual(sum(line.line_ids.mapped("balance")), 0)
        back = line.line_ids.filtered("tax_line_id")
        self.assertEqual(len(back), 1, "the tax of the discount is given back")

    def test_difference_of_exchange_leaves_nothing(self):
        invoice = self._invoice(100, currency_id=self.usd.id)  # 80.00 in euros
        line = self._pay(invoice, 78.43)
        proposal = self._best(line)
        self.assertRecordValues(proposal, [{"close": "exchange", "sure": False}])
        proposal.action_accept()
        receivable = self._receivable(invoice)
        self.assertExplained(line, [(receivable.account_id, -78.43)])
        self.assertRecordValues(
            invoice, [{"payment_state": "paid", "amount_residual": 0.0}]
        )
        self.assertEqual(receivable.amount_residual, 0, "in euros too")

    # -- rules and habits ----------------------------------------------------------

    def _rule(self, **vals):
        return self.env["account.reconcile.model"].create(
            {
                "name": "Fees",
                "match_label": "contains",
                "match_label_param": "account fee",
                "line_ids": [
                    fields.Command.create(
                        {"account_id": self.fees.id, "label": "Fee of the bank"}
                    )
                ],
                **vals,
            }
        )

    def test_rule_is_proposed(self):
        rule = self._rule()
        line = self._line(-7.5, "Monthly ACCOUNT FEE")
        proposal = self._best(line)
        self.assertRecordValues(
            proposal,
            [{"rule_id": rule.id, "reason": "rule “Fees”", "sure": True}],
        )
        proposal.action_accept()
        self.assertExplained(line, [(self.fees, 7.5)])
        item = line.line_ids.filtered(lambda i: i.account_id == self.fees)
        self.assertRecordValues(
            item, [{"name": "Fee of the bank", "reconcile_model_id": rule.id}]
        )

    def test_automatic_rule_with_tax_and_two_accounts(self):
        tax = self.company_data["default_tax_purchase"]
        self._rule(
            trigger="auto_reconcile",
            line_ids=[
                fields.Command.create(
                    {
                        "account_id": self.discounts.id,
                        "amount_type": "fixed",
                        "amount_string": "-10",
                    }
                ),
                fields.Command.create(
                    {
                        "account_id": self.fees.id,
                        "tax_ids": [fields.Command.set(tax.ids)],
                    }
                ),
            ],
        )
        line = self._line(-131, "account fee")
        self.assertEqual(line._facturex_match(), line)
        self.assertTrue(line.is_reconciled)
        self.assertFalse(self._suspense(line))
        by_account = {
            item.account_id: item.balance
            for item in line._seek_for_lines()[2]
            if not item.tax_line_id
        }
        self.assertEqual(by_account[self.discounts], 10)
        rate = 1 + tax.amount / 100
        self.assertAlmostEqual(by_account[self.fees], round(121 / rate, 2))
        taxes = line.line_ids.filtered("tax_line_id")
        self.assertAlmostEqual(
            sum(taxes.mapped("balance")) + by_account[self.fees], 121
        )

    def test_rule_waits_when_a_document_may_be_meant(self):
        self._rule(trigger="auto_reconcile")
        bill = self._invoice(7.5, move_type="in_invoice", ref="X-99")
        line = self._line(-7.5, "account fee")
        self.assertFalse(line._facturex_match())
        self.assertEqual(line.facturex_proposal_ids.filtered("line_ids").move_ids, bill)

    def test_rule_that_names_a_partner(self):
        self.env["account.reconcile.model"].create(
            {
                "name": "Alpha pays through its bank",
                "match_label": "contains",
                "match_label_param": "alphapay",
                "line_ids": [fields.Command.create({"partner_id": self.customer.id})],
            }
        )
        invoice, other = self._invoice(64), self._invoice(64, partner=self._somebody())
        line = self._line(64, "ALPHAPAY 123")
        self.assertEqual(self._best(line).move_ids, invoice)
        self.assertNotEqual(self._best(line).move_ids, other)

    def _somebody(self):
        return self.env["res.partner"].create({"name": "Somebody Else"})

    def test_rule_of_another_company_is_not_asked(self):
        rule = self._rule()
        rule.company_id = self.other_company
        self.assertFalse(self._best(self._line(-7.5, "account fee")))

    def test_habit(self):
        first = self._line(-30, "Telecom subscription 2026-01")
        first = self._as(first, self.user)
        first.facturex_settle([], [{"account_id": self.fees.id, "amount": -30.0}])
        self.assertExplained(first, [(self.fees, 30.0)])
        line = self._line(-31, "Telecom subscription 2026-02")
        proposal = self._best(line)
        self.assertRecordValues(
            proposal, [{"account_id": self.fees.id, "certain": False}]
        )
        proposal.action_accept()
        self.assertExplained(line, [(self.fees, 31.0)])
        self.assertFalse(self._best(self._line(32, "Telecom subscription refund")))

    def test_name_is_learned(self):
        invoice = self._invoice(100)
        self._pay(invoice, partner_name="Holding Omega")._facturex_match()
        other = self._invoice(55)
        self._invoice(55, partner=self._somebody())
        line = self._line(55, "thanks", partner_name="HOLDING OMEGA SA")
        proposal = self._best(line)
        self.assertEqual(proposal.move_ids, other)
        self.assertIn("this name paid for the partner", proposal.reason)
        memory = self.env["facturex.match.memory"].search(
            [("key", "=", "name:HOLDING OMEGA")]
        )
        self.assertRecordValues(memory, [{"partner_id": self.customer.id, "times": 1}])

    # -- what the past vouches for -------------------------------------------------

    def test_trust_is_earned_and_lost(self):
        self.company.facturex_match_precision = 70
        self.env["res.partner.bank"].create(
            {"acc_number": self.payer_iban, "partner_id": self.customer.id}
        )
        for amount in (11, 12, 13):
            self._invoice(amount)
            line = self._line(amount, "thanks", account_number=self.payer_iban)
            proposal = self._best(line)
            self.assertFalse(line.is_reconciled, "not trusted yet")
            proposal.action_accept()
            self.assertEqual(proposal.outcome, "right")
        self._invoice(14)
        line = self._line(14, "thanks", account_number=self.payer_iban)
        self.assertEqual(line._facturex_match(), line, "3 right of 4 counted: 75 %")
        self.assertIn("never were wrong here", line.facturex_match_reason)
        line.action_facturex_undo()
        self.assertEqual(line.facturex_proposal_ids[0].outcome, "wrong")
        self.assertFalse(line._facturex_match(), "60 % is not enough")

    def test_nothing_is_trusted_by_default(self):
        self.assertEqual(self.company.facturex_match_precision, 99.9)
        Line = self.env["account.bank.statement.line"]
        self.assertEqual(Line._facturex_trusted(self.company), frozenset())

    # -- one payment for several, several for one ----------------------------------

    def test_payments_on_their_way(self):
        """A batch of two registered payments arrives as one movement."""
        self.company.facturex_paid_on_bank = False
        invoices = self._invoice(100) | self._invoice(50)
        payments = self.env["account.payment"].union(
            *(self._register_payment(invoice) for invoice in invoices)
        )
        line = self._line(150, "remise", partner_name="Client Alpha")
        proposal = self._best(line)
        self.assertEqual(proposal.move_ids, payments.move_id)
        proposal.action_accept()
        self.assertTrue(line.is_reconciled)
        self.assertEqual(payments.mapped("is_matched"), [True, True])

    def test_two_lines_for_one_invoice(self):
        invoice = self._invoice(100)
        lines = self._pay(invoice, 60) | self._pay(invoice, 40, date="2026-03-12")
        lines._facturex_match()
        for line in lines:
            self.assertIn("together pay it exactly", line.facturex_match_reason)
            line.facturex_proposal_ids.action_accept()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertFalse(self._suspense(lines))

    # -- the screen ----------------------------------------------------------------

    def test_typed_amount_comes_before_digits_in_a_reference(self):
        self.patch(facturex_match_screen, "FOUND", 3)
        digits = [
            self._invoice(100, payment_reference=f"+++000/0050/{number:05}+++")
            for number in range(4)
        ]
        exact = self._invoice(50, due="2026-12-31", payment_reference="last due")
        line = self._as(self._line(100, "VIR"), self.user)
        found = [row["move_id"] for row in line.facturex_search_items("Alpha 50")]
        self.assertEqual((found[0], len(found)), (exact.id, 3))
        self.assertLessEqual(set(found[1:]), {invoice.id for invoice in digits})
        foreign = self._invoice(80, currency_id=self.usd.id, payment_reference="usd")
        self.assertEqual(foreign.amount_residual_signed, 64)
        for typed in ("80", "64"):
            found = [row["move_id"] for row in line.facturex_search_items(typed)]
            self.assertEqual(found[0], foreign.id, "what is shown or what is booked")

    def test_screen_from_board_to_done(self):
        invoice, second = self._invoice(100), self._invoice(50)
        # Odoo makes the reference of the document's id: "50" may be in it
        invoice.payment_reference = "+++000/0001/15050+++"
        line = self._as(self._line(150, "VIR", partner_name="Alpha"), self.user)
        other = self._line(3.21, "nothing at all")
        line._facturex_match()
        Line = self._as(self.env["account.bank.statement.line"], self.user)
        board = Line.facturex_board()
        self.assertEqual((board["count"], len(board["lines"])), (2, 2))
        self.assertEqual(Line.facturex_board(text="150")["count"], 1)
        self.assertEqual(Line.facturex_board(text="nothing")["count"], 1)
        self.assertEqual(Line.facturex_board(journal_id=self.journal.id)["count"], 2)
        for first in (line, other):
            board = Line.facturex_board(
                first_id=first.action_facturex_to_match()["context"][
                    "default_st_line_id"
                ]
            )
            self.assertEqual(board["lines"][0]["id"], first.id)
            self.assertEqual(len(board["lines"]), 2)
        detail = line.facturex_detail()
        self.assertEqual(detail["left"], 150)
        self.assertEqual(detail["currency"], self.company.currency_id.id)
        found = line.facturex_search_items(invoice.name)
        self.assertEqual([row["move_id"] for row in found], invoice.ids)
        found = line.facturex_search_items("Alpha 50")
        self.assertEqual([row["move_id"] for row in found], (second | invoice).ids)
        items = self._receivable(invoice) | self._receivable(second)
        done = line.facturex_settle(items.ids)
        self.assertTrue(done["reconciled"])
        self.assertIn(self.user.name, line.facturex_match_reason)
        self.assertEqual((invoice | second).mapped("payment_state"), ["paid", "paid"])
        undone = line.facturex_undo()
        self.assertEqual((undone["reconciled"], undone["left"]), (False, 150))

    def test_screen_search_with_a_write_off(self):
        invoice = self._invoice(100)
        line = self._as(self._line(96, "VIR"), self.user)
        line.facturex_settle(
            self._receivable(invoice).ids,
            [{"account_id": self.fees.id, "amount": -4.0, "label": "Commission"}],
        )
        receivable = self._receivable(invoice).account_id
        self.assertExplained(line, [(receivable, -100.0), (self.fees, 4.0)])
        self.assertEqual(invoice.payment_state, "paid")

    def test_accept_the_sure_ones(self):
        self.env["res.partner.bank"].create(
            {"acc_number": self.payer_iban, "partner_id": self.customer.id}
        )
        lines = self.env["account.bank.statement.line"]
        for amount in (11, 12, 13):
            self._invoice(amount)
            lines |= self._line(amount, "x", account_number=self.payer_iban)
        unsure = self._line(99, "y")
        (lines | unsure)._facturex_match()
        Line = self._as(self.env["account.bank.statement.line"], self.user)
        self.assertEqual(Line.facturex_board()["sure"], 3)
        # one invoice is settled meanwhile: the others go on
        self._receivable(lines[0].facturex_proposal_ids.move_ids)
        other = self._line(11, "cash")
        other._facturex_reconcile(lines[0].facturex_proposal_ids.line_ids, "manual")
        result = Line.facturex_accept_sure((lines | unsure).ids)
        self.assertEqual(sorted(result["done"]), sorted(lines[1:].ids))
        [failed] = result["failed"]
        self.assertEqual(failed["id"], lines[0].id)
        self.assertIn("settled in the meantime", failed["reason"])

    def test_aside_with_a_question(self):
        line = self._as(self._line(12, "?"), self.user)
        line.facturex_aside("Is this yours?", self.accountant.id)
        self.assertRecordValues(
            line,
            [
                {
                    "facturex_match_state": "aside",
                    "facturex_question": "Is this yours?",
                    "facturex_asked_id": self.accountant.id,
                }
            ],
        )
        activity = line.sudo().move_id.activity_ids
        self.assertEqual(activity.user_id, self.accountant)
        Line = self._as(self.env["account.bank.statement.line"], self.user)
        self.assertEqual(Line.facturex_board()["count"], 0)
        self.assertEqual(Line.facturex_board(aside=True)["count"], 1)
        with self.assertRaisesRegex(UserError, "does not work for"):
            line.facturex_aside("?", self.other_user.id)
        line.action_facturex_take_back()
        self.assertEqual(Line.facturex_board()["count"], 1)

    def test_rule_from_the_screen(self):
        line = self._as(self._line(-9, "ABONNEMENT CARTE 01"), self.user)
        with self.assertRaisesRegex(UserError, "four letters"):
            line.facturex_make_rule(self.fees.id, "", " / ")
        rule_id = line.facturex_make_rule(self.fees.id, "", "abonnement carte", True)
        self.assertExplained(line, [(self.fees, 9.0)])
        again = self._line(-9, "ABONNEMENT CARTE 02")
        again._facturex_match()
        self.assertExplained(again, [(self.fees, 9.0)])
        self.assertEqual(again.facturex_proposal_ids.rule_id.id, rule_id)

    def test_journal_card_counts(self):
        self._line(3.21, "nothing")._facturex_match()
        self._line(4, "later").action_facturex_aside()
        data = self._as(self.journal, self.user)._get_journal_dashboard_data_batched()
        card = data[self.journal.id]
        self.assertEqual((card["facturex_to_match"], card["facturex_aside"]), (1, 1))
        self.assertTrue(card["facturex_newest"])

    # -- who may what --------------------------------------------------------------

    def test_strangers_and_other_companies(self):
        line = self._line(12, "?")
        invoice = self._invoice(12)
        items = self._receivable(invoice).ids
        self.user.company_ids += self.other_company
        foreign = self.env["account.account"].search(
            [("company_ids", "in", self.other_company.ids)], limit=1
        )
        both = (self.company + self.other_company).ids
        mine = line.with_user(self.user).with_context(allowed_company_ids=both)
        with self.assertRaisesRegex(UserError, "not of this company"):
            mine.facturex_settle([], [{"account_id": foreign.id, "amount": 12.0}])
        for user in (*self._strangers(), self.other_user):
            theirs = line.with_user(user)
            with self.subTest(user.login), self.assertRaises(AccessError):
                theirs.facturex_settle(items)
            with self.subTest(user.login), self.assertRaises(AccessError):
                theirs.facturex_detail()
        self.assertFalse(line.is_reconciled)

    def test_memory_is_the_companys(self):
        self._pay(self._invoice(9), partner_name="Holding Omega")._facturex_match()
        memory = self.env["facturex.match.memory"].search([], limit=1)
        self._assert_other_company_sees_nothing(memory)
        with self.assertRaises(AccessError):
            self._as(memory, self.user).unlink()
        self._as(memory, self.manager).unlink()

    def test_activity_journal(self):
        self._pay(self._invoice(9))._facturex_match()
        line = self._line(3, "?")
        line.action_facturex_aside()
        kinds = (
            self.env["facturex.bank.event"]
            .search([("journal_id", "=", self.journal.id)])
            .mapped("kind")
        )
        self.assertIn("match_auto", kinds)
        self.assertIn("aside", kinds)

    def test_queries_of_the_decision_are_constant(self):
        self._rule()
        lines = self.env["account.bank.statement.line"].create(
            [
                {
                    "journal_id": self.journal.id,
                    "date": DAY,
                    "amount": 20 + n,
                    "payment_ref": f"text {n}",
                    "partner_name": f"Payer {n}",
                }
                for n in range(40)
            ]
        )
        counts = []
        for number in (5, 5, 40):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            lines[:number]._facturex_match(dry=True)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1] + 2)
