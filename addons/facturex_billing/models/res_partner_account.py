from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import payer

USER = "facturex_billing.group_facturex_user"
SHOWN_INVOICES = 40


class ResPartner(models.Model):
    """The client account: what a customer was billed, owes, and how fast he pays.

    All figures are those of the whole company of a contact, in the companies chosen in
    the switcher, in the currency of the first one. Each comes for all partners of a
    list in one grouped query.
    """

    _inherit = "res.partner"

    facturex_currency_id = fields.Many2one(
        "res.currency", compute="_compute_facturex_currency_id"
    )
    facturex_open = fields.Monetary(
        string="Open",
        currency_field="facturex_currency_id",
        compute="_compute_facturex_receivable",
        search="_search_facturex_open",
        groups=USER,
        help="What is still to be paid: open items of posted documents, less credits."
        " A payment that is registered counts as paid.",
    )
    facturex_overdue = fields.Monetary(
        string="Overdue",
        currency_field="facturex_currency_id",
        compute="_compute_facturex_receivable",
        search="_search_facturex_overdue",
        groups=USER,
        help="The part of it whose due date has passed.",
    )
    facturex_invoiced_year = fields.Monetary(
        string="Invoiced This Year",
        currency_field="facturex_currency_id",
        compute="_compute_facturex_invoiced",
        groups=USER,
        help="Invoices less credit notes since 1 January, without VAT.",
    )
    facturex_invoiced_total = fields.Monetary(
        string="Invoiced in Total",
        currency_field="facturex_currency_id",
        compute="_compute_facturex_invoiced",
        groups=USER,
        help="Invoices less credit notes since the beginning, without VAT.",
    )
    facturex_days_to_pay = fields.Float(
        string="Days to Pay",
        digits=(16, 1),
        compute="_compute_facturex_days_to_pay",
        groups=USER,
        help="Mean number of days between an invoice and its last payment, for the"
        " invoices settled in the last 12 months.",
    )
    facturex_settled_count = fields.Integer(
        string="Settled Invoices", compute="_compute_facturex_days_to_pay", groups=USER
    )
    facturex_contact_ids = fields.Many2many(
        "res.partner", string="Contact Persons", compute="_compute_facturex_contact_ids"
    )
    facturex_invoice_ids = fields.Many2many(
        "account.move",
        string="Latest Documents",
        compute="_compute_facturex_invoice_ids",
        groups=USER,
    )

    # ------------------------------------------------------------------
    # Figures
    # ------------------------------------------------------------------

    @api.depends_context("company")
    def _compute_facturex_currency_id(self):
        self.facturex_currency_id = self.env.company.currency_id

    def _compute_facturex_contact_ids(self):
        for partner in self:
            partner.facturex_contact_ids = partner.child_ids

    # `commercial_partner_id`: read with the list, not after it
    @api.depends("commercial_partner_id")
    @api.depends_context("allowed_company_ids", "tz")
    def _compute_facturex_receivable(self):
        self._facturex_fill(
            self._facturex_sum_receivable(self.commercial_partner_id),
            "facturex_open",
            "facturex_overdue",
        )

    @api.depends("commercial_partner_id")
    @api.depends_context("allowed_company_ids", "tz")
    def _compute_facturex_invoiced(self):
        self._facturex_fill(
            self._facturex_sum_invoiced(self.commercial_partner_id),
            "facturex_invoiced_total",
            "facturex_invoiced_year",
        )

    def _facturex_fill(self, found, all_of_it, part):
        """Give each contact the two amounts of its company; without any, zero.

        :param found: customer id -> (amount of `all_of_it`, amount of `part`)
        """
        for partner in self:
            customer = partner.commercial_partner_id.id
            partner[all_of_it], partner[part] = found.get(customer, (0.0, 0.0))

    @api.depends("commercial_partner_id")
    @api.depends_context("allowed_company_ids", "tz")
    def _compute_facturex_days_to_pay(self):
        settled = self._facturex_find_settled(self.commercial_partner_id)
        for partner in self:
            rows = settled.get(partner.commercial_partner_id.id, [])
            mean = payer.average_days((invoiced, paid) for _id, invoiced, paid in rows)
            partner.facturex_days_to_pay = float(mean or 0)
            partner.facturex_settled_count = len(rows)

    @api.depends("commercial_partner_id")
    @api.depends_context("allowed_company_ids")
    def _compute_facturex_invoice_ids(self):
        for partner in self:  # shown on the form only
            partner.facturex_invoice_ids = self.env["account.move"].search(
                partner._facturex_document_domain(),
                order="invoice_date desc, id desc",
                limit=SHOWN_INVOICES,
            )

    # ------------------------------------------------------------------
    # Domains: a figure and the list it opens share one
    # ------------------------------------------------------------------

    @api.model
    def _facturex_open_domain(self):
        return Domain(
            [
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                # registered: for the customer it is paid (docs/architecture.md, law 3)
                ("move_id.payment_state", "!=", "in_payment"),
                ("company_id", "in", self.env.companies.ids),
            ]
        )

    @api.model
    def _facturex_late_domain(self):
        today = fields.Date.context_today(self)
        return Domain("date_maturity", "<", today)

    def _facturex_document_domain(self):
        return Domain(
            [
                ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
                ("state", "=", "posted"),
                ("company_id", "in", self.env.companies.ids),
                ("commercial_partner_id", "in", self.commercial_partner_id.ids),
            ]
        )

    @api.model
    def _facturex_year_domain(self):
        first = fields.Date.context_today(self).replace(month=1, day=1)
        return Domain("invoice_date", ">=", first)

    # ------------------------------------------------------------------
    # One query for all partners of a list
    # ------------------------------------------------------------------

    def _facturex_receivable_query(self, domain):
        """The open items of the customers, to be grouped.

        :return: (query, SQL of the customer, the company, the amount, "is late")
        """
        lines = self.env["account.move.line"]
        query = lines._search(self._facturex_open_domain() & domain)
        alias = lines._table
        partner = query.left_join(
            alias, "partner_id", "res_partner", "id", "facturex_customer"
        )
        return (
            query,
            SQL.identifier(partner, "commercial_partner_id"),
            lines._field_to_sql(alias, "company_id", query),
            lines._field_to_sql(alias, "amount_residual", query),
            SQL(
                "%s < %s",
                lines._field_to_sql(alias, "date_maturity", query),
                fields.Date.context_today(self),
            ),
        )

    def _facturex_sum_receivable(self, customers):
        """:return: customer id -> (open, overdue) in the current currency"""
        if not customers.ids:
            return {}
        return self._facturex_add_up(
            *self._facturex_receivable_query(
                Domain("partner_id.commercial_partner_id", "in", customers.ids)
            )
        )

    def _facturex_sum_invoiced(self, customers):
        """:return: customer id -> (total, this year) in the current currency"""
        if not customers.ids:
            return {}
        moves = self.env["account.move"]
        query = moves._search(customers._facturex_document_domain())
        alias = moves._table
        first = fields.Date.context_today(self).replace(month=1, day=1)
        return self._facturex_add_up(
            query,
            moves._field_to_sql(alias, "commercial_partner_id", query),
            moves._field_to_sql(alias, "company_id", query),
            moves._field_to_sql(alias, "amount_untaxed_signed", query),
            SQL("%s >= %s", moves._field_to_sql(alias, "invoice_date", query), first),
        )

    def _facturex_add_up(self, query, key, company, amount, condition):
        """Add the companies up, each converted at the rate of today.

        :return: customer id -> (sum of `amount`, sum where `condition` holds)
        """
        query.groupby = SQL("%s, %s", key, company)
        part = self._facturex_sum_where(amount, condition)
        rows = self.env.execute_query(
            query.select(key, company, SQL("SUM(%s)", amount), part)
        )
        currency = self.env.company.currency_id
        today = fields.Date.context_today(self)
        found = defaultdict(lambda: (0.0, 0.0))
        for key, company_id, first, second in rows:
            company = self.env["res.company"].browse(company_id)
            amounts = [float(first or 0), float(second or 0)]
            if company.currency_id != currency:
                amounts = [
                    company.currency_id._convert(amount, currency, company, today)
                    for amount in amounts
                ]
            before = found[key]
            found[key] = tuple(
                currency.round(sum(pair)) for pair in zip(before, amounts, strict=True)
            )
        return found

    @staticmethod
    def _facturex_sum_where(amount, condition):
        return SQL("SUM(CASE WHEN %s THEN %s ELSE 0 END)", condition, amount)

    def _facturex_find_settled(self, customers):
        """Invoices whose last payment came in the last 12 months.

        Seen, not only registered: an invoice "in payment" has no date of payment yet.

        :return: customer id -> [(invoice id, invoice date, date of the last payment)]
        """
        if not customers.ids:
            return {}
        moves = self.env["account.move"]
        query = moves._search(
            customers._facturex_document_domain()
            & Domain("move_type", "=", "out_invoice")
            & Domain("payment_state", "=", "paid")
        )
        since = fields.Date.context_today(self) - relativedelta(months=12)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT invoice.commercial_partner_id, invoice.id,
                       invoice.invoice_date, MAX(money.date)
                  FROM account_move invoice
                  JOIN account_move_line item ON item.move_id = invoice.id
                  JOIN account_partial_reconcile part ON part.debit_move_id = item.id
                  JOIN account_move_line money ON money.id = part.credit_move_id
                  JOIN account_move source ON source.id = money.move_id
                 WHERE invoice.id IN %s AND source.move_type = 'entry'
              GROUP BY invoice.id
                HAVING MAX(money.date) >= %s
              ORDER BY invoice.id
                """,
                query.subselect(),
                since,
            )
        )
        found = defaultdict(list)
        for customer_id, *row in rows:
            found[customer_id].append(tuple(row))
        return found

    # ------------------------------------------------------------------
    # Search
    # ------------------------------------------------------------------

    @api.model
    def _search_facturex_open(self, operator, value):
        return self._facturex_search_amount(operator, value, late=False)

    @api.model
    def _search_facturex_overdue(self, operator, value):
        return self._facturex_search_amount(operator, value, late=True)

    @api.model
    def _facturex_search_amount(self, operator, value, late):
        """Customers whose amount compares so, in the currency of their company."""
        # whoever has no open item stands at zero and is in no group: where zero
        # matches, look for the others and turn the answer round
        turned = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
        if operator not in turned:
            return NotImplemented
        zero_matches = {">": value < 0, ">=": value <= 0, "<": value > 0}.get(
            operator, value >= 0
        )
        query, key, _company, amount, is_late = self._facturex_receivable_query(
            Domain.TRUE
        )
        query.groupby = key
        query.having = SQL(
            "%s %s %s",
            self._facturex_sum_where(amount, is_late if late else SQL("TRUE")),
            SQL(turned[operator] if zero_matches else operator),
            float(value),
        )
        return Domain(
            "commercial_partner_id",
            "not in" if zero_matches else "in",
            query.select(key),
        )

    # ------------------------------------------------------------------
    # Every figure opens what it counts
    # ------------------------------------------------------------------

    def action_facturex_view_open(self):
        return self._facturex_open_items(self.env._("Open items"), Domain.TRUE)

    def action_facturex_view_overdue(self):
        return self._facturex_open_items(
            self.env._("Overdue items"), self._facturex_late_domain()
        )

    def _facturex_open_items(self, name, domain):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_open_item_action"
        )
        customer = self.commercial_partner_id
        action["name"] = action["display_name"] = name
        action["domain"] = list(
            self._facturex_open_domain()
            & Domain("partner_id.commercial_partner_id", "in", customer.ids)
            & domain
        )
        return action

    def action_facturex_view_invoiced_year(self):
        return self._facturex_open_documents(
            self.env._("Invoiced this year"), self._facturex_year_domain()
        )

    def action_facturex_view_invoiced_total(self):
        return self._facturex_open_documents(
            self.env._("Invoices and credit notes"), Domain.TRUE
        )

    def action_facturex_view_settled(self):
        self.ensure_one()
        self.check_access("read")
        rows = self._facturex_find_settled(self.commercial_partner_id)
        ids = [row[0] for row in rows.get(self.commercial_partner_id.id, [])]
        return self._facturex_open_documents(
            self.env._("Settled in the last 12 months"), Domain("id", "in", ids)
        )

    def _facturex_open_documents(self, name, domain):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_account_document_action"
        )
        action["name"] = action["display_name"] = name
        action["domain"] = list(self._facturex_document_domain() & domain)
        return action
