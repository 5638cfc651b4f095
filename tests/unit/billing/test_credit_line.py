"""Deferred payment: the worked example to the cent, and a line that cannot drift."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from odoo.addons.facturex_billing.engine import credit_line as cl

D = Decimal
DAY = date(2026, 3, 16)
RULES = (
    cl.LimitRule(cl.BASE, D(150), date(2020, 1, 1)),
    cl.LimitRule(cl.VERIFIED, D(300), date(2020, 1, 1)),
    cl.LimitRule(cl.VERIFIED, D(500), date(2027, 1, 1)),
)
amounts = st.decimals(0, 10_000, places=2)


def purchase(number, opened, due=DAY, invoiced=DAY):
    return cl.Purchase(number, due, invoiced, D(opened))


def test_worked_example():
    """One line, six steps (docs/guide.fr/paiement-differe.md)."""
    limit = cl.limit_on(DAY, RULES, verified=False).amount
    line = cl.Counters(limit=cl.to_cents(limit), ceiling=cl.to_cents(limit))
    line = line.move(used=96_80)
    assert (line.exposure, line.available) == (96_80, 53_20)
    assert line.move(used=60_50) == cl.Refusal(cl.TOO_MUCH, 53_20)
    limit = cl.limit_on(DAY, RULES, verified=True).amount
    line = line.with_limit(cl.to_cents(limit)).move(used=60_50)
    assert (line.exposure, line.available) == (157_30, 142_70)
    first, second = (
        purchase(1, "96.80"),
        purchase(2, "60.50", due=DAY + timedelta(days=1)),
    )
    done = cl.allocate(D(121), [second, first])
    assert done == cl.Allocation(((1, D("96.80")), (2, D("24.20"))), D(0))
    line = line.move(used=-121_00)
    assert (line.exposure, line.available) == (36_30, 263_70)
    done = cl.allocate(D(90), [purchase(2, "36.30")])
    assert done == cl.Allocation(((2, D("36.30")),), D("53.70"), (cl.ALL_SETTLED,))
    line = line.move(used=-36_30)
    assert (line.exposure, line.available) == (0, 300_00)
    half = cl.allocate(D(121), [first, second], cl.Terms(share=D("0.5")))
    assert half == cl.Allocation(((1, D("60.50")),), D("60.50"), (cl.SHARE,))


def test_exposure_formula():
    owed = cl.Exposure(D(100), D(20), D(30), credits=D(15), receipts=D(5))
    assert owed.total == D(130)
    assert owed.available(D(300)) == D(170)
    assert owed.available(D(100)) == 0
    # a credit in his favour never enlarges the limit
    in_favour = cl.Exposure(credits=D(80), reservations=D(10))
    assert in_favour.total == D(-70)
    assert in_favour.available(D(150)) == D(140)


def test_limits():
    grants = (
        cl.Grant(D(900), DAY, DAY + timedelta(days=10), 1),
        cl.Grant(D(50), DAY + timedelta(days=5), DAY + timedelta(days=6), 2),
    )

    def on(days, verified=True):
        return cl.limit_on(DAY + timedelta(days=days), RULES, verified, grants)

    assert on(-1) == cl.Limit(D(300), cl.VERIFIED)
    assert on(-1, verified=False) == cl.Limit(D(150), cl.BASE)
    assert on(0) == cl.Limit(D(900), cl.GRANTED, DAY + timedelta(days=10))
    assert on(5).amount == 50, "the latest grant decides, also downwards"
    assert on(11) == cl.Limit(D(300), cl.VERIFIED)
    assert on(400).amount == 500
    assert cl.limit_on(date(2019, 1, 1), RULES, verified=True).why == cl.NO_RULE
    # without a rule for verified lines, theirs is the base
    assert cl.limit_on(DAY, RULES[:1], verified=True) == cl.Limit(D(150), cl.BASE)


def test_backstop():
    assert cl.backstop(DAY, 60) == date(2026, 5, 15)
    for days in (0, -1, 61):
        with pytest.raises(ValueError, match="60"):
            cl.backstop(DAY, days)


def test_movements():
    line = cl.Counters(limit=100, ceiling=100)
    assert line.move(used=100).available == 0, "equal is accepted"
    assert line.move(used=101) == cl.Refusal(cl.TOO_MUCH, 100)
    reserved = line.move(reserved=60)
    assert reserved.move(used=60, reserved=-60).exposure == 60
    assert reserved.move(reserved=-61) == cl.Refusal(cl.NOT_RESERVED, 60)
    frozen = cl.Counters(limit=100, ceiling=100, used=40, open=False)
    assert frozen.move(used=1) == cl.Refusal(cl.NOT_OPEN)
    assert frozen.move(used=-40).used == 0, "a frozen line is still repaid"
    forced = line.move(used=130, force=True)
    assert (forced.exposure, forced.ceiling, forced.available) == (130, 130, 0)
    lowered = line.move(used=80).with_limit(50)
    assert (lowered.ceiling, lowered.available) == (80, 0)
    assert lowered.move(used=-40).ceiling == 50
    # what he has in his favour is used first, and gives no more room
    owed = line.move(used=-30)
    assert owed.available == 100
    assert owed.move(used=130).exposure == 100
    assert owed.move(used=131) == cl.Refusal(cl.TOO_MUCH, 100)


def test_bad_amounts():
    for text in ("NaN", "Infinity", "-Infinity"):
        with pytest.raises(ValueError, match="number"):
            cl.to_cents(D(text))
        with pytest.raises(ValueError, match="receipt"):
            cl.allocate(D(text), [])
    with pytest.raises(ValueError, match="receipt"):
        cl.allocate(D(-1), [])
    for terms in (cl.Terms(share=D(2)), cl.Terms(share=D(-1)), cl.Terms(floor=D(-1))):
        with pytest.raises(ValueError, match="share"):
            cl.allocate(D(1), [], terms)


def test_order_floor_and_dust():
    old = purchase(1, 50, due=DAY + timedelta(days=9), invoiced=DAY)
    due = purchase(2, 50, due=DAY, invoiced=DAY + timedelta(days=1))
    assert cl.allocate(D(60), [old, due]).parts == ((2, D(50)), (1, D(10)))
    by_invoice = cl.Terms(order=cl.OLDEST_INVOICE)
    assert cl.allocate(D(60), [due, old], by_invoice).parts[0] == (1, D(50))
    floor = cl.allocate(D(60), [old, due], cl.Terms(floor=D(45)))
    assert (floor.settled, floor.left, floor.reasons) == (D(15), D(45), (cl.FLOOR,))
    assert cl.allocate(D(60), [old], cl.Terms(floor=D(70))).parts == ()
    dust = cl.allocate(D("0.50"), [old], cl.Terms(minimum=D(1)))
    assert (dust.parts, dust.left, dust.reasons) == ((), D("0.50"), (cl.DUST,))


@given(
    amounts,
    st.lists(amounts, max_size=8),
    st.decimals(0, 1, places=4),
    st.decimals(0, 500, places=2),
)
def test_allocation_is_exact(receipt, opens, share, floor):
    purchases = [
        purchase(n, amount, due=DAY + timedelta(days=n % 3))
        for n, amount in enumerate(opens)
    ]
    done = cl.allocate(receipt, purchases, cl.Terms(share, floor))
    by_id = {p.id: p for p in purchases}
    assert done.settled + done.left == receipt
    assert done.settled <= receipt * share
    assert not done.parts or done.left >= floor
    assert all(0 < amount <= by_id[i].open for i, amount in done.parts)
    # only the last one served may stay open
    assert all(amount == by_id[i].open for i, amount in done.parts[:-1])
    dues = [by_id[i].date_due for i, _amount in done.parts]
    assert dues == sorted(dues)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_split_is_exact(total, weights):
    if not sum(weights):
        with pytest.raises(ValueError, match="weights"):
            cl.split(total, weights)
        return
    parts = cl.split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - D(total) * weight / sum(weights)) < 1


@given(st.integers(0, 10**9), st.integers(1, 10**7), st.data())
def test_used_part(drawn, total, data):
    residual = data.draw(st.integers(0, total))
    part = cl.used_part(drawn, D(residual) / 100, D(total) / 100)
    assert 0 <= part <= drawn
    assert cl.used_part(drawn, D(0), D(total)) == 0
    assert cl.used_part(drawn, D(total), D(total)) == drawn
    assert cl.used_part(drawn, D(0), D(0)) == 0


class Line(RuleBasedStateMachine):
    """Random life of a line beside the naive truth: a list of documents."""

    steps = 0

    def __init__(self):
        super().__init__()
        self.line = cl.Counters(limit=300_00, ceiling=300_00)
        self.entries = []
        self.orders = {}
        self.invoices = {}
        self.number = 0

    def _move(self, used=0, reserved=0, force=False):
        before = self.line
        after = before.move(used, reserved, force)
        if isinstance(after, cl.Refusal):
            assert not force
            assert after.available <= max(before.available, before.reserved)
            return False
        if after.exposure > before.exposure and not force:
            assert before.open
            assert after.exposure <= after.limit, "overrun"
        self.line = after
        self.entries.append((used, reserved))
        return True

    @rule(amount=st.integers(1, 200_00))
    def confirm(self, amount):
        self.number += 1
        if self._move(reserved=amount):
            self.orders[self.number] = amount

    @precondition(lambda self: self.orders)
    @rule(part=st.integers(1, 100), extra=st.integers(0, 20_00), data=st.data())
    def invoice(self, part, extra, data):
        order = data.draw(st.sampled_from(sorted(self.orders)))
        taken = max(self.orders[order] * part // 100, 1)
        if self._move(used=taken + extra, reserved=-taken):
            self.orders[order] -= taken
            if not self.orders[order]:
                del self.orders[order]
            self.number += 1
            self.invoices[self.number] = taken + extra

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data):
        order = data.draw(st.sampled_from(sorted(self.orders)))
        assert self._move(reserved=-self.orders.pop(order))

    @precondition(lambda self: self.invoices)
    @rule(amount=st.integers(1, 200_00), share=st.integers(0, 100))
    def receive(self, amount, share):
        done = cl.allocate(
            cl.from_cents(amount),
            [
                cl.Purchase(i, DAY, DAY, cl.from_cents(left))
                for i, left in self.invoices.items()
            ],
            cl.Terms(share=D(share) / 100),
        )
        for number, paid in done.parts:
            assert self._move(used=-cl.to_cents(paid))
            self.invoices[number] -= cl.to_cents(paid)

    @rule(amount=st.integers(1, 50_00))
    def credit(self, amount):
        """A credit note that no invoice took yet."""
        self.number += 1
        assert self._move(used=-amount)
        self.invoices[self.number] = -amount

    @rule(amount=st.integers(1, 50_00))
    def chargeback(self, amount):
        self.number += 1
        assert self._move(used=amount, force=True)
        self.invoices[self.number] = amount

    @rule(limit=st.sampled_from([150_00, 300_00, 450_00]))
    def change_limit(self, limit):
        self.line = self.line.with_limit(limit)

    @rule(is_open=st.booleans())
    def freeze(self, is_open):
        self.line = cl.replace(self.line, open=is_open)

    @invariant()
    def no_drift(self):
        Line.steps += 1
        line = self.line
        assert line.used == sum(self.invoices.values())
        assert line.reserved == sum(self.orders.values())
        assert line.used == sum(used for used, _reserved in self.entries)
        assert line.reserved == sum(reserved for _used, reserved in self.entries)

    @invariant()
    def the_database_would_accept(self):
        assert self.line.reserved >= 0
        assert self.line.exposure <= self.line.ceiling
        assert 0 <= self.line.available <= self.line.limit


def test_two_thousand_random_steps():
    """Hypothesis gives one example some 700 steps at most, so there are several."""
    Line.steps = 0
    run_state_machine_as_test(
        Line,
        settings=settings(
            max_examples=12,
            stateful_step_count=300,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Line.steps >= 2000, Line.steps
