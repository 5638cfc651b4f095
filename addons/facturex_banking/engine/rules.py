"""Rules of the accountant: conditions on a bank line, and where its money goes.

Same meaning as Odoo's `account.reconcile.model` of version 19, which Community
stores and never evaluates.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from .match_values import BankLine


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A share of the amount: ``kind`` fixed, percentage, percentage_st_line, regex.

    ``value`` is the number, or the pattern. A fixed amount that is positive counts
    as a credit.
    """

    id: int
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that all must hold; an absent one is None or empty.

    ``partner_id`` names the partner of the line instead of booking anything.
    """

    id: int
    name: str
    automatic: bool = False
    journal_ids: frozenset[int] = frozenset()
    amount: str | None = None  # lower, greater, between
    amount_min: Decimal = Decimal(0)
    amount_max: Decimal = Decimal(0)
    label: str | None = None  # contains, not_contains, match_regex
    label_param: str = ""
    partner_ids: frozenset[int] = frozenset()
    partner_id: int | None = None
    lines: tuple[RuleLine, ...] = ()

    @property
    def bounded(self) -> bool:
        """Whether any condition chooses among lines: else it fits everything."""
        return bool(self.amount or self.label or self.partner_ids)


def first_rule(rules: Sequence[Rule], line: BankLine) -> Rule | None:
    """The first rule that books the line; None when no rule fits."""
    for rule in rules:
        if rule.lines and rule.bounded and not rule.partner_id and fits(rule, line):
            return rule
    return None


def mapped_partner(rules: Sequence[Rule], line: BankLine) -> int | None:
    """The partner that the first fitting mapping rule names."""
    for rule in rules:
        if rule.partner_id and fits(rule, line):
            return rule.partner_id
    return None


def fits(rule: Rule, line: BankLine) -> bool:
    """Whether every condition of the rule holds for the line."""
    if rule.journal_ids and line.journal_id not in rule.journal_ids:
        return False
    if rule.partner_ids and line.partner_id not in rule.partner_ids:
        return False
    return _amount_fits(rule, line) and _label_fits(rule, line)


def _amount_fits(rule: Rule, line: BankLine) -> bool:
    amount = abs(line.full_amount if line.full_amount is not None else line.amount)
    if rule.amount == "lower":
        return amount <= rule.amount_max
    if rule.amount == "greater":
        return amount >= rule.amount_min
    if rule.amount == "between":
        return rule.amount_min <= amount <= rule.amount_max
    return True


def _label_fits(rule: Rule, line: BankLine) -> bool:
    if not rule.label:
        return True
    texts = [line.communication, line.note, line.partner_name]
    texts = [text for text in texts if text]
    if rule.label == "match_regex":
        try:
            pattern = re.compile(rule.label_param, re.IGNORECASE)
        except re.error:
            return False
        return any(pattern.search(text) for text in texts)
    wanted = rule.label_param.casefold()
    contains = any(wanted in text.casefold() for text in texts)
    return contains == (rule.label == "contains")


def shares(
    rule: Rule, line: BankLine, rounding: Decimal = Decimal("0.01")
) -> tuple[tuple[int, Decimal], ...]:
    """What each line of the rule takes: ((rule line id, amount), …), in order.

    Amounts have the sign of the money: positive explains money in. ``percentage`` is
    of what is still left, ``percentage_st_line`` of the whole movement. What is left
    after the last line stays unexplained. Nothing is taken twice: a share never goes
    beyond what is left, unless it is fixed.
    """
    whole = line.full_amount if line.full_amount is not None else line.amount
    left = line.amount
    result = []
    for part in rule.lines:
        amount = _share(part, line, left, whole)
        amount = amount.quantize(rounding, ROUND_HALF_UP)
        if amount:
            left -= amount
            result.append((part.id, amount))
    return tuple(result)


def _share(part: RuleLine, line: BankLine, left: Decimal, whole: Decimal) -> Decimal:
    if part.kind == "regex":
        return _from_text(part.value, line.communication or "").copy_sign(left)
    value = _number(part.value)
    if part.kind == "fixed":
        return value
    base = left if part.kind == "percentage" else whole
    return base * value / 100


def _from_text(pattern: str, text: str) -> Decimal:
    try:
        found = re.search(pattern, text, re.IGNORECASE)
    except re.error:
        return Decimal(0)
    if not found:
        return Decimal(0)
    return _number(found.group(1) if found.groups() else found.group())


def _number(text: str | None) -> Decimal:
    """A number as people write it: the last comma or dot is the decimal one."""
    found = re.search(r"-?\d[\d .,']*", text or "")
    if not found:
        return Decimal(0)
    digits = re.sub(r"[ ']", "", found.group()).rstrip(".,")
    whole, mark, cents = digits.replace(",", ".").rpartition(".")
    return Decimal(f"{whole.replace('.', '')}.{cents}" if mark else digits)
