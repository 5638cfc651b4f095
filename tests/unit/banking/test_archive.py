"""ZIP archives: their members, their limits, and what hides in them."""

import io
import random
import string
import sys
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.facturex_banking.engine.errors import MESSAGES, FormatError
from odoo.addons.facturex_banking.engine.formats import archive, parse

from .samples import names, sample


def packed(files, compression=zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as book:
        for name, content in files:
            book.writestr(name, content)
    return target.getvalue()


def refusal(content: bytes) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse(content, "x.zip")
    return caught.value


def test_days_in_one_archive_come_oldest_first():
    days = names("camt053/subite_LT62*.xml")
    content = packed([(name.split("/")[1], sample(name)) for name in reversed(days)])
    file = parse(content, "x.zip")
    assert (file.format, file.family, len(file.statements)) == ("camt.053", "camt", 32)
    found = [s.date_start for s in file.statements]
    assert found == sorted(found)


def test_mixed_formats_keep_their_family():
    content = packed(
        [
            ("a.cod", sample("own/demo.cod")),
            ("b.sta", sample("own/demo.sta")),
            ("copy.pdf", b"%PDF-1.7"),
            ("__MACOSX/x", b"junk"),
        ]
    )
    file = parse(content, "x.zip")
    assert file.format == "coda+mt940"
    assert {s.family for s in file.statements} == {"coda", "mt940"}
    assert [w.code for w in file.warnings] == ["member_skipped"]


def test_one_damaged_member_refuses_the_whole():
    bad = sample("own/demo.cod").splitlines()[:-1]
    content = packed([("a.cod", sample("own/demo.cod")), ("b.cod", b"\n".join(bad))])
    error = refusal(content)
    assert error.code == "archive_member"
    assert "b.cod" in str(error)


def test_nested_archive():
    inner = packed([("a.cod", sample("own/demo.cod"))])
    error = refusal(packed([("inner.zip", inner)]))
    assert (error.code, error.values["name"]) == ("archive_nested", "inner.zip")


def test_limits(monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    many = packed([(f"{n}.cod", sample("own/demo.cod")) for n in range(4)])
    assert refusal(many).code == "archive_entries"


@pytest.mark.parametrize("size", [300, 1000])
def test_bomb_is_refused_quickly_and_small(size):
    content = packed([("a.xml", b"\0" * size * 1024 * 1024)])
    tracemalloc.start()
    started = time.process_time()
    assert refusal(content).code == "archive_size"
    seconds, (_now, peak) = (
        time.process_time() - started,
        tracemalloc.get_traced_memory(),
    )
    tracemalloc.stop()
    # ten times when coverage is measured
    assert seconds < (20 if sys.gettrace() else 2)
    assert peak < 200 * 1024 * 1024


def test_lying_sizes_are_counted():
    content = bytearray(packed([("a.xml", b"x" * 90_000_000)]))
    size = (90_000_000).to_bytes(4, "little")
    content = bytes(content).replace(size, (100).to_bytes(4, "little"))
    assert refusal(content).code in ("archive_size", "archive_damaged")


def test_password_and_damage():
    content = packed([("a.cod", sample("own/demo.cod"))])
    assert refusal(content[:-30]).code == "archive_damaged"
    locked = bytearray(content)
    locked[6] |= 1
    position = content.index(b"PK\x01\x02")
    locked[position + 8] |= 1
    assert refusal(bytes(locked)).code == "archive_damaged"


def test_doctype_in_a_workbook():
    content = packed(
        [
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/workbook.xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>"),
        ]
    )
    assert refusal(content).code == "doctype"


GOOD = [
    *("own/demo.cod", "own/demo_cfonb120.txt", "own/demo.sta", "own/demo.ofx"),
    *("own/demo.qif", "own/demo.csv", "mt940/betterplace_sepa_snippet.sta"),
]


@pytest.mark.parametrize("name", [*GOOD, "zip"])
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_any_damage_is_refused_cleanly_or_read(name, seed):
    """Bytes changed, removed and moved: never another exception."""
    rng = random.Random(seed)
    plain = packed([("a.cod", sample(GOOD[0]))]) if name == "zip" else sample(name)
    content = bytearray(plain)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content))
        end = min(len(content), start + rng.choice((1, 2, 5, 60)))
        piece = content[start:end]
        change = rng.choice(("drop", "twice", "noise", "digits"))
        if change == "drop":
            del content[start:end]
        elif change == "twice":
            content[start:start] = piece
        else:
            letters = b"0123456789.,/-" if change == "digits" else None
            letters = letters or string.printable.encode() + b"\0\xff"
            content[start:end] = bytes(rng.choices(letters, k=len(piece)))
    try:
        parse(bytes(content), name)
    except FormatError as error:
        assert error.code in MESSAGES
        assert error.code != "unreadable", error
        assert str(error).isprintable()
