"""A quote that was accepted: the proof, the invoice it starts, what is left."""

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, str2bool

ON_ACCEPTANCE = [
    ("none", "Nothing"),
    ("deposit", "Invoice a deposit"),
    ("full", "Invoice all of it"),
]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    facturex_acceptance_ids = fields.One2many(
        "facturex.acceptance", "order_id", string="Proof of Acceptance"
    )
    facturex_on_acceptance = fields.Selection(
        ON_ACCEPTANCE,
        string="When Accepted",
        compute="_compute_facturex_on_acceptance",
        store=True,
        readonly=False,
        precompute=True,
        copy=True,
    )
    facturex_deposit_percent = fields.Float(
        string="Deposit (%)",
        compute="_compute_facturex_on_acceptance",
        store=True,
        readonly=False,
        precompute=True,
    )
    facturex_invoice_claimed = fields.Boolean(readonly=True, copy=False)
    facturex_invoice_problem = fields.Char(
        string="Invoice Not Made", readonly=True, copy=False
    )
    facturex_left_to_order = fields.Monetary(
        string="Left to Order", compute="_compute_facturex_left"
    )
    facturex_left_to_invoice = fields.Monetary(
        string="Left to Invoice", compute="_compute_facturex_left"
    )

    @api.depends("company_id")
    def _compute_facturex_on_acceptance(self):
        for order in self:
            if order.state in ("sale", "cancel") and order.facturex_on_acceptance:
                continue
            company = order.company_id
            order.facturex_on_acceptance = company.facturex_on_acceptance or "none"
            order.facturex_deposit_percent = company.facturex_deposit_percent

    @api.constrains("facturex_on_acceptance", "facturex_deposit_percent")
    def _check_facturex_deposit_percent(self):
        for order in self:
            if order.facturex_on_acceptance == "deposit" and not (
                0 < order.facturex_deposit_percent < 100
            ):
                raise UserError(
                    self.env._("A deposit is more than 0 and less than 100 percent.")
                )

    # ------------------------------------------------------------------
    # Amounts left in the chain
    # ------------------------------------------------------------------

    @api.depends("state", "amount_total", "order_line.invoice_lines.parent_state")
    def _compute_facturex_left(self):
        invoiced = self._facturex_invoiced()
        for order in self:
            quote = order.state in ("draft", "sent")
            order.facturex_left_to_order = order.amount_total if quote else 0
            left = order.amount_total - invoiced.get(order._origin.id, 0)
            order.facturex_left_to_invoice = (
                max(left, 0) if order.state == "sale" else 0
            )

    def _facturex_invoiced(self):
        """:return: {order id: posted invoices less credit notes, taxes included}, in
        the order's currency, by one query for all orders
        """
        orders = self._origin
        if not orders.ids:
            return {}
        self.env["account.move.line"].flush_model(["price_total", "parent_state"])
        self.env["sale.order.line"].flush_model(["invoice_lines", "order_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sol.order_id, aml.currency_id,
                       SUM(aml.price_total * CASE WHEN move.move_type = 'out_refund'
                                                  THEN -1 ELSE 1 END)
                  FROM sale_order_line sol
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sol.id
                  JOIN account_move_line aml ON aml.id = rel.invoice_line_id
                  JOIN account_move move ON move.id = aml.move_id
                 WHERE sol.order_id IN %s AND aml.parent_state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
              GROUP BY sol.order_id, aml.currency_id
                """,
                tuple(orders.ids),
            )
        )
        result = {}
        by_id = {order.id: order for order in orders}
        for order_id, currency_id, amount in rows:
            order = by_id[order_id]
            currency = self.env["res.currency"].browse(currency_id)
            if currency != order.currency_id:
                amount = currency._convert(
                    amount,
                    order.currency_id,
                    order.company_id,
                    fields.Date.context_today(self),
                )
            result[order_id] = result.get(order_id, 0) + float(amount)
        return result

    def action_facturex_view_left(self):
        """The lines behind the figure: ordered, invoiced, left."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.sale_order_line_action_left"
        )
        action["domain"] = [("order_id", "in", self.ids), ("display_type", "=", False)]
        return action

    # ------------------------------------------------------------------
    # Proof
    # ------------------------------------------------------------------

    def _facturex_terms(self):
        """The terms the customer read: those of the quote and those it links to."""
        self.ensure_one()
        parts = [self.note or ""]
        company = self.company_id.with_context(lang=self._get_lang())
        if company.terms_type == "html":
            parts.append(company.invoice_terms_html or "")
        return "\n".join(str(part) for part in parts)

    def _facturex_record_signature(self, document, user, ip, user_agent):
        """Called once the customer has signed on the portal.

        :param user: who was logged in there; the public user is nobody
        """
        self.ensure_one()
        return self.env["facturex.acceptance"]._record(
            self,
            document,
            method="signature",
            signer=self.signed_by or self.partner_id.name,
            accepted_at=self.signed_on,
            key=f"signature-{self.id}-{self.signed_on}",
            partner_id=self.partner_id.id if user._is_public() else user.partner_id.id,
            user_id=False if user._is_public() else user.id,
            ip=ip,
            user_agent=user_agent,
        )

    def _facturex_record_payment(self, transaction):
        """Called when an online payment confirmed the quote."""
        self.ensure_one()
        return self.env["facturex.acceptance"]._record(
            self,
            self._facturex_print(),
            method="payment",
            signer=transaction.partner_name or transaction.partner_id.name,
            accepted_at=fields.Datetime.now(),
            key=f"payment-{self.id}-{transaction.id}",
            partner_id=transaction.partner_id.id,
            user_id=transaction.facturex_user_id.id,
            ip=transaction.facturex_ip,
            user_agent=transaction.facturex_user_agent,
            transaction_id=transaction.id,
        )

    def _facturex_print(self):
        """:return: the PDF, or None: money that came in is not lost for a printer"""
        try:
            with self.env.cr.savepoint():
                # the report of an order the customer just paid for
                report = self.env["ir.actions.report"].sudo()
                return report._render_qweb_pdf(
                    "sale.action_report_saleorder", self.ids
                )[0]
        except UserError as error:
            self._facturex_warn(
                self.env._("Proof of acceptance without document"), str(error)
            )
            return None

    # ------------------------------------------------------------------
    # Invoice
    # ------------------------------------------------------------------

    def action_confirm(self):
        result = super().action_confirm()
        for order in self:
            order._facturex_invoice_on_acceptance()
        return result

    def action_facturex_invoice_on_acceptance(self):
        """Try again, once what stood in the way is repaired."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "sale":
            raise UserError(self.env._("Confirm the quote first."))
        self._facturex_invoice_on_acceptance()

    def _facturex_invoice_on_acceptance(self):
        """Make the invoice the company chose; a failure leaves the order accepted.

        The company's choice acts, whoever accepts: the customer on the portal has no
        right on invoices, nor needs one.
        """
        self.ensure_one()
        if self.facturex_on_acceptance not in ("deposit", "full"):
            return
        if self._facturex_odoo_invoices():
            return
        internal = self.env.user._is_internal()
        order = self if internal else self.with_user(SUPERUSER_ID)
        # see the docstring
        order = order.sudo().with_company(self.company_id)
        try:
            with self.env.cr.savepoint():
                if order._facturex_claim_invoice():
                    order._facturex_make_invoice()
                    order.facturex_invoice_problem = False
        except (UserError, psycopg2.IntegrityError) as error:
            order.facturex_invoice_problem = str(error)
            order._facturex_warn(self.env._("Invoice not made"), str(error))

    def _facturex_odoo_invoices(self):
        """Odoo's own automatic invoice of a paid order: two would be one too many."""
        # a setting of the whole database
        parameters = self.env["ir.config_parameter"].sudo()
        automatic = str2bool(parameters.get_param("sale.automatic_invoice"))
        # the customer may not read the transactions of others
        paid = self.sudo().transaction_ids.filtered(lambda tx: tx.state == "done")
        return bool(automatic and paid)

    def _facturex_claim_invoice(self):
        """:return: whether this call is the one that makes the invoice"""
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE sale_order SET facturex_invoice_claimed = true
                 WHERE id = %s AND facturex_invoice_claimed IS NOT TRUE RETURNING id
                """,
                self.id,
            )
        )
        self.invalidate_recordset(["facturex_invoice_claimed"])
        return bool(rows)

    def _facturex_make_invoice(self):
        self.ensure_one()
        if self.facturex_on_acceptance == "deposit":
            wizard = self.env["sale.advance.payment.inv"].create(
                {
                    "sale_order_ids": [fields.Command.set(self.ids)],
                    "advance_payment_method": "percentage",
                    "amount": self.facturex_deposit_percent,
                }
            )
            invoice = wizard._create_invoices(self)
        else:
            self._force_lines_to_invoice_policy_order()
            invoice = self._create_invoices(final=True)
        invoice.ensure_one().facturex_acceptance_order_id = self
        if self.company_id.facturex_acceptance_post:
            invoice.action_post()
        return invoice
