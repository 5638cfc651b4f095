"""What is left of a payout is paid once, whoever presses the button at once."""

import psycopg2.errors

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .racing import RacingCase


@tagged("post_install", "-at_install")
class TestPayoutRaces(RacingCase):
    def _prepare(self, env):
        # payments without an entry: the debt stays open when they are made
        self.journal = env["account.journal"].create(
            {"name": "Payout race", "type": "bank", "code": "PAYRC"}
        )
        self.journal.outbound_payment_method_line_ids.payment_account_id = False
        self.partner = env["res.partner"].create({"name": "Racer", "is_company": True})
        self.line = env["facturex.credit.line"].create(
            {"partner_id": self.partner.id, "company_id": self.company.id}
        )
        self.settlements = env["facturex.credit.settlement"].concat(
            *(self._make_settlement(env, amount) for amount in (42.70, 50))
        )

    def _make_settlement(self, env, amount):
        payable = self.partner.property_account_payable_id
        held = self.journal.default_account_id
        move = env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.journal.id,
                "line_ids": [
                    Command.create({"account_id": held.id, "debit": amount}),
                    Command.create(
                        {
                            "account_id": payable.id,
                            "credit": amount,
                            "partner_id": self.partner.id,
                        }
                    ),
                ],
            }
        )
        move.action_post()
        settlement = env["facturex.credit.settlement"].create(
            {"line_id": self.line.id, "source": "payout", "amount_receipt": amount}
        )
        settlement.write({"state": "done", "move_id": move.id})
        return settlement

    def _remove(self, env):
        payments = env["account.payment"].search([("partner_id", "=", self.partner.id)])
        settlements = self._settlements(env)
        moves = settlements.move_id
        windows = env["account.payment.register"].search(
            [("journal_id", "=", self.journal.id)]
        )
        self._delete(
            env,
            [
                ("account_payment_register", windows.ids),
                ("account_payment", payments.ids),
                ("facturex_credit_settlement", settlements.ids),
                ("account_move", moves.ids),
                ("facturex_credit_line", [self.line.id]),
            ],
        )
        env["res.partner"].browse(self.partner.id).unlink()
        env["account.journal"].browse(self.journal.id).unlink()

    def _settlements(self, env):
        return env["facturex.credit.settlement"].browse(self.settlements.ids)

    def _pay(self, settlements):
        """Each in a window of its own, opened and confirmed."""
        env = settlements.env
        for settlement in settlements:
            env["account.payment.register"].with_context(
                **settlement._get_payment_context()
            ).create({"journal_id": self.journal.id})._create_payments()
        env.flush_all()

    def _assert_paid_once(self):
        payments = self._open()["account.payment"].search(
            [("partner_id", "=", self.partner.id)]
        )
        self.assertEqual(sorted(payments.mapped("amount")), [42.70, 50])

    def test_run_and_run(self):
        one, two = (self._settlements(self._open()) for _number in range(2))
        self.assertEqual(two.mapped("amount_to_pay"), [42.70, 50])
        self._pay(one)
        one.env.cr.commit()
        self.assertEqual(two.mapped("amount_to_pay"), [42.70, 50], "an old snapshot")
        self._loses(lambda: self._pay(two), psycopg2.errors.SerializationFailure)
        two.env.cr.rollback()
        # the request is made again
        again = self._settlements(self._open())
        self.assertEqual(again.mapped("amount_to_pay"), [0, 0])
        self._loses(lambda: self._pay(again), UserError)
        self._assert_paid_once()

    def test_window_and_run(self):
        """One of the run was paid in a window meanwhile: the whole run begins anew."""
        one, two = (self._settlements(self._open()) for _number in range(2))
        self._pay(one[1])
        one.env.cr.commit()
        self._loses(lambda: self._pay(two), psycopg2.errors.SerializationFailure)
        two.env.cr.rollback()
        again = self._settlements(self._open())
        self.assertEqual(again.mapped("amount_to_pay"), [42.70, 0])
        self._pay(again[0])
        again.env.cr.commit()
        self._assert_paid_once()
