"""First look at the bytes of a file: what they are, and whether they are safe.

Anything that looks like markup is searched for DOCTYPE and ENTITY before any
parser sees it. What is searched is what is parsed: a text in another encoding
is first rewritten in UTF-8, and encodings in which ASCII does not read as ASCII
(UTF-7, UTF-32, EBCDIC) are refused, for a declaration could hide in them.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cached_property

from ..errors import FormatError, Notice, fail, notice
from .text import decode

HEAD_CHARS = 65_536  # enough for the longest preamble of a message

_BLANK = b" \t\r\n\0\xef\xbb\xbf\xfe\xff"
_DECLARATION = re.compile(r"<\?xml\b[^>]*?\?>", re.ASCII)
_DECLARED = re.compile(r"<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([^\"'>]*)", re.ASCII)
_DOCTYPE = r"<!\s*(?:DOCTYPE|ENTITY)"
_DOCTYPE_TEXT = re.compile(_DOCTYPE, re.IGNORECASE)
_DOCTYPE_BYTES = re.compile(_DOCTYPE.encode(), re.IGNORECASE)
_HTML = re.compile(
    r"\s*(?:<\?xml\b[^>]*\?>\s*)?"
    r"<(?:!doctype\s+html|html|head|body|script|meta|title)\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ONE_BYTE = re.compile(r"iso8859-\d{1,2}|cp125\d|ascii", re.ASCII)
_C1 = re.compile(rb"[\x80-\x9f]")
_MAGIC = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\x1f\x8b", "GZIP"),
    (b"7z\xbc\xaf", "7Z"),
    (b"Rar!", "RAR"),
    (b"\xd0\xcf\x11\xe0", "Office"),
    (b"{\\rtf", "RTF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
)


@dataclass(frozen=True)
class Probe:
    """A file ready for the format sniffers.

    ``content`` is safe to parse: for markup it is UTF-8 (and says so) and free
    of DOCTYPE. ``head`` is the beginning of its text. ``kind`` names a format
    that is no statement (PDF, ZIP...), None when unknown.
    """

    content: bytes
    head: str
    kind: str | None = None
    warnings: tuple[Notice, ...] = ()

    @cached_property
    def text_head(self) -> str:
        """The beginning as text, whatever the encoding; for the sniffers."""
        try:
            return self.decoded()[0][:HEAD_CHARS]
        except FormatError:
            return self.head

    def decoded(self) -> tuple[str, tuple[Notice, ...]]:
        """The whole text and a word on its encoding; the markup is UTF-8 already."""
        return self._decoded

    @cached_property
    def _decoded(self) -> tuple[str, tuple[Notice, ...]]:
        text, warnings = decode(self.content)
        text = text.lstrip("\ufeff").rstrip("\0\x1a")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text, (*self.warnings, *warnings)


def probe(content: bytes) -> Probe:
    """Look at a file. Raises FormatError when it is empty or unsafe."""
    if not content[:HEAD_CHARS].strip(_BLANK) and not content.strip(_BLANK):
        raise fail("empty_file")
    start = content[:HEAD_CHARS].lstrip()
    kind = next((name for magic, name in _MAGIC if start.startswith(magic)), None)
    if kind:
        return Probe(content, "", kind)
    encoding, skipped = _byte_order(content)
    body = content[skipped:]
    head = body[:HEAD_CHARS].decode(encoding or "latin-1", "replace")
    if not head.lstrip("\ufeff\0 \t\r\n").startswith("<"):
        return Probe(content, head)
    if _HTML.match(_COMMENT.sub("", head[:4_096])):
        return Probe(content, head, "HTML")
    return _probe_markup(body, head, encoding)


def _byte_order(content: bytes) -> tuple[str | None, int]:
    """The Unicode encoding that the first bytes betray, and the length of the mark.

    XML 1.0, appendix F. None: one byte per ASCII character, to be declared.
    """
    wide = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, b"<\0\0\0", b"\0\0\0<")
    if content.startswith(wide):
        raise fail("xml_encoding", encoding="UTF-32")
    if content.startswith(b"\x4c\x6f\xa7\x94"):
        raise fail("xml_encoding", encoding="EBCDIC")
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8", len(codecs.BOM_UTF8)
    if content.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le", len(codecs.BOM_UTF16_LE)
    if content.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be", len(codecs.BOM_UTF16_BE)
    first = content[:2]
    if len(first) == 2 and first[1] == 0 and first[0]:
        return "utf-16-le", 0
    if len(first) == 2 and first[0] == 0 and first[1]:
        return "utf-16-be", 0
    return None, 0


def _probe_markup(body: bytes, head: str, encoding: str | None) -> Probe:
    declared = _declared(head)
    warnings: tuple[Notice, ...] = ()
    if encoding is None:
        encoding, warnings = _chosen(body, declared)
    # nothing may stand before a declaration, yet some portals write blank lines
    blank = body[:1].isspace()
    if encoding == "utf-8" and declared in (None, "utf-8") and not blank:
        # The usual case: no copy, and lxml itself refuses invalid UTF-8.
        if _DOCTYPE_BYTES.search(body):
            raise fail("doctype")
        text_head = body[:HEAD_CHARS].decode("utf-8", "replace")
        return Probe(body, text_head, None, warnings)
    text = _decoded(body, encoding)
    if _DOCTYPE_TEXT.search(text):
        raise fail("doctype")
    # The declaration is now wrong; its line breaks stay, so that lines keep
    # their numbers.
    text = _DECLARATION.sub(lambda m: "\n" * m.group().count("\n"), text, count=1)
    return Probe(text.encode(), text[:HEAD_CHARS], None, warnings)


def _declared(head: str) -> str | None:
    """Python's name of the encoding in the XML declaration; None without one."""
    match = _DECLARED.search(head)
    if not match:
        return None
    try:
        name = codecs.lookup(match.group(1)).name
    except (LookupError, ValueError):
        name = ""
    if name in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        return name
    if not _ONE_BYTE.fullmatch(name):
        raise fail("xml_encoding", encoding=match.group(1)[:40])
    return name


def _chosen(body: bytes, declared: str | None) -> tuple[str, tuple[Notice, ...]]:
    """The encoding to use for a text whose ASCII reads as ASCII.

    Banks declare Latin-1 and send UTF-8, or the Windows code page: both show in
    the bytes, and a wrong choice would quietly damage names.
    """
    if declared in (None, "utf-8") or declared.startswith("utf-16"):
        return "utf-8", ()
    used = declared
    if not body.isascii():
        if _is_utf8(body):
            used = "utf-8"
        elif declared == "iso8859-1" and _C1.search(body):
            used = "cp1252"
    if used == declared:
        return used, ()
    return used, (notice("encoding_guessed", declared=declared, used=used),)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise fail("bad_encoding", line, encoding=encoding) from error
