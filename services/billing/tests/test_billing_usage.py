"""Slices of a meter's use in tables: clocks that change, quality, devices, ranges."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from usage_cases import installed, meter_of

from billing.readings.values import Reading
from billing.rerating.register import counted
from billing.terms.values import Installation
from billing.usage.slices import slices_of, span_of
from billing.usage.values import DAYS_MAX, Quality, Question, RangeRefused, Resolution, Slice
from prewatt_metering.calendar.instants import DAY_US, HOUR_US, instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar

BERLIN = LocalCalendar("Europe/Berlin")
START = us_of(datetime(2026, 3, 1, tzinfo=UTC))
M, E, P, N = Quality.MEASURED, Quality.INTERPOLATED, Quality.PARTIAL, Quality.MISSING


def _slices(
    readings: list[Reading],
    *installations: Installation,
    calendar: LocalCalendar = BERLIN,
    first: date,
    end: date,
    resolution: Resolution,
) -> list[Slice]:
    meter = meter_of(*installations)
    found = (
        span_of(each, counted(readings=readings, installation=each, meter=meter))
        for each in installations
    )
    return slices_of(
        spans=[each for each in found if each],
        calendar=calendar,
        first=first,
        end=end,
        resolution=resolution,
    )


@pytest.mark.parametrize(
    ("zone", "day", "hours", "of_half_an_hour"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23, 0),
        ("Europe/Berlin", date(2026, 10, 25), 25, 0),
        ("Europe/Berlin", date(2026, 6, 1), 24, 0),
        # Half an hour is taken away at 02:00, and at 01:30 it comes once more.
        ("Australia/Lord_Howe", date(2026, 10, 4), 24, 1),
        ("Australia/Lord_Howe", date(2026, 4, 5), 25, 1),
        ("Asia/Kathmandu", date(2026, 6, 1), 24, 0),
        ("America/Santiago", date(2026, 9, 6), 23, 0),
    ],
)
def test_hours_where_the_clock_is_changed(
    zone: str, day: date, hours: int, of_half_an_hour: int
) -> None:
    calendar = LocalCalendar(zone)
    begin_us, end_us = calendar.first_instant_us(day), calendar.end_us(day)
    readings = [Reading(at, (at - begin_us) // 3_600_000) for at in (begin_us, end_us)]
    some = _slices(
        readings,
        installed(begin_us - DAY_US),
        calendar=calendar,
        first=day,
        end=day + timedelta(days=1),
        resolution=Resolution.HOUR,
    )
    lasted = [each.end_us - each.begin_us for each in some]
    assert len(lasted) == hours
    assert lasted.count(HOUR_US // 2) == of_half_an_hour
    assert lasted.count(HOUR_US) == hours - of_half_an_hour
    assert [each.energy_wh for each in some] == [each // 3_600_000 for each in lasted]
    for each in some[1:]:
        on_the_hour = instant_of(each.begin_us).astimezone(calendar.tz).minute == 0
        assert on_the_hour or each.begin_us in calendar.clock_changes(day)


def _local(text: str) -> int:
    return us_of(datetime.fromisoformat(text).replace(tzinfo=BERLIN.tz))


def test_months_are_those_of_the_calendar_and_end_with_the_range() -> None:
    instants = [_local(f"2026-{month:02}-15T00:00") for month in (1, 2, 3, 4)]
    some = _slices(
        [Reading(at, 1_000 * n) for n, at in enumerate(instants)],
        installed(instants[0]),
        first=date(2026, 1, 15),
        end=date(2026, 4, 15),
        resolution=Resolution.MONTH,
    )
    firsts = [instant_of(each.begin_us).astimezone(BERLIN.tz).date() for each in some]
    assert firsts == [date(2026, 1, 15), date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
    assert [each.quality for each in some] == [E] * 4
    assert sum(each.energy_wh or 0 for each in some) == 3_000


NOON = "2026-06-0{}T12:00"
MIDNIGHT = "2026-06-0{}T00:00"


@pytest.mark.parametrize(
    ("read_at", "qualities"),
    [
        ([MIDNIGHT.format(day) for day in (1, 2, 3, 4)], [M, M, M]),
        # One that is lost between is no matter; one at a boundary is.
        ([MIDNIGHT.format(1), NOON.format(1), MIDNIGHT.format(2), MIDNIGHT.format(4)], [M, E, E]),
        ([NOON.format(1), MIDNIGHT.format(3)], [P, E, N]),
        ([MIDNIGHT.format(2), NOON.format(3)], [N, E, P]),
        ([MIDNIGHT.format(2), MIDNIGHT.format(3), NOON.format(3)], [N, M, P]),
        ([NOON.format(2)], [N, N, N]),
        ([], [N, N, N]),
    ],
)
def test_quality_says_how_a_day_is_known(read_at: list[str], qualities: list[Quality]) -> None:
    some = _slices(
        [Reading(_local(at), 100 * n) for n, at in enumerate(read_at)],
        installed(START),
        first=date(2026, 6, 1),
        end=date(2026, 6, 4),
        resolution=Resolution.DAY,
    )
    assert [each.quality for each in some] == qualities
    assert [each.energy_wh is None for each in some] == [each is N for each in qualities]


def test_intervals_go_from_reading_to_reading() -> None:
    at = [_local(f"2026-06-01T{hour:02}:00") for hour in (0, 1, 2, 5, 24 - 1)]
    some = _slices(
        [Reading(each, 10 * n) for n, each in enumerate(at)],
        installed(START),
        first=date(2026, 6, 1),
        end=date(2026, 6, 2),
        resolution=Resolution.INTERVAL,
    )
    assert some == [
        *(Slice(one, next_, 10, M) for one, next_ in pairwise(at)),
        Slice(at[-1], _local("2026-06-02T00:00"), None, N),
    ]


def test_a_glitch_is_no_use() -> None:
    hours = range(0, 49)
    readings = [Reading(START + n * HOUR_US, 1_000 + 100 * n) for n in hours]
    readings[30] = Reading(START + 30 * HOUR_US, 900_000)
    some = _slices(
        readings, installed(START), calendar=LocalCalendar("UTC"),
        first=date(2026, 3, 1), end=date(2026, 3, 3), resolution=Resolution.HOUR,
    )  # fmt: skip
    assert [each.energy_wh for each in some] == [100] * 48
    assert [n for n, each in enumerate(some) if each.quality is not M] == [29, 30]


def test_a_device_that_was_swapped_counts_up_to_its_last_register() -> None:
    swap_us = START + 36 * HOUR_US
    old = installed(START, swap_us, device="S-1", opening_wh=0, closing_wh=3_700)
    new = installed(swap_us, device="S-2", opening_wh=50)
    readings = [Reading(START + n * HOUR_US, 100 * n) for n in range(1, 36)]
    readings += [Reading(START + n * HOUR_US, 50 + 100 * (n - 36)) for n in range(37, 49)]
    some = _slices(
        readings, old, new, calendar=LocalCalendar("UTC"),
        first=date(2026, 3, 1), end=date(2026, 3, 3), resolution=Resolution.DAY,
    )  # fmt: skip
    assert [(each.energy_wh, each.quality) for each in some] == [(2_400, M), (2_500, M)]


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("more", [None, 0, -1, 1])
def test_a_range_is_bounded(resolution: Resolution, more: int | None) -> None:
    first = date(2026, 3, 1)
    days = 0 if more is None else DAYS_MAX[resolution] + more
    asked: dict[str, Any] = {"meter_id": "m", "first": first, "resolution": resolution}
    end = first + timedelta(days=days)
    if more in (0, -1):
        assert Question(end=end, **asked)
        return
    with pytest.raises(RangeRefused, match=f"1 to {DAYS_MAX[resolution]}"):
        Question(end=end, **asked)
