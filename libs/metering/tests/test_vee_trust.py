"""Rules 1 to 3 by tables, and that trust is a function of the set."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.calendar.instants import HOUR_US, us_of
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts, modulus_of
from prewatt_metering.registers.readings import Quality, Reading
from prewatt_metering.vee.checks.vee04_rollover import rolled_over_wh
from prewatt_metering.vee.checks.vee07_implausible import possible
from prewatt_metering.vee.checks.vee08_six_excursions import six_excursions
from prewatt_metering.vee.findings import unseen_stops
from prewatt_metering.vee.trust import FLAGS, Trust, trusted

BEGIN_US = us_of(datetime(2026, 11, 1, tzinfo=UTC))
MODULUS_WH = 1_000_000


def hour(number: float) -> int:
    return BEGIN_US + int(number * HOUR_US)


def reads(*some: tuple[float, int]) -> list[Reading]:
    """(hour, Wh) each."""
    return [Reading(hour(at), wh) for at, wh in some]


def trust(
    readings: list[Reading],
    *,
    opening: tuple[float, int] | None = None,
    closing: tuple[float, int] | None = None,
    modulus_wh: int | None = MODULUS_WH,
    max_w: int = 10_000,
    resolution_wh: int = 0,
    multiplier: int = 1,
    as_of_us: int | None = None,
) -> Trust:
    return trusted(
        readings=readings,
        installation=Installation(
            meter="m",
            account="A",
            from_us=hour(opening[0]) if opening else None,
            opening_wh=opening[1] if opening else None,
            to_us=hour(closing[0]) if closing else None,
            closing_wh=closing[1] if closing else None,
            multiplier=multiplier,
        ),
        facts=MeterFacts(
            meter="m", modulus_wh=modulus_wh, resolution_wh=resolution_wh, max_w=max_w
        ),
        as_of_us=as_of_us,
    )


def brief(of: Trust) -> list[tuple[float, float, int]]:
    return [
        ((each.begin_us - BEGIN_US) / HOUR_US, (each.end_us - BEGIN_US) / HOUR_US, each.wh)
        for each in of.intervals
    ]


@pytest.mark.parametrize(
    ("why", "readings", "intervals", "flags"),
    [
        ("nothing", [], [], {}),
        ("one reading bounds nothing", [(0, 5)], [], {}),
        ("two", [(0, 5), (1, 9)], [(0, 1, 4)], {}),
        ("any order", [(2, 9), (0, 5), (1, 5)], [(0, 1, 0), (1, 2, 4)], {}),
        ("the same twice", [(0, 5), (1, 9), (1, 9), (1, 9)], [(0, 1, 4)], {"duplicate": 2}),
        ("two values: the lower", [(0, 5), (1, 9), (1, 8)], [(0, 1, 3)], {"conflict": 1}),
        ("three values", [(0, 5), (1, 9), (1, 8), (1, 7)], [(0, 1, 2)], {"conflict": 2}),
        ("negative", [(0, 5), (1, -1), (2, 9)], [(0, 2, 4)], {"out_of_range": 1}),
        ("at the modulus", [(0, 5), (1, MODULUS_WH), (2, 9)], [(0, 2, 4)], {"out_of_range": 1}),
        ("one of two fits", [(0, 5), (1, -1), (1, 9)], [(0, 1, 4)], {"out_of_range": 1}),
        ("as much as can flow", [(0, 0), (1, 10_000)], [(0, 1, 10_000)], {}),
        ("one more than can flow", [(0, 0), (1, 10_001)], [(0, 1, 0)], {"implausible": 1}),
        ("around", [(0, 999_000), (1, 500)], [(0, 1, 1_500)], {"rollover": 1}),
        ("more around than can flow", [(0, 980_000), (1, 500)], [(0, 1, 0)], {"reset": 1}),
        (
            "half of the modulus around, in time enough",
            [(0, 600_000), (100, 100_000)], [(0, 100, 500_000)], {"rollover": 1},
        ),
        (
            "one more than half is none",
            [(0, 600_000), (100, 100_001)], [(0, 100, 0)], {"reset": 1},
        ),
        (
            "a reset for good",
            [(0, 5_000), (1, 300), (2, 900)], [(0, 1, 0), (1, 2, 600)], {"reset": 1},
        ),
        (
            "too high once: the one before leads on",
            [(0, 100), (1, 9_000), (2, 200), (3, 300)],
            [(0, 2, 100), (2, 3, 100)], {"glitch": 1},
        ),
        (
            "too high, and nothing follows",
            [(0, 100), (1, 9_000), (2, 200)], [(0, 2, 100)], {"glitch": 1},
        ),
        (
            "too low once: it comes back",
            [(0, 100), (1, 200), (2, 0), (3, 300)],
            [(0, 1, 100), (1, 3, 100)], {"glitch": 1},
        ),
        (
            "too low for three readings",
            [(0, 100), (1, 200), (2, 0), (3, 1), (4, 2), (5, 300)],
            [(0, 1, 100), (1, 5, 100)], {"glitch": 3},
        ),
        (
            "a leap that comes down again",
            [(0, 100), (1, 900_000), (2, 200)], [(0, 2, 100)], {"glitch": 1},
        ),
        (
            "a leap that stays, though time would make it possible",
            [(0, 100), (1, 30_000), (2, 30_100), (5, 30_200)],
            [(0, 1, 0), (1, 2, 100), (2, 5, 100)], {"implausible": 1},
        ),
        (
            "back by way of a rollover",
            [(0, 999_900), (1, 700_000), (2, 100)], [(0, 2, 200)], {"glitch": 1, "rollover": 1},
        ),
        (
            "the first reading's excursion lasts a day at most",
            [(0, 500), (1, 0), (25, 600)], [(0, 25, 100)], {"glitch": 1},
        ),
        (
            "and not longer",
            [(0, 500), (1, 0), (25.01, 600)], [(0, 1, 0), (1, 25.01, 600)], {"reset": 1},
        ),
        (
            "a later one's seven days",
            [(0, 0), (9, 50_000), (10, 20_000), (178, 60_000)],
            [(0, 9, 50_000), (9, 178, 10_000)], {"glitch": 1},
        ),
        (
            "and not longer, though then the base was too high only if it can be",
            [(0, 0), (9, 50_000), (9.5, 10), (177.51, 60_000)],
            [(0, 9, 50_000), (9, 9.5, 0), (9.5, 177.51, 59_990)], {"reset": 1},
        ),
    ],
)  # fmt: skip
def test_trust(
    why: str,
    readings: list[tuple[float, int]],
    intervals: list[tuple[float, float, int]],
    flags: dict[str, int],
) -> None:
    of = trust(reads(*readings))
    assert (brief(of), of.flags()) == (intervals, flags), why


@pytest.mark.parametrize(
    ("why", "opening", "closing", "readings", "intervals", "flags"),
    [
        ("an opening is a reading", (0, 10), None, [(1, 30)], [(0, 1, 20)], {}),
        ("a closing too", (0, 10), (2, 50), [(1, 30)], [(0, 1, 20), (1, 2, 20)], {}),
        ("both beat readings there", (0, 10), (1, 50), [(0, 11), (1, 40)], [(0, 1, 40)], {}),
        (
            "what is beaten is still looked at",
            (0, 10), None, [(0, 11), (0, 12), (0, -1), (1, 40)], [(0, 1, 30)],
            {"conflict": 1, "out_of_range": 1},
        ),
        (
            "an opening speaks for the register for seven days",
            (0, 500), None, [(1, 0), (100, 600)], [(0, 100, 100)], {"glitch": 1},
        ),
    ],
)  # fmt: skip
def test_opening_and_closing(
    *,
    why: str,
    opening: tuple[float, int],
    closing: tuple[float, int] | None,
    readings: list[tuple[float, int]],
    intervals: list[tuple[float, float, int]],
    flags: dict[str, int],
) -> None:
    of = trust(reads(*readings), opening=opening, closing=closing)
    assert (brief(of), of.flags()) == (intervals, flags), why


def test_what_comes_after_as_of_does_not_count() -> None:
    of = trust(reads((1, 30), (3, 70)), opening=(0, 10), closing=(2, 50), as_of_us=hour(1))
    assert brief(of) == [(0, 1, 20)]


def test_one_resolution_is_forgiven() -> None:
    tens = reads((0, 0), (0.001, 1_000))
    assert trust(tens, resolution_wh=1_000).flags() == {}
    assert trust(tens, resolution_wh=900).flags() == {"implausible": 1}


def test_the_limit_is_of_the_point_of_supply() -> None:
    """250 Wh of a register that counts 40 times are 10 kWh."""
    assert trust(reads((0, 0), (1, 250)), multiplier=40).flags() == {}
    assert trust(reads((0, 0), (1, 251)), multiplier=40).flags() == {"implausible": 1}


def test_findings_name_both_values_and_stop_cuts_where_a_step_is_impossible() -> None:
    of = trust(reads((0, 5_000), (1, 300)))
    (reset,) = of.findings
    assert (reset.check, reset.name, reset.before, reset.after) == ("VEE-06", "reset", 5_000, 300)
    assert (reset.begin_us, reset.end_us) == (hour(0), hour(1))
    assert reset.stops_cut
    assert unseen_stops(findings=of.findings, looked_at=[]) == (reset,)
    assert unseen_stops(findings=of.findings, looked_at=[reset.key]) == ()


def test_two_devices_under_one_id_stop_cuts() -> None:
    pairs = [((2 * n, 5_000 + n), (2 * n + 1, 300 + n)) for n in range(8)]
    of = trust(reads(*(each for pair in pairs for each in pair)))
    (found,) = [each for each in of.findings if each.check == "VEE-08"]
    assert found.stops_cut
    assert (found.before, found.after) == (5, 8)
    assert "six_excursions" not in FLAGS


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        ([], []),
        ([0, 1, 2, 3, 4], []),
        ([0, 1, 2, 3, 4, 168], [(0, 168, 6)]),
        ([0, 1, 2, 3, 4, 168.1], []),
        ([0, 1, 2, 3, 4, 5, 100], [(0, 100, 7)]),
        ([*range(6), *range(1_000, 1_006)], [(0, 5, 6), (1_000, 1_005, 6)]),
    ],
)
def test_six_excursions(hours: list[float], found: list[tuple[float, float, int]]) -> None:
    findings = six_excursions(meter="m", excursions_us=[hour(each) for each in hours])
    assert [(f.begin_us, f.end_us, f.after) for f in findings] == [
        (hour(begin), hour(end), count) for begin, end, count in found
    ]


def test_quality_is_the_worse_of_both_ends_and_spread_where_readings_are_left_out() -> None:
    edited = Reading(hour(2), 20, Quality.EDITED)
    of = trust([*reads((0, 0), (1, 10), (3, 30), (4, 0), (5, 50), (6, 60)), edited])
    assert [each.quality for each in of.intervals] == [
        Quality.MEASURED, Quality.EDITED, Quality.EDITED, Quality.INTERPOLATED, Quality.MEASURED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("delta_wh", "modulus_wh", "around_wh"),
    [
        (5, 100, None), (0, 100, None), (-1, None, None), (-1, 100, None), (-50, 100, 50),
        (-49, 100, None), (-99, 100, 1), (-51, 101, 50),
        (-1_001, 1_000, None),  # from a value that it cannot show
    ],
)  # fmt: skip
def test_rolled_over(delta_wh: int, modulus_wh: int | None, around_wh: int | None) -> None:
    assert rolled_over_wh(delta_wh=delta_wh, modulus_wh=modulus_wh) == around_wh


def test_possible() -> None:
    assert possible(wh=69_000, elapsed_us=HOUR_US, limit_w=69_000)
    assert not possible(wh=69_001, elapsed_us=HOUR_US, limit_w=69_000)
    assert possible(wh=69_001, elapsed_us=HOUR_US, limit_w=69_000, resolution_wh=1)
    assert not possible(wh=1, elapsed_us=1, limit_w=69_000)


# Few values and few instants, so that everything of the rules comes up.
some_readings = st.lists(
    st.builds(
        Reading,
        st.integers(0, 40).map(lambda n: hour(n * 6)),
        st.one_of(st.integers(-2, 400), st.integers(999_000, MODULUS_WH), st.integers(0, 10**7)),
    ),
    max_size=25,
)


@given(readings=some_readings, seed=st.integers(), again=st.integers(0, 5))
def test_order_and_repetition_change_nothing(
    readings: list[Reading], seed: int, again: int
) -> None:
    shuffled = readings + readings[:again]
    random.Random(seed).shuffle(shuffled)
    plain, other = trust(readings), trust(shuffled)
    assert plain == other
    assert other.repeats == plain.repeats + len(readings[:again])


@given(readings=some_readings, opening_wh=st.integers(0, 400))
def test_what_always_holds(readings: list[Reading], opening_wh: int) -> None:
    of = trust(readings, opening=(3, opening_wh))
    assert list(of.intervals.at_us) == sorted(set(of.intervals.at_us))
    assert all(wh >= 0 for wh in of.intervals.wh)
    for each in of.intervals:
        assert each.wh * HOUR_US <= 10_000 * (each.end_us - each.begin_us)


def test_facts_that_contradict_themselves_are_refused() -> None:
    assert modulus_of(digits=6) == 10**9
    with pytest.raises(ValueError, match="meter m: max_w is required outside households"):
        MeterFacts(meter="m", household=False)
    with pytest.raises(ValueError, match="resolution 9 Wh is not below the modulus 9 Wh"):
        MeterFacts(meter="m", modulus_wh=9, resolution_wh=9)
    with pytest.raises(ValueError, match="needs an id"):
        MeterFacts(meter="")
    with pytest.raises(ValueError, match="max_w 0 W"):
        MeterFacts(meter="m", max_w=0)
    with pytest.raises(ValueError, match="modulus 0 Wh"):
        MeterFacts(meter="m", modulus_wh=0)
    with pytest.raises(ValueError, match="resolution -1 Wh"):
        MeterFacts(meter="m", resolution_wh=-1)
    with pytest.raises(ValueError, match="0 digits"):
        modulus_of(digits=0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"from_us": 2, "to_us": 1}, "ends .1 us. before it begins .2 us."),
        ({"multiplier": 0}, "multiplier 0"),
        ({"opening_wh": 5}, "opening register 5 Wh needs its instant"),
        ({"to_us": 5, "closing_wh": -1}, "closing register -1 Wh is negative"),
    ],
)
def test_installations_that_contradict_themselves_are_refused(
    wrong: dict[str, int], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Installation(meter="m", account="A", **wrong)  # type: ignore[arg-type]


def test_an_installation_covers_what_ends_in_it() -> None:
    some = Installation(meter="m", account="A", from_us=1, to_us=5)
    assert [some.covers(at) for at in (0, 1, 2, 5, 6)] == [False, False, True, True, False]
