"""Saved means of payment: charged once, tried again with bounds, never in a dispute."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .test_subscription_change import ChangeCommon

TRANSACTION = "odoo.addons.payment.models.payment_transaction.PaymentTransaction"


@tagged("post_install", "-at_install")
class TestTokenCharge(ChangeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        method = cls.env.ref("payment.payment_method_unknown").sudo()
        journal = cls.company_data["default_journal_bank"]
        cls.provider = (
            cls.env["payment.provider"]
            .sudo()
            .create(
                {
                    "name": "Test provider",
                    "code": "none",
                    "state": "test",
                    "company_id": cls.company.id,
                    "payment_method_ids": [fields.Command.set(method.ids)],
                    "allow_tokenization": True,
                }
            )
        )
        cls._create_dummy_payment_method_for_provider(
            provider=cls.provider, journal=journal
        )
        method.write({"active": True, "support_tokenization": True})
        cls.method = method
        cls.token = cls._token(cls.customer)

    @classmethod
    def _token(cls, partner):
        return (
            cls.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider.id,
                    "payment_method_id": cls.method.id,
                    "payment_details": "1234",
                    "partner_id": partner.id,
                    "provider_ref": "card",
                }
            )
        )

    def _billed(self, **vals):
        subscription = self._subscription(payment_token_id=self.token.id, **vals)
        return subscription, subscription.period_ids.move_id

    def _run(self, day="2026-02-16", answer="done", message=None):
        """The daily task, with a provider that answers so; its calls are returned."""
        asked = []

        def send(transaction):
            asked.append(transaction)
            if answer == "done":
                transaction._set_done()
            elif answer == "pending":
                transaction._set_pending()
            else:
                transaction._set_error(message)

        Charge = self.env["facturex.token.charge"].sudo()  # as the cron
        with (
            freeze_time(day),
            patch(f"{TRANSACTION}._send_payment_request", send),
        ):
            Charge._cron_charge()
        return asked

    def _charges(self, move):
        return self.env["facturex.token.charge"].search([("move_id", "=", move.id)])

    def test_charged_on_the_due_date_once(self):
        term = self.env.ref("account.account_payment_term_15days")
        _subscription, move = self._billed(payment_term_id=term.id)
        self.assertFalse(self._run("2026-02-15"))
        [transaction] = self._run("2026-03-03")
        self.assertRecordValues(
            transaction,
            [
                {
                    "amount": 30.0,
                    "operation": "offline",
                    "token_id": self.token.id,
                    "state": "done",
                }
            ],
        )
        self.assertIn(move.payment_state, ("in_payment", "paid"))
        self.assertEqual(self._charges(move).state, "done")
        self.assertFalse(self._run("2026-03-04"))

    def test_bounded_retries_by_reason(self):
        for message, tries in (
            ("Your card has insufficient funds.", 4),
            ("Your card has expired.", 1),
            ("42", 2),
        ):
            with self.subTest(message):
                subscription, move = self._billed()
                count = 0
                for day in range(16, 29):
                    count += len(
                        self._run(f"2026-02-{day}", answer="error", message=message)
                    )
                for day in range(1, 20):
                    count += len(
                        self._run(f"2026-03-{day:02}", answer="error", message=message)
                    )
                self.assertEqual(count, tries)
                charge = self._charges(move)
                self.assertEqual(charge.state, "failed")
                self.assertIn(message, charge.reason)
                self.assertEqual(len(subscription.activity_ids), 1)
                self.assertEqual(move.payment_state, "not_paid")

    def test_not_while_it_is_disputed(self):
        _subscription, move = self._billed()
        hold = self.env["facturex.dunning.hold"].create(
            {"move_id": move.id, "kind": "dispute", "date_end": "2026-03-01"}
        )
        self.assertFalse(self._run("2026-02-20"))
        hold.action_release()
        self.assertEqual(len(self._run("2026-02-21")), 1)

    def test_not_while_the_customer_is_on_hold_nor_between_retries(self):
        _subscription, move = self._billed()
        self._run(answer="error", message="insufficient funds")
        self.env["facturex.dunning.hold"].create(
            {
                "partner_id": self.customer.id,
                "kind": "promise",
                "date_start": "2026-02-16",
                "date_end": "2026-03-01",
            }
        )
        self.assertFalse(self._run("2026-02-19"))
        self.assertEqual(len(self._run("2026-03-02")), 1)
        self.assertEqual(self._charges(move).state, "done")

    def test_paid_otherwise(self):
        _subscription, move = self._billed()
        self._run(answer="error", message="insufficient funds")
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({})._create_payments()
        self.assertFalse(self._run("2026-02-19"))
        self.assertEqual(self._charges(move).state, "settled")

    def test_pending_waits_for_the_provider(self):
        _subscription, move = self._billed()
        [transaction] = self._run(answer="pending")
        self.assertFalse(self._run("2026-02-17"))
        self.assertEqual(self._charges(move).state, "pending")
        transaction._set_done()
        self._run("2026-02-18")
        self.assertEqual(self._charges(move).state, "done")

    def test_interrupted_try_is_not_repeated(self):
        _subscription, move = self._billed()
        self.env["facturex.token.charge"].sudo()._open_due(
            self.company, fields.Date.to_date("2026-02-16")
        )
        charge = self._charges(move).sudo()
        self.assertTrue(charge._claim(fields.Date.to_date("2026-02-16")))
        self.assertFalse(charge._claim(fields.Date.to_date("2026-02-16")))
        self.env.cr.execute(
            "UPDATE facturex_token_charge SET write_date = '2026-02-10' WHERE id = %s",
            [charge.id],
        )
        charge.invalidate_recordset()
        self.assertFalse(self._run("2026-02-18"))
        self.assertEqual(charge.state, "failed")
        self.assertIn("provider", charge.reason)
        charge.with_user(self.user).action_retry()
        self.assertEqual(len(self._run("2026-02-18")), 1)

    def test_a_second_try_under_way_is_left_alone(self):
        """Another run reads neither the first try's answer nor its age into it."""
        _subscription, move = self._billed()
        self._run(answer="error", message="Your card has insufficient funds.")
        charge = self._charges(move).sudo()
        self.assertEqual(charge.state, "retry")
        day = charge.date_next
        with freeze_time(day):
            self.assertTrue(charge._claim(day))
            charge._refresh_pending()
        self.assertRecordValues(
            charge,
            [
                {
                    "state": "pending",
                    "attempts": 2,
                    "failures": 1,
                    "transaction_id": False,
                }
            ],
        )

    def test_removed_token_and_foreign_token(self):
        _subscription, move = self._billed()
        self.token.active = False
        self.assertFalse(self._run())
        self.assertEqual(self._charges(move).state, "failed")
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        with self.assertRaisesRegex(ValidationError, "another customer"):
            self._subscription(payment_token_id=self._token(stranger).id)

    def test_access(self):
        _subscription, move = self._billed()
        self._run(answer="error", message="stolen")
        charge = self._charges(move)
        self._assert_other_company_sees_nothing([charge])
        self._assert_refused_to_read(self._strangers(), [charge])
        self._as(charge, self.user).action_retry()
        with self.assertRaisesRegex(UserError, "given up"):
            self._as(charge, self.user).action_retry()
