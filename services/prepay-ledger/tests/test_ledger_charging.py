"""Charging: any order and repetition of a meter's readings ends in the same charge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prepay_ledger.charging.charge_months import (
    BindingState,
    Charged,
    PostedMonth,
    Reading,
    charge_current_month,
    charge_with_history,
    needs_history,
)
from prewatt_metering.monthly.months import BillingMonth, MonthClock
from prewatt_metering.monthly.rating import Charge
from prewatt_metering.monthly.registers import Binding
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOCK = MonthClock(SHANGHAI)
START = datetime(2026, 1, 1, tzinfo=SHANGHAI).astimezone(UTC)
FLAT = Tariff(
    blocks=(Block(upto_wh=None, price_micro_per_kwh=500_000),),
    standing_micro_per_day=100_000,
    tax_bp=600,
)
BLOCKS = Tariff(
    blocks=(
        Block(upto_wh=240_000, price_micro_per_kwh=488_300),
        Block(upto_wh=400_000, price_micro_per_kwh=538_300),
        Block(upto_wh=None, price_micro_per_kwh=788_300),
    ),
    standing_micro_per_day=33_333,
    tax_bp=1_300,
)


def versions(*tariffs: tuple[str, Tariff]) -> list[TariffVersion]:
    return [
        TariffVersion(
            code="t",
            effective_from=BillingMonth.parse(month),
            currency="CNY",
            timezone="Asia/Shanghai",
            tariff=tariff,
        )
        for month, tariff in tariffs
    ]


def fresh(*, opening_wh: int = 0) -> BindingState:
    binding_id = UUID(int=1)
    return BindingState(
        Binding(
            binding_id=binding_id, effective_from=START, effective_to=None, opening_wh=opening_wh
        ),
        binding_id, UUID(int=2), "m1", "t", 0, opening_wh, None,
    )  # fmt: skip


class Books:
    """Applies batches as the service does, and sums what is posted."""

    def __init__(self, tariff_versions: list[TariffVersion], *, opening_wh: int = 0) -> None:
        self.versions = tariff_versions
        self.state = fresh(opening_wh=opening_wh)
        self.closed: dict[BillingMonth, PostedMonth] = {}
        self.posted = Charge.ZERO

    def take(self, readings: list[Reading]) -> Charged | None:
        if needs_history(state=self.state, readings=readings, clock=CLOCK):
            charged = charge_with_history(
                state=self.state, closed=self.closed.values(), readings=readings,
                versions=self.versions, clock=CLOCK,
            )  # fmt: skip
        else:
            charged = charge_current_month(
                state=self.state, readings=readings, versions=self.versions, clock=CLOCK
            )
        if charged is not None:
            assert charged.state.version == self.state.version + 1
            self.state = charged.state
            self.closed |= {posted.month: posted for posted in charged.closed}
            for month in charged.months:
                self.posted += month.delta
        return charged


@pytest.mark.parametrize(
    ("days", "import_wh", "energy_micro", "standing_micro", "tax_micro"),
    [
        # day of January, register, 0.5 a kWh, 0.1 a day, 6 % tax
        (1, 0, 0, 100_000, 6_000),
        (1, 1_000, 500_000, 100_000, 36_000),
        (10, 100_001, 50_000_500, 1_000_000, 3_060_030),
        (31, 1, 500, 3_100_000, 186_030),
    ],
)
def test_a_flat_month(
    days: int, import_wh: int, energy_micro: int, standing_micro: int, tax_micro: int
) -> None:
    books = Books(versions(("2026-01", FLAT)))
    books.take([Reading(START + timedelta(days=days), import_wh)])
    assert books.posted == Charge(
        energy_micro=energy_micro, standing_micro=standing_micro, tax_micro=tax_micro
    )


def test_energy_below_the_opening_register_is_free() -> None:
    books = Books(versions(("2026-01", FLAT)), opening_wh=5_000)
    books.take([Reading(START + timedelta(hours=1), 4_000)])
    assert books.posted.energy_micro == 0
    books.take([Reading(START + timedelta(hours=2), 6_000)])
    assert books.posted.energy_micro == 500_000


def test_a_register_that_goes_backwards_gives_nothing_back() -> None:
    books = Books(versions(("2026-01", FLAT)))
    books.take([Reading(START + timedelta(hours=1), 10_000)])
    before = books.posted
    books.take([Reading(START + timedelta(hours=2), 3_000)])
    assert books.posted == before
    books.take([Reading(START + timedelta(hours=3), 10_001)])
    assert books.posted.energy_micro == before.energy_micro + 500


def test_a_repeated_reading_changes_nothing() -> None:
    books = Books(versions(("2026-01", FLAT)))
    reading = Reading(START + timedelta(hours=1), 10_000)
    assert books.take([reading]) is not None
    assert books.take([reading]) is None
    assert books.take([reading, reading]) is None


def test_a_month_that_passed_in_silence_still_has_its_standing_charge() -> None:
    books = Books(versions(("2026-01", FLAT)))
    books.take([Reading(START + timedelta(days=31), 1_000)])
    books.take([Reading(datetime(2026, 3, 1, 12, tzinfo=SHANGHAI), 2_000)])
    assert books.posted.standing_micro == (31 + 28 + 1) * 100_000
    assert books.posted.energy_micro == 1_000_000


def test_a_new_version_holds_from_its_month_on() -> None:
    books = Books(versions(("2026-01", FLAT), ("2026-02", replace(FLAT, tax_bp=0))))
    books.take([Reading(START + timedelta(days=31), 1_000)])
    january = books.posted
    books.take([Reading(START + timedelta(days=40), 2_000)])
    assert books.posted.tax_micro == january.tax_micro
    assert books.posted.energy_micro == 2 * january.energy_micro


minutes = st.integers(min_value=1, max_value=100 * 24 * 60)
readings_strategy = st.lists(
    st.builds(
        lambda minute, wh: Reading(START + timedelta(minutes=minute), wh),
        minutes,
        st.integers(min_value=0, max_value=2_000_000),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=300)
@given(readings_strategy, st.data())
def test_any_order_repetition_and_batching_posts_the_same(
    readings: list[Reading], data: st.DataObject
) -> None:
    tariff_versions = versions(("2026-01", BLOCKS), ("2026-03", FLAT))
    at_once = Books(tariff_versions, opening_wh=500)
    at_once.take(readings)

    again = data.draw(st.lists(st.sampled_from(readings), max_size=10))
    shuffled = data.draw(st.permutations(readings + again))
    in_parts = Books(tariff_versions, opening_wh=500)
    while shuffled:
        size = data.draw(st.integers(min_value=1, max_value=len(shuffled)))
        in_parts.take(list(shuffled[:size]))
        shuffled = shuffled[size:]

    assert in_parts.posted == at_once.posted
    assert in_parts.closed == at_once.closed
    assert in_parts.state == replace(at_once.state, version=in_parts.state.version)
