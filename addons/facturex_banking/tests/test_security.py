from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import FacturexBankingCommon


@tagged("post_install", "-at_install")
class TestSecurity(FacturexBankingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._invoice(100)
        entries = [{"amount": 60, "reference": cls.invoice.payment_reference}]
        cls.file = cls._import(cls._camt(cls.iban, entries)).sudo(False)
        cls.line = cls.file.st_line_ids
        cls.proposal = cls.line.facturex_proposal_ids
        cls.records = (cls.file, cls.proposal)

    def test_fixtures(self):
        self.assertEqual(self.file.state, "done", self.file.message)
        self.assertEqual(len(self.proposal), 1)

    def test_other_company_sees_nothing(self):
        self._assert_other_company_sees_nothing(self.records)

    def test_other_company_cannot_act(self):
        with self.assertRaises(AccessError):
            self._as(self.proposal, self.other_user).action_accept()
        line = self._as(self.line, self.other_user)
        for act in (
            line.action_facturex_match,
            line.action_facturex_aside,
            line.action_facturex_undo,
        ):
            with self.assertRaises(AccessError):
                act()
        self.assertEqual(self.invoice.payment_state, "not_paid")

    def test_company_not_selected_sees_nothing(self):
        """A user of both companies, working in the other one."""
        self.user.company_ids += self.other_company
        for record in self.records:
            elsewhere = self._as(record, self.user, self.other_company)
            self.assertFalse(elsewhere.search([]) & record)

    def test_portal_and_employee_see_nothing(self):
        strangers = self._strangers()
        self._assert_refused_to_read(strangers, self.records)
        for user in strangers:
            with self.assertRaises(AccessError):
                self._import(b"", user=user)
            with self.assertRaises(AccessError):
                self.env["facturex.statement.import"].with_user(user).create({})

    def test_the_register_is_not_rewritten(self):
        for user in (self.user, self.accountant, self.manager):
            with self.assertRaises(AccessError):
                self._as(self.file, user).unlink()

    def test_screens_of_others_are_private(self):
        screen = self._as(self.env["facturex.statement.import"], self.user).create({})
        screen.line_ids.create({"wizard_id": screen.id, "name": "bank.xml"})
        for record in (screen, screen.line_ids):
            with self.assertRaises(AccessError):
                self._as(record, self.accountant).read(["display_name"])
        self.assertEqual(screen.line_ids.name, "bank.xml")

    # ------------------------------------------------------------------
    # Doors of the journal card
    # ------------------------------------------------------------------

    def test_import_from_the_journal_card(self):
        journal = self._as(self.journal, self.user)
        action = journal.action_facturex_import_statement()
        self.assertEqual(action["res_model"], "facturex.statement.import")
        screen = self.env[action["res_model"]].with_context(**action["context"])
        self.assertEqual(screen.create({}).journal_id, self.journal)

    def test_journal_card_opens_its_transactions(self):
        journal = self._as(self.journal, self.user)
        action = journal.open_action()
        self.assertEqual(action["res_model"], "account.bank.statement.line")
        self.assertEqual(
            action["context"],
            {
                "search_default_journal_id": self.journal.id,
                "search_default_to_match": False,
                "default_journal_id": self.journal.id,
            },
        )

    def test_journal_card_opens_what_is_to_match(self):
        action = self._as(self.journal, self.user).action_facturex_to_match()
        self.assertEqual(action["tag"], "facturex_match_screen")
        self.assertIn(self.journal.id, action["context"].values())

    def test_other_journals_open_as_before(self):
        sales = self._as(self.company_data["default_journal_sale"], self.user)
        self.assertEqual(sales.open_action()["res_model"], "account.move")
