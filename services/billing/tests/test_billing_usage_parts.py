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
from usage_cases import installed, meter_of

from billing.readings.values import Reading
from billing.rerating.register import counted, edited
from billing.rerating.tariffs import Tariff
from billing.rerating.use import use_of_meter
from billing.usage.slices import Span, slices_of, span_of
from billing.usage.values import Quality, Resolution
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


def _read_hourly(days: int) -> MeterCase:
    return MeterCase(
        zone="UTC",
        agreement=agreement(date(2026, 3, 1)),
        meter=meter_of(installed(START, opening_wh=0)),
        readings=[Reading(START + n * HOUR_US, 100 * n) for n in range(days * 24)],
    )


def test_of_a_long_quiet_history_little_is_read() -> None:
    begin_us = START + 300 * DAY_US
    _, part = _by_parts(_read_hourly(600), set(), begin_us=begin_us, end_us=begin_us + DAY_US)
    assert len(part.days) == 9 + 1 + 1 + 8


def test_what_an_old_device_counted_is_not_read_for_the_new_one() -> None:
    swap_us = START + 400 * DAY_US
    case = _read_hourly(410)
    old = installed(START + HOUR_US, swap_us, device="S-1")
    new = installed(swap_us, device="S-2", opening_wh=0)
    case = replace(case, meter=meter_of(old, new))
    begin_us = swap_us + 2 * DAY_US
    spans, part = _by_parts(case, set(), begin_us=begin_us, end_us=begin_us + DAY_US)
    assert len(part.days) <= 9 + 1 + 1 + 8
    assert len(spans) == 1


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
