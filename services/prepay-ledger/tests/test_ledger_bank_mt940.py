"""MT940 files: what they say, and what is refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_bank import ACCOUNT, mt940

from prepay_ledger.bank_files.read_file import read_file
from prepay_ledger.bank_files.values import StatementLine, Unreadable

MICRO = 1_000_000


def line(field: str, *after: str) -> StatementLine:
    text = mt940(f":61:{field}", *after, opening="0,", closing="0,").encode()
    # What one line comes to is known from the line alone.
    body = text.replace(b":60F:C260301EUR0,", b":60F:C260301EUR500,", 1)
    for closing in ("450,", "500,", "550,"):
        try:
            (read,) = read_file(body.replace(b":62F:C260302EUR0,", _closing(closing)), None)
        except Unreadable:
            continue
        (only,) = read.lines
        return only
    (read,) = read_file(body, None)
    raise AssertionError(read)


def _closing(amount: str) -> bytes:
    return f":62F:C260302EUR{amount}".encode()


GERMAN = (
    ":86:166?00GUTSCHRIFT?109310?20EREF+E2E-9?21SVWZ+RF18 5390 0754 7?22034 Strom Maerz?30BANK?31X"
    "?32Li?33 Wei"
)


@pytest.mark.parametrize(
    ("field", "after", "kind", "micro"),
    [
        ("2603020302C50,00NTRFNONREF//B1", (), "credit", 50),
        ("260302C50,NMSCx", (), "credit", 50),
        ("2603020302CR50,00NTRFx//B1", (), "credit", 50),
        ("2603020302D50,00NTRFx//B1", (), "debit", -50),
        ("2603020302D50,00NCHGx//B1", (), "charge", -50),
        ("2603020302EC50,00NTRFx//B1", (), "pending", 50),
        ("2603020302ED50,00NTRFx//B1", (), "pending", -50),
        ("2603020302RC50,00NTRFx//B1", (), "return", -50),
        ("2603020302D50,00NRTIx//B1", (), "return", -50),
        ("2603020302RD50,00NTRFx//B1", (), "returned-to-us", 50),
        ("2603020302D50,00NMSCx", (":86:109?20Ruecklastschrift",), "return", -50),
        ("2603020302D50,00NTRFx", (":86:/RTRN/AC04/EREF/E1/",), "return", -50),
    ],
)
def test_each_line_is_of_its_kind(
    field: str, after: tuple[str, ...], kind: str, micro: int
) -> None:
    read = line(field, *after)
    assert (read.kind.value, read.amount_micro) == (kind, micro * MICRO)


def test_the_fields_of_germany_and_the_netherlands_and_plain_text() -> None:
    german = line("2603020302C50,00N166NONREF//B1", GERMAN)
    assert (german.booking, german.end_to_end_id, german.other_party) == ("B1", "E2E-9", "Li Wei")
    assert german.text == "RF18 5390 0754 7034 Strom Maerz"
    dutch = line(
        "2603020302C50,00NTRFEREF//B1", ":86:/EREF/E-7//ORDP//NAME/Li Wei//REMI/USTD//for March/"
    )
    assert (dutch.end_to_end_id, dutch.other_party, dutch.text) == ("E-7", "Li Wei", "for March")
    structured = line("2603020302C50,00NTRFx", ":86:/REMI/STRD/CUR/RF18539007547034/")
    assert structured.structured == "RF18539007547034"
    plain = line("2603020302C50,00NTRFRF18//B1", ":86:pay RF18", "539007547034 now")
    assert (plain.text, plain.end_to_end_id) == ("pay RF18 539007547034 now", "RF18")
    polish = line("2603020302C50,00NTRFx", ":86:020~00VE02~20za marzec~32Li~33 Wei")
    assert (polish.text, polish.other_party) == ("za marzec", "Li Wei")
    words = line("2603020302C50,00NTRFx", ":86:EREF+E-9SVWZ+for March")
    assert (words.text, words.end_to_end_id) == ("for March", "E-9")
    only = line("2603020302C50,00NTRFx", "from Li Wei")
    assert only.text == "from Li Wei"


def test_the_entry_day_is_of_the_year_next_to_the_value_day() -> None:
    assert line("2601021231C50,NTRFx").booked_on == date(2025, 12, 31)
    assert line("2512310102C50,NTRFx").booked_on == date(2026, 1, 2)
    assert line("260302C50,NTRFx").booked_on == date(2026, 3, 2)


def test_each_statement_of_a_file_is_of_its_own_account_and_adds_up() -> None:
    first = mt940(":61:260302C50,NTRFx//B1", opening="10,", closing="60,", account="DE11")
    second = mt940(":61:260302D5,NTRFx//B2", opening="7,50", closing="2,50", account="DE 22")
    wrapped = "{1:F01X}{2:I940X}{4:\r\n" + first.removesuffix("-\r\n") + "-}\r\n" + second
    statements = read_file(wrapped.encode(), None)
    assert [(each.account, each.closing_micro) for each in statements] == [
        ("DE11", 60 * MICRO), ("DE22", 2_500_000),
    ]  # fmt: skip
    with pytest.raises(Unreadable, match="statement 1/1 of DE22 does not add up"):
        read_file((first + second.replace("EUR2,50", "EUR2,49")).encode(), None)


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("NL20INGB0001234567EUR", "NL20INGB0001234567"),
        ("10020030/1234567", "10020030/1234567"),
        ("10020030/1234567/EUR", "10020030/1234567"),
        ("PL 20 1234 EUR", "PL201234"),
        ("EUR", "EUR"),
        ("ACCOUNTEUR", "ACCOUNTEUR"),
    ],
)
def test_the_account_without_the_currency_behind_it(written: str, account: str) -> None:
    (statement,) = read_file(mt940(opening="0,", closing="0,", account=written).encode(), None)
    assert statement.account == account


def test_the_pages_of_a_statement_follow_each_other() -> None:
    first = mt940(":61:260302C50,NTRFx//B1", opening="10,", closing="60,")
    first = first.replace(":62F:", ":62M:")
    second = mt940(":61:260302C5,NTRFx//B2", opening="60,", closing="65,").replace("60F", "60M")
    assert [len(each.lines) for each in read_file((first + second).encode(), None)] == [1, 1]
    gap = mt940(":61:260302C5,NTRFx//B2", opening="70,", closing="75,").replace("60F", "60M")
    with pytest.raises(Unreadable, match="a page between them is missing"):
        read_file((first + gap).encode(), None)


GOOD = mt940(":61:260302C50,NTRFx", opening="0,", closing="50,")
MALFORMED = [
    ("hello", "line 1: 'hello' belongs to no field"),
    ("", "no statement"),
    (":25:X\n:20:Y\n", "before the first :20:"),
    (GOOD.replace(":61:260302C50,NTRFx", ":61:garbage"), "line 5, field :61:: 'garbage'"),
    (GOOD.replace("C50,", "C50.00"), "no statement line"),
    (GOOD.replace("C50,", "C50,0000001"), "more than 6 decimals"),
    (GOOD.replace("260302C50", "260230C50"), "no day"),
    (GOOD.replace("260302C50", "2603020230C50"), "no day of a year"),
    (GOOD.replace(":60F:C260301EUR0,", ":60F:nothing"), "no balance"),
    (GOOD.replace(":62F:C260302EUR", ":62F:C260302USD"), "opened in EUR, and closes in USD"),
    (GOOD.replace(":62F:", ":63F:"), "lacks its account"),
    (GOOD.replace(ACCOUNT, " "), "lacks its account"),
    (GOOD + "\x00", "NUL"),
]


@pytest.mark.parametrize(("text", "reason"), MALFORMED)
def test_a_malformed_file_is_refused_with_the_line(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_file(text.encode(), None)


def test_latin_1_is_read_where_it_is_no_utf_8() -> None:
    body = GOOD.replace("NTRFx", "NTRFx\r\n:86:Müller").encode("latin-1")
    (statement,) = read_file(body, None)
    assert statement.lines[0].text == "Müller"


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(0, 20))
def test_any_bytes_are_read_or_refused(junk: bytes, at: int, drop: int) -> None:
    good = (GOOD + GERMAN).encode()
    for body in (junk, good[:at] + junk + good[at + drop :]):
        try:
            read_file(body, None)
        except Unreadable as error:
            assert str(error)
