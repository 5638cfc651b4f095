from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import dunning, law


class FacturexDunningPolicy(models.Model):
    _inherit = "facturex.dunning.policy"

    profile_id = fields.Many2one(
        "facturex.law.profile",
        string="For Customers Of",
        check_company=True,
        index=True,
        ondelete="restrict",
        help="The law that this policy must respect. Empty: any customer, and then no"
        " charges.",
    )
    profile_summary = fields.Text(related="profile_id.summary")
    category_ids = fields.Many2many(
        "res.partner.category",
        string="Customer Tags",
        help="Customers with one of these tags follow this policy.",
    )
    contract_rate = fields.Float(
        string="Agreed Rate (%)",
        digits=(6, 3),
        help="Yearly interest of your conditions of sale; 0: the legal rate.",
    )

    _check_contract_rate = models.Constraint(
        "CHECK(contract_rate >= 0 AND contract_rate <= 100)",
        "An agreed rate lies between 0 and 100 %.",
    )

    @api.constrains("profile_id", "contract_rate", "step_ids", "active")
    def _check_law(self):
        today = fields.Date.context_today(self)
        for policy in self.filtered("active"):
            profile = policy._get_law(today)
            violations = law.check_policy(
                profile,
                [
                    step._to_engine_terms()
                    for step in policy.step_ids.sorted(lambda s: (s.sequence, s.id))
                ],
                clause=policy.company_id.facturex_penalty_clause,
                contract_rate=policy._get_contract_rate(),
            )
            if violations:
                raise ValidationError(
                    self.env._(
                        "The policy %(policy)s breaks the law of “%(profile)s”:",
                        policy=policy.name,
                        profile=policy.profile_id.name or self.env._("any customer"),
                    )
                    + "\n"
                    + "\n".join(
                        f"- {policy._say_violation(violation)}"
                        for violation in violations
                    )
                )

    def _get_law(self, date):
        """The rules of the profile; without profile no charge is lawful for all."""
        self.ensure_one()
        profile = self.profile_id
        if not profile:
            return law.Profile("")
        effective = profile._effective(self.company_id)[profile]
        return effective._to_engine(self.company_id, date, self.company_id.currency_id)

    def _get_contract_rate(self):
        return Decimal(str(self.contract_rate)) if self.contract_rate else None

    def _say_violation(self, violation):
        """A rule in the user's words: which level, what the law wants."""
        level = violation.name
        if violation.code == law.MENTION_MISSING:
            names = ", ".join(f"{{{name}}}" for name in violation.missing)
            return self.env._(
                "“%(level)s”: the text of the first reminder must state %(fields)s.",
                level=level,
                fields=names,
            )
        messages = {
            law.FIRST_NOT_FREE: self.env._(
                "“%s”: nothing may be claimed nor handed over before a first, free"
                " reminder after the due date.",
                level,
            ),
            law.TOO_EARLY: self.env._(
                "“%(level)s”: the customer has a legal delay to pay after the first"
                " reminder; charges at the earliest %(days)s days after the due date.",
                level=level,
                days=violation.value,
            ),
            law.NOT_WRITTEN: self.env._(
                "“%s”: the first reminder is a written one, by e-mail or letter.", level
            ),
            law.INTEREST_FORBIDDEN: self.env._(
                "“%s”: no interest may be asked.", level
            ),
            law.FIXED_FORBIDDEN: self.env._(
                "“%s”: no fixed compensation may be asked.", level
            ),
            law.TIERED_FORBIDDEN: self.env._(
                "“%s”: no indemnity by tiers may be asked.", level
            ),
            law.CLAUSE_NEEDED: self.env._(
                "“%s”: charges need a penalty clause in your conditions of sale. If"
                " they have one, tick it in the company settings.",
                level,
            ),
            law.NOTICE_NEEDED: self.env._(
                "“%s”: interest needs a formal notice at an earlier level.", level
            ),
            law.FEE_ABOVE_MAX: self.env._(
                "“%(level)s”: a reminder may cost at most %(amount)s.",
                level=level,
                amount=violation.value,
            ),
            law.RATE_BELOW_FLOOR: self.env._(
                "The agreed rate is below the lowest lawful one, %s %%.",
                violation.value,
            ),
        }
        return messages[violation.code]

    # ------------------------------------------------------------------
    # Which policy governs an invoice
    # ------------------------------------------------------------------

    @api.model
    def _select_for(self, lines):
        """The policy of each receivable line, in a fixed number of queries.

        The invoice's own, else the customer's, else the one of the customer's tags,
        else the first for its legal profile, else the first for any customer.

        :return: {line id: policy}, an empty policy where none governs
        """
        found = {}
        for company, own in lines.grouped("company_id").items():
            policies = self.search([("company_id", "=", company.id)])
            profiles = own.move_id._facturex_law_profiles()
            customers = own.partner_id.commercial_partner_id.with_company(company)
            by_customer = {
                customer.id: policies._for_customer(customer) for customer in customers
            }
            by_profile = {}
            for line in own:
                chosen = line.move_id.facturex_dunning_policy_id & policies
                chosen = chosen or by_customer.get(
                    line.partner_id.commercial_partner_id.id, self.browse()
                )
                if not chosen:
                    code = profiles[line.move_id.id].code
                    if code not in by_profile:
                        by_profile[code] = policies._for_profile(code)
                    chosen = by_profile[code]
                found[line.id] = chosen
        return found

    def _for_customer(self, customer):
        """Among these: the customer's own, or the first with one of its tags."""
        chosen = customer.facturex_dunning_policy_id & self
        if chosen or not customer.category_id:
            return chosen
        return self.filtered(lambda p: p.category_ids & customer.category_id)[:1]

    def _for_profile(self, code):
        general = self.filtered(lambda policy: not policy.category_ids)
        return (
            general.filtered(lambda p: p.profile_id.code == code)[:1]
            or general.filtered(lambda p: not p.profile_id)[:1]
        )

    # ------------------------------------------------------------------
    # From which day the next level is lawful
    # ------------------------------------------------------------------

    def _get_legal_dates(self, lines, governed, done, date):
        """The first day the law allows the next level of each instalment.

        A level that claims something waits until the delay of the first reminder, as
        it really left, is over: by post or before holidays that is later than the
        days of the policy.

        :param governed: {line id: policy id}
        :param done: {line id: {level: how often}}
        :return: {line id: date}; a line without such a day is not in it
        """
        profiles = lines.move_id._facturex_law_profiles()
        waiting = lines.filtered(
            lambda line: done.get(line.id) and profiles[line.move_id.id].first_free
        )
        if not waiting:
            return {}
        engines = {policy.id: policy._to_engine() for policy in self}
        claiming = self.step_ids.filtered(
            lambda step: (
                step.charge != law.CHARGE_NONE or step.fee_amount or step.hand_over
            )
        ).ids
        rules, found = {}, {}
        for told in waiting._facturex_told(date):
            line, message = told.move_line_id, told._get_law_message()
            if not message or line.id in found or governed.get(line.id) not in engines:
                continue
            step = dunning.next_step(engines[governed[line.id]], done[line.id])
            if step is None or step.id not in claiming:
                continue
            profile = profiles[line.move_id.id]
            if profile not in rules:
                rules[profile] = profile._to_engine(self.company_id, date)
            end = law.delay_ends(rules[profile], message)
            found[line.id] = end + timedelta(days=1)
        return found
