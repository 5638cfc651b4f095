"""What a company takes along can be opened, counted and checked."""

import csv
import hashlib
import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.facturex_portal.engine import data_return as pack


def test_the_index_names_every_file_and_its_sum():
    files = [
        pack.File("a/b.csv", b"1", "List", 3),
        pack.File("a/b.csv", b"2", "List again", 4),
    ]
    archive = zipfile.ZipFile(io.BytesIO(pack.package(files, "Files")))
    assert archive.namelist() == ["a/b.csv", "a/b (2).csv", "index.csv"]
    text = archive.read("index.csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))[1:]
    for path, _label, _rows, size, digest in rows:
        content = archive.read(path)
        assert (int(size), digest) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
    assert [row[2] for row in rows] == ["3", "4"]


def test_a_formula_of_a_stranger_stays_text():
    content, rows = pack.table(["Name"], [["=1+1"], ["-5"], [None]])
    assert rows == 3
    assert content.decode("utf-8-sig").splitlines()[1:] == ["'=1+1", "-5", '""']


def test_the_ledger_has_18_columns_whatever_the_words():
    content, rows = pack.ledger([["a\tb", "c\nd", *[None] * 16]])
    assert rows == 1
    head, line = content.decode().split("\r\n")[:2]
    assert len(head.split("\t")) == len(line.split("\t")) == 18
    assert line.startswith("a b\tc d\t")


@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_no_name_leaves_the_package(parts):
    path = pack.safe_path(*parts)
    assert len(path.split("/")) == len(parts)
    assert all(part not in ("", ".", "..") for part in path.split("/"))
