"""Reminders in processes of their own: what a test in one transaction cannot show.

    python -m tests.scenario.dunning_worker CONFIG DATABASE COMPANY race|kill SEED

`race`: four processes run the reminders of a company and the mail queue at once.
`kill`: a process does the same and is killed in the middle, again and again; the last
one may finish. Prints the number of kills that hit a living process. FACTUREX_KILLS
changes how many are tried. How often a run began anew after a conflict is on stderr.
"""

import os
import random
import signal
import sys
import time

import odoo.sql_db
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

PROCESSES = 4
KILLS = int(os.environ.get("FACTUREX_KILLS", "6"))
begun = []


def work(registry, company_id, start):
    """What the two crons do: prepare and queue, then hand over what is queued."""
    time.sleep(max(start - time.time(), 0))
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        policy = env["facturex.dunning.policy"]
        policy._with_retry(slowly, policy, company_id)
    sys.stderr.write(f"conflicts {len(begun) - 1}\n")
    sys.stderr.flush()
    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["mail.mail"].process_email_queue()


def slowly(policy, company_id):
    """The snapshots of all processes begin before the first one is done."""
    begun.append(time.time())
    policy.search_count([])
    time.sleep(0.5)
    policy._run_by_itself(company_id)


def fork(registry, company_id, start):
    pid = os.fork()
    if pid:
        return pid
    try:
        work(registry, company_id, start)
    except Exception as error:  # noqa: BLE001 the parent must be told, whatever it is
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)


def race(registry, company_id):
    start = time.time() + 1
    pids = [fork(registry, company_id, start) for _ in range(PROCESSES)]
    failed = sum(bool(os.waitpid(pid, 0)[1]) for pid in pids)
    sys.stdout.write(f"{failed}\n")


def kill(registry, company_id, seed):
    moments = random.Random(seed)
    hits = 0
    for _ in range(KILLS):
        pid = fork(registry, company_id, 0)
        time.sleep(moments.uniform(0.8, 3.0))
        done, _status = os.waitpid(pid, os.WNOHANG)
        if not done:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            hits += 1
    status = os.waitpid(fork(registry, company_id, 0), 0)[1]
    sys.stdout.write(f"{-1 if status else hits}\n")


def main():
    config_file, database, company_id, task, seed = sys.argv[1:]
    config.parse_config(["-c", config_file, "-d", database, "--log-level=critical"])
    registry = Registry(database)
    odoo.sql_db.close_all()  # a connection must not be shared by two processes
    if task == "race":
        race(registry, int(company_id))
    else:
        kill(registry, int(company_id), int(seed))


if __name__ == "__main__":
    main()
