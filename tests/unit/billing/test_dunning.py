"""Who is reminded of what: the engine alone."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import dunning
from odoo.addons.facturex_billing.engine.dunning import Customer, DueItem, Policy, Step

TODAY = date(2026, 3, 16)
STEPS = (Step(1, 10, 7), Step(2, 20, 21), Step(3, 30, 35))
POLICY = Policy(STEPS, min_gap_days=7, min_amount=Decimal(5))


def item(id=1, customer=1, late=10, residual="100", currency="EUR", **values):
    return DueItem(
        id=id,
        customer=customer,
        currency=currency,
        date_due=TODAY - timedelta(days=late),
        residual=Decimal(residual),
        **values,
    )


def outcome(*items, customers=None, policy=POLICY, today=TODAY):
    """What each item gets: the id of its level, or the reason why not."""
    plan = dunning.plan(policy, items, customers or {}, today)
    sent = {line.item.id: line.step.id for n in plan.notices for line in n.lines}
    return sent | {skipped.item.id: skipped.reason for skipped in plan.skipped}


def test_next_step_follows_the_sequence_not_the_order():
    shuffled = Policy((STEPS[2], STEPS[0], STEPS[1]))
    assert dunning.next_step(shuffled, ()).id == 1
    assert dunning.next_step(shuffled, {1}).id == 2
    assert dunning.next_step(shuffled, {1, 2, 3}) is None


def test_level_by_age_and_history():
    assert outcome(item(late=6)) == {1: "not_yet"}
    assert outcome(item(late=7)) == {1: 1}
    # a year late but never reminded: the first level, not the last
    assert outcome(item(late=365)) == {1: 1}
    assert outcome(item(late=20, done_steps=frozenset({1}))) == {1: "not_yet"}
    assert outcome(item(late=21, done_steps=frozenset({1}))) == {1: 2}
    assert outcome(item(late=99, done_steps=frozenset({1, 2, 3}))) == {
        1: "all_steps_done"
    }


def test_blocked_is_left_out_while_the_rest_goes():
    assert outcome(item(1, blocked=True), item(2)) == {1: "blocked", 2: 1}


def test_one_notice_per_customer():
    plan = dunning.plan(POLICY, [item(1), item(2), item(3, customer=2)], {}, TODAY)
    assert [(n.customer, len(n.lines)) for n in plan.notices] == [(1, 2), (2, 1)]


def test_gap_pending_and_address():
    def with_customer(**values):
        return outcome(item(), customers={1: Customer(1, **values)})

    assert with_customer(last_message=TODAY - timedelta(days=6)) == {1: "gap"}
    assert with_customer(last_message=TODAY - timedelta(days=7)) == {1: 1}
    assert with_customer(has_pending=True) == {1: "message_pending"}
    assert with_customer(has_address=False) == {1: "no_address"}


def test_credits_count_per_currency():
    customers = {1: Customer(1, credits={"EUR": Decimal(100)})}
    assert outcome(item(), customers=customers) == {1: "credit_covers"}
    assert outcome(item(), item(2, currency="USD"), customers=customers) == {
        1: "credit_covers",
        2: 1,
    }
    partial = {1: Customer(1, credits={"EUR": Decimal(96)})}
    assert outcome(item(), customers=partial) == {1: "below_threshold"}
    # all that is late counts against a credit, not only what this message claims
    assert outcome(item(), item(2, late=3), customers=customers) == {
        1: "below_threshold",
        2: "not_yet",
    }


items = st.builds(
    item,
    id=st.integers(1, 10**6),
    customer=st.integers(1, 5),
    late=st.integers(-40, 400),
    residual=st.decimals("0.01", "9999", places=2).map(str),
    currency=st.sampled_from(["EUR", "USD"]),
    done_steps=st.frozensets(st.sampled_from([1, 2, 3])),
    blocked=st.booleans(),
)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(items, max_size=12, unique_by=lambda i: i.id))
def test_every_item_is_accounted_for_once(some):
    plan = dunning.plan(POLICY, some, {}, TODAY)
    sent = [line.item.id for notice in plan.notices for line in notice.lines]
    skipped = [s.item.id for s in plan.skipped]
    assert sorted(sent + skipped) == sorted(i.id for i in some)
    assert len({n.customer for n in plan.notices}) == len(plan.notices)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(items, st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_levels_climb_one_by_one_and_keep_the_gap(start, pauses):
    today, done, sent_on = TODAY, start.done_steps, None
    for pause in pauses:
        today += timedelta(days=pause)
        known = {start.customer: Customer(start.customer, last_message=sent_on)}
        current = item(
            id=start.id,
            customer=start.customer,
            late=(TODAY - start.date_due).days,
            residual="100",
            done_steps=done,
        )
        plan = dunning.plan(POLICY, [current], known, today)
        for notice in plan.notices:
            [line] = notice.lines
            assert sent_on is None or (today - sent_on).days >= POLICY.min_gap_days
            assert line.step == dunning.next_step(POLICY, done)
            done, sent_on = done | {line.step.id}, today
