from odoo import fields

from .common import FacturexCommon


class DeferredCommon(FacturexCommon):
    """A business customer, its line, and documents on deferred terms."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.business = cls.env["res.partner"].create(
            {
                "name": "Business Beta",
                "is_company": True,
                "vat": "BE0477472701",
                "country_id": cls.env.ref("base.be").id,
                "email": "beta@client.example",
                "lang": "en_US",
                "property_payment_term_id": False,
            }
        )
        cls.product_service = cls.env["product.product"].create(
            {
                "name": "Work",
                "type": "service",
                "invoice_policy": "order",
                "list_price": 1,
                "taxes_id": [fields.Command.clear()],
            }
        )
        cls.second = cls._new_user("fx_second", "manager", cls.company)

    @classmethod
    def _line(cls, partner=None, state="open", **vals):
        line = cls.env["facturex.credit.line"].create(
            {
                "partner_id": (partner or cls.business).id,
                "company_id": cls.company.id,
                "user_id": cls.manager.id,
                **vals,
            }
        )
        if state == "open":
            line.action_open()
        return line

    @classmethod
    def _bank(cls, number="BE71096123456769", partner=None):
        return cls.env["res.partner.bank"].create(
            {"acc_number": number, "partner_id": (partner or cls.business).id}
        )

    @classmethod
    def _verify(cls, line):
        """Registered by one person, verified by another."""
        cls._as(line, cls.manager).bank_id = cls._bank(partner=line.partner_id)
        cls._as(line, cls.second).action_verify_iban()

    @classmethod
    def _deferred(cls, amount, post=True, **vals):
        vals.setdefault("partner", cls.business)
        return cls._invoice(
            amount, due=cls.today, facturex_deferred=True, post=post, **vals
        )

    @classmethod
    def _order(cls, amount, partner=None, confirm=True, **vals):
        order = cls.env["sale.order"].create(
            {
                "partner_id": (partner or cls.business).id,
                "company_id": cls.company.id,
                "facturex_deferred": True,
                "payment_term_id": False,
                "order_line": [
                    fields.Command.create(
                        {
                            "product_id": cls.product_service.id,
                            "price_unit": amount,
                            "tax_ids": [fields.Command.clear()],
                        }
                    )
                ],
                **vals,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    @classmethod
    def _pay(cls, invoice, amount=None):
        """Money seen on the bank, matched with the invoice."""
        journal = cls.company_data["default_journal_bank"]
        receivable = cls._receivable(invoice)
        amount = amount or invoice.amount_residual
        move = cls.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "line_ids": [
                    fields.Command.create(
                        {
                            "account_id": journal.default_account_id.id,
                            "debit": amount,
                        }
                    ),
                    fields.Command.create(
                        {
                            "account_id": receivable.account_id.id,
                            "partner_id": invoice.partner_id.id,
                            "credit": amount,
                        }
                    ),
                ],
            }
        )
        move.action_post()
        (receivable + cls._receivable(move)).reconcile()
        return move

    def _cron(self):
        cron = self.env.ref("facturex_billing.ir_cron_credit_line")
        with self.enter_registry_test_mode():
            cron.with_user(self.env.ref("base.user_root")).method_direct_trigger()
        self.env.invalidate_all()

    def _queries(self, act):
        """How many queries `act` costs on a cold cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        act()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _assert_line(self, line, used, reserved, available):
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
        today = fields.Date.context_today(line)
        balance = line._balance_on(today)
        self.assertEqual(
            tuple(map(float, balance)), (used, reserved), "entries and counters"
        )
        self.assertEqual(line._recompute_drift(), {}, "books and counters")
