"""Receipts as text: in columns, in both languages, void or not."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.paper.text import COLUMNS, pair, slip_text, width, wrapped
from prepay_ledger.paper.values import Language
from prepay_ledger.vending.receipt import vend_slip
from prepay_ledger.vending.values import Order, Tender, Vend, Void

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
SALE = Vend(
    id=UUID(int=1),
    vendor_id=UUID(int=2),
    vendor_code="shop-7",
    vendor_name="站前路便利店",
    order=Order(
        key="k-1",
        account_number="A-1001",
        amount_micro=50_000_000,
        tender=Tender.CASH,
        reference="T7-000123",
    ),
    account_id=UUID(int=3),
    currency="CNY",
    sold_by="li",
    business_day=date(2026, 3, 1),
    balance_before_micro=-8_000_000,
    balance_micro=32_000_000,
    owed_micro=15_500_000,
    paid_off={UUID(int=4): 10_000_000},
    credit_micro=20_000_000,
    supply_state="reconnecting",
    at=AT,
)
VOID = Void(id=UUID(int=5), key="v", who="wang", reason="户号错误", balance_micro=-8_000_000, at=AT)
CHINESE = """\
               站前路便利店
               电费缴费凭证
------------------------------------------
户号                                A-1001
时间                   2026-03-01 12:00:00
收费员                                  li
流水号                           T7-000123
------------------------------------------
现金                             50.00 CNY
  其中:偿还欠费                  10.00 CNY
  其中:归还透支                   8.00 CNY
  其中:计入余额                  32.00 CNY
------------------------------------------
余额                             32.00 CNY
停电前可用                       52.00 CNY
另欠                             15.50 CNY
------------------------------------------
凭证号
      00000000-0000-0000-0000-000000000001
------------------------------------------
              请妥善保管凭证
"""


def slip_of(sale: Vend, *, local_time: str, language: Language) -> str:
    return slip_text(vend_slip(sale, local_time=local_time, language=language))


def test_a_receipt_in_chinese_stands_in_columns() -> None:
    shown = slip_of(SALE, local_time="2026-03-01 12:00:00", language=Language.CHINESE)
    assert shown == CHINESE


@pytest.mark.parametrize("language", Language)
def test_a_void_receipt_says_so_first_and_last(language: Language) -> None:
    void = replace(SALE, void=VOID)
    said = slip_of(void, local_time="2026-03-01 12:00:00", language=language)
    mark = {Language.ENGLISH: "*** VOID ***", Language.CHINESE: "*** 已作废 ***"}[language]
    assert said.count(mark) == 2
    assert said.index(mark) < said.index("A-1001")
    assert "wang" in said
    assert "-8.00 CNY" in said


texts = st.text(st.characters(exclude_categories=["C", "Z", "M"]), max_size=90)


@given(name=texts, number=texts, who=texts, language=st.sampled_from(Language))
def test_no_line_is_wider_than_the_roll_and_nothing_is_left_out(
    name: str, number: str, who: str, language: Language
) -> None:
    order = replace(SALE.order, account_number=number)
    sale = replace(SALE, vendor_name=name, sold_by=who, order=order)
    said = slip_of(sale, local_time="2026-03-01 12:00:00", language=language)
    assert max(map(width, said.splitlines())) <= COLUMNS
    packed = "".join(said.split())
    assert all(text in packed for text in (name, number, who))


@given(text=texts)
def test_what_does_not_fit_is_wrapped_to_the_right(text: str) -> None:
    assert "".join(wrapped(text)) == text
    assert all(width(line) <= COLUMNS for line in pair("户号", text))
