"""ZIP archives: several files at once, unpacked within limits.

What an archive announces about its members is not believed: they are read in
pieces and counted.
"""

import io
import re
import struct
import zipfile
import zlib

from ..errors import FormatError, fail

MAX_MEMBERS = 500
MAX_UNPACKED = 64 * 1024 * 1024
MAX_RATIO = 200  # of sizes; XML statements reach 40
PIECE = 256 * 1024

_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh")
_IGNORED = re.compile(r"(?:^|/)(?:__MACOSX/|\.|Thumbs\.db|desktop\.ini)", re.IGNORECASE)


def is_workbook(content: bytes) -> bool:
    """Whether a ZIP is an XLSX workbook, by its table of contents."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()[:MAX_MEMBERS]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    return "[Content_Types].xml" in names and any(n.startswith("xl/") for n in names)


def members(content: bytes) -> list[tuple[str, bytes]]:
    """(name, content) of the files of an archive, by name.

    Raises FormatError: too many or too large, nested, damaged or protected.
    """
    files = []
    for name, data in _read(content):
        if data.startswith(_PACKED) and not is_workbook(data):
            raise fail("archive_nested", name=name)
        files.append((name, data))
    if not files:
        raise fail("empty_file")
    return sorted(files)


def check_parts(content: bytes) -> None:
    """Refuse a workbook too large once unpacked, or with a DOCTYPE in a part."""
    for _name, data in _read(content):
        if _DOCTYPE.search(data[:65_536]):
            raise fail("doctype")


def _read(content: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [i for i in archive.infolist() if not i.is_dir()]
            infos = [i for i in infos if not _IGNORED.search(i.filename)]
            if len(infos) > MAX_MEMBERS:
                raise fail("archive_entries", limit=MAX_MEMBERS)
            limit = MAX_UNPACKED
            limit = min(limit, max(len(content) * MAX_RATIO, 4 * 1024 * 1024))
            found = []
            for info in infos:
                data = _member(archive, info, limit)
                limit -= len(data)
                found.append((info.filename[-200:], data))
            return found
    except FormatError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        RuntimeError,  # a password; NotImplementedError is one of these
        EOFError,
        OSError,
        ValueError,
        LookupError,
    ) as error:
        raise fail("archive_damaged", detail=str(error)[:100]) from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    pieces, size = [], 0
    with archive.open(info) as source:
        while piece := source.read(PIECE):
            size += len(piece)
            if size > limit:
                shown = MAX_UNPACKED // 1024 // 1024
                raise fail("archive_size", limit=shown)
            pieces.append(piece)
    return b"".join(pieces)
