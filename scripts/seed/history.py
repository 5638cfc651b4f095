"""Six months of invoices and bills, posted in batches and paid through bank files."""

from collections import defaultdict
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo.fields import Command

from scripts.seed import dataset
from scripts.seed.statement_writer import Movement, Statement, write_camt053

CHUNK = 100
BULK = 300  # from so many invoices on, the proof that the bulk path asks for pays
OPENING = {"be": Decimal("12500.00"), "fr": Decimal("8200.00")}


def create_documents(env, office, key, plan, commit, tell=None):
    """Post the documents of `plan`; returns pairs (specification, move).

    `tell` hears from time to time how many of how many are posted.
    """
    env = _in_company(env, office.companies[key])
    pairs, plan = [], list(plan)
    sales = all(isinstance(spec, dataset.InvoiceSpec) for spec in plan)
    make, chunk = (_bulk, BULK) if sales and len(plan) >= BULK else (_one_by_one, CHUNK)
    for start in range(0, len(plan), chunk):
        specs = plan[start : start + chunk]
        moves = make(env, [_prepare(office, spec) for spec in specs])
        pairs += zip(specs, moves, strict=True)
        commit()
        if tell and len(pairs) % (5 * BULK) == 0 and len(pairs) < len(plan):
            tell(f"{len(pairs)} of {len(plan)} posted so far")
    return pairs


def _one_by_one(env, vals_list):
    moves = env["account.move"].create(vals_list)
    moves.action_post()
    return moves


def _bulk(env, vals_list):
    return env["facturex.bulk.invoice"]._create_invoices(vals_list, post=True)


def _in_company(env, company):
    return env(
        context=dict(
            env.context, allowed_company_ids=company.ids, tracking_disable=True
        )
    )


def _prepare(office, spec):
    sale = isinstance(spec, dataset.InvoiceSpec)
    partner = (
        office.customers[spec.customer] if sale else office.suppliers[spec.supplier]
    )
    vals = {
        "move_type": "out_invoice" if sale else "in_invoice",
        "company_id": office.companies[spec.company].id,
        "partner_id": partner.id,
        "invoice_date": spec.date,
        "invoice_payment_term_id": office.terms[spec.payment_term].id,
        "invoice_line_ids": [
            Command.create(
                {
                    "product_id": office.products[line.product].id,
                    "quantity": float(line.quantity),
                    **({"price_unit": float(line.price)} if line.price else {}),
                }
            )
            for line in spec.lines
        ],
    }
    if not sale:
        vals |= {"ref": spec.number, "payment_reference": spec.payment_reference}
    return vals


def write_statements(office, key, pairs, today):
    """What the bank would have sent: one file a month with the payments made.

    :return: list of (file name, bytes), oldest first, and the closing balance
    """
    spec = dataset.company(key)
    months = defaultdict(list)
    for document, move in pairs:
        for movement in _payments(document, move):
            months[movement.date.replace(day=1)].append(movement)
    balance, files = OPENING[key], []
    for number, month in enumerate(sorted(months), 1):
        movements = sorted(months[month], key=lambda m: (m.date, m.bank_reference))
        statement = Statement(
            account_iban=spec.iban,
            owner=spec.name,
            statement_id=f"{month:%Y}-{number:03d}",
            sequence=number,
            opening_balance=balance,
            movements=tuple(movements),
            date_from=month,
            date_to=min(month + relativedelta(months=1, days=-1), today),
        )
        balance = statement.closing_balance
        files.append((f"{key}-{month:%Y-%m}.xml", write_camt053(statement)))
    return files, balance


def _payments(document, move):
    """The movements of one document: shares of its total, the last takes the rest."""
    sale = isinstance(document, dataset.InvoiceSpec)
    total = Decimal(str(move.amount_total))
    left, shares = total, Decimal(0)
    partner = move.commercial_partner_id
    party = dataset.CUSTOMERS if sale else dataset.SUPPLIERS
    iban = next((p.iban for p in party if p.name == partner.name), None)
    for rank, payment in enumerate(document.payments):
        shares += payment.share
        amount = (
            left if shares >= 1 else (total * payment.share).quantize(Decimal("0.01"))
        )
        left -= amount
        if not amount:
            continue
        reference = move.payment_reference or ""
        structured = reference if reference.startswith(("+++", "RF")) else None
        yield Movement(
            date=payment.date,
            amount=amount if sale else -amount,
            bank_reference=f"{'C' if sale else 'D'}{move.id:08d}-{rank}",
            structured_reference=structured,
            text=None if structured else reference or move.name,
            counterparty=partner.name,
            counterparty_iban=iban,
        )
