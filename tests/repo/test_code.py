"""Python of the add-ons: pure engines, reasons for sudo, dates, size."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from . import tree

LONGEST_FUNCTION = 60
LONGEST_MAKEFILE = 60
DATED = ("addons", "tests")
NAIVE = {
    "date": {"today"},
    "datetime": {"today", "now", "utcnow"},
    "Date": {"today"},
    "Datetime": {"today"},
}


def engine_imports(root: Path) -> list[str]:
    """Engines decide without Odoo: no import of it, none out of the package."""
    found = []
    for addon in tree.addons(root):
        engine = addon / "engine"
        for path in tree.files(engine, "*.py"):
            depth = len(path.relative_to(engine).parts)
            for line in _leaving_imports(path, depth):
                found.append(tree.at(root, path, line, "the engine leaves its package"))
    return found


def _leaving_imports(path: Path, depth: int) -> Iterator[int]:
    for node in tree.nodes(path):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level > depth:
                yield node.lineno
            names = [] if node.level else [node.module or ""]
        elif isinstance(node, ast.Call) and _is_dynamic_import(node.func):
            names = [str(tree.literal(arg)) for arg in node.args[:1]]
        else:
            continue
        if any(name.partition(".")[0] == "odoo" for name in names):
            yield node.lineno


def _is_dynamic_import(func: ast.expr) -> bool:
    return tree.dotted(func).rpartition(".")[2] in {"__import__", "import_module"}


def sql_constraints(root: Path) -> list[str]:
    """`_sql_constraints` is dead in 19.0: it would protect nothing."""
    found = []
    for addon in tree.addons(root):
        for path in tree.holding(tree.files(addon, "*.py"), "_sql_constraints"):
            for node in tree.nodes(path):
                name = getattr(node, "id", None) or getattr(node, "attr", None)
                if name == "_sql_constraints":
                    text = "use models.Constraint"
                    found.append(tree.at(root, path, node.lineno, text))
    return found


def sudo_reasons(root: Path) -> list[str]:
    """Each `.sudo(` says why, beside it or on the line above."""
    found = []
    for _addon, path in tree.code(root):
        if ".sudo(" not in tree.source(path):
            continue
        for call, statement in _sudo_calls(tree.parsed(path)):
            if not _has_reason(path, call, statement):
                line = call.func.end_lineno
                found.append(tree.at(root, path, line, "sudo without a reason"))
    return found


def _sudo_calls(
    node: ast.AST, statement: ast.stmt | None = None
) -> Iterator[tuple[ast.Call, ast.stmt]]:
    if isinstance(node, ast.stmt):
        statement = node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "sudo":
            yield node, statement
    for child in ast.iter_child_nodes(node):
        yield from _sudo_calls(child, statement)


def _has_reason(path: Path, call: ast.Call, statement: ast.stmt) -> bool:
    comments = tree.comments(path)
    line = call.func.end_lineno
    beside = [comments.get(n, ("", True)) for n in (line, call.end_lineno)]
    above = [comments.get(n - 1, ("", False)) for n in (line, statement.lineno)]
    said = [text for text, alone in beside if not alone]
    said += [text for text, alone in above if alone]
    return any(_is_reason(text) for text in said)


def _is_reason(comment: str) -> bool:
    text = re.sub(r"(noqa|pylint|type|ruff|pragma)\s*:.*", "", comment)
    return len(re.findall(r"[^\W\d_]{2,}", text)) >= 2


def naive_dates(root: Path) -> list[str]:
    """A day depends on the user's time zone: `fields.Date.context_today`."""
    found = []
    everything = [p for part in DATED for p in tree.files(root / part, "*.py")]
    for path in tree.holding(everything, *set().union(*NAIVE.values())):
        for node in tree.nodes(path):
            if isinstance(node, ast.Attribute) and _is_naive(node):
                text = f"{tree.dotted(node)}: use fields.Date.context_today"
                found.append(tree.at(root, path, node.end_lineno, text))
    naive = re.compile(r"\bdate(time)?\.(today|now|utcnow)\(")
    for path in (path for addon in tree.addons(root) for path in tree.xmls(addon)):
        for number, line in enumerate(tree.source(path).splitlines(), 1):
            if naive.search(line):
                found.append(tree.at(root, path, number, "use context_today()"))
    return found


def _is_naive(node: ast.Attribute) -> bool:
    owner = tree.dotted(node.value).rpartition(".")[2]
    return node.attr in NAIVE.get(owner, ())


def long_functions(root: Path) -> list[str]:
    found = []
    for _addon, path in tree.code(root):
        for node in tree.nodes(path):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = node.end_lineno - node.body[0].lineno + 1
                if lines >= LONGEST_FUNCTION:
                    text = f"{node.name} has {lines} lines"
                    found.append(tree.at(root, path, node.lineno, text))
    return found


def makefile_and_licence(root: Path) -> list[str]:
    found = []
    makefile, licence = root / "Makefile", root / "LICENSE"
    if not makefile.is_file():
        found.append("Makefile is missing")
    elif len(tree.source(makefile).splitlines()) >= LONGEST_MAKEFILE:
        found.append("Makefile: the logic belongs in scripts/")
    words = " ".join(tree.source(licence).split()) if licence.is_file() else ""
    if not words.startswith("GNU LESSER GENERAL PUBLIC LICENSE Version 3"):
        found.append("LICENSE is not the LGPL-3")
    return found


def test_engines_import_no_odoo(root):
    tree.none(engine_imports(root))


def test_engine_imports_are_found(plant):
    planted = plant(
        {
            "addons/a/engine/good.py": "import decimal\nfrom . import other\n",
            "addons/a/engine/sub/good.py": "from .. import other\nimport odoofin\n",
            "addons/a/engine/bad.py": """\
                import odoo.tools
                from odoo import fields
                from .. import models
                def late():
                    return __import__("odoo")
                """,
            "addons/a/engine/sub/bad.py": "from ...models import x\n",
        }
    )
    assert [line.rsplit(":", 1)[0] for line in engine_imports(planted)] == [
        "addons/a/engine/bad.py:1",
        "addons/a/engine/bad.py:2",
        "addons/a/engine/bad.py:3",
        "addons/a/engine/bad.py:5",
        "addons/a/engine/sub/bad.py:1",
    ]


def test_no_sql_constraints(root):
    tree.none(sql_constraints(root))


def test_sql_constraints_are_found(plant):
    planted = plant(
        {
            "addons/a/models/x.py": """\
                # _sql_constraints is dead
                class X:
                    _sql_constraints = []
                """,
        }
    )
    assert len(sql_constraints(planted)) == 1


def test_each_sudo_has_a_reason(root):
    tree.none(sudo_reasons(root))


def test_sudo_without_reason_is_found(plant):
    planted = plant(
        {
            "addons/a/tests/test_x.py": "x.sudo()\n",
            "addons/a/models/x.py": """\
                a = x.sudo()
                b = x.sudo()  # the token was compared before
                # the visitor may not read the company, only its name
                c = x.sudo().name
                # public page, the token was compared
                d = (
                    x
                    .sudo()
                    .name
                )
                e = x.sudo()  # noqa: S100
                f = 1  # a comment of another line
                g = x.sudo()
                """,
        }
    )
    assert [line.split(":")[1] for line in sudo_reasons(planted)] == ["1", "11", "13"]


def test_no_naive_dates(root):
    tree.none(naive_dates(root))


def test_naive_dates_are_found(plant):
    planted = plant(
        {
            "addons/a/models/x.py": """\
                day = date.today()
                day = datetime.datetime.now()
                day = fields.Date.today()
                field = fields.Date(default=fields.Date.today)
                good = fields.Date.context_today(self)
                good = fields.Datetime.now()
                """,
            "addons/a/views/x.xml": "<a>\n<b t-out='datetime.date.today()'/></a>",
            "tests/scenario/test_x.py": "day = datetime.today()\n",
            "scripts/seed/x.py": "day = date.today()\n",
        }
    )
    found = [line.rsplit(": ", 2)[0] for line in naive_dates(planted)]
    assert sorted(line.split(": ")[0] for line in found) == [
        "addons/a/models/x.py:1",
        "addons/a/models/x.py:2",
        "addons/a/models/x.py:3",
        "addons/a/models/x.py:4",
        "addons/a/views/x.xml:2",
        "tests/scenario/test_x.py:1",
    ]


def test_functions_are_short(root):
    tree.none(long_functions(root))


def test_long_functions_are_found(plant):
    def function(lines: int) -> str:
        return "def f():\n" + "    x = 1\n" * lines

    planted = plant(
        {
            "addons/a/models/bad.py": function(LONGEST_FUNCTION),
            "addons/a/models/good.py": function(LONGEST_FUNCTION - 1),
            "addons/a/tests/common.py": function(LONGEST_FUNCTION),
        }
    )
    assert long_functions(planted) == ["addons/a/models/bad.py:1: f has 60 lines"]


def test_makefile_is_short_and_licence_is_lgpl(root):
    tree.none(makefile_and_licence(root))


def test_long_makefile_and_other_licence_are_found(plant):
    assert len(makefile_and_licence(plant({}))) == 2
    planted = plant({"Makefile": "a:\n" * LONGEST_MAKEFILE, "LICENSE": "MIT"})
    assert len(makefile_and_licence(planted)) == 2
