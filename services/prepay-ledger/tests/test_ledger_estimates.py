"""What a silent meter has probably used, and what is entered of it: tables and properties."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_store import ACCOUNT, AGREEMENT, BEGIN_US, DOCUMENT, FIRST, Book, Store

from prepay_ledger.charging.estimated import (
    EstimatedPeriod,
    estimate_changes,
    estimate_journals,
    estimate_periods,
)
from prepay_ledger.charging.meters import Agreement, Installed, MeterHistory
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.estimates.rules import SilentMeter, estimate_meter, rests_on_what_left
from prepay_ledger.estimates.values import Terms
from prewatt_metering.calendar.instants import DAY_US, HOUR_US
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.registers.spans import Span
from prewatt_metering.tariffs.periods import Period

PRICINGS = Pricings(Book())
MULTIPLIER = 3
HOUR_WH = 10
DAY_WH = 24 * HOUR_WH * MULTIPLIER
TERMS = Terms(after_days=2, longest_days=10)
HOLDER = Agreement(id=AGREEMENT, account_id=ACCOUNT, tariff_code="t", first_day=FIRST)


def at(day: float) -> int:
    """So many days of 24 hours after the meter began to serve."""
    return BEGIN_US + int(day * DAY_US)


def hourly(days: float, *, first: float = 0) -> list[Reading]:
    """Measured evenly from the first day on."""
    hours = range(round(first * 24), round(days * 24) + 1)
    return [Reading(BEGIN_US + hour * HOUR_US, hour * HOUR_WH) for hour in hours]


def history(
    readings: Sequence[Reading],
    *,
    to_us: int | None = None,
    closing_wh: int | None = None,
    max_w: int | None = None,
    agreements: Sequence[Agreement] = (HOLDER,),
) -> MeterHistory:
    own = Installation(
        meter="m", account=str(ACCOUNT), from_us=BEGIN_US, opening_wh=0, to_us=to_us,
        closing_wh=closing_wh, multiplier=MULTIPLIER,
    )  # fmt: skip
    return MeterHistory(
        meter_id="m",
        facts=MeterFacts(meter="m", max_w=max_w),
        installed=[Installed(id=UUID(int=3), account_id=ACCOUNT, installation=own)],
        agreements={ACCOUNT: agreements},
        readings=readings,
        edits=[],
        use={},
    )


def estimated(
    known: MeterHistory,
    until: float,
    *,
    terms: Terms = TERMS,
    relay_open: Sequence[Span] = (),
) -> SilentMeter | None:
    return estimate_meter(
        known, terms=terms, until_us=at(until), relay_open=relay_open, pricings=PRICINGS
    )


def wh_of(silent: SilentMeter | None) -> int | None:
    return None if silent is None else sum(wh for use in silent.use.values() for wh in use.values())


@pytest.mark.parametrize(
    ("what", "known", "until", "more", "wh"),
    [
        ("it has spoken", history(hourly(3)), 4.9, {}, None),
        ("silent for as long as is borne", history(hourly(3)), 5, {}, 2 * DAY_WH),
        ("the longest", history(hourly(3)), 30, {}, 10 * DAY_WH),
        ("another longest", history(hourly(3)), 30, {"terms": Terms(1, 1)}, DAY_WH),
        ("it has never spoken", history([]), 9, {}, None),
        ("no whole day was measured", history(hourly(0.9)), 9, {}, None),
        ("one day was", history(hourly(1.25)), 4.25, {}, 3 * DAY_WH),
        ("nothing is usual", history([Reading(at(day), 0) for day in range(5)]), 9, {}, 0),
        ("it serves nobody any more", history(hourly(3), to_us=at(6)), 6, {}, None),
        ("it is about to end", history(hourly(3), to_us=at(6) + 1), 6, {}, 3 * DAY_WH),
        (
            "it ended with a register",
            history(hourly(3), to_us=at(4), closing_wh=96 * HOUR_WH),
            6,
            {},
            None,
        ),
        (
            "the relay was open",
            history(hourly(3)),
            6,
            {"relay_open": [Span(at(3.5), at(5))]},
            DAY_WH * 3 // 2,
        ),
        ("the relay is open", history(hourly(3)), 6, {"relay_open": [Span(at(2), None)]}, 0),
        (
            "the agreement ended",
            history(hourly(3), agreements=[replace(HOLDER, end_day=FIRST + timedelta(days=4))]),
            9,
            {},
            DAY_WH,
        ),
        (
            "what is usual is known of the agreement before",
            history(
                hourly(3),
                agreements=[
                    replace(HOLDER, id=UUID(int=9), end_day=FIRST + timedelta(days=3)),
                    replace(HOLDER, first_day=FIRST + timedelta(days=3)),
                ],
            ),
            5,
            {},
            2 * DAY_WH,
        ),
        # The median: a day of a party is not usual.
        (
            "an unusual day",
            history([*hourly(3), Reading(at(4), 4 * 24 * HOUR_WH + 30_000)]),
            6,
            {},
            2 * DAY_WH,
        ),
    ],
)
def test_what_is_estimated(
    what: str, known: MeterHistory, until: float, more: dict[str, object], wh: int | None
) -> None:
    assert wh_of(estimated(known, until, **more)) == wh, what  # type: ignore[arg-type]


@given(data=st.data())
def test_an_estimate_is_bounded(data: st.DataObject) -> None:
    """By connection, policy and time; nothing while the relay was open; a function of the set."""
    steps = data.draw(st.lists(st.integers(0, 4_000), min_size=2, max_size=60))
    readings = [Reading(BEGIN_US, 0)]
    for step in steps:
        last_us, last_wh, _ = readings[-1]
        readings.append(Reading(last_us + data.draw(st.integers(1, 12)) * HOUR_US, last_wh + step))
    max_w = data.draw(st.none() | st.integers(1, 5_000))
    known = history(readings, max_w=max_w)
    terms = Terms(data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)))
    until = data.draw(st.floats(0, 60))
    begin = data.draw(st.floats(0, 60))
    open_span = Span(at(begin), at(begin + data.draw(st.floats(0.1, 30))))
    shut = estimated(known, until, terms=terms)
    found = estimated(known, until, terms=terms, relay_open=[open_span])
    shuffled = replace(known, readings=data.draw(st.permutations(readings)))
    assert estimated(shuffled, until, terms=terms, relay_open=[open_span]) == found
    if found is None or shut is None:
        assert found == shut
        return
    assert found.until_us <= min(at(until), found.since_us + terms.longest_days * DAY_US)
    assert at(until) - found.since_us >= terms.after_days * DAY_US
    wh, shut_wh = wh_of(found), wh_of(shut)
    assert wh is not None
    assert shut_wh is not None
    assert wh <= shut_wh
    supplied_us = sum(
        min(max(found.until_us - found.since_us, 0), part)
        for part in (
            max(0, min(open_span.begin_us, found.until_us) - found.since_us),
            max(0, found.until_us - max(open_span.end_us or 0, found.since_us)),
        )
    )
    limit_w = 69_000 if max_w is None else max_w
    assert wh <= limit_w * supplied_us // HOUR_US
    for use in found.use.values():
        for (day, _), of_slot in use.items():
            assert of_slot >= 0
            assert day >= FIRST


def test_it_costs_what_measured_use_would_cost() -> None:
    """Over the end of a month and a version of the tariff, with blocks and a tax."""
    measured, silent = Store(), Store()
    today = FIRST + timedelta(days=22)
    for store, days in ((measured, 22), (silent, 5)):
        store.take(hourly(days), today)
    found = estimated(silent.history, 22, terms=Terms(1, 31))
    assert found is not None
    periods = list(
        estimate_periods(
            agreement=HOLDER,
            pricing=silent.pricings["t", 0],
            states=silent.states,
            use=found.use[AGREEMENT],
            meters={"m": found.since_us},
            until_us=found.until_us,
            today=today,
        )
    )
    assert len(periods) == 2
    for each in periods:
        state, other = silent.states[each.period.first], measured.states[each.period.first]
        assert state.energy_wh + each.energy_wh == other.energy_wh
        assert state.total_micro + each.total_micro == other.total_micro
        assert each.currency == DOCUMENT["currency"]


def period(first: date, energy_wh: int, micro: int) -> EstimatedPeriod:
    return EstimatedPeriod(
        agreement_id=AGREEMENT,
        account_id=ACCOUNT,
        currency="EUR",
        period=Period(first, first + timedelta(days=30)),
        version=0,
        energy_wh=energy_wh,
        posted={"revenue:energy": micro, "tax": micro // 5} if micro else {},
        meters={"m": BEGIN_US},
        until_us=BEGIN_US + energy_wh,
    )


MORNINGS = st.lists(
    st.dictionaries(
        st.sampled_from([FIRST, FIRST + timedelta(days=30)]),
        st.tuples(st.integers(0, 99), st.integers(-5, 10**6)),
        max_size=2,
    ),
    max_size=6,
)


@given(mornings=MORNINGS)
def test_entries_come_to_what_stands_and_to_nothing_in_the_end(
    mornings: list[dict[date, tuple[int, int]]],
) -> None:
    stored: dict[date, EstimatedPeriod] = {}
    entered: dict[date | None, list[int]] = {}
    for morning in [*mornings, {}]:
        now = [period(first, wh, micro) for first, (wh, micro) in morning.items()]
        changes = estimate_changes(stored=stored.values(), now=now)
        for journal in estimate_journals(changes, source="test"):
            assert journal.kind == "estimate"
            assert all(name.startswith("estimated:") for name in journal.postings)
            for entry in journal.entries:
                sums = entered.setdefault(entry.period_first, [0, 0])
                sums[0] += entry.energy_wh or 0
                sums[1] -= entry.amount_micro
        for before, after in changes:
            assert after.version == (0 if before is None else before.version) + 1
            stored[after.period.first] = after
        standing = {f: [e.energy_wh, e.total_micro] for f, e in stored.items() if e.meters}
        assert {f: some for f, some in entered.items() if any(some)} == {
            f: some for f, some in standing.items() if any(some)
        }
        assert estimate_changes(stored=stored.values(), now=now) == []
    assert not any(each.meters for each in stored.values())


def without(known: MeterHistory, from_us: int) -> MeterHistory:
    """Where what was read before has left."""
    return replace(
        known,
        readings=[each for each in known.readings if each.at_us >= from_us],
        left_since=FIRST,
        complete_from_us=from_us,
    )


def rests(known: MeterHistory, until: float) -> bool:
    return rests_on_what_left(known, until_us=at(until), pricings=PRICINGS)


def test_what_left_under_another_account_keeps_no_estimate_from_a_new_one() -> None:
    """The meter was read for three weeks before they moved in, and for three days after."""
    known = history([Reading(at(day), 300 + 10 * day) for day in range(-30, 4)])
    some = without(known, at(-21))
    assert not rests(some, 8)
    assert estimated(known, 8) is not None
    assert estimated(some, 8) == estimated(known, 8)
    assert rests(without(known, at(-5)), 8)


@pytest.mark.parametrize(
    ("from_day", "does"), [(300, True), (31, True), (20, True), (0, False)], ids=str
)
def test_what_has_left_takes_no_estimate_back(from_day: int, does: bool) -> None:
    """Without them it would seem as if the meter, silent since day 40, had never been read, or as
    if other days were usual."""
    known = history(hourly(40))
    assert estimated(known, 300) is not None
    assert rests(without(known, at(from_day)), 300) == does
    assert not rests(known, 300)


@given(
    st.lists(st.integers(0, 60), min_size=60, max_size=60),
    st.integers(0, 20),
    st.integers(0, 59),
    st.integers(0, 50_000),
)
def test_what_has_left_changes_no_other_estimate(
    steps: list[int], from_day: int, odd: int, odd_wh: int
) -> None:
    registers = [HOUR_WH * sum(steps[:day]) for day in range(60)]
    registers[odd] = odd_wh
    known = history([Reading(at(day) + 3 * HOUR_US, wh) for day, wh in enumerate(registers)])
    some = without(known, at(from_day))
    if not rests(some, 63):
        assert estimated(some, 63) == estimated(known, 63)
