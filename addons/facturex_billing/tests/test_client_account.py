from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import FacturexCommon


class AccountCommon(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contact = cls.env["res.partner"].create(
            {"name": "Bookkeeper", "parent_id": cls.customer.id, "email": "b@c.example"}
        )
        cls.customer.is_company = True

    @classmethod
    def _bank_payment(cls, invoice, amount, date):
        return cls.pay_with_statement_line(
            invoice, cls.company_data["default_journal_bank"].id, date, amount
        )

    def _seen(self, partner=None, user=None):
        return self._as(partner or self.customer, user or self.user)


@tagged("post_install", "-at_install")
class TestClientAccount(AccountCommon):
    def test_open_and_overdue(self):
        """Credits are netted, drafts are not there, contacts count for the company."""
        self._invoice(100, due="2026-03-01")
        self._invoice(200, due="2026-04-01", partner=self.contact)
        self._invoice(30, due="2026-03-02", move_type="out_refund")
        self._invoice(999, due="2026-03-01", post=False)
        self._invoice(500, due="2026-03-01", move_type="in_invoice")
        for partner in (self.customer, self.contact):
            self.assertEqual(self._seen(partner).facturex_open, 270)
            self.assertEqual(self._seen(partner).facturex_overdue, 70)

    def test_due_today_is_not_late(self):
        self._invoice(100, due=self.today)
        self.assertEqual(self._seen().facturex_overdue, 0)

    def test_money_without_an_invoice_counts(self):
        self._invoice(100, due="2026-03-01")
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 40,
                "date": "2026-03-02",
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        # with or without an entry of its own (banking decides that)
        self.assertEqual(self._seen().facturex_open, 60 if payment.move_id else 100)

    def test_registered_is_paid_for_the_customer(self):
        invoice = self._invoice(100, due="2026-03-01")
        self._register_payment(invoice)
        self.assertEqual(self._seen().facturex_open, 0)

    def test_invoiced(self):
        """Without VAT, credit notes taken off, this year apart."""
        self._invoice(100, due="2026-03-01")
        self._invoice(20, due="2026-03-01", move_type="out_refund")
        self._invoice(1000, due="2025-06-01")
        self.assertEqual(self._seen().facturex_invoiced_year, 80)
        self.assertEqual(self._seen().facturex_invoiced_total, 1080)

    def test_foreign_currency(self):
        other = self.setup_other_currency("USD", rates=[("2020-01-01", 2.0)])
        self._invoice(100, due="2026-03-01", currency_id=other.id)
        self.assertEqual(self._seen().facturex_open, 50)
        self.assertEqual(self._seen().facturex_invoiced_year, 50)

    def test_days_to_pay(self):
        """(10 + 40) / 2; older than a year, open or credited does not count."""
        for amount, invoiced, paid in [
            (100, "2026-01-01", "2026-01-11"),
            (900, "2026-01-01", "2026-02-10"),
            (50, "2024-01-01", "2025-01-01"),
        ]:
            self._bank_payment(self._invoice(amount, due=invoiced), amount, paid)
        partly = self._invoice(70, due="2026-01-01")
        self._bank_payment(partly, 30, "2026-01-02")
        credited = self._invoice(60, due="2026-01-01")
        credited._reverse_moves([{"date": "2026-01-03"}], cancel=True)
        self.assertEqual(self._seen().facturex_settled_count, 2)
        self.assertEqual(self._seen().facturex_days_to_pay, 25)

    def test_last_payment_of_several_decides(self):
        invoice = self._invoice(100, due="2026-01-01")
        self._bank_payment(invoice, 60, "2026-01-05")
        self._bank_payment(invoice, 40, "2026-01-31")
        self.assertEqual(self._seen().facturex_days_to_pay, 30)

    def test_paid_share(self):
        invoice = self._invoice(100, due="2026-01-01")
        draft = self._invoice(100, due="2026-01-01", post=False)
        self.assertEqual((invoice + draft).mapped("facturex_paid_share"), [0, 0])
        self._bank_payment(invoice, 60, "2026-01-05")
        self.assertEqual(invoice.facturex_paid_share, 60)
        self._bank_payment(invoice, 40, "2026-01-05")
        self.assertEqual(invoice.facturex_paid_share, 100)

    def test_every_figure_opens_what_it_counts(self):
        paid = self._invoice(100, due="2026-01-01")
        self._bank_payment(paid, 100, "2026-01-05")
        self._invoice(100, due="2026-03-01")
        self._invoice(200, due="2026-04-01", partner=self.contact)
        self._invoice(30, due="2026-03-02", move_type="out_refund")
        self._invoice(1000, due="2025-06-01")
        customer = self._seen()
        for figure, button, column in [
            ("facturex_open", "open", "amount_residual"),
            ("facturex_overdue", "overdue", "amount_residual"),
            ("facturex_invoiced_year", "invoiced_year", "amount_untaxed_signed"),
            ("facturex_invoiced_total", "invoiced_total", "amount_untaxed_signed"),
        ]:
            with self.subTest(figure):
                action = getattr(customer, f"action_facturex_view_{button}")()
                found = self._as(self.env[action["res_model"]], self.user).search(
                    action["domain"]
                )
                self.assertTrue(found)
                self.assertEqual(sum(found.mapped(column)), customer[figure])
        action = customer.action_facturex_view_settled()
        self.assertEqual(self.env["account.move"].search(action["domain"]), paid)

    def test_search(self):
        late = self.customer
        self._invoice(100, due="2026-03-01")
        calm, clean, creditor = self.env["res.partner"].create(
            [{"name": "Calm"}, {"name": "Clean"}, {"name": "Creditor"}]
        )
        self._invoice(50, due="2026-05-01", partner=calm)
        self._invoice(20, due="2026-03-01", partner=creditor, move_type="out_refund")
        four = late + calm + clean + creditor
        for field, operator, value, expected in [
            ("facturex_open", ">", 0, late + calm),
            ("facturex_open", ">=", 100, late),
            ("facturex_open", "<", 0, creditor),
            ("facturex_open", "<", 60, calm + clean + creditor),
            ("facturex_open", ">=", 0, late + calm + clean),
            ("facturex_open", "<=", 0, clean + creditor),
            ("facturex_overdue", ">", 0, late),
        ]:
            with self.subTest(f"{field} {operator} {value}"):
                found = self._seen(four).search(
                    [("id", "in", four.ids), (field, operator, value)]
                )
                self.assertEqual(found.sorted("id"), expected.sorted("id"))

    def test_latest_documents(self):
        invoice = self._invoice(100, partner=self.contact)
        self._invoice(100, post=False)
        self.assertEqual(self._seen().facturex_invoice_ids, invoice)


@tagged("post_install", "-at_install")
class TestClientAccountCompanies(AccountCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._invoice(100, due="2026-03-01")
        cls._invoice(
            7,
            due="2026-03-01",
            company_id=cls.other_company.id,
            journal_id=cls.other_data["default_journal_sale"].id,
        )

    def test_the_companies_of_the_switcher(self):
        self.assertEqual(self._seen().facturex_open, 100)
        self.assertEqual(self._seen(user=self.other_user).facturex_open, 7)
        self.user.company_ids += self.other_company
        both = self.customer.with_user(self.user).with_context(
            allowed_company_ids=(self.company + self.other_company).ids
        )
        self.assertEqual(both.facturex_open, 107)
        self.assertEqual(both.facturex_invoiced_year, 107)
        self.assertEqual(self._seen().facturex_open, 100)

    def test_companies_of_two_currencies(self):
        other = self.setup_other_currency("USD", rates=[("2020-01-01", 2.0)])
        company = self.setup_other_company(name="Dollar Company")["company"]
        company.currency_id = other
        self.user.company_ids += company
        journal = self.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "=", "sale")], limit=1
        )
        invoice = self._invoice(
            10,
            due="2026-03-01",
            company_id=company.id,
            journal_id=journal.id,
            currency_id=other.id,
        )
        self.assertEqual(invoice.company_currency_id, other)
        both = self.customer.with_user(self.user).with_context(
            allowed_company_ids=(self.company + company).ids
        )
        # two dollars for one euro in the rates of the currency's own company
        rate = other._convert(
            10, self.company.currency_id, company, fields.Date.to_date(self.today)
        )
        self.assertEqual(both.facturex_open, 100 + rate)

    def test_strangers_see_no_figure(self):
        for user in self._strangers():
            with self.assertRaises(AccessError):
                self._as(self.customer, user).read(["facturex_open"])


@tagged("post_install", "-at_install")
class TestListSpeed(AccountCommon):
    """Lists of 80: two queries more than Odoo's own at most."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env["res.partner"].create(
            [{"name": f"Customer {n}", "customer_rank": 1} for n in range(80)]
        )
        journal = cls.company_data["default_journal_sale"]
        account = cls.company_data["default_account_revenue"]
        cls.moves = cls.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": "2026-03-01",
                    "invoice_date_due": "2026-03-01",
                    "journal_id": journal.id,
                    "invoice_line_ids": [
                        fields.Command.create(
                            {
                                "name": "x",
                                "price_unit": 10,
                                "account_id": account.id,
                                "tax_ids": [fields.Command.clear()],
                            }
                        )
                    ],
                }
                for partner in cls.partners
            ]
        )
        cls.moves.action_post()

    def _count(self, model, view, records, **context):
        """Queries of the second reading of a list, as the browser asks for it."""
        records = self._as(self.env[model], self.user).browse(records.ids)
        arch = records.get_view(self.env.ref(view).id, "list")["arch"]
        specification = {}
        for node in etree.fromstring(arch).findall("field"):
            field = records._fields[node.get("name")]
            hidden = node.get("column_invisible") or "False"
            if not safe_eval(hidden, {"context": context}):
                specification[field.name] = (
                    {"fields": {"display_name": {}}} if field.relational else {}
                )
        for _warm_up in range(2):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = records.web_search_read(
                [("id", "in", records.ids)], specification, limit=80
            )
            count = self.env.cr.sql_log_count - before
        self.assertEqual(found["length"], 80)
        self.columns = set(specification)
        return count

    def _stock(self, model, view, records, **context):
        """The same of Odoo's list, without what our add-ons put into it."""
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.ui.view"), ("module", "=like", "facturex%")]
        )
        ours = self.env["ir.ui.view"].search(
            [
                ("id", "in", data.mapped("res_id")),
                ("model", "=", model),
                ("mode", "=", "extension"),
                ("type", "=", "list"),
            ]
        )
        ours.active = False
        count = self._count(model, view, records, **context)
        ours.active = True
        return count

    def test_both_lists_with_all_our_columns(self):
        """Partners and invoices, each of our columns shown, against Odoo's own."""
        invoices = {"default_move_type": "out_invoice"}
        for model, records, native, context, lists in [
            (
                "res.partner",
                self.partners,
                "base.view_partner_tree",
                {},
                {
                    "base.view_partner_tree": (),
                    "facturex_billing.facturex_customer_view_list": (
                        "facturex_open",
                        "facturex_overdue",
                        "facturex_days_to_pay",
                    ),
                },
            ),
            (
                "account.move",
                self.moves,
                "account.view_out_invoice_tree",
                invoices,
                {
                    "account.view_out_invoice_tree": ("facturex_send_state",),
                    "facturex_billing.view_move_to_send_list": (
                        "facturex_send_preview",
                        "facturex_send_reason",
                    ),
                    "facturex_billing.facturex_account_document_view_list": (
                        "facturex_paid_share",
                    ),
                },
            ),
        ]:
            stock = self._stock(model, native, records, **context)
            for view, columns in lists.items():
                with self.subTest(view):
                    ours = self._count(model, view, records, **context)
                    self.assertLessEqual(set(columns), self.columns)
                    self.assertLessEqual(ours, stock + 2)


@tagged("post_install", "-at_install")
class TestClientSubscriptions(AccountCommon):
    def _subscription(self, price, partner=None, run=True, **vals):
        subscription = self.env["facturex.subscription"].create(
            {
                "partner_id": (partner or self.customer).id,
                "date_start": self.today,
                "line_ids": [
                    fields.Command.create(
                        {
                            "name": "Care",
                            "price_unit": price,
                            "tax_ids": [fields.Command.clear()],
                        }
                    )
                ],
                **vals,
            }
        )
        if run:
            subscription.action_confirm()
        return subscription

    def test_figures_of_all_contacts(self):
        own = self._subscription(50)
        by_contact = self._subscription(30, partner=self.contact)
        draft = self._subscription(999, run=False)
        yearly = self._subscription(120, interval_unit="year")
        for partner in (self.customer, self.contact):
            seen = self._seen(partner)
            self.assertEqual(
                (seen.facturex_subscription_count, seen.facturex_subscription_mrr),
                (3, 90),
            )
            self.assertEqual(
                seen.facturex_subscription_ids, own + by_contact + yearly + draft
            )
        action = self._seen().action_facturex_view_subscriptions()
        found = self._as(self.env[action["res_model"]], self.user).search(
            action["domain"]
        )
        self.assertEqual(found, own + by_contact + yearly)
        self.assertEqual(sum(found.mapped("amount_mrr")), 90)

    def test_other_company_sees_none(self):
        self._subscription(50)
        seen = self._seen(user=self.other_user)
        self.assertFalse(seen.facturex_subscription_ids)
        self.assertEqual(seen.facturex_subscription_mrr, 0)

    def test_one_query_for_a_list(self):
        partners = self.env["res.partner"].create([{"name": f"P{n}"} for n in range(8)])
        for partner in partners:
            self._subscription(10, partner=partner)
        self.env.flush_all()

        def count(records):
            self.env.invalidate_all()
            records = self._seen(records)
            records.mapped("commercial_partner_id")
            before = self.env.cr.sql_log_count
            records.mapped("facturex_subscription_mrr")
            return self.env.cr.sql_log_count - before

        count(partners)
        self.assertLessEqual(count(partners), count(partners[:2]))

    def test_strangers_see_no_figure(self):
        for user in self._strangers():
            with self.assertRaises(AccessError):
                self._as(self.customer, user).read(["facturex_subscription_mrr"])
