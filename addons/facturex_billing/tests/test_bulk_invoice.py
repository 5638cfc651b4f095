from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models.bulk_builder import InvoiceBuilder
from ..models.facturex_bulk_invoice import LEANS_ON
from .common import FacturexCommon


class BulkCommon(FacturexCommon):
    """Documents made both ways, and a look at every stored column of both."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.invoice_terms = "Our terms"
        cls.tax21 = cls.company_data["default_tax_sale"]
        cls.tax6 = cls._tax("6 %", amount=6)
        cls.included = cls._tax("21 % included", price_include_override="tax_included")
        cls.products = cls.env["product.product"].create(
            [
                {
                    "name": f"Service {number}",
                    "description_sale": "Per month" if number else False,
                    "list_price": 10.0 * number,
                    "taxes_id": [Command.set((cls.tax21, cls.tax6)[number % 2].ids)],
                }
                for number in range(3)
            ]
        )
        cls.customers = cls.env["res.partner"].create(
            [
                {"name": f"Customer {n}", "country_id": cls.env.ref("base.be").id}
                for n in range(4)
            ]
        )
        cls.service = cls.env["facturex.bulk.invoice"]
        cls.service._trust().clear()

    @classmethod
    def _tax(cls, name, **vals):
        return cls.tax21.copy({"name": name, "amount": 21, **vals})

    @classmethod
    def _term(cls, *lines, **vals):
        return cls.env["account.payment.term"].create(
            {
                "name": "Terms",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in lines
                ],
                **vals,
            }
        )

    @classmethod
    def _line_vals(cls, number=0, **vals):
        return {
            "product_id": cls.products[number % 3].id,
            "name": f"Service {number} from 2026-03-01 to 2026-03-31",
            "quantity": 1 + number,
            "price_unit": 33.33 + number,
            **vals,
        }

    @classmethod
    def _vals(cls, number=0, lines=3, line_vals=None, **vals):
        return {
            "move_type": "out_invoice",
            "company_id": cls.company.id,
            "partner_id": cls.customers[number % 4].id,
            "invoice_date": f"2026-03-{1 + number % 10:02}",
            "invoice_line_ids": [
                Command.create(cls._line_vals(number + rank, **(line_vals or {})))
                for rank in range(lines)
            ],
            **vals,
        }

    def _both(self, vals_list, env=None):
        """Columns as drafts and posted, by Odoo and by the builder, both undone."""
        service = (env or self.env)["facturex.bulk.invoice"]
        service = service.with_context(tracking_disable=True)
        with service._undone():
            moves = service._create_native(vals_list)
            native = service._columns(moves)
            moves.action_post()
            native += service._columns(moves)
        with service._undone():
            builder = InvoiceBuilder(service.env)
            moves = service._create_bulk([builder.document(v) for v in vals_list])
            bulk = service._columns(moves)
            service._post(moves)
            bulk += service._columns(moves)
        return native, bulk

    def _assert_equal(self, vals_list, env=None):
        native, bulk = self._both(vals_list, env)
        self.assertEqual(self.service._differences(native, bulk), [])
        self.assertEqual(native, bulk)


@tagged("post_install", "-at_install")
class TestBulkEquality(BulkCommon):
    """Law 10: each stored column equals that of Odoo's own path."""

    def _many(self, count=6, **vals):
        return [self._vals(number, **vals) for number in range(count)]

    def test_mixed_rates(self):
        self._assert_equal(self._many())

    def test_one_line_and_untaxed_line(self):
        self._assert_equal(
            [
                *self._many(2, lines=1),
                self._vals(line_vals={"tax_ids": [Command.clear()]}),
            ]
        )

    def test_several_taxes_on_a_line(self):
        for number, vals in enumerate(
            (
                {},
                {"include_base_amount": True, "sequence": 1},
                {"amount_type": "fixed", "amount": 1.5},
                {"amount_type": "division", "amount": 10},
            )
        ):
            with self.subTest(**vals):
                second = self._tax(f"Second {number}", **vals)
                taxes = [Command.set((self.tax21 | second).ids)]
                self._assert_equal(self._many(3, line_vals={"tax_ids": taxes}))

    def test_group_of_taxes(self):
        children = self._tax("One", amount=5) | self._tax("Two", amount=7)
        group = self._tax(
            "Group", amount_type="group", children_tax_ids=[Command.set(children.ids)]
        )
        self._assert_equal(
            self._many(3, line_vals={"tax_ids": [Command.set(group.ids)]})
        )

    def test_same_content_of_other_products(self):
        """Amounts that were computed once serve other products: but not their tags."""
        tag = self.env["account.account.tag"].create(
            {"name": "Reported apart", "applicability": "products"}
        )
        self.products[1].account_tag_ids = tag
        self.products[2].uom_id = self.env.ref("uom.product_uom_dozen")
        same = {"quantity": 2, "price_unit": 19.99, "name": "Service"}
        taxes = [Command.set(self.tax21.ids)]
        self._assert_equal(self._many(line_vals={**same, "tax_ids": taxes}, lines=1))
        self._assert_equal(self._many(line_vals={**same, "tax_ids": taxes}, lines=2))

    def test_included_tax(self):
        taxes = [Command.set(self.included.ids)]
        self._assert_equal(
            self._many(line_vals={"tax_ids": taxes, "price_unit": 19.99})
        )

    def test_global_rounding(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self._assert_equal(self._many(line_vals={"price_unit": 1.115, "quantity": 3}))

    def test_discounts_and_odd_figures(self):
        self._assert_equal(
            self._many(
                line_vals={"discount": 12.345, "price_unit": 0.3333, "quantity": 7.777}
            )
        )

    def test_negative_line_and_zero_total(self):
        vals = self._vals(lines=2)
        vals["invoice_line_ids"][1][2].update(price_unit=-10, quantity=1)
        self._assert_equal([vals])
        self._assert_equal([self._vals(lines=1, line_vals={"price_unit": 0})])

    def test_foreign_currency(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": usd.id,
                "company_id": self.company.id,
                "name": "2026-01-01",
                "rate": 1.0837,
            }
        )
        self._assert_equal(self._many(currency_id=usd.id))
        taxes = [Command.set(self.included.ids)]
        self._assert_equal(
            self._many(
                3,
                currency_id=usd.id,
                line_vals={"tax_ids": taxes, "discount": 7},
                invoice_payment_term_id=self._term((30, 0), (70, 30)).id,
            )
        )

    def test_fiscal_position_of_the_customer(self):
        zero = self._tax("0 % EU", amount=0)
        zero.original_tax_ids = self.tax21
        income = self.company_data["default_account_revenue"]
        position = self.env["account.fiscal.position"].create(
            {
                "name": "EU",
                "company_id": self.company.id,
                "tax_ids": [Command.set(zero.ids)],
                "account_ids": [
                    Command.create(
                        {
                            "account_src_id": income.id,
                            "account_dest_id": income.copy().id,
                        }
                    )
                ],
            }
        )
        self.customers[:2].property_account_position_id = position
        vals_list = self._many()
        self._assert_equal(vals_list)
        self._assert_equal([self._vals(3, fiscal_position_id=position.id)])

    def test_payment_terms(self):
        for name, term in (
            ("one", self._term((100, 30))),
            ("two", self._term((40, 0), (60, 45))),
            ("three", self._term((33.33, 10), (33.33, 20), (33.34, 20))),
            ("unordered", self._term((50, 60), (50, 30))),
            (
                "early discount included",
                self._term((100, 30), early_discount=True, discount_percentage=2),
            ),
            (
                "early discount excluded",
                self._term(
                    (100, 30),
                    early_discount=True,
                    discount_percentage=2,
                    early_pay_discount_computation="excluded",
                ),
            ),
        ):
            with self.subTest(term=name):
                self._assert_equal(
                    self._many(3, invoice_payment_term_id=term.id, ref="PO 12")
                )

    def test_due_date(self):
        self._assert_equal(self._many(3, invoice_date_due="2026-05-01"))

    def test_terms_and_language_of_the_customer(self):
        self.products[1].with_context(lang="fr_FR").name = "Prestation"
        self.customers.lang = "fr_FR"
        self.customers.property_payment_term_id = self._term((50, 0), (50, 30))
        self.customers[0].user_id = self.user
        vals_list = self._many()
        for vals in vals_list:
            for command in vals["invoice_line_ids"]:
                del command[2]["name"]
        self._assert_equal(vals_list)
        builder = InvoiceBuilder(self.env)
        names = [c[2]["name"] for c in builder.document(vals_list[0]).vals["line_ids"]]
        self.assertIn("Prestation\nPer month", names)

    def test_delivery_address_and_contact(self):
        contact, _delivery = self.env["res.partner"].create(
            [
                {"name": "Contact", "parent_id": self.customers[0].id},
                {
                    "name": "Depot",
                    "type": "delivery",
                    "parent_id": self.customers[0].id,
                    "country_id": self.env.ref("base.fr").id,
                },
            ]
        )
        self._assert_equal([self._vals(), self._vals(partner_id=contact.id)])

    def test_analytic_distribution(self):
        plan = self.env["account.analytic.plan"].create({"name": "Projects"})
        account, other = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("One", "Two")]
        )
        given = {"analytic_distribution": {str(account.id): 60, str(other.id): 40}}
        self._assert_equal(self._many(3, line_vals=given))
        self.tax21.analytic = True
        self._assert_equal(self._many(3, line_vals=given))
        self.tax21.analytic = False
        self.env["account.analytic.distribution.model"].create(
            {
                "partner_id": self.customers[0].id,
                "company_id": self.company.id,
                "analytic_distribution": {str(other.id): 100},
            }
        )
        self._assert_equal(self._many(4))

    def test_free_text_lines(self):
        free = {"product_id": False, "name": "Consulting"}
        self._assert_equal(self._many(3, line_vals=free))
        account = self.company_data["default_account_revenue"].copy()
        account.tax_ids = self.tax6
        self._assert_equal(self._many(3, line_vals={**free, "account_id": account.id}))
        # a customer with a history has a usual account
        self._vals_posted = self.env["account.move"].create(
            [self._vals(line_vals={**free, "account_id": account.id}) for _ in range(3)]
        )
        self._vals_posted.action_post()
        self._assert_equal([self._vals(line_vals=free)])

    def test_tax_due_on_payment(self):
        self.company.tax_exigibility = True
        transition = self.company_data["default_account_revenue"].copy(
            {"account_type": "liability_current", "reconcile": True}
        )
        tax = self._tax(
            "On payment",
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=transition.id,
        )
        self._assert_equal(self._many(3, line_vals={"tax_ids": [Command.set(tax.ids)]}))

    def test_plain_fields_are_passed_on(self):
        self._assert_equal(
            self._many(
                3,
                invoice_origin="S00012",
                narration="<p>Thanks</p>",
                invoice_user_id=self.user.id,
                line_vals={"sequence": 7},
            )
        )

    def test_locked_period(self):
        self.company.sale_lock_date = "2026-02-28"
        vals = self._many(3)
        for one in vals:
            one["invoice_date"] = "2026-02-10"
        self._assert_equal(vals)

    def test_other_years(self):
        self._assert_equal(
            [self._vals(n, invoice_date=f"{2024 + n % 3}-02-28") for n in range(6)]
        )

    def test_made_by_a_plain_user(self):
        env = self.env(
            user=self.user, context={"allowed_company_ids": self.company.ids}
        )
        self._assert_equal(self._many(3), env=env)

    def test_restricted_journal(self):
        journal = self.company_data["default_journal_sale"]
        journal.restrict_mode_hash_table = True
        self._assert_equal(self._many(3))
        moves = self.service._create_invoices(self._many(3), post=True)
        self.assertTrue(all(moves.mapped("inalterable_hash")))


@tagged("post_install", "-at_install")
class TestBulkService(BulkCommon):
    def setUp(self):
        super().setUp()
        self.service._trust().clear()

    def test_order_numbers_and_history(self):
        vals_list = [self._vals(number) for number in range(8)]
        vals_list[3]["invoice_cash_rounding_id"] = False
        result = self.service._make_invoices(vals_list, post=True)
        self.assertEqual(
            [move.partner_id.id for move in result.moves],
            [vals["partner_id"] for vals in vals_list],
        )
        self.assertEqual([rank for rank, _reason in result.native], [3])
        self.assertEqual(set(result.moves.mapped("state")), {"posted"})
        numbers = sorted(result.moves.mapped("sequence_number"))
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 8)))
        self.assertFalse(any(result.moves.mapped("made_sequence_gap")))
        for move in result.moves - result.moves[3]:
            self.assertEqual(len(move.message_ids), 1)
        self.assertEqual(len(set(result.moves.mapped("name"))), 8)

    def test_customers_are_read_and_ranked_together(self):
        """As many queries for forty customers as for two; each becomes a customer."""

        def bill(customers):
            vals_list = [self._vals(partner_id=partner.id) for partner in customers]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.service._make_invoices(vals_list, post=True)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        customers = self.env["res.partner"].create(
            [{"name": f"New {number}"} for number in range(50)]
        )
        bill(customers[:5])  # what the process keeps is learned
        few, many = bill(customers[5:7]), bill(customers[7:47])
        self.assertLess(many - few, 10)
        twice = customers[-1]
        bill(twice + twice)
        self.assertEqual(set(customers[:47].mapped("customer_rank")), {1})
        self.assertEqual(twice.customer_rank, 2)
        self.assertFalse(customers[-2].customer_rank)

    def test_drafts_stay_drafts(self):
        moves = self.service._create_invoices([self._vals()])
        self.assertEqual(moves.state, "draft")
        self.assertFalse(moves.name)
        moves.invoice_line_ids[0].price_unit = 50  # synchronised again from here on
        self.assertAlmostEqual(sum(moves.line_ids.mapped("balance")), 0)

    def test_what_is_not_known_goes_odoos_way_and_says_why(self):
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "5 cents",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        mixed = self._term(
            (100, 30), early_discount=True, early_pay_discount_computation="mixed"
        )
        section = Command.create({"display_type": "line_section", "name": "March"})
        with_section = self._vals()
        with_section["invoice_line_ids"].insert(0, section)
        no_price = self._vals()
        del no_price["invoice_line_ids"][0][2]["price_unit"]
        cases = [
            (self._vals(invoice_cash_rounding_id=rounding.id), "rounding"),
            (self._vals(invoice_payment_term_id=mixed.id), "early payment"),
            (self._vals(move_type="out_refund"), "only customer invoices"),
            (with_section, "sections"),
            (no_price, "without price"),
            (self._vals(payment_reference="RF18"), "payment_reference"),
            (self._vals(line_vals={"deductible_amount": 100}), "deductible_amount"),
        ]
        result = self.service._make_invoices([vals for vals, _word in cases])
        reasons = dict(result.native)
        for rank, (_vals, word) in enumerate(cases):
            with self.subTest(word):
                self.assertIn(word, reasons[rank])
        self.assertTrue(result.moves[0].invoice_cash_rounding_id)
        self.assertEqual(len(result.moves), len(cases))

    def test_another_addon_that_changes_a_column(self):
        """The canary sees a difference that the builder cannot know of."""
        Line = self.env.registry["account.move.line"]
        self.patch(Line, "_get_computed_taxes", lambda line: line.tax_ids.browse())
        result = self.service._make_invoices([self._vals(), self._vals(1)])
        [reason, again] = [text for _rank, text in result.native]
        self.assertIn("number of lines", reason)
        self.assertEqual(reason, again)

    def test_a_failing_builder_is_no_accident(self):
        def fail(*args):
            raise ZeroDivisionError

        self.patch(type(self.service), "_create_bulk", fail)
        with self.assertLogs("odoo.addons.facturex_billing", "WARNING"):
            result = self.service._make_invoices([self._vals()])
        self.assertIn("fails", result.native[0][1])
        self.assertEqual(len(result.moves.line_ids), 6)

    def test_trust_is_kept_and_lost(self):
        trust = self.service._trust()
        self.service._create_invoices([self._vals(n) for n in range(8)])
        self.assertEqual(set(trust.values()), {None})
        known = len(trust)
        self.service._create_invoices([self._vals(n) for n in range(8)])
        self.assertEqual(len(trust), known)
        self.env.cr.execute(
            "UPDATE account_tax SET write_date = write_date + interval '1 second'"
        )
        self.env["account.tax"].invalidate_model()
        self.service._create_invoices([self._vals()])
        self.assertEqual(len(trust), known + 1)

    def test_canary_leaves_nothing(self):
        count = self.env["account.move"].search_count([])
        callbacks = len(self.env.cr.postcommit._funcs)
        document = InvoiceBuilder(self.env).document(self._vals())
        self.assertEqual(
            self.service._try_both(document, self._vals(), True), (None, True)
        )
        self.assertEqual(self.env["account.move"].search_count([]), count)
        self.assertEqual(len(self.env.cr.postcommit._funcs), callbacks)
        first, second = self.service._create_invoices(
            [self._vals(), self._vals(1)], post=True
        ).sorted("sequence_number")
        self.assertEqual(second.sequence_number, first.sequence_number + 1)

    def test_bad_values_are_refused_as_by_odoo(self):
        for vals, error in (
            (self._vals(partner_id=self._foreign_partner().id), "compan"),
            (self._vals(line_vals={"account_id": self._foreign_account().id}), ""),
        ):
            with self.assertRaisesRegex(Exception, error), self.cr.savepoint():
                self.service._create_invoices([vals], post=True)

    def _foreign_partner(self):
        return self.env["res.partner"].create(
            {"name": "Foreign", "company_id": self.other_company.id}
        )

    def _foreign_account(self):
        return self.other_data["default_account_revenue"]

    def test_a_stranger_creates_nothing(self):
        for user in self._strangers():
            with self.assertRaises(AccessError):
                self.service.with_user(user)._create_invoices([self._vals()])

    def test_context_from_outside_opens_nothing(self):
        """The key is an object of this process: its name or a truth is none."""
        for forged in (True, 1, "facturex full values"):
            Move = self.env["account.move"].with_context(facturex_bulk=forged)
            move = Move.create(self._vals())
            self.assertAlmostEqual(sum(move.line_ids.mapped("balance")), 0)
            self.assertTrue(move.line_ids.filtered("tax_line_id"))

    def test_private_methods_are_there(self):
        for model, names in LEANS_ON.items():
            for name in names:
                with self.subTest(model=model, method=name):
                    self.assertTrue(callable(getattr(self.env[model], name, None)))

    def test_dates_are_those_asked(self):
        moves = self.service._create_invoices(
            [self._vals(invoice_date="2026-01-31")], post=True
        )
        self.assertEqual(moves.date, fields.Date.to_date("2026-01-31"))
