"""Instalments bring the end of money nearer, and never nearer than where the customer is warned."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.debts.rules import plan_of
from prepay_ledger.debts.values import BillCause, Debt, Origin
from prepay_ledger.forecasts.instalments import Due, dues_of, with_instalments
from prewatt_metering.calendar.instants import DAY_US, instant_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.forecast.run_out import CostsAhead, run_out

DAYS = 92
COSTS = CostsAhead(
    at_us=(0, DAYS * DAY_US),
    low_micro=(0, DAYS * 500),
    middle_micro=(0, DAYS * 1_000),
    high_micro=(0, DAYS * 2_000),
)


def ends(dues: list[Due], *, balance: int, keep: int) -> tuple[float | None, ...]:
    """p10, p50 and p90 in days."""
    costs = with_instalments(COSTS, dues, balance_micro=balance, keep_above_micro=keep)
    found = run_out(costs, left_micro=balance, now_us=0)
    return tuple(
        None if us is None else round(us / DAY_US, 2)
        for us in (found.p10_us, found.p50_us, found.p90_us)
    )


TABLE = {
    "none": ([], 40_000, 0, (20, 40, 80)),
    "one, as far as all can pay": ([(10, 6_000)], 40_000, 0, (17, 34, 68)),
    "due now": ([(0, 6_000)], 40_000, 0, (17, 34, 68)),
    "after the end of all": ([(85, 6_000)], 40_000, 0, (20, 40, 80)),
    "only who is above the warning pays": ([(15, 6_000)], 40_000, 12_000, (20, 34, 68)),
    "and no more than down to it": ([(15, 20_000)], 40_000, 20_000, (20, 35, 55)),
    "two": ([(10, 3_000), (20, 3_000)], 40_000, 1_000, (18.5, 34, 68)),
    "nobody is above it": ([(0, 6_000)], 40_000, 40_000, (20, 40, 80)),
}


@pytest.mark.parametrize("name", TABLE)
def test_when_money_ends_with_instalments(name: str) -> None:
    some, balance, keep, expected = TABLE[name]
    dues = [Due(day * DAY_US, micro) for day, micro in some]
    assert ends(dues, balance=balance, keep=keep) == pytest.approx(expected, abs=0.02)


@given(
    st.lists(st.tuples(st.integers(-5, 100), st.integers(1, 30_000)), max_size=5),
    st.integers(0, 80_000),
    st.integers(-10_000, 40_000),
)
def test_they_never_let_money_end_later_nor_courses_cross(some, balance, keep) -> None:
    dues = sorted(Due(day * DAY_US, micro) for day, micro in some)
    costs = with_instalments(COSTS, dues, balance_micro=balance, keep_above_micro=keep)
    for course in (costs.low_micro, costs.middle_micro, costs.high_micro):
        assert list(course) == sorted(course)
    for low, middle, high in zip(
        costs.low_micro, costs.middle_micro, costs.high_micro, strict=True
    ):
        assert low <= middle <= high
    before, after = (ends(each, balance=balance, keep=keep) for each in ([], dues))
    for plain, nearer in zip(before, after, strict=True):
        assert plain is None or (nearer is not None and nearer <= plain + 0.02)


def debt(**changes: object) -> Debt:
    """Of 300, paid by three instalments from 10 October on."""
    first = date(2026, 10, 10)
    whole = Debt(
        id=UUID(int=1),
        account_id=UUID(int=2),
        source="edit/1",
        origin=Origin(UUID(int=3), first),
        cause=BillCause.EDIT,
        our_fault=False,
        used_until=first,
        currency="CNY",
        amount_micro=300,
        paid_micro=0,
        lowered_micro=0,
        created_at=datetime(2026, 9, 1, tzinfo=UTC),
        plan=plan_of(300, instalments=3, first_due=first),
        instalments=3,
        first_due=first,
    )
    return replace(whole, **changes)


NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
BERLIN = LocalCalendar("Europe/Berlin")


def asked(one: Debt, **changes: object) -> list[tuple[str, int]]:
    """In local time."""
    values: dict[str, Any] = {"now": NOW, "not_before": None, "days_ahead": 92} | changes
    found = dues_of([one], calendar=BERLIN, **values)
    return [
        (f"{instant_of(each.at_us).astimezone(BERLIN.tz):%m-%d %H:%M}", each.amount_micro)
        for each in found
    ]


NOVEMBER, DECEMBER = ("11-10 00:00", 100), ("12-10 00:00", 100)


def test_what_is_asked_for_and_when() -> None:
    one = debt()
    # October's is overdue: it is asked for now, and the others on their local days.
    assert asked(one) == [("10-20 14:00", 100), NOVEMBER, DECEMBER]
    assert asked(debt(paid_micro=100)) == [NOVEMBER, DECEMBER]
    assert asked(debt(paid_micro=100), days_ahead=30) == [NOVEMBER]
    assert asked(debt(plan=())) == [], "nobody has agreed on any"
    assert asked(debt(paid_micro=300)) == []


def test_a_month_takes_one_instalment_and_what_is_overdue_comes_after() -> None:
    held = debt(taken_month=date(2026, 10, 1), taken_micro=100)
    assert asked(held) == [("11-01 00:00", 100), ("12-01 00:00", 100), ("01-01 00:00", 100)]


def test_nothing_is_asked_for_in_a_pause_or_soon_after_supply_came_back() -> None:
    paused = debt(paused_until=date(2026, 11, 20))
    assert asked(paused) == [("11-20 00:00", 100), ("12-01 00:00", 100), ("01-01 00:00", 100)]
    back = asked(debt(), not_before=NOW + timedelta(days=3))
    assert back == [("10-23 14:00", 100), NOVEMBER, DECEMBER]
