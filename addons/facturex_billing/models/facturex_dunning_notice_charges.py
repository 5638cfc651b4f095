from collections import defaultdict
from decimal import Decimal
from functools import cache

from markupsafe import Markup

from odoo import api, fields, models

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
        company, facts = self.company_id, self._get_facts()
        lines = facts.lines[self.id]
        outlook = cache(self._get_law_outlook)
        return {
            "customer": lambda: self.partner_id.name,
            "company": lambda: company.name,
            "company_number": lambda: company.company_registry or company.vat,
            "level": lambda: self.step_id.name,
            "today": lambda: facts.date(self.env, self.date),
            "invoices": lambda: ", ".join(
                dict.fromkeys(line.name for line in lines if line.name)
            ),
            "description": self._get_description,
            "due_date": lambda: ", ".join(
                dict.fromkeys(facts.date(self.env, o.date_maturity) for o in lines)
            ),
            "amount_due": lambda: self._sum_in_words("residual"),
            "amount_interest": lambda: self._sum_in_words("interest"),
            "amount_fee": lambda: self._sum_in_words("fee"),
            "amount_total": lambda: self._sum_in_words("residual", "interest", "fee"),
            "penalty_amount": lambda: self._say_penalty(outlook()[1]),
            "date_limit": lambda: facts.date(self.env, outlook()[0]),
            "iban": lambda: self._get_bank_account().acc_number,
            "phone": lambda: company.phone,
            "email": lambda: company.email,
        }

    def _sum_in_words(self, *names):
        """What the claimed lines sum to; euros and dollars are never added up."""
        facts, sums = self._get_facts(), defaultdict(float)
        for line in facts.lines[self.id]:
            sums[line.currency] += sum(getattr(line, name) for name in names)
        return " + ".join(
            facts.money(self.env, amount, currency) for currency, amount in sums.items()
        )

    def _say_penalty(self, amount):
        if not amount:
            return self.env._("no other amount")
        currency = self._get_claimed_lines().currency_id[:1] or self.currency_id
        return self._money(amount, currency)

    def _get_description(self):
        """What was delivered: the first words of each line that bills something."""
        facts = self._get_facts()
        moves = dict.fromkeys(line.move for line in facts.lines[self.id])
        return ", ".join(
            dict.fromkeys(text for move in moves for text in facts.texts(move))
        )

    def _get_told_before(self, item_id):
        """What was said of a journal item in other messages, until this one.

        :return: list of `facturex.dunning.notice.line`
        """
        return [
            line
            for line in self._get_facts().told(item_id)
            if line.notice_id != self and line.date_told <= self.date_told
        ]

    def _get_law_outlook(self):
        """:return: (last day to pay free of charges, indemnity that follows)"""
        self.ensure_one()
        facts = self._get_facts()
        owed, currencies = defaultdict(float), {}
        for line in facts.lines[self.id]:
            owed[line.move] += line.residual
            currencies.setdefault(line.move, line.currency)
        limits, penalty = [], 0
        sent = law.Sent(self.date, self._get_law_channel() or "email")
        for move, amount in owed.items():
            profile = facts.profiles[move.id]
            rules = facts.rules(profile, self.company_id, self.date, currencies[move])
            limits.append(law.delay_ends(rules, sent))
            if rules.tiers and self.company_id.facturex_penalty_clause:
                owing = Decimal(str(amount))
                penalty += late_charges.tiered_indemnity(owing, rules.tiers, rules.cap)
        return max(limits, default=self.date), float(penalty)

    def _get_subject(self):
        self.ensure_one()
        step = self.step_id
        text = step.text_subject or self.env._("{company}: {level}")
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
        facts = self._get_facts()
        found = self.env["facturex.law.profile"]
        for line in facts.lines[self.id]:
            profile = facts.profiles[line.move.id]
            if line.date_maturity >= self.date or not profile.mentions:
                continue
            # until its own day: a copy of it says later what it said
            earlier = self._get_told_before(line.move_line_id)
            if not any(told._get_law_message() for told in earlier):
                found |= profile
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
