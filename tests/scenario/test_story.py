"""The demo's story, told in a test: the same people, documents and checks."""

from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import MailCase

from scripts.seed import dataset
from scripts.seed.story import Story, signature, today
from tests.scenario import einvoice


@tagged("post_install", "-at_install")
class TestStory(HttpCase, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in ("fr_FR", "fr_BE", "nl_NL", "nl_BE"):
            cls.env["res.lang"]._activate_lang(lang)
        cls.env.ref("base.user_admin").group_ids += cls.env.ref(
            "facturex_billing.group_facturex_manager"
        )

    def _accept(self, order):
        answer = self.make_jsonrpc_request(
            f"/my/orders/{order.id}/accept",
            {
                "access_token": order.access_token,
                "name": order.partner_id.name,
                "signature": signature(),
            },
        )
        self.assertTrue(answer["force_refresh"], answer)

    def _commit(self):
        """As far as the story may: what would run after a commit runs now."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.cr.postcommit.run()

    def test_one_euro_all_the_way_round(self):
        story = Story(
            self.env(user=self.env.ref("base.user_admin"), su=True),
            today(),
            accept_quote=self._accept,
            commit=self._commit,
            say=lambda _sentence: None,
            volume=14,
        )
        with self.mock_mail_gateway():
            facts = story.run()
        self.assertGreater(len(self._mails), facts.counts["reminders"])
        self._check_facts(facts)
        self._check_paid_invoices(story)
        self._check_ledger(story)
        self._check_reminders(story)
        self._check_isolation(story)
        self._check_house(story)
        self._check_electronic_files()

    def _check_facts(self, facts):
        self.assertEqual(facts.counts["customers"], len(dataset.CUSTOMERS))
        self.assertEqual(facts.counts["real_files"], 16)
        self.assertEqual(facts.counts["real_lines"], facts.counts["real_known"])
        self.assertGreater(facts.counts["reminders"], 1)
        self.assertEqual(facts.counts["subscriptions_be"], 5)
        self.assertEqual(facts.counts["subscriptions_fr"], 5)
        self.assertGreater(facts.counts["exported"], 0)

    def _check_paid_invoices(self, story):
        for invoice in story.invoices.values():
            self.assertEqual(invoice.payment_state, "paid")
            self.assertTrue(invoice.is_move_sent)
            [bank_line] = invoice._get_reconciled_statement_lines()
            self.assertEqual(bank_line.facturex_match_state, "auto")
            [proposal] = bank_line.facturex_proposal_ids
            self.assertEqual((proposal.state, proposal.score), ("accepted", 100))
            self.assertTrue(bank_line.facturex_match_reason)
            self.assertFalse(bank_line._seek_for_lines()[1], "suspense is not empty")
        belgian, french = story.invoices["be"], story.invoices["fr"]
        self.assertEqual(belgian.ubl_cii_xml_id.raw[:5], b"<?xml")
        self.assertIn(b"urn:fdc:peppol.eu", belgian.ubl_cii_xml_id.raw)
        self.assertIn(b"CrossIndustryInvoice", french.ubl_cii_xml_id.raw)

    def _check_ledger(self, story):
        """Debit equals credit, and no bank line is half matched."""
        companies = [company.id for company in story.office.companies.values()]
        for move, balance in self.env["account.move.line"]._read_group(
            [("company_id", "in", companies), ("parent_state", "=", "posted")],
            ["move_id"],
            ["balance:sum"],
        ):
            self.assertAlmostEqual(balance, 0, 2, move.display_name)
        for line in self.env["account.bank.statement.line"].search(
            [("company_id", "in", companies)]
        ):
            liquidity, suspense, other = line._seek_for_lines()
            self.assertEqual(len(liquidity), 1)
            self.assertEqual(bool(suspense), not line.is_reconciled)
            self.assertTrue(all(other.mapped("reconciled")), line.payment_ref)

    def _check_reminders(self, story):
        notices = self.env["facturex.dunning.notice"].search([])
        self.assertEqual(set(notices.mapped("state")), {"sent"})
        customers = notices.mapped("partner_id")
        self.assertEqual(len(customers), len(notices), "two messages to one customer")
        again = self.env["facturex.dunning.policy"].search([])._run(date=story.today)
        self.assertFalse(again)

    def _check_house(self, story):
        """The firm keeps both dossiers; salaries are the owner's alone."""
        dossiers = self.env["facturex.dossier"].search([])
        self.assertEqual(dossiers.firm_id.name, dataset.FIRM.name)
        self.assertEqual(set(dossiers.mapped("state")), {"trial"})
        self.assertEqual(dossiers.mapped("responsible_id.name"),
                         [one.name for one in dataset.FIRM.collaborators])  # fmt: skip
        firm, owner = story.as_collaborator("be"), story._as_owner("be")
        self.assertEqual(
            owner["facturex.document"].search_count([]),
            firm["facturex.document"].search_count([]) + 1,
        )
        self.assertEqual(
            set(self.env["facturex.request"].search([]).mapped("state")),
            {"requested", "answered"},
        )

    def _check_electronic_files(self):
        """Every file that left is valid, by the schemas and the rules of EN 16931."""
        files = self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_field", "=", "ubl_cii_xml_file")]
        )
        sent = self.env["account.move"].browse(files.mapped("res_id"))
        sent = sent.filtered(lambda move: move.is_sale_document())
        self.assertGreaterEqual(len(sent), 3)
        found = einvoice.faults(
            {f"{m.company_id.name} {m.name}": m.ubl_cii_xml_id.raw for m in sent}
        )
        if found is not None:  # the validators can be installed
            self.assertFalse({name: told for name, told in found.items() if told})

    def _check_isolation(self, story):
        """The owner of one company finds nothing of the other."""
        for key, other in (("be", "fr"), ("fr", "be")):
            env = story._as_owner(key)
            foreign = story.office.companies[other]
            for model in (
                "account.move",
                "account.bank.statement.line",
                "facturex.dunning.notice",
                "facturex.subscription",
                "facturex.statement.file",
                "facturex.match.proposal",
                "facturex.export.batch",
            ):
                with self.subTest(owner=key, model=model):
                    self.assertFalse(
                        env[model].search_count([("company_id", "=", foreign.id)])
                    )
                    self.assertTrue(
                        self.env[model].search_count([("company_id", "=", foreign.id)])
                    )
