from decimal import Decimal
from functools import cache

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_amount, format_date

from ..engine import late_charges, law, merge


class FacturexDunningNotice(models.Model):
    _inherit = "facturex.dunning.notice"

    amount_interest = fields.Monetary(
        string="Interest", compute="_compute_amount_charges", store=True
    )
    amount_fee = fields.Monetary(
        string="Compensation and Costs", compute="_compute_amount_charges", store=True
    )

    @api.depends(
        "line_ids.amount_interest_company",
        "line_ids.amount_fee_company",
        "line_ids.is_void",
    )
    def _compute_amount_charges(self):
        for notice in self:
            lines = notice._get_claimed_lines()
            notice.amount_interest = sum(lines.mapped("amount_interest_company"))
            notice.amount_fee = sum(lines.mapped("amount_fee_company"))

    def _get_law_channel(self):
        """How the law sees the message: `email`, `letter`, or empty for a call."""
        self.ensure_one()
        channel = self.step_id.channel
        if "channel" in self._fields:
            channel = self["channel"] or channel
        return channel if channel in law.WRITTEN else ""

    # ------------------------------------------------------------------
    # Words
    # ------------------------------------------------------------------

    def _get_merge_values(self, names=None):
        """The merge fields in the language of the context; plain text, not escaped.

        :param names: only these: a text costs what it uses; None: all of them
        """
        makers = self._get_merge_makers()
        return {
            name: make() or ""
            for name, make in makers.items()
            if names is None or name in names
        }

    def _get_merge_makers(self):
        """{merge field: function that makes its text}"""
        self.ensure_one()
        env, company = self.env, self.company_id
        lines = self._get_claimed_lines()
        moves = lines.move_id
        outlook = cache(self._get_law_outlook)
        return {
            "customer": lambda: self.partner_id.name,
            "company": lambda: company.name,
            "company_number": lambda: company.company_registry or company.vat,
            "level": lambda: self.step_id.name,
            "today": lambda: format_date(env, self.date),
            "invoices": lambda: ", ".join(filter(None, moves.mapped("name"))),
            "description": self._get_description,
            "due_date": lambda: ", ".join(
                dict.fromkeys(format_date(env, line.date_maturity) for line in lines)
            ),
            "amount_due": lambda: self._sum_in_words("amount_residual"),
            "amount_interest": lambda: self._sum_in_words("amount_interest"),
            "amount_fee": lambda: self._sum_in_words("amount_fee"),
            "amount_total": lambda: self._sum_in_words(
                "amount_residual", "amount_interest", "amount_fee"
            ),
            "penalty_amount": lambda: self._say_penalty(outlook()[1]),
            "date_limit": lambda: format_date(env, outlook()[0]),
            "iban": lambda: self._get_bank_account().acc_number,
            "phone": lambda: company.phone,
            "email": lambda: company.email,
        }

    def _sum_in_words(self, *names):
        """What the claimed lines sum to; euros and dollars are never added up."""
        return " + ".join(
            format_amount(self.env, sum(sum(own.mapped(n)) for n in names), currency)
            for currency, own in self._get_claimed_lines()
            .grouped("currency_id")
            .items()
        )

    def _say_penalty(self, amount):
        if not amount:
            return self.env._("no other amount")
        currency = self._get_claimed_lines().currency_id[:1] or self.currency_id
        return format_amount(self.env, amount, currency)

    def _get_description(self):
        """What was delivered: the first words of each line that bills something."""
        products = self._get_claimed_lines().move_id.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        return ", ".join(
            dict.fromkeys(
                (line.name or line.product_id.name or "").split("\n")[0]
                for line in products
            )
        )

    def _with_shared_facts(self):
        """What was told before and the rules of the law, read once for all of them."""
        items, moves = self.line_ids.move_line_id, self.line_ids.move_id
        # a message alone would fetch its own rows only
        moves.fetch(["name", "payment_reference", "access_token"])
        moves.invoice_line_ids.fetch(["display_type", "name", "product_id"])
        told = items._facturex_told()
        facts = {"told": told.grouped("move_line_id"), "rules": {}}
        return super()._with_shared_facts().with_context(facturex_facts=facts)

    def _get_rules(self, profile, currency):
        """The rules of a profile on the day of the message."""
        known = self.env.context.get("facturex_facts", {}).get("rules", {})
        key = (profile.id, self.company_id.id, self.date, currency.id)
        if key not in known:
            known[key] = profile._to_engine(self.company_id, self.date, currency)
        return known[key]

    def _get_told_before(self, items):
        """What was said of journal items in other messages, until this one."""
        facts = self.env.context.get("facturex_facts")
        if not facts:
            told = items._facturex_told(self.date_told)
        else:
            told = self.line_ids.browse().union(
                *(facts["told"][item] for item in items if item in facts["told"])
            )
        return told.filtered(
            lambda line: line.notice_id != self and line.date_told <= self.date_told
        )

    def _get_law_outlook(self):
        """:return: (last day to pay free of charges, indemnity that follows)"""
        self.ensure_one()
        lines = self._get_claimed_lines()
        profiles = lines.move_id._facturex_law_profiles()
        limits, penalty = [], 0
        sent = law.Sent(self.date, self._get_law_channel() or "email")
        for move, own in lines.grouped("move_id").items():
            rules = self._get_rules(profiles[move.id], own.currency_id[:1])
            limits.append(law.delay_ends(rules, sent))
            if rules.tiers and self.company_id.facturex_penalty_clause:
                owed = Decimal(str(sum(own.mapped("amount_residual"))))
                penalty += late_charges.tiered_indemnity(owed, rules.tiers, rules.cap)
        return max(limits, default=self.date), float(penalty)

    def _get_subject(self):
        self.ensure_one()
        step = self.step_id
        text = step.text_subject or "{company}: {level}"
        return merge.merge_line(text, self._get_merge_values(merge.used(text)))

    def _get_message_html(self):
        """The step's text, escaped, with what the law wants said; empty: ours.

        :return: `Markup` for the layouts of mails and letters
        """
        self.ensure_one()
        text = self.step_id.text_body or ""
        texts = [text] + [
            profile.legal_text or ""
            for profile in self._get_first_reminder_profiles()
            if not profile._get_mentions() <= merge.used(text)
        ]
        values = self._get_merge_values(frozenset().union(*map(merge.used, texts)))
        parts = [merge.merge_html(text, values) for text in texts]
        # the engine escaped the texts and the values
        html = "".join(part for part in dict.fromkeys(parts) if part)
        return Markup(html)  # noqa: S704

    def _get_first_reminder_profiles(self):
        """The profiles whose mandatory text belongs into this message."""
        self.ensure_one()
        lines = self._get_claimed_lines().filtered(
            lambda line: line.date_maturity < self.date
        )
        profiles = lines.move_id._facturex_law_profiles()
        lines = lines.filtered(lambda line: profiles[line.move_id.id].mentions)
        if not lines:
            return self.env["facturex.law.profile"]
        # until its own day: a copy of it says later what it said
        earlier = self._get_told_before(lines.move_line_id)
        reminded = earlier.filtered(lambda line: line._get_law_message()).move_line_id
        found = self.env["facturex.law.profile"]
        for line in lines:
            if line.move_line_id not in reminded:
                found |= profiles[line.move_id.id]
        return found

    # ------------------------------------------------------------------
    # Letters
    # ------------------------------------------------------------------

    def _get_letter_name(self):
        self.ensure_one()
        return f"{self.date} {self.partner_id.name} {self.step_id.name}"

    def action_print_letters(self):
        """All chosen letters in one PDF, each in the language of its customer."""
        self.check_access("read")
        return self.env.ref(
            "facturex_billing.action_report_dunning_letter"
        ).report_action(self)
