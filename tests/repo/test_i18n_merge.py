"""scripts/i18n_merge.py keeps what was translated, and invents nothing."""

import importlib.util

import polib
import pytest

from .test_i18n import po


@pytest.fixture(scope="module")
def script(root):
    path = root / "scripts" / "i18n_merge.py"
    spec = importlib.util.spec_from_file_location("i18n_merge", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def said(path) -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}


def test_merge_keeps_adds_and_drops(script, plant):
    planted = plant(
        {
            "addons/a/i18n/a.pot": po(("Paid", ""), ("Paid late", ""), ("Note", "")),
            "addons/a/i18n/fr.po": po(
                ("Paid", "Payé"), ("Note", "Avoir"), ("Old", "x")
            ),
            "addons/a/i18n/fr_BE.po": po(
                ("Paid", "Payé"), ("Note", "Note de crédit"), ("Old", "x")
            ),
        }
    )
    folder = planted / "addons/a/i18n"
    script.main(["merge", str(folder)])
    assert said(folder / "fr.po") == {"Paid": "Payé", "Paid late": "", "Note": "Avoir"}
    assert said(folder / "nl.po") == {"Paid": "", "Paid late": "", "Note": ""}
    assert said(folder / "fr_BE.po") == {"Note": "Note de crédit"}
    assert not any(e.fuzzy or e.obsolete for e in polib.pofile(str(folder / "fr.po")))
    before = (folder / "fr.po").read_text(encoding="utf-8")
    script.main(["merge", str(folder)])
    assert (folder / "fr.po").read_text(encoding="utf-8") == before


def test_normalised_exports_are_equal(script, plant):
    dated = po(("B", ""), ("A", "")).replace(
        "charset=UTF-8", 'charset=UTF-8\\n"\n"POT-Creation-Date: 2026-11-21 10:00+0000'
    )
    planted = plant({"one.pot": dated, "two.pot": po(("A", ""), ("B", ""))})
    for name in ("one.pot", "two.pot"):
        script.main(["normalise", "a", str(planted / name)])
    one, two = (planted / "one.pot").read_text(), (planted / "two.pot").read_text()
    assert one == two
    assert "2026-11-21" not in one
