from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner_account import USER


class ResPartner(models.Model):
    """The subscriptions of a customer: those of all his contacts, in the companies of
    the switcher, worth per month in the currency of the first one."""

    _inherit = "res.partner"

    facturex_subscription_ids = fields.Many2many(
        "facturex.subscription",
        string="Subscriptions",
        compute="_compute_facturex_subscription_ids",
        groups=USER,
    )
    facturex_subscription_count = fields.Integer(
        string="Running Subscriptions",
        compute="_compute_facturex_subscription_mrr",
        groups=USER,
    )
    facturex_subscription_mrr = fields.Monetary(
        string="Subscriptions per Month",
        currency_field="facturex_currency_id",
        compute="_compute_facturex_subscription_mrr",
        groups=USER,
        help="What the running subscriptions are worth per month, without VAT.",
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("allowed_company_ids")
    def _compute_facturex_subscription_ids(self):
        for partner in self:  # shown on the form only
            partner.facturex_subscription_ids = self.env[
                "facturex.subscription"
            ].search(partner._facturex_subscription_domain(), order="state, next_date")

    @api.depends("commercial_partner_id")
    @api.depends_context("allowed_company_ids", "tz")
    def _compute_facturex_subscription_mrr(self):
        """One grouped query for all partners of a list."""
        currency, company = self.env.company.currency_id, self.env.company
        today = fields.Date.context_today(self)
        found = {}
        for customer, own, mrr, count in self.env["facturex.subscription"]._read_group(
            self._facturex_subscription_domain() & Domain("state", "=", "running"),
            ["partner_id.commercial_partner_id", "currency_id"],
            ["amount_mrr:sum", "__count"],
        ):
            before = found.get(customer.id, (0.0, 0))
            amount = own._convert(mrr, currency, company, today)
            found[customer.id] = before[0] + amount, before[1] + count
        for partner in self:
            mrr, count = found.get(partner.commercial_partner_id.id, (0.0, 0))
            partner.facturex_subscription_mrr = mrr
            partner.facturex_subscription_count = count

    def _facturex_subscription_domain(self):
        customers = self.commercial_partner_id.ids
        return Domain(
            [
                ("partner_id.commercial_partner_id", "in", customers),
                ("company_id", "in", self.env.companies.ids),
            ]
        )

    def action_facturex_view_subscriptions(self):
        """The running ones, which the figures count."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_subscription_action"
        )
        running = Domain("state", "=", "running")
        action["domain"] = list(self._facturex_subscription_domain() & running)
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action
