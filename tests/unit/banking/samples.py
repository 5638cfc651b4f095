"""The vendored bank files, and small CAMT messages made to measure."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "addons" / "facturex_banking" / "tests" / "samples"

ACCOUNT = "BE68539007547034"


def sample(name: str) -> bytes:
    """A vendored file, by its path under the samples folder."""
    return (SAMPLES / name).read_bytes()


def names(pattern: str) -> list[str]:
    """Vendored files matching a pattern, sorted."""
    return sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.glob(pattern))


def camt(*statements: str, version: str = "053.001.08", message: str = "Stmt") -> bytes:
    """A CAMT message around statements."""
    root = {"Stmt": "BkToCstmrStmt", "Rpt": "BkToCstmrAcctRpt"}[message]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{version}">\n'
        f"<{root}><GrpHdr><MsgId>M</MsgId></GrpHdr>\n"
        + "".join(f"<{message}>{text}</{message}>\n" for text in statements)
        + f"</{root}></Document>\n"
    ).encode()


def statement(*entries: str, account: str = ACCOUNT, balances: str = "") -> str:
    """The inside of a statement in EUR, dated 20 January 2026."""
    return (
        "<Id>S1</Id><CreDtTm>2026-01-20T18:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        + balances
        + "".join(entries)
    )


def balance(kind: str, amount: str, day: str = "2026-01-20", mark: str = "CRDT") -> str:
    """A balance in EUR."""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(
    amount: str = "10.00",
    mark: str = "CRDT",
    inside: str = "",
    details: str = "",
    day: str = "2026-01-20",
    currency: str = "EUR",
) -> str:
    """A booked entry; ``inside`` comes after the dates, in schema order."""
    booked = f"<BookgDt><Dt>{day}</Dt></BookgDt>" if day else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>'
        f"{booked}{inside}"
        + (f"<NtryDtls>{details}</NtryDtls>" if details else "")
        + "</Ntry>"
    )


def detail(inside: str = "", amount: str | None = None, currency: str = "EUR") -> str:
    """One movement of an entry."""
    own = f'<Amt Ccy="{currency}">{amount}</Amt>' if amount is not None else ""
    return f"<TxDtls>{own}{inside}</TxDtls>"
