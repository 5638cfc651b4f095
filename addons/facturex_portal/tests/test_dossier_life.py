"""A dossier from its creation to its end: every step by who may, and by nobody else."""

import base64
import io
import re
import zipfile

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import DossierCommon

BELGIAN = "BE0403019261"


class FirmCommon(DossierCommon):
    """A firm led by `lea`, with a collaborator `carl`; it keeps A's books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.office = cls.env["res.company"].sudo().create({"name": "Office"})
        cls.lea, cls.carl = (
            new_test_user(
                cls.env,
                login=login,
                name=login,
                email=f"{login}@office.example",
                lang="en_US",
                groups="facturex_billing.group_facturex_manager",
                company_id=cls.office.id,
                company_ids=[Command.set(cls.office.ids)],
            )
            for login in ("fx_lea", "fx_carl")
        )
        firms = cls.env["facturex.firm"].with_user(cls.lea)
        cls.firm = firms.create({"name": "Office", "lang": "en_US"})
        cls.firm.sudo().user_ids |= cls.carl
        cls.dossier_a.sudo().write({"firm_id": cls.firm.id})
        cls._member(cls.dossier_a, cls.lea, "administrator")

    def _act(self, kind, dossiers, user=None, **vals):
        act = (
            self.env["facturex.bulk.act"]
            .with_user(user or self.lea)
            .with_context(active_model="facturex.dossier", active_ids=dossiers.ids)
            .create({"kind": kind, **vals})
        )
        act.action_start()
        return act

    def _waiting(self, **vals):
        domain = [("state", "=", "pending"), *((k, "=", v) for k, v in vals.items())]
        return self.env["facturex.invitation"].sudo().search(domain)


@tagged("post_install", "-at_install")
class TestCreation(FirmCommon):
    def _creation(self, **vals):
        line = {
            "name": "New Client",
            "country_id": self.env.ref("base.be").id,
            "number": BELGIAN,
            **vals,
        }
        return (
            self.env["facturex.dossier.creation"]
            .with_user(self.lea)
            .create({"line_ids": [Command.create(line)]})
        )

    def test_a_company_is_set_up_without_touching_modules(self):
        creation = self._creation(email="boss@client.example")
        creation.action_start()
        registry, modules = self.env.registry, self.env["ir.module.module"]
        before = modules.search([("state", "=", "installed")])
        creation.line_ids.sudo()._run()
        line = creation.line_ids
        self.assertRecordValues(line, [{"state": "done", "message": False}])
        company = line.dossier_id.sudo().company_id
        self.assertRecordValues(
            company,
            [
                {
                    "vat": BELGIAN,
                    "chart_template": "be_comp",
                    "currency_id": self.env.ref("base.EUR").id,
                    "facturex_managed": True,
                }
            ],
        )
        journals = self.env["account.journal"].sudo()
        self.assertTrue(journals.search_count([("company_id", "=", company.id)]) > 3)
        self.assertEqual(modules.search([("state", "=", "installed")]), before)
        self.assertIs(self.env.registry, registry)
        self.assertTrue(self.lea._facturex_can("manage_users", company))
        self.assertEqual(line.dossier_id.state, "invited")
        self.assertEqual(len(self._waiting(company_id=company.id)), 1)

    def test_a_number_is_known_once(self):
        self.company_b.sudo().vat = BELGIAN
        creation = self._creation()
        creation.action_start()
        creation.line_ids.sudo()._run()
        self.assertEqual(creation.line_ids.state, "known")
        self.assertFalse(creation.line_ids.dossier_id)
        creation.line_ids.action_ask_link()
        self.assertEqual(self._waiting(kind="link").company_id, self.company_b)

    def test_a_failure_leaves_nothing(self):
        before = self.env["res.company"].sudo().search([])
        creation = self._creation(number="BE0403019262")
        creation.action_start()
        creation.line_ids.sudo()._run()
        self.assertEqual(creation.line_ids.state, "failed")
        self.assertIn("BE0403019262", creation.line_ids.message)
        self.assertEqual(self.env["res.company"].sudo().search([]), before)

    def test_a_list_of_companies(self):
        creation = (
            self.env["facturex.dossier.creation"]
            .with_user(self.lea)
            .create(
                {
                    "content": base64.b64encode(
                        b"name;country;vat;langue\nOne;BE;0403019261;fr\n"
                        b"Two;FR;732829320;klingon\n"
                    )
                }
            )
        )
        creation.action_read_list()
        self.assertRecordValues(
            creation.line_ids,
            [
                {"name": "One", "number": "0403019261", "lang": "fr_FR"},
                {"name": "Two", "number": "732829320", "lang": False},
            ],
        )
        self.assertEqual(set(creation.line_ids.mapped("state")), {"todo"})
        self.assertIn("klingon", creation.line_ids[1].message)
        creation.content = base64.b64encode(b"nothing")
        with self.assertRaises(UserError):
            creation.action_read_list()

    def test_the_language_of_a_line_is_its_company_s_and_its_owner_s(self):
        creation = self._creation(email="boss@client.example", lang="fr_FR")
        creation.action_start()
        creation.line_ids.sudo()._run()
        company = creation.line_ids.sudo().dossier_id.company_id
        self.assertEqual(company.partner_id.lang, "fr_FR")
        invitation = self._waiting(email="boss@client.example")
        self.assertEqual(invitation._get_lang(), "fr_FR")
        self.assertEqual(invitation._get_person(self.env["res.users"]).lang, "fr_FR")

    def test_only_who_leads_creates(self):
        with self.assertRaises(AccessError):
            self.env["facturex.dossier.creation"].with_user(self.carl).create(
                {"firm_id": self.firm.id}
            )


@tagged("post_install", "-at_install")
class TestInvitations(FirmCommon, HttpCase):
    def test_a_company_is_linked_when_its_owner_accepts(self):
        plain = self.office
        boss = self.lea
        other = self.env["facturex.firm"].with_user(self.carl).create({"name": "Two"})
        other.with_user(self.carl)._ask_link(plain)
        invitation = self._waiting(kind="link")
        self.assertIn(invitation.user_id, plain.user_ids)
        self.assertFalse(plain.facturex_managed)
        with self.assertRaises(AccessError):
            invitation.with_user(self.amy).action_accept()
        invitation.with_user(invitation.user_id).action_accept()
        dossier = (
            self.env["facturex.dossier"].sudo().search([("company_id", "=", plain.id)])
        )
        self.assertRecordValues(dossier, [{"state": "trial", "firm_id": other.id}])
        self.assertTrue(plain.facturex_managed)
        # who worked there keeps his rights
        self.assertTrue(boss._facturex_can("manage_users", plain))
        with self.assertRaises(UserError):
            invitation.with_user(invitation.user_id).action_accept()

    def test_a_known_person_joins_only_by_his_own_answer(self):
        self.dossier_a.with_user(self.lea)._invite(
            "fx_carl@office.example", self.dossier_a._role("accountant")
        )
        invitation = self._waiting(kind="member")
        self.assertFalse(self.carl._facturex_can("sell", self.company_a))
        with self.assertRaises(AccessError):
            invitation.with_user(self.lea).action_accept()
        invitation.with_user(self.carl).action_accept()
        self.assertTrue(self.carl._facturex_can("sell", self.company_a))
        self.assertFalse(self.carl._facturex_can("manage_users", self.company_a))

    def test_nobody_invites_to_more_than_he_holds(self):
        role = self.dossier_b._role("reader")
        with self.assertRaises(AccessError):
            self.dossier_b.with_user(self.amy)._invite("x@y.example", role)
        with self.assertRaises(AccessError):
            self.dossier_a.with_user(self.carl)._invite("x@y.example", role)

    def test_the_asker_must_still_be_allowed(self):
        self.dossier_a.with_user(self.amy)._invite(
            "fx_carl@office.example", self.dossier_a._role("administrator")
        )
        self.member_a.sudo().role_id = self.dossier_a._role("user")
        with self.assertRaises(UserError):
            self._waiting().with_user(self.carl).action_accept()
        self.assertFalse(self.carl._facturex_can("sell", self.company_a))

    def test_refused_expired_and_withdrawn_open_nothing(self):
        role = self.dossier_a._role("reader")
        for end in ("refuse", "revoke", "expire"):
            with self.subTest(end=end):
                self.dossier_a.with_user(self.lea)._invite(
                    "fx_carl@office.example", role
                )
                invitation = self._waiting()
                token = invitation._get_token()
                if end == "refuse":
                    invitation.with_user(self.carl).action_refuse()
                elif end == "revoke":
                    invitation.with_user(self.lea).action_revoke()
                else:
                    with freeze_time("2026-04-16"):
                        invitation._cron_expire()
                self.assertFalse(
                    self.env["facturex.invitation"]._from_token(invitation.id, token)
                )
                with self.assertRaises(UserError):
                    invitation.with_user(self.carl).action_accept()
        self.assertFalse(self.carl._facturex_can("sell", self.company_a))

    def test_a_token_opens_its_own_invitation_only(self):
        role = self.dossier_a._role("reader")
        invitations = self.env["facturex.invitation"]
        dossier = self.dossier_a.with_user(self.lea)
        first = dossier._invite("a@b.example", role).sudo()
        second = dossier._invite("c@d.example", role).sudo()
        self.assertEqual(invitations._from_token(first.id, first._get_token()), first)
        for token in (second._get_token(), "", "x", "A" * 80):
            self.assertFalse(invitations._from_token(first.id, token))
        with freeze_time("2026-04-16"):
            self.assertFalse(invitations._from_token(first.id, first._get_token()))

    def test_the_link_of_the_mail(self):
        self.dossier_a.with_user(self.lea)._invite(
            "new@client.example", self.dossier_a._role("user")
        )
        invitation = self._waiting()
        url = f"/facturex/invitation/{invitation.id}/{invitation._get_token()}"
        page = self.url_open(url)
        self.assertIn("fx_lea", page.text)
        self.assertEqual(invitation.state, "pending", "reading accepts nothing")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        self.assertEqual(
            self.url_open(url + "/answer", data={"answer": "accept"}).status_code, 400
        )
        self.url_open(
            url + "/answer",
            data={"answer": "accept", "csrf_token": token},
            allow_redirects=False,
        )
        self.assertEqual(invitation.state, "accepted")
        person = invitation.user_id
        self.assertEqual(person.login, "new@client.example")
        self.assertEqual(person.company_ids, self.company_a)
        self.assertTrue(person._facturex_can("sell", self.company_a))
        self.assertFalse(person._facturex_can("book", self.company_a))
        self.assertNotIn("new@client", self.url_open(url).text)


@tagged("post_install", "-at_install")
class TestActs(FirmCommon):
    def test_a_bulk_lock_finishes_and_explains(self):
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.env["account.journal"]
                .search(
                    [("type", "=", "bank"), ("company_id", "=", self.company_a.id)],
                    limit=1,
                )
                .id,
                "amount": 5,
                "payment_ref": "x",
                "date": "2026-01-10",
            }
        )
        self._member(self.dossier_b, self.lea, "accountant")
        self._member(self.dossier_c, self.lea, "reader")
        act = self._act("lock", self.dossiers, lock_date="2026-01-31")
        result = {line.dossier_id: line.state for line in act.line_ids}
        self.assertEqual(
            result,
            {
                self.dossier_a: "refused",
                self.dossier_b: "done",
                self.dossier_c: "refused",
            },
        )
        self.assertTrue(
            all(one.message for one in act.line_ids if one.state == "refused")
        )
        self.assertEqual((act.state, act.done, act.refused), ("done", 1, 2))
        self.assertEqual(str(self.company_b.fiscalyear_lock_date), "2026-01-31")
        self.assertFalse(self.company_a.fiscalyear_lock_date)
        self.assertFalse(self.company_c.fiscalyear_lock_date)
        line = act.line_ids.filtered(lambda one: one.dossier_id == self.dossier_a)
        self.assertIn("1", line.obstacle)

    def test_a_lock_for_ever_is_typed(self):
        with self.assertRaises(UserError):
            self._act("hard_lock", self.dossier_a, lock_date="2026-01-31")
        with self.assertRaises(UserError):
            self._act(
                "hard_lock",
                self.dossier_a | self.dossier_b,
                lock_date="2026-01-31",
                confirmation=self.dossier_a.name,
            )
        self._act(
            "hard_lock",
            self.dossier_a,
            lock_date="2026-01-31",
            confirmation=self.dossier_a.name,
        )
        self.assertEqual(str(self.company_a.hard_lock_date), "2026-01-31")

    def test_an_invoice_in_a_locked_period_is_refused(self):
        self._act("lock", self.dossier_a, lock_date="2026-02-28")
        invoice = self._invoice(post=False, due="2026-02-01")
        with self.assertRaises(UserError):
            invoice.action_post()
        self._act(
            "exception",
            self.dossier_a,
            date_end="2099-03-20 10:00:00",
            lock_date="2026-01-31",
            reason="late",
        )
        invoice.action_post()
        self.assertEqual(str(invoice.date), "2026-02-01")
        other = self._invoice(post=False, due="2026-01-15")
        self.company_a.sudo().facturex_refuse_locked = False
        other.action_post()
        self.assertNotEqual(str(other.date), "2026-01-15")

    def test_states(self):
        self.dossier_a.sudo().state = "draft"
        self._act("trial", self.dossier_a)
        self.assertEqual(self.dossier_a.state, "trial")
        self._act("suspend", self.dossier_a)
        self.assertEqual(self.dossier_a.state, "suspended")
        self._act("active", self.dossier_a)
        self.assertEqual(self.dossier_a.state, "active")
        act = self._act("suspend", self.dossier_a, user=self.amy)
        self.assertEqual(act.line_ids.state, "refused")
        self.assertEqual(self.dossier_a.state, "active")

    def test_a_responsible_is_of_the_firm_and_gets_its_role(self):
        act = self._act("responsible", self.dossier_a, user_id=self.amy.id)
        self.assertEqual(act.line_ids.state, "refused")
        self._act("responsible", self.dossier_a, user_id=self.carl.id)
        self.assertEqual(self.dossier_a.responsible_id, self.carl)
        self.assertTrue(self.carl._facturex_can("book", self.company_a))
        self.assertFalse(self.carl._facturex_can("manage_users", self.company_a))

    def test_ownership_is_handed_over_and_the_firm_steps_back(self):
        with self.assertRaises(UserError):
            self.dossier_a.with_user(self.lea)._transfer(self.lea)
        with self.assertRaises(AccessError):
            self.dossier_a.with_user(self.carl)._transfer(self.amy)
        self.dossier_a.with_user(self.lea)._transfer(self.amy)
        self.assertEqual(self.dossier_a.owner_user_id, self.amy)
        self.assertFalse(self.lea._facturex_can("manage_users", self.company_a))
        self.assertTrue(self.lea._facturex_can("book", self.company_a))


@tagged("post_install", "-at_install")
class TestLeave(FirmCommon):
    def test_no_channel_is_left(self):
        invoice = self._invoice()
        token = invoice._portal_ensure_token()
        invoice.message_subscribe(partner_ids=self.lea.partner_id.ids)
        invoice.activity_schedule("mail.mail_activity_data_todo", user_id=self.lea.id)
        seen = self._with(invoice, self.lea, self.company_a)
        self.assertTrue(seen.has_access("write"))
        self.dossier_a.with_user(self.lea)._invite(
            "x@y.example", self.dossier_a._role("reader")
        )
        invitation = self._waiting()
        act = self._act("leave", self.dossier_a)
        self.assertEqual(act.line_ids.state, "done", act.line_ids.message)
        # session, API key and spoofed context: one right, asked again at each call
        with self.assertRaises(AccessError):
            seen.read(["name"])
        with self.assertRaises(AccessError):
            self._with(self.env["account.move"], self.lea, self.company_a).search([])
        self.assertNotIn(self.company_a, self.lea.company_ids)
        self.env.invalidate_all()
        self.assertNotEqual(invoice.access_token, token)
        self.assertNotIn(self.lea.partner_id, invoice.message_partner_ids)
        self.assertFalse(invoice.activity_ids.filtered(lambda a: a.user_id == self.lea))
        self.assertEqual(invitation.state, "revoked")
        gateway = self.env["account.move"].with_user(self.lea).sudo()
        with self.assertRaises(AccessError):
            gateway.message_new({}, {"company_id": self.company_a.id})
        with self.assertRaises(AccessError):
            invoice.with_user(self.lea).sudo().message_update({})
        self.assertRecordValues(
            self.dossier_a, [{"state": "disconnected", "firm_id": False}]
        )
        # the company goes on
        self.assertTrue(self.amy._facturex_can("sell", self.company_a))

    def test_somebody_of_the_company_must_stay(self):
        self.dossier_a.sudo().member_ids.filtered(
            lambda m: m.user_id != self.lea
        ).unlink()
        act = self._act("leave", self.dossier_a)
        self.assertEqual(act.line_ids.state, "refused")
        self.assertTrue(self.lea._facturex_can("sell", self.company_a))

    def test_a_later_day(self):
        self._act("leave", self.dossier_a, date_leave="2026-03-31")
        self.assertTrue(self.lea._facturex_can("sell", self.company_a))
        dossiers = self.env["facturex.dossier"].sudo()
        with freeze_time("2026-03-31"):
            dossiers._cron_leave()
            self.assertEqual(self.dossier_a.state, "active")
        with freeze_time("2026-04-01"):
            dossiers._cron_leave()
            self.assertEqual(self.dossier_a.state, "disconnected")

    def test_the_package_holds_the_ledger_the_lists_and_the_files(self):
        invoice = self._invoice()
        self.env["ir.attachment"].create(
            {
                "name": "invoice.pdf",
                "res_model": "account.move",
                "res_id": invoice.id,
                "raw": b"%PDF-1.4",
            }
        )
        self._sale(self.company_b, ref="NOT MINE")
        with self.assertRaises(AccessError):
            self._with(self.dossier_c, self.amy).action_make_package()
        action = self._with(self.dossier_a, self.amy).action_make_package()
        attachment = self.env["ir.attachment"].browse(
            int(re.search(r"/(\d+)\?", action["url"])[1])
        )
        archive = zipfile.ZipFile(io.BytesIO(attachment.sudo().raw))
        names = archive.namelist()
        self.assertIn("index.csv", names)
        self.assertIn("ledger.txt", names)
        number = invoice.name.replace("/", "_")
        self.assertIn(f"documents/{number}/invoice.pdf", names)
        ledger = archive.read("ledger.txt").decode().splitlines()
        self.assertEqual(len(ledger), 1 + len(invoice.line_ids))
        invoices = archive.read("lists/invoices.csv").decode("utf-8-sig")
        self.assertIn(invoice.name, invoices)
        self.assertNotIn("NOT MINE", invoices)

    def test_a_collaborator_leaves_the_firm(self):
        self._act("responsible", self.dossier_a, user_id=self.carl.id)
        with self.assertRaises(AccessError):
            self.firm.with_user(self.carl).action_remove_collaborator(self.lea.id)
        self.firm.with_user(self.lea).action_remove_collaborator(self.carl.id)
        self.assertFalse(self.carl._facturex_can("sell", self.company_a))
        with self.assertRaises(UserError):
            self.firm.with_user(self.lea).action_remove_collaborator(self.lea.id)


@tagged("post_install", "-at_install")
class TestRequestsAndLog(FirmCommon):
    def _request(self, **vals):
        return (
            self.env["facturex.request"]
            .with_user(self.lea)
            .create(
                {
                    "name": "Invoice of the garage",
                    "dossier_id": self.dossier_a.id,
                    "user_id": self.amy.id,
                    "date_due": "2026-03-20",
                    **vals,
                }
            )
        )

    def test_asked_answered_accepted(self):
        request = self._request()
        self.assertEqual(request.state, "requested")
        self.assertEqual(self.dossier_a.with_user(self.lea).request_count, 1)
        request.with_user(self.amy).message_post(
            body="Here it is", message_type="comment"
        )
        self.assertEqual(request.state, "answered")
        with self.assertRaises(UserError):
            request.with_user(self.amy).action_accept()
        request.with_user(self.lea).action_refuse()
        self.assertEqual(request.state, "requested")
        request.with_user(self.amy).message_post(
            body="Now it is the right one", message_type="comment"
        )
        request.with_user(self.lea).action_accept()
        self.assertEqual(request.state, "accepted")

    def test_a_request_is_of_its_dossier(self):
        request = self._request()
        with self.assertRaises(AccessError):
            request.with_user(self.carl).read(["name"])
        with self.assertRaises(UserError):
            self._request(user_id=self.carl.id)
        with self.assertRaises(AccessError):
            request.with_user(self.amy).write({"dossier_id": self.dossier_c.id})

    def test_reminders_leave_once_per_delay(self):
        request = self._request()
        requests = self.env["facturex.request"].sudo()

        def messages():
            return len(request.sudo().message_ids)

        requests._cron_remind()
        start = messages()
        with freeze_time("2026-03-21"):
            requests._cron_remind()
            requests._cron_remind()
            self.assertEqual(messages(), start + 1)
        with freeze_time("2026-03-24"):
            requests._cron_remind()
            self.assertEqual(messages(), start + 2)

    def test_the_client_reads_what_the_firm_did(self):
        logs = self.env["facturex.access.log"]
        self.lea.sudo().group_ids |= self.env.ref("base.group_allow_export")
        self.dossier_a.with_user(self.lea).action_enter()
        sale = self._with(self._sale(self.company_a), self.lea, self.company_a)
        sale.ref = "x"
        sale.ref = "y"
        sale.export_data(["ref"])
        self.env.cr.precommit.run()
        found = logs.with_user(self.amy).search([("user_id", "=", self.lea.id)])
        self.assertEqual(set(found.mapped("kind")), {"enter", "change", "export"})
        self.assertEqual(
            len(found.filtered(lambda log: log.model == "account.move")), 2
        )
        self._with(self._sale(self.company_a), self.amy, self.company_a).ref = "z"
        self.env.cr.precommit.run()
        self.assertFalse(logs.sudo().search([("user_id", "=", self.amy.id)]))
        for user in (self.amy, self.lea):
            with self.assertRaises(AccessError):
                found.with_user(user).unlink()
        with freeze_time("2027-04-01"):
            logs.sudo()._gc_old()
            self.assertTrue(found.exists())
        with freeze_time("2027-04-20"):
            logs.sudo()._gc_old()
            self.assertFalse(found.exists())


@tagged("post_install", "-at_install")
class TestConsole(FirmCommon):
    def test_figures_and_reasons(self):
        self._invoice(amount=100, due="2026-03-01")
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "amount": 5,
                "payment_ref": "x",
                "date": "2026-01-10",
            }
        )
        dossier = self.dossier_a.with_user(self.lea)
        dossier.action_open_console()
        self.assertRecordValues(
            dossier,
            [
                {
                    "amount_overdue": 100.0,
                    "unmatched_count": 1,
                    "health": 100 - 25 - 15 - 15,
                }
            ],
        )
        self.assertIn("65", dossier.health_reasons)
        hidden = self.dossier_c.with_user(self.amy)
        self.assertFalse(hidden.unmatched_count, "a reader does not see the bank")

    def test_every_number_opens_the_list_of_the_company(self):
        dossier = self.dossier_a.with_user(self.lea)
        for name in ("check", "unmatched", "overdue"):
            action = getattr(dossier, f"action_open_{name}")()
            self.assertIn(("company_id", "in", self.company_a.ids), action["domain"])
            model = self.env[action["res_model"]].with_user(self.lea)
            model.with_context(**action["context"]).search(action["domain"])

    def test_queries_do_not_grow_with_the_dossiers(self):
        names = ["name", "health_reasons", "amount_overdue", "user_count", "date_lock"]

        def count(dossiers):
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            dossiers.with_user(self.olga).web_read({name: {} for name in names})
            return self.env.cr.sql_log_count - start

        count(self.dossiers)
        few, many = count(self.dossier_a), count(self.dossiers)
        self.assertLessEqual(many, few)
        self.assertLessEqual(many, 40)

    def test_entering_is_for_members(self):
        action = self.dossier_a.with_user(self.lea).action_enter()
        self.assertEqual(action["params"], {"company_id": self.company_a.id})
        with self.assertRaises(AccessError):
            self.dossier_b.with_user(self.lea).action_enter()
