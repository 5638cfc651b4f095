import base64
import hashlib
import json
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.account_payment.tests.common import AccountPaymentCommon

from .test_quote_reminder import QuoteCase

COMMAND = fields.Command
PIXEL = (
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    b"awAAAABJRU5ErkJggg=="
)


class AcceptanceCase(QuoteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.quote = cls._quote(
            require_signature=True, require_payment=False, note="Our terms, version 3"
        )

    def _proof(self, quote=None, document=b"%PDF-1.4 accepted"):
        quote = quote or self.quote
        quote.write(
            {
                "signed_by": "Ann Alpha",
                "signed_on": fields.Datetime.now(),
                "signature": PIXEL,
            }
        )
        return quote._facturex_record_signature(
            document, self.env.user, "192.0.2.7", "Browser/1"
        )


@tagged("post_install", "-at_install")
class TestAcceptance(AcceptanceCase):
    def test_proof(self):
        proof = self._proof()
        self.assertRecordValues(
            proof,
            [
                {
                    "signer": "Ann Alpha",
                    "method": "signature",
                    "ip": "192.0.2.7",
                    "user_agent": "Browser/1",
                    "amount_total": self.quote.amount_total,
                    "partner_id": self.env.user.partner_id.id,
                    "user_id": self.env.uid,
                    "pdf_sha256": hashlib.sha256(b"%PDF-1.4 accepted").hexdigest(),
                    "is_intact": True,
                }
            ],
        )
        self.assertEqual(proof.attachment_id.raw, b"%PDF-1.4 accepted")
        self.assertIn("version 3", proof.terms)
        self.assertEqual(
            proof.terms_sha256, hashlib.sha256(str(proof.terms).encode()).hexdigest()
        )
        # the same signature is one acceptance
        again = self.quote._facturex_record_signature(
            b"other", self.manager, "198.51.100.1", "x"
        )
        self.assertEqual(again, proof)

    def test_terms_of_another_day(self):
        proof = self._proof()
        self.quote.note = "Our terms, version 4"
        self.assertIn("version 3", proof.terms)

    def test_nobody_changes_a_proof(self):
        proof = self._proof()
        for user in (self.user, self.accountant, self.manager):
            seen = self._as(proof, user)
            self.assertEqual(seen.signer, "Ann Alpha")
            self.assertTrue(seen.attachment_id.raw)
            for act in (
                lambda seen=seen: seen.write({"signer": "Bob"}),
                lambda seen=seen: seen.unlink(),
                lambda seen=seen: seen.create({"order_id": self.quote.id}),
                lambda seen=seen: seen.copy({"key": "x"}),
                lambda seen=seen: seen.attachment_id.write({"raw": b"x"}),
                lambda seen=seen: seen.attachment_id.unlink(),
            ):
                with self.assertRaises(UserError):
                    act()
        for act in (
            lambda: proof.sudo().write({"signer": "Bob"}),
            lambda: proof.sudo().with_context(facturex_open=True).unlink(),
            lambda: proof.attachment_id.sudo().write({"raw": b"x"}),
            lambda: proof.attachment_id.sudo().unlink(),
        ):
            with self.assertRaises(UserError):
                act()
        self.assertTrue(proof.is_intact)
        # the database notices what went round the code
        self.env.cr.execute(
            "UPDATE facturex_acceptance SET pdf_sha256 = 'x' WHERE id = %s", [proof.id]
        )
        proof.invalidate_recordset()
        self.assertFalse(proof.is_intact)

    def test_the_quote_stays_with_its_proof(self):
        self._proof()
        self.quote._action_cancel()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.quote.unlink()
            self.env.flush_all()

    def test_other_company(self):
        proof = self._proof()
        with self.assertRaises(AccessError):
            self._as(proof, self.other_user).read(["signer"])

    # ------------------------------------------------------------------
    # Invoice on acceptance
    # ------------------------------------------------------------------

    def test_nothing_by_default(self):
        self.assertEqual(self.quote.facturex_on_acceptance, "none")
        self.quote.action_confirm()
        self.assertFalse(self.quote.invoice_ids)

    def test_company_default_and_own_choice(self):
        self._as(self.company, self.manager).write(
            {"facturex_on_acceptance": "deposit", "facturex_deposit_percent": 40}
        )
        quote = self._quote()
        self.assertRecordValues(quote, [{"facturex_on_acceptance": "deposit"}])
        self.assertEqual(quote.facturex_deposit_percent, 40)
        quote.write({"facturex_deposit_percent": 25})
        self._as(quote, self.user).action_confirm()
        self.assertRecordValues(
            quote.invoice_ids,
            [
                {
                    "state": "draft",
                    "amount_total": quote.currency_id.round(quote.amount_total * 0.25),
                    "facturex_acceptance_order_id": quote.id,
                }
            ],
        )
        other = self._quote(facturex_on_acceptance="none")
        other.action_confirm()
        self.assertFalse(other.invoice_ids)
        with self.assertRaisesRegex(UserError, "percent"):
            other.write(
                {"facturex_on_acceptance": "deposit", "facturex_deposit_percent": 0}
            )

    def test_full_and_posted(self):
        self.company.facturex_acceptance_post = True
        self.product.invoice_policy = "delivery"  # accepted means all of it
        quote = self._quote(facturex_on_acceptance="full")
        quote.action_confirm()
        self.assertRecordValues(
            quote.invoice_ids,
            [{"state": "posted", "amount_total": quote.amount_total}],
        )

    def test_once(self):
        quote = self._quote(facturex_on_acceptance="full")
        quote.action_confirm()
        self._as(quote, self.user).action_facturex_invoice_on_acceptance()
        quote._facturex_invoice_on_acceptance()
        self.assertEqual(len(quote.invoice_ids), 1)
        # neither when it is opened and accepted again
        quote.locked = False
        quote._action_cancel()
        quote.action_draft()
        quote.action_confirm()
        self.assertEqual(len(quote.invoice_ids), 1)
        self.assertTrue(quote.facturex_invoice_claimed)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            quote.invoice_ids.copy({"facturex_acceptance_order_id": quote.id})
            self.env.flush_all()

    def test_failure_leaves_it_accepted(self):
        quote = self._quote(facturex_on_acceptance="full")
        cls = type(self.env["sale.order"])
        with patch.object(cls, "_create_invoices", side_effect=UserError("No tax")):
            quote.action_confirm()
        self.assertEqual(quote.state, "sale")
        self.assertEqual(quote.facturex_invoice_problem, "No tax")
        self.assertEqual(quote.activity_ids.summary, "Invoice not made")
        self.assertFalse(quote.facturex_invoice_claimed)
        with patch.object(cls, "_create_invoices", side_effect=UserError("No tax")):
            quote.action_facturex_invoice_on_acceptance()
        self.assertEqual(len(quote.activity_ids), 1)
        self._as(quote, self.user).action_facturex_invoice_on_acceptance()
        self.assertFalse(quote.facturex_invoice_problem)
        self.assertEqual(len(quote.invoice_ids), 1)
        with self.assertRaisesRegex(UserError, "Confirm the quote"):
            self.quote.action_facturex_invoice_on_acceptance()

    # ------------------------------------------------------------------
    # Amounts left
    # ------------------------------------------------------------------

    def test_amounts_left(self):
        quote = self._quote(
            facturex_on_acceptance="deposit", facturex_deposit_percent=30
        )
        total = quote.amount_total

        def left():
            quote.invalidate_recordset()
            return (quote.facturex_left_to_order, quote.facturex_left_to_invoice)

        self.assertEqual(left(), (total, 0))
        quote.action_confirm()
        self.assertEqual(left(), (0, total))  # a draft counts for nothing
        deposit = quote.invoice_ids
        deposit.action_post()
        self.assertEqual(left(), (0, total - deposit.amount_total))
        self.assertEqual(deposit.facturex_order_left, total - deposit.amount_total)
        final = quote._create_invoices(final=True)
        final.action_post()
        self.assertEqual(left(), (0, 0))
        refund = final._reverse_moves([{"invoice_date": self.today}])
        refund.action_post()
        self.assertAlmostEqual(left()[1], refund.amount_total)
        action = self._as(final, self.user).action_facturex_view_order_left()
        lines = self.env["sale.order.line"].search(action["domain"])
        self.assertEqual(lines.order_id, quote)

    def test_queries_of_the_figures(self):
        """Eight documents cost what two cost."""
        orders = self.env["sale.order"]
        for _number in range(8):
            order = self._quote(facturex_on_acceptance="full")
            order.action_confirm()
            orders |= order
        self.env.flush_all()

        def count(records, name):
            self.env.invalidate_all()
            records = records.browse(records.ids)  # one prefetch, as a list has
            records.mapped("state")
            before = self.env.cr.sql_log_count
            records.mapped(name)
            return self.env.cr.sql_log_count - before

        for records, name in (
            (orders, "facturex_left_to_invoice"),
            (orders.invoice_ids, "facturex_order_left"),
        ):
            with self.subTest(name=name):
                count(records, name)
                few = count(records[:2], name)
                self.assertLessEqual(count(records, name), few)


@tagged("post_install", "-at_install")
class TestAcceptancePayment(AcceptanceCase, AccountPaymentCommon):
    lean = False

    def _pay(self, quote, **vals):
        transaction = self._create_transaction(
            flow="redirect",
            sale_order_ids=[quote.id],
            partner_id=quote.partner_id.id,
            amount=quote.amount_total,
            currency_id=quote.currency_id.id,
            state="done",
            reference=f"Pay {quote.name}",
            **vals,
        )
        with mute_logger("odoo.addons.sale.models.payment_transaction"):
            transaction._post_process()
        return transaction

    def test_payment_is_an_acceptance(self):
        quote = self._quote(
            require_payment=True, require_signature=False, prepayment_percent=1
        )
        transaction = self._pay(quote, facturex_ip="192.0.2.9")
        self.assertEqual(quote.state, "sale")
        self.assertRecordValues(
            quote.facturex_acceptance_ids,
            [
                {
                    "method": "payment",
                    "signer": "Client Alpha",
                    "ip": "192.0.2.9",
                    "transaction_id": transaction.id,
                    "amount_total": quote.amount_total,
                    "is_intact": True,
                }
            ],
        )
        transaction._post_process()
        self.assertEqual(len(quote.facturex_acceptance_ids), 1)

    def test_paid_and_invoiced(self):
        """The invoice made on acceptance is the one that was paid."""
        quote = self._quote(
            require_payment=True,
            require_signature=False,
            prepayment_percent=1,
            facturex_on_acceptance="full",
        )
        transaction = self._pay(quote)
        self.assertEqual(transaction.invoice_ids, quote.invoice_ids)
        self.assertEqual(quote.invoice_ids.state, "posted")
        self.assertIn(quote.invoice_ids.payment_state, ("in_payment", "paid"))

    def test_odoo_invoices_already(self):
        """With Odoo's own automatic invoice there is one invoice, not two."""
        self.env["ir.config_parameter"].set_param("sale.automatic_invoice", "True")
        quote = self._quote(
            require_payment=True,
            require_signature=False,
            prepayment_percent=1,
            facturex_on_acceptance="full",
        )
        with self.enter_registry_test_mode():
            self._pay(quote)
        self.assertEqual(len(quote.invoice_ids), 1)


@tagged("post_install", "-at_install")
class TestAcceptancePortal(AcceptanceCase, HttpCase):
    today = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.quote.write(
            {
                "validity_date": fields.Date.add(
                    fields.Date.context_today(cls.env.user), days=20
                ),
                "facturex_on_acceptance": "deposit",
                "facturex_deposit_percent": 30,
            }
        )

    def _accept(self, token, name="Ann Alpha"):
        response = self.url_open(
            f"/my/orders/{self.quote.id}/accept",
            data=json.dumps(
                {
                    "jsonrpc": "2.0",
                    "params": {
                        "access_token": token,
                        "name": name,
                        "signature": PIXEL.decode(),
                    },
                }
            ),
            headers={"Content-Type": "application/json", "User-Agent": "Portal/2"},
        )
        return response.json().get("result")

    def test_signed_by_a_stranger_with_the_link(self):
        self.authenticate(None, None)
        token = self.quote._portal_ensure_token()
        self.assertIn("error", self._accept("wrong"))
        self.assertFalse(self.quote.facturex_acceptance_ids)
        self.assertTrue(self._accept(token)["force_refresh"])
        self.assertEqual(self.quote.state, "sale")
        proof = self.quote.facturex_acceptance_ids
        self.assertRecordValues(
            proof,
            [
                {
                    "signer": "Ann Alpha",
                    "partner_id": self.customer.id,
                    "user_id": False,
                    "user_agent": "Portal/2",
                    "is_intact": True,
                }
            ],
        )
        self.assertTrue(proof.ip)
        self.assertEqual(
            hashlib.sha256(proof.attachment_id.raw).hexdigest(), proof.pdf_sha256
        )
        [deposit] = self.quote.invoice_ids
        self.assertEqual(
            deposit.amount_total,
            self.quote.currency_id.round(self.quote.amount_total * 0.3),
        )
        # the double click
        self.assertIn("error", self._accept(token))
        self.assertEqual(len(self.quote.invoice_ids), 1)
        self.assertEqual(len(self.quote.facturex_acceptance_ids), 1)
        self.assertTrue(base64.b64decode(self.quote.signature))
