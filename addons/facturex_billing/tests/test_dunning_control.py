from contextlib import contextmanager
from datetime import date, timedelta
from unittest.mock import patch

import lxml.html
import psycopg2.errors
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.facturex_billing.engine import preflight
from odoo.addons.mail.tests.common import MailCase

from .common import FacturexCommon
from .payloads import PAYLOADS, RESULT

MOMENTS = ("proposed", "approved", "leaving")


@tagged("post_install", "-at_install")
class TestDunningControl(FacturexCommon, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["facturex.dunning.policy"].create(
            {"name": "Standard", "min_amount": 5, "user_id": cls.user.id}
        )
        cls.steps = cls.policy.step_ids.sorted("delay_days")
        cls.day = fields.Date.to_date(cls.today)
        cls.company.facturex_undo_minutes = 5

    def _customer(self, name="Somebody", **vals):
        return self.customer.copy({"name": name, "email": "who@client.example", **vals})

    def _reasons(self, day=None):
        [(_policy, plan)] = self.policy._run(date=day or self.day, dry=True)
        return {skipped.item.id: skipped.reason for skipped in plan.skipped}

    def _hold(self, **vals):
        vals.setdefault("date_end", self.day + timedelta(days=10))
        return self.env["facturex.dunning.hold"].create(vals)

    @contextmanager
    def _bank(self, newest=None, **resembling):
        facts = preflight.BankFacts(newest, resembling.get("resembling", {}))
        hook = "_facturex_dunning_bank_facts"
        with patch.object(type(self.policy), hook, lambda *_args: facts):
            yield

    def _deliver(self, notices):
        with self.mock_mail_gateway():
            notices.mail_mail_id.sudo().send()

    # ------------------------------------------------------------------
    # Who may write what
    # ------------------------------------------------------------------

    def test_nobody_writes_a_state(self):
        self._invoice()
        notice = self.policy._run()
        hold = self._hold(partner_id=self.customer.id)
        for user in (self.user, self.manager):
            mine = self._as(notice, user)
            for vals in (
                {"state": "sent"},
                {"state": "cancelled", "activity_ids": []},
                {"date_sent": "2026-01-01 00:00:00"},
                {"partner_id": self.env.user.partner_id.id},
                {"access_token": "known"},
                {"mail_mail_id": False},
            ):
                with self.subTest(user=user.login, vals=vals):
                    with self.assertRaises(AccessError):
                        mine.write(vals)
            with self.assertRaises(AccessError):
                mine.create(
                    {
                        "policy_id": self.policy.id,
                        "company_id": self.company.id,
                        "partner_id": self.customer.id,
                        "date": "2026-03-15",
                        "state": "sent",
                    }
                )
            with self.assertRaises(AccessError):
                mine.line_ids.write({"is_void": True})
            with self.assertRaises(AccessError):
                self._as(hold, user).write({"state": "released"})
            with self.assertRaises(AccessError):
                self._as(hold, user).create(
                    {
                        "partner_id": self.customer.id,
                        "kind": "dispute",
                        "date_end": "2026-04-01",
                        "origin": "portal",
                    }
                )
        # a plain user does it with the buttons, and still gets there
        self._as(hold, self.user).action_release()
        self._as(self.policy._run(), self.user).action_send()

    # ------------------------------------------------------------------
    # Holds
    # ------------------------------------------------------------------

    def test_each_kind_of_hold(self):
        for kind, _label in self.env["facturex.dunning.hold"]._fields["kind"].selection:
            with self.subTest(kind=kind):
                invoice = self._invoice(partner=self._customer())
                self._hold(move_id=invoice.id, kind=kind)
                line = self._receivable(invoice)
                self.assertEqual(self._reasons()[line.id], f"hold_{kind}")
                # the day after its end it resumes by itself, nothing has run
                later = self.day + timedelta(days=11)
                self.assertNotIn(line.id, self._reasons(later))

    def test_hold_of_a_customer_and_of_one_invoice(self):
        held, free = self._invoice(), self._invoice()
        hold = self._hold(move_id=held.id)
        self.assertEqual(hold.partner_id, self.customer)
        notice = self.policy._run()
        self.assertEqual(notice.line_ids.move_id, free)
        # what waits is taken out as soon as the customer is on hold
        self._hold(partner_id=self.customer.id, kind="dispute")
        self.assertEqual(notice.state, "cancelled")
        # of two holds until the same day the graver one is named
        self.assertEqual(set(self._reasons().values()), {"hold_dispute"})

    def test_hold_has_limits(self):
        invoice = self._invoice()
        # a refusal rolls its transaction back, here a savepoint
        with (
            self.assertRaisesRegex(ValidationError, "lasts 366 days"),
            self.env.cr.savepoint(),
        ):
            self._hold(move_id=invoice.id, date_end="2036-01-01")
        with (
            self.assertRaisesRegex(ValidationError, "not one of"),
            self.env.cr.savepoint(),
        ):
            self._hold(move_id=invoice.id, partner_id=self._customer().id)
        hold = self._hold(move_id=invoice.id)
        with self.assertRaises(psycopg2.errors.UniqueViolation):
            with self.env.cr.savepoint():
                self._hold(move_id=invoice.id)
        hold.action_release()
        with self.assertRaisesRegex(UserError, "already ended"):
            hold.action_release()
        self._hold(move_id=invoice.id)
        with self.assertRaises(AccessError):
            self._as(hold, self.other_user).read(["kind"])

    def test_broken_promise_goes_to_the_next_level_and_says_so(self):
        invoice = self._invoice(due="2026-03-06")
        first = self.policy._run(date=date(2026, 3, 13))
        first.action_send()
        with freeze_time("2026-03-13"):
            self._deliver(first)
        self.assertEqual(first.line_ids.step_id, self.steps[0])
        hold = self._hold(
            move_id=invoice.id, kind="promise", date_end=date(2026, 3, 20)
        )
        # until the 20th we wait; on the 21st, thirteen days before its time, level two
        self.assertFalse(self.policy._run(date=date(2026, 3, 20)))
        with freeze_time("2026-03-23 09:00:00"):
            self.env["facturex.dunning.hold"]._close_expired()
            self.assertEqual(hold.state, "broken")
            self.assertIn("was not kept", invoice.message_ids[0].body)
            second = self.policy._run()
            self.assertEqual(second.line_ids.step_id, self.steps[1])
            second.action_send()
            self._deliver(second)
        self.assertIn("You had promised to pay by", self._mails[0]["body"])
        self.assertIn("03/20/2026", self._mails[0]["body"])
        # told once: the third level has its own days
        self.assertEqual(set(self._reasons(date(2026, 4, 1)).values()), {"not_yet"})

    def test_kept_promise(self):
        invoice = self._invoice()
        hold = self._hold(move_id=invoice.id, kind="promise")
        self._register_payment(invoice)
        self.env["facturex.dunning.hold"]._close_expired(date(2026, 4, 1))
        self.assertEqual(hold.state, "kept")

    # ------------------------------------------------------------------
    # Preflight
    # ------------------------------------------------------------------

    def _open_credit(self, amount, partner=None):
        """A payment of the customer that nobody matched."""
        payment = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": self.today,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_receivable"
                            ].id,
                            "partner_id": (partner or self.customer).id,
                            "credit": amount,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_revenue"
                            ].id,
                            "debit": amount,
                        }
                    ),
                ],
            }
        )
        payment.action_post()
        return payment

    def test_what_stops_an_automatic_message_only_warns_a_person(self):
        line = self._receivable(self._invoice(100))
        newest = self.day - timedelta(days=6)
        cases = {
            "bank_stale": (self._bank(newest), lambda: None),
            "bank_resembles": (
                self._bank(self.day, resembling={self.customer.id: "100 €"}),
                lambda: None,
            ),
            "credit_unmatched": (self._bank(), lambda: self._open_credit(30)),
            "credit_draft": (
                self._bank(),
                lambda: self._invoice(7, move_type="out_refund", post=False),
            ),
        }
        for code, (bank, prepare) in cases.items():
            with self.subTest(code=code), bank:
                savepoint = self.env.cr.savepoint()
                prepare()
                self.policy.mode = "auto"
                self.assertEqual(self._reasons(), {line.id: code})
                self.assertFalse(self.policy._run())
                self.policy.mode = "propose"
                notice = self.policy._run()
                self.assertEqual([w[0] for w in notice.warnings], [code])
                self.assertTrue(notice.warning_text)
                savepoint.rollback()
                self.env.invalidate_all()
                savepoint.close(rollback=False)

    def test_what_stops_every_message(self):
        invoice = self._invoice(100)
        line = self._receivable(invoice)
        self.customer.message_bounce = 1
        self.assertEqual(self._reasons(), {line.id: "bounced"})
        self.customer.message_bounce = 0
        self.env["mail.blacklist"].sudo()._add(self.customer.email)
        self.assertEqual(self._reasons(), {line.id: "bounced"})
        self.env["mail.blacklist"].sudo()._remove(self.customer.email)
        with patch.object(
            type(invoice), "_facturex_delivery_failed", lambda _self: True
        ):
            self.assertEqual(self._reasons(), {line.id: "e_invoice_failed"})
        self._pending_transaction(invoice)
        self.assertEqual(self._reasons(), {line.id: "payment_pending"})

    def _pending_transaction(self, invoice):
        methods = self.env["payment.method"].sudo().with_context(active_test=False)
        method = methods.search([], limit=1)
        provider = (
            self.env["payment.provider"].sudo().search([("code", "=", "none")], limit=1)
        )
        return (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": method.id,
                    "amount": invoice.amount_residual,
                    "currency_id": invoice.currency_id.id,
                    "partner_id": invoice.partner_id.id,
                    "invoice_ids": [Command.set(invoice.ids)],
                    "state": "pending",
                    "reference": f"tx {invoice.id}",
                }
            )
        )

    def test_one_task_per_cause(self):
        self.policy.mode = "auto"
        others = [self._customer(f"Customer {n}") for n in range(12)]
        for partner in others:
            self._invoice(partner=partner)
        with self._bank(self.day - timedelta(days=9)):
            self.policy._run()
            self.policy._run()
            task = self.policy.activity_ids
            self.assertEqual(len(task), 1)
            self.assertEqual(task.facturex_cause, "bank_stale")
            self.assertEqual(task.user_id, self.user)
            self.assertIn("9 days old", task.summary)
            self.assertIn("2 others", task.note)
        with self._bank(self.day):
            self.assertEqual(len(self.policy._run()), 12)
        self.assertFalse(self.policy.activity_ids)

    # ------------------------------------------------------------------
    # Control
    # ------------------------------------------------------------------

    def test_undo_before_it_leaves(self):
        self._invoice()
        notice = self._as(self.policy._run(), self.user)
        notice.action_send()
        self.assertEqual(notice.state, "approved")
        self.assertEqual(
            notice.date_leaves, fields.Datetime.now() + timedelta(minutes=5)
        )
        mail = notice.mail_mail_id.sudo()
        self.assertEqual(mail.scheduled_date, notice.date_leaves)
        notice.action_undo()
        self.assertEqual((notice.state, mail.state), ("draft", "cancel"))
        with self.assertRaisesRegex(UserError, "Too late"):
            notice.action_undo()
        notice.action_send()
        with self.mock_mail_gateway():
            notice.action_send_now()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(notice.state, "sent")
        with self.assertRaisesRegex(UserError, "Too late"):
            notice.action_undo()

    def test_approve_some(self):
        for name in ("One", "Two"):
            self._invoice(partner=self._customer(name))
        notices = self.policy._run()
        notices[0].action_send()
        self.assertEqual(notices.mapped("state"), ["approved", "draft"])

    def test_old_bank_lines_ask_for_a_word(self):
        self._invoice()
        notice = self.policy._run()
        with self._bank(self.day - timedelta(days=15)):
            with self.assertRaisesRegex(UserError, "15 days old"):
                notice.action_send()
            self.assertEqual(notice.state, "draft")
            notice.action_send_anyway()
        self.assertEqual(notice.state, "approved")

    def test_news_since_the_proposal_are_shown_first(self):
        self._invoice()
        notice = self.policy._run()
        with self._bank(self.day, resembling={self.customer.id: "100 €"}):
            action = notice.action_send()
            self.assertEqual(action["tag"], "display_notification")
            self.assertEqual(notice.state, "draft")
            self.assertIn("100 €", notice.warning_text)
            # seen and approved again: it leaves
            notice.action_send()
        self.assertEqual(notice.state, "approved")

    def test_automatic_messages_keep_to_days_hours_and_cap(self):
        self.policy.write({"mode": "auto", "daily_cap": 2})
        amounts = {}
        for amount in (10, 30, 20):
            partner = self._customer(str(amount))
            self._invoice(amount, partner=partner)
            amounts[partner] = amount
        Notice = self.env["facturex.dunning.notice"]
        for moment, expected in [
            ("2026-03-15 10:00:00", 0),  # a Sunday
            ("2026-03-16 06:59:00", 0),  # 7:59 in Brussels
            ("2026-03-16 07:01:00", 2),  # 8:01: the two largest
            ("2026-03-16 12:00:00", 2),  # enough for today
            ("2026-03-17 17:01:00", 2),  # 18:01
            ("2026-03-17 09:00:00", 3),
        ]:
            with self.subTest(moment=moment), freeze_time(moment):
                self.policy._run_by_itself(self.company.id)
                self.assertEqual(len(Notice.search([])), expected)
        first = Notice.search([("date", "=", "2026-03-16")])
        self.assertEqual({amounts[notice.partner_id] for notice in first}, {20, 30})
        with self.assertRaises(psycopg2.errors.CheckViolation):
            with self.env.cr.savepoint():
                self.policy.daily_cap = 0
                self.policy.flush_recordset()

    def test_no_storm_after_an_import_or_an_outage(self):
        """Old debts of a new policy: one message a customer, at the first level."""
        partners = [self._customer(str(n)) for n in range(3)]
        for partner in partners:
            for due in ("2023-10-01", "2025-06-01", "2026-02-20"):
                self._invoice(partner=partner, due=due)
        self.policy.mode = "auto"
        notices = self.policy._run()
        self.assertEqual(len(notices), 3)
        self.assertEqual(notices.line_ids.step_id, self.steps[0])
        with self.mock_mail_gateway():
            notices.mail_mail_id.sudo().send()
        self.assertEqual(len(self._mails), 3)
        # thirty days without the machine, then two runs on one day: one more each
        later = self.day + timedelta(days=30)
        with freeze_time(later):
            notices = self.policy._run()
            self.assertEqual(notices.line_ids.step_id, self.steps[1])
            self.assertEqual(len(notices), 3)
            self.assertFalse(self.policy._run())

    def test_a_conflict_makes_it_start_again(self):
        calls = []

        def run(policies, *_args, **_options):
            calls.append(policies)
            if len(calls) < 3:
                raise psycopg2.errors.SerializationFailure

        Policy = type(self.policy)
        self.policy.mode = "auto"
        with (
            freeze_time("2026-03-16 09:00:00"),
            patch.object(Policy, "_run", run),
            patch.object(self.env.cr, "rollback"),
            patch("time.sleep"),
        ):
            self.policy._with_retry(self.policy._run_by_itself, self.company.id)
        self.assertEqual(len(calls), 3)

    def test_one_broken_company_stops_no_other(self):
        def run(policies, *_args, **_options):
            raise RuntimeError("a bug")

        self.policy.mode = "auto"
        with (
            freeze_time("2026-03-16 09:00:00"),
            patch.object(type(self.policy), "_run", run),
            self.assertLogs("odoo.addons.facturex_billing", "ERROR"),
        ):
            self.policy._run_by_itself(self.company.id)
        self.assertIn("a bug", self.policy.activity_ids.note)

    # ------------------------------------------------------------------
    # Between the decision and the delivery
    # ------------------------------------------------------------------

    def _changes(self):
        """{what happens: (act, mails that leave)}"""

        def credit(invoice, reconcile):
            refund = self._invoice(
                100, move_type="out_refund", partner=invoice.partner_id
            )
            if reconcile:
                (self._receivable(invoice) + self._receivable(refund)).reconcile()

        def hold(kind, whole=False):
            return lambda invoice: self._hold(
                kind=kind,
                **(
                    {"partner_id": invoice.partner_id.id}
                    if whole
                    else {"move_id": invoice.id}
                ),
            )

        return {
            "paid": (self._register_payment, 0),
            "partly": (lambda i: self._register_payment(i, amount=40), 1),
            "nearly": (lambda i: self._register_payment(i, amount=97), 0),
            "credited": (lambda i: credit(i, True), 0),
            "open credit": (lambda i: credit(i, False), 0),
            "dispute": (hold("dispute"), 0),
            "promise": (hold("promise"), 0),
            "declared": (hold("declared"), 0),
            "customer on hold": (hold("manual", whole=True), 0),
            "blocked": (lambda i: i.action_toggle_block_payment(), 0),
            "excluded": (lambda i: i.write({"no_followup": True}), 0),
            "online payment": (self._pending_transaction, 0),
        }

    def test_what_changes_meanwhile_sends_nothing_wrong(self):
        """12 changes at 3 moments: 36 cases, no wrong mail."""
        wrong = []
        changes = self._changes()
        for name, (act, expected) in changes.items():
            for moment in MOMENTS:
                partner = self._customer(f"{name} {moment}")
                invoice = self._invoice(100, partner=partner)
                notice = self.policy._run(partners=partner)
                self._play(notice, moment, lambda act=act, i=invoice: act(i))
                if len(self._mails) != expected:
                    wrong.append((name, moment, len(self._mails)))
                if expected and "60.00" not in self._mails[0]["body"]:
                    wrong.append((name, moment, "amount"))
                if notice.state != ("sent" if expected else "cancelled"):
                    wrong.append((name, moment, notice.state))
        self.assertEqual(len(changes) * len(MOMENTS), 36)
        self.assertFalse(wrong)

    def _play(self, notice, moment, act):
        with self.mock_mail_gateway():
            if moment == "proposed":
                act()
            if notice.state == "draft":
                notice.action_send()
            if moment == "approved":
                act()
            if moment == "leaving":
                Notice = type(notice)
                claim = Notice._claim_delivery

                def changed(self):
                    act()
                    return claim(self)

                with patch.object(Notice, "_claim_delivery", changed):
                    notice.mail_mail_id.sudo().send()
            else:
                mails = notice.mail_mail_id.sudo()
                mails.filtered(lambda mail: mail.state == "outgoing").send()

    # ------------------------------------------------------------------
    # The message
    # ------------------------------------------------------------------

    def test_one_table_of_debts_credits_and_ways_to_pay(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "BE71 0961 2345 6769",
                "partner_id": self.company.partner_id.id,
            }
        )
        one = self._invoice(100)
        two = self._invoice(50)
        self._invoice(30, currency_id=usd.id)
        refund = self._invoice(20, move_type="out_refund")
        notice = self.policy._run()
        self.assertRecordValues(
            notice.credit_ids,
            [{"name": refund.name, "amount": 20.0, "move_id": refund.id}],
        )
        totals = {
            currency.name: total["due"]
            for currency, total in notice._get_totals().items()
        }
        charges = sum(
            line.amount_interest + line.amount_fee
            for line in notice.line_ids
            if line.currency_id.name == "EUR"
        )
        self.assertAlmostEqual(totals["EUR"], 130 + charges)
        self.assertIn("USD", totals)
        body = str(notice.mail_preview)
        for text in (one.name, two.name, refund.name, "In your favour", "20.00"):
            self.assertIn(text, body)
        self.assertEqual(body.count("See and pay"), 1)
        self.assertEqual(body.count("barcode_type=QR"), 1)
        self.assertIn(bank.sanitized_acc_number, body)
        # a second invoice address is no second message
        self.assertEqual(len(notice), 1)

    def test_nothing_of_the_customer_is_executed(self):
        """Names, references and lines as they leave: text, in one mail to one address,
        and on the letter and in the SMS as well."""
        self.assertGreaterEqual(len(set(PAYLOADS)), 30)  # reliability, row D08
        self.steps[0].text_body = "Dear {customer}: {description}, {invoices}"
        for number, text in enumerate(PAYLOADS):
            partner = self._customer(text, ref=text, email=f"p{number}@client.example")
            invoice = self._invoice(partner=partner, ref=text, payment_reference=text)
            # a posted line may still be worded anew
            invoice.invoice_line_ids.name = text
        notices = self.policy._run()
        self.assertEqual(len(notices), len(PAYLOADS))
        notices.action_send()
        self._deliver(notices)
        self.assertEqual(len(self._mails), len(PAYLOADS))
        for mail in self._mails:
            number = int(mail["email_to"][0].rpartition("<")[2].split("@")[0][1:])
            with self.subTest(text=PAYLOADS[number]):
                self._assert_only_text(mail["body"], mail["subject"])
                self.assertNotIn("\n", mail["subject"])
                self.assertEqual(len(mail["email_to"]), 1)
                self.assertFalse(mail["email_cc"])
        letters = self.env["ir.actions.report"]._render_qweb_html(
            "facturex_billing.report_dunning_letter", notices.ids
        )[0]
        self._assert_only_text(letters.decode())
        for notice in notices:
            self.assertNotIn(RESULT, notice._get_sms_text())

    def _assert_only_text(self, html, subject=""):
        self.assertNotIn(RESULT, html + subject)
        tree = lxml.html.fromstring(html)
        for path in (
            "//script[contains(., '1')]",
            "//script[contains(@src, 'evil')]",
            "//iframe",
            "//svg",
            "//form",
            "//img[@src='x']",
            # Odoo's own script has such an attribute
            "//*[@onerror or @onload or @onclick][not(self::script)]",
            "//a[starts-with(@href, 'javascript')]",
            "//style[contains(., 'evil')]",
        ):
            self.assertFalse(tree.xpath(path), path)

    def test_nothing_of_the_text_of_a_level_is_executed(self):
        """A manager's text: refused at once, or text for the customer."""
        step, refused = self.steps[0], 0
        self._invoice()
        notice = self.policy._run()
        for text in PAYLOADS:
            with self.subTest(text=text):
                try:
                    with self.env.cr.savepoint():
                        self._as(step, self.manager).text_body = text
                except ValidationError as error:
                    self.assertIn("is no merge field", str(error))
                    refused += 1
                    continue
                self._assert_only_text(str(notice._get_message_html()))
                self._assert_only_text(str(notice.mail_preview))
        self.assertGreaterEqual(refused, 10)
        # whoever only sends reminders writes no text at all
        with self.assertRaises(AccessError):
            self._as(step, self.user).text_body = "Pay"

    # ------------------------------------------------------------------
    # Sight
    # ------------------------------------------------------------------

    def test_to_chase_begins_with_what_matters(self):
        small, large = self._customer("Small"), self._customer("Large")
        held = self._customer("Held")
        self._invoice(10, partner=small)
        self._invoice(1000, partner=large)
        self._hold(move_id=self._invoice(5000, partner=held).id, kind="dispute")
        run = self._as(self.env["facturex.dunning.run"], self.user)
        run = run.browse(run.action_open()["res_id"])
        self.assertRecordValues(
            run.customer_ids,
            [
                {"partner_id": large.id, "is_planned": True, "amount_late": 1000.0},
                {"partner_id": small.id, "is_planned": True, "amount_late": 10.0},
                {"partner_id": held.id, "is_planned": False, "amount_late": 5000.0},
            ],
        )
        self.assertIn("In dispute until", run.customer_ids[2].why)
        self.assertIn("No bank line", run.bank_text)
        run.customer_ids[1].is_selected = False
        run.action_prepare()
        notices = self.env["facturex.dunning.notice"].search([])
        self.assertEqual(notices.partner_id, large)
        hold = run.customer_ids[1].action_hold()
        self.assertEqual(hold["context"]["default_partner_id"], small.id)

    def test_effect(self):
        quick, slow = (self._invoice(partner=self._customer(n)) for n in ("Q", "S"))
        notices = self.policy._run()
        notices.action_send()
        self._deliver(notices)
        for invoice, days in ((quick, 3), (slow, 20)):
            day = self.day + timedelta(days=days)
            with freeze_time(day):
                self._register_payment(invoice, payment_date=day)
        rows = self.env["facturex.dunning.effect"].search([])
        quick_row = rows.filtered(lambda row: row.move_id == quick)
        slow_row = rows.filtered(lambda row: row.move_id == slow)
        self.assertEqual(len(rows), 2)
        if self._receivable(quick).reconciled:
            self.assertEqual(quick_row.paid_in_week, 1)
            self.assertEqual(slow_row.paid_in_week, 0)
            self.assertEqual(quick_row.days_to_pay, 3)

    def test_queries_do_not_grow_with_the_customers(self):
        """Selection and grouping: the same number of queries for 3 and for 20."""
        counts = []
        for number in (3, 3, 17):
            for rank in range(number):
                self._invoice(partner=self._customer(f"C{rank}"))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.policy._run(dry=True)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1] + 2)

    def test_next_level_on_the_invoice(self):
        invoice = self._invoice(due="2026-03-12")
        mine = self._as(invoice, self.user)
        self.assertRecordValues(
            mine,
            [
                {
                    "facturex_level_id": False,
                    "facturex_next_step_id": self.steps[0].id,
                    "facturex_next_reminder": date(2026, 3, 19),
                }
            ],
        )
        with freeze_time("2026-03-19"):
            notice = self.policy._run()
            notice.action_send()
            self._deliver(notice)
        invoice.invalidate_recordset()
        self.assertRecordValues(
            invoice,
            [
                {
                    "facturex_level_id": self.steps[0].id,
                    "facturex_next_step_id": self.steps[1].id,
                    "facturex_next_reminder": date(2026, 4, 2),
                }
            ],
        )
        self.assertEqual(self.customer.facturex_partner_notice_count, 1)
        action = mine.action_facturex_hold()
        self.assertEqual(action["context"]["default_move_id"], invoice.id)
        self._hold(move_id=invoice.id)
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.facturex_partner_hold_count, 1)
