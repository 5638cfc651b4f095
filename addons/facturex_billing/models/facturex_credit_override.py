"""Above the limit, once, for one document: a manager, a reason, a second manager."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class FacturexCreditOverride(models.Model):
    _name = "facturex.credit.override"
    _description = "Override of a Deferred Payment Limit"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "document"
    _check_company_auto = True

    line_id = fields.Many2one(
        "facturex.credit.line",
        string="Deferred Payment",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    partner_id = fields.Many2one(related="line_id.partner_id", string="Customer")
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        model_field="res_model", required=True, readonly=True
    )
    document = fields.Char(required=True, readonly=True)
    amount = fields.Monetary(
        string="Above the Limit",
        required=True,
        readonly=True,
        help="The document may exceed the limit by so much.",
    )
    reason = fields.Char(required=True, readonly=True)
    requested_by = fields.Many2one("res.users", required=True, readonly=True)
    approved_by = fields.Many2one("res.users", readonly=True)
    state = fields.Selection(
        [
            ("requested", "Waits for a second manager"),
            ("approved", "Approved"),
            ("used", "Used"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        tracking=True,
    )

    _check_amount = models.Constraint(
        "CHECK(amount > 0)", "An override goes above the limit."
    )

    @api.model
    def _ask(self, line, document, amount, reason):
        """:return: the override, approved at once when the amount is small enough"""
        line._check_manager()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the limit may be exceeded."))
        alone = (
            line.currency_id._convert(
                amount,
                line.company_id.currency_id,
                line.company_id,
                fields.Date.context_today(self),
            )
            <= line.company_id.facturex_credit_four_eyes
        )
        # only this and `action_approve` decide: nobody writes an override by hand
        override = self.sudo().create(
            {
                "line_id": line.id,
                "res_model": document._name,
                "res_id": document.id,
                "document": document.display_name,
                "amount": amount,
                "reason": reason.strip(),
                "requested_by": self.env.uid,
                "approved_by": self.env.uid if alone else False,
                "state": "approved" if alone else "requested",
            }
        )
        # everybody who follows the line reads who allowed what
        line.sudo().message_post(
            body=self.env._(
                "Override of %(amount)s for %(document)s: %(reason)s",
                amount=line.currency_id.format(amount),
                document=document.display_name,
                reason=reason,
            )
        )
        return override.with_env(self.env)

    def action_approve(self):
        """The second manager."""
        for override in self:
            override.line_id._check_manager()
            if override.state != "requested":
                raise UserError(self.env._("This override was decided already."))
            if override.requested_by == self.env.user:
                raise UserError(
                    self.env._("You asked for it: another manager approves it.")
                )
            # see _ask
            override.sudo().write({"state": "approved", "approved_by": self.env.uid})

    def action_cancel(self):
        for override in self:
            override.line_id._check_manager()
            if override.state not in ("requested", "approved"):
                raise UserError(self.env._("This override was decided already."))
            override.sudo().state = "cancelled"  # see _ask

    @api.model
    def _take(self, line, documents):
        """Use up what was approved for these documents.

        :return: (cents above the limit, reason); (0, False) without override
        """
        # who may was checked above; see _ask
        found = self.sudo().search(
            [
                ("line_id", "=", line.id),
                ("state", "=", "approved"),
                ("res_model", "in", [doc._name for doc in documents]),
            ]
        )  # who buys needs no right on what was decided about it
        wanted = {(doc._name, doc.id) for doc in documents}
        for doc in documents:
            # an order was allowed: so is its invoice
            if doc._name == "account.move":
                # what came of an override follows from the document
                orders = doc.sudo().invoice_line_ids.sale_line_ids.order_id
                wanted |= {("sale.order", order.id) for order in orders}
        found = found.filtered(lambda o: (o.res_model, o.res_id) in wanted)
        if not found:
            return 0, False
        found.state = "used"
        cents = sum(line._to_cents(override.amount) for override in found)
        return cents, ", ".join(found.mapped("reason"))
