"""Measures variants of one job side by side: same run, same data, medians.

    python -m tests.bench.run CONFIG DATABASE [BENCH] [SIZE ...]

A bench is a module of this folder with
    SIZES      numbers of documents to try
    VARIANTS   name -> function(env, state, size) that does the job
    prepare    function(env, size) -> state, not measured
    NEEDS      optional, variant -> distribution without which it is left out
    prepare_variant  optional, function(env, state, size, variant), not measured
    OCA        optional pip requirements of OCA add-ons that a variant needs; they are
               installed by scripts/bench.sh into an environment and a database of
               their own, so that they slow down nothing but their own variants
Every measure runs in a process and a transaction of its own that is rolled back.
BENCH_OCA, "PYTHON:DATABASE", says where the variants that need an add-on run.
"""

import argparse
import contextlib
import ctypes
import gc
import importlib
import importlib.metadata
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
TICK = os.sysconf("SC_CLK_TCK")
OCA_PYTHON, _, OCA_DATABASE = os.environ.get("BENCH_OCA", "").partition(":")
COLUMNS = ("wall", "python", "postgres", "queries", "before", "memory")


def benches():
    here = pathlib.Path(__file__).parent
    return sorted(path.stem.removeprefix("bench_") for path in here.glob("bench_*.py"))


def load(name):
    return importlib.import_module(f"tests.bench.bench_{name}")


def backend_cpu(pid):
    """Seconds of CPU of a PostgreSQL backend; None when it is on another machine."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    user, system = stat.rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / TICK


def forget_peak():
    """From here on the peak is that of the job, not of its preparation."""
    gc.collect()
    # what the preparation freed goes back to the system, where there is a way
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def peak():
    """Megabytes."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(config_file, database, name, variant, size):
    """One measure, printed as JSON: called in a process of its own."""
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-c", config_file, "-d", database, "--log-level=error"])
    bench = load(name)
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        state = bench.prepare(env, size)
        if hasattr(bench, "prepare_variant"):
            bench.prepare_variant(env, state, size, variant)
        env.flush_all()
        # as a job finds it: nothing read yet, nothing kept of what was prepared
        env.invalidate_all()
        cr.execute("select pg_backend_pid()")
        pid = cr.fetchone()[0]
        before = backend_cpu(pid), cr.sql_log_count
        forget_peak()
        memory_before = peak()
        wall, python = time.perf_counter(), time.process_time()
        bench.VARIANTS[variant](env, state, size)
        env.flush_all()
        wall, python = time.perf_counter() - wall, time.process_time() - python
        after = backend_cpu(pid), cr.sql_log_count
        cr.rollback()
    print(
        json.dumps(
            {
                "wall": wall,
                "python": python,
                "postgres": after[0] - before[0] if before[0] is not None else None,
                "queries": after[1] - before[1],
                "memory": peak(),
                "before": memory_before,
            }
        )
    )


def run_one(args, name, variant, size):
    python, database = sys.executable, args.database
    if OCA_PYTHON and needs(name, variant):
        python, database = OCA_PYTHON, OCA_DATABASE
    command = [python, "-m", "tests.bench.run", args.config, database]
    done = subprocess.run(
        [*command, name, str(size), "--variant", variant],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name}, {variant}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def median(samples, column):
    values = [sample[column] for sample in samples if sample[column] is not None]
    return statistics.median(values) if values else float("nan")


def needs(name, variant):
    """The distribution without which a variant is left out, or nothing."""
    return plain(getattr(load(name), "NEEDS", {}).get(variant, ""))


def plain(distribution):
    """A name as package indexes compare it."""
    return re.sub("[-_.]+", "-", distribution).lower()


def installed(python):
    """The distributions of an environment."""
    code = "import importlib.metadata as m;print(*{d.name for d in m.distributions()})"
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True
    )
    return {plain(found) for found in done.stdout.split()}


def runnable(name):
    """The variants whose add-on is there; the first of them is the one held against."""
    there = installed(OCA_PYTHON or sys.executable) | {""}
    return [v for v in load(name).VARIANTS if needs(name, v) in there]


def report(args, name, size):
    """Variants in turn, so that a slow minute of the machine hits all of them."""
    variants = args.only.split(";") if args.only else runnable(name)
    samples = {variant: [] for variant in variants}
    for _ in range(REPEATS):
        for variant in variants:
            samples[variant].append(run_one(args, name, variant, size))
    base = median(samples[variants[0]], "python") + median(
        samples[variants[0]], "postgres"
    )
    print(f"\n{name}, {size} documents, median of {REPEATS}")
    head = ("wall s", "Python CPU s", "PostgreSQL CPU s", "queries")
    head += ("MB before", "peak MB", "ratio")
    print(f"{'':28}" + "".join(f"{title:>18}" for title in head))
    for variant in variants:
        row = [median(samples[variant], column) for column in COLUMNS]
        ratio = (row[1] + row[2]) / base
        cells = [f"{row[0]:.2f}", f"{row[1]:.2f}", f"{row[2]:.2f}"]
        cells += [*(f"{value:.0f}" for value in row[3:]), f"{ratio:.2f}"]
        print(f"{variant:28}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    parser.add_argument("database")
    parser.add_argument("bench", nargs="?")
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--variant")
    parser.add_argument("--only", help="some variants, with semicolons between")
    args = parser.parse_args()
    if args.bench and args.bench not in benches():
        raise SystemExit(f"no bench {args.bench}; there are: {', '.join(benches())}")
    if args.variant:
        measure(args.config, args.database, args.bench, args.variant, args.sizes[0])
        return
    for name in [args.bench] if args.bench else benches():
        for size in args.sizes or load(name).SIZES:
            report(args, name, size)


if __name__ == "__main__":
    main()
