"""A customer's life under a policy: what holds on every day, whatever happens."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import dunning
from odoo.addons.facturex_billing.engine.dunning import (
    Customer,
    DueItem,
    Plan,
    Policy,
    Step,
)
from odoo.addons.facturex_billing.engine.preflight import Obstacle

TODAY = date(2026, 3, 16)
STEPS = (Step(1, 10, 7), Step(2, 20, 21), Step(3, 30, 35))
POLICY = Policy(STEPS, min_gap_days=7)


def item(id=1, customer=1, late=10, residual="100", **values):
    values.setdefault("currency", "EUR")
    return DueItem(
        id=id,
        customer=customer,
        date_due=TODAY - timedelta(days=late),
        residual=Decimal(residual),
        **values,
    )


def reasons(*items, customers=None, policy=POLICY, today=TODAY, **options):
    plan = dunning.plan(policy, items, customers or {}, today, **options)
    sent = {line.item.id: line.step.id for n in plan.notices for line in n.lines}
    return sent | {s.item.id: (s.reason, s.detail) for s in plan.skipped}


def test_the_days_between_levels_lie_between_the_messages():
    # 60 days late after an outage, the first level left 13 days ago: 14 are promised
    told = item(late=60, done_steps=frozenset({1}), last_step_on=date(2026, 3, 3))
    assert reasons(told) == {1: ("not_yet", "2026-03-17")}
    assert reasons(told, today=date(2026, 3, 17)) == {1: 2}


def test_a_repetition_does_not_put_the_next_level_off():
    weekly = Policy((Step(1, 10, 7, repeat_days=5, repeat_count=9), *STEPS[1:]))
    # level one on the 2nd, repeated on the 7th and the 12th: level two from the 16th
    told = item(
        late=21,
        done_steps=frozenset({1}),
        times={1: 3},
        reached_on=date(2026, 3, 2),
        last_step_on=date(2026, 3, 12),
    )
    assert reasons(told, policy=weekly) == {1: 2}
    assert reasons(told, policy=weekly, today=date(2026, 3, 15)) == {
        1: ("not_yet", "2026-03-16")
    }


def test_the_law_may_ask_for_more():
    later = item(not_before=date(2026, 3, 20))
    assert reasons(later) == {1: ("not_yet", "2026-03-20")}
    assert reasons(later, today=date(2026, 3, 20)) == {1: 1}


def test_a_broken_promise_goes_to_the_next_level_at_once():
    told = dict(done_steps=frozenset({1}), last_step_on=date(2026, 3, 5))
    assert reasons(item(late=12, **told))[1][0] == "not_yet"
    broken = item(late=12, **told, broken_promise=date(2026, 3, 15))
    assert reasons(broken) == {1: 2}
    plan = dunning.plan(POLICY, [broken], {}, TODAY)
    assert plan.notices[0].lines[0].broken_promise == date(2026, 3, 15)
    # once told, the ordinary days count again
    answered = replace(broken, last_step_on=TODAY, done_steps=frozenset({1, 2}))
    [(reason, _day)] = reasons(answered).values()
    assert reason == "not_yet"
    # neither the gap nor the law is broken for it
    busy = {1: Customer(1, last_message=TODAY - timedelta(days=2))}
    assert reasons(broken, customers=busy) == {1: ("gap", "2026-03-21")}
    wait = replace(broken, not_before=date(2026, 3, 18))
    assert reasons(wait) == {1: ("not_yet", "2026-03-18")}


def test_obstacles_of_an_item_spare_the_others():
    held = item(1, obstacle=Obstacle("hold_dispute", "2026-04-01"))
    assert reasons(held, item(2)) == {1: ("hold_dispute", "2026-04-01"), 2: 1}


def test_obstacles_of_a_customer_stop_what_is_automatic():
    why = Obstacle("bank_stale", "9")
    customers = {1: Customer(1, obstacles=(why,))}
    assert reasons(item(), customers=customers) == {1: 1}
    plan = dunning.plan(POLICY, [item()], customers, TODAY)
    assert plan.notices[0].warnings == (why,)
    alone = replace(POLICY, automatic=True)
    assert reasons(item(), customers=customers, policy=alone) == {
        1: ("bank_stale", "9")
    }


def test_a_bounced_address_stops_both():
    customers = {1: Customer(1, unreachable=Obstacle("bounced", "a@b.example"))}
    for policy in (POLICY, replace(POLICY, automatic=True)):
        assert reasons(item(), customers=customers, policy=policy) == {
            1: ("bounced", "a@b.example")
        }


def test_the_cap_lets_the_largest_and_oldest_go_first():
    policy = replace(POLICY, automatic=True)
    items = [
        item(1, customer=1, residual="10", late=400),  # 4,000
        item(2, customer=2, residual="1000", late=10),  # 10,000
        item(3, customer=3, residual="90", late=30),  # 2,700
    ]
    assert reasons(*items, policy=policy, limit=2) == {
        1: 1,
        2: 1,
        3: ("daily_cap", ""),
    }
    assert reasons(*items, policy=policy, limit=0) == dict.fromkeys(
        (1, 2, 3), ("daily_cap", "")
    )
    # a person's proposals are not counted: he decides himself
    assert reasons(*items, limit=0) == {1: 1, 2: 1, 3: 1}


def test_several_policies_make_one_message():
    firm = Policy((Step(9, 10, 3),), min_gap_days=14)
    items = [item(1, policy=1), item(2, policy=2), item(3, policy=None)]
    plan = dunning.plan({1: POLICY, 2: firm}, items, {}, TODAY)
    [notice] = plan.notices
    assert [line.step.id for line in notice.lines] == [1, 9]
    assert notice.policy == 1  # seven days are firmer than three
    assert [s.reason for s in plan.skipped] == ["no_policy"]
    # the longer gap holds, and one policy that proposes makes it a proposal
    busy = {1: Customer(1, last_message=TODAY - timedelta(days=10))}
    assert reasons(*items[:2], policy={1: POLICY, 2: firm}, customers=busy) == {
        1: ("gap", "2026-03-20"),
        2: ("gap", "2026-03-20"),
    }


def test_credits_that_came_in_between():
    late = [item(1), item(2), item(3, currency="USD")]
    credits = {"EUR": Decimal(200)}
    assert dunning.recheck(late, {1, 3}, credits, Decimal(0), TODAY) == {
        1: "credit_covers"
    }
    assert dunning.recheck(late, {1, 3}, {"EUR": Decimal(199)}, Decimal(0), TODAY) == {
        1: "below_threshold"
    }
    assert dunning.recheck(late, {1, 2, 3}, {}, Decimal(0), TODAY) == {}


# ----------------------------------------------------------------------
# Properties
# ----------------------------------------------------------------------

# a step per day: how many days pass, does the machine work, what does the customer do
moves = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.booleans(),
        st.sampled_from(["nothing", "promise", "hold", "late", "credit"]),
    ),
    min_size=1,
    max_size=40,
)
ladders = st.lists(st.integers(-5, 60), min_size=1, max_size=5, unique=True).map(
    lambda days: tuple(Step(n, n, d) for n, d in enumerate(sorted(days), 1))
)


class Life:
    """One customer with some instalments, and what he was told when."""

    def __init__(self, policy, dues):
        self.policy, self.today = policy, TODAY
        self.due = dict(enumerate(dues))
        self.done, self.last = defaultdict(set), {}
        self.messages, self.told = [], []
        self.promised = self.held = None
        self.credit = Decimal(0)

    def plan(self) -> Plan:
        held = self.held is not None and self.today <= self.held
        items = [
            DueItem(
                id=key,
                customer=1,
                currency="EUR",
                date_due=TODAY - timedelta(days=late),
                residual=Decimal(100),
                done_steps=frozenset(self.done[key]),
                last_step_on=self.last.get(key),
                obstacle=Obstacle("hold_manual") if held else None,
                broken_promise=self.promised
                if self.promised and self.promised < self.today
                else None,
            )
            for key, late in self.due.items()
        ]
        last = self.messages[-1] if self.messages else None
        known = {1: Customer(1, last_message=last, credits={"EUR": self.credit})}
        return dunning.plan(self.policy, items, known, self.today)

    def live(self, days, works, act):
        self.today += timedelta(days=days)
        if act == "promise":
            self.promised = self.today + timedelta(days=3)
        elif act == "hold":
            self.held = self.today + timedelta(days=10)
        elif act == "late":
            self.due[len(self.due)] = (TODAY - self.today).days
        elif act == "credit":
            self.credit += Decimal(50)
        if works:
            self.send(self.plan())

    def send(self, plan):
        assert len(plan.notices) <= 1
        for notice in plan.notices:
            for line in notice.lines:
                self.told.append((self.today, line.item.id, line.step))
                self.done[line.item.id].add(line.step.id)
                self.last[line.item.id] = self.today
            self.messages.append(self.today)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(ladders, st.integers(1, 20), st.lists(st.integers(0, 300), min_size=1), moves)
def test_never_two_messages_within_the_gap(steps, gap, dues, life):
    customer = Life(Policy(steps, min_gap_days=gap), dues[:4])
    for move in life:
        customer.live(*move)
    for before, after in zip(customer.messages, customer.messages[1:], strict=False):
        assert (after - before).days >= gap


@settings(deadline=None, derandomize=True, max_examples=150)
@given(ladders, st.lists(st.integers(0, 300), min_size=1), moves)
def test_levels_never_jump_nor_come_back(steps, dues, life):
    customer = Life(Policy(steps, min_gap_days=1), dues[:4])
    for move in life:
        customer.live(*move)
    by_item = defaultdict(list)
    for _day, key, step in customer.told:
        by_item[key].append(step.id)
    for told in by_item.values():
        assert told == [step.id for step in steps][: len(told)]


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 900)), max_size=25))
def test_an_outage_makes_one_message_a_customer(debts):
    """Everything is old when the machine comes back: one message each, level one."""
    items = [
        item(key, customer=key % 5, late=late, residual=str(amount))
        for key, (amount, late) in enumerate(debts)
    ]
    plan = dunning.plan(POLICY, items, {}, TODAY + timedelta(days=30))
    customers = [notice.customer for notice in plan.notices]
    assert len(customers) == len(set(customers))
    assert {line.step.id for n in plan.notices for line in n.lines} <= {1}


def test_the_properties_can_fail():
    """A planner without memory would break both."""
    customer = Life(replace(POLICY, min_gap_days=7), [100])
    customer.live(1, True, "nothing")
    customer.messages.clear()
    customer.last.clear()
    customer.live(1, True, "nothing")
    days = [day for day, _key, _step in customer.told]
    with pytest.raises(AssertionError):
        assert (days[1] - days[0]).days >= 7
