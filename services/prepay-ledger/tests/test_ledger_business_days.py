"""On which days banks work: weekends, holidays, and weekends that are declared working."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.business_days import BusinessDays
from prewatt_metering.tariffs.holidays import HolidayCalendar

CHINA = BusinessDays(HolidayCalendar(country="CN"))
GERMANY = BusinessDays(HolidayCalendar(country="DE"))
PLAIN = BusinessDays(HolidayCalendar())
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("days", "day", "works"),
    [
        (PLAIN, "2026-03-06", True),
        (PLAIN, "2026-03-07", False),
        (GERMANY, "2026-04-03", False),  # Good Friday
        (GERMANY, "2026-04-06", False),
        (CHINA, "2025-10-01", False),
        (CHINA, "2025-09-28", True),  # a Sunday, worked for the week after
        (CHINA, "2025-10-11", True),
    ],
)
def test_a_business_day(days: BusinessDays, day: str, works: bool) -> None:
    assert days.has(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("after", "days", "then"),
    [
        ("2026-04-02", 1, "2026-04-07"),  # over Easter
        ("2026-04-02", 0, "2026-04-02"),
        ("2026-04-04", 1, "2026-04-07"),
        ("2026-12-23", 2, "2026-12-28"),
    ],
)
def test_so_many_business_days_after(after: str, days: int, then: str) -> None:
    assert GERMANY.after(date.fromisoformat(after), days) == date.fromisoformat(then)


@given(st.sampled_from([CHINA, GERMANY, PLAIN]), DAYS, st.integers(1, 10))
def test_what_is_counted_is_what_is_gone(days: BusinessDays, day: date, count: int) -> None:
    there = days.after(day, count)
    assert days.has(there)
    assert days.count(day, there + timedelta(days=1)) == count
    assert days.count(day, there) == count - 1
    assert days.before(there, count) <= max(day, days.on_or_after(day))
    assert days.on_or_after(there) == there


def test_a_calendar_that_has_no_business_day_is_not_gone_by_for_ever() -> None:
    never = tuple(date(2026, 1, 1) + timedelta(days=each) for each in range(200))
    assert BusinessDays(HolidayCalendar(also=never)).on_or_after(never[0]) == never[60]


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ValueError, match="XX"):
        BusinessDays(HolidayCalendar(country="XX"))
