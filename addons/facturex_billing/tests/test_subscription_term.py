"""Terms, renewal letters, cancellations: the law of the customer decides."""

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCase

from .test_subscription_change import ChangeCommon


class TermCommon(ChangeCommon, MailCase):
    today = "2026-02-16"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.consumer = cls._consumer("fr", "Élodie")

    @classmethod
    def _consumer(cls, country, name):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "email": f"{country}@consumer.example",
                "lang": "en_US",
                "is_company": False,
                "country_id": cls.env.ref(f"base.{country}").id,
            }
        )

    @classmethod
    def _yearly(cls, partner=None, **vals):
        """Renewed tacitly each 1 January; the last day to object is 1 December."""
        return cls._subscription(
            bill=False,
            **{
                "partner_id": (partner or cls.consumer).id,
                "date_start": "2026-01-01",
                "date_billed_until": "2026-01-31",
                "term_type": "tacit",
                "term_months": 12,
                "notice_days": 31,
                **vals,
            },
        )

    def _daily(self, day):
        with freeze_time(day):
            Subscription = self.env["facturex.subscription"].sudo()  # as the cron
            Subscription._run_daily(fields.Date.to_date(day))


@tagged("post_install", "-at_install")
class TestTerm(TermCommon):
    def test_law_of_the_customer(self):
        profile = self.consumer._facturex_law_profile(self.company)
        self.assertEqual(profile.code, "fr_b2c")
        law = profile._to_term_law()
        self.assertEqual((law.letter_from, law.letter_at, law.letter_until), (3, 2, 1))
        company = self.env["res.partner"].create({"name": "SA", "is_company": True})
        subscription = self._yearly(company)
        self.assertFalse(subscription._get_term_law().asks_letter)

    def test_form_says_when_it_may_end(self):
        subscription = self._yearly()
        self.assertRecordValues(
            self._as(subscription, self.user),
            [
                {
                    "date_term_end": fields.Date.to_date("2026-12-31"),
                    "date_term_deadline": fields.Date.to_date("2026-12-01"),
                    "date_earliest_end": fields.Date.to_date("2026-12-31"),
                }
            ],
        )
        self.assertIn("present term ends", subscription.exit_words)

    def test_letter_leaves_once_in_its_window(self):
        subscription = self._yearly()
        with self.mock_mail_gateway():
            self._daily("2026-09-30")
            self.assertFalse(self._new_mails)
            self._daily("2026-10-01")
            self._daily("2026-10-02")
        self.assertEqual(len(self._new_mails), 1)
        self.assertEqual(self._new_mails.recipient_ids, self.consumer)
        self.assertIn("refuse this renewal", self._new_mails.body_html)
        self.assertRecordValues(
            subscription.renewal_notice_ids,
            [
                {
                    "state": "sent",
                    "date_term_end": fields.Date.to_date("2026-12-31"),
                    "date_deadline": fields.Date.to_date("2026-12-01"),
                }
            ],
        )
        # told in time: the next term holds
        way = subscription._get_earliest_exit(fields.Date.to_date("2027-03-10"))
        self.assertEqual(str(way.last_day), "2027-12-31")

    def test_missed_letter_frees_the_customer(self):
        subscription = self._yearly()
        self._daily("2026-11-02")
        self.assertEqual(subscription.renewal_notice_ids.state, "missed")
        self.assertIn(
            "at any time", " ".join(subscription.activity_ids.mapped("summary"))
        )
        way = subscription._get_earliest_exit(fields.Date.to_date("2027-03-10"))
        self.assertEqual(str(way.last_day), "2027-03-10")

    def test_letter_by_post(self):
        self.consumer.email = False
        subscription = self._yearly()
        self._daily("2026-10-01")
        notice = subscription.renewal_notice_ids
        self.assertEqual(notice.state, "post")
        html = self.env["ir.actions.report"]._render_qweb_html(
            "facturex_billing.report_renewal_letter", notice.ids
        )[0]
        self.assertIn(b"12/01/2026", html)
        notice.with_user(self.user).action_sent_by_post()
        self.assertEqual(notice.state, "sent")
        with self.assertRaises(UserError):
            notice.action_sent_by_post()
        forgotten = self._yearly()
        self._daily("2026-10-01")
        self._daily("2026-11-05")
        self.assertEqual(forgotten.renewal_notice_ids.state, "missed")

    def test_belgian_consumer_leaves_after_a_renewal(self):
        belgian = self._consumer("be", "Lotte")
        subscription = self._yearly(belgian)
        with freeze_time("2027-03-10"):
            self.assertEqual(
                str(
                    subscription._get_earliest_exit(
                        fields.Date.to_date("2027-03-10")
                    ).last_day
                ),
                "2027-04-10",
            )

    def test_responsible_is_told_once(self):
        tacit = self._yearly(self.customer, user_id=self.user.id)
        fixed = self._subscription(
            bill=False,
            term_type="fixed",
            term_months=3,
            user_id=self.user.id,
            date_billed_until="2026-02-28",
        )
        self.assertEqual(str(fixed.date_end), "2026-04-30")
        self._daily("2026-04-02")
        self._daily("2026-04-03")
        self.assertEqual(len(fixed.activity_ids), 1)
        self.assertEqual(fixed.activity_ids.user_id, self.user)
        self.assertFalse(tacit.activity_ids)
        self._daily("2026-11-10")
        self._daily("2026-11-11")
        self.assertEqual(len(tacit.activity_ids), 1)
        self.assertIn("renewed on", tacit.activity_ids.summary)

    def test_terms_that_are_not_possible(self):
        with self.assertRaisesRegex(UserError, "1 month"):
            self._yearly(term_months=0)
        with self.assertRaisesRegex(UserError, "negative"):
            self._yearly(notice_days=-1)

    def test_ends_by_itself_and_its_value_with_it(self):
        fixed = self._subscription(
            bill=False,
            term_type="fixed",
            term_months=1,
            date_billed_until="2026-02-01",
        )
        self.assertFalse(fixed.next_date)
        self._daily("2026-03-01")
        self.assertEqual(fixed.state, "stopped")
        self.assertEqual(sum(fixed.change_ids.mapped("mrr_delta")), 0)
        self.assertEqual(fixed.change_ids.sorted("id")[-1].movement, "churn")
        self.assertEqual(fixed.amount_mrr, 0)


@tagged("post_install", "-at_install")
class TestCancellation(TermCommon):
    def _receive(self, subscription, origin="portal"):
        # as the portal's controller does, after it found the subscription
        Cancellation = self.env["facturex.subscription.cancellation"].sudo()
        return Cancellation._receive(
            subscription.sudo(), "Élodie", "fr@consumer.example", "Moving", origin
        )

    def test_customer_cancels_for_the_earliest_day(self):
        subscription = self._yearly(term_type="open", notice_days=12)
        subscription._run_due("2026-02-16")
        with self.mock_mail_gateway():
            cancellation = self._receive(subscription)
        self.assertRecordValues(
            cancellation,
            [
                {
                    "state": "confirmed",
                    "date_end": fields.Date.to_date("2026-02-28"),
                    "origin": "portal",
                }
            ],
        )
        self.assertEqual(str(subscription.date_end), "2026-02-28")
        self.assertEqual(cancellation.change_id.state, "done")
        self.assertEqual(len(self._new_mails), 1)
        self.assertIn("02/28/2026", self._new_mails.body_html)
        self.assertIn(
            "Cancelled by", " ".join(subscription.activity_ids.mapped("summary"))
        )
        with self.assertRaisesRegex(UserError, "ended or is ending"):
            self._receive(subscription)

    def test_what_is_billed_beyond_is_credited(self):
        subscription = self._subscription(
            partner_id=self.consumer.id, notice_days=0, price=28.0
        )
        cancellation = self._receive(subscription)
        self.assertRecordValues(
            cancellation.change_id.move_id,
            [{"move_type": "out_refund", "amount_untaxed": 12.0}],
        )
        self.assertEqual(subscription.state, "stopped")

    def test_without_login_it_waits(self):
        subscription = self._yearly()
        with self.mock_mail_gateway():
            one = self._receive(subscription, "online")
            two = self._receive(subscription, "online")
        self.assertEqual(one, two, "pressed twice, received once")
        self.assertEqual((one.state, subscription.date_end), ("received", False))
        self.assertEqual(len(self._new_mails), 1)
        self.assertIn(
            f"/subscriptions/cancel/{one.id}?access_token=", self._new_mails.body_html
        )
        one.with_user(self.user).action_confirm()
        self.assertEqual(str(subscription.date_end), "2026-12-31")
        with self.assertRaises(UserError):
            one.action_refuse()

    def test_refused_one_leaves_the_contract(self):
        subscription = self._yearly()
        one = self._receive(subscription, "online")
        one.with_user(self.user).action_refuse()
        self.assertFalse(subscription.date_end)
        again = self._receive(subscription, "online")
        self.assertNotEqual(again, one)

    def test_companies_and_strangers(self):
        subscription = self._yearly()
        one = self._receive(subscription, "online")
        self._daily("2026-10-01")
        records = [one, subscription.renewal_notice_ids]
        self._assert_other_company_sees_nothing(records)
        self._assert_refused_to_read(self._strangers(), records)
