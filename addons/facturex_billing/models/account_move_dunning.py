from collections import defaultdict

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

    facturex_is_late_claim = fields.Boolean(
        string="Claim of Late Charges", readonly=True, copy=False
    )
    facturex_payment_plan_id = fields.Many2one(
        "facturex.payment.plan",
        string="Payment Plan",
        copy=False,
        readonly=True,
        check_company=True,
        index="btree_not_null",
        ondelete="set null",
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
                    # no amount follows from it: Odoo need not look at the lines
                    same = same.with_context(
                        skip_invoice_sync=True, check_move_validity=False
                    )
                    same.facturex_law_profile_id = profile

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_facturex_late_charges(self):
        """What late payment of these invoices costs, to date."""
        charges = self.env["facturex.late.charge"]
        charges.check_access("write")
        lines = self.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable" and line.amount_currency > 0
            )
        )
        charges._accrue(lines, fields.Date.context_today(self))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_late_charge_action"
        )
        return action | {"domain": [("move_id", "in", self.ids)], "context": {}}

    def action_facturex_payment_plan(self):
        """The plan of the invoice, else a new proposal for what is open."""
        plan = self.facturex_payment_plan_id.filtered(
            lambda p: p.state in ("draft", "active")
        )[:1]
        if not plan:
            plan = self.env["facturex.payment.plan"]._propose(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payment Plan"),
            "res_model": plan._name,
            "res_id": plan.id,
            "view_mode": "form",
        }

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

    def _facturex_missed_dates(self, date):
        """Of a regular supply: which missed due date of its calendar year each one is.

        An invoice of a subscription counts once its customer was reminded of it; those
        that are about to be come next, the oldest first.

        :return: {move id: 1 for the first}; what is no regular supply is not in it
        """
        regular = self.filtered("facturex_subscription_id")
        if not regular:
            return {}

        def contract(move):
            year = (move.invoice_date_due or move.date).year
            return move.facturex_subscription_id, year

        supplies = regular.facturex_subscription_id
        told = self.env["facturex.dunning.notice.line"].search(
            [
                ("move_id.facturex_subscription_id", "in", supplies.ids),
                ("is_void", "=", False),
                ("notice_id.state", "=", "sent"),
                ("date_told", "<=", date),
            ]
        )
        missed = defaultdict(dict)  # ordered: the first reminded is the first missed
        for line in told.sorted(lambda line: (line.date_told, line.id)):
            if line._get_law_message():
                missed[contract(line.move_id)].setdefault(line.move_id.id)
        for move in regular.sorted(lambda m: (m.invoice_date_due or m.date, m.id)):
            missed[contract(move)].setdefault(move.id)
        return {
            move_id: rank
            for moves in missed.values()
            for rank, move_id in enumerate(moves, 1)
        }
