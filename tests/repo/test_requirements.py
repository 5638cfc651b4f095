"""A version that nobody chose is a breakage that nobody dated."""

import re
from pathlib import Path

from . import tree

PINNED = "scripts/constraints.txt"
NAMED = ("requirements*.txt", "scripts/requirements-odoo.txt")


def requirements(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(tree.source(path).splitlines(), 1)
    stripped = ((n, re.sub(r"(^|\s)#.*", "", line).strip()) for n, line in lines)
    return [(number, line) for number, line in stripped if line]


def is_pinned(requirement: str) -> bool:
    version = requirement.partition(";")[0]
    return bool(re.fullmatch(r"[\w.\[\],-]+\s*==\s*[\w.+!]+\s*", version))


def is_bounded(requirement: str) -> bool:
    version = requirement.partition(";")[0]
    return bool(re.search(r">=\s*\d", version) and re.search(r"<=?\s*\d", version))


def loose_requirements(root: Path) -> list[str]:
    found = []
    for path in sorted(p for pattern in NAMED for p in root.glob(pattern)):
        for number, line in requirements(path):
            if not is_pinned(line) and not is_bounded(line):
                found.append(tree.at(root, path, number, f"{line} has no bounds"))
    constraints = root / PINNED
    if not constraints.is_file():
        return [*found, f"{PINNED} is missing"]
    for number, line in requirements(constraints):
        if not is_pinned(line):
            found.append(tree.at(root, constraints, number, f"{line} is not pinned"))
    return found


def test_requirements_are_bounded(root):
    tree.none(loose_requirements(root))


def test_loose_requirements_are_found(plant):
    planted = plant(
        {
            "requirements.txt": "# x\nlxml>=5,<7\nqrcode\nzeep>=4\nxlrd==1.*\n",
            "scripts/requirements-odoo.txt": 'a==1; python_version < "3.13"\nb~=2\n',
            "scripts/constraints.txt": "a==1.0\nb>=1,<2\n",
        }
    )
    assert loose_requirements(planted) == [
        "requirements.txt:3: qrcode has no bounds",
        "requirements.txt:4: zeep>=4 has no bounds",
        "requirements.txt:5: xlrd==1.* has no bounds",
        "scripts/requirements-odoo.txt:2: b~=2 has no bounds",
        "scripts/constraints.txt:2: b>=1,<2 is not pinned",
    ]


def test_missing_constraints_are_found(plant):
    assert loose_requirements(plant({})) == [f"{PINNED} is missing"]
