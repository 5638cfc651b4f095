"""What the interbank operation codes of CFONB mean to us.

Source: CFONB, "Relevé de compte sur support informatique", annex of the
interbank operation codes.
"""

from decimal import Decimal

_IN_OUT = {
    "transfer": ("transfer_in", "transfer_out"),
    "cheque": ("cheque_in", "cheque_out"),
    "cash": ("cash_in", "cash_out"),
    "instant": ("instant_in", "instant_out"),
    "card": ("card_settlement", "card_purchase"),
}
_CODES = {
    **dict.fromkeys(("01", "02", "15"), "cheque"),
    "03": "cheque_unpaid",
    **dict.fromkeys(("04", "29"), "cash"),
    **dict.fromkeys(("05", "06", "18", "21", "39"), "transfer"),
    **dict.fromkeys(("08", "22", "B1", "B2"), "sdd_paid"),
    **dict.fromkeys(("09", "24", "A1", "A2"), "sdd_collected"),
    **dict.fromkeys(("10", "26", "27", "A3", "A4", "A5", "A6"), "sdd_returned"),
    **dict.fromkeys(("B3", "B4", "B5", "B6"), "sdd_returned"),
    **dict.fromkeys(("12", "C5"), "transfer_returned"),
    **dict.fromkeys(("13", "14", "92", "93", "94", "95"), "internal"),
    **dict.fromkeys(("11", "28", "30", "36", "38"), "card"),
    **dict.fromkeys(("41", "42", "43", "44", "45", "46", "47", "48", "49"), "transfer"),
    **dict.fromkeys(("61", "62", "64", "65", "66", "70", "88"), "fees"),
    "63": "interest",
    "67": "tax",
    **dict.fromkeys(("71", "72"), "loan"),
    **dict.fromkeys(
        ("51", "52", "53", "54", "55", "56", "57", "58", "59"), "securities"
    ),
    **dict.fromkeys(("C1", "C2", "C3", "C4"), "instant"),
    "99": "correction",
}


def category_of(code: str, amount: Decimal) -> str | None:
    """Our category for a code of two characters and a signed amount."""
    found = _CODES.get(code)
    pair = _IN_OUT.get(found)
    return pair[0 if amount >= 0 else 1] if pair else found
