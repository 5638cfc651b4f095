"""Texts of users are data: fields are replaced, nothing is evaluated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_billing.engine import merge

KNOWN = {"customer": "Ann", "iban": "BE68"}
PAYLOADS = [
    "{{ 7*7 }}",
    "${7*7}",
    "<t t-out='7*7'/>",
    "<t t-esc=\"object.env['res.users']\"/>",
    "{{ object.company_id.sudo().name }}",
    "{% for x in (1,) %}x{% endfor %}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "%(customer)s",
    "{customer.__class__}",
    "{0}",
    "{customer!r}",
    "{customer:>10}",
    "#{7*7}",
    "x\r\nBcc: a@b.example",
    "<?python print(1) ?>",
    "<a href='javascript:alert(1)'>x</a>",
    "{iban}",
    "&lt;script&gt;",
    "\x00\u2028Bcc: a@b.example",
]


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
    assert "<script" not in html
    assert "<t " not in html
    assert "<img" not in html
    assert "49" not in html
    line = merge.merge_line("Dear {customer}", {"customer": payload})
    assert not set(line) & set("\r\n\x00\u2028")
    direct = merge.merge_html(payload, KNOWN)
    assert "49" not in direct
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
