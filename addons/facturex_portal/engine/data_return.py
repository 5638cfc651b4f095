"""The package a company takes along: files, an index, their check sums."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

# the ledger in the order of the French FEC (article A47 A-1 of the LPF)
FEC_COLUMNS = (
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
)


@dataclass(frozen=True)
class File:
    """A file of the package: its path, its content, what it holds in words."""

    path: str
    content: bytes
    label: str
    rows: int = 0


def table(titles: Iterable[str], rows: Iterable[Iterable]) -> tuple[bytes, int]:
    """A CSV file that a spreadsheet opens: semicolons, UTF-8 with mark.

    Out: the bytes and the number of rows. A cell that a spreadsheet would run as a
    formula is written with a leading apostrophe.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(titles)
    count = 0
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        count += 1
    return out.getvalue().encode("utf-8-sig"), count


def ledger(rows: Iterable[Iterable]) -> tuple[bytes, int]:
    """The ledger as FEC: tabs, UTF-8, no quotes; the bytes and the number of rows."""
    lines = ["\t".join(FEC_COLUMNS)]
    lines += ["\t".join(_flat(value) for value in row) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode(), len(lines) - 1


def _flat(value) -> str:
    return "" if value is None else " ".join(str(value).split())


def _cell(value) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text and text[0] in "=+@\t\r" else text


def safe_path(*parts: str) -> str:
    """A path inside the package; no part leaves its folder."""
    clean = []
    for part in parts:
        kept = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in part)
        clean.append(kept.strip(" .")[:120] or "_")
    return "/".join(clean)


def package(files: Iterable[File], title: str) -> bytes:
    """The ZIP: every file, and `index.csv` with sizes, rows and SHA-256."""
    out = io.BytesIO()
    index = []
    seen: dict[str, int] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            path = _unique(file.path, seen)
            archive.writestr(path, file.content)
            digest = hashlib.sha256(file.content).hexdigest()
            index.append((path, file.label, file.rows, len(file.content), digest))
        content, _rows = table((title, "", "rows", "bytes", "SHA-256"), index)
        archive.writestr("index.csv", content)
    return out.getvalue()


def _unique(path: str, seen: dict[str, int]) -> str:
    seen[path] = seen.get(path, 0) + 1
    if seen[path] == 1:
        return path
    stem, dot, suffix = path.rpartition(".")
    return f"{stem} ({seen[path]}){dot}{suffix}" if dot else f"{path} ({seen[path]})"
