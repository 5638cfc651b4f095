"""Complete values of customer invoices, computed without a virtual record.

`InvoiceBuilder.document` takes the values that one would give to
`account.move.create` and returns them complete, as Odoo's own path would leave them
after its synchronisation: product, tax and term lines, amounts, residuals. What it
does not know it refuses with `NotCovered`; it never guesses. One builder serves one
call: it remembers customers, products and amounts, and sees no change made after its
first look.
"""

from collections import defaultdict

from odoo import Command, fields

from .account_move_bulk import GIVEN, NotCovered

DEFAULT_SEQUENCE = {"product": 100, "tax": 10000, "payment_term": 12000}
TAX_KINDS = {"percent", "fixed", "division", "group"}

# read here and given again, complete
MOVE_KEYS = {
    "move_type",
    "partner_id",
    "company_id",
    "journal_id",
    "currency_id",
    "invoice_date",
    "date",
    "invoice_date_due",
    "invoice_payment_term_id",
    "fiscal_position_id",
    "partner_shipping_id",
    "invoice_line_ids",
}
LINE_KEYS = {
    "display_type",
    "product_id",
    "name",
    "quantity",
    "price_unit",
    "discount",
    "tax_ids",
    "account_id",
    "product_uom_id",
    "analytic_distribution",
    "sequence",
}
# plain fields, but other code of Odoo decides on them
REFUSED = {
    "state",
    "name",
    "auto_post",
    "invoice_cash_rounding_id",
    "quick_edit_total_amount",
    "reversed_entry_id",
    "debit_origin_id",
    "origin_payment_id",
    "statement_line_id",
    "inalterable_hash",
    "move_id",
    "is_imported",
    "is_downpayment",
    "extra_tax_data",
    "deductible_amount",
    "tax_base_amount",
    "tax_repartition_line_id",
    "tax_tag_ids",
    "group_tax_id",
    "matching_number",
    "reconcile_model_id",
    "full_reconcile_id",
    "date_maturity",
    "discount_date",
    "discount_amount_currency",
    "discount_balance",
}
LINE_BLANK = {
    "parent_state": "draft",
    "move_name": False,
    "payment_id": False,
    "statement_line_id": False,
    "statement_id": False,
    "no_followup": False,
    "is_storno": False,
    "reconciled": False,
    "amount_residual": 0.0,
    "amount_residual_currency": 0.0,
    "price_subtotal": 0.0,
    "price_total": 0.0,
    "product_id": False,
    "product_uom_id": False,
    "price_unit": 0.0,
    "discount": 0.0,
    "quantity": 0.0,
    "date_maturity": False,
    "tax_ids": [],
    "tax_tag_ids": [],
    "tax_line_id": False,
    "tax_group_id": False,
    "tax_repartition_line_id": False,
}


class Document:
    """One invoice: its complete values, and what its trust depends on."""

    __slots__ = ("instalments", "signature", "vals")

    def __init__(self, vals, signature, instalments):
        self.vals = vals
        self.signature = signature
        self.instalments = instalments


class InvoiceBuilder:
    def __init__(self, env, vals_list=()):
        """`vals_list`: what will be asked, so that customers are read together."""
        self.env = env
        self._ = env._
        self._partners = env["res.partner"].browse(
            {vals["partner_id"] for vals in vals_list if vals.get("partner_id")}
        )
        self._memo = defaultdict(dict)
        self._pass_through = {}
        self._float_fields = {
            name: env["account.move.line"]._fields[name]
            for name in ("quantity", "price_unit", "discount")
        }

    def document(self, vals):
        """Document of `vals`; NotCovered with the reason in the user's language."""
        head = self._head(vals)
        lines = [self._line(head, *command) for command in vals["invoice_line_ids"]]
        self._accounts_of_free_lines(head, lines)
        for line in lines:
            self._settle(head, line)
        products, taxes, terms, due, total = self._amounts(head, lines)
        common = self._common(head)
        rows = [
            {**LINE_BLANK, **common, **line["extra"], **amounts, **line["vals"]}
            for line, amounts in zip(lines, products, strict=True)
        ]
        rows += [{**LINE_BLANK, **common, **row} for row in [*taxes, *terms]]
        for row in rows:
            self._residual(row)
        move = {**head["extra"], **self._move_values(head, due, total)}
        move["line_ids"] = [Command.create(row) for row in rows]
        self._check_companies(head["company"], move, rows)
        signature = self._signature(head, lines, vals)
        return Document(move, signature, len(head["term"].line_ids) > 1)

    # -- the document's head ---------------------------------------------------------

    def _head(self, vals):
        extra = self._extra("account.move", vals, MOVE_KEYS)
        if vals.get("move_type") != "out_invoice":
            raise NotCovered(self._("only customer invoices are built in bulk"))
        date = fields.Date.to_date(vals.get("invoice_date"))
        if not date or not vals.get("partner_id") or not vals.get("invoice_line_ids"):
            raise NotCovered(self._("customer, date or lines are missing"))
        if fields.Date.to_date(vals.get("date")) not in (None, date):
            raise NotCovered(self._("the accounting date differs from the date"))
        company = self.env["res.company"].browse(
            vals.get("company_id") or self._journal_of(vals).company_id.id
        )
        customer = self._customer(company, vals["partner_id"])
        journal = self.env["account.journal"].browse(
            vals.get("journal_id") or self._default_journal(company, vals).id
        )
        currency = self.env["res.currency"].browse(vals.get("currency_id"))
        head = {
            **customer,
            "extra": extra,
            "date": date,
            "company": company,
            "journal": journal,
            "currency": currency or company.currency_id,
            "due": fields.Date.to_date(vals.get("invoice_date_due")),
        }
        if "partner_shipping_id" in vals:
            head["shipping"] = head["shipping"].browse(vals["partner_shipping_id"])
        if "invoice_payment_term_id" in vals:
            head["term"] = head["term"].browse(vals["invoice_payment_term_id"])
        if "fiscal_position_id" in vals:
            Position = self.env["account.fiscal.position"]
            head["position"] = Position.browse(vals["fiscal_position_id"])
        else:
            head["position"] = self._position(head)
        head["rate"] = self._rate(head)
        head["receivable"] = self._receivable(head)
        self._refuse_unknown(head)
        return head

    def _refuse_unknown(self, head):
        company, journal, term = head["company"], head["journal"], head["term"]
        no_sale = journal.type != "sale"
        mixed = term.early_discount and term.early_pay_discount_computation == "mixed"
        no_account = not head["receivable"]
        two_dates = head["due"] and term
        reasons = {
            self._("a due date and payment terms"): two_dates,
            self._("a journal that is not for sales"): no_sale,
            self._("a journal of another company"): journal.company_id != company,
            self._("a journal in a currency of its own"): journal.currency_id,
            self._("a journal for self-billing"): journal.is_self_billing,
            self._("a branch of another company"): company.parent_id,
            self._("storno accounting"): company.account_storno,
            self._("an early payment discount that changes the taxes"): mixed,
            self._("no receivable account"): no_account,
        }
        for reason, holds in reasons.items():
            if holds:
                raise NotCovered(reason)

    def _extra(self, model, vals, known):
        """Values of ordinary fields, passed on as they are."""
        extra = {}
        for name, value in vals.items():
            if name in known:
                continue
            if (model, name) not in self._pass_through:
                field = self.env[model]._fields.get(name)
                self._pass_through[model, name] = (
                    field is not None
                    and field.store
                    and not field.precompute
                    and not field.inverse
                    and field.type != "one2many"
                    and name not in REFUSED
                    and name not in GIVEN[model]
                )
            if not self._pass_through[model, name]:
                raise NotCovered(self._("the field %s is given", name))
            extra[name] = value
        return extra

    def _remember(self, kind, key, function):
        memo = self._memo[kind]
        if key not in memo:
            memo[key] = function()
        return memo[key]

    def _journal_of(self, vals):
        journal = self.env["account.journal"].browse(vals.get("journal_id"))
        return journal or self._default_journal(self.env.company, vals)

    def _default_journal(self, company, vals):
        """As Odoo chooses it, from a virtual document."""
        key = company.id, vals.get("currency_id")

        def choose():
            given = {"move_type": "out_invoice", "company_id": company.id}
            if vals.get("currency_id"):
                given["currency_id"] = vals["currency_id"]
            return self.env["account.move"].new(given).journal_id

        return self._remember("journal", key, choose)

    def _customer(self, company, partner_id):
        def look():
            partner = self._partners.browse(partner_id)
            if partner_id in self._partners._prefetch_ids:
                partner = partner.with_prefetch(self._partners._prefetch_ids)
            partner = partner.with_company(company)
            commercial = partner.commercial_partner_id
            return {
                "partner": partner,
                "commercial": commercial,
                "shipping": partner.browse(
                    partner.address_get(["delivery"])["delivery"]
                ),
                "term": partner.property_payment_term_id,
                "lang": commercial.lang or self.env.context.get("lang"),
            }

        return self._remember("customer", (company.id, partner_id), look)

    def _position(self, head):
        """Odoo's choice, asked once per set of what it depends on."""
        company = head["company"]
        parties = (head["partner"], head["shipping"])
        key = (
            company.id,
            *(
                (
                    party.country_id.id,
                    party.state_id.id,
                    party.zip,
                    party.vat,
                    party.with_company(company).property_account_position_id.id,
                )
                for party in parties
            ),
        )
        Position = self.env["account.fiscal.position"].with_company(company)
        return self._remember(
            "position",
            key,
            lambda: Position._get_fiscal_position(parties[0], delivery=parties[1]),
        )

    def _rate(self, head):
        company, currency, date = head["company"], head["currency"], head["date"]
        return self._remember(
            "rate",
            (company.id, currency.id, date),
            lambda: currency._get_conversion_rate(
                company.currency_id, currency, company, date
            ),
        )

    def _receivable(self, head):
        company, commercial = head["company"], head["commercial"]

        def look():
            account = (
                commercial.with_company(company).property_account_receivable_id
                or company.partner_id.with_company(
                    company
                ).property_account_receivable_id
            )
            return head["position"].map_account(account) if account else account

        key = company.id, commercial.id, head["position"].id
        return self._remember("receivable", key, look)

    # -- lines -----------------------------------------------------------------------

    def _line(self, head, operation, _id=0, given=None):
        if operation != Command.CREATE or given is None:
            raise NotCovered(self._("lines that are not created with the document"))
        if given.get("display_type", "product") != "product":
            raise NotCovered(self._("sections and notes"))
        if "price_unit" not in given:
            raise NotCovered(self._("a line without price"))
        if "name" in given and not given["name"]:
            raise NotCovered(self._("a line whose label is given as empty"))
        extra = self._extra("account.move.line", given, LINE_KEYS)
        product = self._product(head, given.get("product_id") or False)
        line = {
            "product": product["product"],
            "account": product["account"],
            "given": given,
            "extra": extra,
            "vals": {
                "display_type": "product",
                "name": given.get("name") or product["name"],
                "product_id": product["product"].id,
                "product_uom_id": given.get("product_uom_id", product["uom"]),
                "sequence": given.get("sequence", DEFAULT_SEQUENCE["product"]),
            },
        }
        if given.get("account_id"):
            line["account"] = line["account"].browse(given["account_id"])
        for name, field in self._float_fields.items():
            default = 1.0 if name == "quantity" else 0.0
            line["vals"][name] = field.convert_to_cache(
                given.get(name, default), self.env["account.move.line"]
            )
        if line["vals"]["discount"] and (
            head["company"].account_discount_expense_allocation_id
        ):
            raise NotCovered(self._("discounts booked on an account of their own"))
        return line

    def _product(self, head, product_id):
        """Account, taxes, label and unit of a product for this kind of customer."""
        company, position, lang = head["company"], head["position"], head["lang"]

        def look():
            product = self.env["product.product"].browse(product_id)
            product = product.with_company(company)
            accounts = product.product_tmpl_id.get_product_accounts(fiscal_pos=position)
            account = accounts["income"] if product else self.env["account.account"]
            account = account or head["journal"].default_account_id
            text = product.with_context(lang=lang) if lang else product
            name = "\n".join(
                filter(None, [product and text.display_name, text.description_sale])
            )
            return {
                "product": product,
                "account": account if product else account.browse(),
                "name": name or False,
                "uom": product.uom_id.id,
            }

        key = company.id, head["journal"].id, position.id, lang, product_id
        return self._remember("product", key, look)

    def _settle(self, head, line):
        """Taxes and analytic distribution, once the account is known."""
        given = line["given"]
        if "tax_ids" in given:
            line["taxes"] = self._given_taxes(given["tax_ids"])
        else:
            product, account = line["product"], line["account"]
            line["taxes"] = self._remember(
                "taxes",
                (head["company"].id, head["position"].id, product.id, account.id),
                lambda: self._taxes_of(head, product, account),
            )
        self._refuse_unknown_taxes(line["taxes"])
        distribution = self._distribution(line["taxes"], given)
        if distribution is not None:
            line["vals"]["analytic_distribution"] = distribution

    def _taxes_of(self, head, product, account):
        company = head["company"]
        Tax = self.env["account.tax"]
        taxes = product.taxes_id.filtered_domain(Tax._check_company_domain(company))
        taxes = taxes or account.tax_ids.filtered(lambda t: t.type_tax_use == "sale")
        if taxes:
            taxes = taxes._filter_taxes_by_company(company)
        return head["position"].map_tax(taxes) if taxes else taxes

    def _given_taxes(self, commands):
        ids = []
        for command in commands or ():
            if not isinstance(command, (tuple, list)):
                ids.append(command)
            elif command[0] == Command.SET:
                ids = list(command[2])
            elif command[0] == Command.CLEAR:
                ids = []
            elif command[0] == Command.LINK:
                ids.append(command[1])
            else:
                raise NotCovered(self._("taxes that are made with the line"))
        return self.env["account.tax"].browse(ids)

    def _refuse_unknown_taxes(self, taxes):
        kinds = self._remember(
            "kinds",
            taxes._ids,
            lambda: (
                set(taxes.flatten_taxes_hierarchy().mapped("amount_type"))
                | set(taxes.mapped("amount_type"))
            ),
        )
        if kinds - TAX_KINDS:
            raise NotCovered(self._("a tax with a formula"))

    def _distribution(self, taxes, given):
        """The analytic distribution to give; None leaves it to Odoo."""
        if given.get("analytic_distribution"):
            return given["analytic_distribution"]
        # sudo: only whether one exists, which decides who computes the distribution
        Model = self.env["account.analytic.distribution.model"].sudo()
        models = self._remember(
            "analytic", None, lambda: bool(Model.search_count([], limit=1))
        )
        if models and any(taxes.mapped("analytic")):
            raise NotCovered(self._("analytic models and a tax that follows them"))
        return None if models else False

    def _accounts_of_free_lines(self, head, lines):
        """Lines without product: the customer's usual account, else the journal's."""
        free = [line for line in lines if not line["account"]]
        if not free:
            return
        company, commercial = head["company"], head["commercial"]
        usual = self._remember(
            "usual",
            (company.id, commercial.id),
            lambda: self.env["account.account"].browse(
                self.env["account.account"]._get_most_frequent_account_for_partner(
                    company_id=company.id,
                    partner_id=commercial.id,
                    move_type="out_invoice",
                )
            ),
        )
        default = head["journal"].default_account_id
        if not usual and (
            not default or any(x["account"] not in (default, usual) for x in lines)
        ):
            raise NotCovered(self._("a line without product and without account"))
        for line in free:
            line["account"] = usual or default

    # -- amounts ---------------------------------------------------------------------

    def _amounts(self, head, lines):
        """(values of product lines, tax rows, term rows, due date, totals).

        The same content is computed once: most documents of a contract repeat. Of a
        product only its tags count, no tax of `TAX_KINDS` looks further.
        """
        key = (
            head["company"].id,
            head["currency"].id,
            head["date"],
            head["due"],
            head["term"].id,
            head["receivable"].id,
            tuple(
                (
                    self._tags(line["product"]),
                    line["account"].id,
                    line["taxes"]._ids,
                    line["vals"]["quantity"],
                    line["vals"]["price_unit"],
                    line["vals"]["discount"],
                    repr(line["vals"].get("analytic_distribution")),
                )
                for line in lines
            ),
        )
        return self._remember("amounts", key, lambda: self._compute(head, lines))

    def _tags(self, product):
        # sudo: as Odoo reads them, whoever invoices
        return self._remember(
            "tags", product.id, lambda: product.sudo().account_tag_ids._ids
        )

    def _base_lines(self, head, lines):
        Tax = self.env["account.tax"]
        return [
            Tax._prepare_base_line_for_taxes_computation(
                None,
                id=rank,
                product_id=line["product"],
                product_uom_id=self.env["uom.uom"].browse(
                    line["vals"]["product_uom_id"]
                ),
                tax_ids=line["taxes"],
                price_unit=line["vals"]["price_unit"],
                quantity=line["vals"]["quantity"],
                discount=line["vals"]["discount"],
                analytic_distribution=line["vals"].get("analytic_distribution"),
                account_id=line["account"],
                partner_id=head["commercial"],
                currency_id=head["currency"],
                rate=head["rate"],
                sign=-1,
                special_mode=False,
            )
            for rank, line in enumerate(lines)
        ]

    def _compute(self, head, lines):
        Tax, company = self.env["account.tax"], head["company"]
        base_lines = self._base_lines(head, lines)
        Tax._add_tax_details_in_base_lines(base_lines, company)
        Tax._round_base_lines_tax_details(base_lines, company)
        Tax._add_accounting_data_in_base_lines_tax_details(
            base_lines, company, include_caba_tags=False
        )
        result = Tax._prepare_tax_lines(base_lines, company)
        products = [
            {
                "account_id": line["account"].id,
                "tax_ids": [Command.set(line["taxes"].ids)],
                "tax_tag_ids": update["tax_tag_ids"],
                **self._line_totals(head, line),
                **self._rounded(head, update),
            }
            for line, (_base, update) in zip(
                lines, result["base_lines_to_update"], strict=True
            )
        ]
        taxes = [self._tax_row(head, row) for row in result["tax_lines_to_add"]]
        total = {
            f"{kind}_{field}": sum(row[field] for row in rows)
            for kind, rows in (("untaxed", products), ("tax", taxes))
            for field in ("amount_currency", "balance")
        }
        terms, due = self._terms(head, total)
        return products, taxes, terms, due, total

    def _rounded(self, head, values):
        return {
            "amount_currency": head["currency"].round(values["amount_currency"]),
            "balance": head["company"].currency_id.round(values["balance"]),
        }

    def _line_totals(self, head, line):
        """Each line rounded alone: under global rounding this differs from its part.

        No tax of `TAX_KINDS` looks at the product, so equal prices cost one look.
        """
        values = line["vals"]
        key = (
            head["company"].id,
            head["currency"].id,
            head["rate"],
            line["taxes"]._ids,
            values["quantity"],
            values["price_unit"],
            values["discount"],
        )
        return self._remember("line", key, lambda: self._line_alone(head, line))

    def _line_alone(self, head, line):
        Tax = self.env["account.tax"]
        [base_line] = self._base_lines(head, [line])
        Tax._add_tax_details_in_base_line(base_line, head["company"])
        Tax._round_base_lines_tax_details([base_line], head["company"])
        details = base_line["tax_details"]
        return {
            "price_subtotal": details["total_excluded_currency"],
            "price_total": details["total_included_currency"],
        }

    def _tax_row(self, head, row):
        repartition = self.env["account.tax.repartition.line"].browse(
            row["tax_repartition_line_id"]
        )
        values = {
            key: row[key] for key in ("name", "account_id", "tax_ids", "tax_tag_ids")
        }
        if row.get("analytic_distribution") or not self._memo["analytic"].get(None):
            values["analytic_distribution"] = row.get("analytic_distribution") or False
        return {
            **values,
            "display_type": "tax",
            "sequence": DEFAULT_SEQUENCE["tax"],
            "tax_repartition_line_id": repartition.id,
            "tax_line_id": repartition.tax_id.id,
            "tax_group_id": repartition.tax_id.tax_group_id.id,
            "group_tax_id": row.get("group_tax_id") or False,
            "tax_base_amount": row["tax_base_amount"],
            **self._rounded(head, row),
        }

    def _terms(self, head, total):
        """Rows of the receivable, merged by due date, and the last due date."""
        term, currency, company = head["term"], head["currency"], head["company"]
        cents = company.currency_id
        if not term:
            due = head["due"] or fields.Date.context_today(self.env["account.move"])
            dates = {
                due: {
                    "amount_currency": -total["untaxed_amount_currency"]
                    - total["tax_amount_currency"],
                    "balance": -total["untaxed_balance"] - total["tax_balance"],
                }
            }
            plan = {}
        else:
            plan = term._compute_terms(
                date_ref=head["date"],
                currency=currency,
                company=company,
                tax_amount_currency=-total["tax_amount_currency"],
                tax_amount=-total["tax_balance"],
                untaxed_amount_currency=-total["untaxed_amount_currency"],
                untaxed_amount=-total["untaxed_balance"],
                cash_rounding=self.env["account.cash.rounding"],
                sign=1,
            )
            dates = defaultdict(lambda: {"amount_currency": 0.0, "balance": 0.0})
            for part in plan["line_ids"]:
                sums = dates[fields.Date.to_date(part["date"])]
                sums["amount_currency"] += part["foreign_amount"]
                sums["balance"] += part["company_amount"]
        rows = [
            {
                "display_type": "payment_term",
                "sequence": DEFAULT_SEQUENCE["payment_term"],
                "name": False,
                "account_id": head["receivable"].id,
                "date_maturity": date,
                "discount_date": plan.get("discount_date") or False,
                "discount_balance": plan.get("discount_balance") or 0.0,
                "discount_amount_currency": plan.get("discount_amount_currency") or 0.0,
                "amount_currency": currency.round(sums["amount_currency"]),
                "balance": cents.round(sums["balance"]),
                **(
                    {}
                    if self._memo["analytic"].get(None)
                    else {"analytic_distribution": False}
                ),
            }
            for date, sums in dates.items()
        ]
        return rows, max(dates)

    # -- the complete rows -----------------------------------------------------------

    def _common(self, head):
        return {
            "company_id": head["company"].id,
            "company_currency_id": head["company"].currency_id.id,
            "journal_id": head["journal"].id,
            "currency_id": head["currency"].id,
            "partner_id": head["commercial"].id,
            "date": head["date"],
            "invoice_date": head["date"],
            "ref": head["extra"].get("ref", False),
        }

    def _residual(self, row):
        account = self.env["account.account"].browse(row["account_id"])
        open_item = self._remember(
            "open",
            account.id,
            lambda: (
                account.reconcile
                or account.account_type in ("asset_cash", "liability_credit_card")
            ),
        )
        if open_item:
            row["amount_residual"] = row["balance"]
            row["amount_residual_currency"] = row["amount_currency"]
            row["reconciled"] = not row["balance"] and not row["amount_currency"]

    def _move_values(self, head, due, total):
        untaxed, tax = -total["untaxed_amount_currency"], -total["tax_amount_currency"]
        untaxed_signed, tax_signed = -total["untaxed_balance"], -total["tax_balance"]
        return {
            "move_type": "out_invoice",
            "partner_id": head["partner"].id,
            "commercial_partner_id": head["commercial"].id,
            "partner_shipping_id": head["shipping"].id,
            "company_id": head["company"].id,
            "journal_id": head["journal"].id,
            "currency_id": head["currency"].id,
            "invoice_currency_rate": head["rate"],
            "fiscal_position_id": head["position"].id,
            "invoice_payment_term_id": head["term"].id,
            "invoice_date": head["date"],
            "date": head["date"],
            "invoice_date_due": due,
            "delivery_date": False,
            "taxable_supply_date": False,
            "always_tax_exigible": False,
            "payment_state": "not_paid",
            "amount_untaxed": untaxed,
            "amount_tax": tax,
            "amount_total": untaxed + tax,
            "amount_residual": untaxed + tax,
            "amount_untaxed_signed": untaxed_signed,
            "amount_untaxed_in_currency_signed": untaxed,
            "amount_tax_signed": tax_signed,
            "amount_total_signed": untaxed_signed + tax_signed,
            "amount_total_in_currency_signed": untaxed + tax,
            "amount_residual_signed": untaxed_signed + tax_signed,
        }

    def _check_companies(self, company, move, rows):
        """What `_check_company` asks of each record, once per distinct value."""
        for model, values in (("account.move", [move]), ("account.move.line", rows)):
            names = self._remember("checked", model, lambda model=model: [
                (field.name, field.comodel_name, field.type == "many2many")
                for field in self.env[model]._fields.values()
                if field.relational and field.check_company and field.type != "one2many"
            ])  # fmt: skip
            for row in values:
                for name, comodel, many in names:
                    value = row.get(name)
                    if not value:
                        continue
                    ids = self._given_taxes(value).ids if many else [value]
                    for record_id in ids:
                        self._check_one_company(company, comodel, record_id)

    def _check_one_company(self, company, comodel, record_id):
        def allowed():
            # sudo: a record that the user may not read is refused, not hidden
            record = self.env[comodel].sudo().browse(record_id)
            domain = record._check_company_domain(company)
            record = record.with_context(active_test=False)
            return not domain or bool(record.filtered_domain(domain))

        if not self._remember("company", (company.id, comodel, record_id), allowed):
            raise NotCovered(self._("a record of another company"))

    # -- trust -----------------------------------------------------------------------

    def _signature(self, head, lines, vals):
        """What decides how Odoo builds such a document, and when it last changed.

        Two documents with the same signature take the same way through Odoo's code; the
        last write of each record is part of it, so a changed tax is tried anew.
        """
        taxes = self.env["account.tax"].union(*(line["taxes"] for line in lines))
        records = (
            head["company"],
            head["journal"],
            head["currency"],
            head["position"],
            head["term"],
            head["receivable"],
        )
        first = lines[0]
        return (
            self.env.uid,
            self.env.su,
            head["lang"],
            tuple((record.id, record.write_date) for record in records),
            self._versions(taxes),
            head["partner"] == head["commercial"],
            head["partner"] == head["shipping"],
            head["due"] is None,
            frozenset(vals),
            frozenset().union(*(line["extra"] for line in lines)),
            len(lines) > 1,
            bool(first["product"]) and all(line["product"] for line in lines),
            any(line["vals"]["discount"] for line in lines),
            any(
                line["vals"]["quantity"] * line["vals"]["price_unit"] < 0
                for line in lines
            ),
            any(line["vals"].get("analytic_distribution") for line in lines),
        )

    def _versions(self, taxes):
        def look():
            flat = taxes | taxes.flatten_taxes_hierarchy()
            parts = flat.repartition_line_ids
            return tuple((r.id, r.write_date) for r in [*flat, *parts])

        return self._remember("versions", taxes._ids, look)
