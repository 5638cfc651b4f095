"""Two people claim the same late charges, or agree on two plans, at once."""

import psycopg2.errors

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .racing import RacingCase


@tagged("post_install", "-at_install")
class TestMoneyRaces(RacingCase):
    def _prepare(self, env):
        # a day whose legal rate is known, whenever this runs
        self.today = fields.Date.to_date("2026-03-16")
        due = fields.Date.subtract(self.today, days=40)
        belgian = env.ref("facturex_billing.law_profile_be_b2b")
        self.partner = env["res.partner"].create(
            {"name": "Racer", "facturex_law_profile_id": belgian.id}
        )
        self.invoice = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": self.company.id,
                "partner_id": self.partner.id,
                "invoice_date": due,
                "invoice_date_due": due,
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": 1200, "tax_ids": []})
                ],
            }
        )
        self.invoice.action_post()

    def _remove(self, env):
        move = env["account.move"].browse(self.invoice.id)
        charges = env["facturex.late.charge"].search([("move_id", "=", move.id)])
        claims = charges.claim_move_id
        plans = env["facturex.payment.plan"].search(
            [("partner_id", "=", self.partner.id)]
        )
        self._delete(
            env,
            [
                ("facturex_late_charge", charges.ids),
                ("facturex_payment_plan", plans.ids),
                ("account_move", [*claims.ids, move.id]),
            ],
        )
        env["res.partner"].browse(self.partner.id).unlink()

    def _lines(self, env):
        move = env["account.move"].browse(self.invoice.id)
        return move.line_ids.filtered(lambda x: x.account_type == "asset_receivable")

    def _charges(self, env):
        return env["facturex.late.charge"].search([("move_id", "=", self.invoice.id)])

    def test_late_charges_are_kept_once(self):
        first, second = self._open(), self._open()
        first["facturex.late.charge"]._accrue(self._lines(first), self.today)
        first.cr.commit()
        # its snapshot shows no charge yet; the keys of the database do
        self._loses(
            lambda: second["facturex.late.charge"]._accrue(
                self._lines(second), self.today
            ),
            UserError,
        )
        again = self._open()
        again["facturex.late.charge"]._accrue(self._lines(again), self.today)
        again.cr.commit()
        kinds = self._charges(self._open()).mapped("kind")
        self.assertEqual(sorted(kinds), ["indemnity", "interest"])

    def test_late_charges_are_claimed_once(self):
        env = self._open()
        env["facturex.late.charge"]._accrue(self._lines(env), self.today)
        env.cr.commit()
        first, second = self._open(), self._open()
        mine, theirs = self._charges(first), self._charges(second)
        self.assertEqual(set(theirs.mapped("state")), {"open"})
        mine.action_invoice()
        first.flush_all()
        first.cr.commit()

        def claim():
            theirs.action_invoice()
            second.flush_all()

        self._loses(claim, psycopg2.errors.SerializationFailure)
        second.cr.rollback()
        # the retry of the request: told in words, nothing more is made
        again = self._open()
        self._loses(self._charges(again).action_invoice, UserError)
        claims = again["account.move"].search(
            [
                ("partner_id", "=", self.partner.id),
                ("facturex_is_late_claim", "=", True),
            ]
        )
        self.assertEqual(len(claims), 1)

    def test_claimed_or_waived(self):
        """One claims while the other waives."""
        env = self._open()
        env["facturex.late.charge"]._accrue(self._lines(env), self.today)
        env.cr.commit()
        first, second = self._open(), self._open()
        theirs = self._charges(second)
        theirs.mapped("state")
        self._charges(first).action_invoice()
        first.flush_all()
        first.cr.commit()

        def waive():
            theirs._waive("A good customer")
            second.flush_all()

        self._loses(waive, psycopg2.errors.SerializationFailure)
        again = self._open()
        self.assertEqual(set(self._charges(again).mapped("state")), {"invoiced"})

    def test_one_plan_for_an_invoice(self):
        first, second = self._open(), self._open()
        moves = [e["account.move"].browse(self.invoice.id) for e in (first, second)]
        for move in moves:
            self.assertFalse(move.facturex_payment_plan_id)
        number = moves[0].action_facturex_payment_plan()["res_id"]
        first.flush_all()
        first.cr.commit()

        def propose():
            moves[1].action_facturex_payment_plan()
            second.flush_all()

        self._loses(propose, psycopg2.errors.SerializationFailure)
        second.cr.rollback()
        again = self._open()
        action = (
            again["account.move"].browse(self.invoice.id).action_facturex_payment_plan()
        )
        self.assertEqual(action["res_id"], number)
        plans = again["facturex.payment.plan"].search(
            [("partner_id", "=", self.partner.id)]
        )
        self.assertEqual(plans.ids, [number])

    def test_agreed_once(self):
        env = self._open()
        move = env["account.move"].browse(self.invoice.id)
        number = move.action_facturex_payment_plan()["res_id"]
        env.flush_all()
        env.cr.commit()
        first, second = self._open(), self._open()
        plans = [e["facturex.payment.plan"].browse(number) for e in (first, second)]
        self.assertEqual(plans[1].state, "draft")
        plans[0].action_agree()
        first.flush_all()
        first.cr.commit()

        def agree():
            plans[1].action_agree()
            second.flush_all()

        self._loses(agree, psycopg2.errors.SerializationFailure)
        second.cr.rollback()
        again = self._open()
        holds = again["facturex.dunning.hold"].search(
            [("move_id", "=", self.invoice.id), ("kind", "=", "plan")]
        )
        self.assertEqual(len(holds), 1)
        self._loses(
            again["facturex.payment.plan"].browse(number).action_agree, UserError
        )
