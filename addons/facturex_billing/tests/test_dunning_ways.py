from datetime import date, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCase

from .common import FacturexCommon


class WaysCommon(FacturexCommon, MailCase):
    """Levels of one day each, so that a test needs one date per message."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.facturex_undo_minutes = 0
        cls.customer.write({"phone": "+32 470 12 34 56", "is_company": True})
        cls.policy = cls._policy((7, {}), (21, {}), (60, {}))

    @classmethod
    def _policy(cls, *steps, **values):
        return cls.env["facturex.dunning.policy"].create(
            {
                "name": "Ways",
                "user_id": cls.manager.id,
                "step_ids": [
                    fields.Command.create(
                        {
                            "sequence": number,
                            "name": f"Level {number}",
                            "delay_days": days,
                            **own,
                        }
                    )
                    for number, (days, own) in enumerate(steps, 1)
                ],
                **values,
            }
        )

    def _remind(self, day, deliver=True):
        """The proposals of a day, approved by a plain user and delivered."""
        with freeze_time(f"{day} 10:00:00"), self.mock_mail_gateway():
            notices = self._as(
                self.policy._run(date=fields.Date.to_date(day)), self.user
            )
            if notices:
                notices.action_send()
            if deliver:
                mails = notices.mail_mail_id.sudo()
                mails.filtered(lambda mail: mail.state == "outgoing").send()
        return notices


@tagged("post_install", "-at_install")
class TestDunningWays(WaysCommon):
    # ------------------------------------------------------------------
    # Repetitions
    # ------------------------------------------------------------------

    def test_a_level_is_repeated_until_the_next_one(self):
        self.policy.step_ids[1].write({"repeat_days": 10, "repeat_count": 2})
        self._invoice(due="2026-03-01")
        told = {}
        for offset in range(6, 75):
            day = date(2026, 3, 1) + timedelta(days=offset)
            if notice := self._remind(day.isoformat()):
                told[offset] = (notice.step_id.name, notice.line_ids.repeat_no)
        # the repetitions fill the time until the next level and do not put it off
        self.assertEqual(
            told,
            {
                7: ("Level 1", 0),
                21: ("Level 2", 0),
                31: ("Level 2", 1),
                41: ("Level 2", 2),
                60: ("Level 3", 0),
            },
        )

    # ------------------------------------------------------------------
    # Letters
    # ------------------------------------------------------------------

    def test_letters_are_printed_together_and_count_from_the_post(self):
        self.policy.step_ids[0].channel = "letter"
        french = self.customer.copy({"name": "Client Bêta", "lang": "fr_FR"})
        places = {"street": "Rue Haute 1", "zip": "1000", "city": "Bruxelles"}
        (self.customer | french).write(places)
        self._invoice(due="2026-03-01")
        self._invoice(due="2026-03-01", partner=french)
        letters = self._remind("2026-03-09")
        self.assertEqual(set(letters.mapped("channel")), {"letter"})
        self.assertEqual(set(letters.mapped("state")), {"approved"})
        self.assertFalse(self._new_mails)
        action = letters.action_print_letters()
        html = self.env["ir.actions.report"]._render_qweb_html(
            action["report_name"], letters.ids
        )[0]
        text = html.decode()
        for words in ("Due on", "Échéance", "Client Alpha", "Client Bêta"):
            self.assertIn(words, text)
        self.assertEqual(text.count('class="page"'), 2)
        # the post is two days later: from then the customer was told
        with freeze_time("2026-03-11 09:00:00"):
            letters.action_posted()
        self.assertEqual(set(letters.mapped("state")), {"sent"})
        self.assertEqual(set(letters.mapped("date_told")), {date(2026, 3, 11)})
        with self.assertRaisesRegex(UserError, "No letter"):
            letters.action_posted()
        # an approved letter can be taken back as well
        other = self.customer.copy({"name": "Gamma", **places})
        self._invoice(due="2026-03-01", partner=other)
        waiting = self._remind("2026-03-12")
        waiting.action_undo()
        self.assertEqual(waiting.state, "draft")

    def test_the_letter_says_all_that_the_mail_says(self):
        self.company.partner_id.bank_ids = [
            fields.Command.create({"acc_number": "BE71 0961 2345 6769"})
        ]
        invoice = self._invoice(100, due="2026-03-01")
        refund = self._invoice(20, due="2026-03-05", move_type="out_refund")
        notice = self.policy._run()
        html = self.env["ir.actions.report"]._render_qweb_html(
            "facturex_billing.report_dunning_letter", notice.ids
        )[0]
        text = html.decode()
        for words in (
            invoice.name,
            refund.name,
            "In your favour",
            "80.00",
            "BE71",
            "data:image/png;base64",
            "See and pay online",
        ):
            self.assertIn(words, text)

    def test_the_next_way_when_there_is_no_address(self):
        step = self.policy.step_ids[0]
        step.write({"channel": "email", "channel_2": "letter", "channel_3": "phone"})
        self.customer.email = False
        self._invoice(due="2026-03-01")
        [(_p, plan)] = self.policy._run(date=date(2026, 3, 9), dry=True)
        self.assertEqual([n.channel for n in plan.notices], ["phone"])
        self.customer.write({"street": "Rue Haute 1", "city": "Bruxelles"})
        [(_p, plan)] = self.policy._run(date=date(2026, 3, 9), dry=True)
        self.assertEqual([n.channel for n in plan.notices], ["letter"])

    # ------------------------------------------------------------------
    # Calls
    # ------------------------------------------------------------------

    def test_a_call_is_a_task_with_the_number(self):
        self.policy.step_ids[0].channel = "phone"
        self._invoice(due="2026-03-01")
        notice = self._remind("2026-03-09")
        self.assertEqual(notice.state, "sent")
        task = notice.activity_ids
        self.assertRecordValues(
            task,
            [
                {
                    "user_id": self.manager.id,
                    "activity_type_id": self.env.ref("mail.mail_activity_data_call").id,
                }
            ],
        )
        self.assertIn("+32 470 12 34 56", task.summary)
        # a call is no written reminder: for the law nothing was said yet
        self.assertFalse(notice.line_ids._get_law_message())

    # ------------------------------------------------------------------
    # SMS
    # ------------------------------------------------------------------

    def test_an_sms_leaves_once_with_the_link(self):
        self._need_sms()
        self.policy.step_ids[0].channel = "sms"
        invoice = self._invoice(100, due="2026-03-01")
        notice = self._remind("2026-03-09")
        self.assertEqual((notice.state, notice.channel), ("sent", "sms"))
        message = self.env["sms.sms"].sudo().search([], order="id desc", limit=1)
        self.assertEqual(message.number, "+32470123456")
        for words in ("Level 1", "100.00", notice._get_payment_url()):
            self.assertIn(words, message.body)
        self.assertEqual(message.state, "outgoing")
        # nothing more leaves, whoever asks
        count = self.env["sms.sms"].sudo().search_count([])
        notice._send_sms()
        self.env["facturex.dunning.notice"]._send_due_sms()
        self.assertEqual(self.env["sms.sms"].sudo().search_count([]), count)
        # the operator says that the number is wrong: the level does not count
        self.assertFalse(notice.line_ids._get_law_message())
        message.mail_message_id.notification_ids.write(
            {"notification_status": "exception", "failure_type": "sms_number_format"}
        )
        self.assertEqual(notice.state, "failed")
        self.assertIn("number", notice.reason)
        self.assertTrue(notice.date_bounced)
        self.assertTrue(invoice)

    def test_an_sms_can_be_taken_back(self):
        self._need_sms()
        self.policy.step_ids[0].channel = "sms"
        self.company.facturex_undo_minutes = 5
        self._invoice(due="2026-03-01")
        Notice = self.env["facturex.dunning.notice"]
        notice = self._remind("2026-03-09")
        self.assertEqual(notice.state, "approved")
        with freeze_time("2026-03-09 10:04:00"):
            Notice._send_due_sms()
            self.assertEqual(notice.state, "approved")
            notice.action_undo()
            self.assertEqual(notice.state, "draft")
            notice.action_send()
        with freeze_time("2026-03-09 10:10:00"):
            Notice._send_due_sms()
        self.assertEqual(notice.state, "sent")
        self.assertEqual(
            self.env["sms.sms"].sudo().search_count([("number", "=", "+32470123456")]),
            1,
        )

    def test_paid_before_the_sms_leaves(self):
        self._need_sms()
        self.policy.step_ids[0].channel = "sms"
        self.company.facturex_undo_minutes = 5
        invoice = self._invoice(due="2026-03-01")
        notice = self._remind("2026-03-09")
        with freeze_time("2026-03-09 10:10:00"):
            self._register_payment(invoice)
            notice.action_send_now()
        self.assertEqual(notice.state, "cancelled")
        self.assertFalse(self.env["sms.sms"].sudo().search_count([]))

    def _need_sms(self):
        if "sms.sms" not in self.env:
            self.skipTest("no SMS service is installed")
        self.env["sms.sms"].sudo().search([]).unlink()

    # ------------------------------------------------------------------
    # Collection
    # ------------------------------------------------------------------

    def test_the_level_of_collection_asks_for_the_file(self):
        self.policy.step_ids[0].hand_over = True
        invoice = self._invoice(due="2026-03-01")
        settled = self._invoice(due="2026-03-02")
        notice = self._remind("2026-03-09")
        task = notice.activity_ids
        self.assertRecordValues(
            task,
            [{"user_id": self.manager.id, "date_deadline": date(2026, 3, 17)}],
        )
        self.assertIn("Client Alpha", task.summary)
        self._register_payment(settled)
        action = notice.action_hand_over()
        wizard = (
            self._as(self.env[action["res_model"]], self.user)
            .with_context(**action["context"])
            .create({})
        )
        self.assertEqual(wizard.move_ids, invoice)
        self.assertIn("download", wizard.action_make()["url"])

    # ------------------------------------------------------------------
    # What is heard of it later
    # ------------------------------------------------------------------

    def test_a_message_that_comes_back_was_not_told(self):
        self._invoice(due="2026-03-01")
        notice = self._remind("2026-03-09")
        first_id = notice._get_message_id()
        with freeze_time("2026-03-09 15:00:00"):
            notice.sudo()._message_receive_bounce("alpha@client.example", self.customer)
            self.customer._message_receive_bounce("alpha@client.example", self.customer)
        self.assertEqual(notice.state, "failed")
        self.assertIn("came back", notice.reason)
        self.assertEqual(notice.activity_ids.user_id, self.manager)
        self.assertFalse(notice.line_ids.move_line_id._facturex_told())
        # nothing else leaves before somebody acts
        self.assertFalse(self._remind("2026-03-20"))
        # a new address has not bounced; the second try is another message
        self.customer.email = "right@client.example"
        self.assertEqual(self.customer.message_bounce, 0)
        with freeze_time("2026-03-20 10:00:00"), self.mock_mail_gateway():
            notice.action_send()
            self.assertNotEqual(notice._get_message_id(), first_id)
            mails = notice.mail_mail_id.sudo()
            mails.filtered(lambda mail: mail.state == "outgoing").send()
        self.assertIn("right@client.example", self._mails[0]["email_to"][0])
        self.assertEqual(notice.state, "sent")
        self.assertEqual(notice.date_told, date(2026, 3, 20))

    def test_a_bounce_beside_a_newer_reminder(self):
        self._invoice(due="2026-03-01")
        old = self._remind("2026-03-09")
        with freeze_time("2026-03-23"):
            new = self.policy._run()
        self.assertEqual(new.state, "draft")
        old.sudo()._message_receive_bounce("alpha@client.example", self.customer)
        self.assertEqual((old.state, new.state), ("sent", "draft"))
        self.assertTrue(old.date_bounced)

    def test_seen_online(self):
        self._invoice(due="2026-03-01")
        notice = self._remind("2026-03-09")
        self.assertFalse(notice.date_opened)
        with freeze_time("2026-03-09 11:00:00"):
            notice._mark_opened()
        with freeze_time("2026-03-10 11:00:00"):
            notice._mark_opened()
        self.assertEqual(
            fields.Datetime.to_string(notice.date_opened), "2026-03-09 11:00:00"
        )


@tagged("post_install", "-at_install")
class TestDayOfTheMessage(WaysCommon):
    """A reminder is of the day on which it left, whenever it was proposed."""

    def test_a_proposal_approved_later_counts_from_then(self):
        self.customer.is_company = False
        self.company.facturex_penalty_clause = True
        profile = self.env.ref("facturex_billing.law_profile_be_b2c")
        self.policy = self._policy(
            (7, {}), (30, {"charge": "tiered"}), profile_id=profile.id
        )
        invoice = self._invoice(320, due="2026-02-20")
        proposal = self.policy._run(date=date(2026, 3, 2))
        self.assertIn("03/16/2026", str(proposal._get_message_html()))
        # ten days on somebody's desk: the customer still has fourteen days
        with freeze_time("2026-03-12 10:00:00"), self.mock_mail_gateway():
            proposal.action_send()
            mails = proposal.mail_mail_id.sudo()
            mails.filtered(lambda mail: mail.state == "outgoing").send()
        self.assertEqual(proposal.date, date(2026, 3, 12))
        self.assertIn("03/26/2026", self._mails[0]["body"])
        line = self._receivable(invoice)
        for day, claimed in (("2026-03-17", 0), ("2026-03-26", 0), ("2026-03-27", 47)):
            charges = line._facturex_charges(fields.Date.to_date(day))[line.id]
            self.assertEqual(charges.indemnity, claimed, day)

    def test_interest_is_to_date_when_it_leaves(self):
        profile = self.env.ref("facturex_billing.law_profile_be_b2b")
        self.policy = self._policy((7, {"charge": "fixed"}), profile_id=profile.id)
        self._invoice(1210, due="2026-02-01")
        proposal = self.policy._run(date=date(2026, 2, 16))
        self.assertEqual(proposal.amount_interest, 5.22)  # 15 days at 10.5 %
        with freeze_time("2026-03-03 10:00:00"), self.mock_mail_gateway():
            proposal.action_send()
        self.assertEqual(proposal.amount_interest, 10.44)

    def test_the_day_is_the_one_where_we_are(self):
        self._invoice(due="2026-03-01")
        self.company.partner_id.tz = "Europe/Brussels"
        notice = self.policy._run(date=date(2026, 3, 9))
        with freeze_time("2026-03-09 23:30:00"), self.mock_mail_gateway():
            notice.action_send()
            notice.mail_mail_id.sudo().send()
        # half past midnight in Brussels
        self.assertEqual(notice.date_told, date(2026, 3, 10))

    def test_a_letter_gives_the_delay_of_the_post(self):
        """By post and over Easter, a claim waits longer than the policy says."""
        self.customer.write(
            {"is_company": False, "street": "Rue Haute 1", "city": "Bruxelles"}
        )
        self.customer.email = False
        self.company.facturex_penalty_clause = True
        profile = self.env.ref("facturex_billing.law_profile_be_b2c")
        self.policy = self._policy(
            (7, {"channel_2": "letter"}),
            (22, {"charge": "tiered", "channel_2": "letter"}),
            profile_id=profile.id,
        )
        invoice = self._invoice(320, due="2026-03-20")
        # Maundy Thursday; Friday, Tuesday and Wednesday are the working days after
        with freeze_time("2026-04-02 10:00:00"):
            letter = self.policy._run()
            letter.action_send()
            letter.action_posted()
        first = date(2026, 4, 22)
        [(_p, plan)] = self.policy._run(date=date(2026, 4, 20), dry=True)
        [skipped] = plan.skipped
        self.assertEqual((skipped.reason, skipped.detail), ("not_yet", "2026-04-22"))
        line = self._receivable(invoice)
        before = line._facturex_charges(first - timedelta(days=1))[line.id]
        self.assertEqual(before.indemnity, 0)
        # and the invoice shows the same day
        with freeze_time("2026-04-10"):
            invoice.invalidate_recordset()
            self.assertEqual(invoice.facturex_next_reminder, first)
        with freeze_time("2026-04-22 10:00:00"):
            second = self.policy._run()
        self.assertEqual(second.amount_fee, 47)

    def test_a_hold_moves_the_next_reminder_shown(self):
        invoice = self._invoice(due="2026-03-12")
        self.assertEqual(invoice.facturex_next_reminder, date(2026, 3, 19))
        self.env["facturex.dunning.hold"].create(
            {"move_id": invoice.id, "date_end": "2026-04-05"}
        )
        invoice.invalidate_recordset()
        self.assertEqual(invoice.facturex_next_reminder, date(2026, 4, 6))


@tagged("post_install", "-at_install")
class TestRegularSupply(WaysCommon):
    """Belgian consumers: three free reminders a year of a subscription."""

    def test_the_fourth_missed_due_date_costs(self):
        self.customer.is_company = False
        self.company.facturex_penalty_clause = True
        profile = self.env.ref("facturex_billing.law_profile_be_b2c")
        self.policy = self._policy(
            (5, {}), (22, {"fee_amount": 7.5}), profile_id=profile.id, min_gap_days=1
        )
        supply = self.env["facturex.subscription"].create(
            {"partner_id": self.customer.id, "date_start": "2025-10-01"}
        )
        costs = {}
        for month in ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04"):
            due = fields.Date.to_date(f"{month}-01")
            with freeze_time(due):
                invoice = self._invoice(50, due=str(due))
            invoice.sudo().facturex_subscription_id = supply
            for days in (5, 22):
                notice = self._remind(str(due + timedelta(days=days)))
                self.assertEqual(notice.line_ids.move_id, invoice)
            costs[month] = notice.amount_fee
            self._register_payment(invoice)
        # December is another year; of 2026 the fourth one
        self.assertEqual(
            costs,
            {
                "2025-12": 0,
                "2026-01": 0,
                "2026-02": 0,
                "2026-03": 0,
                "2026-04": 7.5,
            },
        )
        # without a subscription every further reminder may cost
        with freeze_time("2026-05-01"):
            single = self._invoice(50, due="2026-05-01")
        self._remind("2026-05-06")
        self.assertEqual(self._remind("2026-05-23").amount_fee, 7.5)
        self.assertFalse(single._facturex_missed_dates(date(2026, 5, 23)))
