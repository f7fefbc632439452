"""Installations put right afterwards, and that usage follows by itself into the right days."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.calendar.instants import HOUR_US, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import slots_of_day
from prewatt_metering.registers.changes import (
    Decision,
    check_set,
    correct_registers,
    move_out,
    swap,
)
from prewatt_metering.registers.devices import readings_of_device
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.usage.days import day_usage
from prewatt_metering.vee.checks import vee06_reset
from prewatt_metering.vee.findings import Finding, findings_within
from prewatt_metering.vee.trust import Trust, trusted

BEGIN_US = us_of(datetime(2026, 11, 1, tzinfo=UTC))
CALENDAR = LocalCalendar("UTC")
FACTS = MeterFacts(meter="m")
WHY = Decision(by="wang", reason="the field report came late", decided_us=BEGIN_US)


def hour(number: float) -> int:
    return BEGIN_US + int(number * HOUR_US)


def reads(*some: tuple[float, int]) -> list[Reading]:
    return [Reading(hour(at), wh) for at, wh in some]


OLD_WH = 5_418_190
SWAPPED = reads((8, OLD_WH + 4_560), (10, 300), (12, 900), (8, OLD_WH + 4_560), (13, 1_200))


def trust_at(
    readings: list[Reading], place: Installation, installations: frozenset[Installation]
) -> Trust:
    return trusted(
        readings=readings_of_device(
            readings=readings, installation=place, installations=installations
        ),
        installation=place,
        facts=FACTS,
    )


def by_account(
    readings: list[Reading], installations: frozenset[Installation]
) -> dict[tuple[str, str], int]:
    """{(account, day): Wh}."""
    sums: dict[tuple[str, str], int] = {}
    for place in installations:
        used = day_usage(
            intervals=trust_at(readings, place, installations).intervals,
            installation=place,
            calendar=CALENDAR,
            slots_of=lambda day: slots_of_day(CALENDAR, day, lambda _: "all", []),
        )
        for (day, _), wh in used.items():
            key = (place.account, day.isoformat()[8:])
            sums[key] = sums.get(key, 0) + wh
    return sums


def test_a_wrong_opening_register_is_put_right() -> None:
    wrong = Installation(meter="m", account="A", from_us=hour(0), opening_wh=0)
    change = correct_registers(
        installations=[wrong], wrong=wrong, opening_wh=5_000, closing_wh=None, decision=WHY
    )
    readings = reads((12, 6_000), (36, 8_000))
    assert by_account(readings, frozenset([wrong])) == {("A", "01"): 7_000, ("A", "02"): 1_000}
    assert by_account(readings, change.installations) == {("A", "01"): 2_000, ("A", "02"): 1_000}
    assert (change.removed, change.added) == ({wrong}, change.installations)
    assert change.decision == WHY


def test_a_late_move_out_puts_energy_where_it_was_used() -> None:
    """The move was at 18:00; it is told a day later. 20 kWh flowed evenly over that first day."""
    old = Installation(meter="m", account="A", from_us=hour(0), opening_wh=100)
    readings = reads((24, 20_100), (48, 40_100))
    change = move_out(
        installations=[old],
        installation=old,
        at_us=hour(18),
        next_account="B",
        decision=WHY,
    )
    assert by_account(readings, change.installations) == {
        ("A", "01"): 15_000,
        ("B", "01"): 5_000,
        ("B", "02"): 20_000,
    }
    read_out = move_out(
        installations=[old],
        installation=old,
        at_us=hour(18),
        register_wh=12_100,
        next_account="B",
        decision=WHY,
    )
    assert by_account(readings, read_out.installations) == {
        ("A", "01"): 12_000,
        ("B", "01"): 8_000,
        ("B", "02"): 20_000,
    }


def test_a_move_out_told_wrongly_first_moves_the_next_one_too() -> None:
    old = Installation(meter="m", account="A", from_us=hour(0), to_us=hour(36), opening_wh=0)
    following = Installation(meter="m", account="B", from_us=hour(36))
    change = move_out(
        installations=[old, following], installation=old, at_us=hour(12), decision=WHY
    )
    assert change.removed == {old, following}
    assert by_account(reads((48, 48_000)), change.installations) == {
        ("A", "01"): 12_000,
        ("B", "01"): 12_000,
        ("B", "02"): 24_000,
    }


@pytest.mark.parametrize(
    ("devices", "opening_wh"),
    [
        ((None, None), 900),
        ((None, "X"), 900),
        (("X", None), 900),
        (("X", "X"), 900),
        (("X", "Y"), 7),
    ],
)
def test_who_follows_on_the_same_device_begins_at_the_register(
    devices: tuple[str | None, str | None], opening_wh: int
) -> None:
    """One that names none is taken to be the same, whichever it is."""
    old = Installation(meter="m", account="A", from_us=hour(0), to_us=hour(9), device=devices[0])
    new = Installation(meter="m", account="B", from_us=hour(9), opening_wh=7, device=devices[1])
    change = move_out(
        installations=[old, new], installation=old, at_us=hour(8), register_wh=900, decision=WHY
    )
    assert replace(new, from_us=hour(8), opening_wh=opening_wh) in change.added


@pytest.mark.parametrize("turned", [False, True])
def test_registers_of_two_neighbours_that_differ_are_in_conflict(turned: bool) -> None:
    """A's closing register says 500, B's opening one 510; C comes later on the same device. The
    lower counts, whatever the order in which the installations are told."""
    first = Installation(meter="m", account="A", from_us=0, to_us=hour(4), closing_wh=500)
    second = Installation(
        meter="m", account="B", from_us=hour(4), to_us=hour(8), opening_wh=510, closing_wh=900
    )
    place = Installation(meter="m", account="C", from_us=hour(8))
    others = [second, first] if turned else [first, second]
    found = readings_of_device(
        readings=reads((3, 400), (4, 505), (12, 1_000)),
        installation=place,
        installations=[*others, place],
    )
    assert sorted(found) == reads((3, 400), (4, 500), (4, 510), (8, 900), (12, 1_000))
    trust = trusted(readings=found, installation=place, facts=FACTS)
    assert [each.wh for each in trust.intervals] == [100, 400, 100]
    assert trust.flags() == {"conflict": 1}


def test_moving_a_swap_leaves_the_new_devices_register() -> None:
    old = Installation(meter="m", account="A", from_us=hour(0), to_us=hour(9), device="S-1")
    new = Installation(meter="m", account="A", from_us=hour(9), opening_wh=7, device="S-2")
    change = move_out(
        installations=[old, new], installation=old, at_us=hour(8), register_wh=900, decision=WHY
    )
    assert change.added == {
        replace(old, to_us=hour(8), closing_wh=900),
        replace(new, from_us=hour(8)),
    }


def test_a_swap_names_the_devices_of_those_who_named_none() -> None:
    """Else the new device's readings would speak about the household before, as a reset."""
    first = Installation(meter="m", account="A", from_us=hour(0), to_us=hour(5), opening_wh=OLD_WH)
    second = Installation(meter="m", account="B", from_us=hour(5))
    change = swap(
        installations=[first, second],
        installation=second,
        at_us=hour(9),
        closing_wh=None,
        opening_wh=0,
        devices=("S-1", "S-2"),
        decision=WHY,
    )
    assert {each.device for each in change.installations if each.to_us} == {"S-1"}
    of_first = trust_at(SWAPPED, replace(first, device="S-1"), change.installations)
    assert not [each for each in of_first.findings if each.stops_cut]
    # As far as the next one that is named: what hung before that was another device.
    named = replace(first, device="S-0", to_us=hour(2))
    unnamed = replace(first, from_us=hour(2), opening_wh=None)
    change = swap(
        installations=[named, unnamed, second],
        installation=second,
        at_us=hour(9),
        closing_wh=None,
        opening_wh=0,
        devices=("S-1", "S-2"),
        decision=WHY,
    )
    assert named in change.installations
    assert replace(unnamed, device="S-1") in change.installations


def test_findings_are_told_where_they_lie() -> None:
    def found(begin: float, end: float) -> Finding:
        return vee06_reset.CHECK.finding(
            meter="m", begin_us=hour(begin), end_us=hour(end), before=9, after=0
        )

    place = Installation(meter="m", account="A", from_us=hour(2), to_us=hour(6))
    inside = [found(2, 3), found(1, 3), found(5, 9), found(2, 2), found(6, 6)]
    assert findings_within([*inside, found(1, 2), found(6, 7), found(1, 1)], place) == tuple(inside)
    lasting = replace(place, to_us=None, from_us=None)
    assert findings_within(inside, lasting) == tuple(inside)


def test_a_move_out_without_a_successor_leaves_the_meter_with_nobody() -> None:
    old = Installation(meter="m", account="A", from_us=hour(0), opening_wh=0)
    change = move_out(installations=[old], installation=old, at_us=hour(12), decision=WHY)
    assert by_account(reads((24, 24_000)), change.installations) == {("A", "01"): 12_000}


def test_a_swap_under_the_same_id_is_a_finding_first_and_right_afterwards() -> None:
    """The new device begins at 0; a retained copy of the old one's reading comes once more."""
    old = Installation(meter="m", account="A", from_us=hour(0), opening_wh=OLD_WH)
    trust = trust_at(SWAPPED, old, frozenset([old]))
    (reset,) = [each for each in trust.findings if each.name == "reset"]
    assert (reset.before, reset.after, reset.stops_cut) == (OLD_WH + 4_560, 300, True)
    change = swap(
        installations=[old],
        installation=old,
        at_us=hour(9),
        closing_wh=None,
        opening_wh=0,
        devices=("S-1", "S-2"),
        decision=WHY,
    )
    assert by_account(SWAPPED, change.installations) == {("A", "01"): 4_560 + 1_200}
    for place in change.installations:
        assert not any(each.stops_cut for each in trust_at(
            SWAPPED, place, change.installations
        ).findings)  # fmt: skip


@given(
    old_wh=st.lists(st.integers(0, 3_000), min_size=1, max_size=10),
    new_wh=st.lists(st.integers(0, 3_000), min_size=1, max_size=10),
    closing=st.booleans(),
)
def test_after_a_swap_all_is_charged_once(
    old_wh: list[int], new_wh: list[int], closing: bool
) -> None:
    """Also where the new register overtakes the old one within days."""
    readings, register = list[Reading](), 0
    for number, wh in enumerate(old_wh, 1):
        register += wh
        readings.append(Reading(hour(number), register))
    at, new = len(old_wh) + 1, 0
    for number, wh in enumerate(new_wh, 1):
        new += wh
        readings.append(Reading(hour(at + number), new))
    old = Installation(meter="m", account="A", from_us=hour(0), opening_wh=0)
    change = swap(
        installations=[old],
        installation=old,
        at_us=hour(at),
        closing_wh=register if closing else None,
        opening_wh=0,
        devices=("S-1", "S-2"),
        decision=WHY,
    )
    assert sum(by_account(readings, change.installations).values()) == register + new


def test_changes_that_cannot_be_are_refused() -> None:
    old = Installation(meter="m", account="A", from_us=hour(0), opening_wh=0)
    other = Installation(meter="m", account="B", from_us=hour(5))
    with pytest.raises(ValueError, match="no such installation at account A"):
        move_out(installations=[], installation=old, at_us=hour(1), decision=WHY)
    with pytest.raises(ValueError, match=r"account A until None us and account B from .* at once"):
        check_set([other, old])
    with pytest.raises(ValueError, match="S-1 was swapped for itself"):
        swap(
            installations=[old],
            installation=old,
            at_us=hour(1),
            closing_wh=None,
            opening_wh=0,
            devices=("S-1", "S-1"),
            decision=WHY,
        )
    with pytest.raises(ValueError, match="S-3 hangs there, not S-1"):
        swap(
            installations=[replace(old, device="S-3")],
            installation=replace(old, device="S-3"),
            at_us=hour(1),
            closing_wh=None,
            opening_wh=0,
            devices=("S-1", "S-2"),
            decision=WHY,
        )
    with pytest.raises(ValueError, match="needs the name"):
        Decision(by="", reason="x", decided_us=0)
    check_set([old, Installation(meter="other", account="A", from_us=hour(1))])
