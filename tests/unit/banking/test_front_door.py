"""Whatever the bytes: a statement, or a FormatError that says what to do."""

import dataclasses
import random
import string
import sys
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine import errors, formats
from odoo.addons.facturex_banking.engine.errors import FormatError
from odoo.addons.facturex_banking.engine.formats import parse

from .samples import balance, camt, detail, entry, names, sample, statement

GOOD = sample("own/c053.xml")
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
BODY = GOOD.split(b"?>", 1)[1].decode()
PARSED = parse(GOOD, "c053.xml")


def refusal(content: bytes, filename: str = "file.xml", **kwargs) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse(content, filename, **kwargs)
    error = caught.value
    assert type(error) is FormatError
    assert error.code in errors.MESSAGES
    assert str(error).isprintable()
    return error


@pytest.mark.parametrize("content", [b"", b" \r\n\t ", b"\xef\xbb\xbf\n", b"\0" * 9])
def test_empty(content):
    assert refusal(content).code == "empty_file"


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"\n%PDF-1.7\n", "PDF"),
        (b"\x1f\x8b\x08", "GZIP"),
        (b"\xd0\xcf\x11\xe0", "Office"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\n<HTML lang='fr'>", "HTML"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x'><html>", "HTML"),
        (b"<!-- saved --><!-- twice -->\n<html><body>", "HTML"),
        (b"<script>location.href = '/login'</script>", "HTML"),
    ],
)
def test_other_kinds_of_files_are_named(start, kind):
    error = refusal(start + b"x" * 50)
    assert (error.code, error.values["kind"]) == ("not_a_statement", kind)
    assert "CAMT.053" in str(error)


@pytest.mark.parametrize(
    "content",
    [
        b"Dear customer,\nyour statement is ready.\n",
        b"<Invoice xmlns='urn:oasis:ubl'><ID>1</ID></Invoice>",
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>',
        bytes(range(256)) * 4,
        b"\x00\x01\x02\x03",
    ],
)
def test_unknown_content_lists_what_is_supported(content):
    error = refusal(content, "strange.txt")
    assert error.code == "unknown_format"
    assert "strange.txt" in str(error)
    assert "CAMT.052, CAMT.053" in str(error)


@pytest.mark.parametrize("filename", ["c053.cod", "c053.pdf", "c053", "", "é\0.xml"])
def test_the_content_decides_not_the_name(filename):
    assert parse(GOOD, filename) == PARSED


def test_size_is_refused_before_anything_else():
    error = refusal(b"%PDF" + b" " * 2_000_000, max_bytes=1_048_576)
    assert error.code == "too_large"
    assert error.values == {"size": 1.9, "limit": 1.0}
    assert formats.MAX_BYTES == 64 * 1024 * 1024


@pytest.mark.parametrize("name", ["own/c053.xml", *names("camt053/subite_*07.xml")])
def test_truncated_at_every_tenth(name):
    content = sample(name).rstrip()
    for tenth in range(10):
        error = refusal(content[: len(content) * tenth // 10], name)
        assert error.code in ("empty_file", "unknown_format", "xml_syntax")
    assert parse(content, name).statements
    assert refusal(content[:-1]).line == content.count(b"\n") + 1


OWN = ["c053.xml", "demo.cod", "demo_cfonb120.txt", "demo.sta", "demo.ofx"]
OWN += ["demo.qif", "demo.csv"]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"\r\n  \n" + content,
        lambda content: b"\xef\xbb\xbf\r\n" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r"),
        lambda content: content.decode().encode("utf-16"),
        lambda content: content.rstrip(),
        lambda content: content.replace(b"\n", b"  \n") + b"\n \n",
    ],
    ids=["blank", "bom", "windows", "mac", "utf16", "end", "blanks"],
)
def test_what_editors_and_portals_do_to_a_file(name, change):
    def told(content):
        return [
            (s.account_number, s.closing_balance, s.warnings, len(s.entries))
            + tuple((e.date, e.amount, e.communication) for e in s.entries)
            for s in parse(content, "x").statements
        ]

    content = sample(f"own/{name}")
    assert told(change(content)) == told(content)


@pytest.mark.parametrize("name", OWN[1:])
@pytest.mark.parametrize("end", [b"\x1a", b"\0" * 512, b"\r\n\x1a\0"])
def test_end_of_file_marks(name, end):
    content = sample(f"own/{name}")
    assert len(parse(content + end).statements) == len(parse(content).statements)


@pytest.mark.parametrize("name", ["demo_cfonb120.txt", "demo.ofx"])
def test_file_written_twice_counts_once(name):
    content = sample(f"own/{name}")
    file = parse(content + content)
    assert len(file.statements) == len(parse(content).statements)
    assert file.warnings[-1].code == "repeated_statement"


def test_line_of_an_error_after_blank_lines():
    content = b"\n\n" + GOOD.replace(b"363.00", b"NaN")
    assert refusal(content).line == refusal(content[2:]).line + 2


@pytest.mark.parametrize("junk", [b"<a/>", b"trailing", b"\0"])
def test_content_after_the_end(junk):
    assert refusal(GOOD + junk).code == "xml_syntax"


XXE = '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BOMB = (
    '<!DOCTYPE Document [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
EXTERNAL = '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/evil.dtd">'
PARAMETER = '<!DOCTYPE Document [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]>'
LOWER = "<!doctype Document [<!entity x 'y'>]>"


@pytest.mark.parametrize("attack", [XXE, BOMB, EXTERNAL, PARAMETER, LOWER])
@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8", None),
        ("utf-8-sig", "UTF-8"),
        ("utf-8-sig", "UTF-16"),
        ("utf-16", "UTF-16"),
        ("utf-16", None),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "utf-16be"),
        ("utf-16-be", None),
        ("utf-16", "UTF-8"),
        ("latin-1", "ISO-8859-1"),
        ("ascii", "US-ASCII"),
        ("cp1252", "windows-1252"),
    ],
)
def test_document_types_are_refused_in_every_encoding(attack, encoding, declared):
    head = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    content = (head + attack + BODY.replace("FXDEMO-1", "&x;")).encode(encoding)
    assert refusal(content).code == "doctype"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-7", "UTF-7"),
        ("utf-32", "UTF-32"),
        ("utf-32-le", None),
        ("utf-32-be", None),
        ("cp037", "cp037"),
        ("utf-8", "cp037"),
        ("utf-8", "rot13"),
        ("utf-8", "zlib"),
        ("utf-8", "unicode_escape"),
        ("utf-8", "no-such-thing"),
        ("utf-8", "shift_jis"),
    ],
)
def test_encodings_that_could_hide_one_are_refused(encoding, declared):
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    content = (head + XXE + BODY).encode(encoding)
    assert refusal(content).code == "xml_encoding"


def test_document_type_after_a_long_preamble():
    content = DECLARATION + b" " * 200_000 + XXE.encode() + BODY.encode()
    assert refusal(content).code in ("doctype", "unknown_format")
    inside = GOOD.replace(b"<Stmt>", b"<!ENTITY x 'y'><Stmt>")
    assert refusal(inside).code == "doctype"


ACCENTS = BODY.replace("CLIENT ALPHA SA", "CAFÉ LIÉGEOIS")


def first_name(content: bytes) -> str:
    return parse(content, "x").statements[0].entries[0].partner_name


@pytest.mark.parametrize(
    ("encoding", "declared", "warned"),
    [
        ("utf-8", "UTF-8", False),
        ("utf-8-sig", None, False),
        ("utf-16", "UTF-16", False),
        ("utf-16-le", "UTF-16", False),
        ("utf-16-be", None, False),
        ("utf-8", "UTF-16", False),
        ("latin-1", "ISO-8859-1", False),
        ("cp1252", "windows-1252", False),
        ("utf-8", "ISO-8859-1", True),
        ("utf-8", "windows-1252", True),
        ("utf-8", "us-ascii", True),
    ],
)
def test_accents_survive(encoding, declared, warned):
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    content = (head + ACCENTS).encode(encoding)
    assert first_name(content) == "CAFÉ LIÉGEOIS"
    warnings = parse(content, "x").warnings
    assert [w.code for w in warnings] == ["encoding_guessed"] * warned


def test_windows_letters_declared_as_latin():
    text = ACCENTS.replace("CAFÉ LIÉGEOIS", "L\u2019ŒUF À 1 €")
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>'
    assert first_name((head + text).encode("cp1252")) == "L\u2019ŒUF À 1 €"


def test_wrong_bytes_are_never_guessed_silently():
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    error = refusal((head + ACCENTS).encode("latin-1"))
    assert (error.code, error.line) == ("xml_syntax", 14)
    head = '<?xml version="1.0" encoding="windows-1252"?>'
    broken = (head + ACCENTS).encode("cp1252").replace(b"CAF", b"\x81")
    assert refusal(broken).code == "bad_encoding"
    assert refusal(broken).line == 14


def test_lines_keep_their_numbers_when_rewritten():
    head = '<?xml version="1.0"\n encoding="ISO-8859-1"?>'
    plain = GOOD.replace(b"363.00", b"NaN").decode()
    content = (head + plain.split("?>", 1)[1] + "<!-- é -->").encode("latin-1")
    assert refusal(content).line == refusal(plain.encode()).line + 1


HEAD = camt("@").split(b"@")[0]


@pytest.mark.parametrize(
    "junk",
    [
        b"<a/>" * 600_000,
        b"<a>" * 2_000,
        b"<Ntry>" + b"<a>1</a>" * 200_000,
        b"<Ntry><NtryDtls><TxDtls>" + b"<a>1</a>" * 10_000,
        b"<Ntry>" * 200,
        b"x" * 12_000_000,
        b"<Ntry a='" + b"x" * 12_000_000,
    ],
    ids=["wide", "deep", "entry", "detail", "nested", "text", "attribute"],
)
def test_hostile_shapes_are_refused_quickly(junk):
    started = time.process_time()
    assert refusal(HEAD + junk).code in ("too_complex", "xml_syntax")
    # ten times when coverage is measured
    assert time.process_time() - started < (20 if sys.gettrace() else 2)


@pytest.mark.parametrize(
    "text",
    [
        statement(entry(details=detail("<a>1</a>" * 6_000))),
        statement(entry("5" + "</Amt>" + "<a>1</a>" * 6_000 + "<Amt>5")),
        statement(balances=balance("OPBD", "1") * 2_001),
    ],
    ids=["detail", "entry", "balances"],
)
def test_blocks_too_large_refuse_their_statement(text):
    assert refusal(camt(text)).code == "too_complex"
    file = parse(camt(statement(entry()), text), "x")
    assert [notice.values["refusal"] for notice in file.refused] == ["too_complex"]


def test_many_bad_statements_stop_early(monkeypatch):
    monkeypatch.setattr(formats.camt, "MAX_REFUSED", 5)
    content = camt(statement(entry()), *["<Id>1</Id>"] * 10)
    assert refusal(content).code == "missing_value"
    assert len(parse(camt(statement(entry()), *["<Id>1</Id>"] * 5)).refused) == 5


def test_accident_of_a_parser_is_a_refusal(monkeypatch):
    def broken(_probe):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(formats.camt, "parse", broken)
    error = refusal(GOOD)
    assert error.code == "unreadable"
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_a_format_is_added_by_one_line(monkeypatch):
    class Other:
        LABEL = "OTHER"
        sniff = staticmethod(lambda probe: probe.head.startswith("OTHER"))
        parse = staticmethod(
            lambda _probe: dataclasses.replace(PARSED, format="other", family="o")
        )

    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, Other))
    assert parse(b"OTHER", "x").format == "other"
    assert parse(GOOD, "x") == PARSED
    assert "OTHER" in str(refusal(b"nothing"))


@given(st.binary(max_size=300))
@example(b"<")
@example(b"\xff\xfe")
@example(b"\xfe\xff\0<")
@example(b"<?xml")
@example(b"<?xml version='1.0' encoding=''?><a/>")
def test_any_bytes_are_refused_cleanly(content):
    refusal(content)


@given(st.integers(0, 2**32))
def test_any_damage_is_refused_cleanly_or_read(seed):
    """Bytes changed, removed and moved in a good file: never another exception."""
    rng = random.Random(seed)
    content = bytearray(GOOD)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content))
        end = min(len(content), start + rng.choice((1, 2, 5, 60)))
        piece = content[start:end]
        change = rng.choice(("drop", "twice", "noise"))
        if change == "drop":
            del content[start:end]
        elif change == "twice":
            content[start:start] = piece
        else:
            noise = rng.choices(string.printable.encode() + b"\0\xff", k=len(piece))
            content[start:end] = bytes(noise)
    try:
        file = parse(bytes(content), "damaged.xml")
    except FormatError as error:
        assert error.code in errors.MESSAGES
    else:
        assert file.statements


def test_every_sentence_says_what_to_do():
    for code, sentence in errors.MESSAGES.items():
        assert sentence.count(". ") + sentence.count(": ") >= 1, code
        assert sentence.endswith("."), code


def test_error_reads_well():
    assert str(errors.fail("doctype")).startswith("The file contains")
    assert str(FormatError("Wrong.", 3)) == "Line 3: Wrong."
    assert str(FormatError("Wrong.", None, "Amt")) == "Field Amt: Wrong."
    assert str(FormatError("Wrong.", 3, "Amt")) == "Line 3, field Amt: Wrong."
    plain = FormatError("Wrong.")
    assert (plain.code, plain.values) == ("unreadable", {})


def test_detail_helpers_are_valid_camt():
    """The other tests stand on these: a plain message has no warning."""
    file = parse(camt(statement(entry(details=detail(amount="10.00")))), "x")
    assert (file.warnings, file.statements[0].warnings) == ((), ())


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp850", "iso8859-15"])
def test_accents_of_a_text_without_declaration(encoding):
    text = "Date;Libellé;Montant\n13/01/2026;Théâtre d'Hélène à Düren Straße;5,00\n"
    (found,) = parse(text.encode(encoding), "x").statements
    assert found.entries[0].communication == "Théâtre d'Hélène à Düren Straße"
