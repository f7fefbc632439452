"""Banks' CSV by mappings: what it says, and what is refused."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prepay_ledger.bank_files.csv_mapping import CsvMapping
from prepay_ledger.bank_files.read_file import read_file
from prepay_ledger.bank_files.values import Unreadable

MICRO = 1_000_000
PLAIN: dict[str, Any] = {
    "account": "6222 0001",
    "currency": "CNY",
    "booked_on": "day",
    "amount": "amount",
    "text": ["text"],
}
GERMAN = {
    "account": "DE02120300000000202051",
    "currency_column": "Währung",
    "encoding": "latin-1",
    "delimiter": ";",
    "booked_on": "Buchungstag",
    "value_on": "Valuta",
    "date_form": "%d.%m.%Y",
    "amount": "Betrag",
    "decimal": ",",
    "group": ".",
    "text": ["Verwendungszweck", "Art"],
    "charge_words": ["Entgelt"],
    "return_words": ["Rücklastschrift"],
    "other_party": "Name",
}
GERMAN_FILE = (
    "Buchungstag;Valuta;Art;Name;Verwendungszweck;Betrag;Währung\r\n"
    "02.03.2026;02.03.2026;Gutschrift;Müller;RF18 5390 0754 7034;1.234,50;EUR\r\n"
    "03.03.2026;;Entgelt;;Kontoführung;-3,5;EUR\r\n"
    "03.03.2026;;Rücklastschrift;;Miete;-1;EUR\r\n"
)
CHINESE = {
    "account_column": "账号",
    "currency": "CNY",
    "encoding": "gbk",
    "lines_before_header": 1,
    "booked_on": "交易日期",
    "date_form": "%Y%m%d",
    "amount": "金额",
    "direction": {"column": "借贷标志", "credit": ["贷"], "debit": ["借"]},
    "balance": "余额",
    "bank_reference": "流水号",
    "text": ["附言"],
    "newest_first": True,
    "group": ",",
}
CHINESE_FILE = (
    "中国某银行 账户明细\r\n账号,交易日期,借贷标志,金额,余额,流水号,附言\r\n"
    '6222,20260303,借,5.00,"1,045.00",F3,转出\r\n'
    "6222,20260302,贷,50.00,1050.00,F2,电费 000000017\r\n"
    "6222,20260302,贷,1000.00,1000.00,F1,电费\r\n"
)
TWO_COLUMNS = PLAIN | {"amount": None, "credit": "in", "debit": "out"}


def told(text: str, mapping: dict[str, Any], encoding: str = "utf-8") -> list[tuple[str, int]]:
    (statement,) = read_file(text.encode(encoding), CsvMapping.model_validate(mapping))
    return [(each.kind.value, each.amount_micro) for each in statement.lines]


def test_a_german_file() -> None:
    assert told(GERMAN_FILE, GERMAN, "latin-1") == [
        ("credit", 1_234_500_000), ("charge", -3_500_000), ("return", -MICRO),
    ]  # fmt: skip
    (statement,) = read_file(GERMAN_FILE.encode("latin-1"), CsvMapping.model_validate(GERMAN))
    first = statement.lines[0]
    assert (statement.currency, first.booked_on, first.value_on) == (
        "EUR", date(2026, 3, 2), date(2026, 3, 2),
    )  # fmt: skip
    assert (first.text, first.other_party) == ("RF18 5390 0754 7034 Gutschrift", "Müller")
    assert (statement.lines[1].value_on, statement.opening_micro) == (None, None)


def test_a_chinese_file_in_gbk_newest_first_with_balances() -> None:
    (statement,) = read_file(CHINESE_FILE.encode("gbk"), CsvMapping.model_validate(CHINESE))
    assert [(each.booking, each.amount_micro) for each in statement.lines] == [
        ("F1", 1_000 * MICRO), ("F2", 50 * MICRO), ("F3", -5 * MICRO),
    ]  # fmt: skip
    assert (statement.account, statement.opening_micro) == ("6222", 0)
    assert (statement.closing_micro, statement.lines[1].text) == (1_045 * MICRO, "电费 000000017")
    missing = CHINESE_FILE.replace("1050.00", "1051.00").replace("1,045.00", "1,046.00")
    with pytest.raises(Unreadable, match="line 4: the balance after it does not follow"):
        read_file(missing.encode("gbk"), CsvMapping.model_validate(CHINESE))


@pytest.mark.parametrize(
    ("amount", "micro"),
    [("50", 50), ("-50", -50), ("+50", 50), ("50-", -50), ("(50)", -50), ("\N{MINUS SIGN}50", -50)],
)
def test_signs_as_banks_write_them(amount: str, micro: int) -> None:
    ((_, told_micro),) = told(f"day,amount,text\n2026-03-02,{amount},x\n", PLAIN)
    assert told_micro == micro * MICRO


def test_sums_below_the_table_numbers_for_excel_and_currencies_beside_amounts() -> None:
    text = (
        'day,amount,text\n2026-03-02,"¥1,234.50",="000000017"\n'
        "2026-03-03,CNY 2.00,`000000018\n合计,1236.50\n以上明细仅供参考\n"
    )
    mapping = CsvMapping.model_validate(PLAIN | {"group": ",", "ends_at": ["合计"]})
    (statement,) = read_file(text.encode(), mapping)
    assert [(each.amount_micro, each.text) for each in statement.lines] == [
        (1_234_500_000, "000000017"), (2 * MICRO, "000000018"),
    ]  # fmt: skip
    with pytest.raises(Unreadable, match="line 4"):
        read_file(text.encode(), CsvMapping.model_validate(PLAIN | {"group": ","}))


@pytest.mark.parametrize(
    ("amount", "group"),
    [("1 234.5", " "), ("1\u00a0234.5", " "), ("1\u202f234.5", " "), ("1’234.5", "'"),
     ("1'234.5", "'")],
)  # fmt: skip
def test_thousands_as_banks_part_them(amount: str, group: str) -> None:
    assert told(f"day,amount,text\n2026-03-02,{amount},x\n", PLAIN | {"group": group}) == [
        ("credit", 1_234_500_000)
    ]


def test_credits_and_debits_in_columns_of_their_own() -> None:
    body = "day,in,out,text\n2026-03-02,5,,x\n2026-03-02,,7,x\n2026-03-02,0,-8,x\n\n"
    assert told(body, TWO_COLUMNS) == [
        ("credit", 5 * MICRO), ("debit", -7 * MICRO), ("debit", -8 * MICRO),
    ]  # fmt: skip
    assert told("day;amount;text\n2026-03-02;1;x", PLAIN | {"delimiter": ";"}) == [
        ("credit", MICRO)
    ]
    assert told("day\tamount\ttext\n2026-03-02\t1\tx", PLAIN | {"delimiter": "\\t"}) == [
        ("credit", MICRO)
    ]


HEADER = "day,amount,text\n"
MALFORMED = [
    ("", PLAIN, "no column day, amount, text"),
    (HEADER, PLAIN, "no lines"),
    ("day,text\n2026-03-02,x\n", PLAIN, "line 1: the header has no column amount"),
    ("day,amount,text,day\n", PLAIN, "column day twice"),
    (HEADER + "2026-03-02,5\n", PLAIN, "line 2: it has 2 fields, and the header 3"),
    (HEADER + "2026-03-02,five,x\n", PLAIN, "line 2: 'five' is no amount"),
    (HEADER + "2026-03-02,,x\n", PLAIN, "no amount"),
    (HEADER + "2026-03-02,1.5,x\n", PLAIN | {"decimal": ","}, "'1.5' is no amount"),
    (HEADER + '2026-03-02,"1,5",x\n', PLAIN, "'1,5' is no amount"),
    (HEADER + "02.03.2026,5,x\n", PLAIN, "no day of the form %Y-%m-%d"),
    (HEADER + '2026-03-02,5,"x\n', PLAIN, "line 2: "),
    (HEADER + "2026-03-02,5,\x00\n", PLAIN, "NUL"),
    ("day,in,out,text\n2026-03-02,5,7,x\n", TWO_COLUMNS, "both a credit and a debit"),
    (
        "账号,交易日期,借贷标志,金额,余额,流水号,附言\n6222,20260302,他,5,5,F,x\n",
        CHINESE | {"encoding": "utf-8", "lines_before_header": 0},
        "'他' is neither a credit nor a debit",
    ),
    (CHINESE_FILE.replace("6222,", ",", 1), CHINESE | {"encoding": "utf-8"}, "names no account"),
]


@pytest.mark.parametrize(("text", "mapping", "reason"), MALFORMED)
def test_a_malformed_file_is_refused_with_the_line(
    text: str, mapping: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        told(text, mapping)


def test_another_encoding_than_the_mapping_says_is_refused() -> None:
    with pytest.raises(Unreadable, match="not utf-8: byte"):
        told(CHINESE_FILE, CHINESE | {"encoding": "utf-8"}, "gbk")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"account": None}, "name the account"),
        ({"account_column": "a"}, "name the account"),
        ({"currency": None}, "name the currency"),
        ({"currency": "yuan"}, "currency"),
        ({"amount": None}, "name amount"),
        ({"credit": "in", "debit": "out"}, "name amount"),
        ({"amount": None, "credit": "in"}, "name both"),
        ({"group": "."}, "same character"),
        ({"encoding": "klingon"}, "encoding"),
        ({"colour": "red"}, "colour"),
        ({"direction": {"column": "d", "credit": ["C"], "debit": []}}, "debit"),
    ],
)
def test_a_mapping_says_all_and_nothing_else(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        CsvMapping.model_validate(PLAIN | change)


@given(st.binary(max_size=200), st.sampled_from(["utf-8", "gbk", "latin-1", "utf-16"]))
def test_any_bytes_are_read_or_refused(junk: bytes, encoding: str) -> None:
    mapping = CsvMapping.model_validate(PLAIN | {"encoding": encoding})
    for body in (junk, HEADER.encode() + b"2026-03-02,5,x\n" + junk):
        try:
            read_file(body, mapping)
        except Unreadable as error:
            assert str(error)
