from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.monthly.months import BillingMonth, MonthClock, month_of_reading

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = [
    BERLIN,
    SHANGHAI,
    ZoneInfo("UTC"),
    ZoneInfo("America/Sao_Paulo"),  # midnight used to be skipped
    ZoneInfo("America/Havana"),  # midnight comes twice
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_months_are_written_read_and_ordered() -> None:
    assert str(BillingMonth.parse("2026-11")) == "2026-11"
    assert BillingMonth(2026, 12).next() == BillingMonth(2027, 1)
    assert BillingMonth(2027, 1).previous() == BillingMonth(2026, 12)
    assert BillingMonth(2026, 11).next().previous() == BillingMonth(2026, 11)
    assert BillingMonth(2026, 12) < BillingMonth(2027, 1)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "26-01", "2026/01", "", "2026-01-01", "２０２６-01"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="billing month"):
        BillingMonth.parse(text)


@pytest.mark.parametrize(
    ("month", "days"), [("2028-02", 29), ("2027-02", 28), ("2100-02", 28), ("2026-11", 30)]
)
def test_days_of_a_month(month: str, days: int) -> None:
    assert BillingMonth.parse(month).days() == days


@pytest.mark.parametrize(
    ("month", "tz", "start", "hours"),
    [
        ("2026-03", BERLIN, "2026-02-28T23:00", 31 * 24 - 1),
        ("2026-10", BERLIN, "2026-09-30T22:00", 31 * 24 + 1),
        ("2026-11", BERLIN, "2026-10-31T23:00", 30 * 24),
        ("2026-10", SHANGHAI, "2026-09-30T16:00", 31 * 24),
    ],
)
def test_a_month_begins_and_ends_at_local_midnight(
    month: str, tz: ZoneInfo, start: str, hours: int
) -> None:
    m = BillingMonth.parse(month)
    assert m.start(tz) == utc(start)
    assert m.end(tz) - m.start(tz) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("at", "tz", "month", "day"),
    [
        # midnight closes the day and the month before
        ("2026-11-30T16:00:00", SHANGHAI, "2026-11", date(2026, 11, 30)),
        ("2026-11-30T16:00:01", SHANGHAI, "2026-12", date(2026, 12, 1)),
        ("2026-11-30T15:59:59", SHANGHAI, "2026-11", date(2026, 11, 30)),
        ("2026-11-30T23:00:00", BERLIN, "2026-11", date(2026, 11, 30)),
        ("2026-11-30T23:00:00.000001", BERLIN, "2026-12", date(2026, 12, 1)),
        # the year's turn
        ("2026-12-31T16:00:00", SHANGHAI, "2026-12", date(2026, 12, 31)),
        ("2026-12-31T16:15:00", SHANGHAI, "2027-01", date(2027, 1, 1)),
        # a leap February
        ("2028-02-29T16:00:00", SHANGHAI, "2028-02", date(2028, 2, 29)),
        # the day of 23 hours: from 23:00 to 22:00 UTC
        ("2026-03-28T23:00:00", BERLIN, "2026-03", date(2026, 3, 28)),
        ("2026-03-29T22:00:00", BERLIN, "2026-03", date(2026, 3, 29)),
        ("2026-03-29T22:15:00", BERLIN, "2026-03", date(2026, 3, 30)),
        # the day of 25 hours: from 22:00 to 23:00 UTC, 02:30 local comes twice
        ("2026-10-24T22:15:00", BERLIN, "2026-10", date(2026, 10, 25)),
        ("2026-10-25T00:30:00", BERLIN, "2026-10", date(2026, 10, 25)),
        ("2026-10-25T01:30:00", BERLIN, "2026-10", date(2026, 10, 25)),
        ("2026-10-25T23:00:00", BERLIN, "2026-10", date(2026, 10, 25)),
        ("2026-10-25T23:15:00", BERLIN, "2026-10", date(2026, 10, 26)),
    ],
)
def test_a_reading_belongs_to_the_interval_it_ends(
    at: str, tz: ZoneInfo, month: str, day: date
) -> None:
    clock = MonthClock(tz)
    assert month_of_reading(at=utc(at), tz=tz) == BillingMonth.parse(month)
    assert clock.month_of(utc(at)) == BillingMonth.parse(month)
    assert clock.day_of(utc(at)) == day


def test_a_start_at_midnight_is_of_the_new_day() -> None:
    clock = MonthClock(SHANGHAI)
    assert clock.first_day_from(utc("2026-11-30T16:00")) == date(2026, 12, 1)
    assert clock.day_of(utc("2026-11-30T16:00")) == date(2026, 11, 30)


@given(
    tz=st.sampled_from(ZONES),
    instants=st.lists(
        st.integers(0, 50 * 365 * 24 * 3600).map(
            lambda seconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        ),
        min_size=1,
        max_size=20,
    ),
)
def test_remembering_changes_no_answer(tz: ZoneInfo, instants: list[datetime]) -> None:
    clock = MonthClock(tz)
    for at in instants:
        month = clock.month_of(at)
        assert month == month_of_reading(at=at, tz=tz)
        assert month.start(tz) < at <= month.end(tz)
        day = clock.day_of(at)
        assert (day.year, day.month) == (month.year, month.month)
        assert clock.month_of(month.end(tz)) == month
        assert clock.month_of(month.start(tz)) == month.previous()
