import io
import zipfile

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..engine import merge
from .common import FacturexCommon


@tagged("post_install", "-at_install")
class TestReadyPolicies(FacturexCommon):
    def _ready(self, profile, firmness):
        ready = self._as(self.env["facturex.dunning.ready"], self.manager)
        form = Form(ready)
        form.profile_id = profile
        form.firmness = firmness
        return form.save()

    def test_each_ready_made_policy_is_lawful(self):
        for clause in (False, True):
            self.company.facturex_penalty_clause = clause
            for profile in self.env["facturex.law.profile"].search([]):
                for firmness in ("friendly", "standard", "firm"):
                    with self.subTest(profile.code, firmness=firmness, clause=clause):
                        ready = self._ready(profile, firmness)
                        action = ready.action_create()
                        policy = self.env[action["res_model"]].browse(action["res_id"])
                        # the constraints were passed; what it claims is what may be
                        charged = set(policy.step_ids.mapped("charge")) != {"none"}
                        allowed = profile.interest != "none" and not (
                            profile.needs_clause and not clause
                        )
                        wanted = allowed and firmness != "friendly"
                        self.assertEqual(charged, wanted)
                        self.assertEqual(policy.mode, "propose")

    def test_texts_in_the_language_of_the_customer(self):
        self.company.facturex_penalty_clause = True
        profile = self.env.ref("facturex_billing.law_profile_be_b2c")
        policy = self._ready(profile, "firm")._create_policy()
        first = policy.step_ids.sorted("sequence")[0]
        french = first.with_context(lang="fr_FR")
        self.assertEqual(first.name, "Friendly reminder")
        self.assertEqual(french.name, "Relance amiable")
        self.assertNotEqual(french.text_body, first.text_body)
        self.assertLessEqual(profile._get_mentions(), merge.used(french.text_body))

    def test_the_first_reminder_of_a_consumer_says_it_all(self):
        self.company.write(
            {"facturex_penalty_clause": True, "company_registry": "0477472701"}
        )
        profile = self.env.ref("facturex_billing.law_profile_be_b2c")
        self._ready(profile, "standard")._create_policy()
        # a policy of one's own without text gets the mandatory text as well
        bare = self.env["facturex.dunning.policy"].create({"name": "Bare"})
        for policy in (self.env["facturex.dunning.policy"].search([])[0], bare):
            invoice = self._invoice(320, due="2026-03-01")
            invoice.facturex_dunning_policy_id = policy
            notice = policy._run()
            html = str(notice._get_message_html())
            for words in ("320.00", "47.00", "0477472701", "Work", "03/30/2026"):
                self.assertIn(words, html, policy.name)
            notice.action_cancel()
            invoice.button_draft()

    def test_preview_writes_nothing(self):
        self.env["facturex.dunning.policy"].create({"name": "Standard"})
        step = self.env["facturex.dunning.step"].search([], limit=1)
        step.text_body = "Dear {customer}, {amount_total} for {invoices}"
        invoice = self._invoice(120, due="2026-02-01")
        preview = self._as(self.env["facturex.dunning.preview"], self.manager)
        form = Form(preview.with_context(default_step_id=step.id))
        self.assertEqual(form.move_id, invoice)
        self.assertIn("Client Alpha", form.message)
        self.assertIn("120.00", form.message)
        self.assertIn("120.00", form.amounts)
        self.assertFalse(self.env["facturex.dunning.notice"].search([]))
        self.assertEqual(step.action_preview()["res_model"], preview._name)

    def test_only_managers_make_policies(self):
        with self.assertRaises(AccessError):
            self._as(self.env["facturex.dunning.ready"], self.user).create({})

    def test_a_level_stops_new_orders(self):
        policy = self.env["facturex.dunning.policy"].create({"name": "Standard"})
        policy.step_ids[0].block_new_orders = True
        invoice = self._invoice(due="2026-02-01")
        notice = policy._run()
        order = self.env["sale.order"].create({"partner_id": self.customer.id})
        order.copy().with_user(self.user).action_confirm()  # not sent yet
        notice._approve_and_queue()
        notice._mark_sent()
        with self.assertRaisesRegex(UserError, invoice.name):
            order.with_user(self.user).action_confirm()
        order.with_user(self.manager).action_confirm()
        self.assertEqual(order.state, "sale")


@tagged("post_install", "-at_install")
class TestHandover(FacturexCommon):
    def setUp(self):
        super().setUp()
        policy = self.env["facturex.dunning.policy"].create({"name": "Standard"})
        self.invoice = self._invoice(due="2026-02-01")
        self.notice = policy._run()
        self.notice._approve_and_queue()
        self.notice._mark_sent()

    def _handover(self, moves, user=None):
        user = user or self.user
        return (
            self.env["facturex.dunning.handover"]
            .with_user(user)
            .with_context(
                active_model="account.move",
                active_ids=moves.ids,
                allowed_company_ids=user.company_id.ids,
            )
            .create({})
        )

    def test_every_piece_is_in_the_file(self):
        self.customer.name = "=Ann/../Alpha"
        handover = self._handover(self.invoice)
        action = handover.action_make()
        number = int(action["url"].split("/")[3].partition("?")[0])
        attachment = self._as(self.env["ir.attachment"], self.user).browse(number)
        with zipfile.ZipFile(io.BytesIO(attachment.raw)) as archive:
            names = archive.namelist()
            self.assertFalse([name for name in names if ".." in name])
            self.assertEqual(
                [name.split("/")[0] for name in names],
                [
                    "statement.csv",
                    "statement.pdf",
                    "invoices",
                    "reminders",
                    "reminders",
                ],
            )
            rows = archive.read("statement.csv").decode("utf-8-sig").splitlines()
        self.assertEqual(
            rows[1].split(";")[1:],
            [
                "2026-02-01",
                "2026-02-01",
                "EUR",
                "100,00",
                "0,00",
                "100,00",
                "0,00",
                "0,00",
            ],
        )
        self.assertIn("File for collection", str(self.invoice.message_ids[0].body))

    def test_one_customer_at_a_time(self):
        other = self._invoice(
            partner=self.env["res.partner"].create({"name": "Client Beta"})
        )
        for moves in (self.invoice | other, self._invoice(post=False)):
            with self.assertRaises(UserError):
                self._handover(moves).action_make()
        with self.assertRaises(AccessError):
            self._handover(self.invoice, self.other_user).action_make()

    def test_letters(self):
        self.customer.name = "<b>Ann</b>"
        html = str(
            self.env["ir.actions.report"]._render_qweb_html(
                "facturex_billing.report_dunning_letter", self.notice.ids
            )[0]
        )
        self.assertIn(self.invoice.name, html)
        self.assertNotIn("<b>Ann", html)
        action = self._as(self.notice, self.user).action_print_letters()
        self.assertEqual(
            action["report_name"], "facturex_billing.report_dunning_letter"
        )
        self.assertEqual(fields.Date.to_string(self.notice.date), "2026-03-16")
