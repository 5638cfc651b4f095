"""Unit tests: engines alone, with or without Odoo's own pytest plugin."""

import pathlib

import stdnum  # noqa: F401 before Odoo: its import hook would hide stdnum's data files
from hypothesis import settings

from odoo.tools import config

if not config["db_name"]:  # plain pytest (-p no:odoo): addons must still be importable
    root = pathlib.Path(__file__).resolve().parents[2]
    config.parse_config([f"--addons-path={root / 'addons'}", "--log-level=critical"])

# The same examples at each run: a red build says something about the change.
settings.register_profile("unit", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("unit")
