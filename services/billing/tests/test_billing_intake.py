"""Readings to bindings and months."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.meters.intake import Coverage, Intake, Reading, take_in
from billing.meters.terms import TariffBook
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.registers import MonthRegister, merge
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion

START = datetime(2026, 11, 1, tzinfo=UTC)
BOOK = TariffBook(
    [
        TariffVersion(
            code="home",
            effective_from=BillingMonth(2026, 1),
            currency="CNY",
            timezone="Asia/Shanghai",
            tariff=Tariff(
                blocks=(Block(upto_wh=None, price_micro_per_kwh=500_000),),
                standing_micro_per_day=0,
                tax_bp=0,
            ),
        )
    ]
)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def bound(number: int, begins: datetime, ends: datetime | None, code: str = "home") -> Coverage:
    return Coverage(UUID(int=number), code, begins, ends)


def taken(readings: Sequence[Reading], *coverages: Coverage) -> Intake:
    return take_in(by_meter={"m": readings}, coverages={"m": coverages}, tariffs=BOOK)


@pytest.mark.parametrize(
    ("at", "binding"),
    [
        (day(0), None),  # at the start itself: the opening register stands there
        (day(0) + timedelta(seconds=1), 1),
        (day(10), 1),  # the reading that closes the older binding
        (day(10) + timedelta(seconds=1), 2),
        (day(20), 2),
        (day(20) + timedelta(seconds=1), None),
    ],
)
def test_a_reading_goes_to_the_binding_it_ends_an_interval_of(
    at: datetime, binding: int | None
) -> None:
    intake = taken([Reading(at, 5)], bound(2, day(10), day(20)), bound(1, day(0), day(10)))
    assert [identity.int for identity, _ in intake.registers] == ([binding] if binding else [])
    assert len(intake.waiting) == (binding is None)


def test_the_next_binding_ends_one_whose_end_is_not_known_yet() -> None:
    intake = taken([Reading(day(11), 5)], bound(2, day(10), None), bound(1, day(0), None))
    assert [identity.int for identity, _ in intake.registers] == [2]


def test_without_tariff_or_binding_readings_wait() -> None:
    readings = [Reading(day(1), 5), Reading(day(2), 6)]
    assert taken(readings).waiting == [("m", reading) for reading in readings]
    intake = taken(readings, bound(1, day(0), None, code="unheard-of"))
    assert intake.registers == []
    assert sorted(intake.waiting) == [("m", reading) for reading in readings]


readings_strategy = st.lists(
    st.builds(
        Reading,
        st.integers(0, 96 * 70).map(lambda n: START + n * timedelta(minutes=15)),
        st.integers(0, 1_000_000),
    ),
    max_size=20,
)


@given(data=st.data(), readings=readings_strategy)
def test_batches_in_any_order_and_repeated_give_the_same_registers(
    data: st.DataObject, readings: list[Reading]
) -> None:
    coverages = (bound(2, day(30), day(50)), bound(1, day(3), day(30)))
    again = data.draw(st.permutations(readings * 2))
    cut = data.draw(st.integers(0, len(again)))
    once = _merged([taken(readings, *coverages)])
    assert _merged([taken(again[:cut], *coverages), taken(again[cut:], *coverages)]) == once


def _merged(
    intakes: Sequence[Intake],
) -> tuple[dict[tuple[UUID, BillingMonth], MonthRegister], set[tuple[str, Reading]]]:
    registers: dict[tuple[UUID, BillingMonth], MonthRegister] = {}
    waiting: set[tuple[str, Reading]] = set()
    for intake in intakes:
        for identity, register in intake.registers:
            place = (identity, register.month)
            known = registers.get(place)
            registers[place] = register if known is None else merge(known, register)
        waiting.update(intake.waiting)
    return registers, waiting
