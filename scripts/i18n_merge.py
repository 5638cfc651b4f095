"""Keeps the translation files of an add-on in step with its .pot.

i18n_merge.py normalise MODULE FILE.pot    same terms, same bytes, whoever exports
i18n_merge.py merge addons/MODULE/i18n     fr.po, nl.po and, when it is there, fr_BE.po
"""

import sys
from pathlib import Path

import polib

LANGUAGES = ("fr", "nl")
# language -> the one it corrects: it only holds what it says otherwise
VARIANTS = {"fr_BE": "fr"}
PLURALS = {"fr": "nplurals=2; plural=(n > 1);", "nl": "nplurals=2; plural=(n != 1);"}
NO_DATE = "2026-01-01 00:00+0000"

Terms = dict[tuple[str | None, str], polib.POEntry]


def terms(po: polib.POFile) -> Terms:
    return {(e.msgctxt, e.msgid): e for e in po if not e.obsolete}


def head(module: str, language: str = "") -> dict[str, str]:
    """The header, without what changes from one export to the next."""
    metadata = {
        "Project-Id-Version": f"{module} 19.0",
        "Report-Msgid-Bugs-To": "",
        "POT-Creation-Date": NO_DATE,
        "PO-Revision-Date": NO_DATE,
        "Last-Translator": "",
        "Language-Team": "",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "",
        "Plural-Forms": PLURALS.get(language[:2], ""),
    }
    return metadata | ({"Language": language} if language else {})


def written(module: str, language: str, entries: list[polib.POEntry]) -> polib.POFile:
    po = polib.POFile()
    po.header = f"Terms of {module}"
    po.metadata = head(module, language)
    po.extend(entries)
    return po


def normalise(module: str, path: Path) -> None:
    entries = sorted(polib.pofile(str(path)), key=lambda e: (e.msgid, e.msgctxt or ""))
    written(module, "", entries).save(str(path))


def merged(pot: polib.POFile, said: Terms) -> list[polib.POEntry]:
    """The terms of the .pot, each with the translation it already had."""
    entries = []
    for term in pot:
        old = said.get((term.msgctxt, term.msgid))
        entries.append(
            polib.POEntry(
                msgid=term.msgid,
                msgctxt=term.msgctxt,
                msgstr=old.msgstr if old else "",
                comment=term.comment,
                tcomment=old.tcomment if old else "",
                occurrences=term.occurrences,
                flags=list(old.flags) if old else [],
            )
        )
    return entries


def merge(folder: Path) -> None:
    module = folder.resolve().parent.name
    pot = polib.pofile(str(folder / f"{module}.pot"))
    for language in (*LANGUAGES, *VARIANTS):
        path = folder / f"{language}.po"
        if language in VARIANTS and not path.is_file():
            continue
        said = terms(polib.pofile(str(path))) if path.is_file() else {}
        entries = merged(pot, said)
        if language in VARIANTS:
            base = terms(polib.pofile(str(folder / f"{VARIANTS[language]}.po")))
            entries = [e for e in entries if differs(e, base)]
        written(module, language, entries).save(str(path))
        dropped = len(said.keys() - {(e.msgctxt, e.msgid) for e in entries})
        left = sum(not e.msgstr or e.fuzzy for e in entries)
        print(f"    {path.name}: {len(entries)} terms, {left} to do, {dropped} dropped")


def differs(entry: polib.POEntry, base: Terms) -> bool:
    other = base.get((entry.msgctxt, entry.msgid))
    return bool(entry.msgstr) and (other is None or other.msgstr != entry.msgstr)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["normalise", module, path]:
            normalise(module, Path(path))
        case ["merge", *folders] if folders:
            for folder in folders:
                merge(Path(folder))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
