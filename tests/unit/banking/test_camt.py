"""CAMT.053 and .052: golden content of the vendored files, then rule by rule."""

import tracemalloc
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from odoo.addons.facturex_banking.engine.errors import FormatError
from odoo.addons.facturex_banking.engine.formats import camt as camt_module
from odoo.addons.facturex_banking.engine.formats import parse
from odoo.addons.facturex_banking.engine.statement import (
    balance_difference,
    continuity_gaps,
)

from .samples import (
    ACCOUNT,
    balance,
    camt,
    detail,
    entry,
    names,
    sample,
    statement,
)

D = Decimal
MAIN = "LT625883379695428516"
SECOND = "LT414319056143772570"

# file -> for each statement: account, entries, opening, sum of entries, closing
GOLDEN = {
    "genkgo_camt052.v8": [("CH2801234000123456789", 1, None, "-200000", None)],
    "genkgo_camt053.v2.minimal": [("NL26VAYB8060476890", 1, "18.15", "8.85", None)],
    "genkgo_camt053.v2.multi.statement": [
        ("NL26VAYB8060476890", 1, "18.15", "8.85", "27.00"),
        ("NL26VAYB8060476890", 1, "27.00", "-7.00", "20.00"),
    ],
    "genkgo_camt053.v2.with-party-ids": [
        ("NL26VAYB8060476890", 1, "18.15", "8.85", None)
    ],
    "genkgo_camt053.v3": [("NL26VAYB8060476890", 1, "18.15", "8.85", None)],
    "genkgo_camt053.v8": [("NL26VAYB8060476890", 1, "18.15", "8.85", None)],
}
# day of March 2024 -> entries and their sum on the main account, then closing
SUBITE = {
    "07": (3, "822737.81", "21903960.39"),
    "08": (4, "5325438.57", "27229398.96"),
    "11": (8, "1965420.24", "29194819.20"),
    "12": (11, "-4637678.51", "24557140.69"),
    "13": (6, "-512111.19", "24045029.50"),
    "14": (14, "-3156442.67", "20888586.83"),
    "15": (7, "-453313.82", "20435273.01"),
    "18": (3, "266708.40", "20701981.41"),
    "19": (11, "-1307192.56", "19394788.85"),
    "20": (5, "141613.65", "19536402.50"),
    "21": (8, "-308893.77", "19227508.73"),
    "22": (10, "1212618.88", "20440127.61"),
    "25": (12, "-2079553.09", "18360574.52"),
    "26": (4, "173282.65", "18533857.17"),
    "27": (7, "-757946.50", "17775910.67"),
    "28": (10, "304861.44", "18080772.11"),
}


def only(content: bytes):
    """The single statement of a file."""
    (found,) = parse(content, "file.xml").statements
    return found


def line(*args, **kwargs):
    """The single line that one entry becomes."""
    (found,) = only(camt(statement(entry(*args, **kwargs)))).entries
    return found


def total(found) -> Decimal:
    return sum((e.amount for e in found.entries), D())


def refusal(content: bytes) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse(content, "file.xml")
    return caught.value


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_genkgo(name):
    file = parse(sample(f"camt053/{name}.xml"), name)
    found = [
        (
            s.account_number,
            len(s.entries),
            s.opening_balance,
            total(s),
            s.closing_balance,
        )
        for s in file.statements
    ]
    assert found == [
        (account, count, opening and D(opening), D(summed), closing and D(closing))
        for account, count, opening, summed, closing in GOLDEN[name]
    ]


def test_every_vendored_file_has_an_expectation():
    expected = {f"camt053/{name}.xml" for name in GOLDEN}
    expected |= {f"camt053/subite_LT62_2024-03-{day}.xml" for day in SUBITE}
    others = {"camt053/genkgo_camt053.v2.wrong.xml", *names("camt053/*camt054*.xml")}
    assert expected | others == set(names("camt053/*.xml"))


def test_file_without_statement_is_refused():
    error = refusal(sample("camt053/genkgo_camt053.v2.wrong.xml"))
    assert error.code == "no_statement"


@pytest.mark.parametrize("name", names("camt053/*camt054*.xml"))
def test_notification_is_read_as_details(name):
    file = parse(sample(name), name)
    assert file.format == "camt.054"
    (found,) = file.statements
    assert (found.notification, found.intraday) == (True, True)
    assert (found.opening_balance, found.closing_balance) == (None, None)
    assert found.entries


@pytest.mark.parametrize("day", SUBITE)
def test_golden_subite(day):
    count, summed, closing = SUBITE[day]
    file = parse(sample(f"camt053/subite_LT62_2024-03-{day}.xml"), "x")
    assert (file.format, file.version) == ("camt.053", "camt.053.001.08")
    by_account = {s.account_number: s for s in file.statements}
    assert set(by_account) == {MAIN, SECOND}
    found = by_account[MAIN]
    assert (len(found.entries), total(found)) == (count, D(summed))
    assert found.closing_balance == D(closing)
    assert [s.warnings for s in file.statements] == [(), ()]
    # no booking date, no status in these files: the day of the statement
    assert {e.date for e in found.entries} == {date(2024, 3, int(day))}
    # the details are withheld: the total stays one line, with their number
    assert all(e.detail_index is None for e in found.entries)


def test_subite_statements_follow_each_other():
    files = [parse(sample(name), name) for name in names("camt053/subite_LT62*.xml")]
    statements = [s for file in files for s in file.statements]
    assert len(statements) == 32
    assert continuity_gaps(statements) == ()
    assert continuity_gaps(reversed(statements)) == ()
    chain = [s for s in statements if s.account_number == MAIN]
    for previous, following in pairwise(chain):
        assert following.opening_balance == previous.closing_balance
    assert chain[0].opening_balance + sum(map(total, chain)) == D("18080772.11")


def test_missing_day_is_a_gap_with_its_figures():
    kept = [n for n in names("camt053/subite_LT62*.xml") if "03-14" not in n]
    statements = [s for n in kept for s in parse(sample(n), n).statements]
    (gap,) = continuity_gaps(statements)
    assert (gap.code, gap.account_number) == ("balance_gap", MAIN)
    assert (gap.date_from, gap.date_to) == (date(2024, 3, 13), date(2024, 3, 15))
    assert (gap.expected, gap.found) == (D("24045029.5"), D("20888586.83"))
    assert gap.difference == D("-3156442.67")


def test_batch_withheld_keeps_its_count():
    found = only_account(sample("camt053/subite_LT62_2024-03-12.xml"), MAIN)
    counts = [e.batch_count for e in found.entries]
    assert counts == [None, None, 7, 102, 5, None, None, None, None, 2, None]


def only_account(content: bytes, account: str):
    statements = parse(content, "x").statements
    (found,) = [s for s in statements if s.account_number == account]
    return found


def test_own_sample_is_appendix_a3():
    found = only(sample("own/c053.xml"))
    assert (found.account_number, found.currency) == (ACCOUNT, "EUR")
    assert (found.opening_balance, found.closing_balance) == (D("1000"), D("1302.50"))
    assert (found.date_start, found.date_end) == (date(2026, 1, 19), date(2026, 1, 20))
    assert (found.number, found.reference) == ("7", "FXDEMO-007")
    assert (found.owner_name, found.pending_count) == ("FACTUREX DEMO SRL", 1)
    assert (found.warnings, balance_difference(found)) == ((), 0)
    alpha, beta, gamma = found.entries
    assert {e.date for e in found.entries} == {date(2026, 1, 20)}
    assert {e.value_date for e in found.entries} == {date(2026, 1, 20)}
    assert (alpha.amount, alpha.bank_id) == (D("121.00"), "B-0001")
    assert (alpha.detail_index, alpha.end_to_end_id) == (1, "E2E-ALPHA-1")
    assert alpha.structured_reference == "202600012320"
    assert alpha.communication is None
    assert alpha.partner_name == "CLIENT ALPHA SA"
    assert alpha.partner_account == "BE62510007547061"
    assert alpha.category == "transfer_in"
    assert (beta.amount, beta.bank_id) == (D("242.00"), "B-0001")
    assert (beta.detail_index, beta.end_to_end_id) == (2, None)
    assert beta.structured_reference is None
    assert beta.communication == "FACTURES FAC/2026/00042 ET 00043"
    assert beta.partner_name == "CLIENT BETA SARL"
    assert beta.partner_account == "FR7630006000011234567890189"
    assert (gamma.amount, gamma.bank_id) == (D("-60.50"), "B-0002")
    assert (gamma.reversal, gamma.return_reason) == (True, "MD06")
    # a reversal keeps the roles of the collection: the customer is the debtor
    assert gamma.partner_name == "CLIENT GAMMA"
    assert gamma.partner_account == "BE62510007547061"
    assert (gamma.detail_index, gamma.category) == (None, "sdd_returned")
    assert "RtrInf/Rsn/Cd: MD06" in gamma.raw


def test_namespace_does_not_matter():
    plain = sample("own/c053.xml")
    expected = only(plain)
    uri = b'xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"'
    assert only(plain.replace(uri, b"")).entries == expected.entries
    newest = plain.replace(b"camt.053.001.08", b"camt.053.001.13")
    assert only(newest) == expected
    prefixed = plain.replace(b"</", b"\0").replace(b"<", b"<n:")
    prefixed = prefixed.replace(b"\0", b"</n:").replace(b"<n:?", b"<?")
    prefixed = prefixed.replace(b"xmlns=", b"xmlns:n=")
    assert only(prefixed).entries == expected.entries


@pytest.mark.parametrize(
    ("status", "lines", "pending"),
    [
        ("", 1, 0),
        ("<Sts>BOOK</Sts>", 1, 0),
        ("<Sts><Cd>BOOK</Cd></Sts>", 1, 0),
        ("<Sts>PDNG</Sts>", 0, 1),
        ("<Sts><Cd>INFO</Cd></Sts>", 0, 1),
        ("<Sts><Cd>FUTR</Cd></Sts>", 0, 1),
    ],
)
def test_only_booked_entries_are_lines(status, lines, pending):
    movement = entry(inside=status, details=detail(amount="10.00"))
    found = only(camt(statement(movement)))
    assert (len(found.entries), found.pending_count) == (lines, pending)


PARTIES = (
    "<RltdPties>"
    "<Dbtr><Nm>DEBTOR</Nm></Dbtr><DbtrAcct><Id><IBAN>BE01</IBAN></Id></DbtrAcct>"
    "<Cdtr><Pty><Nm>CREDITOR</Nm></Pty></Cdtr>"
    "<CdtrAcct><Id><Othr><Id>FR02 00</Id></Othr></Id></CdtrAcct>"
    "</RltdPties><RltdAgts><DbtrAgt><FinInstnId><BIC>DEBTBEBB</BIC></FinInstnId>"
    "</DbtrAgt></RltdAgts>"
)


@pytest.mark.parametrize(
    ("mark", "inside", "name", "account", "bic"),
    [
        ("CRDT", "", "DEBTOR", "BE01", "DEBTBEBB"),
        ("DBIT", "", "CREDITOR", "FR0200", None),
        ("CRDT", "<RvslInd>true</RvslInd>", "CREDITOR", "FR0200", None),
        ("DBIT", "<RvslInd>true</RvslInd>", "DEBTOR", "BE01", "DEBTBEBB"),
        ("DBIT", "<RvslInd>false</RvslInd>", "CREDITOR", "FR0200", None),
    ],
)
def test_counterparty(mark, inside, name, account, bic):
    found = line(mark=mark, inside=inside, details=detail(PARTIES))
    assert (found.partner_name, found.partner_account) == (name, account)
    assert found.partner_bic == bic


def test_own_account_is_never_the_counterparty():
    own = PARTIES.replace("BE01", ACCOUNT)
    assert line(details=detail(own)).partner_name == "CREDITOR"


def test_ultimate_name_with_the_account_of_the_payer():
    ultimate = "<UltmtDbtr><Pty><Nm>REAL</Nm></Pty></UltmtDbtr></RltdPties>"
    found = line(details=detail(PARTIES.replace("</RltdPties>", ultimate)))
    assert (found.partner_name, found.partner_account) == ("REAL", "BE01")


def remittance(text: str) -> str:
    return f"<RmtInf>{text}</RmtInf>"


def reference(text: str) -> str:
    return f"<Strd><CdtrRefInf><Ref>{text}</Ref></CdtrRefInf></Strd>"


@pytest.mark.parametrize(
    ("inside", "structured", "communication"),
    [
        (remittance("<Ustrd>A</Ustrd><Ustrd>B</Ustrd>"), None, "A B"),
        (remittance(reference("+++202/6000/12320+++")), "202600012320", None),
        (remittance(reference("RF46 2026 0001 23")), "RF462026000123", None),
        (remittance(reference("FREE")), "FREE", None),
        # two references: neither may decide alone
        (remittance(reference("A1") + reference("B2")), None, "A1 B2"),
        (
            remittance("<Strd><RfrdDocInf><Nb>INV7</Nb></RfrdDocInf></Strd>"),
            None,
            "INV7",
        ),
        ("<AddtlTxInf>more</AddtlTxInf>", None, "more"),
        ("", None, "entry words"),
    ],
)
def test_remittance(inside, structured, communication):
    movement = entry(details=detail(inside)).replace(
        "</Ntry>", "<AddtlNtryInf>entry words</AddtlNtryInf></Ntry>"
    )
    (found,) = only(camt(statement(movement))).entries
    assert found.structured_reference == structured
    assert found.communication == communication


@pytest.mark.parametrize("filler", ["NOTPROVIDED", "Not Provided", "NONREF", "000"])
def test_fillers_are_no_identifiers(filler):
    refs = f"<Refs><EndToEndId>{filler}</EndToEndId><MndtId>M1</MndtId></Refs>"
    service = f"<AcctSvcrRef>{filler}</AcctSvcrRef>"
    found = line(inside=service, details=detail(refs))
    assert (found.end_to_end_id, found.bank_id) == (None, None)
    assert found.mandate_id == "M1"


def batch(*amounts: str, count: int | None = None, currency: str = "EUR") -> str:
    announced = f"<Btch><NbOfTxs>{count}</NbOfTxs></Btch>" if count else ""
    return announced + "".join(detail("", a, currency) for a in amounts)


@pytest.mark.parametrize(
    ("details", "amounts", "count"),
    [
        (batch("4.00", "6.00"), ["4.00", "6.00"], None),
        (batch("4.00", "6.00", count=2), ["4.00", "6.00"], None),
        (batch("4.00", "5.00"), ["10.00"], 2),  # does not add up
        (batch("4.00", "6.00", count=3), ["10.00"], 3),  # one withheld
        (batch("4.00", "6.00", currency="USD"), ["10.00"], 2),
        (batch("10.00", count=9), ["10.00"], 9),
        (batch("9.00"), ["10.00"], None),  # one detail: the entry has the amount
        ("<Btch><NbOfTxs>20</NbOfTxs></Btch>", ["10.00"], 20),
    ],
)
def test_batches(details, amounts, count):
    found = only(camt(statement(entry(details=details)))).entries
    assert [e.amount for e in found] == [D(a) for a in amounts]
    assert {e.batch_count for e in found} == {count}
    ranks = list(range(1, len(found) + 1)) if len(found) > 1 else [None]
    assert [e.detail_index for e in found] == ranks


def test_details_with_their_own_sign():
    details = detail("<CdtDbtInd>CRDT</CdtDbtInd>", "12.00")
    details += detail("<CdtDbtInd>DBIT</CdtDbtInd>" + PARTIES, "2.00")
    found = only(camt(statement(entry(details=details)))).entries
    assert [e.amount for e in found] == [D("12.00"), D("-2.00")]
    assert found[1].partner_name == "CREDITOR"


def test_details_over_several_groups():
    group = "<Btch><NbOfTxs>1</NbOfTxs></Btch>" + detail("", "5.00")
    found = only(camt(statement(entry(details=f"{group}</NtryDtls><NtryDtls>{group}"))))
    assert [e.detail_index for e in found.entries] == [1, 2]


def test_detail_in_another_currency_is_converted():
    amounts = (
        '<AmtDtls><InstdAmt><Amt Ccy="USD">11.00</Amt></InstdAmt>'
        '<TxAmt><Amt Ccy="EUR">10.00</Amt><CcyXchg><XchgRate>1.1</XchgRate></CcyXchg>'
        "</TxAmt></AmtDtls>"
    )
    found = line(mark="DBIT", details=detail(amounts, "11.00", "USD"))
    assert (found.amount, found.currency) == (D("-10.00"), "EUR")
    assert (found.original_amount, found.original_currency) == (D("-11.00"), "USD")
    assert found.exchange_rate == D("1.1")


@pytest.mark.parametrize(
    ("charges", "expected"),
    [
        (
            "<TtlChrgsAndTaxAmt>3</TtlChrgsAndTaxAmt><Rcrd><Amt>1</Amt></Rcrd>",
            "3",
        ),
        ("<Rcrd><Amt>1.50</Amt></Rcrd><Rcrd><Amt>1</Amt></Rcrd>", "2.50"),
        ('<Amt Ccy="EUR">0.75</Amt>', "0.75"),
    ],
)
def test_charges_are_told_beside_the_amount(charges, expected):
    found = line(inside=f"<Chrgs>{charges}</Chrgs>", details=detail())
    assert (found.amount, found.charges) == (D("10.00"), D(expected))


@pytest.mark.parametrize(
    ("code", "mark", "expected"),
    [
        ("PMNT/RCDT/ESCT", "CRDT", "transfer_in"),
        ("PMNT/ICDT/ESCT", "DBIT", "transfer_out"),
        ("PMNT/ICDT/RRTN", "CRDT", "transfer_returned"),
        ("PMNT/RRCT/ESCT", "CRDT", "instant_in"),
        ("PMNT/RDDT/ESDD", "DBIT", "sdd_paid"),
        ("PMNT/IDDT/ESDD", "CRDT", "sdd_collected"),
        ("PMNT/IDDT/UPDD", "DBIT", "sdd_returned"),
        ("PMNT/CCRD/POSD", "DBIT", "card_purchase"),
        ("PMNT/ICDT/CHRG", "DBIT", "fees"),
        ("ACMT/MDOP/OTHR", "DBIT", "fees"),
        ("LDAS/FTLN/PPAY", "DBIT", "loan"),
        ("XTND/NTAV/NTAV", "DBIT", None),
    ],
)
def test_category(code, mark, expected):
    domain, family, sub = code.split("/")
    inside = (
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd>"
        f"<SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    )
    found = line(mark=mark, inside=inside, details=detail())
    assert (found.transaction_code, found.category) == (code, expected)


def test_return_reason_makes_a_return():
    code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd></Fmly></Domn></BkTxCd>"
    reason = "<RtrInf><Rsn><Prtry>CLOSED</Prtry></Rsn></RtrInf>"
    found = line(inside=code, details=detail(reason))
    assert found.return_reason == "CLOSED"
    assert found.category == "transfer_returned"


@pytest.mark.parametrize(
    ("balances", "opening", "closing"),
    [
        (balance("OPBD", "5") + balance("CLBD", "15"), "5", "15"),
        (balance("PRCD", "5") + balance("CLBD", "15"), "5", "15"),
        (balance("PRCD", "4") + balance("OPBD", "5"), "5", None),
        (balance("OPBD", "5") + balance("ITBD", "15"), "5", "15"),
        (balance("ITBD", "5") + balance("ITBD", "15"), "5", "15"),
        (balance("ITBD", "15"), None, "15"),
        (balance("OPAV", "5") + balance("CLAV", "15"), "5", "15"),
        (balance("OPBD", "5", mark="DBIT"), "-5", None),
        ("", None, None),
    ],
)
def test_balances(balances, opening, closing):
    found = only(camt(statement(entry(), balances=balances)))
    assert found.opening_balance == (opening and D(opening))
    assert found.closing_balance == (closing and D(closing))


def test_balance_without_mark_is_a_credit():
    mute = balance("OPBD", "5").replace("<CdtDbtInd>CRDT</CdtDbtInd>", "")
    assert only(camt(statement(balances=mute))).opening_balance == 5


def test_mismatch_is_a_warning_with_its_figures():
    balances = balance("OPBD", "100.00") + balance("CLBD", "111.00")
    found = only(camt(statement(entry("10.00"), balances=balances)))
    assert balance_difference(found) == D("-1.00")
    (warning,) = found.warnings
    assert warning.code == "balance_mismatch"
    assert {k: str(v) for k, v in warning.values.items()} == {
        "opening": "100.00",
        "total": "10.00",
        "closing": "111.00",
        "difference": "-1.00",
    }
    assert "by -1.00" in str(warning)


def test_announced_totals_are_compared():
    summary = "<TxsSummry><TtlCdtNtries><Sum>12.00</Sum></TtlCdtNtries></TxsSummry>"
    found = only(camt(statement(summary, entry("10.00"))))
    (warning,) = found.warnings
    assert warning.code == "totals_mismatch"
    right = summary.replace("12.00", "10")
    assert only(camt(statement(right, entry("10.00")))).warnings == ()


@pytest.mark.parametrize("mark", ["DUPL", "COPY", "CODU"])
def test_copies_are_told(mark):
    marked = f"<CpyDplctInd>{mark}</CpyDplctInd>" + statement(entry())
    (warning,) = only(camt(marked)).warnings
    assert (warning.code, warning.values) == ("copy_or_duplicate", {"mark": mark})


def test_missing_booking_date_falls_back():
    closing = balance("CLBD", "10", day="2026-01-19")
    movement = entry(day="")
    assert only(camt(statement(movement, balances=closing))).entries[0].date == date(
        2026, 1, 19
    )
    created = only(camt(statement(movement)))
    assert created.entries[0].date == date(2026, 1, 20)
    assert created.date_end == date(2026, 1, 20)
    nothing = statement(movement).replace("2026-01-20T18:00:00", "")
    assert refusal(camt(nothing)).code == "missing_value"


def test_intraday_report():
    found = only(
        camt(statement(entry()), version="052.001.08", message="Rpt"),
    )
    assert found.intraday
    assert continuity_gaps([found, found]) == ()


def test_days_as_the_bank_writes_them():
    night = entry(day="").replace(
        "</CdtDbtInd>",
        "</CdtDbtInd><BookgDt><DtTm>2026-01-20T23:59:59-05:00</DtTm></BookgDt>"
        "<ValDt><Dt>2026-01-21+01:00</Dt></ValDt>",
    )
    (found,) = only(camt(statement(night))).entries
    assert (found.date, found.value_date) == (date(2026, 1, 20), date(2026, 1, 21))


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("NaN", "bad_amount"),
        ("INF", "bad_amount"),
        ("1e5", "bad_amount"),
        ("12,50", "bad_amount"),
        ("1 000.00", "bad_amount"),
        ("١٢", "bad_amount"),
        ("9" * 19, "bad_amount"),
        ("-10.00", "negative_amount"),
        ("", "missing_value"),
    ],
)
def test_bad_amounts_are_refused_with_their_place(amount, code):
    content = camt(statement("\n", entry(amount)))
    error = refusal(content)
    assert (error.code, error.line) == (code, 5)
    assert "Amt" in error.field
    assert str(error).startswith("Line 5, field ")


@pytest.mark.parametrize(
    ("amount", "value"), [("131.7", "131.7"), ("50000", "50000"), ("+1.", "1")]
)
def test_amounts_are_exact(amount, value):
    assert line(amount).amount == D(value)


def test_zero_has_no_sign():
    assert str(line("0.00", mark="DBIT").amount) == "0.00"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        (("<CdtDbtInd>CRDT</CdtDbtInd>", ""), "missing_value", "CdtDbtInd"),
        (("CRDT", "CREDIT"), "bad_value", "CdtDbtInd"),
        (("2026-01-20<", "20/01/2026<"), "bad_date", "BookgDt/Dt"),
        (("2026-01-20<", "2026-02-30<"), "bad_date", "BookgDt/Dt"),
        (("2026-01-20<", "0001-01-01<"), "bad_date", "BookgDt/Dt"),
        (('Ccy="EUR"', 'Ccy="USD"'), "currency_mismatch", "Ntry/Amt@Ccy"),
        (('Ccy="EUR"', 'Ccy="€"'), "bad_value", "Amt@Ccy"),
        ((ACCOUNT, ""), "missing_value", "Acct/Id"),
    ],
)
def test_bad_values_are_refused_with_their_field(change, code, field):
    error = refusal(camt(statement(entry()).replace(*change)))
    assert (error.code, error.field) == (code, field)
    assert error.line == 4


def test_bad_statement_leaves_the_others():
    other = statement(entry("NaN"), account="BE62510007547061")
    file = parse(camt(statement(entry()), other, statement(entry("3"))), "x")
    assert [total(s) for s in file.statements] == [D("10.00"), D("3")]
    (notice,) = file.refused
    assert file.warnings == (notice,)
    assert notice.code == "statement_refused"
    assert notice.values["account"] == "BE62510007547061"
    assert notice.values["refusal"] == "bad_amount"
    assert notice.line == 5


def test_repeated_statement_is_read_once():
    once = statement(entry("10"), entry("10"))
    file = parse(camt(once, once), "x")
    assert len(file.statements) == 1
    assert [w.code for w in file.warnings] == ["repeated_statement"]
    other = once.replace("<Id>S1</Id>", "<Id>S2</Id>")
    assert len(parse(camt(once, other), "x").statements) == 2


def test_source_is_kept_and_bounded():
    found = line(details=detail(remittance(f"<Ustrd>{'x' * 9000}</Ustrd>")))
    assert found.raw.startswith("Amt: 10.00 EUR\nCdtDbtInd: CRDT\n")
    assert len(found.raw) == 4096
    assert len(found.communication) == 9000


def test_number_of_entries_is_limited(monkeypatch):
    monkeypatch.setattr(camt_module, "MAX_ENTRIES", 3)
    assert refusal(camt(statement(*[entry()] * 4))).code == "too_many_entries"


WIDE = entry(
    inside="<AcctSvcrRef>B-1</AcctSvcrRef>",
    details=detail("<Refs><EndToEndId>E</EndToEndId></Refs>" + PARTIES, "4.00")
    + detail(PARTIES, "6.00"),
)


def test_elements_are_dropped_as_they_are_read(monkeypatch):
    kept = []
    end = camt_module._Reader.end

    def counting(reader, element):
        end(reader, element)
        kept.append(sum(1 for _ in element.getroottree().iter()))

    monkeypatch.setattr(camt_module._Reader, "end", counting)
    assert len(only(camt(statement(*[WIDE] * 300))).entries) == 600
    # libxml2 reads ahead by 32 kB: a few dozen entries, whatever the file holds
    assert len(kept) == 901
    assert max(kept) < 2_500


def test_memory_grows_only_with_the_result():
    peaks = {}
    for count in (250, 1_000):
        content = camt(statement(*[WIDE] * count))
        tracemalloc.start()
        assert len(only(content).entries) == 2 * count
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[1_000] < 2_000 * 3_000
    assert peaks[1_000] < peaks[250] * 5
