"""Lists of companies: numbers are checked, doubles found, bad files refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_portal.engine import dossier_list as lists

BELGIAN = "0403.019.261"
FRENCH = "732829320"


@pytest.mark.parametrize(
    ("text", "country", "key"),
    [
        (BELGIAN, "BE", "BE0403019261"),
        ("BE0403019261", "BE", "BE0403019261"),
        ("403.019.261", "BE", "BE0403019261"),
        (FRENCH, "FR", "FR732829320"),
        ("FR44 732 829 320", "FR", "FR732829320"),
        ("732 829 320 00074", "FR", "FR732829320"),
        ("NL004495445B01", "NL", "NL004495445B01"),
    ],
)
def test_writings_of_one_number_have_one_key(text, country, key):
    assert lists.read_number(text, country).key == key


@pytest.mark.parametrize(
    ("text", "country"),
    [("", "BE"), ("0403019262", "BE"), ("732829321", "FR"), ("x", "NL"), ("1", "US")],
)
def test_wrong_numbers_are_none(text, country):
    assert lists.read_number(text, country) is None


def test_a_french_siren_gives_its_vat_number():
    assert lists.read_number(FRENCH, "FR").vat == "FR44732829320"


@given(st.text(max_size=30), st.sampled_from(["BE", "FR", "NL", "US", ""]))
def test_no_text_breaks_the_reader(text, country):
    number = lists.read_number(text, country)
    assert number is None or number.key


def test_a_list_names_the_problem_of_each_line():
    content = (
        "Nom;Pays;TVA;E-mail\n"
        f"Good;BE;{BELGIAN};a@b.be\n"
        f"Again;be;BE 0403 019 261;\n"
        ";BE;0403019261;\n"
        "Wrong;BE;123;\n"
        f"Mail;FR;{FRENCH};nobody\n"
        "Where;;1;\n"
    )
    lines = lists.read_list(content.encode())
    assert [line.problem for line in lines] == [
        "",
        "twice",
        "name",
        "number",
        "email",
        "country",
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "columns"),
        (b"a;b\n1;2\n", "columns"),
        (b"name,country,vat\n\n", "empty"),
        (b"name,country,vat\n" + b"A,BE,1\n" * 51, "long"),
    ],
)
def test_bad_files_are_refused(content, code):
    with pytest.raises(ValueError, match=code):
        lists.read_list(content)


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("fr", "FR", "fr_FR"),
        ("fr", "BE", "fr_BE"),
        ("fr-FR", "BE", "fr_FR"),
        (" Français ", "BE", "fr_BE"),
        ("nl", "NL", "nl_BE"),
        ("Nederlands", "BE", "nl_BE"),
        ("English", "BE", "en_US"),
        ("fr_CH", "CH", "fr_FR"),
        ("de", "BE", ""),
        ("klingon", "BE", ""),
        ("", "BE", ""),
    ],
)
def test_a_language_is_an_installed_one(text, country, code):
    installed = ["en_US", "fr_BE", "fr_FR", "nl_BE"]
    assert lists.language_of(text, country, installed) == code


@given(st.text(max_size=12), st.sampled_from(["BE", "FR", ""]))
def test_no_text_makes_a_language_up(text, country):
    installed = ["en_US", "fr_FR"]
    assert lists.language_of(text, country, installed) in ("", *installed)
