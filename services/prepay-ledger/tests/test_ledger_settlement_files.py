"""Providers' settlement files: what they say, and what is refused."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_settlements import (
    MERCHANT,
    MICRO,
    PLAIN,
    SELLER,
    Row,
    alipay_file,
    plain_file,
    stripe_file,
    wechat_file,
)
from pydantic import ValidationError

from prepay_ledger.bank_files.values import Unreadable
from prepay_ledger.settlement_files.csv_mapping import SettlementMapping
from prepay_ledger.settlement_files.read_file import read_file
from prepay_ledger.settlement_files.values import (
    Expected,
    FileFormat,
    LineKind,
    SettledDays,
    SettledLine,
)

DAY = date(2026, 3, 2)
CHINA = SettledDays(zone=ZoneInfo("Asia/Shanghai"))
MERCHANTS = {FileFormat.WECHAT_PAY: MERCHANT, FileFormat.ALIPAY: SELLER}
RENDER: dict[FileFormat, Callable[[Sequence[Row]], bytes]] = {
    FileFormat.STRIPE: stripe_file,
    FileFormat.WECHAT_PAY: wechat_file,
    FileFormat.ALIPAY: alipay_file,
    FileFormat.CSV: plain_file,
}
KINDS = {
    "pay": LineKind.PAYMENT, "refund": LineKind.REFUND, "chargeback": LineKind.CHARGEBACK,
    "won": LineKind.CHARGEBACK_WON, "reversal": LineKind.REVERSAL, "payout": LineKind.PAYOUT,
    "fee": LineKind.FEE,
}  # fmt: skip
PAY = Row(id="p1", micro=50 * MICRO, fee_micro=300_000, account="1001")
BACK = Row(kind="refund", id="p1", own_id="r1", micro=5 * MICRO, fee_micro=-30_000)


def read(
    form: FileFormat,
    body: bytes,
    *,
    day: date = DAY,
    days: SettledDays = CHINA,
    mapping: dict[str, Any] | None = None,
    ours: bool = True,
) -> Sequence[SettledLine]:
    merchants = frozenset({MERCHANTS[form]}) if ours and form in MERCHANTS else frozenset[str]()
    expected = Expected(format=form, day=day, days=days, merchants=merchants)
    given_mapping = SettlementMapping.model_validate(mapping or PLAIN)
    return read_file(body, expected, given_mapping if form is FileFormat.CSV else None)


@pytest.mark.parametrize("form", FileFormat)
def test_a_payment_and_a_refund_are_read_alike_of_all(form: FileFormat) -> None:
    paid, back = read(form, RENDER[form]([PAY, BACK]))
    assert (paid.kind, paid.payment_id, paid.movement_id) == (LineKind.PAYMENT, "p1", "p1")
    assert (paid.amount_micro, paid.fee_micro, paid.currency) == (50 * MICRO, 300_000, "CNY")
    assert (paid.account_number, paid.owed_micro) == ("1001", 49_700_000)
    zone = UTC if form is FileFormat.STRIPE else CHINA.zone
    assert paid.at == datetime(2026, 3, 2, 10, tzinfo=zone)
    assert (back.kind, back.payment_id, back.movement_id) == (LineKind.REFUND, "p1", "r1")
    assert (back.amount_micro, back.owed_micro) == (5 * MICRO, -4_970_000)


@pytest.mark.parametrize("form", FileFormat)
def test_a_day_without_any_payment_is_a_file_too(form: FileFormat) -> None:
    assert read(form, RENDER[form]([])) == []


@pytest.mark.parametrize("form", [FileFormat.STRIPE, FileFormat.CSV])
def test_what_is_no_payment(form: FileFormat) -> None:
    rows = [
        Row(kind="chargeback", id="p1", own_id="d1", micro=50 * MICRO, fee_micro=15 * MICRO),
        Row(kind="won", id="p1", own_id="d1", micro=50 * MICRO),
        Row(kind="reversal", id="p2", own_id="x", micro=MICRO),
        Row(kind="fee", id="f", micro=0, fee_micro=2 * MICRO),
        Row(kind="payout", id="", reference="po_1", micro=30 * MICRO),
        Row(kind="risk_reserved_funds", id="z", micro=7 * MICRO),
    ]
    lines = read(form, RENDER[form](rows))
    assert [each.kind for each in lines] == [
        LineKind.CHARGEBACK, LineKind.CHARGEBACK_WON, LineKind.REVERSAL, LineKind.FEE,
        LineKind.PAYOUT, LineKind.OTHER,
    ]  # fmt: skip
    other = -7 if form is FileFormat.STRIPE else 7
    assert [each.owed_micro // MICRO for each in lines] == [-65, 50, -1, -2, -30, other]
    assert lines[4].reference == "po_1"
    assert [each.movement_id for each in lines[:3]] == ["d1", "d1", "x"]


def changed(body: bytes, old: str, new: str, encoding: str = "utf-8") -> bytes:
    text = body.decode(encoding)
    assert old in text
    return text.replace(old, new, 1).encode(encoding)


WECHAT, ALIPAY, STRIPE, CSV = (
    wechat_file([PAY, BACK]), alipay_file([PAY, BACK]), stripe_file([PAY, BACK]),
    plain_file([PAY, BACK]),
)  # fmt: skip
MALFORMED: list[tuple[FileFormat, bytes, str]] = [
    (FileFormat.STRIPE, b"", "the header has no column balance_transaction_id"),
    (FileFormat.STRIPE, changed(STRIPE, "49.7", "49.8"), "line 2: gross 50 less fee 0.3 is not"),
    (FileFormat.STRIPE, changed(STRIPE, "refund", "charge"), "line 3: a payment of gross"),
    (FileFormat.STRIPE, changed(STRIPE, "cny", "money"), "line 2: 'MONEY' is no currency"),
    (FileFormat.STRIPE, changed(STRIPE, "10:00:00", "25:00:00"), "line 2: '2026-03-02 25"),
    (FileFormat.STRIPE, changed(STRIPE, "2026-03-02 10", "2026-03-05 10"), "line 2: a payment of"),
    (FileFormat.WECHAT_PAY, b"", "line 1: the header has no column 交易时间"),
    (FileFormat.WECHAT_PAY, wechat_file([PAY], 订单总金额="51"), "line 4: 订单总金额 is 51000000"),
    (FileFormat.WECHAT_PAY, wechat_file([PAY], 总交易单数="2"), "line 4: 总交易单数 is '2'"),
    (FileFormat.WECHAT_PAY, wechat_file([PAY], 手续费总金额="0.2"), "line 4: 手续费总金额 is"),
    (FileFormat.WECHAT_PAY, WECHAT[: WECHAT.index("总交易单数".encode())], "no line of totals"),
    (FileFormat.WECHAT_PAY, changed(WECHAT, MERCHANT, "1"), "line 2: it is for merchant '1'"),
    (FileFormat.WECHAT_PAY, changed(WECHAT, "\n`", "\n"), "line 2: it does not begin with"),
    (FileFormat.WECHAT_PAY, changed(WECHAT, ",`JSAPI", ""), "line 2: it has 26 fields"),
    (FileFormat.WECHAT_PAY, changed(WECHAT, "`p1,", "`,"), "line 2: it names no 微信订单号"),
    (FileFormat.WECHAT_PAY, WECHAT + b"`1", "line 4: one line of totals has to follow"),
    (FileFormat.WECHAT_PAY, ALIPAY, "the file is not utf-8"),
    (FileFormat.ALIPAY, b"", "it is not whole"),
    (FileFormat.ALIPAY, alipay_file([PAY], more=1), "商家实收 of 交易 is 50000001"),
    (FileFormat.ALIPAY, alipay_file([PAY], seller="2088000000000000"), "line 2: it is for"),
    (FileFormat.ALIPAY, changed(ALIPAY, "计：1笔", "计：2笔", "gb18030"), "the count of"),
    (FileFormat.ALIPAY, changed(ALIPAY, "退款合计", "退款", "gb18030"), "no line #退款合计"),
    (FileFormat.ALIPAY, changed(ALIPAY, "服务费", "费", "gb18030"), "no column 服务费(元)"),
    (FileFormat.ALIPAY, ALIPAY[: ALIPAY.index(b"r1")], "it is not whole"),
    (FileFormat.ALIPAY, changed(ALIPAY, "-5\t", "5\t", "gb18030"), "line 7: a refund of 5000000"),
    (FileFormat.CSV, plain_file([PAY], more=1), "line 3: amount is 50000001 by the totals"),
    (FileFormat.CSV, changed(CSV, "total,2", "total,3"), "line 4: it says '3' lines"),
    (FileFormat.CSV, changed(CSV, "total", "sum"), "0 lines of totals"),
    (FileFormat.CSV, changed(CSV, "pay,p1", "pay,"), "line 2: it names no id"),
    (FileFormat.CSV, changed(CSV, ",50,", ",fifty,"), "'fifty' is no amount"),
    (FileFormat.CSV, b"\xff\xfe\x00", "the file is not utf-8"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "body", "reason"), MALFORMED)
def test_what_is_not_sound_is_refused_with_the_place(
    form: FileFormat, body: bytes, reason: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        read(form, body)
    assert reason in str(refused.value)


def test_a_day_is_the_providers() -> None:
    at_night = [Row(id="a", micro=MICRO, time="2026-03-02 23:59:59"), Row(id="b", micro=MICRO,
                time="2026-03-03 00:00:00")]  # fmt: skip
    # The last minute of the day before may stand in it.
    assert len(read(FileFormat.CSV, plain_file(at_night), day=date(2026, 3, 3))) == 2
    with pytest.raises(Unreadable, match="line 3: a payment of 2026-03-03, in a file of"):
        read(FileFormat.CSV, plain_file(at_night))
    with pytest.raises(Unreadable, match="none of 2026-03-03"):
        read(FileFormat.CSV, plain_file(at_night[:1]), day=date(2026, 3, 3))
    # Stripe's times are UTC, and 17:00 there is the next day in Shanghai.
    evening = stripe_file([Row(id="a", micro=MICRO, time="2026-03-02 17:00:00")])
    assert read(FileFormat.STRIPE, evening, day=date(2026, 3, 3))
    utc = SettledDays(zone=ZoneInfo("UTC"))
    assert read(FileFormat.STRIPE, evening, days=utc)


@pytest.mark.parametrize(
    ("cut_off", "at", "day"),
    [
        ("00:00", "2026-03-02 00:00:00", "2026-03-02"),
        ("00:00", "2026-03-02 23:59:59", "2026-03-02"),
        ("23:00", "2026-03-02 22:59:59", "2026-03-02"),
        ("23:00", "2026-03-02 23:00:00", "2026-03-03"),
        ("23:00", "2026-03-02 00:00:00", "2026-03-02"),
    ],
)
def test_a_day_ends_at_its_cut_off(cut_off: str, at: str, day: str) -> None:
    days = SettledDays(zone=CHINA.zone, cut_off=time.fromisoformat(cut_off))
    instant = datetime.fromisoformat(at).replace(tzinfo=CHINA.zone)
    found = days.day_of(instant)
    assert found == date.fromisoformat(day)
    assert instant < days.ends_at(found)
    assert days.day_of(days.ends_at(found)) > found


def test_a_european_csv() -> None:
    mapping = {
        "payment_id": "Zahlung", "amount": "Brutto", "fee": "Gebühr", "net": "Netto",
        "currency_column": "Währung", "encoding": "latin-1", "delimiter": ";", "decimal": ",",
        "group": ".", "time": "Zeit", "time_form": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin",
    }  # fmt: skip
    text = (
        "Zahlung;Brutto;Gebühr;Netto;Währung;Zeit\r\nA;1.234,50;0,35;1.234,15;EUR;02.03.2026 23:59"
        "\r\nA;-4,50;0;-4,50;EUR;\r\n"
    )
    days = SettledDays(zone=ZoneInfo("Europe/Berlin"))
    lines = read(FileFormat.CSV, text.encode("latin-1"), mapping=mapping, days=days)
    assert [(each.kind, each.amount_micro, each.fee_micro) for each in lines] == [
        (LineKind.PAYMENT, 1_234_500_000, 350_000), (LineKind.REFUND, 4_500_000, 0),
    ]  # fmt: skip
    off = text.replace("1.234,15", "1.234,16").encode("latin-1")
    with pytest.raises(Unreadable, match="line 2: Brutto less the fee is not Netto"):
        read(FileFormat.CSV, off, mapping=mapping, days=days)


@pytest.mark.parametrize(
    "more",
    [
        {"currency": None}, {"currency_column": "c"}, {"zone": "Mars/Olympus"}, {"paymentid": "x"},
        {"decimal": ",", "group": ","}, {"kind": {"column": "k", "payment": []}},
        {"encoding": "ebcdic"},
    ],
)  # fmt: skip
def test_a_mapping_that_is_not_whole_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SettlementMapping.model_validate(PLAIN | more)


IDS = st.text("abcXYZ0123456789-", min_size=1, max_size=20)
CENTS = st.integers(1, 10**9).map(lambda cents: cents * 10_000)


@st.composite
def rows_of(draw: st.DrawFn) -> Row:
    kind = draw(st.sampled_from(["pay", "pay", "refund"]))
    return Row(
        kind=kind,
        id=draw(IDS),
        own_id="" if kind == "pay" else draw(IDS),
        micro=draw(CENTS),
        fee_micro=draw(st.integers(-1_000, 1_000)) * 10_000,
        account=draw(st.text("0123456789", max_size=9)),
        time=f"2026-03-02 {draw(st.integers(0, 15)):02d}:00:00",
    )


@given(st.sampled_from(FileFormat), st.lists(rows_of(), max_size=8))
def test_what_is_written_is_read_again(form: FileFormat, rows: list[Row]) -> None:
    lines = read(form, RENDER[form](rows))
    assert [
        (each.kind, each.payment_id, each.amount_micro, each.fee_micro, each.account_number)
        for each in lines
    ] == [(KINDS[row.kind], row.id, row.micro, row.fee_micro, row.account) for row in rows]
    assert sum(each.owed_micro for each in lines) == sum(
        (row.micro if row.kind == "pay" else -row.micro) - row.fee_micro for row in rows
    )


@given(st.sampled_from(FileFormat), st.binary(max_size=200), st.integers(0, 2_000))
def test_any_bytes_are_read_or_refused(form: FileFormat, noise: bytes, at: int) -> None:
    whole = RENDER[form]([PAY, BACK])
    for body in (noise, whole[:at] + noise + whole[at:], whole[:at] + whole[at + 1 :]):
        try:
            read(form, body)
        except Unreadable as error:
            assert str(error)
