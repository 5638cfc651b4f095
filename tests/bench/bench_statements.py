"""Importing a CAMT.053 file, from the bytes to the lines in the journal.

A month of one account, every payer another one, no open document to be found. OCA's
import parses and creates; Odoo Community has no import: its variant creates the same
lines from values. Both leave them on suspense, without keys, gaps or matching. Ours
parses, knows movements again, creates, and looks for documents; its second variant
leaves the looking out, as the others do.
"""

import base64
import concurrent.futures
import multiprocessing
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo.fields import Command

from scripts.seed.dataset import iban_be
from scripts.seed.statement_writer import Movement, Statement, write_camt053
from tests.bench import bench_invoices

OCA = (
    "odoo-addon-account-statement-base==19.0.*",
    "odoo-addon-account-statement-import-base==19.0.*",
    "odoo-addon-account-statement-import-file==19.0.*",
    "odoo-addon-account-statement-import-camt==19.0.*",
)
NEEDS = {"OCA, CAMT import": "odoo-addon-account-statement-import-camt"}
SIZES = (200, 1000)
DAYS = 28


def prepare(env, size):
    state = bench_invoices.prepare(env, 1)
    env = state["env"]
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1
    )
    iban = iban_be("363", 7_654_321)
    journal.set_bank_account(iban)
    state["journal"] = journal
    # written by another process, whose memory goes with it
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        state["content"] = pool.submit(_write_month, iban, size).result()
    return state


def _write_month(iban, size):
    movements = tuple(
        Movement(
            date=date(2026, 3, 2) + timedelta(days=number * DAYS // size),
            amount=Decimal(100 + number),
            bank_reference=f"B{number:06d}",
            text=f"Payment {number}",
            counterparty=f"Payer {number}",
        )
        for number in range(size)
    )
    return write_camt053(
        Statement(
            account_iban=iban,
            owner="Bench",
            statement_id="B1",
            sequence=1,
            opening_balance=Decimal(0),
            movements=movements,
        )
    )


def prepare_variant(env, state, size, variant):
    """What is tried once per process and kind of line is tried on a small file."""
    if variant.startswith("Facturex"):
        few = dict(prepare_few(state))
        with env["facturex.bulk.bank"]._undone():
            ours(env, few, 3)


def prepare_few(state):
    movements = tuple(
        Movement(
            date=date(2026, 2, 2),
            amount=Decimal(7 + number),
            bank_reference=f"A{number:06d}",
            text=f"First {number}",
            counterparty=f"Payer {number}",
        )
        for number in range(3)
    )
    content = write_camt053(
        Statement(
            account_iban=iban_be("363", 7_654_321),
            owner="Bench",
            statement_id="B0",
            sequence=1,
            opening_balance=Decimal(0),
            movements=movements,
        )
    )
    return {**state, "content": content}


def ours(env, state, size):
    file = state["env"]["facturex.statement.file"]._import(state["content"], "b.xml")
    if file.new_count != size:
        raise ValueError(file.message)


def ours_unmatched(env, state, size):
    service = type(state["env"]["facturex.bulk.bank"])
    create = service._create_lines

    def unmatched(self, vals_list, **options):
        return create(self, vals_list, **{**options, "match": False})

    with patch.object(service, "_create_lines", unmatched):
        ours(env, state, size)


def oca(env, state, size):
    wizard = state["env"]["account.statement.import"].create(
        {
            "statement_file": base64.b64encode(state["content"]),
            "statement_filename": "b.xml",
        }
    )
    wizard.import_file_button()
    lines = state["env"]["account.bank.statement.line"].search_count(
        [("journal_id", "=", state["journal"].id)]
    )
    if lines != size:
        raise ValueError(f"{lines} of {size}")


def odoo_plain(env, state, size):
    """In batches, without followers: its strongest form."""
    env = state["env"](context=dict(state["env"].context, tracking_disable=True))
    vals_list = [
        {
            "journal_id": state["journal"].id,
            "date": date(2026, 3, 2) + timedelta(days=number * DAYS // size),
            "amount": 100.0 + number,
            "payment_ref": f"Payment {number}",
        }
        for number in range(size)
    ]
    ids = []
    for first in range(0, size, 1000):
        chunk = vals_list[first : first + 1000]
        ids += env["account.bank.statement.line"].create(chunk).ids
        env.flush_all()
    env["account.bank.statement"].create(
        {"balance_start": 0, "line_ids": [Command.set(ids)]}
    )


VARIANTS = {
    "Facturex, file to match": ours,
    "Facturex, file to lines": ours_unmatched,
    "Odoo, lines from values": odoo_plain,
    "OCA, CAMT import": oca,
}
