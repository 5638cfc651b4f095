"""What the transaction codes of CODA mean to us.

Source: Febelfin, "Coded statement of account (CODA)", version 2.6, annex on
transaction codes: type (1), family (2), operation (2), category (3).
"""

from decimal import Decimal

# family: (category of money in, category of money out)
_FAMILIES = {
    "01": ("transfer_in", "transfer_out"),
    "02": ("instant_in", "instant_out"),
    "03": ("cheque_in", "cheque_out"),
    "05": ("sdd_collected", "sdd_paid"),
    "09": ("cash_in", "cash_out"),
    "11": ("securities", "securities"),
    "13": ("loan", "loan"),
    "35": ("interest", "interest"),
    "41": ("transfer_in", "transfer_out"),
    "43": ("cheque_in", "cheque_out"),
    "80": ("fees", "fees"),
}
_OPERATIONS = {
    ("01", "17"): "internal",
    ("01", "66"): "internal",
    ("04", "04"): "cash_out",
    ("04", "53"): "cash_in",
    ("04", "50"): "card_settlement",
    ("05", "03"): "sdd_returned",
}
_FEES = {
    *("004", "005", "006", "007", "009", "011", "013", "014", "015"),
    *("018", "019", "020", "022", "024", "026", "039", "047", "051"),
}


def category_of(code: str, amount: Decimal, returned: bool) -> str | None:
    """Our category of a movement: code of eight digits, signed amount."""
    family, operation = code[1:3], code[3:5]
    if returned and family in ("01", "02", "41"):
        return "transfer_returned"
    if returned and family == "05":
        return "sdd_returned"
    if (family, operation) in _OPERATIONS:
        return _OPERATIONS[family, operation]
    if operation in ("37", "87"):
        return "fees"
    if family == "04":
        return "card_settlement" if amount > 0 else "card_purchase"
    pair = _FAMILIES.get(family)
    return pair and pair[0 if amount >= 0 else 1]


def is_fee(code: str) -> bool:
    """Whether a breakdown record is a charge or its VAT, by its category."""
    return code[5:8] in _FEES
