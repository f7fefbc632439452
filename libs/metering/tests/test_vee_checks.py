"""Each check by a table of cases, and the registry of all of them."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prewatt_metering.vee.checks
from prewatt_metering.calendar.instants import DAY_US, HOUR_US, MINUTE_US, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.wall import instants_of_wall
from prewatt_metering.registers.arrivals import Arrival
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Interval, Intervals, intervals_of
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Quality, Reading
from prewatt_metering.registers.spans import Limited, Span, overlap_us
from prewatt_metering.vee.checks.vee01_duplicate import duplicates
from prewatt_metering.vee.checks.vee02_out_of_range import in_range
from prewatt_metering.vee.checks.vee03_conflict import conflicts
from prewatt_metering.vee.checks.vee05_glitch import excursion_max_us
from prewatt_metering.vee.checks.vee09_late import late
from prewatt_metering.vee.checks.vee10_gap import gaps
from prewatt_metering.vee.checks.vee11_frozen import frozen
from prewatt_metering.vee.checks.vee12_zero_use import zero_use
from prewatt_metering.vee.checks.vee13_use_while_disconnected import use_while_disconnected
from prewatt_metering.vee.checks.vee14_spike import spikes
from prewatt_metering.vee.checks.vee15_clock_drift import clock_drift
from prewatt_metering.vee.checks.vee16_wall_gap import wall_gap
from prewatt_metering.vee.checks.vee17_wall_fold import wall_fold
from prewatt_metering.vee.checks.vee18_sum_against_register import sum_against_register
from prewatt_metering.vee.checks.vee19_no_installation import no_installation
from prewatt_metering.vee.checks.vee20_dated_away import dated_away
from prewatt_metering.vee.findings import Check, Finding, Severity
from prewatt_metering.vee.registry import CHECKS, table
from prewatt_metering.vee.wall_time import wall_instants

BEGIN_US = us_of(datetime(2026, 11, 1, tzinfo=UTC))
BERLIN = LocalCalendar("Europe/Berlin")


def hour(number: float) -> int:
    return BEGIN_US + int(number * HOUR_US)


def reads(*some: tuple[float, int]) -> list[Reading]:
    return [Reading(hour(at), wh) for at, wh in some]


def chain(*some: tuple[float, int]) -> Intervals:
    """(hours, Wh) each, one after another from the beginning."""
    parts, at = list[Interval](), 0.0
    for hours, wh in some:
        parts.append(Interval(hour(at), hour(at + hours), wh, Quality.MEASURED))
        at += hours
    return intervals_of(parts)


def brief(findings: list[Finding]) -> list[tuple[float, float, int | None, int | None]]:
    """(begin in hours, end in hours, before, after) each."""
    return [
        ((f.begin_us - BEGIN_US) / HOUR_US, (f.end_us - BEGIN_US) / HOUR_US, f.before, f.after)
        for f in findings
    ]


def test_the_table_in_the_readme_is_that_of_the_registry() -> None:
    readme = Path(__file__).resolve().parents[1] / "README.md"
    assert table() in readme.read_text(), "paste what prewatt_metering.vee.registry.table() gives"


def test_ids_are_in_order_and_each_file_is_named_by_its_check() -> None:
    assert [each.check_id for each in CHECKS] == [f"VEE-{n:02}" for n in range(1, len(CHECKS) + 1)]
    names = [f"vee{each.check_id[-2:]}_{each.name}" for each in CHECKS]
    (folder,) = prewatt_metering.vee.checks.__path__
    files = sorted(path.stem for path in Path(folder).glob("vee*.py"))
    assert files == names
    for path in Path(folder).glob("vee*.py"):
        number = re.match(r"vee(\d\d)", path.stem)
        assert number
        assert path.read_text().startswith(f'"""VEE-{number[1]}: '), path.name


def test_duplicates() -> None:
    found = duplicates(meter="m", readings=reads((1, 5), (0, 5), (1, 5), (1, 6), (1, 5)))
    assert brief(found) == [(1, 1, 5, 5)]
    assert found[0].count == 2


def test_what_stops_cuts_is_never_known_by_its_begin_alone() -> None:
    assert [each.check_id[-2:] for each in CHECKS if each.goes_on] == ["09", "10", "11", "12", "13"]
    with pytest.raises(ValueError, match="VEE-99 stops cuts"):
        Check(
            check_id="VEE-99", name="n", severity=Severity.FAIL, says="s", values="v",
            stops_cut=True, goes_on=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("register_wh", "modulus_wh", "fits"),
    [(0, None, True), (-1, None, False), (99, 100, True), (100, 100, False), (10**18, None, True)],
)
def test_in_range(*, register_wh: int, modulus_wh: int | None, fits: bool) -> None:
    assert in_range(register_wh=register_wh, modulus_wh=modulus_wh) is fits


def test_conflicts() -> None:
    found = conflicts(meter="m", at_us=hour(1), fit_wh=[5, 6, 9])
    assert brief(found) == [(1, 1, 5, 6), (1, 1, 5, 9)]
    assert conflicts(meter="m", at_us=hour(1), fit_wh=[5]) == []


def test_excursions_last_a_week_or_a_day() -> None:
    assert excursion_max_us(base_is_first=False, first_is_given=False) == 7 * DAY_US
    assert excursion_max_us(base_is_first=True, first_is_given=True) == 7 * DAY_US
    assert excursion_max_us(base_is_first=True, first_is_given=False) == DAY_US


def arrivals(*some: tuple[float, float]) -> list[Arrival]:
    """(hour of the reading, hours until it came) each."""
    return [Arrival(hour(at + delay), Reading(hour(at), int(at))) for at, delay in some]


@pytest.mark.parametrize(
    ("why", "came", "found"),
    [
        ("in time", [(0, 0), (1, 2)], []),
        ("one", [(0, 2.5)], [(0, 0, 7_200, 9_000)]),
        ("a stretch is one", [(2, 4), (1, 5), (0, 0)], [(1, 2, 7_200, 18_000)]),
        ("two", [(0, 3), (1, 0), (2, 3)], [(0, 0, 7_200, 10_800), (2, 2, 7_200, 10_800)]),
    ],
)
def test_late(why: str, came: list[tuple[float, float]], found: list[tuple[float, ...]]) -> None:
    assert brief(late(meter="m", arrivals=arrivals(*came))) == found, why


@pytest.mark.parametrize(
    ("why", "intervals", "now", "found"),
    [
        ("no gap", [(1, 5), (2, 5)], None, []),
        ("one", [(1, 5), (3, 5)], None, [(1, 4, 7_200, 10_800)]),
        ("silence until now", [(1, 5)], 4, [(1, 4, 7_200, 10_800)]),
        ("not silent for long", [(1, 5)], 3, []),
        ("never any reading", [], 9, []),
    ],
)
def test_gaps(
    why: str,
    intervals: list[tuple[float, int]],
    now: float | None,
    found: list[tuple[float, ...]],
) -> None:
    now_us = None if now is None else hour(now)
    result = gaps(meter="m", intervals=chain(*intervals), borne_us=2 * HOUR_US, now_us=now_us)
    assert brief(result) == found, why


@pytest.mark.parametrize(
    ("why", "readings", "policy_h", "found"),
    [
        ("moving", [(0, 1), (12, 2), (24, 3)], 24, []),
        ("a day", [(0, 1), (12, 1), (24, 1)], 24, [(0, 24, 1, 1)]),
        ("almost", [(0, 1), (12, 1), (23.9, 1)], 24, []),
        ("a stricter policy", [(0, 1), (1, 1), (2, 1), (3, 2)], 2, [(0, 2, 1, 1)]),
        ("a laxer policy has a day at most", [(0, 1), (12, 1), (24, 1)], 99, [(0, 24, 1, 1)]),
        ("nothing came between", [(0, 1), (48, 1)], 24, []),
        ("twice", [(0, 1), (9, 1), (24, 1), (25, 2), (30, 2), (49, 2)], 24,
         [(0, 24, 1, 1), (25, 49, 2, 2)]),
    ],
)  # fmt: skip
def test_frozen(
    why: str,
    readings: list[tuple[float, int]],
    policy_h: int,
    found: list[tuple[float, ...]],
) -> None:
    result = frozen(meter="m", readings=reads(*readings), policy_us=policy_h * HOUR_US)
    assert brief(result) == found, why


@pytest.mark.parametrize(
    ("why", "intervals", "usual", "found"),
    [
        ("used", [(720, 1)], 100, []),
        ("30 days", [(24, 5), (360, 0), (360, 0), (1, 1)], 100, [(24, 744, 3_000, 0)]),
        ("not known what is usual", [(720, 0)], None, [(0, 720, None, 0)]),
        ("nothing is usual", [(720, 0)], 0, []),
        ("not long", [(719, 0)], 100, []),
    ],
)
def test_zero_use(
    why: str,
    intervals: list[tuple[float, int]],
    usual: int | None,
    found: list[tuple[float, ...]],
) -> None:
    result = zero_use(meter="m", intervals=chain(*intervals), usual_wh_a_day=usual)
    assert brief(result) == found, why


@pytest.mark.parametrize(
    ("why", "intervals", "relay_open", "found"),
    [
        ("closed all the time", [(1, 900)], [], []),
        ("open, nothing used", [(1, 0)], [Span(hour(0), None)], []),
        ("one resolution is none", [(1, 10)], [Span(hour(0), None)], []),
        ("open, used", [(1, 11)], [Span(hour(0), None)], [(0, 1, 10, 11)]),
        ("open for half, as much as the other half carries", [(1, 510)],
         [Span(hour(0.5), hour(9))], []),
        ("open for half, more", [(1, 511)], [Span(hour(0.5), hour(9))], [(0, 1, 510, 511)]),
        ("closed again", [(1, 0), (1, 900)], [Span(hour(0), hour(1))], []),
        ("one a span, what is borne left out", [(1, 11), (1, 10), (1, 30), (1, 900)],
         [Span(hour(0), hour(3))], [(0, 3, 20, 41)]),
        ("one for each span", [(1, 11), (1, 900), (1, 30)],
         [Span(hour(2), None), Span(hour(0), hour(1))], [(0, 1, 10, 11), (2, 3, 10, 30)]),
        ("in two spans it is the first's", [(1, 900), (1, 30)],
         [Span(hour(0), hour(0.4)), Span(hour(0.5), None)], [(0, 1, 110, 900), (1, 2, 10, 30)]),
    ],
)  # fmt: skip
def test_use_while_disconnected(
    why: str,
    intervals: list[tuple[float, int]],
    relay_open: list[Span],
    found: list[tuple[float, ...]],
) -> None:
    result = use_while_disconnected(
        intervals=chain(*intervals),
        facts=MeterFacts(meter="m", max_w=1_000, resolution_wh=10),
        installation=Installation(meter="m", account="A"),
        relay_open=relay_open,
    )
    assert brief(result) == found, why


@pytest.mark.parametrize(
    ("why", "intervals", "found"),
    [
        ("as much as the limit lets through", [(1, 410)], []),
        ("more", [(1, 411)], [(0, 1, 410, 411)]),
        ("before the limit and after it", [(1, 300), (1, 300), (1, 900)], []),
        ("limited for half", [(1, 0), (0.5, 0), (1, 710)], []),
        ("limited for half, more", [(1, 0), (0.5, 0), (1, 711)], [(1.5, 2.5, 710, 711)]),
    ],
)
def test_use_above_a_limit(
    why: str, intervals: list[tuple[float, int]], found: list[tuple[float, ...]]
) -> None:
    result = use_while_disconnected(
        intervals=chain(*intervals),
        facts=MeterFacts(meter="m", max_w=1_000, resolution_wh=10),
        installation=Installation(meter="m", account="A"),
        relay_open=[],
        relay_limited=[Limited(Span(hour(0), hour(2)), 400)],
    )
    assert brief(result) == found, why


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20) | st.none()), max_size=6))
def test_overlap_counts_what_several_spans_cover_once(some: list[tuple[int, int | None]]) -> None:
    spans = [Span(begin, None if long is None else begin + long) for begin, long in some]
    covered = [
        at
        for at in range(10, 40)
        if any(s.begin_us <= at and (s.end_us is None or at < s.end_us) for s in spans)
    ]
    assert overlap_us(10, 40, spans) == len(covered)


@pytest.mark.parametrize(
    ("why", "wh", "found"),
    [
        ("as usual", [6_000] * 9, []),
        ("far above", [6_000] * 7 + [30_001], [(7, 30_000, 30_001)]),
        ("five times is borne", [6_000] * 7 + [30_000], []),
        ("nothing usual yet", [6_000] * 6 + [90_000], []),
        ("little is no spike", [10] * 7 + [5_000], []),
        ("one spike makes no other usual", [6_000] * 7 + [90_000, 90_000],
         [(7, 30_000, 90_000), (8, 30_000, 90_000)]),
    ],
)  # fmt: skip
def test_spikes(why: str, wh: list[int], found: list[tuple[int, int, int]]) -> None:
    first = date(2026, 10, 20)
    days = {first + timedelta(days=n): each for n, each in enumerate(wh)}
    result = spikes(meter="m", days=days, calendar=BERLIN)
    assert [(f.begin_us, f.end_us, f.before, f.after) for f in result] == [
        (
            BERLIN.first_instant_us(first + timedelta(days=n)),
            BERLIN.end_us(first + timedelta(days=n)),
            before,
            after,
        )
        for n, before, after in found
    ], why


@pytest.mark.parametrize(
    ("why", "delays_min", "drift_s"),
    [
        ("nothing", [], None),
        ("right", [0, 1, 2, 0], None),
        ("slow network at times", [0.1, 60, 90, 30], None),
        ("behind in each of four", [10, 11, 60, 12], -600),
        ("three are too few", [10, 11, 12], None),
        ("one from the future is enough", [3, -6], 360),
        ("a little ahead is borne", [-5], None),
    ],
)
def test_clock_drift(why: str, delays_min: list[float], drift_s: int | None) -> None:
    came = [
        Arrival(hour(n) + int(delay * MINUTE_US), Reading(hour(n), n))
        for n, delay in enumerate(delays_min)
    ]
    found = clock_drift(meter="m", arrivals=came)
    assert [(f.before, f.after) for f in found] == ([] if drift_s is None else [(300, drift_s)])


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> int:
    return us_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "shown", "instants"),
    [
        ("Europe/Berlin", "2026-11-01T02:30", ["2026-11-01T01:30"]),
        ("Europe/Berlin", "2026-10-25T02:30", ["2026-10-25T00:30", "2026-10-25T01:30"]),
        ("Europe/Berlin", "2026-03-29T02:30", []),
        ("America/Santiago", "2026-09-06T00:00", []),
        ("America/Havana", "2025-11-02T00:00", ["2025-11-02T04:00", "2025-11-02T05:00"]),
        ("Pacific/Apia", "2011-12-30T12:00", []),
        ("Australia/Lord_Howe", "2026-04-05T01:45", ["2026-04-04T14:45", "2026-04-04T15:15"]),
        ("Asia/Kathmandu", "2026-11-01T05:45", ["2026-11-01T00:00"]),
    ],
)
def test_what_the_wall_shows(zone: str, shown: str, instants: list[str]) -> None:
    calendar = LocalCalendar(zone)
    found = instants_of_wall(calendar, wall(shown))
    assert found == tuple(map(utc, instants))
    assert bool(wall_gap(meter="m", calendar=calendar, wall=wall(shown))) is (not instants)
    assert bool(wall_fold(meter="m", calendar=calendar, wall=wall(shown))) is (len(instants) == 2)


def test_a_wall_time_with_its_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="names its offset"):
        instants_of_wall(BERLIN, datetime(2026, 1, 1, tzinfo=UTC))


def test_order_decides_which_of_two_hours_it_was() -> None:
    walls = [wall(f"2026-10-25T{text}") for text in ("01:30", "02:00", "02:30", "02:00", "02:30")]
    walls.append(wall("2026-10-25T03:00"))
    instants, findings = wall_instants(meter="m", calendar=BERLIN, walls=walls)
    begin_us = utc("2026-10-24T23:30")
    assert instants == [begin_us + n * 30 * MINUTE_US for n in range(6)]
    assert [f.check for f in findings] == ["VEE-17"] * 4


def test_a_time_that_does_not_exist_is_by_the_offset_before() -> None:
    instants, findings = wall_instants(meter="m", calendar=BERLIN, walls=[wall("2026-03-29T02:30")])
    assert instants == [utc("2026-03-29T01:30")]
    assert [(f.check, f.before, f.after) for f in findings] == [
        ("VEE-16", utc("2026-03-29T01:30"), utc("2026-03-29T00:30"))
    ]


@pytest.mark.parametrize(
    ("register_wh", "profile_wh", "resolution_wh", "severity"),
    [
        (1_000, 1_000, 0, []), (1_000, 1_020, 0, []), (1_000, 980, 0, []),
        (1_000, 1_021, 0, ["warn"]), (1_000, 979, 0, ["warn"]), (1_000, 1_050, 0, ["warn"]),
        (1_000, 1_051, 0, ["fail"]), (1_000, 949, 0, ["fail"]), (0, 1, 0, ["fail"]),
        (0, 0, 0, []), (100, 110, 10, []), (100, 111, 10, ["fail"]),
    ],
)  # fmt: skip
def test_sum_against_register(
    register_wh: int, profile_wh: int, resolution_wh: int, severity: list[str]
) -> None:
    found = sum_against_register(
        meter="m",
        begin_us=0,
        end_us=1,
        register_wh=register_wh,
        profile_wh=profile_wh,
        resolution_wh=resolution_wh,
    )
    assert [each.severity for each in found] == severity
    assert all((f.before, f.after) == (register_wh, profile_wh) for f in found)


@pytest.mark.parametrize(
    ("why", "spans", "hours", "found"),
    [
        ("covered", [(0, None)], [0, 1, 99], []),
        ("nowhere", [], [0, 1], [(0, 1, 2)]),
        ("before, between and after", [(2, 4), (6, 8)], [1, 2, 3, 4, 5, 6, 8, 9, 10],
         [(1, 1, 1), (5, 5, 1), (9, 10, 2)]),
    ],
)  # fmt: skip
def test_no_installation(
    why: str,
    spans: list[tuple[int, int | None]],
    hours: list[int],
    found: list[tuple[int, int, int]],
) -> None:
    result = no_installation(
        meter="m",
        readings=reads(*((each, each) for each in hours)),
        installations=[
            Installation(
                meter="m", account="A", from_us=hour(a), to_us=None if b is None else hour(b)
            )
            for a, b in spans
        ],
    )
    assert [(f.before, f.after, f.count) for f in result] == found, why


@pytest.mark.parametrize(
    ("delay_h", "found"),
    [(0, 0), (-24, 0), (-24.1, 1), (366 * 24, 0), (366 * 24.1, 1), (56 * 8_766, 1)],
)
def test_dated_away(delay_h: float, found: int) -> None:
    came = arrivals((0, delay_h))
    result = dated_away(meter="m", arrivals=came)
    assert [(f.before, f.after) for f in result] == [(came[0].received_us, hour(0))] * found
