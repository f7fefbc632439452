"""When a policy's calendar holds a cut, against a wall clock that is looked at each minute."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from ledger_policies import BEGIN, with_calendar

from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.in_force import areas_of, concerning, holds, next_hold_begins
from prepay_ledger.policies.values import Area, HoldReason, ProtectedPeriod
from prewatt_common.contracts.ledger_facts_v1 import AreaLevel
from prewatt_common.contracts.supply_calendar_v1 import (
    WEEKDAYS,
    Calendar,
    DatedPeriod,
    FriendlyHours,
    NthWeekday,
    PeriodKind,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = FriendlyHours(begin="22:00", end="07:00")
MINUTE = timedelta(minutes=1)
SCANNED = timedelta(hours=60)
# A day before a change of the clock as a rule: 23, 25, 23.5 and 24.5 hours, at midnight and at
# other hours.
AROUND = [
    ("Europe/London", date(2026, 3, 28)),
    ("Europe/London", date(2026, 10, 24)),
    ("Europe/Berlin", date(2026, 3, 28)),
    ("America/New_York", date(2026, 10, 31)),
    ("America/Sao_Paulo", date(2018, 11, 3)),
    ("America/Sao_Paulo", date(2018, 2, 16)),
    ("America/Havana", date(2026, 10, 31)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("Asia/Shanghai", date(2026, 5, 1)),
    ("Asia/Kolkata", date(2026, 1, 31)),
]


def nth_of_month(nth: NthWeekday, month: date) -> date | None:
    """Counted off the month's days."""
    first = month.replace(day=1)
    days = [each for n in range(31) if (each := first + timedelta(days=n)).month == first.month]
    named = [each for each in days if WEEKDAYS[each.weekday()] == nth.weekday]
    if nth.nth == -1:
        return named[-1]
    return named[nth.nth - 1] if nth.nth <= len(named) else None


def held_by_the_wall(calendar: Calendar, wall: datetime) -> set[HoldReason]:
    """The rules again, as a person reads them off a clock and a calendar."""
    day, clock = wall.date(), f"{wall:%H:%M}"
    found: set[HoldReason] = set()
    for hours in calendar.friendly_hours:
        today, yesterday = WEEKDAYS[day.weekday()], WEEKDAYS[(day.weekday() + 6) % 7]
        if hours.begin < hours.end:
            held = today in hours.weekdays and hours.begin <= clock < hours.end
        else:
            held = (today in hours.weekdays and clock >= hours.begin) or (
                yesterday in hours.weekdays and clock < hours.end
            )
        if held:
            found.add(HoldReason.FRIENDLY_HOURS)
    if WEEKDAYS[day.weekday()] in calendar.weekdays:
        found.add(HoldReason.DAY_OFF)
    if any(day == nth_of_month(nth, day) for nth in calendar.nth_weekdays):
        found.add(HoldReason.DAY_OFF)
    if day in calendar.public_holidays:
        found.add(HoldReason.PUBLIC_HOLIDAY)
    if (
        calendar.before_holiday_from is not None
        and clock >= calendar.before_holiday_from
        and day + timedelta(days=1) in calendar.public_holidays
    ):
        found.add(HoldReason.BEFORE_HOLIDAY)
    if any(each.first <= day <= each.last for each in calendar.protected_periods):
        found.add(HoldReason.PROTECTED_PERIOD)
    return found


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, -1])
def test_each_weekday_is_counted_through_the_month(number: Literal[1, 2, 3, 4, 5, -1]) -> None:
    for weekday in WEEKDAYS:
        nth = NthWeekday(nth=number, weekday=weekday)
        for count in range(2 * 366):
            day = date(2027, 1, 1) + timedelta(days=count)
            assert nth.holds(day) is (day == nth_of_month(nth, day)), (nth, day)


clocks = st.builds(
    lambda hour, minute: f"{hour:02}:{minute:02}",
    st.integers(0, 23),
    st.sampled_from([0, 0, 30, 1, 59]),
)
some_weekdays = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=6, unique=True)


@st.composite
def calendars(draw: st.DrawFn, near: date) -> Calendar:
    days = st.integers(-1, 4).map(lambda number: near + timedelta(days=number))
    hours = st.builds(
        lambda both, on: FriendlyHours(begin=both[0], end=both[1], weekdays=tuple(on)),
        st.tuples(clocks, clocks).filter(lambda both: both[0] != both[1]),
        some_weekdays,
    )
    nth = st.builds(
        NthWeekday, nth=st.sampled_from([1, 2, 3, 4, 5, -1]), weekday=st.sampled_from(WEEKDAYS)
    )
    periods = st.builds(
        lambda first, length: DatedPeriod(
            kind=PeriodKind.EXAM, name="exam", first=first, last=first + timedelta(days=length)
        ),
        days,
        st.integers(0, 2),
    )
    holidays = draw(st.lists(days, max_size=2, unique=True))
    try:
        return Calendar(
            friendly_hours=tuple(draw(st.lists(hours, max_size=3))),
            weekdays=tuple(draw(st.just([]) | some_weekdays)),
            nth_weekdays=tuple(draw(st.lists(nth, max_size=2))),
            public_holidays=tuple(holidays),
            before_holiday_from=draw(st.none() | clocks) if holidays else None,
            protected_periods=tuple(draw(st.lists(periods, max_size=1))),
        )
    except ValueError:  # it leaves no minute of the week
        reject()


@st.composite
def cases(draw: st.DrawFn) -> tuple[ZoneInfo, date, Calendar]:
    zone, near = draw(st.sampled_from(AROUND))
    return ZoneInfo(zone), near, draw(calendars(near))


@settings(max_examples=40, deadline=None)
@given(case=cases())
@example(case=(ZoneInfo("Europe/London"), date(2026, 3, 28), Calendar(friendly_hours=(NIGHT,))))
def test_it_is_what_a_clock_on_the_wall_says_each_minute(
    case: tuple[ZoneInfo, date, Calendar],
) -> None:
    zone, near, calendar = case
    policy = with_calendar(calendar)
    begin = datetime(near.year, near.month, near.day, tzinfo=zone).astimezone(UTC)
    last = begin + SCANNED - MINUTE
    ends: dict[HoldReason, datetime] = {}
    next_held: datetime | None = None
    now = last
    while now >= begin:
        expected = held_by_the_wall(calendar, now.astimezone(zone))
        if expected:
            next_held = now
        found = {each.reason: each.until for each in holds(policy, at=now, zone=zone)}
        assert found.keys() == expected, now
        for reason in HoldReason:
            if reason not in expected:
                ends[reason] = now
            elif reason in ends:
                assert found[reason] == ends[reason], (reason, now)
            else:
                assert found[reason] > last, (reason, now)
        begins = next_hold_begins(policy, at=now, zone=zone)
        if next_held is not None:
            assert begins == next_held, now
        else:
            assert begins is None or begins > last, now
        now -= MINUTE


def at(text: str) -> datetime:
    """A wall clock of Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


CITY = Calendar(
    friendly_hours=(NIGHT,),
    weekdays=("sun",),
    nth_weekdays=(NthWeekday(nth=2, weekday="sat"),),
    public_holidays=(date(2026, 10, 1), date(2026, 10, 2)),
    before_holiday_from="12:00",
    protected_periods=(
        DatedPeriod(
            kind=PeriodKind.EXAM, name="高考", first=date(2026, 6, 7), last=date(2026, 6, 10)
        ),
    ),
)


@pytest.mark.parametrize(
    ("now", "reasons", "until", "free_again_begins"),
    [
        ("2026-05-06 21:59", [], None, "2026-05-06 22:00"),
        ("2026-05-06 21:59:59", [], None, "2026-05-06 22:00"),
        ("2026-05-06 22:00", ["friendly_hours"], "2026-05-07 07:00", None),
        ("2026-05-07 06:59", ["friendly_hours"], "2026-05-07 07:00", None),
        ("2026-05-07 07:00", [], None, "2026-05-07 22:00"),
        ("2026-05-09 12:00", ["day_off"], "2026-05-11 00:00", None),
        ("2026-05-16 12:00", [], None, "2026-05-16 22:00"),
        ("2026-09-30 11:59", [], None, "2026-09-30 12:00"),
        ("2026-09-30 12:00", ["before_holiday"], "2026-10-01 00:00", None),
        ("2026-10-01 12:00", ["public_holiday", "before_holiday"], "2026-10-03 00:00", None),
        ("2026-06-08 12:00", ["protected_period"], "2026-06-11 00:00", None),
    ],
)
def test_a_city(
    now: str, reasons: list[str], until: str | None, free_again_begins: str | None
) -> None:
    policy = with_calendar(CITY)
    found = holds(policy, at=at(now), zone=SHANGHAI)
    assert [each.reason for each in found] == reasons
    if until is not None:
        assert found[0].until == at(until)
    expected = at(now) if free_again_begins is None else at(free_again_begins)
    assert next_hold_begins(policy, at=at(now), zone=SHANGHAI) == expected


def test_a_period_is_named() -> None:
    (hold,) = holds(with_calendar(CITY), at=at("2026-06-09 12:00"), zone=SHANGHAI)
    assert (hold.reason, hold.name) == (HoldReason.PROTECTED_PERIOD, "高考")


def test_without_a_calendar_nothing_holds_ever() -> None:
    policy = with_calendar(None)
    assert holds(policy, at=BEGIN, zone=SHANGHAI) == ()
    assert next_hold_begins(policy, at=BEGIN, zone=SHANGHAI) is None


def test_a_year_of_a_period_is_looked_at_again() -> None:
    years = DatedPeriod(
        kind=PeriodKind.DISASTER, name="flood", first=date(2026, 1, 1), last=date(2029, 1, 1)
    )
    (hold,) = holds(with_calendar(Calendar(protected_periods=(years,))), at=BEGIN, zone=SHANGHAI)
    assert hold.until == datetime(2027, 2, 5, tzinfo=SHANGHAI)


def test_beyond_a_month_no_hold_is_looked_for() -> None:
    far = with_calendar(Calendar(public_holidays=(date(2026, 2, 1),)))
    assert next_hold_begins(far, at=BEGIN, zone=SHANGHAI) is None
    assert next_hold_begins(far, at=BEGIN + timedelta(days=1), zone=SHANGHAI) == at("2026-02-01")


def declared(begin_h: int, end_h: int, area: Area | None = None) -> ProtectedPeriod:
    return ProtectedPeriod(
        id=UUID(int=1),
        kind=PeriodKind.HEAT,
        name="red",
        area=area,
        begins_at=BEGIN + timedelta(hours=begin_h),
        ends_at=BEGIN + timedelta(hours=end_h),
        decided=Decided(by="a", reason="test", at=BEGIN),
    )


@pytest.mark.parametrize(
    ("hour", "held", "begins_h"),
    [(0, False, 2), (2, True, 2), (3, True, 3), (4, False, 6), (9, False, None)],
)
def test_a_declared_period_holds_from_its_begin_to_its_end(
    hour: int, held: bool, begins_h: int | None
) -> None:
    policy, now = with_calendar(None), BEGIN + timedelta(hours=hour)
    periods = (declared(2, 4), declared(6, 8))
    found = holds(policy, at=now, zone=SHANGHAI, declared=periods)
    assert bool(found) is held
    assert all(each.until == BEGIN + timedelta(hours=4) for each in found)
    begins = None if begins_h is None else BEGIN + timedelta(hours=begins_h)
    assert next_hold_begins(policy, at=now, zone=SHANGHAI, declared=periods) == begins


def test_an_area_concerns_whose_meter_hangs_there() -> None:
    line = Area(AreaLevel.LINE, "east")
    office = Area(AreaLevel.SUPPLY_OFFICE, "east")
    everywhere, on_line = declared(0, 1), declared(0, 1, line)
    assert areas_of(supply_office="east", station_area=None, line="east") == {office, line}
    assert concerning([everywhere, on_line], {office}) == (everywhere,)
    assert concerning([everywhere, on_line], {line, office}) == (everywhere, on_line)
