"""A statement around others that are known: its pieces keep the chain of balances."""

from collections import namedtuple
from datetime import date, timedelta
from decimal import Decimal
from itertools import zip_longest

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.runs import Run, runs

D = Decimal
Movement = namedtuple("Movement", "date amount")
FIRST = date(2026, 3, 1)


def on(day, amount):
    return Movement(FIRST + timedelta(days=day - 1), D(amount))


def test_a_month_around_its_second_week():
    own = [on(2, 5), on(6, 7), on(16, -3), on(30, 1)]
    held = [on(9, 100), on(13, 20)]
    assert runs(own, held, D(50)) == (
        Run(date(2026, 3, 2), date(2026, 3, 6), D(50), D(62)),
        Run(date(2026, 3, 16), date(2026, 3, 30), D(182), D(180)),
    )


def test_known_days_at_an_end_make_no_piece():
    own = [on(5, 1), on(9, 2)]
    assert runs(own, [on(2, 10)], D(0)) == (
        Run(date(2026, 3, 5), date(2026, 3, 9), D(10), D(13)),
    )
    assert runs(own, [on(12, 10)], D(0)) == (
        Run(date(2026, 3, 5), date(2026, 3, 9), D(0), D(3)),
    )


def test_a_day_known_in_part_is_no_border():
    own = [on(5, 1), on(6, 2), on(7, 4)]
    assert runs(own, [on(6, 10)], D(0)) == (
        Run(date(2026, 3, 5), date(2026, 3, 7), D(10), D(17)),
    )


def test_nothing_new():
    assert runs([], [on(1, 1)], D(3)) == ()


movements = st.lists(st.builds(on, st.integers(1, 20), st.integers(-500, 500)))


@given(movements, movements, st.integers(-1000, 1000))
def test_pieces_hold_each_movement_once_and_chain(own, held, opening):
    pieces = runs(own, held, D(opening))
    inside = [m for p in pieces for m in own if p.first <= m.date <= p.last]
    assert sorted(inside) == sorted(own)
    position = D(opening)
    for piece, following in zip_longest(pieces, pieces[1:]):
        until = piece.last
        position = D(opening) + sum(m.amount for m in own + held if m.date <= until)
        assert piece.closing == position
        if following:
            between = [m for m in held if until < m.date <= following.last]
            assert following.opening == position + sum(m.amount for m in between)
            assert any(until < m.date < following.first for m in between)
