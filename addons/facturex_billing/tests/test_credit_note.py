from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCase

from .common import FacturexCommon
from .test_sent_lock import KEYS, RpcCase

COMMAND = fields.Command


class CreditCase(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.sent = cls._chairs()

    @classmethod
    def _chairs(cls, rows=(("Chair", 5, 20), ("Desk", 1, 100)), taxed=True, **vals):
        invoice = cls._invoice(
            post=False,
            invoice_line_ids=[
                COMMAND.create(
                    {
                        "name": name,
                        "quantity": quantity,
                        "price_unit": price,
                        "tax_ids": [COMMAND.set(cls.tax.ids if taxed else [])],
                    }
                )
                for name, quantity, price in rows
            ],
            **vals,
        )
        invoice.action_post()
        invoice.is_move_sent = True
        return invoice

    def _wizard(self, invoice=None, user=None, **vals):
        invoice = self._as(invoice or self.sent, user or self.user)
        action = invoice.action_facturex_cancel_by_credit_note()
        wizard = invoice.env[action["res_model"]].browse(action["res_id"])
        wizard.write({"reason": "Wrong", "send": False, **vals})
        return wizard

    def _choose(self, wizard, *quantities):
        wizard.mode = "lines"
        for line, quantity in zip(wizard.line_ids, quantities, strict=True):
            line.quantity = quantity

    def _credit(self, invoice=None, *quantities, **vals):
        wizard = self._wizard(invoice, **vals)
        if quantities:
            self._choose(wizard, *quantities)
        wizard.action_confirm()
        return wizard.credit_move_id


@tagged("post_install", "-at_install")
class TestCreditNote(CreditCase, MailCase):
    def test_all_of_it(self):
        total = self.sent.amount_total
        wizard = self._wizard(mode="full")
        self.assertRecordValues(
            wizard,
            [
                {
                    "amount_untaxed": 200,
                    "amount_tax": total - 200,
                    "amount_total": total,
                    "amount_left": total,
                    "amount_open_after": 0,
                    "amount_due_back": 0,
                }
            ],
        )
        action = wizard.action_confirm()
        refund = self.env["account.move"].browse(action["res_id"])
        self.assertRecordValues(
            refund,
            [
                {
                    "move_type": "out_refund",
                    "state": "posted",
                    "amount_total": total,
                    "reversed_entry_id": self.sent.id,
                    "payment_state": "paid",
                    "is_move_sent": False,
                }
            ],
        )
        self.assertIn("Wrong", refund.ref)
        self.assertRecordValues(
            self.sent,
            [
                {
                    "state": "posted",
                    "payment_state": "reversed",
                    "amount_residual": 0,
                    "amount_total": total,
                    "facturex_credited_total": total,
                }
            ],
        )
        self.assertIn(refund.name, self.sent.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "nothing is left"):
            self._wizard()

    def test_chosen_lines_and_quantities(self):
        refund = self._credit(self.sent, 2, 0)
        self.assertRecordValues(
            refund.invoice_line_ids,
            [
                {
                    "name": "Chair",
                    "quantity": 2,
                    "price_subtotal": 40,
                    "facturex_origin_line_id": self.sent.invoice_line_ids[0].id,
                }
            ],
        )
        self.assertEqual(refund.amount_untaxed, 40)
        self.assertEqual(self.sent.payment_state, "partial")
        self.assertEqual(
            self.sent.amount_residual, self.sent.amount_total - refund.amount_total
        )
        # the rest: three chairs and the desk
        wizard = self._wizard(mode="full")
        self.assertEqual(wizard.line_ids.mapped("quantity_left"), [3, 1])
        wizard.action_confirm()
        self.assertEqual(wizard.credit_move_id.amount_untaxed, 160)
        self.assertEqual(self.sent.payment_state, "reversed")

    def test_more_than_left(self):
        self._credit(self.sent, 4, 0)
        wizard = self._wizard()
        with self.assertRaisesRegex(UserError, "between 0 and 1"):
            self._choose(wizard, 2, 0)
        with self.assertRaisesRegex(UserError, "between 0 and 1"):
            self._choose(wizard, -1, 0)
        # a preview that was open while a colleague credited
        wizard, slow = self._wizard(), self._wizard()
        self._choose(wizard, 1, 0)
        self._choose(slow, 1, 1)
        wizard.action_confirm()
        before = self.env["account.move"].search_count([])
        with (
            self.assertRaisesRegex(UserError, r"Chair: 1 asked, 0 left"),
            self.env.cr.savepoint(),
        ):
            slow.action_confirm()
        self.assertEqual(self.env["account.move"].search_count([]), before)
        self.assertFalse(slow.is_done)

    def test_native_reversal(self):
        """Odoo's own wizard makes a draft; posting it obeys the same limit."""
        self._credit(self.sent, 1, 0)

        def reverse():
            return (
                self.env["account.move.reversal"]
                .with_user(self.user)
                .with_context(active_model="account.move", active_ids=self.sent.ids)
                .create({"journal_id": self.sent.journal_id.id, "date": self.today})
            )

        with self.assertRaisesRegex(UserError, "exceed"), self.env.cr.savepoint():
            reverse().modify_moves()
        wizard = reverse()
        wizard.refund_moves()
        refund = wizard.new_move_ids
        with (
            self.assertRaisesRegex(UserError, r"Chair: 5 asked, 4 left"),
            self.env.cr.savepoint(),
        ):
            refund.action_post()
        refund.invoice_line_ids[0].quantity = 4
        refund.action_post()
        self.assertEqual(self.sent.payment_state, "reversed")

    def test_draft_made_dearer(self):
        """Neither a higher price, nor a new line, nor another currency gets past."""
        refund = self.sent._reverse_moves([{"invoice_date": self.today}])
        refund.invoice_line_ids[0].price_unit = 21
        with self.assertRaisesRegex(UserError, "exceed"):
            refund.action_post()
        refund.invoice_line_ids[0].price_unit = 20
        line = {"name": "Goodwill", "quantity": 1, "price_unit": 1}
        refund.invoice_line_ids = [COMMAND.create(line)]
        with self.assertRaisesRegex(UserError, "Total"):
            refund.action_post()
        refund.invoice_line_ids[-1:].unlink()
        refund.currency_id = self.setup_other_currency("USD")
        with self.assertRaisesRegex(UserError, "currency"):
            refund.action_post()

    def test_two_in_one_go(self):
        """Posted together, they are counted together."""
        both = self.sent._reverse_moves([{}]) + self.sent._reverse_moves([{}])
        both.invoice_date = self.today
        with self.assertRaisesRegex(UserError, "exceed"):
            both.action_post()
        self.assertEqual(both.mapped("state"), ["draft", "draft"])
        both[0].action_post()

    def test_unlinked_from_its_invoice(self):
        """A posted credit note cannot be cut off to make room for another."""
        refund = self._credit(self.sent)
        with self.assertRaises(UserError):
            refund.reversed_entry_id = False
        with self.assertRaises(UserError):
            refund.invoice_line_ids[0].facturex_origin_line_id = False

    def test_switch_off(self):
        self._as(self.company, self.manager).facturex_forbid_reset = False
        refunds = self.sent._reverse_moves([{}]) + self.sent._reverse_moves([{}])
        refunds.invoice_date = self.today
        refunds.action_post()
        self.assertEqual(refunds.mapped("state"), ["posted", "posted"])

    def test_double_click(self):
        wizard = self._wizard()
        self._choose(wizard, 1, 0)
        wizard.action_confirm()
        with self.assertRaisesRegex(UserError, "already made"):
            wizard.action_confirm()
        self.assertEqual(len(self.sent.reversal_move_ids), 1)

    def test_rounding_closes_to_the_cent(self):
        """Three credit notes of a third each: the last takes what rounding left."""
        for rows, taxed in (
            ((("Third", 3, 33.35),), True),
            ((("Part", 3, 0.333),), True),
            ((("Nail", 7, 0.07), ("Screw", 3, 1.115)), True),
            ((("Free of tax", 3, 3.335),), False),
        ):
            with self.subTest(rows=rows):
                invoice = self._chairs(rows, taxed)
                for _part in range(2):
                    self._credit(invoice, *[1] * len(rows))
                wizard = self._wizard(invoice, mode="full")
                preview = wizard.amount_total
                wizard.action_confirm()
                self.assertEqual(wizard.credit_move_id.amount_total, preview)
                self.assertRecordValues(
                    invoice,
                    [
                        {
                            "facturex_credited_total": invoice.amount_total,
                            "amount_residual": 0,
                            "payment_state": "reversed",
                        }
                    ],
                )

    def test_paid_invoice(self):
        """The payment stays where it is; the customer has a credit."""
        self._register_payment(self.sent)
        wizard = self._wizard(mode="full")
        self.assertEqual(wizard.amount_due_back, self.sent.amount_total)
        wizard.action_confirm()
        self.assertEqual(wizard.credit_move_id.payment_state, "not_paid")
        self.assertIn(self.sent.payment_state, ("paid", "in_payment"))

    def test_partly_paid(self):
        total = self.sent.amount_total
        self._register_payment(self.sent, amount=100)
        wizard = self._wizard(mode="full")
        self.assertAlmostEqual(wizard.amount_open_after, 0)
        self.assertAlmostEqual(wizard.amount_due_back, 100)
        wizard.action_confirm()
        self.assertEqual(self.sent.amount_residual, 0)
        self.assertAlmostEqual(wizard.credit_move_id.amount_residual, 100)
        self.assertEqual(wizard.credit_move_id.amount_total, total)

    def test_two_instalments(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    COMMAND.create({"value_amount": 50, "nb_days": days})
                    for days in (0, 30)
                ],
            }
        )
        invoice = self._chairs(invoice_payment_term_id=term.id)
        self._credit(invoice)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_sections(self):
        invoice = self._invoice(
            post=False,
            invoice_line_ids=[
                COMMAND.create({"name": name, "display_type": kind, "sequence": number})
                if kind != "product"
                else COMMAND.create(
                    {
                        "name": name,
                        "price_unit": 10,
                        "sequence": number,
                        "tax_ids": [COMMAND.clear()],
                    }
                )
                for number, (name, kind) in enumerate(
                    [
                        ("Ground floor", "line_section"),
                        ("Door", "product"),
                        ("First floor", "line_section"),
                        ("Window", "product"),
                        ("Thank you", "line_note"),
                    ]
                )
            ],
        )
        invoice.action_post()
        refund = self._credit(invoice, 0, 1)
        self.assertEqual(
            refund.invoice_line_ids.mapped("name"), ["First floor", "Window"]
        )

    def test_input(self):
        for vals, message in (
            ({"reason": " "}, "reason"),
            ({"date": "2026-03-17"}, "future"),
            ({"date": "2026-02-01"}, "before the invoice"),
            ({"mode": "lines"}, "at least one line"),
        ):
            with self.subTest(**vals), self.assertRaisesRegex(UserError, message):
                self._wizard(**vals).action_confirm()
        self.assertFalse(self.sent.reversal_move_ids)

    def test_sent_to_the_customer(self):
        with self.mock_mail_gateway():
            wizard = self._wizard(send=True)
            wizard.action_confirm()
        refund = wizard.credit_move_id
        self.assertTrue(refund.is_move_sent)
        self.assertTrue(refund.facturex_is_locked)
        self.assertIn(self.customer, self._new_mails.recipient_ids)

    def test_sending_fails(self):
        """It is posted, credits the invoice, and waits with the reason."""
        with (
            self.mock_mail_gateway(),
            patch.object(
                type(self.env["ir.actions.report"]),
                "_pre_render_qweb_pdf",
                side_effect=UserError("The PDF renderer is missing"),
            ),
        ):
            wizard = self._wizard(send=True)
            wizard.action_confirm()
        self.assertFalse(self._mails)
        self.assertRecordValues(
            wizard.credit_move_id,
            [
                {
                    "state": "posted",
                    "facturex_send_state": "failed",
                    "facturex_send_reason": "The PDF renderer is missing",
                }
            ],
        )
        self.assertEqual(self.sent.payment_state, "reversed")

    def test_draft_and_others(self):
        draft = self._as(self._invoice(post=False), self.user)
        draft.action_facturex_cancel_by_credit_note()
        self.assertEqual(draft.state, "cancel")
        with self.assertRaisesRegex(UserError, "already cancelled"):
            draft.action_facturex_cancel_by_credit_note()
        refund = self._credit(self.sent)
        with self.assertRaisesRegex(UserError, "Only a customer invoice"):
            refund.action_facturex_cancel_by_credit_note()

    def test_access(self):
        wizard = self._wizard()
        with self.assertRaises(AccessError):
            self._as(wizard, self.accountant).read(["reason"])
        with self.assertRaises(AccessError):
            self._as(self.sent, self.other_user).action_facturex_cancel_by_credit_note()

    def test_form(self):
        wizard = self._wizard()
        with Form(wizard) as form:
            form.mode = "lines"
            with form.line_ids.edit(0) as line:
                line.quantity = 3
            self.assertEqual(form.amount_untaxed, 60)
        self.assertEqual(wizard.line_ids[0].amount, 60)
        action = self.sent.action_facturex_view_credit_notes()
        self.assertFalse(self.env["account.move"].search(action["domain"]))

    def test_list_costs_nothing(self):
        """Nothing of ours is read for a list of invoices."""
        view = self.env["account.move"].get_view(
            self.env.ref("account.view_out_invoice_tree").id, "list"
        )
        for name in ("facturex_is_locked", "facturex_credited_total"):
            self.assertNotIn(name, view["arch"])
        many = self.sent + self._chairs() + self._chairs()
        many.invalidate_recordset()
        many.mapped("state")
        with self.assertQueryCount(2):
            many.mapped("facturex_credited_total")


@tagged("post_install", "-at_install")
class TestCreditRpc(CreditCase, RpcCase):
    """Never more than what is left, for whoever asks, by whatever call."""

    today = None

    def _posted(self):
        return sum(
            self.sent.reversal_move_ids.filtered(
                lambda move: move.state == "posted"
            ).mapped("amount_total")
        )

    def _draft(self, user):
        """A native draft credit note of all of it, as the user may make one."""
        wizard = (
            self.env["account.move.reversal"]
            .with_user(user)
            .with_context(active_model="account.move", active_ids=self.sent.ids)
            .create({"journal_id": self.sent.journal_id.id})
        )
        wizard.refund_moves()
        return wizard.new_move_ids

    def test_no_role_credits_more_than_is_left(self):
        self._credit(self.sent, 4, 0)
        self.assertGreater(self.sent.amount_residual, 0)
        for user in (self.user, self.accountant, self.manager):
            self._login(user)
            context = {**KEYS, "allowed_company_ids": self.company.ids}
            refund = self._draft(user)
            wizard = self._wizard(user=user)
            line = wizard.line_ids[0]
            attacks = {
                "native post": ("account.move", "action_post", [refund.ids]),
                "state written": (
                    "account.move",
                    "write",
                    [refund.ids, {"state": "posted"}],
                ),
                "origin forgotten": (
                    "account.move.line",
                    "write",
                    [
                        refund.invoice_line_ids.ids,
                        {"facturex_origin_line_id": False},
                    ],
                ),
                "then posted": ("account.move", "action_post", [refund.ids]),
                "preview": (
                    "facturex.credit.note.line",
                    "write",
                    [line.ids, {"quantity": 5}],
                ),
                "what is left": (
                    "facturex.credit.note.line",
                    "write",
                    [line.ids, {"quantity_left": 9, "quantity": 5}],
                ),
                "confirmed": (
                    "facturex.credit.note",
                    "action_confirm",
                    [wizard.ids],
                ),
            }
            for name, (model, method, args) in attacks.items():
                with (
                    self.subTest(user=user.login, attack=name),
                    mute_logger("odoo.http", "odoo.sql_db"),
                ):
                    self._call(model, method, args, context)
                    self.env.invalidate_all()
                    self.assertLessEqual(
                        round(self._posted(), 2), round(self.sent.amount_total, 2)
                    )
