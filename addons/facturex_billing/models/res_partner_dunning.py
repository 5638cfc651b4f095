from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    facturex_law_profile_id = fields.Many2one(
        "facturex.law.profile",
        string="Legal Profile",
        company_dependent=True,
        help="Empty: proposed from the country, the VAT number and whether it is a"
        " company.",
    )
    facturex_law_profile_proposed_id = fields.Many2one(
        "facturex.law.profile",
        string="Legal Profile in Use",
        compute="_compute_facturex_law_profile_proposed_id",
    )
    facturex_dunning_policy_id = fields.Many2one(
        "facturex.dunning.policy",
        string="Reminder Policy",
        company_dependent=True,
        help="Empty: the policy of the customer's tags, else of its legal profile.",
    )

    def _compute_facturex_law_profile_proposed_id(self):
        profiles = self._facturex_law_profiles(self.env.company)
        for partner in self:
            partner.facturex_law_profile_proposed_id = profiles[partner.id]

    def _facturex_law_nature(self):
        """`b2b` or `b2c`; a public buyer is told by hand."""
        self.ensure_one()
        customer = self.commercial_partner_id
        return "b2b" if customer.is_company or customer.vat else "b2c"

    def _facturex_law_profiles(self, company):
        """The profile of each partner, for `company`, in a few queries.

        :return: {partner id: `facturex.law.profile`}
        """
        # the law is public; whoever posts an invoice need not be a user of reminders
        Profile = self.env["facturex.law.profile"].sudo()
        seller = (company.account_fiscal_country_id or company.country_id).code
        by_code, found = {}, {}
        # only which profile was chosen is read of the customer
        for partner in self.sudo().with_company(company):
            customer = partner.commercial_partner_id
            chosen = customer.facturex_law_profile_id
            code = chosen.code or Profile._propose_code(
                customer._facturex_law_nature(), seller, customer.country_id.code
            )
            if code not in by_code:
                by_code[code] = Profile._get(code, company)
            found[partner.id] = (by_code[code] or chosen).with_env(self.env)
        return found

    def _facturex_law_profile(self, company):
        """The law that a reminder of `company` to this customer must respect."""
        self.ensure_one()
        return self._facturex_law_profiles(company)[self.id]
