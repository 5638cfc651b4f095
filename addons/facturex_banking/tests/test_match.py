from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import DAY, FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestMatch(FacturexBankingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usd = cls.setup_other_currency("USD", rates=[("2020-01-01", 1.25)])
        cls.halves = cls.env["account.payment.term"].create(
            {
                "name": "2 x 50 %",
                "line_ids": [
                    fields.Command.create({"value_amount": 50, "nb_days": 10}),
                    fields.Command.create({"value_amount": 50, "nb_days": 60}),
                ],
            }
        )
        cls.vendor = cls.env["res.partner"].create({"name": "Vendor Omega"})

    def _pay(self, invoice, amount=None, **vals):
        """The bank line a customer makes who copies the reference."""
        amount = invoice.amount_total if amount is None else amount
        reference = invoice.payment_reference.strip("+").replace("/", "")
        return self._line(amount, reference=reference, **vals)

    def _bill(self, amount, ref, **vals):
        return self._invoice(
            amount, partner=self.vendor, move_type="in_invoice", ref=ref, **vals
        )

    def _in_two(self, amount):
        return self._invoice(
            amount, due="2026-02-20", invoice_payment_term_id=self.halves.id
        )

    def _in_dollars(self):
        """A journal of the company whose account is held in dollars."""
        journal = self.journal.copy({"code": "BNK9", "currency_id": self.usd.id})
        journal.set_bank_account("BE43068999999501")
        return journal

    def _picture(self, line, invoices):
        """Everything an undo has to bring back."""
        return (
            sorted(
                (item.account_id.code, item.balance, item.amount_currency, item.name)
                for item in line.line_ids
            ),
            line.is_reconciled,
            line.amount_residual,
            [
                (
                    invoice.payment_state,
                    invoice.amount_residual,
                    self._receivable(invoice).mapped("amount_residual"),
                )
                for invoice in invoices
            ],
        )

    def assertSettled(self, line, invoices, how):
        self.assertRecordValues(
            line,
            [
                {
                    "is_reconciled": True,
                    "amount_residual": 0.0,
                    "facturex_match_state": how,
                    "facturex_invoice_ids": invoices.ids,
                }
            ],
        )
        self.assertFalse(self._suspense(line))
        self.assertAlmostEqual(sum(line.line_ids.mapped("balance")), 0)

    def assertLeft(self, line, state="proposed"):
        self.assertRecordValues(
            line, [{"is_reconciled": False, "facturex_match_state": state}]
        )
        self.assertRecordValues(self._suspense(line), [{"balance": -line.amount}])

    # ------------------------------------------------------------------
    # What is certain
    # ------------------------------------------------------------------

    def test_reference_and_amount(self):
        invoice = self._invoice(121)
        line = self._pay(invoice)
        self.assertEqual(line._facturex_match(), line)
        self.assertSettled(line, invoice, "auto")
        self.assertRecordValues(
            invoice, [{"payment_state": "paid", "amount_residual": 0.0}]
        )
        self.assertEqual(
            line.facturex_match_reason,
            f"reference {invoice.payment_reference}, amount equal",
        )
        self.assertRecordValues(
            line.facturex_proposal_ids,
            [
                {
                    "state": "accepted",
                    "score": 100,
                    "line_ids": self._receivable(invoice).ids,
                    "move_ids": invoice.ids,
                    "partner_id": self.customer.id,
                }
            ],
        )
        self.assertEqual(line.partner_id, self.customer)

    def test_import_matches(self):
        invoice = self._invoice(121)
        entries = [{"amount": 121, "reference": invoice.payment_reference}]
        file = self._import(self._camt(self.iban, entries))
        self.assertRecordValues(file, [{"new_count": 1, "matched_count": 1}])
        self.assertSettled(file.st_line_ids, invoice, "auto")

    def test_reference_in_the_text(self):
        invoice = self._invoice(80)
        line = self._line(80, f"Invoice {invoice.payment_reference} thanks")
        line._facturex_match()
        self.assertSettled(line, invoice, "auto")

    def test_number_in_the_text(self):
        invoice = self._invoice(80)
        line = self._line(80, f"payment {invoice.name.replace('/', ' ')}")
        line._facturex_match()
        self.assertSettled(line, invoice, "auto")
        self.assertIn("in the text, amount equal", line.facturex_match_reason)

    def test_vendor_bill(self):
        bill = self._bill(250, "OMEGA-2026-77")
        line = self._line(-250, "your bill OMEGA-2026-77", partner_name="Omega")
        line._facturex_match()
        self.assertSettled(line, bill, "auto")
        self.assertEqual(bill.payment_state, "paid")

    def test_credit_note_paid_back(self):
        refund = self._invoice(40, move_type="out_refund")
        line = self._line(-40, f"refund {refund.name}")
        line._facturex_match()
        self.assertSettled(line, refund, "auto")
        self.assertEqual(refund.payment_state, "paid")

    def test_half_settles_the_oldest_instalment(self):
        invoice = self._in_two(99.98)
        first, second = self._receivable(invoice)
        line = self._pay(invoice, 49.99)
        line._facturex_match()
        self.assertSettled(line, invoice, "auto")
        self.assertEqual([first.amount_residual, second.amount_residual], [0.0, 49.99])
        self.assertEqual(invoice.payment_state, "partial")
        self._pay(invoice, 49.99, date="2026-03-12")._facturex_match()
        self.assertEqual(invoice.payment_state, "paid")

    def test_full_amount_settles_both_instalments(self):
        invoice = self._in_two(99.99)
        line = self._pay(invoice)
        line._facturex_match()
        self.assertSettled(line, invoice, "auto")
        self.assertEqual(
            self._receivable(invoice).mapped("amount_residual"), [0.0, 0.0]
        )
        self.assertEqual(invoice.payment_state, "paid")

    def test_many_at_once(self):
        invoices = self.env["account.move"].union(
            *(self._invoice(10 + rank) for rank in range(5))
        )
        lines = self.env["account.bank.statement.line"].union(
            *(self._pay(invoice) for invoice in invoices)
        )
        lines = self._as(lines, self.user)
        action = lines.action_facturex_match()
        self.assertEqual(action["params"]["message"], "5 matched, 0 left to match")
        self.assertEqual(set(invoices.mapped("payment_state")), {"paid"})
        for line, invoice in zip(lines, invoices, strict=True):
            self.assertEqual(line.facturex_invoice_ids, invoice)

    # ------------------------------------------------------------------
    # What is proposed
    # ------------------------------------------------------------------

    def test_other_amount_is_only_proposed(self):
        invoice = self._invoice(100)
        line = self._pay(invoice, 60)
        self.assertFalse(line._facturex_match())
        self.assertLeft(line)
        [proposal] = line.facturex_proposal_ids
        self.assertRecordValues(
            proposal,
            [{"state": "open", "move_ids": invoice.ids, "amount_residual": 100.0}],
        )
        self.assertIn("amount differs by", proposal.reason)
        self.assertIn("40.00", proposal.reason)
        self.assertEqual(line.facturex_match_reason, proposal.reason)
        # a person says yes: the invoice keeps its rest
        proposal.action_accept()
        self.assertSettled(line, invoice, "manual")
        self.assertRecordValues(
            invoice, [{"payment_state": "partial", "amount_residual": 40.0}]
        )
        self.assertEqual(proposal.state, "accepted")

    def test_part_of_two_instalments(self):
        invoice = self._in_two(100)
        line = self._pay(invoice, 30)
        line._facturex_match()
        line.facturex_proposal_ids.action_accept()
        self.assertSettled(line, invoice, "manual")
        self.assertEqual(
            self._receivable(invoice).mapped("amount_residual"), [20.0, 50.0]
        )

    def test_overpayment_leaves_its_rest_on_suspense(self):
        invoice = self._invoice(100)
        line = self._pay(invoice, 150)
        self.assertFalse(line._facturex_match())
        line.facturex_proposal_ids.action_accept()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertRecordValues(
            line, [{"is_reconciled": False, "amount_residual": -50.0}]
        )
        self.assertRecordValues(self._suspense(line), [{"balance": -50.0}])
        self.assertEqual(line.facturex_invoice_ids, invoice)

    def test_rest_of_an_overpayment_is_matched_in_turn(self):
        first, second = self._invoice(100), self._invoice(50)
        line = self._pay(first, 150)
        line._facturex_match()
        line.facturex_proposal_ids.action_accept()
        line._facturex_match()
        proposal = line.facturex_proposal_ids.filtered(lambda p: p.state == "open")
        self.assertEqual(proposal.move_ids, second)
        proposal.action_accept()
        self.assertSettled(line, first | second, "manual")
        self.assertEqual((first | second).mapped("payment_state"), ["paid", "paid"])

    def test_rest_of_an_overpayment_does_not_undo_what_was_matched(self):
        first, second = self._invoice(100), self._invoice(150)
        line = self._pay(first, 150)
        line._facturex_match()
        line.facturex_proposal_ids.action_accept()
        # by hand: more than what is left
        line._facturex_reconcile(self._receivable(second), "manual")
        self.assertSettled(line, first | second, "manual")
        self.assertRecordValues(
            first | second,
            [
                {"payment_state": "paid", "amount_residual": 0.0},
                {"payment_state": "partial", "amount_residual": 100.0},
            ],
        )

    def test_invoice_less_its_credit_note(self):
        invoice, refund = self._invoice(100), self._invoice(20, move_type="out_refund")
        line = self._line(80, f"{invoice.name} minus {refund.name}")
        self.assertFalse(line._facturex_match())
        line.facturex_proposal_ids[0].action_accept()
        self.assertSettled(line, invoice | refund, "manual")
        self.assertEqual((invoice | refund).mapped("amount_residual"), [0.0, 0.0])

    def test_two_documents_in_one_payment(self):
        first, second = self._invoice(100), self._invoice(50)
        line = self._line(150, f"{first.name} and {second.name}")
        self.assertFalse(line._facturex_match())
        best = line.facturex_proposal_ids[0]
        self.assertEqual(best.move_ids, first | second)
        self.assertIn("2 documents add up to the amount", best.reason)
        best.action_accept()
        self.assertSettled(line, first | second, "manual")
        self.assertEqual(
            set(line.facturex_proposal_ids.mapped("state")), {"accepted", "superseded"}
        )

    def test_known_account_and_amount(self):
        self.env["res.partner.bank"].create(
            {"acc_number": self.payer_iban, "partner_id": self.customer.id}
        )
        invoice = self._invoice(77.7)
        line = self._line(77.7, "thanks", account_number=self.payer_iban)
        self.assertFalse(line._facturex_match())
        self.assertLeft(line)
        self.assertRecordValues(
            line.facturex_proposal_ids,
            [
                {
                    "move_ids": invoice.ids,
                    "reason": "amount equal, account known for this partner",
                }
            ],
        )

    def test_same_reference_twice_on_one_day(self):
        invoice = self._invoice(100)
        lines = self._pay(invoice) | self._pay(invoice)
        self.assertFalse(lines._facturex_match())
        for line in lines:
            self.assertLeft(line)
            self.assertIn(
                "2 transactions of that day name it", line.facturex_match_reason
            )
        self.assertEqual(invoice.payment_state, "not_paid")

    def test_same_reference_again_another_day(self):
        invoice = self._invoice(100)
        late = self._pay(invoice, date="2026-03-12")
        early = self._pay(invoice)
        self.assertEqual((late | early)._facturex_match(), early)
        self.assertLeft(late)
        # its document is settled: accepting it is refused, with the reason
        with self.assertRaisesRegex(UserError, "settled in the meantime"):
            late.facturex_proposal_ids.action_accept()

    def test_nothing_known(self):
        self._invoice(100)
        line = self._line(3.21, "Interest")
        self.assertFalse(line._facturex_match())
        self.assertLeft(line, "none")
        self.assertFalse(line.facturex_proposal_ids)
        self.assertFalse(line.facturex_match_reason)

    def test_draft_and_settled_documents_are_no_candidates(self):
        draft = self._invoice(100, post=False)
        paid = self._invoice(100)
        self._pay(paid)._facturex_match()
        line = self._line(100, f"{paid.name} {draft.payment_reference or ''}")
        self.assertFalse(line._facturex_match())
        self.assertLeft(line, "none")

    def test_never_a_document_of_another_company(self):
        """Same reference, same amount, and a user of both companies."""
        self.user.company_ids += self.other_company
        both = (self.company + self.other_company).ids
        invoice = self._invoice(100)
        foreign = (
            self.env["account.move"]
            .with_company(self.other_company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": "2026-02-01",
                    "payment_reference": invoice.payment_reference,
                    "invoice_line_ids": [
                        fields.Command.create({"name": "Work", "price_unit": 100})
                    ],
                }
            )
        )
        foreign.invoice_line_ids.tax_ids = False
        foreign.action_post()
        self.assertEqual(foreign.amount_residual, 100)
        line = self._pay(invoice).with_context(allowed_company_ids=both)
        line._facturex_match()
        self.assertSettled(line, invoice, "auto")
        second = self._pay(foreign).with_context(allowed_company_ids=both)
        self.assertFalse(second._facturex_match())
        self.assertLeft(second, "none")
        self.assertEqual(foreign.payment_state, "not_paid")

    # ------------------------------------------------------------------
    # Acts of a person
    # ------------------------------------------------------------------

    def test_undo_brings_everything_back(self):
        single, double = self._invoice(100), self._in_two(99.99)
        for invoice, amount in [(single, 100), (double, 99.99)]:
            with self.subTest(invoice=invoice.name):
                line = self._pay(invoice, amount)
                before = self._picture(line, invoice)
                line._facturex_match()
                self.assertNotEqual(self._picture(line, invoice), before)
                line.action_facturex_undo()
                self.assertEqual(self._picture(line, invoice), before)
                self.assertRecordValues(
                    line,
                    [
                        {
                            "facturex_match_state": "proposed",
                            "facturex_match_reason": False,
                            "facturex_invoice_ids": [],
                        }
                    ],
                )
                line._facturex_match()
                self.assertSettled(line, invoice, "auto")

    def test_undo_of_a_partial_payment(self):
        invoice = self._invoice(100)
        line = self._pay(invoice, 60)
        line._facturex_match()
        before = self._picture(line, invoice)
        line.facturex_proposal_ids.action_accept()
        line.action_facturex_undo()
        self.assertEqual(self._picture(line, invoice), before)
        line.facturex_proposal_ids.action_accept()
        self.assertEqual(invoice.amount_residual, 40)

    def test_undo_leaves_the_other_payment(self):
        invoice = self._in_two(100)
        first = self._pay(invoice, 50)
        second = self._pay(invoice, 50, date="2026-03-12")
        (first | second)._facturex_match()
        first._facturex_match()
        second._facturex_match()
        self.assertEqual(invoice.payment_state, "paid")
        second.action_facturex_undo()
        self.assertEqual(invoice.payment_state, "partial")
        self.assertTrue(first.is_reconciled)
        self.assertFalse(second.is_reconciled)

    def test_accept_twice(self):
        invoice = self._invoice(100)
        line = self._pay(invoice, 60)
        line._facturex_match()
        proposal = line.facturex_proposal_ids
        proposal.action_accept()
        with self.assertRaisesRegex(UserError, "already accepted"):
            proposal.action_accept()
        self.assertEqual(invoice.amount_residual, 40)

    def test_line_already_matched(self):
        invoice, other = self._invoice(100), self._invoice(100)
        line = self._pay(invoice)
        line._facturex_match()
        with self.assertRaisesRegex(UserError, "already matched"):
            line._facturex_reconcile(self._receivable(other), "manual")
        self.assertEqual(other.payment_state, "not_paid")
        self.assertFalse(line._facturex_match(), "nothing left to do")
        self.assertSettled(line, invoice, "auto")

    def test_put_aside(self):
        invoice = self._invoice(100)
        line = self._pay(invoice, 60)
        line._facturex_match()
        line.action_facturex_aside()
        self.assertEqual(line.facturex_match_state, "aside")
        line._facturex_match()
        self.assertEqual(line.facturex_match_state, "aside")
        line.facturex_proposal_ids.filtered(lambda p: p.state == "open").action_accept()
        self.assertSettled(line, invoice, "manual")
        line.action_facturex_aside()
        self.assertEqual(line.facturex_match_state, "manual", "it is not open")

    def test_look_again_when_the_invoice_comes_later(self):
        line = self._line(100, "INV-77")
        line._facturex_match()
        self.assertLeft(line, "none")
        invoice = self._invoice(100, payment_reference="INV-77")
        line.action_facturex_match()
        self.assertSettled(line, invoice, "auto")

    def test_account_is_remembered(self):
        first, second = self._invoice(100), self._invoice(55)
        line = self._pay(first, account_number=self.payer_iban)
        line._facturex_match()
        self.assertRecordValues(
            self.customer.bank_ids, [{"sanitized_acc_number": self.payer_iban}]
        )
        unnamed = self._line(55, "thank you", account_number=self.payer_iban)
        unnamed._facturex_match()
        self.assertEqual(unnamed.facturex_proposal_ids.move_ids, second)
        self.assertIn("account known", unnamed.facturex_match_reason)

    def test_account_written_with_blanks_is_not_remembered_twice(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "BE62 5100 0754 7061", "partner_id": self.customer.id}
        )
        line = self._pay(self._invoice(100), account_number=self.payer_iban)
        line._facturex_match()
        self.assertTrue(line.is_reconciled)
        self.assertEqual(self.customer.bank_ids, bank)

    def test_account_of_another_partner_is_left_to_it(self):
        self.env["res.partner.bank"].create(
            {"acc_number": self.payer_iban, "partner_id": self.vendor.id}
        )
        invoice = self._invoice(100)
        line = self._pay(invoice, account_number=self.payer_iban)
        line._facturex_match()
        self.assertSettled(line, invoice, "auto")
        self.assertIn("belongs to another partner", line.facturex_match_reason)
        self.assertFalse(self.customer.bank_ids)

    # ------------------------------------------------------------------
    # Currencies
    # ------------------------------------------------------------------

    def test_invoice_in_another_currency(self):
        """100 dollars are not 100 euros, and 80 euros only may be."""
        invoice = self._invoice(100, currency_id=self.usd.id)
        self.assertEqual(self._receivable(invoice).balance, 80)
        for amount in (100, 80):
            with self.subTest(amount=amount):
                line = self._pay(invoice, amount)
                self.assertFalse(line._facturex_match())
                self.assertLeft(line)
                self.assertIn("USD", line.facturex_match_reason)
        line.facturex_proposal_ids.action_accept()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertSettled(line, invoice, "manual")

    def test_account_in_another_currency(self):
        invoice = self._invoice(100)
        line = self._pay(invoice, 100, journal_id=self._in_dollars().id)
        self.assertFalse(line._facturex_match())
        self.assertEqual(line.facturex_match_state, "proposed")
        line.facturex_proposal_ids.action_accept()
        # 100 dollars pay 80 euros
        self.assertRecordValues(
            invoice, [{"payment_state": "partial", "amount_residual": 20.0}]
        )
        self.assertTrue(line.is_reconciled)
        self.assertEqual(sum(line.line_ids.mapped("balance")), 0)

    def test_account_and_invoice_in_another_currency(self):
        invoice = self._invoice(100, currency_id=self.usd.id)
        line = self._pay(invoice, 100, journal_id=self._in_dollars().id)
        self.assertEqual(line._facturex_match(), line)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertRecordValues(
            line, [{"is_reconciled": True, "amount_residual": 0.0, "amount": 100.0}]
        )

    def test_overpayment_in_another_currency(self):
        invoice = self._invoice(100, currency_id=self.usd.id)
        journal = self._in_dollars()
        line = self._pay(invoice, 150, journal_id=journal.id)
        line._facturex_match()
        line.facturex_proposal_ids.action_accept()
        self.assertEqual(invoice.payment_state, "paid")
        rest = line.line_ids.filtered(
            lambda item: item.account_id == journal.suspense_account_id
        )
        self.assertRecordValues(
            rest,
            [{"balance": -40.0, "amount_currency": -50.0, "currency_id": self.usd.id}],
        )
        self.assertRecordValues(
            line, [{"amount": 150.0, "amount_residual": -50.0, "is_reconciled": False}]
        )

    # ------------------------------------------------------------------
    # Paid means seen on the bank
    # ------------------------------------------------------------------

    def _registered(self, paid_on_bank):
        self.company.facturex_paid_on_bank = paid_on_bank
        self.inbound_payment_method_line.payment_account_id = False
        invoice = self._invoice(100)
        return invoice, self._register_payment(invoice)

    def test_registered_payment_waits_for_the_bank(self):
        invoice, payment = self._registered(True)
        self.assertRecordValues(
            invoice, [{"payment_state": "in_payment", "amount_residual": 100.0}]
        )
        self.assertEqual(payment.state, "in_process")
        line = self._pay(invoice)
        before = self._picture(line, invoice)
        line._facturex_match()
        self.assertSettled(line, invoice, "auto")
        self.assertRecordValues(
            invoice, [{"payment_state": "paid", "amount_residual": 0.0}]
        )
        self.assertEqual(payment.state, "paid")
        line.action_facturex_undo()
        self.assertEqual(self._picture(line, invoice), before)

    def test_odoos_own_behaviour(self):
        invoice, payment = self._registered(False)
        self.assertRecordValues(
            invoice, [{"payment_state": "paid", "amount_residual": 0.0}]
        )
        self.assertTrue(payment.move_id)
        # the bank line clears the payment, not the invoice any more
        line = self._pay(invoice)
        self.assertEqual(line._facturex_match(), line)
        self.assertSettled(line, payment.move_id, "auto")
        self.assertTrue(payment.is_matched)
        line.action_facturex_undo()
        self.assertFalse(payment.is_matched)
        self.assertRecordValues(self._suspense(line), [{"balance": -100.0}])

    def test_in_payment_is_not_reminded(self):
        policy = self.env["facturex.dunning.policy"].create({"name": "Standard"})
        invoice, _payment = self._registered(True)
        self.assertEqual(invoice.payment_state, "in_payment")
        self.assertFalse(policy._run())
        late = self._invoice(100)
        self.assertEqual(policy._run().line_ids.move_id, late)

    # ------------------------------------------------------------------
    # Speed and previews
    # ------------------------------------------------------------------

    def test_dry_writes_nothing(self):
        sure, unsure = self._invoice(100), self._invoice(50)
        lines = self._pay(sure) | self._pay(unsure, 20) | self._line(1, "x")
        with self.assertNothingWritten():
            decided = lines._facturex_match(dry=True)
        self.assertEqual(set(decided), set(lines[:2].ids))
        self.assertTrue(decided[lines[0].id][0].certain)
        self.assertFalse(decided[lines[1].id][0].certain)
        for line in lines:
            self.assertLeft(line, "none")

    def test_queries_do_not_grow_with_the_lines(self):
        for rank in range(40):
            self._invoice(1000 + rank, post=False)
        self.env["account.move"].search([("state", "=", "draft")]).action_post()
        lines = self._as(self.env["account.bank.statement.line"], self.user).create(
            [
                {
                    "journal_id": self.journal.id,
                    "date": DAY,
                    "amount": 2000 + rank,
                    "payment_ref": f"Nobody {rank}",
                    "account_number": self.payer_iban,
                    "transaction_details": {},
                }
                for rank in range(40)
            ]
        )
        counts = []
        for number in (5, 5, 40):  # the first one warms up
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertFalse(lines[:number]._facturex_match(dry=True))
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1] + 2)
