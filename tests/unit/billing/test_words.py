"""Amounts in words: agreement, and nothing said of zero."""

import pytest

from odoo.addons.facturex_billing.engine.words import agree, join


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (
            "mille deux cents septante et un euros",
            "mille deux cent septante et un euros",
        ),
        ("deux cents euros", "deux cents euros"),
        ("deux cents mille euros", "deux cent mille euros"),
        ("deux cents millions", "deux cents millions"),
        ("quatre-vingt centimes", "quatre-vingts centimes"),
        ("quatre-vingt-un euros", "quatre-vingt-un euros"),
        ("quatre-vingt mille euros", "quatre-vingt mille euros"),
    ],
)
def test_french_numerals(said, written):
    assert agree(said) == written
    assert agree(written) == written


@pytest.mark.parametrize(
    ("whole", "part", "flags", "lang", "expected"),
    [
        (
            "douze euros",
            " dix centimes",
            (True, True),
            "fr_BE",
            "Douze euros et dix centimes",
        ),
        ("douze euros", " zéro centimes", (True, False), "fr_FR", "Douze euros"),
        ("zéro euros", " un centime", (False, True), "fr_FR", "Un centime"),
        ("nul euro", " nul cent", (False, False), "nl_BE", "Nul euro"),
        (
            "twaalf euro",
            " tien cent",
            (True, True),
            "nl_BE",
            "Twaalf euro en tien cent",
        ),
        ("dodici euro", " dieci", (True, True), "it_IT", "Dodici euro, dieci"),
    ],
)
def test_one_sentence(whole, part, flags, lang, expected):
    has_whole, has_part = flags
    text = join(whole, part, has_whole=has_whole, has_part=has_part, lang=lang)
    assert text == expected
