"""I01: an invoice that was sent is never altered, by any role, by any road."""

import json

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models import account_move_lock
from .common import FacturexCommon

COMMAND = fields.Command
# what an RPC client may set to get around the checks of Odoo
KEYS = {
    "bypass_lock": True,
    "check_move_validity": False,
    "default_facturex_open": True,
    "dynamic_unlink": True,
    "facturex_open": True,
    "force_delete": True,
    "install_mode": True,
    "module": "account",
    "skip_account_move_synchronization": True,
    "skip_invoice_line_sync": True,
    "skip_invoice_sync": True,
    "skip_readonly_check": True,
    "tracking_disable": True,
}


class SentLockCase(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_account = cls.company_data["default_account_revenue"].copy()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.other_customer = cls.customer.copy({"name": "Client Beta"})
        cls.sent = cls._sent_invoice()
        cls.draft = cls._invoice(post=False)

    @classmethod
    def _sent_invoice(cls, **vals):
        """Two lines with tax, sent."""
        invoice = cls._invoice(
            post=False,
            invoice_line_ids=[
                COMMAND.create(
                    {
                        "name": name,
                        "quantity": quantity,
                        "price_unit": price,
                        "tax_ids": [COMMAND.set(cls.tax.ids)],
                    }
                )
                for name, quantity, price in (("Chair", 5, 20), ("Desk", 1, 100))
            ],
            **vals,
        )
        invoice.action_post()
        invoice.is_move_sent = True
        invoice.flush_recordset()
        return invoice

    @classmethod
    def _state(cls, move):
        """All that must stay equal, read from the database."""
        move.env.flush_all()
        cls.env.cr.execute(
            """
            SELECT m.name, m.state, m.date, m.partner_id, m.journal_id, m.currency_id,
                   m.amount_total, m.amount_residual, m.invoice_date_due, m.narration,
                   m.payment_reference, m.ref, m.is_move_sent, m.reversed_entry_id,
                   l.id, l.name, l.quantity, l.price_unit, l.discount, l.balance,
                   l.amount_currency, l.debit, l.credit, l.account_id, l.partner_id,
                   l.price_subtotal, l.price_total, l.display_type, l.date_maturity,
                   l.amount_residual, l.sequence, l.tax_base_amount,
                   (SELECT array_agg(r.account_tax_id)
                      FROM account_move_line_account_tax_rel r
                     WHERE r.account_move_line_id = l.id)
              FROM account_move m LEFT JOIN account_move_line l ON l.move_id = m.id
             WHERE m.id = %s ORDER BY l.id
            """,
            [move.id],
        )
        return cls.env.cr.fetchall()

    def _attacks(self, move):
        """(name, model, ids, method, args): what a client may call."""
        line = move.invoice_line_ids[0]
        term = self._receivable(move)
        taxed = move.line_ids.filtered("tax_line_id")[:1]
        foreign = self.draft.invoice_line_ids
        another = self.draft
        new_line = {"name": "More", "quantity": 1, "price_unit": 5}
        writes = {
            "price_unit": 1,
            "quantity": 9,
            "discount": 50,
            "name": "Something else",
            "tax_ids": [COMMAND.clear()],
            "account_id": self.other_account.id,
            "balance": -1,
            "debit": 10,
            "credit": 1,
            "amount_currency": -1,
            "partner_id": self.other_customer.id,
            "date": "2026-01-01",
            "display_type": "line_note",
            "sequence": 99,
            "move_id": another.id,
            "product_id": self.env["product.product"].create({"name": "A"}).id,
            "price_subtotal": 1,
            "price_total": 1,
            "tax_tag_ids": [COMMAND.clear()],
            "amount_residual": 5,
            "parent_state": "draft",
            "extra_tax_data": {"a": 1},
        }
        for name, value in writes.items():
            if name == "tax_tag_ids" and not line.tax_tag_ids:
                continue
            yield f"line {name}", line, "write", [{name: value}]
        yield "term amount", term, "write", [{"balance": 5}]
        yield "term earlier", term, "write", [{"date_maturity": "2020-01-01"}]
        yield "tax amount", taxed, "write", [{"amount_currency": -1}]
        yield "line deleted", line, "unlink", []
        yield "tax deleted", taxed, "unlink", []
        yield (
            "line added",
            line.browse(),
            "create",
            [
                [
                    {**new_line, "move_id": move.id, "price_unit": 0},
                ]
            ],
        )
        yield "line copied in", foreign, "copy", [{"move_id": move.id}]
        yield "line moved in", foreign, "write", [{"move_id": move.id}]
        for command in (
            COMMAND.create(new_line),
            COMMAND.update(line.id, {"price_unit": 2}),
            COMMAND.delete(line.id),
            COMMAND.unlink(line.id),
            COMMAND.clear(),
            COMMAND.set([]),
            COMMAND.link(foreign.id),
        ):
            for name in ("invoice_line_ids", "line_ids", "journal_line_ids"):
                yield f"{name} {command[0].name}", move, "write", [{name: [command]}]
        yield "stolen", another, "write", [{"line_ids": [COMMAND.link(line.id)]}]
        yield (
            "stolen by a new one",
            another.browse(),
            "create",
            [{"move_type": "entry", "line_ids": [COMMAND.set(line.ids)]}],
        )
        yield (
            "through the customer",
            self.other_customer,
            "write",
            [{"invoice_ids": [COMMAND.link(move.id)]}],
        )
        yield (
            "through the tax-free copy",
            move,
            "copy",
            [{"line_ids": [COMMAND.link(line.id)]}],
        )
        for name, value in {
            "state": "draft",
            "partner_id": self.other_customer.id,
            "commercial_partner_id": self.other_customer.id,
            "date": "2026-01-01",
            "invoice_date": "2026-01-01",
            "invoice_date_due": "2020-01-01",
            "journal_id": self.company_data["default_journal_misc"].id,
            "currency_id": self.env.ref("base.USD").id,
            "name": "INV/2020/0001",
            "ref": "changed",
            "narration": "<p>other terms</p>",
            "payment_reference": "changed",
            "invoice_payment_term_id": self.env.ref(
                "account.account_payment_term_30days"
            ).id,
            "amount_total": 1,
            "amount_untaxed": 1,
            "amount_residual": 0,
            "move_type": "out_refund",
            "is_move_sent": False,
            "payment_state": "paid",
            "posted_before": False,
            "reversed_entry_id": another.id,
            "invoice_origin": "changed",
            "fiscal_position_id": self.env["account.fiscal.position"]
            .create({"name": "Elsewhere"})
            .id,
            "company_id": self.other_company.id,
            "invoice_currency_rate": 2,
        }.items():
            yield f"move {name}", move, "write", [{name: value}]
        yield "move cancelled by state", move, "write", [{"state": "cancel"}]
        yield "reset", move, "button_draft", []
        yield "cancelled", move, "button_cancel", []
        yield "deleted", move, "unlink", []


@tagged("post_install", "-at_install")
class TestSentLock(SentLockCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before = cls._state(cls.sent)

    def _assert_refused(self, record, method, args, context):
        refused = False
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                record = record.with_context(**context)
                getattr(record, method)(*args)
                self.env.flush_all()
        except (UserError, ValidationError, AccessError, TypeError):
            refused = True
        self.env.invalidate_all()
        self.assertEqual(self._state(self.sent), self.before)
        return refused

    def test_every_role(self):
        for user, context in (
            (self.user, {}),
            (self.user, KEYS),
            (self.accountant, KEYS),
            (self.manager, KEYS),
        ):
            refused = 0
            for name, record, method, args in self._attacks(self.sent):
                with self.subTest(user=user.login, attack=name, keys=len(context)):
                    refused += self._assert_refused(
                        self._as(record, user), method, args, context
                    )
            # nearly all raise; those that do not (a copy of it) changed nothing
            self.assertGreater(refused, 60)

    def test_superuser(self):
        for name, record, method, args in self._attacks(self.sent):
            with self.subTest(attack=name):
                self._assert_refused(record.sudo(), method, args, KEYS)

    def test_hashed(self):
        """Stock Odoo lets a user write a price on a hashed invoice."""
        self.sent.button_hash()
        self.assertTrue(self.sent.inalterable_hash)
        line = self._as(self.sent.invoice_line_ids[0], self.user)
        with self.assertRaisesRegex(UserError, "was sent"):
            line.write({"price_unit": 1})

    def test_the_way_out_is_said(self):
        with self.assertRaisesRegex(UserError, "Cancel with Credit Note"):
            self._as(self.sent, self.user).button_draft()
        with self.assertRaisesRegex(UserError, r"lines .*\(Unit Price\)"):
            self._as(self.sent, self.user).invoice_line_ids[0].price_unit = 3

    def test_all_fields_are_classified(self):
        """A field of accounting is protected, or somebody decided that it is free."""
        free_move = {
            # links, follow-up and technique: not what the customer was given
            *("access_token", "activity_ids", "adjusting_entries_move_ids"),
            *("adjusting_entry_origin_move_ids", "always_tax_exigible"),
            *("attachment_ids", "audit_trail_message_ids", "auto_post"),
            *("auto_post_origin_id", "auto_post_until", "checked"),
            *("exchange_diff_partial_ids", "invoice_date_due", "invoice_line_ids"),
            *("invoice_source_email", "invoice_user_id", "is_manually_modified"),
            *("is_move_sent", "journal_line_ids", "line_ids", "made_sequence_gap"),
            *("matched_payment_ids", "no_followup", "origin_payment_id"),
            *("payment_ids", "payment_state", "preferred_payment_method_line_id"),
            *("qr_code_method", "reversal_move_ids", "sending_data"),
            *("statement_line_id", "statement_line_ids"),
            *("tax_cash_basis_created_move_ids", "tax_cash_basis_origin_move_id"),
            *("tax_cash_basis_rec_id",),
        }
        free_line = {
            *("analytic_distribution", "analytic_line_ids", "company_currency_id"),
            *("date_maturity", "full_reconcile_id", "is_imported"),
            *("matched_credit_ids", "matched_debit_ids", "matching_number"),
            *("no_followup", "payment_id", "reconcile_model_id", "reconciled"),
            *("reconciled_lines_ids", "statement_id", "statement_line_id"),
        }
        for model, protected, free in (
            ("account.move", account_move_lock.DOCUMENT_FIELDS, free_move),
            ("account.move.line", account_move_lock.LINE_FIELDS, free_line),
        ):
            known = {
                name
                for name, field in self.env[model]._fields.items()
                if (field.store or field.inverse)
                and field._module == "account"
                and name not in ("id", "create_uid", "create_date")
                and name not in ("write_uid", "write_date")
            }
            self.assertFalse(known - protected - free, model)
            self.assertFalse(protected & free, model)
            self.assertFalse(protected - set(self.env[model]._fields), model)

    def test_switch_off(self):
        """Odoo's own rules again, except that lines still tell what the entry tells."""
        self._as(self.company, self.manager).facturex_forbid_reset = False
        line = self._as(self.sent.invoice_line_ids[0], self.user)
        for name, value in (("price_unit", 1), ("quantity", 2), ("balance", -3)):
            with self.subTest(name=name), self.assertRaises(UserError):
                line.write({name: value})
        move = self._as(self.sent, self.user)
        move.ref = "PO 7"
        self.assertTrue(move.show_reset_to_draft_button)
        move.button_draft()
        line.price_unit = 30
        move.action_post()
        self.assertEqual(move.amount_untaxed, 250)
        # on again: what was reset meanwhile was still sent
        move.button_draft()
        self._as(self.company, self.manager).facturex_forbid_reset = True
        with self.assertRaisesRegex(UserError, "was sent"):
            move.unlink()

    def test_the_switch_leaves_a_trace(self):
        company = self._as(self.company, self.manager)
        company.facturex_forbid_reset = False
        company.facturex_forbid_reset = True
        bodies = self.company.partner_id.message_ids[:2].mapped("body")
        self.assertIn("locked again", bodies[0])
        self.assertIn("switched off", bodies[1])
        for user in (self.user, self.accountant):
            with self.assertRaises(AccessError):
                self._as(self.company, user).facturex_forbid_reset = False

    def test_posted_but_not_sent(self):
        """Reset and delete are Odoo's; a line cannot lie about its entry."""
        invoice = self._as(self._invoice(), self.user)
        line = invoice.invoice_line_ids
        before = self._state(invoice)
        for vals in (
            {"price_unit": 1},
            {"quantity": 3},
            {"discount": 10},
            {"balance": -1},
            {"tax_ids": [COMMAND.set(self.tax.ids)]},
            {"price_subtotal": 1},
            {"amount_residual": 1},
            {"display_type": "line_note"},
        ):
            with self.subTest(**vals), self.assertRaises(UserError):
                line.with_context(**KEYS).write(vals)
        with self.assertRaises(UserError):
            invoice.with_context(**KEYS).unlink()
        with self.assertRaises(UserError):
            invoice.with_context(**KEYS).amount_total = 3
        self.env.invalidate_all()
        self.assertEqual(self._state(invoice), before)
        line.name = "A better text"
        self.assertFalse(invoice.facturex_is_locked)
        self.assertTrue(invoice.show_reset_to_draft_button)
        invoice.button_draft()
        line.price_unit = 7
        self.assertEqual(invoice.amount_total, 7)
        invoice.unlink()
        self.assertFalse(invoice.exists())

    def test_bills_keep_their_rules(self):
        bill = self._invoice(move_type="in_invoice", ref="B1")
        bill.is_move_sent = True
        self.assertFalse(bill.facturex_is_locked)
        with self.assertRaises(UserError):
            bill.invoice_line_ids.price_unit = 1
        bill.button_draft()
        bill.unlink()

    def test_credit_notes_are_locked_too(self):
        refund = self.sent._reverse_moves([{"invoice_date": self.today}])
        refund.action_post()
        refund.is_move_sent = True
        for act in (refund.button_draft, refund.button_cancel, refund.unlink):
            with self.assertRaisesRegex(UserError, "new document"):
                act()

    def test_claimed_by_a_reminder(self):
        """An invoice handed over on paper is sent once a reminder claimed it."""
        invoice = self._invoice(due="2026-03-01")
        self.assertFalse(invoice.facturex_is_locked)
        policy = self.env["facturex.dunning.policy"].create({"name": "Standard"})
        notice = policy._run()
        self.assertFalse(invoice.facturex_is_locked)
        notice.sudo().state = "sent"  # as its delivery does
        invoice.invalidate_recordset(["facturex_is_locked"])
        self.assertTrue(invoice.facturex_is_locked)
        with self.assertRaisesRegex(UserError, "was sent"):
            self._as(invoice, self.user).button_draft()

    def test_other_company_decides_for_itself(self):
        self._as(self.company, self.manager).facturex_forbid_reset = False
        self.assertFalse(self.sent.facturex_is_locked)
        self.assertTrue(self.other_company.facturex_forbid_reset)

    def test_code_of_ours_may(self):
        """A migration opens the lock with an object no client can send."""
        key = account_move_lock.OPEN
        self.sent.with_context(facturex_open=key).ref = "migrated"
        self.assertEqual(self.sent.ref, "migrated")
        with self.assertRaises(UserError):
            self.sent.with_context(facturex_open=True).ref = "again"


@tagged("post_install", "-at_install")
class TestSentLockFree(SentLockCase):
    """What must still work on a sent invoice."""

    def test_pay_and_unpay(self):
        move = self._as(self.sent, self.user)
        self._register_payment(self.sent, amount=42)
        self.assertEqual(move.payment_state, "partial")
        self._receivable(move).remove_move_reconcile()
        self.assertEqual(move.payment_state, "not_paid")
        self._register_payment(self.sent)
        self.assertIn(move.payment_state, ("paid", "in_payment"))

    def test_everyday_writes(self):
        move = self._as(self.sent, self.user)
        move.message_post(body="A note")
        move.activity_schedule("mail.mail_activity_data_todo", user_id=self.user.id)
        move.write(
            {
                "invoice_user_id": self.user.id,
                "is_move_sent": True,
                "no_followup": True,
                "invoice_date_due": "2026-05-01",
            }
        )
        self.assertEqual(str(self._receivable(move).date_maturity), "2026-05-01")
        move.action_toggle_block_payment()
        self.assertEqual(move.payment_state, "blocked")
        move.action_toggle_block_payment()
        self.assertEqual(move.payment_state, "not_paid")
        # the form sends equal values back
        move.write({"ref": move.ref, "narration": move.narration, "name": move.name})
        line = move.invoice_line_ids[0]
        line.write({"price_unit": line.price_unit, "name": line.name})

    def test_analytic(self):
        plan = self.env["account.analytic.plan"].create({"name": "Works"})
        account = self.env["account.analytic.account"].create(
            {"name": "Site 1", "plan_id": plan.id, "company_id": self.company.id}
        )
        line = self._as(self.sent.invoice_line_ids[0], self.manager)
        line.analytic_distribution = {str(account.id): 100}
        self.assertTrue(line.analytic_line_ids)

    def test_send_keeps_and_protects_the_file(self):
        invoice = self._invoice(invoice_date="2026-03-02", due="2026-04-01")
        send = self.env["account.move.send"]
        send._generate_and_send_invoices(invoice, sending_methods=["email"])
        self.assertTrue(invoice.is_move_sent)
        pdf = invoice.invoice_pdf_report_id
        self.assertTrue(pdf)
        # again: the same file
        send._generate_and_send_invoices(invoice, sending_methods=["email"])
        self.assertEqual(invoice.invoice_pdf_report_id, pdf)
        pdf.generate_access_token()
        for user in (self.user, self.manager):
            move, file = self._as(invoice, user), self._as(pdf, user)
            for act in (
                lambda file=file: file.unlink(),
                lambda file=file: file.write({"raw": b"other"}),
                lambda file=file: file.write({"res_id": 0}),
                lambda file=file: file.write({"res_field": False}),
                lambda move=move: move.write({"invoice_pdf_report_file": False}),
                lambda move=move: move.write({"invoice_pdf_report_file": b"eA=="}),
            ):
                with self.assertRaises(UserError):
                    act()
        other = self.env["ir.attachment"].create(
            {"name": "note.txt", "res_model": "account.move", "res_id": invoice.id}
        )
        other.unlink()

    def test_posting_kinds(self):
        """The lock never stands in the way of posting itself."""
        term = self.env["account.payment.term"].create(
            {
                "name": "Two, with discount",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 8,
                "early_pay_discount_computation": "mixed",
                "line_ids": [
                    COMMAND.create({"value_amount": 100, "nb_days": 30}),
                ],
            }
        )
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "Five cents",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.other_account.id,
                "loss_account_id": self.other_account.id,
            }
        )
        currency = self.setup_other_currency("USD")
        for vals in (
            {"invoice_payment_term_id": term.id},
            {"invoice_cash_rounding_id": rounding.id},
            {"currency_id": currency.id},
            {"invoice_date": False},
        ):
            with self.subTest(**vals):
                invoice = self._invoice(19.99, post=False, **vals)
                invoice.invoice_line_ids.tax_ids = self.tax
                invoice.action_post()
                invoice.is_move_sent = True
                self._register_payment(invoice)
                self.assertIn(invoice.payment_state, ("paid", "in_payment"))


class RpcCase(HttpCase):
    """What any client may call, with a real session."""

    def _login(self, user):
        user.password = user.login + "-password"
        self.authenticate(user.login, user.password)

    def _call(self, model, method, args, context):
        response = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps(
                {
                    "jsonrpc": "2.0",
                    "method": "call",
                    "params": {
                        "model": model,
                        "method": method,
                        "args": args,
                        "kwargs": {"context": context},
                    },
                },
                default=str,
            ),
            headers={"Content-Type": "application/json"},
        )
        return response.json()


@tagged("post_install", "-at_install")
class TestSentLockRpc(SentLockCase, RpcCase):
    """The same attacks over JSON-RPC, with real sessions and keys in the context."""

    today = None

    def test_rpc(self):
        for user in (self.user, self.accountant, self.manager):
            self._login(user)
            context = {**KEYS, "allowed_company_ids": self.company.ids}
            before = self._state(self.sent)
            refused = 0
            for name, record, method, args in self._attacks(self.sent):
                ids = [] if method == "create" else [record.ids]
                with (
                    self.subTest(user=user.login, attack=name),
                    mute_logger("odoo.http", "odoo.sql_db"),
                ):
                    answer = self._call(record._name, method, ids + args, context)
                    self.env.invalidate_all()
                    self.assertEqual(self._state(self.sent), before)
                    refused += "error" in answer
            self.assertGreater(refused, 60)
            with mute_logger("odoo.http"):
                for method in ("_reverse_moves", "_facturex_lock_for_credit"):
                    answer = self._call(
                        "account.move", method, [self.sent.ids], context
                    )
                    self.assertIn("error", answer)
