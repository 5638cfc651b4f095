from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_law_profile_id = fields.Many2one(
        "facturex.law.profile",
        string="Legal Profile",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="What the customer was when the invoice was posted: it decides what a"
        " reminder may claim.",
    )
    facturex_dunning_policy_id = fields.Many2one(
        "facturex.dunning.policy",
        string="Reminder Policy",
        copy=False,
        check_company=True,
        index="btree_not_null",
        help="Empty: the customer's policy.",
    )

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._facturex_freeze_law_profile()
        return posted

    def _facturex_freeze_law_profile(self):
        """The quality of the debtor at the date of the contract rules."""
        moves = self.filtered(
            lambda m: (
                m.is_sale_document(include_receipts=True)
                and not m.facturex_law_profile_id
            )
        )
        for company, own in moves.grouped("company_id").items():
            profiles = own.partner_id._facturex_law_profiles(company)
            for profile, same in own.grouped(
                lambda m, profiles=profiles: profiles.get(m.partner_id.id)
            ).items():
                if profile:
                    same.facturex_law_profile_id = profile

    def _facturex_law_profiles(self):
        """{move id: profile}: the frozen one, as its company now words it."""
        found, unknown = {}, self.browse()
        effective = {}
        for move in self:
            profile = move.facturex_law_profile_id
            if not profile:
                unknown += move
                continue
            key = (profile, move.company_id)
            if key not in effective:
                # the law is public, whoever reads the invoice
                effective[key] = (
                    profile.sudo()._effective(move.company_id)[profile.sudo()]
                ).with_env(self.env)
            found[move.id] = effective[key]
        for company, moves in unknown.grouped("company_id").items():
            profiles = moves.partner_id._facturex_law_profiles(company)
            for move in moves:
                found[move.id] = profiles.get(
                    move.partner_id.id, self.env["facturex.law.profile"]
                )
        return found
