"""Validates electronic files with scripts/einvoice.py, in its own environment."""

import json
import pathlib
import resource
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).parents[2]


def _unlimited():
    """Odoo bounds its own address space; the validator reserves more than it uses."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def faults(files):
    """The faults of each file.

    :param files: {name: bytes of the XML}
    :return: {name: [sentence, ...]}, or None where the validators cannot be installed
    """
    found = subprocess.run(
        ["bash", str(ROOT / "scripts/einvoice.sh")],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for number, (name, content) in enumerate(files.items()):
            path = pathlib.Path(folder, f"{number}.xml")
            path.write_bytes(content)
            paths[str(path)] = name
        answer = subprocess.run(
            [found.stdout.strip(), str(ROOT / "scripts/einvoice.py"), *paths],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_unlimited,  # nothing else runs in this process
        )
    if answer.returncode:
        raise AssertionError(answer.stderr)
    return {paths[path]: told for path, told in json.loads(answer.stdout).items()}
