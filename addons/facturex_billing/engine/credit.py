"""What of an invoice may still be credited. Amounts and quantities are `Decimal`."""

from dataclasses import dataclass, replace
from decimal import Decimal

TOO_MANY = "too_many"
TOO_MUCH = "too_much"
TOTAL = "total"
WRONG_SIGN = "wrong_sign"

ZERO = Decimal(0)
MOST_PARTS = Decimal(20)  # cents that rounding may cost on one line, at most


@dataclass(frozen=True)
class Line:
    """A line of the invoice and what its posted credit notes took of it."""

    id: int
    label: str
    quantity: Decimal
    amount: Decimal
    credited_quantity: Decimal = ZERO
    credited_amount: Decimal = ZERO

    @property
    def quantity_left(self) -> Decimal:
        """Never beyond zero: an old credit note may have taken more."""
        return _towards_zero(self.quantity, self.quantity - self.credited_quantity)

    @property
    def amount_left(self) -> Decimal:
        return _towards_zero(self.amount, self.amount - self.credited_amount)


@dataclass(frozen=True)
class Left:
    """What is left of an invoice: `total` with taxes, `cent` its smallest amount."""

    lines: tuple[Line, ...]
    total: Decimal
    cent: Decimal = Decimal("0.01")


@dataclass(frozen=True)
class Asked:
    """A credit note: its total with taxes and (line id, quantity, untaxed) rows."""

    total: Decimal
    lines: tuple[tuple[int, Decimal, Decimal], ...]


@dataclass(frozen=True)
class Problem:
    """Why a credit note is refused; `label` is empty for the whole document."""

    code: str
    label: str
    asked: Decimal
    left: Decimal


def _towards_zero(origin: Decimal, left: Decimal) -> Decimal:
    return max(left, ZERO) if origin >= 0 else min(left, ZERO)


def _grouped(asked: Asked) -> dict[int, tuple[Decimal, Decimal]]:
    grouped: dict[int, tuple[Decimal, Decimal]] = {}
    for line_id, quantity, amount in asked.lines:
        known = grouped.get(line_id, (ZERO, ZERO))
        grouped[line_id] = (known[0] + quantity, known[1] + amount)
    return grouped


def _line_problem(line: Line, quantity: Decimal, amount: Decimal, slack: Decimal):
    sign = 1 if line.quantity >= 0 else -1
    if quantity * sign > line.quantity_left * sign:
        return Problem(TOO_MANY, line.label, quantity, line.quantity_left)
    if quantity * sign < 0:
        return Problem(WRONG_SIGN, line.label, quantity, line.quantity_left)
    worth = 1 if line.amount >= 0 else -1
    # rounding each part of a line apart may cost a cent per part
    if amount * worth > line.amount_left * worth + slack:
        return Problem(TOO_MUCH, line.label, amount, line.amount_left)
    return None


def problems(left: Left, asked: Asked) -> list[Problem]:
    """Compare a credit note with what is left of its invoice.

    :return: one problem per line and one for the total; empty when it may be posted.
        The total is strict to the cent. The untaxed amount of a line may differ by the
        cents that rounding its parts apart costs: one per credited part.
    """
    found = []
    lines = {line.id: line for line in left.lines}
    for line_id, (quantity, amount) in _grouped(asked).items():
        line = lines.get(line_id)
        if line is None:
            found.append(Problem(TOO_MANY, "?", quantity, ZERO))
            continue
        parts = min(1 + abs(line.credited_quantity), MOST_PARTS)
        problem = _line_problem(line, quantity, amount, left.cent * parts)
        if problem:
            found.append(problem)
    if asked.total > left.total:
        found.append(Problem(TOTAL, "", asked.total, left.total))
    return found


def after(left: Left, asked: Asked) -> Left:
    """What is left once `asked` is posted."""
    grouped = _grouped(asked)
    return replace(
        left,
        total=left.total - asked.total,
        lines=tuple(
            replace(
                line,
                credited_quantity=line.credited_quantity + grouped[line.id][0],
                credited_amount=line.credited_amount + grouped[line.id][1],
            )
            if line.id in grouped
            else line
            for line in left.lines
        ),
    )


def completes(left: Left, chosen: dict[int, Decimal]) -> bool:
    """Whether crediting `chosen` (line id: quantity) leaves nothing to credit.

    The last credit note takes the amount that is left, whatever rounding did to those
    before it.
    """
    return all(
        line.quantity_left == chosen.get(line.id, ZERO)
        for line in left.lines
        if line.quantity_left
    )
