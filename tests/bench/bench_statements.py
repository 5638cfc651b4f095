"""Importing a CAMT.053 file and matching it: ours against Odoo's plain creation.

Odoo Community has no import: its variant creates the same lines from values, on
suspense, without keys or matching. Ours parses, keys, creates, and looks for documents.
"""

from datetime import date
from decimal import Decimal

from odoo.fields import Command

from scripts.seed.dataset import iban_be
from scripts.seed.statement_writer import Movement, Statement, write_camt053
from tests.bench import bench_invoices

SIZES = (200, 1000)


def prepare(env, size):
    state = bench_invoices.prepare(env, size)
    env = state["env"]
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1
    )
    iban = iban_be("363", 7_654_321)
    journal.set_bank_account(iban)
    movements = tuple(
        Movement(
            date=date(2026, 3, 2),
            amount=Decimal(100 + number),
            bank_reference=f"B{number:06d}",
            text=f"Payment {number}",
            counterparty=f"Payer {number}",
        )
        for number in range(size)
    )
    state["journal"] = journal
    state["content"] = write_camt053(
        Statement(
            account_iban=iban,
            owner="Bench",
            statement_id="B1",
            sequence=1,
            opening_balance=Decimal(0),
            movements=movements,
        )
    )
    state["movements"] = movements
    return state


def ours(env, state, size):
    file = state["env"]["facturex.statement.file"]._import(state["content"], "b.xml")
    if file.new_count != size:
        raise ValueError(file.message)


def odoo_plain(env, state, size):
    state["env"]["account.bank.statement"].create(
        {
            "balance_start": 0,
            "line_ids": [
                Command.create(
                    {
                        "journal_id": state["journal"].id,
                        "date": movement.date,
                        "amount": float(movement.amount),
                        "payment_ref": movement.text,
                    }
                )
                for movement in state["movements"]
            ],
        }
    )


VARIANTS = {"Odoo, lines from values": odoo_plain, "Facturex, file to match": ours}
