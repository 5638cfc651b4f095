"""A test that Odoo's runner never loads proves nothing."""

import ast
from pathlib import Path

from . import tree


def unloaded_tests(root: Path) -> list[str]:
    """Odoo runs the modules `test_*` that are names of the package `tests`."""
    found = []
    for addon in tree.addons(root):
        tests = addon / "tests"
        loaded = _loaded(tests)
        for path in tree.files(tests, "test_*.py"):
            if path not in loaded:
                found.append(tree.at(root, path, 1, "tests/__init__.py misses it"))
    return found


def _loaded(package: Path) -> set[Path]:
    """Files that the names of a package stand for, `from .sub import *` followed."""
    start = package / "__init__.py"
    if not start.is_file():
        return set()
    loaded: set[Path] = set()
    for node in tree.parsed(start).body:
        if not isinstance(node, ast.ImportFrom) or node.level != 1:
            continue
        # importing from a module makes it a name of the package too
        if (node.module or "").startswith("test_") and "." not in node.module:
            loaded.add(package / f"{node.module}.py")
        folder = package.joinpath(*(node.module or "").split("."))
        for alias in node.names:
            if alias.name == "*":
                loaded |= _loaded(folder)
            elif (alias.asname or alias.name).startswith("test_"):
                loaded.add(folder / f"{alias.name}.py")
    return loaded


def test_each_test_file_is_imported(root):
    tree.none(unloaded_tests(root))


def test_files_not_imported_are_found(plant):
    planted = plant(
        {
            "addons/a/tests/__init__.py": """\
                from . import common, test_in
                from . import unseen
                from .deep import *
                from .named import test_named
                from .test_part import Part
                """,
            "addons/a/tests/test_in.py": "",
            "addons/a/tests/test_out.py": "",
            "addons/a/tests/test_part.py": "",
            "addons/a/tests/unseen/__init__.py": "from . import test_hidden\n",
            "addons/a/tests/unseen/test_hidden.py": "",
            "addons/a/tests/deep/__init__.py": "from . import test_deep\n",
            "addons/a/tests/deep/test_deep.py": "",
            "addons/a/tests/deep/test_forgotten.py": "",
            "addons/a/tests/named/__init__.py": "",
            "addons/a/tests/named/test_named.py": "",
            "addons/b/tests/test_alone.py": "",
        }
    )
    assert [line.partition(":")[0] for line in unloaded_tests(planted)] == [
        "addons/a/tests/deep/test_forgotten.py",
        "addons/a/tests/test_out.py",
        "addons/a/tests/unseen/test_hidden.py",
        "addons/b/tests/test_alone.py",
    ]
