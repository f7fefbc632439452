"""What a vendor may sell, where a payment went, and what of a name is shown."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.vending.refusals import DayLimitReached, FloatUsedUp, VendorClosed
from prepay_ledger.vending.rules import check_may_sell, masked, parts_of, sold
from prepay_ledger.vending.values import Limits, Order, Tender, Vend, Vendor, VendorKind
from prewatt_common.refusals import Refusal

TODAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP = Vendor(
    id=UUID(int=7),
    code="shop-7",
    name="Shop",
    kind=VendorKind.SHOP,
    currency="CNY",
    limits=Limits(day_limit_micro=100, credit_limit_micro=0),
    balance_micro=80,
    opened_at=AT,
)
amounts = st.integers(1, 10**15)


@pytest.mark.parametrize(
    ("changed", "amount_micro", "refused"),
    [
        ({}, 80, None),
        ({}, 81, FloatUsedUp),
        ({"limits": Limits(day_limit_micro=100, credit_limit_micro=20)}, 100, None),
        ({"limits": Limits(day_limit_micro=100, credit_limit_micro=20)}, 101, DayLimitReached),
        ({"balance_micro": 500}, 100, None),
        ({"balance_micro": 500}, 101, DayLimitReached),
        ({"balance_micro": 500, "sold_on": TODAY, "sold_micro": 90}, 10, None),
        ({"balance_micro": 500, "sold_on": TODAY, "sold_micro": 90}, 11, DayLimitReached),
        ({"balance_micro": 500, "sold_on": TODAY - timedelta(1), "sold_micro": 90}, 100, None),
        ({"balance_micro": -5, "limits": Limits(day_limit_micro=9, credit_limit_micro=5)}, 1,
         FloatUsedUp),
        ({"limits": Limits(day_limit_micro=100, credit_limit_micro=0, is_open=False)}, 1,
         VendorClosed),
    ],
)  # fmt: skip
def test_limits_and_floats_refuse_by_name(changed, amount_micro, refused) -> None:
    vendor = replace(SHOP, **changed)
    if refused is None:
        check_may_sell(vendor, amount_micro, today=TODAY)
        return
    with pytest.raises(refused) as raised:
        check_may_sell(vendor, amount_micro, today=TODAY)
    assert isinstance(raised.value, Refusal)
    assert "shop-7" in str(raised.value)
    assert "nothing was taken" in str(raised.value)


@given(micro=amounts, on=st.dates(), before=st.integers(0, 10**15))
def test_a_sale_and_its_void_leave_float_and_day_as_they_were(micro, on, before) -> None:
    vendor = replace(SHOP, sold_on=on, sold_micro=before)
    assert sold(sold(vendor, micro, on=on), -micro, on=on) == vendor


def test_a_void_of_an_earlier_day_gives_the_float_back_and_leaves_today() -> None:
    vendor = replace(SHOP, sold_on=TODAY, sold_micro=30)
    after = sold(vendor, -10, on=TODAY - timedelta(1))
    assert (after.balance_micro, after.sold_on, after.sold_micro) == (90, TODAY, 30)


@given(
    amount=amounts,
    share=st.integers(0, 1_000_000),
    before=st.integers(-(10**15), 10**15),
)
def test_the_parts_of_a_payment_sum_to_it(amount, share, before) -> None:
    debts = amount * share // 1_000_000
    vend = Vend(
        id=UUID(int=1),
        vendor_id=SHOP.id,
        vendor_code=SHOP.code,
        vendor_name=SHOP.name,
        order=Order(key="k", account_number="1", amount_micro=amount, tender=Tender.CASH),
        account_id=UUID(int=2),
        currency="CNY",
        sold_by="till",
        business_day=TODAY,
        balance_before_micro=before,
        balance_micro=before + amount - debts,
        owed_micro=0,
        paid_off={UUID(int=3): debts},
        credit_micro=0,
        supply_state="connected",
        at=AT,
    )
    parts = parts_of(vend)
    assert parts.debts_micro + parts.made_good_micro + parts.added_micro == amount
    assert min(parts.debts_micro, parts.made_good_micro, parts.added_micro) >= 0
    # What is new on the balance is there after it, and nothing is new while it is below zero.
    assert parts.added_micro == max(0, vend.balance_micro) - max(0, before) or debts > amount


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("欧阳小明", "欧***"),
        ("John Doe", "J*** D**"),
        ("  Ana   María ", "A** M****"),
        ("X", "*"),
        ("Jose\N{COMBINING ACUTE ACCENT}", "J***"),
    ],
)
def test_a_name_is_masked(name, shown) -> None:
    assert masked(name) == shown
