"""The table of who may do what: closed by default, and narrow by default."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_portal.engine import capabilities as cap

codes = st.frozensets(st.sampled_from(cap.CAPABILITIES))


def test_every_code_of_the_table_is_a_capability():
    cuts = [*cap.MODELS.values(), *cap.PREFIXES.values()]
    used = {code for cut in cuts for code in (*cut.change, *cut.read)}
    used |= {code for cut in cuts for _path, codes in cut.more for code in codes}
    used |= {code for *_kind, codes in cap.MOVES for code in codes}
    used |= set(cap.FOLDER_CODES)
    used |= {code for pair in cap.IMPLIED.items() for code in (pair[0], *pair[1])}
    assert used <= set(cap.CAPABILITIES)


def test_nothing_listed_is_open_to_all():
    for name, cut in [*cap.MODELS.items(), *cap.PREFIXES.items()]:
        assert cut.change, name


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("facturex.subscription", ("sell",)),
        ("facturex.subscription.period", ("sell",)),
        ("facturex.subscription.plan", ("configure",)),
        ("facturex.dunning.policy", ("configure",)),
        ("facturex.statement.file", ("match",)),
        ("facturex.something.new", cap.WORK),
        ("stock.picking", cap.WORK),
        ("account.journal", ("configure",)),
    ],
)
def test_the_longest_prefix_decides(model, change):
    assert cap.cut_of(model, True).change == change


def test_reading_the_bank_is_a_capability():
    for model in ("account.bank.statement.line", "facturex.match.proposal"):
        assert cap.cut_of(model, True).read == ("bank",)


def test_what_has_no_company_is_not_cut():
    assert cap.cut_of("mail.message", False) is None
    assert cap.cut_of("facturex.dossier", True) is None


def test_predefined_roles():
    assert cap.ACCOUNTANT < cap.ADMINISTRATOR == frozenset(cap.CAPABILITIES)
    assert "manage_users" not in cap.ACCOUNTANT
    assert cap.READER < cap.USER < cap.ACCOUNTANT


def test_salaries_are_implied_by_nothing():
    for code in cap.CAPABILITIES:
        assert ("payroll" in cap.closure({code})) == (code == "payroll")
    assert cap.FOLDERS["payroll"] == ("payroll",)


@given(codes, codes)
def test_implied_capabilities_are_a_closure(a, b):
    assert a <= cap.closure(a) == cap.closure(cap.closure(a))
    assert cap.closure(a | b) == cap.closure(a) | cap.closure(b)


@given(codes)
def test_seeing_is_never_acting(held):
    seen = {cap.see(code) for code in held}
    assert seen.isdisjoint(cap.CAPABILITIES)
    assert cap.see(cap.MEMBER) == cap.MEMBER


@given(codes, codes, codes)
def test_handing_out_is_an_order(a, b, c):
    assert cap.within(a, a)
    if cap.within(a, b) and cap.within(b, c):
        assert cap.within(a, c)
    if cap.within(a, b) and cap.within(b, a):
        assert a == b


@given(codes)
def test_a_wider_role_never_needs_a_narrower_group(held):
    order = ["user", "accountant", "manager"]
    for code in cap.CAPABILITIES:
        wider = cap.group_of(held | {code})
        assert order.index(wider) >= order.index(cap.group_of(held))
