from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import FacturexCommon


@tagged("post_install", "-at_install")
class TestDunningRun(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["facturex.dunning.policy"].create({"name": "Standard"})
        cls.first, cls.second, cls.third = cls.policy.step_ids.sorted("sequence")

    def _reasons(self, date):
        [(_policy, plan)] = self.policy._run(date=fields.Date.to_date(date), dry=True)
        return {skipped.item.id: skipped.reason for skipped in plan.skipped}

    def test_default_levels(self):
        self.assertRecordValues(
            self.policy.step_ids,
            [
                {"delay_days": 7, "name": "Friendly reminder"},
                {"delay_days": 21, "name": "Second reminder"},
                {"delay_days": 35, "name": "Last reminder"},
            ],
        )
        self.assertEqual(self.policy.mode, "propose")
        # whoever made it, a customer reads the level in his own language
        french = self.first.with_context(lang="fr_FR")
        self.assertEqual(french.name, "Relance amiable")
        made_in_french = (
            self.env["facturex.dunning.policy"]
            .with_context(lang="fr_FR")
            .create({"name": "Autre", "company_id": self.other_company.id})
        )
        english = made_in_french.step_ids[0].with_context(lang="en_US")
        self.assertEqual(english.name, "Friendly reminder")

    def test_nothing_without_a_policy(self):
        self._invoice()
        self.policy.active = False
        notices = self.env["facturex.dunning.policy"].search([])._run()
        self.assertFalse(notices)

    def test_one_message_for_all_that_is_late(self):
        early = self._invoice(100, due="2026-02-01")
        late = self._invoice(50, due="2026-03-01")
        self._invoice(70, due="2026-04-01")  # not due
        notices = self.policy._run()
        self.assertRecordValues(
            notices,
            [
                {
                    "partner_id": self.customer.id,
                    "state": "draft",
                    "amount_total": 150.0,
                    "step_id": self.first.id,
                    "company_id": self.company.id,
                }
            ],
        )
        self.assertRecordValues(
            notices.line_ids,
            [
                {"move_id": early.id, "amount_residual": 100.0, "days_late": 43},
                {"move_id": late.id, "amount_residual": 50.0, "days_late": 15},
            ],
        )

    def test_only_the_due_instalment_is_claimed(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 x 50 %",
                "line_ids": [
                    fields.Command.create({"value_amount": 50, "nb_days": 10}),
                    fields.Command.create({"value_amount": 50, "nb_days": 60}),
                ],
            }
        )
        invoice = self._invoice(
            99.99, due="2026-02-20", invoice_payment_term_id=term.id
        )
        first, _second = self._receivable(invoice)
        notices = self.policy._run()
        self.assertEqual(notices.line_ids.move_line_id, first)
        self.assertEqual(notices.amount_total, first.amount_residual)

    def test_dry_run_writes_nothing(self):
        self._invoice()
        [(policy, plan)] = self.policy._run(dry=True)
        self.assertEqual(policy, self.policy)
        self.assertEqual(len(plan.notices), 1)
        self.assertFalse(self.env["facturex.dunning.notice"].search([]))

    def test_run_twice_makes_one(self):
        self._invoice()
        self.assertEqual(len(self.policy._run()), 1)
        self.assertFalse(self.policy._run())
        [reason] = set(self._reasons(self.today).values())
        self.assertEqual(reason, "message_pending")

    def test_settled_and_blocked_are_left_alone(self):
        paid = self._invoice()
        self._register_payment(paid)
        blocked = self._invoice()
        blocked.action_toggle_block_payment()
        excluded = self._invoice()
        excluded.no_followup = True
        self.assertFalse(self.policy._run())
        reasons = self._reasons(self.today)
        self.assertEqual(reasons[self._receivable(blocked).id], "blocked")
        self.assertEqual(reasons[self._receivable(excluded).id], "blocked")
        self.assertNotIn(self._receivable(paid).id, reasons)

    def test_open_credit_covers(self):
        invoice = self._invoice(100)
        refund = self._invoice(120, move_type="out_refund")
        self.assertEqual(refund.state, "posted")
        self.assertFalse(self.policy._run())
        self.assertEqual(
            self._reasons(self.today), {self._receivable(invoice).id: "credit_covers"}
        )

    def test_small_amount(self):
        self.policy.min_amount = 10
        invoice = self._invoice(9.99)
        self.assertEqual(
            self._reasons(self.today),
            {self._receivable(invoice).id: "below_threshold"},
        )

    def test_no_address(self):
        self.customer.email = False
        self._invoice()
        self.assertFalse(self.policy._run())
        self.assertEqual(set(self._reasons(self.today).values()), {"no_address"})

    def test_invoice_address_is_used(self):
        self.customer.email = False
        contact = self.env["res.partner"].create(
            {
                "name": "Accounts",
                "type": "invoice",
                "parent_id": self.customer.id,
                "email": "accounts@client.example",
            }
        )
        self._invoice()
        self.assertEqual(self.policy._run().recipient_id, contact)

    def test_levels_day_by_day(self):
        invoice = self._invoice(due="2026-03-01")
        line = self._receivable(invoice)
        # Day 6 after the due date: nothing yet
        self.assertFalse(self.policy._run(date=fields.Date.to_date("2026-03-07")))
        # Day 7: the friendly one
        first = self.policy._run(date=fields.Date.to_date("2026-03-08"))
        self.assertEqual(first.line_ids.step_id, self.first)
        first.sudo().write({"state": "sent"})
        # Day 20: not the second one yet
        self.assertEqual(self._reasons("2026-03-21"), {line.id: "not_yet"})
        # Day 60, after a long outage: one message, at the next level, no jump
        second = self.policy._run(date=fields.Date.to_date("2026-04-30"))
        self.assertEqual(second.line_ids.step_id, self.second)
        second.sudo().write({"state": "sent"})
        # The day after: the gap between two messages is kept, and so are the fourteen
        # days that the policy puts between the second and the third level
        self.assertEqual(self._reasons("2026-05-01"), {line.id: "not_yet"})
        self.assertEqual(self._reasons("2026-05-13"), {line.id: "not_yet"})
        third = self.policy._run(date=fields.Date.to_date("2026-05-14"))
        self.assertEqual(third.line_ids.step_id, self.third)
        third.sudo().write({"state": "sent"})
        # Every level was used: a person decides from here
        self.assertFalse(self.policy._run(date=fields.Date.to_date("2026-08-01")))
        self.assertEqual(self._reasons("2026-08-01"), {line.id: "all_steps_done"})

    def test_cron_sends_only_in_automatic_mode(self):
        self._invoice()
        self.env["facturex.dunning.policy"].create(
            {"name": "Auto", "mode": "auto", "company_id": self.other_company.id}
        )
        cron = self.env.ref("facturex_billing.ir_cron_dunning")
        with freeze_time("2026-03-16 09:00:00"), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertFalse(self.env["facturex.dunning.notice"].search([]))
        self.policy.mode = "auto"
        with freeze_time("2026-03-16 09:00:00"), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        notice = self.env["facturex.dunning.notice"].search([])
        self.assertEqual(notice.state, "approved")
        self.assertTrue(notice.mail_mail_id)

    def test_companies_apart(self):
        self._invoice()
        other = self.env["facturex.dunning.policy"].create(
            {"name": "Other", "company_id": self.other_company.id}
        )
        self.assertFalse(other._run())
        self.assertEqual(self.policy._run().company_id, self.company)

    def test_constraints(self):
        with self.assertRaisesRegex(ValidationError, "later than the one"):
            self.second.delay_days = 7
        with self.assertRaisesRegex(ValidationError, "at least one level"):
            self.policy.step_ids = [fields.Command.clear()]

    def test_screen(self):
        """The plain user prepares and sends from the menu."""
        invoice = self._invoice()
        blocked = self._invoice()
        blocked.no_followup = True
        run = self._as(self.env["facturex.dunning.run"], self.user)
        action = run.action_open()
        run = run.browse(action["res_id"])
        self.assertEqual(run.policy_id, self.policy)
        self.assertEqual(run.notice_count, 1)
        self.assertEqual(run.planned_ids.move_id, invoice)
        self.assertRecordValues(
            run.skipped_ids, [{"move_id": blocked.id, "reason": "blocked"}]
        )
        run.date = fields.Date.to_date("2026-03-02")
        run.action_refresh()
        self.assertFalse(run.notice_count)
        self.assertFalse(run.is_today)
        with self.assertRaisesRegex(UserError, "is a dry run"):
            run.action_prepare()
        run.date = self.today
        invoice.no_followup = True
        run.action_refresh()
        with self.assertRaisesRegex(UserError, "Nobody is to be reminded"):
            run.action_prepare()
        invoice.no_followup = False
        run.date = fields.Date.to_date(self.today)
        notices = self.env["facturex.dunning.notice"].search(
            run.action_prepare()["domain"]
        )
        self.assertEqual(notices.line_ids.move_id, invoice)

    def test_screen_offers_the_standard_policy(self):
        self.policy.active = False
        run = self._as(self.env["facturex.dunning.run"], self.manager)
        run = run.browse(run.action_open()["res_id"])
        self.assertFalse(run.policy_id)
        run = run.browse(run.action_create_policy()["res_id"])
        self.assertEqual(run.policy_id.company_id, self.company)
        self.assertEqual(len(run.policy_id.step_ids), 3)

    def test_dates_follow_the_user(self):
        """After midnight in Brussels it is a new day, whatever the server says."""
        self._invoice(due="2026-03-10")
        self.env.user.tz = "Europe/Brussels"
        with freeze_time("2026-03-16 22:30:00"):  # 23:30 in Brussels, day 6
            self.assertFalse(self.policy._run())
        with freeze_time("2026-03-16 23:30:00"):  # 00:30 in Brussels, day 7
            self.assertEqual(len(self.policy._run()), 1)

    def test_at_once_is_the_same_as_one_by_one(self):
        """The lines of a run by one query: each column as the ORM writes it."""
        usd = self.env.ref("base.USD")
        usd.active = True
        claiming = self.policy.step_ids.sorted("delay_days")[0]
        profile = self.env.ref("facturex_billing.law_profile_be_b2b")
        self.policy.profile_id = profile
        claiming.charge = "fixed"
        partners = [self.customer, self.customer.copy({"name": "Client Beta"})]
        for partner in partners:
            partner.is_company = True
            for amount in (100, 33.33):
                self._invoice(amount, partner=partner)
            self._invoice(50, partner=partner, currency_id=usd.id)
        Policy = type(self.policy)
        pictures = []
        for way in (Policy._create_at_once, Policy._create_one_by_one):
            savepoint = self.env.cr.savepoint()
            with patch.object(Policy, "_create_at_once", way):
                notices = self.policy._run()
            self.env.flush_all()
            pictures.append(
                [
                    self._columns("facturex_dunning_notice_line", notices.line_ids.ids),
                    self._columns("facturex_dunning_notice", notices.ids),
                ]
            )
            savepoint.rollback()
            savepoint.close(rollback=False)
            self.env.invalidate_all()
        self.assertEqual(len(pictures[0][0]), 6)
        self.assertEqual(*pictures)

    def test_words_in_a_batch_are_those_of_each_alone(self):
        """What is read once for all says the same as a message rendered by itself."""
        usd = self.env.ref("base.USD")
        usd.active = True
        self.first.text_body = (
            "{customer}, {invoices} du {due_date}: {amount_total}, {description},"
            " {date_limit}, {penalty_amount}, {iban}"
        )
        french = self.customer.copy({"name": "Cliente Gamma", "lang": "fr_FR"})
        self.customer.lang = "en_US"
        for number, partner in enumerate(self.customer | french, start=1):
            self._invoice(1234.5 * number, partner=partner)
            self._invoice(33.33, due="2026-02-02", partner=partner)
            self._invoice(50, partner=partner, currency_id=usd.id)
        notices = self.policy._run()
        self.assertEqual(len(notices), 2)
        template = self.first.mail_template_id
        together = notices._render(template)
        for notice in notices:
            self.env.invalidate_all()
            alone = template._generate_template(
                notice.ids,
                ("subject", "body_html", "email_from", "reply_to", "mail_server_id"),
            )[notice.id]
            told = together[notice.id]
            self.assertEqual(told["body_html"], alone["body_html"])
            self.assertEqual(told["subject"], alone["subject"])
            self.assertEqual(told["email_from"], alone["email_from"])
            self.assertEqual(
                *(bool(values.get("mail_server_id")) for values in (told, alone))
            )
        first, second = (str(together[notice.id]["body_html"]) for notice in notices)
        # and each in the language of its reader
        self.assertIn("Facture", first + second)
        self.assertIn(">Invoice<", first + second)

    def _columns(self, table, ids):
        """Rows without what differs by nature: numbers and tokens."""
        self.env.cr.execute(f"SELECT * FROM {table} WHERE id = ANY(%s)", [ids])
        names = [column.name for column in self.env.cr.description]
        ours = {"id", "notice_id", "access_token", "create_date", "write_date"}
        rows = [
            # nothing and nought are one: the ORM reads both as nought
            {n: v or None for n, v in zip(names, row, strict=True) if n not in ours}
            for row in self.env.cr.fetchall()
        ]
        return sorted(rows, key=str)
