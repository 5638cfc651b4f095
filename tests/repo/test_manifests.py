"""Manifests tell the truth: licence, version, files, libraries."""

import re
from pathlib import Path

from . import tree
from .test_requirements import requirements

VERSION = re.compile(r"19\.0\.\d+\.\d+\.\d+")
LISTED = ("data", "report", "security", "views", "wizard")
# distribution -> module, where they are called differently
MODULES = {
    "febelfin-coda": "coda",
    "mt-940": "mt940",
    "pillow": "PIL",
    "pyopenssl": "OpenSSL",
    "python-dateutil": "dateutil",
    "python-magic": "magic",
    "python-stdnum": "stdnum",
    "pyyaml": "yaml",
}


def module_of(distribution: str) -> str:
    return MODULES.get(distribution.lower(), distribution.replace("-", "_"))


def identity(root: Path) -> list[str]:
    """LGPL-3, 19.0.x.y.z, one application."""
    found = []
    applications = []
    for addon in tree.addons(root):
        values = tree.manifest(addon)
        if values.get("license") != "LGPL-3":
            found.append(f"{addon.name}: the licence is LGPL-3")
        if not VERSION.fullmatch(values.get("version", "")):
            found.append(f"{addon.name}: the version is 19.0.x.y.z")
        if values.get("application"):
            applications.append(addon.name)
    if len(applications) != 1:
        found.append(f"applications: {applications}, there must be one")
    return found


def libraries(root: Path) -> list[str]:
    """Libraries declared are imported, and those of requirements.txt declared."""
    found = []
    ours = _known(root, "requirements.txt")
    odoo = _known(root, "scripts/requirements-odoo.txt")
    for addon in tree.addons(root):
        external = tree.manifest(addon).get("external_dependencies", {})
        declared = external.get("python", [])
        used = {
            name
            for path in tree.files(addon, "*.py")
            if not tree.is_test(path, addon)
            for name in tree.imported(path)
        }
        if not declared:
            found.append(f"{addon.name} declares no Python library")
        for name in declared:
            if module_of(name) not in used:
                found.append(f"{addon.name} declares {name} and never imports it")
            if name.lower() not in ours | odoo:
                found.append(f"{addon.name} declares {name}, which no one installs")
        for name in sorted(ours - {name.lower() for name in declared}):
            if module_of(name) in used:
                found.append(f"{addon.name} imports {name} and does not declare it")
    return found


def _known(root: Path, name: str) -> set[str]:
    path = root / name
    lines = requirements(path) if path.is_file() else []
    return {re.split(r"[<>=!~;\[ ]", line, maxsplit=1)[0].lower() for _n, line in lines}


def listed_files(root: Path) -> list[str]:
    """Files listed exist; files of the data folders are listed."""
    found = []
    for addon in tree.addons(root):
        values = tree.manifest(addon)
        listed = [*values.get("data", []), *values.get("demo", [])]
        for name in listed:
            if not (addon / name).is_file():
                found.append(f"{addon.name}: {name} is listed and does not exist")
        for name in sorted({name for name in listed if listed.count(name) > 1}):
            found.append(f"{addon.name}: {name} is listed twice")
        for folder in LISTED:
            for pattern in ("*.csv", "*.xml"):
                for path in tree.files(addon / folder, pattern):
                    name = str(path.relative_to(addon))
                    if name not in listed:
                        found.append(f"{addon.name}: {name} is not listed")
        for name in _assets(values.get("assets", {})):
            module, _sep, inside = name.lstrip("/").partition("/")
            if module == addon.name and not any(addon.glob(inside)):
                found.append(f"{addon.name}: no asset is {name}")
    return found


def _assets(value: object) -> list[str]:
    """Paths of the assets; a directive is a tuple whose last item is one."""
    if isinstance(value, dict):
        return [name for part in value.values() for name in _assets(part)]
    if isinstance(value, list):
        return [name for part in value for name in _assets(part)]
    if isinstance(value, tuple):
        return [] if value[0] in {"include", "remove"} else [value[-1]]
    return [value] if isinstance(value, str) else []


def manifest(**values: object) -> str:
    good = {
        "license": "LGPL-3",
        "version": "19.0.1.0.0",
        "external_dependencies": {"python": ["python-stdnum"]},
    }
    return f"{good | values}\n"


def test_manifests_have_licence_version_and_one_application(root):
    tree.none(identity(root))


def test_wrong_identities_are_found(plant):
    planted = plant(
        {
            "addons/a/__manifest__.py": manifest(application=True),
            "addons/b/__manifest__.py": manifest(application=True, license="AGPL-3"),
            "addons/c/__manifest__.py": manifest(version="19.0.1.0"),
        }
    )
    assert identity(planted) == [
        "b: the licence is LGPL-3",
        "c: the version is 19.0.x.y.z",
        "applications: ['a', 'b'], there must be one",
    ]


def test_libraries_are_declared_and_used(root):
    tree.none(libraries(root))


def test_wrong_libraries_are_found(plant):
    planted = plant(
        {
            "requirements.txt": "python-stdnum>=1.20,<3\nlxml>=5,<7\n",
            "addons/a/__manifest__.py": manifest(),
            "addons/a/models/x.py": "from stdnum import iban\n",
            "addons/b/__manifest__.py": manifest(),
            "addons/b/engine/x.py": "from lxml import etree\n",
            "addons/b/tests/test_x.py": "import stdnum\n",
            "addons/c/__manifest__.py": manifest(external_dependencies={}),
            "addons/d/__manifest__.py": manifest(
                external_dependencies={"python": ["zeep"]}
            ),
            "addons/d/models/x.py": "import zeep\n",
        }
    )
    assert libraries(planted) == [
        "b declares python-stdnum and never imports it",
        "b imports lxml and does not declare it",
        "c declares no Python library",
        "d declares zeep, which no one installs",
    ]


def test_files_of_the_manifests_exist_and_are_listed(root):
    tree.none(listed_files(root))


def test_unlisted_and_missing_files_are_found(plant):
    assets = {
        "web.assets_backend": ["a/static/src/**/*.js", "a/static/src/gone.js"],
        "web.tests": [("include", "web.x"), ("after", "web/x.js", "a/static/no.js")],
    }
    listed = ["views/x.xml", "views/gone.xml", "views/x.xml"]
    planted = plant(
        {
            "addons/a/__manifest__.py": manifest(data=listed, assets=assets),
            "addons/a/views/x.xml": "<odoo/>",
            "addons/a/views/new.xml": "<odoo/>",
            "addons/a/security/ir.model.access.csv": "id\n",
            "addons/a/static/src/deep/x.js": "",
        }
    )
    assert listed_files(planted) == [
        "a: views/gone.xml is listed and does not exist",
        "a: views/x.xml is listed twice",
        "a: security/ir.model.access.csv is not listed",
        "a: views/new.xml is not listed",
        "a: no asset is a/static/src/gone.js",
        "a: no asset is a/static/no.js",
    ]
