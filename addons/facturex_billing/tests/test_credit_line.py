"""The line: counters that cannot be overrun, states, limits, bank account, access."""

import psycopg2.errors
from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_deferred import DeferredCommon


@tagged("post_install", "-at_install")
class TestCreditLine(DeferredCommon):
    def test_public_movements(self):
        line = self._line()
        self._assert_figures(line, 0, 0, 150)
        line._reserve(100, self.business, "order-1")
        self._assert_figures(line, 0, 100, 50)
        line._reserve(100, self.business, "order-1")
        self._assert_figures(line, 0, 100, 50)
        line._draw(120, self.business, "invoice-1", reserved=100)
        self._assert_figures(line, 120, 0, 30)
        with self.assertRaisesRegex(UserError, r"available .*30.00.*requested .*30.01"):
            line._reserve(30.01, self.business, "order-2")
        line._reserve(30, self.business, "order-2")
        line._release(30, self.business, "order-2-cancelled")
        line._settle(120, self.business, "payment-1")
        self._assert_figures(line, 0, 0, 150)
        self.assertEqual(
            line.entry_ids.sorted("id").mapped("kind"),
            ["reserve", "draw", "reserve", "release", "settle"],
        )
        self.assertEqual(line.entry_ids[-1].document, self.business.display_name)

    def _assert_figures(self, line, used, reserved, available):
        self.assertRecordValues(
            line,
            [
                {
                    "amount_used": used,
                    "amount_reserved": reserved,
                    "amount_available": available,
                }
            ],
        )

    def test_amounts_that_are_none(self):
        line = self._line()
        for amount in (0, -5, float("nan"), float("inf"), 0.001):
            for move in (line._reserve, line._draw, line._release, line._settle):
                with self.subTest(amount=amount), self.assertRaises(UserError):
                    move(amount, self.business, f"{move.__name__}-{amount}")
        with self.assertRaisesRegex(UserError, "Only .*0.00.* is reserved"):
            line._release(1, self.business, "nothing-held")
        self._assert_figures(line, 0, 0, 150)
        self.assertFalse(line.entry_ids)

    def test_the_database_refuses_an_overrun(self):
        line = self._line()
        for values in ("used_cents = 15001", "reserved_cents = -1"):
            with (
                self.assertRaises(psycopg2.errors.CheckViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(
                    f"UPDATE facturex_credit_line SET {values} WHERE id = %s", [line.id]
                )

    def test_facts_are_not_typed(self):
        line = self._as(self._line(), self.manager)
        for values in (
            {"limit_cents": 100_000_00},
            {"used_cents": -5},
            {"used_cents": 0},
            {"freeze_reason": False},
            {"state": "draft"},
            {"iban_verified": True},
            {"amount_available": 9},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                line.write(values)
        with self.assertRaises(UserError):
            line.create({"partner_id": self.customer.id, "ceiling_cents": 5})
        entry = line.sudo()._reserve(5, self.business, "k")
        for write in (
            lambda: entry.write({"amount_used": 1}),
            entry.unlink,
            lambda: entry.create({"line_id": line.id}),
            line.unlink,
        ):
            with self.assertRaises(UserError):
                write()

    def test_businesses_only(self):
        with self.assertRaisesRegex(ValidationError, "consumer"):
            self._line(self.customer)
        contact = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.business.id}
        )
        with self.assertRaisesRegex(ValidationError, "contact of"):
            self._line(contact)
        line = self._line()
        self.business.write({"is_company": False, "vat": False})
        with self.assertRaisesRegex(UserError, "consumer"):
            self._deferred(10)
        self.assertFalse(line.entry_ids)

    def test_one_line_per_customer_and_company(self):
        self._line()
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self._line()

    def test_iban_by_two_people(self):
        line = self._line()
        self.assertRecordValues(
            line, [{"amount_limit": 150, "limit_reason": "base", "state": "open"}]
        )
        with self.assertRaisesRegex(UserError, "Register the bank account first"):
            self._as(line, self.second).action_verify_iban()
        with self.assertRaisesRegex(UserError, "not a valid IBAN"):
            line.bank_id = self._bank("BE71096123456768")
        line.bank_id = False
        own = self._as(line, self.manager)
        own.bank_id = self._bank()
        with self.assertRaisesRegex(UserError, "another manager"):
            own.action_verify_iban()
        with self.assertRaisesRegex(UserError, "manager"):
            self._as(line, self.user).action_verify_iban()
        self._as(line, self.second).action_verify_iban()
        self.assertRecordValues(
            line,
            [
                {
                    "amount_limit": 300,
                    "amount_available": 300,
                    "limit_reason": "verified",
                    "iban_verified_by": self.second.id,
                    "iban_registered_by": self.manager.id,
                }
            ],
        )
        self.assertTrue(line.bank_id.allow_out_payment)

    def test_another_account_freezes(self):
        line = self._line()
        self._verify(line)
        line.bank_id = self._bank("BE62510007547061")
        self.assertRecordValues(
            line,
            [
                {
                    "state": "frozen",
                    "freeze_reason": "iban",
                    "amount_limit": 150,
                    "amount_available": 0,
                    "iban_verified": False,
                }
            ],
        )
        self.assertIn("Verify the changed bank account", line.activity_ids.summary)
        with self.assertRaisesRegex(UserError, "frozen: the bank account changed"):
            self._deferred(10)
        with self.assertRaisesRegex(UserError, "not verified yet"):
            line.action_unfreeze()
        self._as(line, self.second).action_verify_iban()
        self.assertRecordValues(line, [{"state": "open", "amount_limit": 300}])
        # the number itself
        line.bank_id.allow_out_payment = False
        line.bank_id.acc_number = "BE71096123456769"
        self.assertEqual(line.state, "frozen")

    def test_another_holder(self):
        line = self._line()
        self._as(line, self.manager).bank_id = self._bank(partner=self.customer)
        with self.assertRaisesRegex(UserError, "belongs to Client Alpha"):
            self._as(line, self.second).action_verify_iban()

    def test_grants(self):
        line = self._line()
        grants = self._as(self.env["facturex.credit.grant"], self.manager)
        grant = grants.create(
            {
                "line_id": line.id,
                "amount": 1000,
                "date_to": "2026-03-31",
                "reason": "Fair in March",
            }
        )
        self.assertEqual(grant.approver_id, self.manager)
        self.assertRecordValues(
            line,
            [{"amount_limit": 1000, "limit_reason": "granted", "use_percent": 0}],
        )
        self._deferred(900)
        with freeze_time("2026-04-01"):
            self._cron()
            self.assertRecordValues(
                line,
                [{"amount_limit": 150, "amount_used": 900, "amount_available": 0}],
            )
            with self.assertRaisesRegex(UserError, "available .*0.00"):
                self._deferred(1)
        with self.assertRaisesRegex(UserError, "not rewritten"):
            grant.amount = 2000
        with self.assertRaises(AccessError):
            self._as(grants, self.user).create(
                {
                    "line_id": line.id,
                    "amount": 9,
                    "date_to": "2026-04-01",
                    "reason": "-",
                }
            )

    def test_rules_of_the_company(self):
        line = self._line()
        rules = self._as(self.env["facturex.credit.rule"], self.manager)
        rules.create(
            {
                "kind": "base",
                "amount": 40,
                "date_from": "2026-01-01",
                "company_id": self.company.id,
            }
        )
        self.assertEqual(line.amount_limit, 40)
        rules.create(
            {
                "kind": "base",
                "amount": 70,
                "date_from": "2026-04-01",
                "company_id": self.company.id,
            }
        )
        self.assertEqual(line.amount_limit, 40)
        with freeze_time("2026-04-02"):
            line._refresh_limit()
            self.assertEqual(line.amount_limit, 70)
        with self.assertRaises(AccessError):
            self.env.ref("facturex_billing.facturex_credit_rule_base").with_user(
                self.manager
            ).amount = 9

    def test_freeze_and_close(self):
        line = self._line()
        wizard = Form.from_action(self.env, self._as(line, self.user).action_freeze())
        wizard.reason = "Dispute about a delivery"
        wizard.save().action_confirm()
        self.assertRecordValues(
            line,
            [{"state": "frozen", "amount_available": 0, "freeze_reason": "manual"}],
        )
        with self.assertRaisesRegex(UserError, "Dispute about a delivery"):
            self._order(5)
        with self.assertRaisesRegex(UserError, "manager"):
            self._as(line, self.user).action_unfreeze()
        self._as(line, self.manager).action_unfreeze()
        self._order(5)
        with self.assertRaisesRegex(UserError, "still used"):
            line.action_close()
        self.env["sale.order"].search(
            [("facturex_credit_line_id", "=", line.id)]
        )._action_cancel()
        line.action_close()
        with self.assertRaisesRegex(UserError, "not open"):
            self._order(5)

    def test_alert(self):
        line = self._line()
        self._deferred(119)
        self.assertFalse(line.activity_ids)
        first = self._deferred(1)
        self.assertEqual(line.use_percent, 80)
        self.assertIn("80 % of the deferred payment", line.activity_ids.summary)
        self.assertEqual(line.activity_ids.user_id, self.manager)
        self._deferred(5)
        self.assertEqual(len(line.activity_ids), 1)
        self._pay(first)
        self.assertTrue(line.is_alerted)
        self._pay(
            self.env["account.move"].search([("amount_total", "=", 119)], limit=1)
        )
        self.assertFalse(line.is_alerted)

    def test_access(self):
        line = self._line()
        grant = line.grant_ids.create(
            {"line_id": line.id, "amount": 9, "date_to": "2026-12-31", "reason": "-"}
        )
        self._deferred(5)
        records = [line, line.entry_ids, grant]
        self._assert_other_company_sees_nothing(records)
        self._assert_refused_to_read(self._strangers(), records)
        user_line = self._as(line, self.user)
        self.assertEqual(user_line.amount_used, 5)
        with self.assertRaises(UserError):
            user_line.entry_ids.write({"note": "x"})

    def test_a_list_costs_the_same(self):
        lines = self._line()
        partners = self.env["res.partner"].create(
            [{"name": f"Firm {n}", "is_company": True, "vat": False} for n in range(20)]
        )
        for partner in partners:
            lines |= self._line(partner)
        names = ["amount_available", "amount_overdue", "date_next", "use_percent"]

        def read(some):
            some.mapped(lambda line: [line[name] for name in names])

        self._queries(lambda: read(lines[:3]))
        few = self._queries(lambda: read(lines[:3]))
        self.assertEqual(self._queries(lambda: read(lines)), few)

    def test_a_check_costs_the_same(self):
        """Whatever the history of the customer."""
        line, counts = self._line(), []
        for _number in range(6):
            order = self._order(5)
            counts.append(
                self._queries(lambda order=order: order.write({"state": "cancel"}))
                + self._queries(lambda order=order: order.write({"state": "sale"}))
            )
            order.state = "cancel"
        self.assertEqual(counts[1:], counts[1:2] * 5)
        self.assertEqual(len(line.entry_ids), 24)
        self.assertEqual(line.reserved_cents, 0)
