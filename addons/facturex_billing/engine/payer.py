"""How long a customer takes to pay. No record, no clock."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal


def average_days(settled: Iterable[tuple[date, date]]) -> Decimal | None:
    """The plain mean of the days between an invoice and its last payment.

    Every invoice counts once, whatever its amount: the figure answers "when will this
    invoice be paid?", which a large old debt must not drown. Money that came before the
    invoice counts as zero days, not as a credit for the others.

    :param settled: (invoice date, date of the last payment) of each settled invoice
    :return: days with one decimal; None without a settled invoice
    """
    days = [max((paid - invoiced).days, 0) for invoiced, paid in settled]
    if not days:
        return None
    mean = Decimal(sum(days)) / len(days)
    return mean.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def paid_share(total: Decimal, residual: Decimal) -> int:
    """The share of a document that is paid, in whole percent from 0 to 100.

    Rounded down, so that 100 says "settled" and nothing else.

    :param total: amount of the document, not zero for a share to exist
    :param residual: what is left, same sign
    """
    if not residual:
        return 100
    if not total:
        return 0
    share = int((total - residual) * 100 / total)
    return min(max(share, 0), 99)
