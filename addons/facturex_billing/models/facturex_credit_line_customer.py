"""The line as its customer sees it: figures of today, and what he is told by mail."""

from datetime import timedelta

from odoo import api, fields, models

RECENT = timedelta(days=90)
SHOWN = 10


class FacturexCreditLine(models.Model):
    _inherit = "facturex.credit.line"

    def _tell_customer(self, alert):
        """A mail: what happened to his deferred payment, and what he may do.

        :param alert: `use`, `overdue`, `iban` or `open` (bought again)
        """
        template = self.env.ref("facturex_billing.mail_template_credit_alert")
        # facts tell the customer, whoever caused them
        template = template.sudo()
        for line in self.sudo():  # see above
            if line.partner_id.email:
                template.with_context(facturex_alert=alert).send_mail(line.id)

    @api.model
    def _today(self):
        return fields.Date.context_today(self)

    def _get_terms(self):
        """The conditions a purchase of today accepts."""
        return self.env["facturex.credit.terms"]._current(
            self.company_id, self._today()
        )

    def _portal_figures(self):
        """What the customer sees of his line, computed from documents of today."""
        self.ensure_one()
        invoices = self.env["account.move"].search(
            [
                ("facturex_credit_line_id", "=", self.id),
                ("state", "=", "posted"),
                ("move_type", "=", "out_invoice"),
            ],
            order="invoice_date_due, id",
        )
        unpaid = invoices.filtered(
            lambda move: move.payment_state in ("not_paid", "partial")
        )
        settlements = self.settlement_ids.filtered(
            lambda settlement: settlement.state in ("done", "reversed")
        )
        return {
            "unpaid": unpaid,
            "paid": (invoices - unpaid)[-SHOWN:],
            "overdue": unpaid.filtered(
                lambda move: move.invoice_date_due < self._today()
            ),
            "way_out": self._way_out(),
            "rows": self._portal_rows(),
            "settlements": settlements[:SHOWN],
        }

    def _portal_rows(self):
        """:return: [(what, unpaid, overdue, paid lately, currency)]"""
        company = self.company_id
        bought = self._sums([("facturex_credit_line_id", "=", self.id)])
        rows = [(self.env._("Your purchases"), *bought, company.currency_id)]
        if own := self._own_company():
            sold = self._sums([("company_id", "=", own.id)])
            rows.append((self.env._("Your sales"), *sold, own.currency_id))
        if company.facturex_credit_collect_account_id:
            held = self._collected_sums()
            rows.append((self.env._("Collected for you"), *held, company.currency_id))
        return rows

    def _sums(self, domain):
        """:return: (unpaid, of which overdue, paid of what is recent)"""
        today = self._today()
        # its own documents, shown to itself only
        moves = self.env["account.move"].sudo()
        documents = [
            *domain,
            ("state", "=", "posted"),
            ("move_type", "in", ("out_invoice", "out_refund")),
        ]
        late = [("invoice_date_due", "<", today), ("move_type", "=", "out_invoice")]
        recent = [("invoice_date", ">=", today - RECENT)]
        left, total = "amount_residual_signed:sum", "amount_total_signed:sum"
        [[unpaid]] = moves._read_group(documents, [], [left])
        [[overdue]] = moves._read_group(documents + late, [], [left])
        [[billed, still]] = moves._read_group(documents + recent, [], [total, left])
        return unpaid or 0, overdue or 0, (billed or 0) - (still or 0)

    def _collected_sums(self):
        """:return: (held for the customer, None, paid out or netted lately)"""
        # what the seller holds for this customer, told to it only
        items = self.env["account.move.line"].sudo()
        account = self.company_id.facturex_credit_collect_account_id
        domain = [
            ("company_id", "=", self.company_id.id),
            ("account_id", "=", account.id),
            ("partner_id", "child_of", self.partner_id.id),
            ("parent_state", "=", "posted"),
        ]
        recent = [("date", ">=", self._today() - RECENT), ("balance", "<", 0)]
        [[held]] = items._read_group(domain, [], ["balance:sum"])
        [[came, left]] = items._read_group(
            domain + recent, [], ["balance:sum", "amount_residual:sum"]
        )
        return -(held or 0), None, (left or 0) - (came or 0)

    def _own_company(self):
        """The company of this database that is the customer itself, or none."""
        self.ensure_one()
        # whether a partner is a company here is no secret of either
        return (
            self.env["res.company"]
            .sudo()
            .search([("partner_id", "=", self.partner_id.id)], limit=1)
        )
