from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    facturex_penalty_clause = fields.Boolean(
        string="Our Conditions Hold a Penalty Clause",
        help="Consumers in Belgium pay charges only where the conditions of sale that"
        " they accepted say so.",
    )
    facturex_small_creditor = fields.Boolean(
        string="We Are a Small Company",
        default=True,
        help="Book XIX of the Belgian Code of Economic Law: interest of a consumer then"
        " runs from the day after the first reminder, else only after its delay.",
    )
    facturex_use_last_rate = fields.Boolean(
        string="Go On with the Last Known Rate",
        help="Off: when the legal rate of a period is missing, no interest is charged"
        " and a task asks for it.",
    )
    facturex_interest_account_id = fields.Many2one(
        "account.account",
        string="Account of Late Interest",
        check_company=True,
        domain="[('account_type', 'in', ('income', 'income_other'))]",
    )
    facturex_fee_account_id = fields.Many2one(
        "account.account",
        string="Account of Late Payment Fees",
        check_company=True,
        domain="[('account_type', 'in', ('income', 'income_other'))]",
    )

    @api.constrains("facturex_penalty_clause")
    def _check_facturex_penalty_clause(self):
        """Without the clause, a policy that charges consumers is unlawful."""
        self.env["facturex.dunning.policy"].search(
            [("company_id", "in", self.ids)]
        )._check_law()

    def _facturex_charge_account(self, kind):
        """The account of a late charge: chosen, else the chart's usual one.

        :param kind: `interest` or `fee`
        """
        self.ensure_one()
        chosen = self[f"facturex_{kind}_account_id"]
        if chosen:
            return chosen
        names = {"interest": ("a751", "pcg_7631"), "fee": ("a743", "pcg_758")}[kind]
        chart = self.env["account.chart.template"].with_company(self)
        for name in names:
            if account := chart.ref(name, raise_if_not_found=False):
                return account
        return self.env["account.account"]
