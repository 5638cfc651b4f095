"""CODA and CFONB 120 files written from the statements of the seed, for stories.

Layouts: Febelfin, "Coded statement of account" 2.x; CFONB, "Relevé de compte sur
support informatique". Only what a story needs: no batches, no information records.
"""

from scripts.seed.statement_writer import Statement

_PLUS, _MINUS = "{ABCDEFGHI", "}JKLMNOPQR"


def write_coda(statement: Statement) -> bytes:
    """One statement as a CODA 2 file, in lines of 128 characters."""
    account = f"{statement.account_iban:<34}EUR"
    first, last = statement.first_day, statement.last_day
    number = f"{statement.sequence:03}"
    lines = [
        f"00000{first:%d%m%y}72505{'':8}{'':10}{statement.owner:<26.26}"
        f"{'KREDBEBB':<11}00000000196 00000{'':39}2",
        f"12{number}{account}{_sign(statement.opening_balance)}"
        f"{_coda_amount(statement.opening_balance)}{first:%d%m%y}"
        f"{statement.owner:<26.26}{'':35}{number}",
    ]
    for rank, movement in enumerate(statement.movements, start=1):
        lines += _coda_movement(rank, number, movement)
    lines.append(
        f"8{number}{account}{_sign(statement.closing_balance)}"
        f"{_coda_amount(statement.closing_balance)}{last:%d%m%y}{'':64}0"
    )
    debit = sum(-m.amount for m in statement.movements if m.amount < 0)
    credit = sum(m.amount for m in statement.movements if m.amount > 0)
    count = len(lines)  # all but the header and this one, in the records counted
    lines.append(
        f"9{'':15}{count - 1:06}{_coda_amount(debit)}{_coda_amount(credit)}{'':75}2"
    )
    wrong = [line for line in lines if len(line) != 128]
    if wrong:
        raise ValueError(f"{len(wrong[0])} characters: {wrong[0]}")
    return "\r\n".join([*lines, ""]).encode("latin-1")


def _coda_movement(rank, number, movement):
    text = movement.text or ""
    kind = "0"
    if movement.structured_reference:
        digits = "".join(c for c in movement.structured_reference if c.isdigit())
        kind, text = "1", f"101{digits}"
    code = "00150000" if movement.amount > 0 else "00101000"
    head = f"{rank:04}0000"
    reference = f"{movement.bank_reference:<21.21}"
    return [
        f"21{head}{reference}{_sign(movement.amount)}{_coda_amount(movement.amount)}"
        f"{movement.date:%d%m%y}{code}{kind}{text:<53.53}{movement.date:%d%m%y}"
        f"{number}01 0",
        f"22{head}{'':53}{movement.end_to_end_id or '':<35.35}{'':11}{'':3} "
        f"{'':4}{'':8}1 0",
        f"23{head}{movement.counterparty_iban or '':<37.37}"
        f"{movement.counterparty or '':<35.35}{'':43}0 0",
    ]


def _sign(amount):
    return "1" if amount < 0 else "0"


def _coda_amount(amount):
    return f"{int(abs(amount) * 1000):015}"


def write_cfonb(statement: Statement) -> bytes:
    """One statement as a CFONB 120 file; the account number is in the IBAN."""
    number = statement.account_iban[14:25]
    bank, branch = statement.account_iban[4:9], statement.account_iban[9:14]
    head = f"{bank}    {branch}EUR2 {number}"
    first, last = statement.first_day, statement.last_day
    lines = [_cfonb_balance("01", head, first, statement.opening_balance)]
    for rank, movement in enumerate(statement.movements, start=1):
        code = "05" if movement.amount > 0 else "06"
        label = (movement.text or movement.counterparty or "")[:31]
        lines.append(
            f"04{bank}0000{branch}EUR2 {number}{code}{movement.date:%d%m%y}  "
            f"{movement.date:%d%m%y}{label:<31}  {rank:07}  "
            f"{_overpunch(movement.amount)}{movement.bank_reference:<16.16}"
        )
        more = {"NPY": movement.counterparty, "LIB": (movement.text or "")[31:]}
        if movement.end_to_end_id:
            more["RCN"] = movement.end_to_end_id
        for qualifier, text in more.items():
            if text:
                lines.append(
                    f"05{bank}0000{branch}EUR2 {number}{code}{movement.date:%d%m%y}"
                    f"{'':5}{qualifier}{text:<70.70}  "
                )
    lines.append(_cfonb_balance("07", head, last, statement.closing_balance))
    wrong = [line for line in lines if len(line) != 120]
    if wrong:
        raise ValueError(f"{len(wrong[0])} characters: {wrong[0]}")
    return "\n".join([*lines, ""]).encode("latin-1")


def _cfonb_balance(code, head, day, balance):
    line = f"{code}{head}  {day:%d%m%y}{'':50}{_overpunch(balance)}"
    return f"{line:<120}"


def _overpunch(amount):
    digits = f"{int(abs(amount) * 100):014}"
    signs = _MINUS if amount < 0 else _PLUS
    return digits[:-1] + signs[int(digits[-1])]
