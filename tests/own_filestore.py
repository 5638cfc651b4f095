"""A file store of its own for each test process.

pytest-odoo shares one among the processes, and every test class of Odoo ends with a
collection of the files that *its* database does not know: those of the others too.
"""

import os
import pathlib
import shutil
from contextlib import contextmanager

import pytest_odoo

from odoo.tools import config


def copy_by_link(source: pathlib.Path, target: pathlib.Path) -> None:
    """Hard links: a copy that costs no space, and that can be deleted alone."""
    shutil.rmtree(target, ignore_errors=True)
    if source.exists():
        shutil.copytree(source, target, copy_function=os.link)


@contextmanager
def own_filestore(original_db_name, db_name):
    if original_db_name == db_name:
        yield
        return
    target = pathlib.Path(config.filestore(db_name))
    copy_by_link(pathlib.Path(config.filestore(original_db_name)), target)
    try:
        yield
    finally:
        shutil.rmtree(target, ignore_errors=True)


pytest_odoo._shared_filestore = own_filestore
