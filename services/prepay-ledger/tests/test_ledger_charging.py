"""Charging: any order, portions and repetition of readings end in the same use and charge."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_store import ACCOUNT, AGREEMENT, BEGIN_US, DOCUMENT, FIRST, ZONE, Store, told

from prepay_ledger.charging.charge_agreement import charge_agreement, rated
from prepay_ledger.charging.charge_readings import meters_of
from prepay_ledger.charging.meters import (
    Agreement,
)
from prepay_ledger.charging.ordinary import GROUP_MIN, follow_ordinary
from prepay_ledger.charging.pricing import Pricing
from prepay_ledger.charging.standing import Column, Standing
from prewatt_metering.calendar.instants import HOUR_US, MINUTE_US, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import tariff_of
from prewatt_metering.usage.difference import usage_difference


@st.composite
def series(draw: st.DrawFn) -> list[Reading]:
    """A meter's life over some weeks: steps of minutes to days, now and then something odd."""
    at_us, register_wh = BEGIN_US, 0
    readings: list[Reading] = []
    for _ in range(draw(st.integers(1, 14))):
        at_us += draw(st.sampled_from([15 * MINUTE_US, HOUR_US, 7 * HOUR_US, 61 * HOUR_US]))
        odd = draw(st.integers(0, 9))
        if odd == 0:
            readings.append(Reading(at_us, draw(st.integers(0, 5_000_000))))
            continue
        register_wh += draw(st.integers(0, 4_000))
        readings.append(Reading(at_us, register_wh))
    return readings


@given(st.data(), series())
@settings(max_examples=150, deadline=None)
def test_order_portions_and_repetition_change_nothing(
    data: st.DataObject, readings: list[Reading]
) -> None:
    today = date(2026, 12, 5)
    whole = Store()
    whole.take(readings, today)
    some = Store()
    mixed = data.draw(st.permutations(readings + readings[:3]))
    size = data.draw(st.integers(1, 6))
    for begin in range(0, len(mixed), size):
        some.take(mixed[begin : begin + size], date(2026, 11, 8) if begin == 0 else today)
    some.charge({}, None, today)
    assert some.all_use() == whole.all_use()
    assert some.balance_micro == whole.balance_micro
    assert [told(each) for _, each in sorted(some.states.items())] == [
        told(each) for _, each in sorted(whole.states.items())
    ]


@given(series())
@settings(max_examples=100, deadline=None)
def test_one_by_one_in_order_is_the_same_as_all_at_once(readings: list[Reading]) -> None:
    today = date(2026, 12, 5)
    whole, single = Store(), Store()
    whole.take(readings, today)
    for reading in readings:
        single.take([reading], today)
    assert single.all_use() == whole.all_use()
    assert single.balance_micro == whole.balance_micro


def test_ordinary_readings_in_order_take_the_fast_path_over_days_and_periods() -> None:
    store = Store()
    readings = [Reading(BEGIN_US + step * 6 * HOUR_US, step * 1_000) for step in range(1, 120)]
    for reading in readings:
        store.take([reading], date(2026, 12, 5))
    assert store.fast == len(readings) - 1, "all but the first"
    assert sum(store.all_use().values()) == 119_000 * 3
    assert sorted(store.states) == [date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)]


def test_what_is_posted_is_what_the_lines_of_all_periods_come_to() -> None:
    store = Store()
    for step in range(1, 200):
        reading = Reading(BEGIN_US + step * 5 * HOUR_US, step * 700)
        store.take([reading], date(2026, 10, 20) + timedelta(days=step * 5 // 24))
    today = date(2026, 12, 1)
    store.charge({}, None, today)
    lines = [
        rated(state, store.agreement, store.pricings["t", 0], today=today)
        for state in store.states.values()
    ]
    assert -store.balance_micro == sum(each.total_micro for each in lines)
    assert len({part.version.valid_from for each in lines for part in each.parts}) == 2


def test_standing_falls_due_by_the_day_read_or_not() -> None:
    store = Store()
    store.charge({}, None, FIRST - timedelta(days=1))
    (to_come,) = store.states.values()
    assert (to_come.due_day, to_come.standing_days, store.balance_micro) == (FIRST, 0, 0)
    store.charge({}, None, FIRST)
    a_day = -store.balance_micro
    assert a_day == 333_333 + 63_333
    for day in range(1, 5):
        store.charge({}, None, FIRST + timedelta(days=day))
        assert store.states[date(2026, 10, 1)].standing_days == day + 1
    store.charge({}, None, date(2026, 11, 2))
    october, november = store.states[date(2026, 10, 1)], store.states[date(2026, 11, 1)]
    assert (october.standing_days, october.due_day) == (12, None)
    assert (november.standing_days, november.due_day) == (2, date(2026, 11, 3))


@pytest.mark.parametrize(
    ("end_day", "days", "due"),
    [
        (None, 3, date(2026, 10, 23)),
        (date(2026, 10, 22), 2, date(2026, 11, 1)),
        (date(2026, 10, 21), 1, date(2026, 11, 1)),
    ],
)
def test_an_agreement_that_ended_owes_no_further_day(
    end_day: date | None, days: int, due: date
) -> None:
    store = Store()
    store.charge({}, None, date(2026, 10, 22))
    assert store.states[date(2026, 10, 1)].standing_days == 3
    ended = replace(store.agreement, end_day=end_day)
    charged = charge_agreement(
        agreement=ended, pricing=store.pricings["t", 0], states=store.states, delta={},
        last_read_us=None, today=date(2026, 10, 22), anew=True,
    )  # fmt: skip
    if end_day is None:
        assert charged == []
        return
    (now,) = charged
    assert (now.state.standing_days, now.state.due_day) == (days, due)
    assert now.delta_micro < 0


def test_a_late_reading_moves_energy_of_a_closed_period_and_posts_the_difference() -> None:
    store = Store()
    store.take([Reading(BEGIN_US + 30 * 24 * HOUR_US, 90_000)], date(2026, 12, 5))
    before = {first: each.total_micro for first, each in store.states.items()}
    store.take([Reading(BEGIN_US + 10 * 24 * HOUR_US, 80_000)], date(2026, 12, 5))
    after = {first: each.total_micro for first, each in store.states.items()}
    assert after[date(2026, 10, 1)] > before[date(2026, 10, 1)]
    assert after[date(2026, 11, 1)] < before[date(2026, 11, 1)]
    assert store.states[date(2026, 10, 1)].due_day is None
    assert sum(each.energy_wh for each in store.states.values()) == 270_000


@st.composite
def next_readings(draw: st.DrawFn) -> list[Reading]:
    """What a batch holds of a meter that was last read at 02:00 with 5,100 Wh. Some rise by more
    than can flow, fall, say an instant twice, repeat what is known, or come after the day's end."""
    at_us, register_wh = BEGIN_US + 2 * HOUR_US, 5_100
    readings: list[Reading] = []
    for _ in range(draw(st.integers(1, 4))):
        odd = draw(st.integers(0, 19))
        at_us += {0: 0, 1: 25}.get(odd, draw(st.integers(1, 6))) * HOUR_US
        register_wh += {2: -50, 3: 10**6}.get(odd, draw(st.integers(0, 4_000)))
        readings.append(Reading(at_us, register_wh))
        if odd == 4:
            readings.append(readings[-1])
    return readings


@given(st.lists(next_readings(), min_size=16, max_size=16))
@settings(max_examples=100, deadline=None)
def test_readings_in_columns_are_charged_as_one_by_one(batch: list[list[Reading]]) -> None:
    """Those of a meter stay together, whichever way they go, and in whatever order they came."""
    today = date(2026, 10, 21)
    stores, standings, readings = list[Store](), list[Standing](), dict[str, list[Reading]]()
    for number, some in enumerate(batch):
        store = Store(single=True)
        store.take([Reading(BEGIN_US + HOUR_US, 5_000)], today)
        store.take([Reading(BEGIN_US + 2 * HOUR_US, 5_100)], today)
        stores.append(store)
        standings.append(standing(store, number))
        readings[f"m{number}"] = some[::-1]
    # A meter with more readings than the eighth longest list has goes one by one.
    most = sorted(map(len, batch), reverse=True)[GROUP_MIN - 1]
    followed = {
        meter_id: (each, row)
        for each in follow_ordinary(
            standings=standings,
            readings=readings,
            pricings=stores[0].pricings,
            day=today,
            now_us=us_of(datetime(2026, 10, 21, 12, tzinfo=UTC)),
        )
        for row, meter_id in enumerate(each.before.meter_ids)
    }
    for number, store in enumerate(stores):
        some = sorted(readings[f"m{number}"])
        before_micro, fast, before_wh = store.balance_micro, store.fast, store.all_use()
        store.take(some, today)
        found = followed.get(f"m{number}")
        is_ordinary = store.fast > fast and some[-1].at_us <= store.day_end_us()
        assert (found is not None) == (is_ordinary and len(some) <= most)
        if found is None:
            continue
        each, row = found
        state = store.states[date(2026, 10, 1)]
        assert store.row.open is not None
        after, common = each.after.numbers[row], each.after.common
        assert each.readings[row] == some
        assert tuple(after[common.pieces]) == store.row.open.piece_wh
        assert named(common.simple.accounts, after[common.posted]) == state.posted
        one = each.some([row])
        assert sum(micro for _, micro in one.moved()) == store.balance_micro - before_micro
        (use,) = one.used()
        assert use.delta == usage_difference(before=before_wh, after=store.all_use())
        assert use.last_read_us == some[-1].at_us
        part = date.fromisoformat(common.part)
        energy = named(common.simple.slots, after[common.energy])
        assert {(part, slot): wh for slot, wh in energy.items()} == state.energy
        assert after[Column.LAST_READ_US] == state.last_read_us
        assert after[Column.VERSION] == 3 + 1


def named(names: Sequence[str], values: Iterable[int]) -> dict[str, int]:
    return {name: int(value) for name, value in zip(names, values, strict=True) if value}


def standing(store: Store, number: int) -> Standing:
    """What the query for ordinary readings gives of a store's meter."""
    opened, state = store.row.open, store.states[date(2026, 10, 1)]
    assert opened is not None
    assert state.due_day is not None
    energy: dict[str, dict[str, int]] = {}
    for (day, slot), wh in state.energy.items():
        energy.setdefault(day.isoformat(), {})[slot] = wh
    return Standing(
        meter_id=f"m{number}", version=3, day=FIRST, agreement_id=UUID(int=100 + number),
        tariff_code="t", corrections=0, open_day=opened.open_day,
        quiet_from_us=opened.quiet_from_us,
        served_until_us=opened.served_until_us, last_at_us=opened.last_at_us,
        last_wh=opened.last_wh, piece_wh=opened.piece_wh, limit_w=opened.rule.limit_w,
        resolution_wh=opened.rule.resolution_wh, multiplier=opened.rule.multiplier,
        modulus_wh=opened.rule.modulus_wh, account_id=ACCOUNT, period_first=state.period.first,
        period_end=state.period.end, period_version=state.version, energy=energy,
        standing_days=state.standing_days, due_day=state.due_day, posted=dict(state.posted),
        last_read_us=state.last_read_us, is_alone=True,
    )  # fmt: skip


def test_two_meters_of_one_agreement_are_charged_one_by_one() -> None:
    store = Store(single=True)
    store.take([Reading(BEGIN_US + HOUR_US, 5_000)], FIRST)
    store.take([Reading(BEGIN_US + 2 * HOUR_US, 5_100)], FIRST)
    some = [standing(store, number) for number in range(10)]
    some[3] = some[3]._replace(agreement_id=some[4].agreement_id)
    followed = follow_ordinary(
        standings=some,
        readings={f"m{n}": [Reading(BEGIN_US + 3 * HOUR_US, 5_200)] for n in range(10)},
        pricings=store.pricings,
        day=FIRST,
        now_us=BEGIN_US,
    )
    assert meters_of(followed) == {f"m{n}" for n in range(10)} - {"m3", "m4"}


def test_annual_blocks_count_each_day_to_its_own_year_though_a_period_crosses_new_year() -> None:
    blocks = [{"upto_wh": 10_000, "micro_per_kwh": 0}, {"upto_wh": None, "micro_per_kwh": 1_000}]
    document = DOCUMENT | {
        "time_of_use": None,
        "cycle": {"months": 2, "first_month": 2},
        "components": [{"kind": "blocks", "name": "b", "over": "year", "blocks": blocks}],
    }
    pricing = Pricing(TariffBook([tariff_of(document)]), LocalCalendar(ZONE))
    agreement = Agreement(id=AGREEMENT, account_id=ACCOUNT, tariff_code="t", first_day=FIRST)
    charged = charge_agreement(
        agreement=agreement,
        pricing=pricing,
        states={},
        delta={
            (date(2026, 12, 30), "all"): 25_000,
            (date(2027, 1, 2), "all"): 8_000,
            (date(2027, 2, 1), "all"): 4_000,
        },
        last_read_us=None,
        today=date(2027, 3, 1),
    )
    assert {each.state.period.first: each.delta_micro for each in charged} == {
        date(2026, 10, 1): 0,
        date(2026, 12, 1): 15_000,  # beyond the ten of 2026; January's are within those of 2027
        date(2027, 2, 1): 2_000,
    }
