"""Buying in processes of their own: what a test in one transaction cannot show.

    python -m tests.scenario.credit_worker CONFIG DATABASE LINE ROUNDS SEED [ORDER ...]

Four processes reserve ROUNDS amounts each on one line at its limit, as requests do: a
conflict starts again in a fresh snapshot. With orders, their buttons are what is
pressed: each process confirms its share of them, and cancels some again.

Prints accepted, refused with the business message, other failures, and the highest
exposure that a reader saw above the limit.
"""

import os
import random
import sys
import time

import psycopg2.errors

import odoo.sql_db
from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

PROCESSES = 4
CONTEXT = {"tracking_disable": True, "lang": "en_US"}
CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)


def again(registry, line_id, moments, act):
    """One request, in a fresh snapshot after each conflict, as Odoo's `retrying`.

    :return: accepted, refused with the business message, or failed
    """
    for _try in range(200):
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, CONTEXT)
            line = env["facturex.credit.line"].browse(line_id)
            # a pause between what is read and what is written
            line.mapped("amount_available")
            time.sleep(moments.uniform(0, 0.004))
            try:
                act(line)
                cr.commit()
                return "accepted"
            except UserError as error:
                cr.rollback()
                return "refused" if "available" in str(error) else "failed"
            except CONFLICTS:
                cr.rollback()
                time.sleep(moments.uniform(0, 0.01))
    return "failed"


def reservation(moments, key):
    cents = moments.randint(1000, 6000)
    return (
        lambda line: line._reserve(cents / 100, line.partner_id, key),
        lambda line: line._release(cents / 100, line.partner_id, f"{key}-back"),
    )


def confirmation(order_id):
    return (
        lambda line: line.env["sale.order"].browse(order_id).action_confirm(),
        lambda line: line.env["sale.order"].browse(order_id)._action_cancel(),
    )


def work(registry, line_id, rounds, number, seed, orders, write):
    moments = random.Random(seed + number)
    counts = {"accepted": 0, "refused": 0, "failed": 0, "over": 0}
    for turn in range(rounds):
        if orders:
            buy, give_back = confirmation(orders[number * rounds + turn])
        else:
            buy, give_back = reservation(moments, f"race-{number}-{turn}")
        result = again(registry, line_id, moments, buy)
        counts[result] += 1
        with registry.cursor() as cr:
            cr.execute(
                "SELECT GREATEST(used_cents, 0) + reserved_cents - limit_cents"
                " FROM facturex_credit_line WHERE id = %s",
                [line_id],
            )
            counts["over"] = max(counts["over"], cr.fetchone()[0])
        if result == "accepted" and moments.random() < 0.7:
            counts["failed"] += again(registry, line_id, moments, give_back) != (
                "accepted"
            )
    os.write(write, (" ".join(str(n) for n in counts.values()) + "\n").encode())


def main():
    config_file, database, line_id, rounds, seed, *orders = sys.argv[1:]
    orders = [int(order) for order in orders]
    config.parse_config(["-c", config_file, "-d", database, "--log-level=critical"])
    registry = Registry(database)
    odoo.sql_db.close_all()  # a connection must not be shared by two processes
    read, write = os.pipe()
    pids = []
    for number in range(PROCESSES):
        pid = os.fork()
        if not pid:
            work(registry, int(line_id), int(rounds), number, int(seed), orders, write)
            os._exit(0)
        pids.append(pid)
    crashed = sum(bool(os.waitpid(pid, 0)[1]) for pid in pids)
    os.close(write)
    with os.fdopen(read) as results:
        rows = [[int(n) for n in row.split()] for row in results]
    accepted, refused, failed = (sum(row[i] for row in rows) for i in range(3))
    over = max((row[3] for row in rows), default=0)
    sys.stdout.write(f"{accepted} {refused} {failed + crashed} {max(over, 0)}\n")


if __name__ == "__main__":
    main()
