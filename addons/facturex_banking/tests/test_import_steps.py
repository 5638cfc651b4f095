"""Long files: by batches in the background, stopped anywhere, never twice."""

from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models import facturex_bulk_bank, facturex_statement_file_steps
from .common import FacturexBankingCommon

CRON = "facturex_banking.ir_cron_statement_files"


class _Killed(BaseException):
    """What a process that dies leaves behind is what it had committed."""


@tagged("post_install", "-at_install")
class TestImportSteps(FacturexBankingCommon):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(facturex_bulk_bank, "CHUNK", 3))
        self.File = self._as(self.env["facturex.statement.file"], self.user)

    def _content(self, count=10, number=1):
        """Twins among them, and one that pays an invoice."""
        entries = [{"amount": 5, "text": "COFFEE"}] * 2
        entries += [{"amount": 10 + n, "text": f"Line {n}"} for n in range(count - 3)]
        entries.append({"amount": 121, "reference": self.invoice.payment_reference})
        return self._camt(self.iban, entries, number=number)

    def _receive(self, **vals):
        self.invoice = self._invoice(121)
        content = self._content()
        triggers = self.env["ir.cron.trigger"].sudo()
        waking = [("cron_id", "=", self.env.ref(CRON).id)]
        before = triggers.search_count(waking)
        file = self.File._receive(content, "long.xml", count=10, **vals)
        self.assertEqual(triggers.search_count(waking), before + 1)
        return file

    def _work(self):
        """One call of the job, in a transaction of its own."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            env = self.env(cr=cr, user=SUPERUSER_ID, context={})
            env["facturex.statement.file"]._cron_import()
        self.env.invalidate_all()

    def _lines(self):
        return self.env["account.bank.statement.line"].search(
            [("journal_id", "=", self.journal.id)]
        )

    def assertWhole(self, file):
        self.assertRecordValues(
            file,
            [
                {
                    "state": "done",
                    "new_count": 10,
                    "known_count": 0,
                    "line_count": 10,
                    "matched_count": 1,
                    "progress": 100.0,
                }
            ],
        )
        self.assertEqual(file.st_line_ids, self._lines())
        self.assertEqual(len(set(self._lines().mapped("import_key"))), 10)
        statement = self._lines().statement_id
        self.assertEqual(len(statement.line_ids), 10)
        self.assertTrue(statement.is_complete)
        self.assertEqual(self.invoice.payment_state, "paid")

    def test_batches_and_progress(self):
        file = self._receive()
        self.assertRecordValues(file, [{"state": "new", "progress": 0.0}])
        seen = []
        claim = type(self.File)._claim_again

        def spy(model, stamps):
            seen.append((model.progress_count, model.progress_total, model.message))
            return claim(model, stamps)

        with patch.object(type(self.File), "_claim_again", spy):
            self._work()
        self.assertEqual([s[:2] for s in seen], [(3, 10), (6, 10), (9, 10)])
        self.assertIn("3 of 10", seen[0][2])
        self.assertWhole(file)
        event = self.env["facturex.bank.event"].search([("file_id", "=", file.id)])
        self.assertEqual(event.filtered(lambda e: e.kind == "import").count, 10)
        self.assertEqual(event.user_id, self.user, "who brought it, not the job")

    def _kill(self, file, after):
        """Runs the import in a transaction of its own, which dies after a commit."""
        calls, claim = [], type(self.File)._claim_again

        def die(model, stamps):
            calls.append(1)
            if len(calls) == after:
                raise _Killed
            return claim(model, stamps)

        self.env.flush_all()
        with (
            patch.object(type(self.File), "_claim_again", die),
            self.enter_registry_test_mode(),
        ):
            # Odoo's assertRaises would undo what was committed, too
            killed = False
            try:
                with self.registry.cursor() as cr:
                    file.with_env(file.env(cr=cr))._run_in_steps()
            except _Killed:
                killed = True
            self.assertTrue(killed)
        self.env.invalidate_all()

    def test_killed_early_and_late(self):
        file = self._receive()
        self._kill(file, 1)
        self.assertEqual(len(self._lines()), 3)
        self.assertFalse(self._lines().statement_id)
        self.assertEqual(file.state, "new")
        self._kill(file, 2)
        self.assertEqual(len(self._lines()), 9)
        self._work()
        self.assertWhole(file)
        again = self._import(self._content())
        self.assertEqual((again.new_count, again.known_count), (0, 10))

    def test_brought_by_hand_after_a_kill(self):
        file = self._receive()
        self._kill(file, 2)
        by_hand = self._import(self._content())
        self.assertEqual((by_hand.new_count, by_hand.known_count), (4, 6))
        self._work()
        self.assertRecordValues(
            file, [{"state": "done", "new_count": 6, "known_count": 4}]
        )
        self.assertEqual(len(self._lines()), 10)
        self.assertEqual(len(self._lines().statement_id), 1)

    def test_another_import_in_between(self):
        file = self._receive()
        content, done = self._content(number=2), []
        claim = type(self.File)._claim_again

        def meanwhile(model, stamps):
            if not done:
                other = model.env["facturex.statement.file"]
                done.append(other._import(content, "other.xml").id)
                model.env.cr.commit()
            return claim(model, stamps)

        with patch.object(type(self.File), "_claim_again", meanwhile):
            self._work()
            self._work()
        other = self.File.browse(done)
        self.assertEqual(len(self._lines()), 10, "each movement once")
        self.assertEqual((file.state, other.state), ("done", "done"))
        self.assertEqual((file.new_count, other.new_count), (3, 7))
        self.assertEqual(len(self._lines().statement_id), 1)

    def test_refused_on_the_way(self):
        file = self._receive()
        service = type(self.env["facturex.bulk.bank"])
        create, calls, refusal = service._create_batch, [], "Locked!"

        def fail(model, batch):
            calls.append(1)
            if len(calls) == 3:
                raise UserError(refusal)
            return create(model, batch)

        with patch.object(service, "_create_batch", fail):
            self._work()
        self.assertEqual(file.state, "failed")
        self.assertIn("Locked!", file.message)
        self.assertIn("6 movements", file.message)
        file.action_retry()
        self.assertEqual(file.state, "done")
        self.assertEqual(len(self._lines()), 10)

    def test_a_bad_file_does_not_keep_others_waiting(self):
        bad = self.File._receive(b"no bank file at all", "bad.txt")
        file = self._receive()
        self._work()
        self.assertEqual((bad.state, file.state), ("failed", "done"))
        self.assertTrue(bad.message)
        self.assertTrue(bad.activity_ids, "somebody is asked to look")

    def test_the_screen_sends_long_files_to_the_background(self):
        self.invoice = self._invoice(121)
        wizard = self._as(self.env["facturex.statement.import"], self.user)
        attachment = wizard.env["ir.attachment"].create(
            {"name": "long.xml", "raw": self._content(), "res_model": wizard._name}
        )
        wizard = wizard.create({"attachment_ids": attachment.ids})
        wizard.action_preview()
        name = "odoo.addons.facturex_banking.wizard.facturex_statement_import.LONG"
        with patch(name, 5):
            wizard.action_import()
        self.assertRecordValues(
            wizard.file_ids, [{"state": "new", "progress_total": 10}]
        )
        self.assertFalse(self._lines())
        self._work()
        self.assertWhole(wizard.file_ids)

    def test_interrupted_when_time_is_up(self):
        file = self._receive()
        with (
            patch.object(facturex_statement_file_steps, "SECONDS", -1),
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 0
            ),
        ):
            with self.assertRaises(facturex_statement_file_steps._Interrupted):
                file._run_in_steps()
