import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import siren

from odoo.addons.facturex_billing.engine import identifiers as ids

BE = ids.Identity("BE", "BE0477472701", "0477472701")
SIRET = ids.Identity("FR", registry="73282932000074")
SIREN = ids.Identity("FR", registry="732829320")


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("BE0477472701", "", BE),
        (" be 0477.472.701 ", "FR", BE),
        ("0477472701", "", BE),
        ("477472701", "BE", BE),
        ("732 829 320 00074", "BE", SIRET),
        ("732829320", "FR", SIREN),
        ("FR44732829320", "", ids.Identity("FR", "FR44732829320", "732829320")),
        ("NL4495445B01", "", ids.Identity("NL", "NL4495445B01")),
        ("EL094259216", "", ids.Identity("GR", "EL094259216")),
        ("BE0477472702", "", ids.Refusal(ids.CHECK_DIGITS)),
        ("732829320 00075", "", ids.Refusal(ids.CHECK_DIGITS)),
        ("FR45732829320", "", ids.Refusal(ids.CHECK_DIGITS)),
        ("DE123", "", ids.Refusal(ids.CHECK_DIGITS)),
        ("12345", "", ids.Refusal(ids.UNKNOWN)),
        ("US123456789", "", ids.Refusal(ids.UNKNOWN)),
        ("", "", ids.Refusal(ids.EMPTY)),
        (None, "", ids.Refusal(ids.EMPTY)),
    ],
)
def test_read(text, country, expected):
    assert ids.read(text, country) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BE 0477.472.701", True),
        ("73282932000074", True),
        ("0477472702", True),  # a mistyped number is still no name
        ("Brunelle SRL", False),
        ("Garage 2000", False),
        ("", False),
    ],
)
def test_looks_like_number(text, expected):
    assert ids.looks_like_number(text) is expected


@given(st.integers(0, 99_999_999))
def test_the_siren_of_a_vat_number(head):
    candidates = (f"{head:08d}{digit}" for digit in range(10))
    number = next(filter(siren.is_valid, candidates))
    # the key of a French VAT number is arithmetic: CGI ann. III
    vat = f"FR{(12 + 3 * (int(number) % 97)) % 97:02d}{number}"
    assert ids.read(vat) == ids.Identity("FR", vat, number)
    assert ids.french_siren(vat, "") == ids.french_siren("", number) == number


@given(
    st.sampled_from(["0477472701", "0403019261", "73282932000074", "732829320"]),
    st.data(),
)
def test_a_mistyped_digit_never_becomes_another_company(number, data):
    """Check digits of SIREN, SIRET and enterprise number see any wrong digit."""
    place = data.draw(st.integers(0, len(number) - 1))
    digit = data.draw(st.sampled_from("0123456789"))
    wrong = f"{number[:place]}{digit}{number[place + 1 :]}"
    if wrong != number:
        assert ids.read(wrong) == ids.Refusal(ids.CHECK_DIGITS)


@given(st.text(max_size=30))
def test_never_fails(text):
    assert isinstance(ids.read(text), (ids.Identity, ids.Refusal))
    ids.looks_like_number(text)
    ids.french_siren(text, text)
