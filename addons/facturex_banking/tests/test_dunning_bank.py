from datetime import date

from odoo.tests import tagged

from .common import DAY, FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestDunningBank(FacturexBankingCommon):
    """What bank lines tell the reminders: how far they go, whose money waits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["facturex.dunning.policy"].create(
            {"name": "Standard", "mode": "auto", "user_id": cls.user.id}
        )
        cls.other = cls.customer.copy({"name": "Client Beta"})

    def _facts(self, *partners, company=None):
        policy = self._as(self.policy, self.user)
        found = self.env["res.partner"].union(*partners)
        return policy._facturex_dunning_bank_facts(
            company or self.company, self._as(found, self.user)
        )

    def _resembling(self, *partners):
        return self._facts(*partners).resembling

    # ------------------------------------------------------------------
    # How far the bank is known
    # ------------------------------------------------------------------

    def test_the_newest_line(self):
        self.assertIsNone(self._facts().newest)
        self._line(1, date="2026-03-05")
        self._line(2, date="2026-03-09")
        self._line(3, date="2026-03-07")
        self.assertEqual(self._facts().newest, date(2026, 3, 9))

    def test_a_statement_without_movements_counts(self):
        self._line(1, date="2026-03-05")
        self.assertEqual(self._facts().newest, date(2026, 3, 5))
        self._import(self._camt(self.iban, [], date="2026-03-12"))
        self.assertEqual(self._facts().newest, date(2026, 3, 12))
        # a file that was only looked at says nothing
        later = self._camt(self.iban, [], date="2026-03-14", number=2)
        self._import(later, dry=True)
        self.assertEqual(self._facts().newest, date(2026, 3, 12))

    def test_the_bank_of_another_company_says_nothing(self):
        line = (
            self.env["account.bank.statement.line"]
            .with_company(self.other_company)
            .create(
                {
                    "journal_id": self.other_journal.id,
                    "date": DAY,
                    "amount": 100,
                    "partner_id": self.customer.id,
                }
            )
        )
        self.assertEqual(line.company_id, self.other_company)
        facts = self._facts(self.customer)
        self.assertIsNone(facts.newest)
        self.assertFalse(facts.resembling)

    # ------------------------------------------------------------------
    # Whose money waits
    # ------------------------------------------------------------------

    def test_by_the_partner_of_the_line(self):
        contact = self.customer.create(
            {"name": "Somebody there", "parent_id": self.customer.id}
        )
        self._line(60, partner_id=contact.id)
        self._line(40, partner_id=self.customer.id)
        found = self._resembling(self.customer, self.other)
        self.assertEqual(list(found), self.customer.ids)
        self.assertIn("100.00", found[self.customer.id])

    def test_by_the_owner_of_the_account(self):
        self.env["res.partner.bank"].create(
            {"acc_number": self.payer_iban, "partner_id": self.customer.id}
        )
        self._line(75, "thank you", account_number=self.payer_iban)
        self._line(10, "nobody's", account_number=self.unknown_iban)
        self.assertEqual(list(self._resembling(self.customer)), self.customer.ids)

    def test_by_what_matching_proposed(self):
        invoice = self._invoice(100)
        digits = invoice.payment_reference.strip("+").replace("/", "")
        line = self._line(60, reference=digits)
        self.assertFalse(self._resembling(self.customer))
        line._facturex_match()
        self.assertEqual(line.facturex_match_state, "proposed")
        self.assertIn("60.00", self._resembling(self.customer)[self.customer.id])

    def test_what_is_no_payment_of_his(self):
        invoice = self._invoice(100)
        digits = invoice.payment_reference.strip("+").replace("/", "")
        matched = self._line(100, reference=digits)
        matched._facturex_match()
        self.assertTrue(matched.is_reconciled)
        # money that left, and what a person put aside
        self._line(-50, partner_id=self.customer.id)
        aside = self._line(30, partner_id=self.customer.id)
        aside.action_facturex_aside()
        self.assertFalse(self._resembling(self.customer))

    # ------------------------------------------------------------------
    # In the run
    # ------------------------------------------------------------------

    def test_an_automatic_message_waits_for_the_match(self):
        invoice = self._invoice(100, due="2026-03-01")
        line = self._line(99, date="2026-03-13", partner_id=self.customer.id)
        self.assertFalse(self.policy._run(date=date(2026, 3, 16)))
        task = self.policy.activity_ids
        self.assertEqual(task.facturex_cause, "bank_resembles")
        self.assertIn("Client Alpha", task.note)
        # a proposal carries the warning instead
        self.policy.mode = "propose"
        notice = self.policy._run(date=date(2026, 3, 16))
        self.assertIn("99.00", notice.warning_text)
        notice.action_cancel()
        # put aside: it was not his payment
        line.action_facturex_aside()
        self.policy.mode = "auto"
        notice = self.policy._run(date=date(2026, 3, 16))
        self.assertEqual(notice.line_ids.move_id, invoice)

    def test_old_bank_lines_stop_what_is_automatic(self):
        self._invoice(100, due="2026-03-01")
        self._line(1, date="2026-03-10")
        self.assertFalse(self.policy._run(date=date(2026, 3, 16)))
        self.assertEqual(self.policy.activity_ids.facturex_cause, "bank_stale")
        self._line(1, date="2026-03-11")
        self.assertTrue(self.policy._run(date=date(2026, 3, 16)))
        self.assertFalse(self.policy.activity_ids)

    def test_queries_do_not_grow_with_the_customers(self):
        def count(number):
            partners = self.env["res.partner"].create(
                [{"name": f"C{n}"} for n in range(number)]
            )
            for partner in partners:
                self._line(10, partner_id=partner.id)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(len(self._resembling(*partners)), number)
            return self.env.cr.sql_log_count - before

        count(2)
        self.assertLessEqual(count(20), count(3) + 2)
