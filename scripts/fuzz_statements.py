"""Damages the sample bank files at random: nothing else than a refusal may come out.

    python scripts/fuzz_statements.py [SECONDS] [FORMAT ...]

Each format gets SECONDS (60) of processor time. A parser may read the file or raise
FormatError; any other exception, an accident reported as ``unreadable``, a call of over
two seconds, or a statement read from a damaged end that does not say so, is printed and
kept.
"""

import pathlib
import random
import sys
import time
import traceback
import zipfile
from io import BytesIO

import stdnum  # noqa: F401 before Odoo: its import hook would hide stdnum's data files

from odoo.tools import config

ROOT = pathlib.Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "addons" / "facturex_banking" / "tests" / "samples"
FORMATS = (
    "camt053",
    "coda",
    "cfonb120",
    "mt940",
    "ofx",
    "qif",
    "csv",
    "zip",
    "xlsx",
    "xls",
)
SLOW = 2.0
# tables without a header
HEADLESS = (
    b"417164300\tEUR\t20260105\t1000,00\t979,00\t20260106\t-21,00\tBEA NR:A1\n"
    b"417164300\tEUR\t20260107\t979,00\t1100,00\t20260107\t121,00\t/NAME/Alpha\n",
    b"05/01/2026;-21,00;Carte;;CB  PAIN;;0;\n15/01/2026;1100,00;;;;01234 123456A;;\n",
)
WORDS = (b"\n", b"\r\n", b";", b":61:", b":86:", b"<", b">", b"</", b"0", b"9" * 20)
WORDS += (b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"-", b"NaN", b"1E999", b"^", b"?20")


def corpus(name):
    own = SAMPLES / "own"
    if name == "csv":
        return [own.joinpath("demo.csv").read_bytes(), *HEADLESS]
    if name == "zip":
        target = BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
            for path in own.glob("demo*"):
                book.write(path, path.name)
        return [target.getvalue()]
    if name == "xlsx":
        import openpyxl

        book, target = openpyxl.Workbook(), BytesIO()
        for row in (["Date", "Label", "Amount"], ["20/01/2026", "A", 5.5]):
            book.active.append(row)
        book.save(target)
        return [target.getvalue()]
    if name == "xls":
        import xlwt

        book, target = xlwt.Workbook(), BytesIO()
        sheet = book.add_sheet("Sheet")
        rows = (["Date", "Label", "Amount"], ["20/01/2026", "A", 5.5])
        for place, cell in enumerate(cell for row in rows for cell in row):
            sheet.write(place // 3, place % 3, cell)
        book.save(target)
        return [target.getvalue()]
    endings = {"camt053": "xml", "coda": "cod", "cfonb120": "txt", "mt940": "sta"}
    extra = own.glob(f"*.{endings.get(name, name)}")
    return [p.read_bytes() for p in (*(SAMPLES / name).glob("*"), *extra)]


def damaged(rng, content):
    content = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        if not content:
            break
        start = rng.randrange(len(content))
        end = min(len(content), start + rng.choice((1, 1, 2, 5, 40, 400)))
        change = rng.randrange(6)
        if change == 0:
            del content[start:end]
        elif change == 1:
            content[start:start] = content[start:end]
        elif change == 2:
            content[start:end] = rng.randbytes(end - start)
        elif change == 3:
            content[start:end] = rng.choice(WORDS)
        elif change == 4:
            other = rng.randrange(len(content))
            content[start:end] = content[other : other + end - start]
        else:
            del content[end:]
    return bytes(content)


def fuzz(name, seconds):
    from odoo.addons.facturex_banking.engine.errors import FormatError
    from odoo.addons.facturex_banking.engine.formats import parse

    files, rng = corpus(name), random.Random(name)
    files = [content for content in files if len(content) < 200_000]
    stop, runs, read, bad = time.process_time() + seconds, 0, 0, 0
    while time.process_time() < stop:
        content = damaged(rng, rng.choice(files))
        started = time.process_time()
        problem = None
        try:
            parse(content, name)
            read += 1
        except FormatError as error:
            if error.code == "unreadable":
                problem = error.__cause__ or error
        except Exception as error:  # noqa: BLE001 whatever it is, it should not have left
            problem = error
        if problem is None and time.process_time() - started > SLOW:
            problem = TimeoutError(f"{time.process_time() - started:.1f} s")
        if problem is not None:
            bad += 1
            path = pathlib.Path(f"fuzz_{name}_{runs}.bin")
            path.write_bytes(content)
            print(path, "".join(traceback.format_exception(problem)[-4:]), flush=True)
            if bad >= 5:
                break
        runs += 1
    print(f"{name}: {runs} files, {read} read, {bad} problems", flush=True)
    return bad


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    config.parse_config([f"--addons-path={ROOT / 'addons'}", "--log-level=critical"])
    return sum(fuzz(name, seconds) for name in sys.argv[2:] or FORMATS)


if __name__ == "__main__":
    sys.exit(bool(main()))
