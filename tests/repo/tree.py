"""What the checks share: the files of a tree and their parsed contents."""

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lxml import etree

SKIPPED = {".git", ".run", ".venv", "__pycache__", "node_modules"}


def addons(root: Path) -> list[Path]:
    return sorted(p for p in root.glob("addons/*") if p.is_dir() and p.name[0] != "_")


def files(folder: Path, pattern: str) -> list[Path]:
    found = (p for p in folder.rglob(pattern) if not SKIPPED & set(p.parts))
    return sorted(p for p in found if p.is_file())


def none(findings: list[str]) -> None:
    """The assertion of each check on the real tree: one line per finding."""
    assert not findings, "\n" + "\n".join(findings)


def is_test(path: Path, addon: Path) -> bool:
    return "tests" in path.relative_to(addon).parts[:-1]


def code(root: Path) -> Iterator[tuple[Path, Path]]:
    """(add-on, Python file) of everything that runs in production."""
    for addon in addons(root):
        for path in files(addon, "*.py"):
            if not is_test(path, addon):
                yield addon, path


@cache
def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def holding(paths: list[Path], *words: str) -> list[Path]:
    """The files worth parsing: those that hold one of the words."""
    return [path for path in paths if any(word in source(path) for word in words)]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(source(path), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parsed(path)))


def xmls(addon: Path) -> list[Path]:
    """XML that Odoo reads: not what the tests keep as samples."""
    return [path for path in files(addon, "*.xml") if not is_test(path, addon)]


@cache
def elements(path: Path) -> tuple[etree._Element, ...]:
    return tuple(etree.parse(str(path)).getroot().iter(etree.Element))


@cache
def comments(path: Path) -> dict[int, tuple[str, bool]]:
    """Line -> (text of its comment, whether the comment has the line for itself)."""
    tokens = tokenize.generate_tokens(io.StringIO(source(path)).readline)
    return {
        token.start[0]: (token.string, token.line.lstrip().startswith("#"))
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def at(root: Path, path: Path, line: int | None, text: str) -> str:
    return f"{path.relative_to(root)}:{line or 1}: {text}"


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a chain of names, without what cannot be named."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def literal(node: ast.AST):
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None


def manifest(addon: Path) -> dict:
    return literal(parsed(addon / "__manifest__.py").body[-1].value) or {}


def imported(path: Path) -> set[str]:
    """First names of what a module imports from elsewhere."""
    names: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names


def kept(root: Path) -> list[Path]:
    """Files git has, or will have: tracked ones and new ones it does not ignore."""
    if not (root / ".git").exists():
        return files(root, "*")
    listing = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    names = {name for name in listing.split("\0") if name}
    return sorted(p for p in map(root.joinpath, names) if p.is_file())
