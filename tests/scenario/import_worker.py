"""Imports in processes of their own: what a test in one transaction cannot show.

    python -m tests.scenario.import_worker CONFIG DATABASE COMPANY IBAN SEED

Four processes import overlapping weeks of one account in their own order, two of them
as long files, by batches; a killer ends some of them in the middle. Then one process
goes on with the files that wait and imports every week once more. Prints the number of
kills that hit a living process, -1 when the last round failed.
"""

import importlib
import os
import random
import signal
import sys
import time

import psycopg2

import odoo.sql_db
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

BULK = "odoo.addons.facturex_banking.models.facturex_bulk_bank"
PROCESSES = 4
ROUNDS = 2
DAYS = range(1, 13)
WEEK = 5
TRIES = 30


def movements(day):
    """Three true twins and two others, as a bank that gives no identifier."""
    return [(5, "COFFEE")] * 3 + [(day, f"DAY {day}"), (-day, f"DAY {day}")]


def week(iban, first):
    """A file of five days; each day is in several of these files."""
    entries = "".join(
        f'<Ntry><Amt Ccy="EUR">{abs(amount)}</Amt>'
        f"<CdtDbtInd>{'CRDT' if amount > 0 else 'DBIT'}</CdtDbtInd>"
        f"<BookgDt><Dt>2026-02-{day:02}</Dt></BookgDt>"
        f"<AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
        for day in DAYS
        if first <= day < first + WEEK
        for amount, text in movements(day)
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><Stmt><Id>W{first}</Id><Acct><Id><IBAN>{iban}</IBAN></Id>"
        f"<Ccy>EUR</Ccy></Acct>{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def weeks():
    return [first for first in DAYS if first <= max(DAYS) - WEEK + 1]


def work_by_batches(registry, company_id, iban, order):
    """Each week as a long file: registered, then written batch by batch."""
    for first in order:
        with registry.cursor() as cr:
            File = files(cr, company_id)
            file_id = File._receive(week(iban, first), f"week{first}.xml").id
        go_on(registry, company_id, [file_id])


def go_on(registry, company_id, file_ids=None):
    """Until nothing waits: of these files, or of all the company's."""
    for _ in range(TRIES):
        with registry.cursor() as cr:
            File = files(cr, company_id)
            waiting = File.search(
                [("state", "=", "new"), ("company_id", "=", company_id)]
            )
            if file_ids:
                waiting &= File.browse(file_ids)
            if not waiting or all(
                [file._import_in_steps() for file in waiting]  # noqa: C419 each of them
            ):
                return
        time.sleep(0.1)
    raise TimeoutError(file_ids)


def files(cr, company_id):
    env = api.Environment(cr, SUPERUSER_ID, {})
    company = env["res.company"].browse(company_id)
    return env["facturex.statement.file"].with_company(company)


def last_round(registry, company_id, iban, order):
    go_on(registry, company_id)
    work(registry, company_id, iban, order)


def work(registry, company_id, iban, order):
    for first in order:
        for _ in range(TRIES):
            try:
                with registry.cursor() as cr:
                    File = files(cr, company_id)
                    File._import(week(iban, first), f"week{first}.xml")
                break
            except psycopg2.OperationalError:
                time.sleep(0.1)  # another import of the journal was faster: again
        else:
            raise TimeoutError(first)


def fork(registry, company_id, iban, order, work=work):
    pid = os.fork()
    if pid:
        return pid
    try:
        work(registry, company_id, iban, order)
    except Exception as error:  # noqa: BLE001 the parent must be told, whatever it is
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)


def main():
    config_file, database, company_id, iban, seed = sys.argv[1:]
    config.parse_config(["-c", config_file, "-d", database, "--log-level=critical"])
    registry = Registry(database)
    # so that a week is several batches; the add-ons are found from here on
    importlib.import_module(BULK).CHUNK = 4
    odoo.sql_db.close_all()  # a connection must not be shared by two processes
    rng, hits = random.Random(int(seed)), 0
    for _ in range(ROUNDS):
        orders = [rng.sample(weeks(), len(weeks())) for _ in range(PROCESSES)]
        works = [work, work_by_batches] * (PROCESSES // 2)
        pids = [
            fork(registry, int(company_id), iban, *each)
            for each in zip(orders, works, strict=True)
        ]
        for pid in pids[1:]:
            time.sleep(rng.uniform(0.3, 1.5))
            if not os.waitpid(pid, os.WNOHANG)[0]:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                hits += 1
        os.waitpid(pids[0], 0)
    end = fork(registry, int(company_id), iban, weeks(), last_round)
    status = os.waitpid(end, 0)[1]
    sys.stdout.write(f"{-1 if status else hits}\n")


if __name__ == "__main__":
    main()
