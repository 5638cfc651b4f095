"""Credit notes: never more than what is left, and all of it can be credited."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import credit

D = Decimal


def line(number=1, quantity=5, amount=100, credited=(0, 0)):
    return credit.Line(
        id=number,
        label=f"line {number}",
        quantity=D(quantity),
        amount=D(amount),
        credited_quantity=D(credited[0]),
        credited_amount=D(credited[1]),
    )


def left(*lines, total=121):
    return credit.Left(lines=lines or (line(),), total=D(total))


def asked(*rows, total=0):
    return credit.Asked(
        total=D(total), lines=tuple((i, D(q), D(a)) for i, q, a in rows)
    )


@pytest.mark.parametrize(
    ("what", "rows", "total", "codes"),
    [
        (left(), [(1, 5, 100)], 121, []),
        (left(), [(1, 6, 100)], 121, [credit.TOO_MANY]),
        (left(), [(1, 5, 101)], 121, [credit.TOO_MUCH]),
        (left(), [(1, 5, D("100.01"))], 121, []),  # a cent of rounding
        (left(), [(1, 5, 100)], D("121.01"), [credit.TOTAL]),
        (left(), [(1, -1, -20)], 0, [credit.WRONG_SIGN]),
        (left(), [(2, 1, 1)], 1, [credit.TOO_MANY]),
        # twice the same line in one credit note
        (left(), [(1, 3, 60), (1, 3, 60)], 121, [credit.TOO_MANY]),
        (left(line(credited=(3, 60))), [(1, 3, 60)], 73, [credit.TOO_MANY]),
        (left(line(credited=(3, 60))), [(1, 2, 40)], 48, []),
        # a deducted deposit has a negative quantity
        (left(line(quantity=-1, amount=-30)), [(1, -1, -30)], 0, []),
        (left(line(quantity=-1, amount=-30)), [(1, -2, -60)], 0, [credit.TOO_MANY]),
        (left(line(quantity=-1, amount=-30)), [(1, 1, 30)], 36, [credit.WRONG_SIGN]),
        # a discount: positive quantity, negative amount
        (left(line(quantity=1, amount=-30)), [(1, 1, -40)], 0, [credit.TOO_MUCH]),
    ],
)
def test_problems(what, rows, total, codes):
    found = credit.problems(what, asked(*rows, total=total))
    assert [problem.code for problem in found] == codes


def test_a_problem_says_what_is_left():
    [problem] = credit.problems(left(line(credited=(3, 60))), asked((1, 4, 40)))
    assert (problem.label, problem.asked, problem.left) == ("line 1", D(4), D(2))


def test_over_credited_of_old_leaves_nothing():
    assert line(credited=(7, 140)).quantity_left == 0
    assert line(quantity=-1, amount=-5, credited=(-2, -10)).amount_left == 0


def test_completes():
    two = left(line(1, credited=(3, 60)), line(2, quantity=1))
    assert credit.completes(two, {1: D(2), 2: D(1)})
    assert not credit.completes(two, {1: D(2)})
    assert not credit.completes(two, {1: D(1), 2: D(1)})
    done = left(line(1, credited=(5, 100)), line(2, quantity=1))
    assert credit.completes(done, {2: D(1)})


quantities = st.integers(1, 20)
prices = st.decimals("0.01", "99.99", places=2)


@given(
    st.lists(st.tuples(quantities, prices), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(0, 8), min_size=4, max_size=4), max_size=8),
)
def test_any_sequence_stays_within_the_invoice(lines, attempts):
    """Whatever is asked in whatever order, what was accepted never exceeds."""
    what = credit.Left(
        lines=tuple(
            line(number, quantity, quantity * price)
            for number, (quantity, price) in enumerate(lines)
        ),
        total=sum((quantity * price for quantity, price in lines), D(0)),
    )
    taken = [0] * len(lines)
    for attempt in attempts:
        rows = [
            (number, D(quantity), quantity * lines[number][1])
            for number, quantity in enumerate(attempt[: len(lines)])
            if quantity
        ]
        ask = credit.Asked(sum((row[2] for row in rows), D(0)), tuple(rows))
        fits = all(
            taken[number] + quantity <= lines[number][0] for number, quantity, _ in rows
        )
        assert (not credit.problems(what, ask)) == fits
        if fits:
            what = credit.after(what, ask)
            for number, quantity, _amount in rows:
                taken[number] += int(quantity)
    assert what.total >= 0
    rest = {row.id: row.quantity_left for row in what.lines}
    assert [int(rest[n]) for n in range(len(lines))] == [
        quantity - taken[number] for number, (quantity, _) in enumerate(lines)
    ]
    assert credit.completes(what, rest)
