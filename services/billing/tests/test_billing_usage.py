"""Slices of a meter's use: they add up to what its register rose by, whatever they are cut by and
however little of its history was read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rerating_cases import OURS, SLOTS, THEIRS, MeterCase, agreement, meter_cases, version

from billing.readings.values import Reading
from billing.rerating.register import MeterTerms, counted, edited
from billing.rerating.tariffs import Tariff
from billing.rerating.use import use_of_meter
from billing.terms.values import Installation, MeterFacts
from billing.usage.slices import Span, slices_of, span_of
from billing.usage.values import DAYS_MAX, Quality, Question, RangeRefused, Resolution, Slice
from billing.usage.window import Part, first_part, look
from prewatt_metering.calendar.instants import DAY_US, HOUR_US, instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.tariffs.book import TariffBook

BERLIN = LocalCalendar("Europe/Berlin")
START = us_of(datetime(2026, 3, 1, tzinfo=UTC))
M, E, P, N = Quality.MEASURED, Quality.INTERPOLATED, Quality.PARTIAL, Quality.MISSING


@st.composite
def long_cases(draw: st.DrawFn) -> MeterCase:
    """Odd weeks with quiet ones before, between and after, which the device may have begun in."""
    case = draw(meter_cases())
    readings = sorted(case.readings)
    if not readings:
        return case
    quiet = st.integers(0, 60)
    before, after, step_us = draw(quiet), draw(quiet), draw(st.sampled_from([DAY_US, DAY_US // 3]))
    (begin_us, begin_wh), (end_us, end_wh) = readings[0], readings[-1]
    readings += [
        Reading(begin_us - n * step_us, max(0, begin_wh - 100 * n)) for n in range(1, before)
    ]
    readings += [Reading(end_us + n * step_us, end_wh + 100 * n) for n in range(1, after)]
    odd_again = draw(st.booleans())
    if odd_again:
        shift_us = end_us + after * step_us - begin_us
        readings += [Reading(each.at_us + shift_us, each.register_wh) for each in case.readings]
    first, *others = case.meter.installations
    if draw(st.booleans()):
        first = replace(first, from_us=first.from_us - before * step_us)
    meter = replace(case.meter, installations=[first, *others])
    return replace(case, readings=draw(st.permutations(readings)), meter=meter)


def _utc_day(at_us: int) -> date:
    return instant_of(at_us).date()


def _all_of(case: MeterCase) -> list[Span]:
    heard = edited(case.readings, case.meter.edits)
    found = [
        span_of(each, counted(readings=heard, installation=each, meter=case.meter))
        for each in case.meter.installations
    ]
    return [each for each in found if each]


def _by_parts(
    case: MeterCase, waiting: set[Reading], *, begin_us: int, end_us: int
) -> tuple[list[Span], Part]:
    """As an answer is made: days in hand, and more until it is certain."""
    history = sorted({_utc_day(each.at_us) for each in case.readings if each not in waiting})
    part = first_part(case.meter, history, begin_us=begin_us, end_us=end_us)
    while True:
        days = set(part.days)
        readings = [
            each for each in case.readings if each in waiting or _utc_day(each.at_us) in days
        ]
        found = look(case.meter, readings, part, begin_us=begin_us, end_us=end_us)
        if found.is_certain:
            return list(found.spans), part
        wider, more = part.widened(earlier=found.earlier_matter, later=found.later_matter)
        assert more, "each turn reads more, so there is a last one"
        part = wider


@settings(max_examples=300, deadline=None)
@given(data=st.data(), case=long_cases())
def test_part_of_the_history_tells_what_all_of_it_tells(data: Any, case: MeterCase) -> None:
    if not case.readings:
        return
    calendar = LocalCalendar(case.zone)
    instants = sorted(each.at_us for each in case.readings)
    around_us = data.draw(st.sampled_from(instants)) + data.draw(st.integers(-3, 3)) * DAY_US
    first = calendar.day_of(around_us)
    end = first + timedelta(days=data.draw(st.integers(1, 20)))
    waiting = set(data.draw(st.lists(st.sampled_from(case.readings), max_size=3)))
    begin_us, end_us = calendar.first_instant_us(first), calendar.first_instant_us(end)
    some, _ = _by_parts(case, waiting, begin_us=begin_us, end_us=end_us)
    for resolution in Resolution:
        asked = {"calendar": calendar, "first": first, "end": end, "resolution": resolution}
        assert slices_of(spans=some, **asked) == slices_of(spans=_all_of(case), **asked)


@settings(max_examples=150, deadline=None)
@given(case=meter_cases())
def test_slices_add_up_to_what_is_compared_by(case: MeterCase) -> None:
    """The register's rise, at each account that the meter served, by the days of the comparison."""
    calendar = LocalCalendar(case.zone)
    spans = _all_of(case)
    if not spans:
        return
    first = calendar.day_of(min(each.begin_us for each in spans)) - timedelta(days=1)
    end = calendar.day_of(max(each.end_us for each in spans)) + timedelta(days=2)
    rise_wh = sum(
        each.register.wh_at(each.end_us) - each.register.wh_at(each.begin_us) for each in spans
    )
    by = {
        each: slices_of(spans=spans, calendar=calendar, first=first, end=end, resolution=each)
        for each in Resolution
    }
    for some in by.values():
        assert sum(each.energy_wh or 0 for each in some) == rise_wh
        assert all(one.end_us == next_.begin_us for one, next_ in pairwise(some))
        assert (some[0].begin_us, some[-1].end_us) == (
            calendar.first_instant_us(first),
            calendar.first_instant_us(end),
        )
    compared: dict[date, int] = {}
    for account_id in (OURS, THEIRS):
        use = use_of_meter(
            agreement=replace(agreement(first), account_id=account_id),
            tariff=Tariff(TariffBook([version(case.zone, "2000-01-01", SLOTS[0])])),
            meter=case.meter,
            readings=case.readings,
        )
        for (day, _), wh in use.wh.items():
            compared[day] = compared.get(day, 0) + wh
    days = {calendar.day_of(each.begin_us): each.energy_wh or 0 for each in by[Resolution.DAY]}
    assert {day: wh for day, wh in days.items() if wh} == {d: w for d, w in compared.items() if w}


def _meter(*installations: Installation) -> MeterTerms:
    return MeterTerms(facts=MeterFacts(meter="m"), installations=installations)


def _installed(
    from_us: int, to_us: int | None = None, *, device: str | None = None, **registers: int
) -> Installation:
    return Installation(
        meter="m",
        account_id=OURS,
        from_us=from_us,
        to_us=to_us,
        opening_wh=registers.get("opening_wh"),
        closing_wh=registers.get("closing_wh"),
        device=device,
    )


def _slices(
    readings: list[Reading],
    *installations: Installation,
    calendar: LocalCalendar = BERLIN,
    first: date,
    end: date,
    resolution: Resolution,
) -> list[Slice]:
    meter = _meter(*installations)
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
        _installed(begin_us - DAY_US),
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
        _installed(instants[0]),
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
        _installed(START),
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
        _installed(START),
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
        readings, _installed(START), calendar=LocalCalendar("UTC"),
        first=date(2026, 3, 1), end=date(2026, 3, 3), resolution=Resolution.HOUR,
    )  # fmt: skip
    assert [each.energy_wh for each in some] == [100] * 48
    assert [n for n, each in enumerate(some) if each.quality is not M] == [29, 30]


def test_a_device_that_was_swapped_counts_up_to_its_last_register() -> None:
    swap_us = START + 36 * HOUR_US
    old = _installed(START, swap_us, device="S-1", opening_wh=0, closing_wh=3_700)
    new = _installed(swap_us, device="S-2", opening_wh=50)
    readings = [Reading(START + n * HOUR_US, 100 * n) for n in range(1, 36)]
    readings += [Reading(START + n * HOUR_US, 50 + 100 * (n - 36)) for n in range(37, 49)]
    some = _slices(
        readings, old, new, calendar=LocalCalendar("UTC"),
        first=date(2026, 3, 1), end=date(2026, 3, 3), resolution=Resolution.DAY,
    )  # fmt: skip
    assert [(each.energy_wh, each.quality) for each in some] == [(2_400, M), (2_500, M)]


def _read_hourly(days: int) -> MeterCase:
    return MeterCase(
        zone="UTC",
        agreement=agreement(date(2026, 3, 1)),
        meter=_meter(_installed(START, opening_wh=0)),
        readings=[Reading(START + n * HOUR_US, 100 * n) for n in range(days * 24)],
    )


def test_of_a_long_quiet_history_little_is_read() -> None:
    begin_us = START + 300 * DAY_US
    _, part = _by_parts(_read_hourly(600), set(), begin_us=begin_us, end_us=begin_us + DAY_US)
    assert len(part.days) == 9 + 1 + 1 + 8


def test_what_an_old_device_counted_is_not_read_for_the_new_one() -> None:
    swap_us = START + 400 * DAY_US
    case = _read_hourly(410)
    old = _installed(START + HOUR_US, swap_us, device="S-1")
    new = _installed(swap_us, device="S-2", opening_wh=0)
    case = replace(case, meter=_meter(old, new))
    begin_us = swap_us + 2 * DAY_US
    spans, part = _by_parts(case, set(), begin_us=begin_us, end_us=begin_us + DAY_US)
    assert len(part.days) <= 9 + 1 + 1 + 8
    assert len(spans) == 1


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


@pytest.mark.parametrize("lasts_days", [1, 3, 6.9, 7.1])
@pytest.mark.parametrize("begins_h", [-170, -30, -1, 0, 1, 12, 23, 24, 25])
def test_an_excursion_at_an_edge_of_the_range_is_seen_whole(
    lasts_days: float, begins_h: int
) -> None:
    """A register that shows another one's values for days: what is near the range is not enough."""
    case = _read_hourly(60)
    begin_us = START + 30 * DAY_US
    odd_us = begin_us + begins_h * HOUR_US
    readings = [
        each._replace(register_wh=each.register_wh + 5_000_000)
        if odd_us <= each.at_us < odd_us + int(lasts_days * DAY_US)
        else each
        for each in case.readings
    ]
    case = replace(case, readings=readings)
    spans, part = _by_parts(case, set(), begin_us=begin_us, end_us=begin_us + DAY_US)
    asked: dict[str, Any] = {
        "calendar": LocalCalendar("UTC"),
        "first": _utc_day(begin_us),
        "end": _utc_day(begin_us + DAY_US),
        "resolution": Resolution.HOUR,
    }
    assert slices_of(spans=spans, **asked) == slices_of(spans=_all_of(case), **asked)
    assert len(part.days) < 60, "and not all was read for it"
