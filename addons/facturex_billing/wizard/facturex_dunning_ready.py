from odoo import api, fields, models

from ..engine import law


class FacturexDunningReady(models.TransientModel):
    """A policy in two choices: for whom, and how firmly. Lawful by construction."""

    _name = "facturex.dunning.ready"
    _description = "Add a Ready-Made Policy"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    profile_id = fields.Many2one(
        "facturex.law.profile",
        string="For Customers Of",
        required=True,
        check_company=True,
        default=lambda self: self._default_profile_id(),
    )
    summary = fields.Text(related="profile_id.summary")
    firmness = fields.Selection(
        [("friendly", "Friendly"), ("standard", "Standard"), ("firm", "Firm")],
        required=True,
        default="standard",
    )
    clause_missing = fields.Boolean(compute="_compute_clause_missing")

    @api.model
    def _default_profile_id(self):
        company = self.env.company
        country = (company.account_fiscal_country_id or company.country_id).code
        profiles = self.env["facturex.law.profile"]
        return profiles._get(profiles._propose_code("b2b", country, country), company)

    @api.depends("profile_id", "company_id")
    def _compute_clause_missing(self):
        for ready in self:
            ready.clause_missing = (
                ready.profile_id.needs_clause
                and not ready.company_id.facturex_penalty_clause
            )

    # ------------------------------------------------------------------
    # What is ready-made
    # ------------------------------------------------------------------

    def _get_ladder(self):
        """[(kind of text, days after the due date, values)] for the choices."""
        self.ensure_one()
        profile = self.profile_id
        rules = profile._to_engine(self.company_id, fields.Date.context_today(self))
        charge = law.CHARGE_NONE
        if not self.clause_missing and profile.interest != law.INTEREST_NONE:
            charge = law.CHARGE_INTEREST
            if rules.tiers:
                charge = law.CHARGE_TIERED
            elif rules.fixed:
                charge = law.CHARGE_FIXED
        claims = {"charge": charge}
        if self.firmness == "friendly":
            return [("first", 7, {}), ("second", 21, {}), ("last", 35, {})]
        if profile.interest == law.INTEREST_DELAY:
            return self._get_ladder_after_delay(claims, rules)
        if profile.interest == law.INTEREST_NOTICE:
            days = (7, 15, 30, 45) if self.firmness == "standard" else (5, 12, 20, 35)
            return [
                ("first", days[0], {}),
                ("second", days[1], {}),
                ("formal", days[2], {"formal_notice": True, "channel_2": "letter"}),
                ("last", days[3], claims | {"hand_over": self.firmness == "firm"}),
            ]
        if profile.interest == law.INTEREST_NONE:
            return [("first", 7, {}), ("second", 15, {}), ("last", 30, {})]
        formal = claims | {"formal_notice": True, "channel_2": "letter"}
        if self.firmness == "standard":
            return [
                ("first", 3, {}),
                ("second", 10, {}),
                ("charged", 20, claims),
                ("formal", 30, formal),
            ]
        return [
            ("courtesy", -3, {}),
            ("first", 3, {}),
            ("charged", 10, claims),
            ("formal", 20, formal | {"block_new_orders": True}),
            ("last", 30, claims | {"hand_over": True}),
        ]

    def _get_ladder_after_delay(self, claims, rules):
        """The first reminder and its legal delay, then what may be claimed."""
        first = 7 if self.firmness == "standard" else 3
        # a letter takes longer: the days that both ways leave
        second = first + rules.min_delay_days + rules.post_offset_days + 1
        cost = {}
        if self.firmness == "firm" and claims["charge"] != law.CHARGE_NONE:
            cost = {"fee_amount": float(rules.max_fee or 0)}
        return [
            ("first", first, {"channel_2": "letter"}),
            ("charged", second, claims | cost),
            ("last", second + 15, claims | {"hand_over": self.firmness == "firm"}),
        ]

    @api.model
    def _get_names(self):
        return {
            "courtesy": self.env._("Friendly announcement"),
            "first": self.env._("Friendly reminder"),
            "second": self.env._("Second reminder"),
            "charged": self.env._("Reminder with charges"),
            "formal": self.env._("Formal notice"),
            "last": self.env._("Last reminder"),
        }

    @api.model
    def _get_texts(self):
        """The texts in the language of the context."""
        return {
            "courtesy": self.env._(
                "Dear {customer},\n\nThe invoice {invoices} of {amount_due} falls due"
                " on {due_date}. Nothing needs to be done if the payment is under"
                " way.\n\nKind regards,\n{company}"
            ),
            "first": self.env._(
                "Dear {customer},\n\nUnless we are mistaken, {amount_due} is still open"
                " for {invoices}, due on {due_date}. You probably overlooked it: please"
                " pay it now.\n\nKind regards,\n{company}"
            ),
            "second": self.env._(
                "Dear {customer},\n\nWe have had no answer to our reminder:"
                " {amount_due} is still open for {invoices}. Please pay it within a"
                " week, or tell us what keeps you from paying.\n\n"
                "Kind regards,\n{company}"
            ),
            "charged": self.env._(
                "Dear {customer},\n\nIn spite of our reminders {amount_due} is still"
                " open for {invoices}. To date you owe us, besides, interest of"
                " {amount_interest} and {amount_fee} of compensation and costs:"
                " {amount_total} in all.\n\nKind regards,\n{company}"
            ),
            "formal": self.env._(
                "Dear {customer},\n\nWe hereby give you formal notice to pay"
                " {amount_total} within eight days: {amount_due} for {invoices},"
                " interest of {amount_interest} and {amount_fee} of compensation and"
                " costs. Failing that we shall claim the debt by all legal means.\n\n"
                "Kind regards,\n{company}"
            ),
            "last": self.env._(
                "Dear {customer},\n\nThis is our last reminder. {amount_total} is open"
                " for {invoices}. Without payment or answer within eight days the file"
                " is handed over for collection.\n\nKind regards,\n{company}"
            ),
        }

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_create(self):
        self.ensure_one()
        policy = self._create_policy()
        return {
            "type": "ir.actions.act_window",
            "res_model": policy._name,
            "res_id": policy.id,
            "view_mode": "form",
        }

    def _create_policy(self):
        """The policy, its names and texts in every language in use."""
        self.ensure_one()
        ladder = self._get_ladder()
        policy = self.env["facturex.dunning.policy"].create(
            {
                "name": self._get_policy_name(),
                "company_id": self.company_id.id,
                "profile_id": self.profile_id.id,
                "step_ids": [
                    fields.Command.create(
                        {"sequence": index * 10, "delay_days": days}
                        | self._get_words(kind, first=kind == "first")
                        | values
                    )
                    for index, (kind, days, values) in enumerate(ladder, 1)
                ],
            }
        )
        steps = policy.step_ids.sorted("sequence")
        for lang, _label in self.env["res.lang"].get_installed():
            local = self.with_context(lang=lang)
            policy.with_context(lang=lang).name = local._get_policy_name()
            for step, (kind, _days, _values) in zip(steps, ladder, strict=True):
                step.with_context(lang=lang).write(
                    local._get_words(kind, first=kind == "first")
                )
        return policy

    def _get_policy_name(self):
        choices = dict(self._fields["firmness"]._description_selection(self.env))
        return f"{self.profile_id.name} · {choices[self.firmness]}"

    def _get_words(self, kind, first):
        text = self._get_texts()[kind]
        if first and self.profile_id.mentions:
            text = f"{text}\n\n{self.profile_id.legal_text}"
        return {"name": self._get_names()[kind], "text_body": text}
