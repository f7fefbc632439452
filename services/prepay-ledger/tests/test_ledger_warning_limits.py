"""At which balances a customer is warned, and that each is told once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.supply.warning_limits import (
    WarningLimit,
    next_look,
    to_tell,
    told_now,
    tomorrow,
    warning_limits,
)
from prewatt_common.contracts.ledger_events_v1 import WarnedBy
from prewatt_common.contracts.supply_policy_v1 import Warnings

POLICY = Warnings(
    below_micro=(30_000_000, 10_000_000), below_topup_ppm=(200_000, 50_000), days_left=(7, 3, 1)
)


def test_limits_come_from_the_account_the_policy_the_last_top_up_and_the_use() -> None:
    limits = warning_limits(
        POLICY, own_micro=20_000_000, last_topup_micro=100_000_000, day_micro=4_000_000
    )
    assert [(each.micro, each.key) for each in limits] == [
        (30_000_000, "money:30000000"),
        (28_000_000, "days_left:7"),
        (20_000_000, "account"),
        (20_000_000, "topup:200000"),
        (12_000_000, "days_left:3"),
        (10_000_000, "money:10000000"),
        (5_000_000, "topup:50000"),
        (4_000_000, "days_left:1"),
    ]


def test_what_is_not_known_is_no_limit() -> None:
    assert [each.key for each in warning_limits(POLICY, own_micro=0)] == [
        "money:30000000",
        "money:10000000",
        "account",
    ]
    assert warning_limits(Warnings(), own_micro=5) == (WarningLimit(micro=5, by=WarnedBy.ACCOUNT),)


steps = st.lists(st.integers(min_value=-50, max_value=400), min_size=1, max_size=30)


@given(steps)
def test_each_limit_is_told_once_until_the_balance_was_above_it(balances: list[int]) -> None:
    limits = warning_limits(
        Warnings(below_micro=(300, 200, 100)), own_micro=150, last_topup_micro=None
    )
    told: tuple[str, ...] = ()
    before = 10**9
    for balance in balances:
        limit = to_tell(limits, balance_micro=balance, told=told)
        fallen_to = [each for each in limits if balance <= each.micro < before]
        assert (limit is not None) == bool(fallen_to)
        if limit is not None:
            assert limit.micro == fallen_to[-1].micro, "the most urgent one"
        told = told_now(limits, balance_micro=balance, told=told)
        before = balance


@given(st.lists(st.integers(min_value=80, max_value=120), min_size=2, max_size=60))
def test_use_that_goes_up_and_down_is_no_reason_to_tell_again(day_costs: list[int]) -> None:
    """The balance stands still, and what seven days cost passes it again and again."""
    policy = Warnings(days_left=(7,))
    told: tuple[str, ...] = ()
    times = 0
    for day in day_costs:
        limits = warning_limits(policy, own_micro=0, day_micro=day)
        times += to_tell(limits, balance_micro=700, told=told) is not None
        told = told_now(limits, balance_micro=700, told=told)
    assert times <= 1


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/London", "America/New_York", "UTC"])
def test_what_rests_on_use_is_looked_at_early_on_the_next_local_day(zone: str) -> None:
    here = ZoneInfo(zone)
    for hour in range(24 * 14):
        now = datetime(2026, 10, 20, tzinfo=UTC) + timedelta(hours=hour)
        for number in (0, 7, 6 * 3_600 - 1, 2**100):
            at = tomorrow(UUID(int=number), zone=here, now=now)
            assert at > now
            local = at.astimezone(here)
            assert local.date() == now.astimezone(here).date() + timedelta(days=1)
            assert local.hour <= 6
    assert next_look(Warnings(), account_id=UUID(int=1), zone=here, now=now) is None
    assert next_look(POLICY, account_id=UUID(int=1), zone=here, now=now) is not None
