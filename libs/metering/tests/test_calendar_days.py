"""Days that are odd somewhere in the world, and what holds of every day of every zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.calendar.instants import DAY_US, HOUR_US, MINUTE_US, instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar, local_minute

ZONES = (
    "Africa/Cairo", "America/Santiago", "Asia/Beirut", "America/Havana", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Apia", "Europe/Berlin", "Asia/Shanghai", "America/St_Johns",
    "America/Scoresbysund", "Pacific/Chatham", "Antarctica/Troll", "Africa/Casablanca",
)  # fmt: skip
CALENDARS = {zone: LocalCalendar(zone) for zone in ZONES}


def utc(text: str) -> int:
    return us_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("why", "zone", "day", "begins", "hours"),
    [
        ("as everywhere", "Asia/Shanghai", "2026-11-01", "2026-10-31T16:00", 24),
        ("a quarter-hour offset", "Asia/Kathmandu", "2026-11-01", "2026-10-31T18:15", 24),
        ("spring in Berlin", "Europe/Berlin", "2026-03-29", "2026-03-28T23:00", 23),
        ("autumn in Berlin", "Europe/Berlin", "2026-10-25", "2026-10-24T22:00", 25),
        ("half an hour less", "Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", 23.5),
        ("half an hour more", "Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", 24.5),
        ("no midnight", "America/Santiago", "2026-09-06", "2026-09-06T04:00", 23),
        ("no midnight", "Asia/Beirut", "2026-03-29", "2026-03-28T22:00", 23),
        ("no midnight", "Africa/Cairo", "2026-04-24", "2026-04-23T22:00", 23),
        ("no midnight", "America/Havana", "2025-03-09", "2025-03-09T05:00", 23),
        (
            "the first of two counts",
            "America/Havana",
            "2025-11-02",
            "2025-11-02T04:00",
            25,
        ),
        ("23:00 of the day before twice", "Africa/Cairo", "2026-10-29", "2026-10-28T21:00", 25),
        ("the last before the skipped one", "Pacific/Apia", "2011-12-29", "2011-12-29T10:00", 24),
        ("skipped whole", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00", 0),
        ("the first after it", "Pacific/Apia", "2011-12-31", "2011-12-30T10:00", 24),
        ("back over midnight", "America/St_Johns", "2009-11-01", "2009-11-01T02:30", 25),
    ],
)
def test_days(why: str, zone: str, day: str, begins: str, hours: float) -> None:
    calendar, of = LocalCalendar(zone), date.fromisoformat(day)
    assert calendar.first_instant_us(of) == utc(begins), why
    assert calendar.day_length_us(of) == hours * HOUR_US, why
    if hours:
        assert calendar.day_of(utc(begins)) == of, why
    assert calendar.day_of(utc(begins) - 1) < of, why


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(min_value=date(1975, 1, 1), max_value=date(2040, 1, 1)),
)
def test_a_day_begins_where_the_wall_first_shows_it(zone: str, day: date) -> None:
    calendar, tz = CALENDARS[zone], ZoneInfo(zone)
    first_us = calendar.first_instant_us(day)
    assert instant_of(first_us).astimezone(tz).date() >= day
    # No instant of the day and a half before shows it: looked at minute by minute.
    for before in range(1, 36 * 60, 29):
        assert instant_of(first_us - before * MINUTE_US).astimezone(tz).date() < day
    assert instant_of(first_us - 1).astimezone(tz).date() < day


@given(
    zone=st.sampled_from(ZONES),
    at_us=st.integers(min_value=utc("1975-01-01"), max_value=utc("2040-01-01")),
)
def test_every_instant_lies_in_its_day_and_in_no_other(zone: str, at_us: int) -> None:
    calendar = CALENDARS[zone]
    day = calendar.day_of(at_us)
    assert calendar.first_instant_us(day) <= at_us < calendar.end_us(day)
    assert 0 < calendar.day_length_us(day) <= 2 * DAY_US


@pytest.mark.parametrize(
    ("zone", "day", "changes"),
    [
        ("Europe/Berlin", "2026-03-29", ["2026-03-29T01:00"]),
        ("Europe/Berlin", "2026-03-30", []),
        ("America/Santiago", "2026-09-06", ["2026-09-06T04:00"]),
        ("America/Havana", "2025-11-02", ["2025-11-02T05:00"]),
        ("Pacific/Apia", "2011-12-30", []),
        ("Pacific/Apia", "2011-12-31", ["2011-12-30T10:00"]),
    ],
)
def test_clock_changes(zone: str, day: str, changes: list[str]) -> None:
    found = LocalCalendar(zone).clock_changes(date.fromisoformat(day))
    assert found == tuple(map(utc, changes))


def test_the_minute_on_the_wall() -> None:
    calendar = LocalCalendar("Asia/Kathmandu")
    assert local_minute(calendar, utc("2026-11-01T00:00:59")) == 5 * 60 + 45


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_go_there_and_back(at: datetime) -> None:
    assert instant_of(us_of(at)) == at
    assert us_of(at.astimezone(ZoneInfo("Asia/Kathmandu")) if 1 < at.year < 9999 else at) == us_of(
        at
    )


def test_what_is_no_instant_is_said() -> None:
    with pytest.raises(ValueError, match="names no offset"):
        us_of(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="no instant of the years"):
        instant_of(10**30)
    with pytest.raises(ValueError, match="no timezone"):
        LocalCalendar("Europe/Atlantis")
    with pytest.raises(ValueError, match="outside the years"):
        LocalCalendar("UTC").day_of(utc("0001-01-03"))
    with pytest.raises(ValueError, match="outside the years"):
        LocalCalendar("UTC").first_instant_us(date(9999, 12, 31) - timedelta(days=1))
