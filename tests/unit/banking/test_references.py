"""OGM/VCS and RF references: vectors of the standards, and look-alikes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine import references
from odoo.addons.facturex_banking.engine.references import (
    find_references,
    is_ogm,
    is_rf,
    normalise_account,
    normalise_reference,
    printed_reference,
)

OGM = {
    "+++000/0000/65472+++": "000000065472",
    "+++000/0000/09797+++": "000000009797",  # remainder 0 is written 97
    "+++202/6000/12320+++": "202600012320",
    "+++123/4567/89002+++": "123456789002",
}
RF = {
    "RF67INV000037": "RF67INV000037",
    "RF18 5390 0754 7034": "RF18539007547034",
    "RF46 2026 0001 23": "RF462026000123",
    "rf78fac202600042": "RF78FAC202600042",
}


@given(st.integers(0, 10**12 - 1))
def test_same_answer_as_the_library(number):
    ogm_vcs = pytest.importorskip("stdnum.be.ogm_vcs")
    digits = f"{number:012}"
    for text in (digits, digits[:10] + f"{number // 100 % 97 or 97:02}"):
        if text[:10] != "0" * 10:
            assert references.is_ogm(text) == ogm_vcs.is_valid(text)


@pytest.mark.parametrize(("text", "expected"), (OGM | RF).items())
def test_vectors(text, expected):
    assert normalise_reference(text) == expected
    assert normalise_reference(expected) == expected
    assert find_references(f"paid {text}, thanks") == (expected,)


@pytest.mark.parametrize(
    "text",
    [
        "***202/6000/12320***",
        "202/6000/12320",
        "202 6000 12320",
        "202.6000.12320",
        "202-6000-12320",
        "202 / 6000 / 12320",
        " +++ 202/6000/12320 +++ ",
        "202600012320",
        "202\u00a06000\u00a012320",
        "+++202/6000/12320",
    ],
)
def test_spellings_of_one_ogm(text):
    assert normalise_reference(text) == "202600012320"
    assert find_references(f"x {text} y") == ("202600012320",)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "+++202/6000/12321+++",
        "+++000/0000/00097+++",  # base of zeros: not used
        "+++202/6000/12320+++ more",
        "20260001232",
        "2026000123201",
        "²02600012320x",
        "٢٠٢٦٠٠٠١٢٣٢٠",
        "RF47 2026 0001 23",
        "RF46",
        "RF46" + "0" * 22,
        "BE68539007547034",
        "1234567",  # a Dutch 7-digit number
        "79927398713",  # a Luhn number
        "FAC/2026/00042",
    ],
)
def test_not_a_reference(text):
    assert normalise_reference(text) is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "nothing here",
        "card 5202600012320",  # 13 digits
        "2026000123207",
        "BE68202600012320",  # tail of an account number
        "BE68 202600012320",
        "BE68 5390 0754 7034",
        "phone 0475/12.34.56",
        "202/6000/12321",
        "000/0000/00097",
        "RF47INV000037",
        "XRF67INV000037",
        "RF67INV0000370",
        "202//6000//12320",
        "20 2600 012320",
    ],
)
def test_nothing_to_find(text):
    assert find_references(text) == ()


def test_ogm_typed_without_signs():
    assert find_references("FACTURE 112/4554/46812 MERCI") == ()  # base % 97 is 3
    assert find_references("FACTURE 112/4554/46803 MERCI") == ("112455446803",)


def test_several_in_one_text():
    text = "+++202/6000/12320+++ RF67INV000037 123/4567/89002 202600012320"
    assert find_references(text) == ("202600012320", "123456789002", "RF67INV000037")


def test_wrong_candidate_does_not_hide_a_right_one():
    assert find_references("111 2026 000/6547/20000 202/6000/12320") == (
        "202600012320",
    )


@pytest.mark.parametrize("words", ["", " INVOICE 7", " PAID", " THANK YOU", ", 12"])
def test_printed_rf_followed_by_words(words):
    assert "RF18539007547034" in find_references("RF18 5390 0754 7034" + words)


@given(st.integers(1, 9_999_999_999))
def test_every_base_has_one_reference(base):
    digits = f"{base:010}{base % 97 or 97:02}"
    printed = f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"
    assert normalise_reference(printed) == digits
    assert find_references(f"a{printed}b") == (digits,)


@given(st.integers(1, 9_999_999_999), st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_no_reference(base, position, shift):
    digits = f"{base:010}{base % 97 or 97:02}"
    wrong = (int(digits[position]) + shift) % 10
    typo = digits[:position] + str(wrong) + digits[position + 1 :]
    assert is_ogm(digits)
    assert not is_ogm(typo)


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=21),
    st.data(),
)
def test_every_rf_and_one_wrong_character(body, data):
    number = int("".join(str(int(char, 36)) for char in body + "RF00"))
    valid = f"RF{98 - number % 97:02}{body}"
    assert is_rf(valid)
    assert normalise_reference(" ".join(valid[i : i + 4] for i in range(0, 25, 4)))
    position = data.draw(st.integers(2, len(valid) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(valid[position].__ne__))
    assert not is_rf(valid[:position] + other + valid[position + 1 :]) or (
        valid[position].isalpha()  # a letter is two digits: mod 97 may collide
    )


@given(st.text(max_size=60))
def test_any_text_is_searched_without_accident(text):
    for reference in find_references(text):
        assert normalise_reference(reference) == reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("be68 5390 0754 7034", "BE68539007547034"),
        ("539-0075470-34", "539007547034"),
        (None, ""),
    ],
)
def test_accounts(text, expected):
    assert normalise_account(text) == expected


@pytest.mark.parametrize(
    ("reference", "printed"),
    [
        ("202600012320", "+++202/6000/12320+++"),
        ("RF18539007547034", "RF18 5390 0754 7034"),
        ("FAC/2026/1", "FAC/2026/1"),
    ],
)
def test_printed_as_on_the_invoice(reference, printed):
    assert printed_reference(reference) == printed
