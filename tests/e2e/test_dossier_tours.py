"""The accountant's house in a browser: the firm, the entrepreneur, the collaborator."""

from odoo.tests import HttpCase, tagged

from odoo.addons.facturex_portal.tests.test_documents import DocumentMixin
from odoo.addons.facturex_portal.tests.test_dossier_life import BELGIAN, FirmCommon


@tagged("post_install", "-at_install")
class TestDossierTours(DocumentMixin, FirmCommon, HttpCase):
    today = None  # a real browser has a real clock

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in (cls.lea, cls.carl):
            user.password = user.login + "-password"
        cls.dossier_a.sudo().owner_user_id = cls.amy

    def _browse(self, user, tour, url="/odoo"):
        self.start_tour(url, f"facturex_dossier_{tour}_tour", login=user.login,
                        timeout=180)  # fmt: skip

    def test_the_firm_sets_up_a_client(self):
        self._browse(self.lea, "create")
        creation = self.env["facturex.dossier.creation"].sudo().search([], limit=1)
        self.assertRecordValues(creation, [{"state": "running", "total": 1}])
        line = creation.line_ids.sudo()
        line._run()
        self.assertEqual(line.state, "done", line.message)
        self.assertTrue(
            self.lea._facturex_can("manage_users", line.dossier_id.company_id)
        )

    def test_the_firm_asks_and_the_entrepreneur_accepts(self):
        self.company_b.sudo().vat = BELGIAN
        # who binds B: one person, to know whose page it is
        self.dossier_b.sudo().member_ids.filtered(
            lambda m: m.user_id != self.olga
        ).unlink()
        self._browse(self.lea, "link")
        self.assertEqual(self._waiting(kind="link").company_id, self.company_b)
        self._browse(self.olga, "accept", "/my/companies")
        self.assertEqual(self.dossier_b.firm_id, self.firm)
        self.assertEqual(self.dossier_b.state, "trial")
        self.assertTrue(self.lea._facturex_can("book", self.company_b))

    def test_a_collaborator_enters_and_comes_back(self):
        self._act("responsible", self.dossier_a, user_id=self.carl.id)
        self._browse(self.carl, "enter")
        entered = self.env["facturex.access.log"].search(
            [("user_id", "=", self.carl.id), ("kind", "=", "enter")]
        )
        self.assertEqual(entered.company_id, self.company_a)

    def test_the_firm_locks_in_one_act(self):
        self.dossier_c.sudo().firm_id = self.firm
        self._member(self.dossier_c, self.lea, "reader")
        self._browse(self.lea, "lock")
        self.assertEqual(str(self.company_a.fiscalyear_lock_date), "2026-01-31")
        self.assertFalse(self.company_c.fiscalyear_lock_date)

    def test_asked_answered_and_settled(self):
        self._browse(self.lea, "ask")
        request = self.env["facturex.request"].search([], limit=1)
        self.assertEqual(request.user_id, self.amy)
        self._browse(self.amy, "answer", "/my/requests")
        self.assertEqual(request.state, "answered")
        self._browse(self.lea, "settle")
        self.assertEqual(request.state, "accepted")

    def test_the_house_is_handed_over_and_the_firm_leaves(self):
        self.dossier_a.sudo().owner_user_id = False
        self._browse(self.lea, "transfer")
        self.assertEqual(self.dossier_a.owner_user_id, self.amy)
        (self.member_b | self.member_c).sudo()._end()
        self._browse(self.amy, "leave")
        self.assertEqual(self.dossier_a.state, "disconnected")
        self.assertFalse(self.lea._facturex_can("member", self.company_a))
        self.assertTrue(self.amy._facturex_can("sell", self.company_a))

    def test_a_role_is_changed_on_the_page(self):
        member = self._member(self.dossier_a, self.carl, "accountant")
        self._browse(self.lea, "matrix")
        self.assertEqual(member.role_id.code, "reader")

    def test_a_role_that_ends_is_explained(self):
        """The page was open; the person has another company to go on in."""
        (self.member_b | self.member_c).sudo()._end()
        plain = self.env["res.company"].sudo().create({"name": "Ordinary"})
        self.amy.sudo().company_ids |= plain
        self._browse(self.amy, "ended")
        self.assertFalse(self.member_a.active)
        self.assertEqual(self.amy.company_ids, plain)

    def test_documents_are_read_by_folder(self):
        document = self._file("contracts", self.company_a, name="Lease")
        self._file("payroll", self.company_a, name="Pay slip")
        self._act("responsible", self.dossier_a, user_id=self.carl.id)
        self.carl.sudo().company_id = self.company_a
        self._browse(self.carl, "documents")
        self.assertEqual(document.name, "Lease of the hall")
