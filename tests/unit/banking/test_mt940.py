"""MT940 and MT942: fields, pages, signs, and the dialects of field 86."""

from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.facturex_banking.engine.errors import FormatError
from odoo.addons.facturex_banking.engine.formats import parse
from odoo.addons.facturex_banking.engine.formats.mt940_details import read_details

from .samples import sample

D = Decimal
IBAN = "BE68539007547034"


def message(
    *lines, account=IBAN, opening="C260119EUR1000,00", closing=None, page="7/1"
):
    closing = closing or "C260120EUR1000,00"
    return "\n".join(
        [":20:REF", f":25:{account}", f":28C:{page}", f":60F:{opening}"]
        + list(lines)
        + [f":62F:{closing}", "-", ""]
    )


def one(text: str):
    (found,) = parse(text.encode(), "x.sta").statements
    return found


def entry(line: str, *details: str):
    (found,) = one(message(line, *details)).entries
    return found


@pytest.mark.parametrize(
    ("mark", "value"),
    [("C", 50), ("D", -50), ("RC", -50), ("RD", 50), ("CR", 50), ("DN", -50)],
)
def test_signs(mark, value):
    found = entry(f":61:2601200120{mark}50,00NTRFREF-1//BANK123456")
    assert (found.amount, found.reversal) == (D(value), mark[0] == "R")
    assert (found.bank_id, found.end_to_end_id) == ("BANK123456", "REF-1")
    assert (found.date, found.transaction_code) == (date(2026, 1, 20), "NTRF")


@pytest.mark.parametrize("amount", ["50,", "50", "50,0", "000000000050,00", "50.00"])
def test_spellings_of_an_amount(amount):
    assert entry(f":61:260120C{amount}NTRFNONREF").amount == 50


def test_booking_day_across_new_year():
    assert entry(":61:2601020102C1,00NTRFNONREF").date == date(2026, 1, 2)
    found = entry(":61:2601021231C1,00NTRFNONREF")
    assert (found.date, found.value_date) == (date(2025, 12, 31), date(2026, 1, 2))
    assert entry(":61:2512310102C1,00NTRFNONREF").date == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("account", "number"),
    [
        ("BE68539007547034", "BE68539007547034"),
        ("BE68 5390 0754 7034 EUR", "BE68539007547034"),
        ("GEBABEBB/BE68539007547034", "BE68539007547034"),
        ("50880050/0194774600", "DE96508800500194774600"),
        ("1291.99.348EUR", "129199348"),
        ("TRIODOSBANK/0390123456", "0390123456"),
        ("//AT19043/234573201/EUR", "AT611904300234573201"),
    ],
)
def test_accounts(account, number):
    assert one(message(account=account)).account_number == number


def test_pages_are_joined():
    first = message(":61:260120C10,00NTRFNONREF", closing="C260120EUR1010,00")
    first = first.replace(":62F:", ":62M:")
    second = message(
        ":61:260120C5,00NTRFNONREF",
        opening="C260120EUR1010,00",
        closing="C260120EUR1015,00",
        page="7/2",
    ).replace(":60F:", ":60M:")
    found = one(first + second)
    assert [e.amount for e in found.entries] == [10, 5]
    assert (found.opening_balance, found.closing_balance) == (1000, 1015)
    assert found.warnings == ()
    assert [w.code for w in one(first).warnings] == ["page_alone"]


def test_envelope_and_unknown_fields():
    text = "{1:F01BANKBEBB}{2:I940X}{4:\n" + message(":61:260120C0,NTRFNONREF")
    text = text.replace(":28C:", ":NS:22 other\n:28C:").replace("-\n", "-}\n")
    assert one(text).number == "7"


def test_report_of_the_day():
    text = "\n".join(
        [":20:R", f":25:{IBAN}", ":28C:1/1", ":34F:EURD0,", ":34F:EURC0,"]
        + [":13D:2601201200+0100", ":61:260120C10,00NTRFREF", ":86:TEXT"]
        + [":90D:0EUR0,", ":90C:1EUR10,"]
    )
    file = parse(text.encode(), "x")
    (found,) = file.statements
    assert (file.format, found.intraday, found.currency) == ("mt942", True, "EUR")
    assert (found.opening_balance, found.entries[0].communication) == (None, "TEXT")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "/TRTP/SEPA/IBAN/BE62510007547061/BIC/GEBABEBB/NAME/ALPHA SA/REMI/"
            "INVOICE 42/EREF/E2E-1",
            ("INVOICE 42", "ALPHA SA", "BE62510007547061", "E2E-1"),
        ),
        (
            "/REMI/USTD//INV 42/CNTP/BE62510007547061/GEBABEBB/ALPHA SA/GENT/",
            ("INV 42", "ALPHA SA", "BE62510007547061", None),
        ),
        (
            "BE62510007547061 alpha sa /TRTP/SEPA/NAME/ALPHA SA/REMI/INV 42/IBAN/"
            "BE62510007547061/EREF/E2E-1",
            ("INV 42", "ALPHA SA", "BE62510007547061", "E2E-1"),
        ),
        (
            "020?00X?20INV 42?31123456?32ALPHA?38BE62510007547061",
            ("INV 42", "ALPHA", "BE62510007547061", None),
        ),
        (
            "166?20EREF+E2E-1?21SVWZ+INV 42 EREF: OTHER?32A NAME OF 27 LETTERS FILLED"
            "?33UP SA",
            ("INV 42", "A NAME OF 27 LETTERS FILLEDUP SA", None, "E2E-1"),
        ),
        (
            "166?00CREDIT?20EREF+E2E-1?21SVWZ+INVOICE 42?30GEBABEBB"
            "?31BE62510007547061?32ALPHA?33 SA",
            ("INVOICE 42", "ALPHA SA", "BE62510007547061", "E2E-1"),
        ),
        (
            "?20INVOICE 42?32ALPHA SA",
            ("INVOICE 42", "ALPHA SA", None, None),
        ),
        ("PAYMENT OF INVOICE 42", ("PAYMENT OF INVOICE 42", None, None, None)),
        (
            "PAID BY BE62510007547061 THANKS",
            ("PAID BY BE62510007547061 THANKS", None, "BE62510007547061", None),
        ),
        (f"FROM {IBAN} ITSELF", (f"FROM {IBAN} ITSELF", None, None, None)),
    ],
)
def test_dialects(text, expected):
    found = read_details([text], IBAN)
    assert (found.text, found.name, found.account, found.end_to_end) == expected


def test_reference_in_a_structured_remittance():
    found = entry(":61:260120C9,NTRFNONREF", ":86:/REMI/+++202/6000/12320+++/NAME/A/")
    assert (found.structured_reference, found.communication) == ("202600012320", None)


def test_reference_after_its_kind():
    found = entry(
        ":61:260120C9,NTRFNONREF", ":86:/REMI/STRD/CUR/RF18539007547034//NAME/A/"
    )
    assert (found.structured_reference, found.communication) == (
        "RF18539007547034",
        None,
    )


def test_full_line_that_ends_with_a_blank():
    first = "/TRTP/SEPA/IBAN/BE62510007547061/BIC/GEBABEBB/NAME/ALPHA THE BIG "
    assert len(first) == 65
    found = entry(":61:260120C9,NTRFNONREF", f":86:{first}\nSOCIETE/REMI/INV 42")
    assert found.partner_name == "ALPHA THE BIG SOCIETE"


WIDE = "PAYMENT BY CARD AT THE STATION OF BRUSSELS SOUTH"


def test_lines_longer_than_the_field_end_by_themselves():
    long = f"{WIDE} {'X' * 30}"
    found = entry(":61:260120C9,NTRFNONREF", f":86:{long}\n1.00 NZD")
    assert found.communication == f"{long} 1.00 NZD"
    cut = f"{WIDE} REFERENCE 12345"[:65]
    found = entry(":61:260120C9,NTRFNONREF", f":86:{cut}\n678")
    assert found.communication == f"{cut}678"


@pytest.mark.parametrize("rest", [":20:37 THANKS", ":26:37 THANKS", ":KO:NR THANKS"])
def test_text_cut_before_a_colon_is_no_field(rest):
    text = f"{WIDE} ON 12-09-2026T16"
    found = entry(":61:260120C9,NTRFNONREF", f":86:{text}\n{rest}")
    assert found.communication == text + rest


def test_field_of_the_bank_after_a_short_text():
    found = entry(":61:260120C9,NTRFNONREF", ":86:SHORT", ":XX:OWN THINGS")
    assert found.communication == "SHORT"


def test_thirtieth_of_february():
    found = entry(":61:2602300301C9,NTRFNONREF")
    assert (found.date, found.value_date) == (date(2026, 3, 1), date(2026, 2, 28))


def test_movement_cut_or_spaced():
    found = entry(":61:2601200120CR\n50,00NTRFREF-1//BANK123456")
    assert (found.amount, found.bank_id) == (D(50), "BANK123456")
    found = entry(":61:2601200120C50,00 NTRFREF-1//BANK123456")
    assert (found.amount, found.end_to_end_id) == (D(50), "REF-1")


def test_account_in_the_place_of_the_reference():
    found = entry(":61:2601200120C50,00NOVBBE62510007547061\nALPHA")
    assert (found.partner_account, found.end_to_end_id) == ("BE62510007547061", None)
    assert found.communication == "ALPHA"


def test_rabobank_columns():
    file = parse(sample("mt940/jejik_rabobank.sta"), "x")
    found = file.statements[0].entries[0]
    assert (found.end_to_end_id, found.amount) == ("0121470966", D("-1213.28"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t: t.replace(":62F:C260120EUR1000,00\n", ""), "cut_short"),
        (
            lambda t: t.replace(":62F:C260120EUR1000,00", ":62F:C2601"),
            "bad_loose_amount",
        ),
        (lambda t: t.replace(f":25:{IBAN}\n", ""), "missing_value"),
        (lambda t: t.replace(":60F:C260119EUR1000,00\n", ""), "bad_order"),
        (lambda t: t.replace(":61:260120", ":61:261320"), "bad_date"),
        (lambda t: t.replace("C1,00N", "X1,00N"), "bad_loose_amount"),
        (lambda t: t.replace(":20:REF\n", ":20:X\n:62F:C260120EUR1,\n"), "bad_order"),
    ],
)
def test_damage(change, code):
    text = message(":61:260120C1,00NTRFNONREF")
    with pytest.raises(FormatError) as caught:
        parse(change(text).encode(), "x")
    assert caught.value.code == code
