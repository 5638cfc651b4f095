from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal

from odoo import models

from ..engine import law


def to_decimal(amount):
    return Decimal(str(amount))


@dataclass
class ChargeFacts:
    """What the charges of some lines depend on, each read once for all of them."""

    settlements: dict
    reminders: dict
    notices: dict
    last_steps: dict
    told_fees: dict
    claimed_until: dict
    claimed_moves: set
    missed: dict


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _facturex_dunning_policy(self):
        """{line id: policy} of receivable lines."""
        return self.env["facturex.dunning.policy"]._select_for(self)

    def _facturex_charges(self, date, steps=None):
        """What may lawfully be claimed on `date`, in a fixed number of queries.

        Nothing is written. A missing rate is in the result (`missing_on`); whoever acts
        on it calls `_facturex_report_missing_rates`.

        :param steps: {line id: step} of the message being prepared: its charge and its
            cost count, the cost once for a customer. Without steps: all that the law
            and the conditions of sale allow, and the costs already told.
        :return: {line id: `engine.law.Charges`} in the currency of each line
        """
        own = self.filtered(lambda line: line.account_type == "asset_receivable")
        lines = own.move_id.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable" and line.amount_currency > 0
            )
        )
        facts = lines._facturex_charge_facts(date)
        policies = self.env["facturex.dunning.policy"]._select_for(lines)
        profiles = lines.move_id._facturex_law_profiles()
        engines, found = {}, {}
        for move, group in lines.grouped("move_id").items():
            profile = profiles[move.id]
            key = (profile, move.company_id, move.currency_id)
            if key not in engines:
                engines[key] = (
                    profile._to_engine(move.company_id, date, move.currency_id),
                    profile._get_rates(move.company_id),
                )
            rules, rates = engines[key]
            if move.facturex_is_late_claim:
                rules = law.Profile("")  # charges bear no interest themselves
            elif move in facts.claimed_moves:
                rules = replace(rules, fixed=Decimal(0), tiers=())
            group = group.sorted(lambda line: (line.date_maturity, line.id))
            terms = group._facturex_charge_terms(rules, policies, steps, facts)
            charges = law.invoice_charges(
                rules,
                [(line._facturex_claim(facts), terms[line.id]) for line in group],
                rates,
                date,
            )
            found.update(zip(group.ids, charges, strict=True))
        found = {line.id: found.get(line.id, law.Charges()) for line in self}
        return self._facturex_fee_once(found) if steps else found

    def _facturex_fee_once(self, found):
        """A message costs once, whatever the number of its lines."""
        seen = set()
        for line in self.sorted(lambda line: (line.date_maturity, line.id)):
            key = (line.company_id, line.partner_id.commercial_partner_id)
            if found[line.id].fee:
                if key in seen:
                    found[line.id] = replace(found[line.id], fee=Decimal(0))
                seen.add(key)
        return found

    def _facturex_claim(self, facts):
        self.ensure_one()
        return law.Claim(
            principal=to_decimal(self.amount_currency),
            date_due=self.date_maturity or self.date,
            settlements=tuple(facts.settlements.get(self.id, ())),
            first_reminder=facts.reminders.get(self.id),
            formal_notice=facts.notices.get(self.id),
        )

    def _facturex_charge_terms(self, rules, policies, steps, facts):
        """{line id: `engine.law.Terms`} for the lines of one invoice."""
        terms = {}
        for line in self:
            company = line.company_id
            policy = policies.get(line.id)
            base = law.Terms(
                clause=company.facturex_penalty_clause,
                small_creditor=company.facturex_small_creditor,
                contract_rate=policy._get_contract_rate() if policy else None,
                interest_after=facts.claimed_until.get(line.id),
                missed=facts.missed.get(line.move_id.id),
            )
            if steps is None:
                kind = law.CHARGE_INTEREST
                if rules.tiers:
                    kind = law.CHARGE_TIERED
                elif rules.fixed:
                    kind = law.CHARGE_FIXED
                told = facts.told_fees.get(line.id, Decimal(0))
                terms[line.id] = replace(base, charge=kind, told_fee=told)
                continue
            step = steps.get(line.id) or facts.last_steps.get(line.id)
            if step:
                fee = step.company_id.currency_id._convert(
                    step.fee_amount,
                    line.currency_id,
                    company,
                    line.date_maturity or line.date,
                )
                base = replace(
                    base,
                    charge=step.charge,
                    fee=to_decimal(fee) if line.id in steps else Decimal(0),
                )
            terms[line.id] = base
        return terms

    # ------------------------------------------------------------------
    # Facts, in one query each
    # ------------------------------------------------------------------

    def _facturex_charge_facts(self, date):
        settlements = defaultdict(list)
        partials = self.env["account.partial.reconcile"].search_fetch(
            [("debit_move_id", "in", self.ids)],
            ["debit_move_id", "credit_move_id", "debit_amount_currency"],
        )
        for partial in partials:
            # the value date: of the payment, the bank line or the credit note
            settlements[partial.debit_move_id.id].append(
                (partial.credit_move_id.date, to_decimal(partial.debit_amount_currency))
            )
        facts = ChargeFacts(
            settlements=settlements,
            reminders={},
            notices={},
            last_steps={},
            told_fees=defaultdict(Decimal),
            claimed_until={},
            claimed_moves=set(),
            missed=self.move_id._facturex_missed_dates(date),
        )
        for told in self._facturex_told(date):
            line = told.move_line_id
            if message := told._get_law_message():
                facts.reminders.setdefault(line.id, message)
                if told.step_id.formal_notice:
                    facts.notices.setdefault(line.id, message)
            facts.last_steps[line.id] = told.step_id
            facts.told_fees[line.id] += to_decimal(told.amount_reminder)
        self._facturex_add_claimed(facts)
        return facts

    def _facturex_told(self, date=None):
        """What was said about these lines until `date`, the oldest first."""
        domain = [
            ("move_line_id", "in", self.ids),
            ("is_void", "=", False),
            ("notice_id.state", "=", "sent"),
        ]
        if date:
            domain.append(("date_told", "<=", date))
        told = self.env["facturex.dunning.notice.line"].search(domain)
        return told.sorted(lambda line: (line.date_told, line.id))

    def _facturex_add_claimed(self, facts):
        """What was claimed or waived before is not asked again."""
        for charge in self.env["facturex.late.charge"].search(
            [("move_id", "in", self.move_id.ids), ("state", "!=", "open")]
        ):
            line = charge.move_line_id
            if charge.kind == "interest":
                facts.claimed_until[line.id] = max(
                    charge.date_to, facts.claimed_until.get(line.id, charge.date_to)
                )
            elif charge.kind == "indemnity":
                facts.claimed_moves.add(charge.move_id)
            else:
                facts.told_fees[line.id] -= to_decimal(charge.amount)

    def _facturex_report_missing_rates(self, found):
        """One task per profile and company for the rates that a computation missed."""
        profiles = self.move_id._facturex_law_profiles()
        missing = {}
        for line in self:
            if day := found[line.id].missing_on:
                key = (profiles[line.move_id.id], line.company_id)
                missing[key] = min(day, missing.get(key, day))
        for (profile, company), day in missing.items():
            profile._report_missing_rate(company, day)
