"""Two workers send the same invoices: real cursors, real commits, one mail each."""

import threading
import uuid
from unittest.mock import patch

import psycopg2.errors

from odoo import fields
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from tests.scenario.test_races import _Environment

DAY = "2026-03-16"
INVOICES = 4


@tagged("post_install", "-at_install")
class TestSendingRaces(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # what the mail server would have got; the race is about what is queued
        self.startPatcher(
            patch.object(self.registry["mail.mail"], "send", lambda *_args, **_kw: True)
        )
        with self._cursor() as env:
            self.invoice_ids = self._invoices(env).ids
            env.cr.commit()
        self.addCleanup(self._clean)

    def _cursor(self):
        return _Environment(self.registry)

    def _invoices(self, env):
        """The smallest company that can post: three accounts and two journals."""
        company = env["res.company"].create(
            {
                # an alias is made of it: another one for each test and run
                "name": f"Sending Race {uuid.uuid4().hex}",
                "account_fiscal_country_id": env.ref("base.be").id,
            }
        )
        env.user.company_ids += company
        env = env(context=dict(env.context, allowed_company_ids=company.ids))
        receivable, income = env["account.account"].create(
            [
                {
                    "name": kind,
                    "code": f"RACE{number}",
                    "account_type": kind,
                    "reconcile": kind == "asset_receivable",
                    "company_ids": [fields.Command.set(company.ids)],
                }
                for number, kind in enumerate(("asset_receivable", "income"))
            ]
        )
        journal = env["account.journal"].create(
            {
                "name": "Race",
                "code": "RACE",
                "type": "sale",
                "company_id": company.id,
                "default_account_id": income.id,
                "invoice_reference_model": "odoo",
            }
        )
        partner = env["res.partner"].create(
            {"name": "Racer", "email": "racer@client.example"}
        )
        partner.with_company(company).property_account_receivable_id = receivable
        moves = env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "company_id": company.id,
                    "journal_id": journal.id,
                    "partner_id": partner.id,
                    "invoice_date": DAY,
                    "invoice_date_due": DAY,
                    "invoice_line_ids": [
                        fields.Command.create(
                            {
                                "name": "Work",
                                "price_unit": 10,
                                "account_id": income.id,
                                "tax_ids": [fields.Command.clear()],
                            }
                        )
                    ],
                }
                for _n in range(INVOICES)
            ]
        )
        moves.action_post()
        self.ids = {"company": company.id, "partner": partner.id}
        return moves

    def _clean(self):
        """Posted invoices and their messages cannot be deleted but below Odoo."""
        with self._cursor() as env:
            company = env["res.company"].browse(self.ids["company"])
            env.cr.execute(
                "DELETE FROM mail_message"
                " WHERE model = 'account.move' AND res_id = ANY(%s)",
                [self.invoice_ids],
            )
            env.cr.execute(
                "DELETE FROM account_move WHERE company_id = %s", [company.id]
            )
            env.user.company_ids -= company
            company.active = False
            company.name = f"Sending race over {company.id}"
            env["res.partner"].browse(self.ids["partner"]).active = False
            env.cr.commit()

    def _mails(self):
        with self._cursor() as env:
            return env["mail.message"].search_count(
                [
                    ("model", "=", "account.move"),
                    ("res_id", "in", self.invoice_ids),
                    ("partner_ids", "=", self.ids["partner"]),
                ]
            )

    def _rows(self):
        with self._cursor() as env:
            return env["facturex.sending"].search_count(
                [("move_id", "in", self.invoice_ids)]
            )

    def test_two_clicks_at_once(self):
        """The second one fails in its old snapshot; in a new one it finds it sent."""
        [invoice_id, *_others] = self.invoice_ids
        with self._cursor() as env:
            wizard_ids = [
                env["account.move.send.wizard"].create({"move_id": invoice_id}).id
                for _window in range(2)
            ]
            env.cr.commit()
        with self._cursor() as first, self._cursor() as second:
            late = second["account.move.send.wizard"].browse(wizard_ids[1])
            self.assertEqual(late.facturex_seen, 0)  # its snapshot starts here
            first["account.move.send.wizard"].browse(
                wizard_ids[0]
            ).action_send_and_print()
            first.cr.commit()
            with (
                self.assertRaises(psycopg2.errors.SerializationFailure),
                mute_logger("odoo.sql_db"),
            ):
                late.action_send_and_print()
        with self._cursor() as again:  # what Odoo does after such a failure
            answer = (
                again["account.move.send.wizard"]
                .browse(wizard_ids[1])
                .action_send_and_print()
            )
            again.cr.commit()
        self.assertEqual(answer["tag"], "display_notification")
        self.assertEqual((self._mails(), self._rows()), (1, 1))

    def test_two_workers_one_mail_each(self):
        with self._cursor() as env:
            env["account.move"].browse(self.invoice_ids).sending_data = {
                "author_user_id": env.uid,
                "author_partner_id": env.user.partner_id.id,
            }
            env.cr.commit()
        barrier = threading.Barrier(2)

        def work():
            barrier.wait()
            for _try in range(10):
                with self._cursor() as env:
                    try:
                        env["account.move"]._cron_account_move_send(job_count=1)
                        env.cr.commit()
                    except psycopg2.errors.SerializationFailure:
                        env.cr.rollback()  # the cron comes again

        workers = [threading.Thread(target=work) for _n in range(2)]
        with mute_logger("odoo.sql_db"):
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        self.assertEqual((self._mails(), self._rows()), (INVOICES, INVOICES))
        with self._cursor() as env:
            moves = env["account.move"].browse(self.invoice_ids)
            self.assertEqual(set(moves.mapped("facturex_send_state")), {"sent"})
            self.assertFalse(any(moves.mapped("sending_data")))
