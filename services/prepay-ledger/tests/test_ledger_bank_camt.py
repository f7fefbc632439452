"""camt files: what they say, and what is refused."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_bank import ACCOUNT, CAMT_053, camt, details, entry

from prepay_ledger.bank_files.read_file import read_file
from prepay_ledger.bank_files.values import LineKind, StatementLine, Unreadable

MICRO = 1_000_000


def lines(body: bytes) -> list[StatementLine]:
    (statement,) = read_file(body, None)
    assert (statement.account, statement.currency) == (ACCOUNT, "EUR")
    return list(statement.lines)


def told(body: bytes) -> list[tuple[str, int]]:
    return [(each.kind.value, each.amount_micro) for each in lines(body)]


CHARGED = (
    "<Chrgs><TtlChrgsAndTaxAmt Ccy='EUR'>1.50</TtlChrgsAndTaxAmt><Rcrd><Amt Ccy='EUR'>1.50</Amt>"
    "<CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>"
)
CHARGED_V2 = "<Chrgs><Amt Ccy='EUR'>1.50</Amt></Chrgs>"
REVERSED = "<RvslInd>true</RvslInd>"
RETURNED = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
FEES = "<BkTxCd><Domn><Fmly><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>"
OWN_CODE = "<BkTxCd><Prtry><Cd>{}</Cd><Issr>DK</Issr></Prtry></BkTxCd>"
PENDING = "<Sts><Cd>PDNG</Cd></Sts>"
TWO = [details(amount="10.00", ref="T1"), details(amount="20.00", ref="T2")]
KINDS = [
    ([entry("50.00")], [("credit", 50 * MICRO)]),
    ([entry("50.00", sign="DBIT")], [("debit", -50 * MICRO)]),
    ([entry("3", sign="DBIT", more=FEES)], [("charge", -3 * MICRO)]),
    ([entry("0.000001")], [("credit", 1)]),
    ([entry("50", tx=[details(text="x")])], [("credit", 50 * MICRO)]),
    ([entry("30", tx=TWO)], [("credit", 10 * MICRO), ("credit", 20 * MICRO)]),
    ([entry("30", sign="DBIT", tx=TWO)], [("debit", -10 * MICRO), ("debit", -20 * MICRO)]),
    ([entry("28.50", tx=TWO, more=CHARGED)],
     [("credit", 10 * MICRO), ("credit", 20 * MICRO), ("charge", -1_500_000)]),
    ([entry("48.50", tx=[details(amount="50", more=CHARGED)])],
     [("credit", 50 * MICRO), ("charge", -1_500_000)]),
    ([entry("48.50", tx=[details(amount="50", more=CHARGED_V2)])],
     [("credit", 50 * MICRO), ("charge", -1_500_000)]),
    # Paid in another currency: what reached the account counts.
    ([entry("48.50", tx=[details(amount="60", ccy="USD")])], [("credit", 48_500_000)]),
    ([entry("30", batch=2)], [("batch", 30 * MICRO)]),
    ([entry("30", batch=1)], [("credit", 30 * MICRO)]),
    ([entry("30", batch=3, tx=TWO)], [("batch", 30 * MICRO)]),
    ([entry("9", sign="DBIT", more=REVERSED)], [("return", -9 * MICRO)]),
    ([entry("9", sign="DBIT", tx=[details(e2e="E1", more=RETURNED)])], [("return", -9 * MICRO)]),
    ([entry("9", sign="DBIT", more=OWN_CODE.format("NRTI+109+00931"))], [("return", -9 * MICRO)]),
    ([entry("9", sign="DBIT", more=OWN_CODE.format("NTRF+177"))], [("debit", -9 * MICRO)]),
    ([entry("9", more=REVERSED)], [("returned-to-us", 9 * MICRO)]),
    ([entry("9", tx=[details(more=RETURNED)])], [("returned-to-us", 9 * MICRO)]),
    ([entry("9", status=PENDING)], [("pending", 9 * MICRO)]),
    ([entry("9", status="<Sts>PDNG</Sts>")], [("pending", 9 * MICRO)]),
    ([entry("9", status="<Sts><Cd>BOOK</Cd></Sts>")], [("credit", 9 * MICRO)]),
    ([entry("9", status="<Sts>INFO</Sts>")], []),
    ([], []),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "expected"), KINDS)
def test_each_entry_is_lines_of_its_kind(
    entries: list[str], expected: list[tuple[str, int]]
) -> None:
    assert told(camt(*entries)) == expected


@pytest.mark.parametrize("message", ["052", "053", "054"])
@pytest.mark.parametrize("version", ["02", "04", "06", "08", "10", "13"])
def test_each_message_and_version(message: str, version: str) -> None:
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.{version}"
    assert told(camt(entry("5"), namespace=namespace)) == [("credit", 5 * MICRO)]


def test_a_line_tells_who_paid_for_what_and_how_it_is_known() -> None:
    tx = details(e2e="E-7", text="power  for\n March", structured="RF18539007547034", ref="B1")
    (line,) = lines(camt(entry("50", ref="B1", tx=[tx], day="2026-03-05")))
    assert line == StatementLine(
        kind=LineKind.CREDIT,
        amount_micro=50 * MICRO,
        booked_on=date(2026, 3, 5),
        value_on=date(2026, 3, 5),
        booking="B1",
        end_to_end_id="E-7",
        structured="RF18539007547034",
        text="power for March",
        other_party="Li Wei",
    )
    (bare,) = lines(camt(entry("50", ref="NONREF", tx=[details()])))
    assert (bare.booking, bare.transaction, bare.end_to_end_id) == ("", "", "")
    invoice = "<RmtInf><Strd><RfrdDocInf><Nb>000000017</Nb></RfrdDocInf></Strd></RmtInf>"
    (named,) = lines(camt(entry("5", tx=[details().replace("<RmtInf></RmtInf>", invoice)])))
    assert named.text == "000000017"
    first, second = lines(camt(entry("30", ref="B2", tx=TWO)))
    assert [(each.booking, each.transaction) for each in (first, second)] == [
        ("B2", "T1"), ("B2", "T2"),
    ]  # fmt: skip


def test_a_document_in_the_bank_s_envelope_is_found() -> None:
    inner = camt(entry("5")).decode().partition("?>")[2]
    body = f"<Envelope xmlns='urn:bank'><Header/><Body>{inner}</Body></Envelope>".encode()
    assert told(body) == [("credit", 5 * MICRO)]
    assert told(b"\xef\xbb\xbf" + camt(entry("5"))) == [("credit", 5 * MICRO)]
    utf_16 = camt(entry("5")).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert told(utf_16) == [("credit", 5 * MICRO)]


@pytest.mark.parametrize("encoding", ["GBK", "gb2312", "GB18030", "Big5", "ISO-8859-1", "us-ascii"])
def test_the_encodings_that_banks_write(encoding: str) -> None:
    name = "李" if encoding[:2].lower() in {"gb", "bi"} else "Li"
    tx = details(text="for March").replace("Li Wei", name)
    text = camt(entry("5", tx=[tx])).decode().replace("UTF-8", encoding)
    (line,) = lines(text.encode(encoding))
    assert (line.other_party, line.amount_micro) == (name, 5 * MICRO)


@pytest.mark.parametrize("encoding", ["GBK", "nonsense-1"])
def test_an_encoding_that_does_not_hold_is_refused(encoding: str) -> None:
    body = camt(entry("5", tx=[details(text="@")])).replace(b"UTF-8", encoding.encode())
    with pytest.raises(Unreadable, match="encoding"):
        read_file(body.replace(b"@", b"\xff\xff"), None)


def _paged(pages: Sequence[tuple[int, str, str]], *, opening: str, closing: str) -> bytes:
    """One file; pages of one statement, each with one entry, and the balances on each."""
    files = [
        camt(
            entry(amount), opening=opening, closing=closing, more=PAGE.format(number, last)
        ).decode()
        for number, amount, last in pages
    ]
    statements = [each[each.index("<Stmt>") : each.index("</Stmt>") + 7] for each in files]
    return files[0].replace(statements[0], "".join(statements)).encode()


def test_the_pages_of_a_statement_add_up_together() -> None:
    whole = [(2, "7", "true"), (1, "5", "false")]
    read = read_file(_paged(whole, opening="1", closing="13"), None)
    assert [len(each.lines) for each in read] == [1, 1]
    with pytest.raises(Unreadable, match="1000000 are missing"):
        read_file(_paged(whole, opening="1", closing="14"), None)
    # Where a page is in another file nobody can say.
    for some in ([(2, "7", "true")], [(1, "5", "false"), (2, "7", "false")], [(3, "7", "true")]):
        assert read_file(_paged(some, opening="1", closing="99"), None)


PAGE = "<StmtPgntn><PgNb>{}</PgNb><LastPgInd>{}</LastPgInd></StmtPgntn>"


def test_opening_and_lines_come_to_closing() -> None:
    good = camt(
        entry("50"), entry("70", sign="DBIT"), entry("9", status=PENDING),
        opening="10.00", closing="-10.00",
    )  # fmt: skip
    (statement,) = read_file(good, None)
    assert (statement.opening_micro, statement.closing_micro) == (10 * MICRO, -10 * MICRO)
    with pytest.raises(Unreadable, match=r"does not add up: .* -1 are missing"):
        read_file(camt(entry("0.000002"), opening="0", closing="0.000001"), None)
    # Of the pages of one statement each tells the balances of all.
    for number, last in ((1, "false"), (2, "true")):
        page = camt(entry("5"), opening="0", closing="9", more=PAGE.format(number, last))
        assert told(page) == [("credit", 5 * MICRO)]
    with pytest.raises(Unreadable, match="add up"):
        read_file(camt(entry("5"), opening="0", closing="9", more=PAGE.format(1, "true")), None)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aa">]><Document xmlns="%s"><A>&a;</A></Document>'
MALFORMED = [
    (b"<", "no XML"),
    (b"<a/>", "no camt"),
    (camt(entry("5"), namespace="urn:iso:std:iso:20022:tech:xsd:camt.053.001.01"), "no camt"),
    (camt(entry("5"), namespace="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"), "no camt"),
    (camt(entry("5"))[:-30], "no XML"),
    (BOMB % CAMT_053.encode(), "DTD"),
    (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "DTD"),
    (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
    (camt(entry("5x")), "entry 1: '5x' is no amount"),
    (camt(entry("-5")), "no amount"),
    (camt(entry("1e3")), "no amount"),
    (camt(entry("٣")), "no amount"),
    (camt(entry("0.0000001")), "more than 6 decimals"),
    (camt(entry("1000000000001")), "more than one line may move"),
    (camt(entry("5", sign="CREDIT")), "credit or a debit"),
    (camt(entry("5", ccy="USD")), "one currency, and this one has EUR, USD"),
    (camt(entry("5", day="2026-02-30")), "no day"),
    (camt(entry("5", day="1926-02-03")), "no day of this century"),
    (camt(entry("5"), account=" "), "names no account"),
    (camt(entry("31", tx=TWO)), "its transactions come to"),
    (camt(entry("30", tx=[TWO[0], details()])), "1 of 2 with an amount"),
    (camt().replace(b"Stmt>", b"Other>"), "no statement"),
]


@pytest.mark.parametrize(("body", "reason"), MALFORMED)
def test_a_malformed_file_is_refused_with_the_place(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_file(body, None)


@given(st.binary(max_size=300), st.integers(0, 700), st.integers(0, 40))
def test_any_bytes_are_read_or_refused(junk: bytes, at: int, drop: int) -> None:
    good = camt(entry("50", ref="B", tx=TWO[:1]), opening="0", closing="50")
    for body in (junk, b"<" + junk, good[:at] + junk + good[at + drop :]):
        try:
            read_file(body, None)
        except Unreadable as error:
            assert str(error)


@given(st.lists(st.integers(-(10**11), 10**11), max_size=20), st.integers(1, 10**6))
def test_what_adds_up_is_read_and_nothing_else(moves: list[int], off: int) -> None:
    """In hundredths."""

    def written(cents: int) -> str:
        return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"

    entries = [
        entry(written(abs(each)), sign="CRDT" if each > 0 else "DBIT", day="2026-03-02")
        for each in moves
    ]
    good = camt(*entries, opening="0", closing=written(sum(moves)))
    assert [each.amount_micro for each in lines(good)] == [each * 10_000 for each in moves]
    with pytest.raises(Unreadable, match="add up"):
        read_file(camt(*entries, opening="0", closing=written(sum(moves) + off)), None)
