"""French and Dutch are complete, and Belgian French where Belgium differs."""

import re
from collections import Counter
from pathlib import Path

import polib

from . import tree
from .reviewed import SAME_IN_BELGIUM

LANGUAGES = ("fr", "nl")
PLACEHOLDERS = re.compile(
    r"%\(\w+\)[sdf]|%[sd]\b|\{\{.*?\}\}|\bt-(?:out|esc|field|call|if|foreach)=\"[^\"]*\"",
    re.DOTALL,
)
# French of France -> what a Belgian says; "avoir" the verb is nobody's credit note
VERB = re.compile(
    r"\b(?:devez|doit|doivent|devra|faut|peut|peuvent|pouvez|pour|sans|après)"
    r"\s+(?:y\s+)?avoir\b",
    re.IGNORECASE,
)
BELGIAN = {
    re.compile(r"\bavoirs?\b", re.IGNORECASE): re.compile(
        r"\bnotes? de crédit\b", re.IGNORECASE
    ),
    re.compile(
        r"\b(?:téléphone|numéro)s?(?: de)? (?:mobile|portable)s?\b", re.IGNORECASE
    ): re.compile(r"\bGSM\b"),
}

Terms = dict[tuple[str | None, str], polib.POEntry]


def terms(path: Path) -> Terms:
    po = polib.pofile(tree.source(path))
    return {(e.msgctxt, e.msgid): e for e in po if not e.obsolete}


def translations(root: Path) -> list[str]:
    """Each term of the .pot is said in fr.po and nl.po, with the same placeholders."""
    found = []
    for addon in tree.addons(root):
        pot = addon / "i18n" / f"{addon.name}.pot"
        if not pot.is_file():
            found.append(f"{pot.relative_to(root)} is missing: scripts/pot.sh")
            continue
        for language in LANGUAGES:
            path = addon / "i18n" / f"{language}.po"
            if path.is_file():
                found += _gaps(root, path, terms(pot))
            else:
                found.append(f"{path.relative_to(root)} is missing: scripts/pot.sh")
    return found


def _gaps(root: Path, path: Path, wanted: Terms) -> list[str]:
    said = terms(path)
    found = [_said(path, key, "is missing") for key in wanted if key not in said]
    for key, entry in said.items():
        if key not in wanted:
            found.append(_said(path, key, "is not in the .pot"))
        elif entry.fuzzy:
            found.append(_said(path, key, "is fuzzy"))
        elif not entry.msgstr.strip():
            found.append(_said(path, key, "is not translated"))
        elif _placeholders(entry.msgid) != _placeholders(entry.msgstr):
            found.append(_said(path, key, "has other placeholders"))
    po = polib.pofile(tree.source(path))
    found += [
        _said(path, (e.msgctxt, e.msgid), "is obsolete") for e in po.obsolete_entries()
    ]
    return [line.replace(f"{root}/", "") for line in found]


def _said(path: Path, key: tuple[str | None, str], problem: str) -> str:
    return f"{path}: {key[1][:60]!r} {problem}"


def _placeholders(text: str) -> Counter[str]:
    return Counter(re.sub(r"\s+", "", found) for found in PLACEHOLDERS.findall(text))


def belgian_french(root: Path, reviewed: dict[tuple[str, str], str]) -> list[str]:
    """fr_BE.po says, and only says, what a Belgian says otherwise."""
    found = []
    used = set()
    for addon in tree.addons(root):
        french = addon / "i18n" / "fr.po"
        if not french.is_file():
            continue
        path = addon / "i18n" / "fr_BE.po"
        france = terms(french)
        belgium = terms(path) if path.is_file() else {}
        for key, entry in france.items():
            if _belgian_word_missing(entry, belgium.get(key)):
                used.add((addon.name, key[1]))
                if (addon.name, key[1]) not in reviewed:
                    found.append(_said(path, key, "is not Belgian"))
        found += _superfluous(path, france, belgium)
    stale = sorted(set(reviewed) - used)
    found += [f"reviewed.py: {key} excuses nothing" for key in stale]
    return [line.replace(f"{root}/", "") for line in found]


def _belgian_word_missing(france: polib.POEntry, belgium: polib.POEntry | None) -> bool:
    said = VERB.sub("", france.msgstr)
    other = VERB.sub("", belgium.msgstr) if belgium else ""
    return any(
        french.search(said) and (french.search(other) or not word.search(other))
        for french, word in BELGIAN.items()
    )


def _superfluous(path: Path, france: Terms, belgium: Terms) -> list[str]:
    found = []
    for key, entry in belgium.items():
        if key not in france:
            found.append(_said(path, key, "is not in fr.po"))
        elif entry.msgstr == france[key].msgstr:
            found.append(_said(path, key, "says what fr.po says"))
        elif entry.fuzzy or not entry.msgstr:
            found.append(_said(path, key, "is not translated"))
        elif _placeholders(entry.msgid) != _placeholders(entry.msgstr):
            found.append(_said(path, key, "has other placeholders"))
    return found


def po(*pairs: tuple[str, str], more: str = "") -> str:
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    body = "".join(f'\nmsgid "{source}"\nmsgstr "{said}"\n' for source, said in pairs)
    return head + body + more


def test_french_and_dutch_are_complete(root):
    tree.none(translations(root))


def test_missing_files_are_found(plant):
    planted = plant(
        {
            "addons/a/i18n/a.pot": po(),
            "addons/a/i18n/nl.po": po(),
            "addons/b/__init__.py": "",
        }
    )
    assert translations(planted) == [
        "addons/a/i18n/fr.po is missing: scripts/pot.sh",
        "addons/b/i18n/b.pot is missing: scripts/pot.sh",
    ]


def test_gaps_in_a_language_are_found(plant):
    source = ["Paid", "Late", "%(n)s days", "Dear {{ object.name }}", "Due", "Sent"]
    fuzzy = '\n#, fuzzy\nmsgid "Sent"\nmsgstr "Envoyé"\n'
    planted = plant(
        {
            "addons/a/i18n/a.pot": po(*((text, "") for text in source)),
            "addons/a/i18n/nl.po": po(*((text, text) for text in source)),
            "addons/a/i18n/fr.po": po(
                ("Paid", "Payé"),
                ("Late", ""),
                ("%(n)s days", "%(m)s jours"),
                ("Dear {{ object.name }}", "Cher {{object.name}}"),
                ("Old", "Vieux"),
                more=fuzzy + '\n#~ msgid "Due"\n#~ msgstr "Dû"\n',
            ),
        }
    )
    assert translations(planted) == [
        "addons/a/i18n/fr.po: 'Due' is missing",
        "addons/a/i18n/fr.po: 'Late' is not translated",
        "addons/a/i18n/fr.po: '%(n)s days' has other placeholders",
        "addons/a/i18n/fr.po: 'Old' is not in the .pot",
        "addons/a/i18n/fr.po: 'Sent' is fuzzy",
        "addons/a/i18n/fr.po: 'Due' is obsolete",
    ]


def test_belgian_french_says_what_differs(root):
    tree.none(belgian_french(root, SAME_IN_BELGIUM))


def test_belgian_gaps_are_found(plant):
    planted = plant(
        {
            "addons/a/i18n/fr.po": po(
                ("Credit note", "Avoir"),
                ("Right needed", "Vous devez avoir un droit"),
                ("Mobile", "Téléphone mobile"),
                ("Paid", "Payé"),
                ("Seventy", "Soixante-dix"),
            ),
            "addons/a/i18n/fr_BE.po": po(
                ("Mobile", "GSM"),
                ("Paid", "Payé"),
                ("Seventy", "Septante"),
                ("Gone", "Parti"),
            ),
            "addons/b/i18n/fr.po": po(("Credit notes", "Les avoirs")),
        }
    )
    assert belgian_french(planted, {("a", "Mobile"): "x"}) == [
        "addons/a/i18n/fr_BE.po: 'Credit note' is not Belgian",
        "addons/a/i18n/fr_BE.po: 'Paid' says what fr.po says",
        "addons/a/i18n/fr_BE.po: 'Gone' is not in fr.po",
        "addons/b/i18n/fr_BE.po: 'Credit notes' is not Belgian",
        "reviewed.py: ('a', 'Mobile') excuses nothing",
    ]
