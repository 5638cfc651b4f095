"""Coverage of the add-ons, with branches, by probes in their own code (slipcover).

coverage.py traces: all of Odoo ran a third slower for what we want to know of our own
lines. Slipcover's own way in asks every import hook for every module, and Odoo has a
hook that asks back; so only our add-ons are looked at here.

A plugin (`-p tests.covered`): each process leaves a file in the folder that
FACTUREX_COVERAGE names. With FACTUREX_COVERAGE_BEFORE, the folder of an earlier run,
the table of both is printed above pytest's last line; below the floor the run fails.
"""

import configparser
import io
import json
import os
import pathlib
import sys
from importlib.machinery import PathFinder

import pytest
from slipcover import FileMatcher, Slipcover, merge_coverage, print_coverage
from slipcover.importer import SlipcoverLoader

OURS = "odoo.addons.facturex_"

settings = configparser.ConfigParser()
settings.read(".coveragerc")
asked = {
    "source": settings["run"]["source"].split(),
    "omit": settings["run"]["omit"].split(),
}
FLOOR = settings["report"].getfloat("fail_under")
probes = Slipcover(branch=True, **asked)


class Finder:
    """Finds our modules as Python does, and puts probes in those to be measured."""

    def __init__(self):
        self.measured = FileMatcher(asked["source"], asked["omit"])

    def find_spec(self, name, path, target=None):
        if not name.startswith(OURS):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader and self.measured.matches(spec.origin):
            spec.loader = SlipcoverLoader(probes, spec.loader, spec.origin)
        return spec


sys.meta_path.insert(0, Finder())


folder = pathlib.Path(os.environ["FACTUREX_COVERAGE"])
before = os.environ.get("FACTUREX_COVERAGE_BEFORE")
worker = os.environ.get("PYTEST_XDIST_WORKER")
total = {}


def leave():
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{worker or 'alone'}.json"
    path.write_text(json.dumps(probes.get_coverage()))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish():
    if worker:  # before it tells that it has done
        leave()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    result = yield
    if worker:
        return result
    if not getattr(session.config.option, "numprocesses", None):
        leave()
    if before:
        total.update(together(*folder.glob("*.json"), *pathlib.Path(before).iterdir()))
        folder.with_name("all.json").write_text(json.dumps(total))
        session.testsfailed += reached() < FLOOR
    return result


def together(first, *others):
    measured = json.loads(first.read_text())
    for path in others:
        merge_coverage(measured, json.loads(path.read_text()))
    return measured


def reached():
    return total["summary"]["percent_covered"]


def pytest_terminal_summary(terminalreporter):
    if total:
        terminalreporter.section("coverage")
        table = io.StringIO()
        print_coverage(total, outfile=table, skip_covered=True, missing_width=40)
        terminalreporter.write_line(table.getvalue())
        terminalreporter.write_line(
            f"{reached():.2f} % of the add-ons, lines and branches; floor {FLOOR:g} %"
        )
