"""Texts of users are data: fields are replaced, nothing is evaluated."""

import pathlib
import runpy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import merge

KNOWN = {"customer": "Ann", "iban": "BE68"}
ROOT = pathlib.Path(__file__).parents[3]
# read, not imported: the tests of the add-on need Odoo
TEXTS = runpy.run_path(str(ROOT / "addons/facturex_billing/tests/payloads.py"))
PAYLOADS = (*TEXTS["PAYLOADS"], "\x00\u2028Bcc: a@b.example", "{iban}")


def test_there_are_enough_payloads():
    assert len(set(PAYLOADS)) >= 30  # reliability, row D08


def test_fields_are_replaced_once():
    values = {"customer": "{iban}", "iban": "BE68"}
    assert merge.merge("Dear {customer}, pay {iban}", values) == "Dear {iban}, pay BE68"


def test_problems():
    assert merge.problems("Dear {customer}, {iban}", KNOWN) == ()
    assert merge.problems("Dear {costumer}", KNOWN) == ("{costumer}",)
    assert merge.problems(None, KNOWN) == ()
    assert merge.problems("{{ object.name }}", KNOWN)
    assert merge.problems("{customer", KNOWN)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_stays_text(payload):
    html = merge.merge_html("Dear {customer}", {"customer": payload})
    assert html.count("<") == html.count("<p>") * 2 + html.count("<br/>")
    assert TEXTS["RESULT"] not in html
    line = merge.merge_line("Dear {customer}", {"customer": payload})
    assert not set(line) & set("\r\n\x00\u2028")
    direct = merge.merge_html(payload, KNOWN)
    assert TEXTS["RESULT"] not in direct
    assert direct.count("<") == direct.count("<p>") * 2 + direct.count("<br/>")


@given(st.text(max_size=200), st.text(max_size=50))
def test_only_our_own_tags(text, value):
    html = merge.merge_html(text, {"customer": value})
    for tag in ("<p>", "</p>", "<br/>"):
        html = html.replace(tag, "")
    assert "<" not in html
    assert ">" not in html


@given(st.text(alphabet="{}abc_ <", max_size=30))
def test_what_passes_the_check_has_known_fields_only(text):
    if not merge.problems(text, {"a", "abc"}):
        assert merge.used(text) <= {"a", "abc"}
        assert "{" not in merge.FIELD.sub("", text)
