"""Which slot holds when, also where clocks change."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.calendar.instants import MINUTE_US, us_of
from prewatt_metering.calendar.local import LocalCalendar, local_minute
from prewatt_metering.calendar.slots import slots_of_day

# (slot begins at this local minute, name), the last reaching over midnight.
NIGHT_AND_DAY = ((6 * 60, "day"), (22 * 60, "night"))
SMALL_HOURS = ((30, "a"), (75, "b"), (150, "c"), (23 * 60 + 45, "d"))


def namer(slots: tuple[tuple[int, str], ...], minute: int) -> str:
    return next((name for mark, name in reversed(slots) if mark <= minute), slots[-1][1])


def pieces(zone: str, day: str, slots: tuple[tuple[int, str], ...]) -> list[tuple[str, str]]:
    found = slots_of_day(
        LocalCalendar(zone),
        date.fromisoformat(day),
        lambda minute: namer(slots, minute),
        [mark for mark, _ in slots],
    )
    return [
        (datetime.fromtimestamp(at_us / 1_000_000, UTC).strftime("%dT%H:%M"), name)
        for at_us, name in found.pieces
    ]


@pytest.mark.parametrize(
    ("why", "zone", "day", "slots", "expected"),
    [
        (
            "an ordinary day",
            "Asia/Shanghai",
            "2026-11-02",
            NIGHT_AND_DAY,
            [("01T16:00", "night"), ("01T22:00", "day"), ("02T14:00", "night")],
        ),
        (
            "an hour twice: 02:30 comes twice, so b and c do",
            "Europe/Berlin",
            "2026-10-25",
            SMALL_HOURS,
            [("24T22:00", "d"), ("24T22:30", "a"), ("24T23:15", "b"), ("25T00:30", "c"),
             ("25T01:00", "b"), ("25T01:30", "c"), ("25T22:45", "d")],
        ),
        (
            "an hour missing: 02:30 never comes, at 03:00 it is over",
            "Europe/Berlin",
            "2026-03-29",
            SMALL_HOURS,
            [("28T23:00", "d"), ("28T23:30", "a"), ("29T00:15", "b"), ("29T01:00", "c"),
             ("29T21:45", "d")],
        ),
        (
            "no midnight: the day begins at 01:00 in what holds then",
            "America/Santiago",
            "2026-09-06",
            SMALL_HOURS,
            [("06T04:00", "a"), ("06T04:15", "b"), ("06T05:30", "c"), ("07T02:45", "d")],
        ),
        (
            "midnight twice",
            "America/Havana",
            "2025-11-02",
            SMALL_HOURS,
            [("02T04:00", "d"), ("02T04:30", "a"), ("02T05:00", "d"), ("02T05:30", "a"),
             ("02T06:15", "b"), ("02T07:30", "c"), ("03T04:45", "d")],
        ),
        ("a skipped day has none", "Pacific/Apia", "2011-12-30", SMALL_HOURS, []),
    ],
)  # fmt: skip
def test_slots(
    why: str,
    zone: str,
    day: str,
    slots: tuple[tuple[int, str], ...],
    expected: list[tuple[str, str]],
) -> None:
    assert pieces(zone, day, slots) == expected, why


@given(
    zone=st.sampled_from(
        ["Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Europe/Berlin", "Asia/Beirut"]
    ),
    day=st.one_of(
        st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1)),
        st.sampled_from(
            [
                date(2026, 10, 25),
                date(2026, 3, 29),
                date(2026, 11, 1),
                date(2026, 10, 29),
                date(2026, 4, 5),
                date(2026, 4, 24),
                date(2026, 3, 8),
            ]
        ),
    ),
    marks=st.lists(st.integers(0, 1439), unique=True, max_size=6).map(sorted),
    minute=st.integers(0, 26 * 60),
)
def test_the_wall_clock_decides(zone: str, day: date, marks: list[int], minute: int) -> None:
    calendar = LocalCalendar(zone)

    def name_at(local: int) -> str:
        return str(sum(mark <= local for mark in marks))

    slots = slots_of_day(calendar, day, name_at, marks)
    at_us = calendar.first_instant_us(day) + minute * MINUTE_US
    if at_us < slots.end_us:
        assert slots.name_at(at_us) == name_at(local_minute(calendar, at_us))
    ends = list(slots.ends())
    assert [name for name, _ in ends] == [name for _, name in slots.pieces]
    assert ends[-1][1] == slots.end_us == calendar.end_us(day)


def test_a_mark_that_is_no_minute_is_refused() -> None:
    with pytest.raises(ValueError, match="minute 1440"):
        slots_of_day(LocalCalendar("UTC"), date(2026, 1, 1), str, [1440])


def test_an_instant_of_another_day_has_no_name() -> None:
    slots = slots_of_day(LocalCalendar("UTC"), date(2026, 1, 1), lambda _: "all", [])
    with pytest.raises(ValueError, match="2026-01-01"):
        slots.name_at(us_of(datetime(2026, 1, 2, tzinfo=UTC)))
