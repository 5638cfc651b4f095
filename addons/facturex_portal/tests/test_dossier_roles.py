"""Roles per company: what the membership table gives, and when it stops."""

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import DossierCommon


@tagged("post_install", "-at_install")
class TestRoles(DossierCommon):
    def test_one_person_three_roles_in_one_session(self):
        can = self.amy._facturex_can
        for capability, expected in (
            ("manage_users", (True, False, False)),
            ("book", (True, True, False)),
            ("sell", (True, True, False)),
        ):
            with self.subTest(capability=capability):
                found = tuple(can(capability, c) for c in self.companies)
                self.assertEqual(found, expected)
        self.assertTrue(can(("lock", "manage_users"), self.company_b))

    def test_each_company_its_own_right_whatever_is_ticked(self):
        sales = [self._sale(company) for company in self.companies]
        for sale, expected in zip(sales, (True, True, False), strict=True):
            for ticked in (self.companies, sale.company_id):
                with self.subTest(company=sale.company_id.name, ticked=len(ticked)):
                    seen = self._with(sale, self.amy, ticked)
                    self.assertTrue(seen.has_access("read"))
                    self.assertEqual(seen.has_access("write"), expected)

    def test_roles_cost_one_query_per_transaction(self):
        moves = self._with(self.env["account.move"], self.amy)

        def count():
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            moves.search([]).mapped("name")
            return self.env.cr.sql_log_count - start

        count()
        ruled = count()
        with self.env.cr.savepoint(flush=False) as savepoint:
            self.env.cr.execute("UPDATE res_company SET facturex_managed = false")
            count()
            self.assertLessEqual(ruled - count(), 1)
            savepoint.rollback()

    def test_a_company_without_dossier_restricts_nobody(self):
        plain = self.env.ref("facturex_test.company_be_1", raise_if_not_found=False)
        if not plain or plain in self.companies:
            plain = self.env["res.company"].sudo().create({"name": "Plain"})
        self.assertFalse(plain.facturex_managed)
        for capability in ("sell", "book", "lock", "manage_users"):
            self.assertTrue(self.amy._facturex_can(capability, plain))

    def test_people_of_the_company_keep_what_they_had(self):
        roles = {
            member.user_id: member.role_id.code for member in self.dossier_a.member_ids
        }
        self.assertEqual(roles[self.user], "employee")
        self.assertEqual(roles[self.accountant], "accountant")
        self.assertEqual(roles[self.manager], "administrator")
        sale = self._sale(self.company_a)
        self.assertTrue(self._as(sale, self.user).has_access("write"))

    def test_companies_and_screens_follow_the_roles(self):
        self.assertEqual(self.amy.company_ids, self.companies)
        self.assertTrue(self.amy.has_group("facturex_billing.group_facturex_manager"))
        (self.member_a | self.member_b)._end()
        self.assertEqual(self.amy.company_ids, self.company_c)
        self.assertEqual(self.amy.company_id, self.company_c)
        self.assertFalse(self.amy.has_group("facturex_billing.group_facturex_manager"))
        self.assertTrue(self.amy.has_group("facturex_billing.group_facturex_user"))

    def test_groups_stay_with_who_works_in_an_ordinary_company(self):
        plain = self.env["res.company"].sudo().create({"name": "Ordinary"})
        user = self._person("fx_both")
        user.company_ids = [Command.link(plain.id)]
        user.company_id = plain
        user.company_ids = [Command.unlink(self.company_a.id)]
        self._member(self.dossier_a, user, "administrator")
        self.assertIn(plain, user.company_ids)
        self.assertFalse(user.has_group("facturex_billing.group_facturex_user"))

    def test_revocation_acts_in_the_same_transaction(self):
        sale = self._with(self._sale(self.company_b), self.amy)
        self.assertTrue(sale.has_access("write"))
        self.member_b.role_id = self.env.ref("facturex_portal.role_reader")
        self.assertFalse(sale.has_access("write"))
        self.assertTrue(sale.has_access("read"))
        self.member_b._end()
        with self.assertRaises(AccessError):
            sale.with_context(allowed_company_ids=self.company_b.ids).search([])

    def test_a_role_ends_with_its_day_without_any_write(self):
        sale = self._with(self._sale(self.company_b), self.amy, self.company_b)
        self.member_b.date_end = self.today
        self.assertTrue(sale.has_access("write"))
        with freeze_time("2026-03-17"):
            self.assertFalse(sale.has_access("read"))
            self.assertFalse(sale.search([]))
            self.assertNotIn(self.company_b.id, self.amy._get_company_ids())

    def test_a_savepoint_undone_gives_the_right_back(self):
        sale = self._with(self._sale(self.company_b), self.amy)
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.member_b.role_id = self.env.ref("facturex_portal.role_reader")
            self.assertFalse(sale.has_access("write"))
            raise ZeroDivisionError
        self.assertTrue(sale.has_access("write"))

    def test_a_right_undone_is_not_that_of_the_next_change(self):
        sale = self._with(self._sale(self.company_b), self.amy)
        role = self.member_b.role_id
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.member_b.role_id = self.env.ref("facturex_portal.role_reader")
            self.assertFalse(sale.has_access("write"))
            raise ZeroDivisionError
        self.member_b.role_id = role.copy({"name": "Another"})
        self.assertTrue(sale.has_access("write"))

    def test_suspended_is_read_only_but_data_can_leave(self):
        self.dossier_a.state = "suspended"
        self.assertFalse(self.amy._facturex_can("sell", self.company_a))
        self.assertTrue(self.amy._facturex_can("export", self.company_a))
        sale = self._with(self._sale(self.company_a), self.amy)
        self.assertTrue(sale.has_access("read"))
        self.assertFalse(sale.has_access("write"))

    def test_a_branch_created_later_has_the_roles_of_its_root(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Branch", "parent_id": self.company_c.id})
        )
        self.assertTrue(branch.facturex_managed)
        self.assertFalse(self.amy._facturex_can("sell", branch))
        self.assertTrue(self.olga._facturex_can("sell", branch))
        with self.assertRaises(ValidationError):
            self.env["facturex.dossier"].sudo().create({"company_id": branch.id})

    def test_shared_settings_are_closed_to_members(self):
        category = self.env["product.category"].create({"name": "Shared"})
        self.assertTrue(self._with(category, self.amy).has_access("read"))
        self.assertFalse(self._with(category, self.amy).has_access("write"))

    def test_what_a_member_creates_belongs_to_the_company(self):
        partners = self._with(
            self.env["res.partner"], self.amy, self.company_b | self.company_a
        )
        partner = partners.create({"name": "Mine"})
        child = partners.create({"name": "Child", "parent_id": partner.id})
        self.assertEqual((partner | child).company_id, self.company_b)
        self.assertFalse(self.env["res.partner"].create({"name": "X"}) & partner)

    def test_a_record_is_not_carried_into_another_dossier(self):
        partner = self.env["res.partner"].create(
            {"name": "Of B", "company_id": self.company_b.id}
        )
        mine = self._with(partner, self.amy)
        mine.write({"name": "Still of B"})
        with self.assertRaises(AccessError):
            mine.write({"company_id": self.company_c.id})

    def test_values_per_company_of_a_shared_record(self):
        partner = self.env["res.partner"].create({"name": "Shared"})
        term = self.env.ref("account.account_payment_term_30days")
        mine = self._with(partner, self.amy)
        mine.with_company(self.company_b).property_payment_term_id = term
        with self.assertRaises(AccessError):
            mine.with_company(self.company_c).property_payment_term_id = term

    def test_own_contact_and_iban_of_a_company(self):
        bank = (
            self.env["res.partner.bank"]
            .sudo()
            .create(
                {
                    "acc_number": "FR7630006000011234567890189",
                    "partner_id": self.company_c.partner_id.id,
                }
            )
        )
        self.assertFalse(self._with(bank, self.amy).has_access("write"))
        contact = self.company_c.partner_id
        self.assertFalse(self._with(contact, self.amy).has_access("write"))
        own = self.company_a.partner_id
        self.assertTrue(self._with(own, self.amy).has_access("write"))

    def test_bank_lines_are_hidden_without_the_capability(self):
        lines = self.env["account.bank.statement.line"]
        journals = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "in", self.companies.ids)]
        )
        for journal in journals.grouped("company_id").values():
            lines |= lines.create(
                {"journal_id": journal[0].id, "amount": 10, "payment_ref": "X"}
            )
        seen = self._with(lines, self.amy).search([("id", "in", lines.ids)])
        self.assertEqual(seen.company_id, self.company_a | self.company_b)

    def test_messages_activities_and_links_need_the_right_to_change(self):
        sales = [self._sale(company) for company in (self.company_b, self.company_c)]
        mine, read = (self._with(sale, self.amy) for sale in sales)
        mine.message_post(body="Hello")
        acts = [
            lambda: read.message_post(body="Hello"),
            lambda: read.activity_schedule(
                "mail.mail_activity_data_todo", user_id=self.olga.id
            ),
            lambda: self._with(self.env["mail.message"], self.amy).create(
                {"model": "account.move", "res_id": read.id, "body": "x"}
            ),
            lambda: self._with(self.env["payment.link.wizard"], self.amy).create(
                {"res_model": "account.move", "res_id": read.id, "amount": 1}
            ),
            lambda: (
                self._with(self.env["portal.share"], self.amy)
                .with_context(active_model="account.move", active_id=read.id)
                .default_get(["share_link"])
            ),
            lambda: self._with(self.env["ir.attachment"], self.amy).create(
                {"name": "x", "res_model": "account.move", "res_id": read.id}
            ),
        ]
        for number, act in enumerate(acts):
            with self.subTest(number=number), self.assertRaises(AccessError):
                act()

    def test_a_matcher_pays_and_reconciles_in_his_company_only(self):
        payer = self._person("fx_payer")
        role = (
            self.env["facturex.role"]
            .sudo()
            .create({"name": "Payer", "capability_ids": self._codes("pay")})
        )
        approver = role.sudo().copy(
            {
                "name": "Approver",
                "capability_ids": self._codes("pay", "approve_payment"),
            }
        )
        member = self.dossier_a.sudo()._add_member(payer, role)
        payer.sudo().group_ids |= self.env.ref(
            "facturex_billing.group_facturex_manager"
        )
        invoice = self._invoice()

        def wizard():
            return (
                self._with(self.env["account.payment.register"], payer, self.company_a)
                .with_context(active_model="account.move", active_ids=invoice.ids)
                .create({})
            )

        self.assertFalse(self._with(invoice, payer, self.company_a).has_access("write"))
        with self.assertRaises(AccessError):
            wizard().action_create_payments()
        member.role_id = approver
        wizard().action_create_payments()
        self.assertIn(invoice.payment_state, ("in_payment", "paid"))

    def _codes(self, *codes):
        found = self.env["facturex.capability"].search([("code", "in", codes)])
        return [Command.set(found.ids)]


@tagged("post_install", "-at_install")
class TestMembers(DossierCommon):
    def test_person_and_dossier_are_frozen(self):
        for vals in ({"dossier_id": self.dossier_c.id}, {"user_id": self.olga.id}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self._with(self.member_a, self.amy).write(vals)

    def test_no_wider_role_than_ones_own(self):
        limited = (
            self.env["facturex.role"]
            .sudo()
            .create(
                {
                    "name": "People",
                    "capability_ids": [
                        Command.link(self.env.ref(f"facturex_portal.capability_{c}").id)
                        for c in ("manage_users", "sell")
                    ],
                }
            )
        )
        self.member_b.sudo().role_id = limited
        olga = self.dossier_b.member_ids.filtered(lambda m: m.user_id == self.olga)
        other = self._member(self.dossier_b, self._person("fx_new"), "reader")
        mine = self._with(other, self.amy)
        mine.role_id = limited
        self.assertEqual(other.role_id, limited)
        with self.assertRaises(AccessError):
            mine.role_id = self.env.ref("facturex_portal.role_administrator")
        with self.assertRaises(AccessError):
            # nor is a wider person's role taken away
            self._with(olga, self.amy).role_id = limited

    def test_the_last_administrator_stays(self):
        members = self.dossier_b._get_administrators()
        with self.assertRaises(UserError):
            members.sudo().write({"date_end": self.today})
        with self.assertRaises(UserError):
            members.sudo()._end()
        with self.assertRaises(UserError):
            members.sudo().unlink()

    def test_a_role_in_use_does_not_change(self):
        role = self.env.ref("facturex_portal.role_reader")
        with self.assertRaises(UserError):
            role.sudo().capability_ids = [
                Command.link(self.env.ref("facturex_portal.capability_sell").id)
            ]
        role.sudo().name = "Lecteur"

    def test_who_writes_a_role(self):
        roles = self._with(self.env["facturex.role"], self.amy)
        own = roles.create({"name": "Ours", "dossier_id": self.dossier_a.id})
        own.name = "Ours still"
        for vals in (
            {"name": "Everybody's"},
            {"name": "Of B", "dossier_id": self.dossier_b.id},
            {"name": "Of C", "dossier_id": self.dossier_c.id},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                roles.create(vals)
        with self.assertRaises(UserError):
            self._with(self.member_c.sudo(), self.olga).role_id = own

    def test_the_plan_limits_the_people_of_the_firm(self):
        plan = self.env.ref("facturex_portal.plan_basic")
        people = self.env["res.users"]
        for number in range(5):
            people |= self._person(f"fx_firm{number}")
        firm = (
            self.env["facturex.firm"]
            .sudo()
            .create({"name": "Firm", "manager_ids": people[0].ids})
        )
        firm.user_ids = people
        self.dossier_a.sudo().write({"firm_id": firm.id, "plan_id": plan.id})
        for person in people[:4]:
            self._member(self.dossier_a, person, "accountant")
        with self.assertRaises(UserError):
            self._member(self.dossier_a, people[4], "accountant")

    def test_trials_end_by_date(self):
        self.dossier_a.sudo().plan_id = self.env.ref("facturex_portal.plan_basic")
        self.dossier_a.sudo()._start_trial()
        self.assertRecordValues(
            self.dossier_a,
            [
                {
                    "state": "trial",
                    "date_trial_end": fields.Date.to_date("2026-04-15"),
                    "date_connected": fields.Date.to_date("2026-03-16"),
                }
            ],
        )
        dossiers = self.env["facturex.dossier"].sudo()
        with freeze_time("2026-04-15"):
            dossiers._cron_trials()
            self.assertEqual(self.dossier_a.state, "trial")
        with freeze_time("2026-04-16"):
            dossiers._cron_trials()
            self.assertEqual(self.dossier_a.state, "suspended")

    def test_the_dossier_is_seen_by_its_members(self):
        stranger = self._person("fx_stranger")
        stranger.sudo().group_ids |= self.env.ref(
            "facturex_billing.group_facturex_user"
        )
        found = self.env["facturex.dossier"].with_user(stranger).search([])
        self.assertFalse(found & self.dossiers)
        found = self.env["facturex.dossier"].with_user(self.amy).search([])
        self.assertEqual(found & self.dossiers, self.dossiers)
