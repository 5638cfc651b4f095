"""The models that our add-ons define, read from their classes."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import tree

KINDS = {"Model": "model", "TransientModel": "wizard", "AbstractModel": "mixin"}


@dataclass(frozen=True)
class Class:
    addon: Path
    path: Path
    line: int
    kind: str
    name: str
    inherit: tuple[str, ...]
    assigned: frozenset[str]
    checks_company: bool
    is_table: bool

    @property
    def is_own(self) -> bool:
        return bool(self.name) and self.name not in self.inherit

    @property
    def target(self) -> str:
        return self.name or (self.inherit[0] if self.inherit else "")

    @property
    def xmlid(self) -> str:
        return "model_" + self.name.replace(".", "_")


def _assignments(node: ast.ClassDef) -> dict[str, ast.expr]:
    values: dict[str, ast.expr] = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                values[tree.dotted(target)] = statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value:
            values[tree.dotted(statement.target)] = statement.value
    return values


def _class(addon: Path, path: Path, node: ast.ClassDef) -> Class | None:
    bases = (tree.dotted(base).rpartition(".")[2] for base in node.bases)
    kind = next((KINDS[base] for base in bases if base in KINDS), None)
    if kind is None:
        return None
    values = _assignments(node)
    plain = {name: tree.literal(value) for name, value in values.items()}
    inherit = plain.get("_inherit") or ()
    return Class(
        addon=addon,
        path=path,
        line=node.lineno,
        kind=kind,
        name=plain.get("_name") or "",
        inherit=(inherit,) if isinstance(inherit, str) else tuple(inherit),
        assigned=frozenset(values),
        checks_company=plain.get("_check_company_auto") is True,
        is_table=plain.get("_auto") is not False,
    )


@cache
def classes(root: Path) -> tuple[Class, ...]:
    def read() -> Iterator[Class | None]:
        for addon, path in tree.code(root):
            for node in tree.nodes(path):
                if isinstance(node, ast.ClassDef):
                    yield _class(addon, path, node)

    return tuple(found for found in read() if found)


def own(root: Path, *kinds: str) -> list[Class]:
    return [c for c in classes(root) if c.is_own and c.kind in kinds]


def parts(root: Path, name: str, seen: frozenset[str] = frozenset()) -> list[Class]:
    """Every class of ours that shapes a model: itself, extensions, mixins."""
    found = [c for c in classes(root) if c.target == name and name not in seen]
    above = {parent for c in found for parent in c.inherit} - {name}
    for parent in sorted(above):
        found += parts(root, parent, seen | {name})
    return found


def has_company(root: Path, model: Class) -> bool:
    return any("company_id" in c.assigned for c in parts(root, model.name))


def checks_company(root: Path, model: Class) -> bool:
    return any(c.checks_company for c in parts(root, model.name))
