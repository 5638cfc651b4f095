from decimal import Decimal

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..engine import law

NEUTRAL = "neutral"


class FacturexLawProfile(models.Model):
    """What the law lets a seller claim from one kind of debtor."""

    _name = "facturex.law.profile"
    _description = "Legal Profile of Customers"
    _inherit = ["facturex.law.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="The same for a row that replaces another.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    country_id = fields.Many2one("res.country", string="Country of the Law")
    nature = fields.Selection(
        [
            ("b2b", "Company"),
            ("b2c", "Consumer"),
            ("b2g", "Public buyer"),
            ("other", "Any other"),
        ],
        string="Customer Is",
        required=True,
        default="b2b",
    )
    summary = fields.Text(
        string="In Words", translate=True, help="Shown beside a policy."
    )
    interest = fields.Selection(
        [
            (law.INTEREST_NONE, "No interest"),
            (law.INTEREST_AUTOMATIC, "From the day after the due date"),
            (law.INTEREST_NOTICE, "From the formal notice on"),
            (law.INTEREST_DELAY, "After a free reminder and its delay"),
        ],
        string="Interest Runs",
        required=True,
        default=law.INTEREST_NONE,
    )
    rate_scope = fields.Selection(
        lambda self: self.env["facturex.legal.rate"]._selection_scope(),
        string="Legal Rate",
    )
    floor_scope = fields.Selection(
        lambda self: self.env["facturex.legal.rate"]._selection_scope(),
        string="Agreed Rate Not Below",
    )
    floor_factor = fields.Float(string="Times", default=1, digits=(4, 2))
    rate_fixed_at_start = fields.Boolean(
        string="One Rate for the Whole Delay",
        help="The rate of the first day of interest holds until payment.",
    )
    contract_capped = fields.Boolean(
        string="Agreed Rate Not Above the Legal One",
    )
    day_basis = fields.Integer(
        string="Days of a Year", default=365, help="365 also in leap years."
    )
    first_free = fields.Boolean(string="First Reminder Is Free")
    min_delay_days = fields.Integer(
        string="Days to Pay Free of Charges",
        help="Counted from the first reminder, before anything may be claimed.",
    )
    email_offset_days = fields.Integer(
        string="The Delay Starts, by E-mail",
        default=1,
        help="Calendar days after an e-mail on which the delay starts.",
    )
    post_offset_days = fields.Integer(
        string="The Delay Starts, by Post",
        default=3,
        help="Working days after posting on which the delay starts.",
    )
    saturday_works = fields.Boolean(
        string="Saturday Is a Working Day",
        help="Off is the careful reading: the customer has more days.",
    )
    needs_clause = fields.Boolean(
        string="Only with a Penalty Clause",
        help="Charges need a clause in the conditions of sale.",
    )
    free_reminders = fields.Integer(
        string="Free Reminders per Year",
        help="For regular supplies: reminders of so many missed due dates of a"
        " calendar year are free.",
    )
    mentions = fields.Char(
        string="Mandatory Merge Fields",
        help="Names of merge fields, separated by commas, that the text of the first"
        " reminder must hold.",
    )
    legal_text = fields.Text(
        string="Mandatory Text",
        translate=True,
        help="Added to the first reminder whose own text lacks it.",
    )
    fee_rule_ids = fields.One2many("facturex.fee.rule", "profile_id", string="Fees")

    _code_uniq = models.UniqueIndex(
        "(code, COALESCE(company_id, 0)) WHERE active",
        "This company already has a profile of that code.",
    )
    _check_days = models.Constraint(
        "CHECK(day_basis IN (360, 365, 366) AND min_delay_days BETWEEN 0 AND 366"
        " AND email_offset_days BETWEEN 0 AND 30"
        " AND post_offset_days BETWEEN 0 AND 30)",
        "A year has 360, 365 or 366 days, a delay at most 366, its start at most 30.",
    )

    @api.constrains("mentions", "legal_text")
    def _check_mentions(self):
        step = self.env["facturex.dunning.step"]
        for profile in self:
            unknown = profile._get_mentions() - set(step._get_merge_fields())
            if unknown:
                raise ValidationError(
                    self.env._(
                        "%(profile)s: there is no merge field %(names)s.",
                        profile=profile.name,
                        names=", ".join(sorted(unknown)),
                    )
                )
            step._check_merge_text(profile.name, profile.legal_text)

    def _get_mentions(self):
        self.ensure_one()
        return frozenset(
            name.strip() for name in (self.mentions or "").split(",") if name.strip()
        )

    def action_adapt(self):
        """The fees belong to the profile: the company gets its own ones as well."""
        action = super().action_adapt()
        own = self.browse(action["res_id"])
        for rule in self.fee_rule_ids.filtered(lambda r: not r.company_id):
            rule.copy({"profile_id": own.id, "company_id": own.company_id.id})
        return action

    # ------------------------------------------------------------------
    # Which one
    # ------------------------------------------------------------------

    @api.model
    def _get(self, code, company):
        """The profile of that code: the company's own, else the shipped one."""
        return self.browse(self._get_id(code, company.id))

    @api.model
    @tools.ormcache("code", "company_id")
    def _get_id(self, code, company_id):
        """Asked for each invoice, changed once in years."""
        # the law is public; whose row it is depends on the company alone
        found = self.sudo().search(
            [("code", "=", code), ("company_id", "in", (company_id, False))],
            order="company_id, id",  # own rows first: empty sorts last
            limit=1,
        )
        return found.id

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        if {"code", "company_id", "active"} & set(vals):
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    def _effective(self, company):
        """The row that replaces these for `company`, else the row itself."""
        return {
            profile: (
                profile if profile.company_id else self._get(profile.code, company)
            )
            or profile
            for profile in self
        }

    @api.model
    def _propose_code(self, nature, seller, buyer):
        """The code for a customer.

        Between companies the seller's law holds; a consumer keeps the law of the
        country where he lives (Rome I, art. 6).

        :param nature: `b2b`, `b2c` or `b2g`
        :param seller: country code of the company
        :param buyer: country code of the customer, empty: the seller's
        """
        country = (buyer or seller) if nature == "b2c" else seller
        codes = {
            ("b2b", "BE"): "be_b2b",
            ("b2g", "BE"): "be_b2b",
            ("b2c", "BE"): "be_b2c",
            ("b2b", "FR"): "fr_b2b",
            ("b2g", "FR"): "fr_b2g",
            ("b2c", "FR"): "fr_b2c",
        }
        return codes.get((nature, country), NEUTRAL)

    # ------------------------------------------------------------------
    # For the engine
    # ------------------------------------------------------------------

    def _to_engine(self, company, date, currency=None):
        """:param currency: of the claim; the fees of the law are converted to it"""
        self.ensure_one()
        rules = self.fee_rule_ids._in_force(company, date)
        fee, fixed, tiered = (rules.get(k) for k in ("reminder", "fixed", "tiered"))
        scale = 1
        if currency and rules:
            euro = next(iter(rules.values())).currency_id
            if euro != currency:
                scale = euro._get_conversion_rate(euro, currency, company, date)

        def amount(value):
            return Decimal(str(round(value * scale, 2)))

        return law.Profile(
            code=self.code,
            interest=self.interest,
            first_free=self.first_free,
            min_delay_days=self.min_delay_days,
            email_offset_days=self.email_offset_days,
            post_offset_days=self.post_offset_days,
            saturday_works=self.saturday_works,
            needs_clause=self.needs_clause,
            # without a rule of the law the cost of a reminder is what was agreed
            max_fee=amount(fee.amount) if fee else None,
            fixed=amount(fixed.amount) if fixed else Decimal(0),
            tiers=tiered._to_engine_tiers(amount) if tiered else (),
            cap=amount(tiered.cap) if tiered and tiered.cap else None,
            rate_fixed_at_start=self.rate_fixed_at_start,
            contract_capped=self.contract_capped,
            contract_floor=self._get_contract_floor(company, date),
            mentions=self._get_mentions(),
            basis=self.day_basis,
            free_reminders=self.free_reminders,
        )

    def _get_contract_floor(self, company, date):
        """The lowest lawful agreed rate at `date`; None when it is not known."""
        if not self.floor_scope:
            return None
        rates = self._get_rates(company, scope=self.floor_scope)
        known = [percent for start, percent in rates if start <= date and percent]
        return known[-1] * Decimal(str(self.floor_factor)) if known else None

    def _get_rates(self, company, scope=None):
        """(first day, percent | None) as `engine.late_charges` wants them."""
        self.ensure_one()
        return self.env["facturex.legal.rate"]._get_rates(
            self.country_id, scope or self.rate_scope, company
        )

    # ------------------------------------------------------------------
    # A missing rate
    # ------------------------------------------------------------------

    def _report_missing_rate(self, company, day):
        """One task for the managers of the company, whatever the number of invoices.

        Written by whoever runs the reminders, on a shared record: hence sudo, after the
        caller read the invoices that need the rate.
        """
        self.ensure_one()
        summary = self.env._("Legal rate missing on %s", day)
        # the task is ours to write, the profile is only readable to most users
        profile = self.sudo()
        todo = profile.activity_ids.filtered(
            lambda a: a.summary == summary and a.user_id.company_ids & company
        )
        if todo:
            return
        manager = self.env.ref("facturex_billing.group_facturex_manager")
        users = manager.sudo().all_user_ids.filtered(  # names of managers only
            lambda u: company in u.company_ids and not u.share and u.active
        )
        profile.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=summary,
            note=self.env._(
                "%(company)s claims no interest from customers of the profile"
                " %(profile)s after that day, until the rate is filled in.",
                company=company.name,
                profile=self.name,
            ),
            user_id=(users[:1] or self.env.user).id,
        )
