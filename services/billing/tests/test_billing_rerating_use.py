"""From readings to use: billing's own against the library that the ledger charges with."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from rerating_cases import (
    OURS,
    SLOTS,
    THEIRS,
    MeterCase,
    agreement,
    meter_cases,
    slot_tariffs,
    version,
)

from billing.readings.values import Columns, Reading
from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import Tariff
from billing.rerating.undisputed import undisputed
from billing.rerating.use import Use, use_of_columns, use_of_meter
from billing.terms.values import Edit, Installation, MeterFacts
from prewatt_common.contracts.ledger_facts_v1 import EditKind
from prewatt_metering.calendar.instants import HOUR_US, us_of
from prewatt_metering.registers import installations, meters, readings
from prewatt_metering.registers.devices import readings_of_device
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.periods import period_of
from prewatt_metering.usage.days import day_usage
from prewatt_metering.vee import edit
from prewatt_metering.vee.trust import trusted


def own(case: MeterCase, tariff: Tariff) -> Use:
    return use_of_meter(
        agreement=case.agreement, tariff=tariff, meter=case.meter, readings=case.readings
    )


def librarys(case: MeterCase, tariff: Tariff) -> Use:
    """The same by libs/metering, with the last reads by looking at each."""
    use, calendar, agreement = Use(), tariff.calendar, case.agreement
    places = [installation_of(each) for each in case.meter.installations]
    counted = edit.edited(
        readings=[readings.Reading(*each) for each in case.readings],
        edits=[
            edit.Edit(
                edit_id=str(each.id), meter=each.meter, at_us=each.at_us,
                kind=edit.EditKind(each.kind), register_wh=each.register_wh, by=each.by,
                reason=each.reason, decided_us=each.decided_us,
            )
            for each in case.meter.edits
        ],
    )  # fmt: skip
    end = agreement.end_day
    begin_us = calendar.first_instant_us(agreement.first_day)
    end_us = None if end is None else calendar.first_instant_us(end)
    for place in places:
        if place.account != str(agreement.account_id):
            continue
        trust = trusted(
            readings=readings_of_device(readings=counted, installation=place, installations=places),
            installation=place,
            facts=facts_of(case.meter.facts),
        )
        wh = day_usage(
            intervals=trust.intervals, installation=place, calendar=calendar,
            slots_of=tariff.slots_of, opened=agreement.first_day,
            closed=None if end is None else end - timedelta(days=1),
        )  # fmt: skip
        last: dict[date, int] = {}
        for at_us in trust.intervals.at_us or ((trust.last.at_us,) if trust.last else ()):
            if begin_us < at_us and place.covers(at_us) and (end_us is None or at_us <= end_us):
                first = period_of(calendar.day_of(at_us - 1), cycle=tariff.book.cycle).first
                last[first] = max(at_us, last.get(first, at_us))
        read_us = {case.meter.facts.meter: max(last.values())} if last else {}
        use.add(Use(wh, last, read_us))
    return use


def installation_of(place: Installation) -> installations.Installation:
    return installations.Installation(
        meter=place.meter, account=str(place.account_id), from_us=place.from_us, to_us=place.to_us,
        opening_wh=place.opening_wh, closing_wh=place.closing_wh, multiplier=place.multiplier,
        device=place.device,
    )  # fmt: skip


def facts_of(facts: MeterFacts) -> meters.MeterFacts:
    return meters.MeterFacts(
        meter=facts.meter, household=facts.household, modulus_wh=facts.modulus_wh,
        resolution_wh=facts.resolution_wh, max_w=facts.max_w,
    )  # fmt: skip


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(data=st.data(), case=meter_cases())
def test_use_is_the_librarys(data: st.DataObject, case: MeterCase) -> None:
    tariff = data.draw(slot_tariffs(case.zone))
    assert own(case, tariff) == librarys(case, tariff)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(data=st.data(), case=meter_cases() | meter_cases(plain=True, calm=True))
def test_use_by_columns_is_the_same(data: st.DataObject, case: MeterCase) -> None:
    multiplier = data.draw(st.sampled_from([1, 1, 40]))
    places = [replace(each, multiplier=multiplier) for each in case.meter.installations]
    case = replace(case, meter=replace(case.meter, installations=places))
    tariff = data.draw(slot_tariffs(case.zone))
    columns = columns_of(case.readings)
    event("undisputed" if undisputed(columns, case.meter) else "disputed")
    assert own(case, tariff) == use_of_columns(
        agreement=case.agreement, tariff=tariff, meter=case.meter, columns=columns
    )


def columns_of(readings: Sequence[Reading]) -> Columns:
    return Columns(
        np.array([each.at_us for each in readings], np.int64),
        np.array([each.register_wh for each in readings], np.int64),
    )


BEGIN_US = us_of(datetime(2026, 11, 1, tzinfo=UTC))


def hour(number: float) -> int:
    return BEGIN_US + int(number * HOUR_US)


def place(**changes: Any) -> Installation:
    """Ours from hour 0 on, opened at 0."""
    given: dict[str, Any] = {
        "meter": "m", "account_id": OURS, "from_us": hour(0), "to_us": None, "opening_wh": 0,
        "closing_wh": None,
    }  # fmt: skip
    return Installation(**given | changes)


def edit_of(number: int, at: float, kind: EditKind, wh: int | None, decided_us: int) -> Edit:
    return Edit(
        id=UUID(int=number), meter="m", at_us=hour(at), kind=kind, register_wh=wh, by="wang",
        reason="test", decided_us=decided_us,
    )  # fmt: skip


FLAT = Tariff(TariffBook([version("UTC", "2000-01-01", SLOTS[0])]))
MILLION: dict[str, Any] = {"modulus_wh": 1_000_000}


@pytest.mark.parametrize(
    ("wh", "facts", "is_undisputed"),
    [
        ([0, 5, 5, 900], {}, True),
        ([0, 5, 4, 900], {}, False),
        ([0, 5, 5, 90_000], {}, False),
        ([0, 5, 5, 90_000], {"max_w": 90_000}, True),
        ([0, 5, 5, 1_000_000], {"modulus_wh": 1_000_000, "max_w": 10**7}, False),
        ([0, 5, 5, 10**12], {"max_w": 10**17}, False),  # beyond 64 bits
    ],
)
def test_only_what_nobody_would_ask_about_is_undisputed(
    wh: list[int], facts: dict[str, Any], is_undisputed: bool
) -> None:
    columns = columns_of([Reading(hour(number), each) for number, each in enumerate(wh)])
    meter = MeterTerms(facts=MeterFacts(meter="m", **facts), installations=[place()])
    assert (undisputed(columns, meter) is not None) == is_undisputed
    again = columns_of([Reading(hour(2), wh[2]), *map(Reading, *_listed(columns))])
    assert undisputed(again, meter) == undisputed(columns, meter)
    for other in (
        replace(meter, edits=[edit_of(1, 1, EditKind.RESTORE, None, 1)]),
        replace(meter, installations=[place(to_us=hour(1)), place(from_us=hour(1))]),
    ):
        assert undisputed(columns, other) is None


def _listed(columns: Columns) -> tuple[list[int], list[int]]:
    return columns.at_us.tolist(), columns.register_wh.tolist()


def used_wh(
    reads: list[tuple[float, int]], *places: Installation, edits: list[Edit], **facts: Any
) -> int:
    """By `OURS`, of (hour, Wh)."""
    meter = MeterTerms(
        facts=MeterFacts(meter="m", **facts), installations=places or [place()], edits=edits
    )
    use = use_of_meter(
        agreement=agreement(date(2026, 11, 1)),
        tariff=FLAT,
        meter=meter,
        readings=[Reading(hour(at), wh) for at, wh in reads],
    )
    return sum(use.wh.values())


@pytest.mark.parametrize(
    ("why", "reads", "facts", "wh"),
    [
        ("nothing was heard", [], {}, 0),
        ("one reading bounds no energy but with the opening", [(1, 700)], {}, 700),
        ("what is heard twice counts once", [(1, 700), (1, 700), (2, 900)], {}, 900),
        ("the lower of two at one instant", [(1, 750), (1, 700)], {}, 700),
        ("and of a lower one that cannot be shown the other", [(1, 999), (1, 1_000)],
         {"modulus_wh": 1_000}, 999),
        ("a rollover", [(12, 600_000), (20, 100_000)], MILLION, 1_100_000),
        ("without a modulus it is a reset", [(12, 600_000), (13, 600_500), (20, 100_000)], {},
         600_500),
        ("more than half around is one too", [(12, 400_000), (13, 400_500), (20, 300_000)],
         MILLION, 400_500),
        ("what cannot have flowed is nobody's", [(1, 900_000), (2, 900_100)], {}, 100),
        ("a resolution is forgiven", [(1, 69_500)], {"resolution_wh": 500}, 69_500),
        ("and no more", [(1, 69_501)], {"resolution_wh": 500}, 0),
        ("a leap that comes down again", [(1, 500), (2, 900_000), (3, 600)], {}, 600),
        ("too high once, and the fall is the truth", [(1, 100), (2, 9_000), (3, 200), (4, 300)],
         {}, 300),
        ("a fall that stays", [(1, 5_000), (2, 5_100), (3, 300), (4, 900)], {}, 5_700),
        ("silent, then zero, then the truth", [(1, 5_000), (100, 0), (101, 0), (150, 9_000)], {},
         9_000),
        ("back after a week", [(1, 5_000), (2, 0), (170, 9_000)], {}, 9_000),
        ("back after more than a week is too late", [(1, 5_000), (2, 0), (171, 9_000)], {},
         5_000 + 9_000),
        ("back by way of a rollover",
         [(20, 999_800), (20.5, 999_900), (21, 300_000), (22, 100)], MILLION, 1_000_100),
        ("not where the step into it can be",
         [(20, 999_800), (20.5, 999_900), (21, 700_000), (40, 100)], MILLION, 999_900 + 300_100),
        ("nines beside the modulus", [(1, 500), (2, 999_999), (3, 700)], MILLION, 700),
        ("two months of silence", [(1_440, 90_000)], {}, 90_000),
        ("a cached value for three days, then all at once: it is owed",
         [*((n / 4, 0) for n in range(1, 289)), (72.25, 36_000)], {"max_w": 200_000}, 36_000),
    ],
)  # fmt: skip
def test_one_meter(
    why: str, reads: list[tuple[float, int]], facts: dict[str, Any], wh: int
) -> None:
    assert used_wh(reads, edits=[], **facts) == wh, why
    assert used_wh([*reversed(reads), *reads], edits=[], **facts) == wh, "in any order, repeated"


OLD_WH = 5_418_190
SWAPPED = [(8, OLD_WH + 4_560), (10, 300), (12, 900), (8, OLD_WH + 4_560), (13, 1_200)]


@pytest.mark.parametrize(
    ("why", "reads", "places", "wh"),
    [
        ("a device swapped under one id, and nobody told", SWAPPED, [place(opening_wh=OLD_WH)],
         4_560 + 900),
        ("and told", SWAPPED,
         [place(opening_wh=OLD_WH, to_us=hour(9), device="S-1"),
          place(from_us=hour(9), device="S-2")], 4_560 + 1_200),
        ("another's energy is not ours", [(12, 1_200)],
         [place(to_us=hour(4)), place(from_us=hour(4), opening_wh=None, account_id=THEIRS)], 400),
        ("a register that was read when they moved out beats time and readings",
         [(4, 100), (12, 1_200)],
         [place(account_id=THEIRS, to_us=hour(4), closing_wh=900),
          place(from_us=hour(4), opening_wh=None)], 300),
        ("transformers count once, and bound the step", [(1, 1_000), (2, 9_000)],
         [place(multiplier=40)], 40_000),
        ("an opening that the register cannot show is no rollover", [(1, 100), (2, 300)],
         [place(opening_wh=500_000_000)], 200),
    ],
)  # fmt: skip
def test_several_places(
    why: str, reads: list[tuple[float, int]], places: list[Installation], wh: int
) -> None:
    for some in (places, places[::-1]):
        assert used_wh(reads, *some, edits=[], modulus_wh=100_000_000) == wh, why


def test_the_edit_that_was_decided_last_counts() -> None:
    reads = [(1.0, 500), (2.0, 9_000), (3.0, 900)]
    to_set = edit_of(1, 3, EditKind.SET, 800, 1)
    to_remove = edit_of(2, 3, EditKind.REMOVE, None, 2)
    to_restore = edit_of(3, 3, EditKind.RESTORE, None, 3)
    assert used_wh(reads, edits=[]) == 900
    assert used_wh(reads, edits=[to_set]) == 800
    assert used_wh(reads, edits=[to_remove, to_set]) == 9_000
    assert used_wh(reads, edits=[to_restore, to_remove, to_set]) == 900
    at_once = edit_of(9, 3, EditKind.SET, 850, 1)
    assert used_wh(reads, edits=[at_once, to_set]) == used_wh(reads, edits=[to_set, at_once]) == 850
    beside = edit_of(4, 2.5, EditKind.SET, 700, 1)
    assert used_wh(reads, edits=[beside]) == 900


@pytest.mark.parametrize(
    ("zone", "day", "hours", "wh"),
    [
        ("Europe/Berlin", date(2026, 10, 25), 25, {"day": 16_000, "night": 9_000}),
        ("Europe/Berlin", date(2026, 3, 29), 23, {"day": 16_000, "night": 7_000}),
        ("America/Santiago", date(2026, 9, 6), 23, {"day": 16_000, "night": 7_000}),
    ],
)
def test_a_day_on_which_the_clock_changes(
    zone: str, day: date, hours: int, wh: dict[str, int]
) -> None:
    """A kWh an hour, read before and after the day only."""
    tariff = Tariff(TariffBook([version(zone, "2000-01-01", SLOTS[1])]))
    begin_us = tariff.calendar.first_instant_us(day)
    assert tariff.calendar.end_us(day) == begin_us + hours * HOUR_US
    use = use_of_meter(
        agreement=agreement(day - timedelta(days=9)),
        tariff=tariff,
        meter=MeterTerms(
            facts=MeterFacts(meter="m"),
            installations=[place(from_us=begin_us - 5 * HOUR_US)],
        ),
        readings=[Reading(begin_us + (hours + 3) * HOUR_US, (hours + 8) * 1_000)],
    )
    assert use.by_day()[day] == wh
