"""Nothing kept in git names a machine, or a place packages are fetched from."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from . import tree
from .reviewed import MACHINE_PATHS

HOMES = ("home", "root", "work", "tmp", "Users")
MACHINE = re.compile(rf"(?<![\w.~)}}\]-])/(?:{'|'.join(HOMES)})/[\w.${{*][^\s\"'`)]*")
# written in pieces, for this file is read too
PUBLIC = [
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("debian", "org"),
        ("archive", "ubuntu", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("golang", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
    )
]
ASKED = (
    ("pip", "config", "list"),
    ("apt-get", "indextargets", "--format", "$(SITE)"),
)


def hosts_of(text: str) -> set[str]:
    """Hosts of the addresses in a text, without this machine's own names."""
    hosts = set(re.findall(r"//(?:[^/@\s']*@)?([\w.-]+)", text.lower()))
    return {h for h in hosts if not re.match(r"localhost|127\.|0\.0\.0\.0", h)}


@pytest.fixture(scope="session")
def registries() -> list[str]:
    """The public ones, and those this machine is set up to use."""
    running = [
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for command in ASKED
        if shutil.which(command[0])
    ]
    asked = {h for process in running for h in hosts_of(process.communicate()[0])}
    return PUBLIC + sorted(asked)


def _lines(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "replace").splitlines()


def machine_paths(root: Path, reviewed: dict[tuple[str, str], str]) -> list[str]:
    found = []
    used = set()
    for path in tree.kept(root):
        name = str(path.relative_to(root))
        excuses = [key for key in reviewed if key[0] == name]
        for number, line in enumerate(_lines(path), 1):
            for place in MACHINE.findall(line):
                excuse = [key for key in excuses if place[1:].startswith(key[1])]
                used.update(excuse)
                if not excuse:
                    text = f"{place} is of a machine"
                    found.append(tree.at(root, path, number, text))
    stale = sorted(set(reviewed) - used)
    return found + [f"reviewed.py: {key} excuses nothing" for key in stale]


def registry_hosts(root: Path, hosts: list[str]) -> list[str]:
    named = [h for h in hosts if "." in h]
    bare = [f"//{h}" for h in hosts if "." not in h]
    either = "|".join(map(re.escape, named + bare))
    pattern = re.compile(rf"(?<![\w-])(?:{either})(?![\w-])", re.IGNORECASE)
    return [
        tree.at(root, path, number, "names a package registry")
        for path in tree.kept(root)
        for number, line in enumerate(_lines(path), 1)
        if pattern.search(line)
    ]


def test_no_path_of_a_machine(root):
    tree.none(machine_paths(root, MACHINE_PATHS))


def test_paths_of_a_machine_are_found(plant):
    inside = "/".join(("", "home", "ann", "x"))
    socket = "/".join(("", "tmp", "socket-1"))
    planted = plant(
        {
            "a.sh": f"cd {inside}\nln {socket} x\nls /usr/lib /var{socket} a{inside}\n",
            "b.md": f"the word /tmp alone, `{socket}`, https://x.example{inside}\n"
            f"file://{inside}\n",
        }
    )
    reviewed = {("a.sh", socket[1:9]): "a socket", ("c.sh", "x"): "a path"}
    assert machine_paths(planted, reviewed) == [
        f"a.sh:1: {inside} is of a machine",
        f"b.md:1: {socket} is of a machine",
        f"b.md:2: {inside} is of a machine",
        "reviewed.py: ('c.sh', 'x') excuses nothing",
    ]


def test_no_package_registry_is_named(root, registries):
    tree.none(registry_hosts(root, registries))


def test_named_package_registries_are_found(plant):
    asked = "global.index-url='https://me:secret@mirror.example/simple'\n//cache:80/"
    hosts = PUBLIC + sorted(hosts_of(asked + " http://localhost:1/"))
    assert hosts[len(PUBLIC) :] == ["cache", "mirror.example"]
    planted = plant(
        {
            "a.txt": f"https://files.{PUBLIC[0]}/x\na {PUBLIC[1].upper()} b\n",
            "b.txt": "see MIRROR.example.\nour cache is fine\nhttp://cache:80/\n",
            "c.txt": f"my-{PUBLIC[0]} {PUBLIC[0]}x and mirror-example\n",
        }
    )
    assert registry_hosts(planted, hosts) == [
        "a.txt:1: names a package registry",
        "a.txt:2: names a package registry",
        "b.txt:1: names a package registry",
        "b.txt:3: names a package registry",
    ]
