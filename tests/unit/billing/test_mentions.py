"""Which sentence goes on which document."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine.mentions import (
    CONDITIONS,
    Facts,
    Mention,
    choose,
    operation_category,
    vat_conditions,
)

DAY = date(2026, 11, 21)
FACTS = Facts("FR", "b2b", credit_note=False, day=DAY)

days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
mentions = st.builds(
    Mention,
    key=st.integers(1, 10_000),
    code=st.sampled_from("abc"),
    country=st.sampled_from([None, "BE", "FR"]),
    debtor_kind=st.sampled_from([None, "b2b", "b2c", "b2g"]),
    document=st.sampled_from(["all", "invoice", "credit_note"]),
    condition=st.sampled_from(CONDITIONS),
    valid_from=st.none() | days,
    valid_to=st.none() | days,
    own=st.booleans(),
    printed=st.booleans(),
    confirmed=st.booleans(),
    sequence=st.integers(0, 50),
)
facts = st.builds(
    Facts,
    country=st.sampled_from([None, "BE", "FR"]),
    debtor_kind=st.sampled_from(["b2b", "b2c", "b2g"]),
    credit_note=st.booleans(),
    day=days,
    conditions=st.frozensets(st.sampled_from(CONDITIONS)),
)


@given(st.lists(mentions, max_size=12, unique_by=lambda m: m.key), facts)
def test_what_is_chosen(rows, about):
    chosen = choose(rows, about)
    assert len({m.code for m in chosen}) == len(chosen)
    for mention in chosen:
        assert mention.printed
        assert mention.confirmed
        assert mention.country in (None, about.country)
        assert mention.debtor_kind in (None, about.debtor_kind)
        assert mention.valid_from is None or mention.valid_from <= about.day
        assert mention.valid_to is None or about.day <= mention.valid_to
        assert mention.condition == "always" or mention.condition in about.conditions
    assert [m.sequence for m in chosen] == sorted(m.sequence for m in chosen)
    assert set(choose(list(reversed(rows)), about)) == set(chosen)
    # nothing but the chosen rows is needed to choose them again
    assert choose(chosen, about) == chosen


def rows(*changes):
    return [Mention(**{"key": n, "code": "x", **c}) for n, c in enumerate(changes, 1)]


@pytest.mark.parametrize(
    ("given_rows", "expected"),
    [
        # the company's own version, even of an older date
        ([{"valid_from": DAY}, {"own": True, "valid_from": date(2020, 1, 1)}], [2]),
        # the latest in force
        ([{"valid_from": date(2020, 1, 1)}, {"valid_from": DAY}], [2]),
        ([{}, {"valid_from": DAY + timedelta(1)}], [1]),
        ([{"valid_to": DAY - timedelta(1)}], []),
        ([{"valid_to": DAY}], [1]),
        # what nobody confirmed neither prints nor hides the older one
        ([{}, {"valid_from": DAY, "confirmed": False}], [1]),
        # silenced by the company
        ([{}, {"own": True, "printed": False}], []),
        ([{"country": "BE"}], []),
        ([{"debtor_kind": "b2c"}], []),
        ([{"document": "credit_note"}], []),
        ([{"condition": "export"}], []),
    ],
)
def test_one_row_of_a_code(given_rows, expected):
    assert [m.key for m in choose(rows(*given_rows), FACTS)] == expected


@pytest.mark.parametrize(
    ("lines", "franchise", "expected"),
    [
        ([("S", False, True)], False, {"taxed"}),
        ([("AE", False, False)], False, {"reverse_charge"}),
        ([("K", False, False)], False, {"intra_goods"}),
        ([("K", True, False)], False, {"intra_services"}),
        (
            [("K", True, False), ("K", False, False)],
            False,
            {"intra_goods", "intra_services"},
        ),
        ([("G", False, False), ("S", False, True)], False, {"export", "taxed"}),
        ([("E", False, False)], False, set()),
        ([("E", False, False)], True, {"franchise"}),
        ([], False, set()),
    ],
)
def test_vat(lines, franchise, expected):
    assert vat_conditions(lines, franchise=franchise) == expected


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ([], None),
        ([True], "services"),
        ([False, False], "goods"),
        ([True, False], "mixed"),
    ],
)
def test_operation_category(services, expected):
    assert operation_category(services) == expected
