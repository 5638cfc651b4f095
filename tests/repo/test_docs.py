"""What the documents tell a newcomer to type, open or look at exists."""

import re
from collections.abc import Iterator
from pathlib import Path

from . import tree

NEEDED = ("README.md", "CONTRIBUTING.md")
FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
MAKE = re.compile(r"(?:^|[\s;&|($])make((?:[ \t]+[\w.=:/-]+)+)", re.MULTILINE)
PLACE = re.compile(
    r"(?<![\w./~$}>-])(?:\./)?"
    r"((?:addons|docs|scripts|tests|\.ci)/[\w./*{},-]*)(?![\w<…$])"
)
LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|<(?:img|a)\b[^>]*?(?:src|href)=\"([^\"]+)\""
)


def documents(root: Path) -> list[Path]:
    names = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    found = [root / name for name in names]
    found += tree.files(root / "docs", "*.md")
    found += [addon / "README.md" for addon in tree.addons(root)]
    return [path for path in found if path.is_file()]


def snippets(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of fenced blocks, then of code between backticks."""
    for block in FENCE.finditer(text):
        first = text.count("\n", 0, block.start()) + 1
        for number, line in enumerate(block[0].splitlines()[1:-1], first + 1):
            yield number, line.partition(" #")[0]
    prose = FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    for span in SPAN.finditer(prose):
        yield prose.count("\n", 0, span.start()) + 1, span[2]


def targets(root: Path) -> set[str]:
    makefile = root / "Makefile"
    text = tree.source(makefile) if makefile.is_file() else ""
    heads = re.findall(r"^([\w][\w .-]*?)\s*:(?!=)", text, re.MULTILINE)
    return {name for head in heads for name in head.split()}


def commands(root: Path) -> list[str]:
    """Each `make x` of the documents is a target."""
    found = [f"{name} is missing" for name in NEEDED if not (root / name).is_file()]
    known = targets(root)
    for path in documents(root):
        for line, snippet in snippets(tree.source(path)):
            for call in MAKE.findall(snippet):
                words = [word for word in call.split() if re.fullmatch(r"[\w-]+", word)]
                found += [
                    tree.at(root, path, line, f"make {word} is no target")
                    for word in words
                    if word not in known
                ]
    return found


def places(root: Path) -> list[str]:
    """Each path of the documents exists."""
    found = []
    for path in documents(root):
        for line, snippet in snippets(tree.source(path)):
            for place in PLACE.findall(snippet):
                if not any(_exists(base, place) for base in (root, path.parent)):
                    found.append(tree.at(root, path, line, f"{place} does not exist"))
    return found


def _exists(base: Path, place: str) -> bool:
    return all(any(base.glob(name)) for name in _braces(place.rstrip(".,/")))


def _braces(place: str) -> list[str]:
    found = re.search(r"\{([^{}]*)\}", place)
    if not found:
        return [place]
    before, after = place[: found.start()], place[found.end() :]
    choices = (f"{before}{choice}{after}" for choice in found[1].split(","))
    return [name for choice in choices for name in _braces(choice)]


def links(root: Path) -> list[str]:
    """Each link and image inside the repository leads somewhere."""
    found = []
    for path in documents(root):
        text = FENCE.sub(lambda b: "\n" * b[0].count("\n"), tree.source(path))
        for link in LINK.finditer(text):
            place = (link[1] or link[2]).partition("#")[0]
            if not place or re.match(r"[a-z]+:", place):
                continue
            if not (path.parent / place).exists():
                line = text.count("\n", 0, link.start()) + 1
                found.append(tree.at(root, path, line, f"{place} does not exist"))
    return found


def test_commands_of_the_documents_exist(root):
    tree.none(commands(root))


def test_unknown_commands_are_found(plant):
    planted = plant(
        {
            "Makefile": ".PHONY: demo\nX := 1\ndemo test: setup\n\techo\nsetup:\n",
            "README.md": """\
                To make peace, type `make demo`.
                ```sh
                make test T=addons/a   # make nothing
                cd x && make deploy
                ```
                Then `make lint PORT=1`.
                """,
        }
    )
    assert commands(planted) == [
        "CONTRIBUTING.md is missing",
        "README.md:4: make deploy is no target",
        "README.md:6: make lint is no target",
    ]


def test_places_of_the_documents_exist(root):
    tree.none(places(root))


def test_unknown_places_are_found(plant):
    planted = plant(
        {
            "scripts/run.sh": "",
            "docs/a.md": "`scripts/run.sh`, `tests/<name>.py`, `docs/{a,b}.md`",
            "README.md": """\
                `bash scripts/run.sh --fast`, `scripts/*.sh`, `x/scripts/gone.sh`
                ```
                ./scripts/gone.sh
                ```
                """,
        }
    )
    assert places(planted) == [
        "README.md:3: scripts/gone.sh does not exist",
        "docs/a.md:1: docs/{a,b}.md does not exist",
    ]


def test_links_of_the_documents_exist(root):
    tree.none(links(root))


def test_broken_links_are_found(plant):
    planted = plant(
        {
            "docs/guide.md": "[home](../README.md#top) ![x](img/gone.png)\n",
            "README.md": """\
                [guide](docs/guide.md) [site](https://example.com/a) [top](#top)
                <img src="docs/img/gone.png" width="9"/> [no](docs/none.md)
                """,
        }
    )
    assert links(planted) == [
        "README.md:2: docs/img/gone.png does not exist",
        "README.md:2: docs/none.md does not exist",
        "docs/guide.md:1: img/gone.png does not exist",
    ]
