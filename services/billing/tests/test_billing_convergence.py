"""On the real PostgreSQL and Kafka: whatever the order things come in, the same meter-months."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.meters import intake
from billing.meters.postgres import open_meters
from billing.meters.rederive import Rederive
from billing.meters.take_readings import take_readings
from billing.meters.take_terms import take_terms
from billing.reconciliation.compare import Kind
from billing.reconciliation.meter_months import months_of_binding
from billing.reconciliation.reconcile import compare_month
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted, PostedCharge
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    MeterBound,
    PriceBlock,
    TariffPublished,
)
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.metrics import DEAD_LETTERS
from prewatt_metering.monthly.months import BillingMonth, MonthClock
from prewatt_metering.monthly.rating import rate
from prewatt_metering.monthly.registers import Binding, MonthRegister, merge, usage
from prewatt_metering.monthly.tariffs import Block, Tariff

pytestmark = pytest.mark.stack

CLOCK = MonthClock(ZoneInfo("Asia/Shanghai"))
START = datetime(2026, 10, 20, 4, tzinfo=UTC)
NOVEMBER = BillingMonth(2026, 11)
TARIFF = Tariff(
    blocks=(
        Block(upto_wh=10_000, price_micro_per_kwh=488_300),
        Block(upto_wh=None, price_micro_per_kwh=538_300),
    ),
    standing_micro_per_day=333_333,
    tax_bp=1_300,
)


class Home:
    """An account with a meter at a tariff of its own, and what was read of it."""

    def __init__(self, *, ends: datetime | None = None) -> None:
        name = uuid4().hex[:12]
        self.meter_id = f"m-{name}"
        self.tariff = TariffPublished(
            tariff_code=f"t-{name}",
            effective_from="2026-10",
            currency="CNY",
            timezone="Asia/Shanghai",
            blocks=tuple(
                PriceBlock(upto_wh=b.upto_wh, price_micro_per_kwh=b.price_micro_per_kwh)
                for b in TARIFF.blocks
            ),
            standing_micro_per_day=TARIFF.standing_micro_per_day,
            tax_bp=TARIFF.tax_bp,
            published_at=START,
        )
        self.account = AccountOpened(
            account_id=uuid4(), number=f"A-{name}", currency="CNY", opened_at=START
        )
        self.bound = self.binding(begins=START, ends=ends, opening_wh=1_000)

    def binding(self, *, begins: datetime, ends: datetime | None, opening_wh: int) -> MeterBound:
        return MeterBound(
            binding_id=uuid4(),
            account_id=self.account.account_id,
            meter_id=self.meter_id,
            tariff_code=self.tariff.tariff_code,
            effective_from=begins,
            effective_to=ends,
            opening_wh=opening_wh,
        )

    @property
    def terms(self) -> list[Event]:
        return [self.tariff, self.account, self.bound]

    def readings(self, reads: Sequence[tuple[float, int]]) -> list[Reading]:
        """Of (hours since the start, Wh)."""
        return [
            Reading(
                meter_id=self.meter_id,
                read_at=START + timedelta(hours=hours),
                import_wh=wh,
                received_at=START + timedelta(hours=hours),
            )
            for hours, wh in reads
        ]

    def posted(self, readings: Sequence[Reading], *, version: int = 1) -> ChargesPosted:
        """What a ledger that has taken ``readings`` posts."""
        registers: dict[BillingMonth, MonthRegister] = {}
        for reading in readings:
            month = CLOCK.month_of(reading.read_at)
            new = MonthRegister(month=month, max_wh=reading.import_wh, last_at=reading.read_at)
            registers[month] = merge(registers[month], new) if month in registers else new
        bound = self.bound
        binding = Binding(
            binding_id=bound.binding_id,
            effective_from=bound.effective_from,
            effective_to=bound.effective_to,
            opening_wh=bound.opening_wh,
        )
        return ChargesPosted(
            posted_at=START,
            charges=tuple(
                PostedCharge(
                    bound.binding_id,
                    bound.account_id,
                    self.meter_id,
                    str(used.month),
                    version,
                    used.max_wh,
                    used.last_at,
                    used.energy_wh,
                    rate(tariff=TARIFF, energy_wh=used.energy_wh, days=used.days).total_micro,
                )
                for used in usage(binding=binding, months=registers, clock=CLOCK)
            ),
        )


def some_reads(seed: int) -> list[tuple[float, int]]:
    """Twenty-five days over a month's turn, some late, repeated and backwards."""
    chance = random.Random(seed)
    reads = [(6.0 * n + 1, 1_000 + 700 * n + chance.randrange(500)) for n in range(100)]
    reads += chance.sample(reads, 10)
    chance.shuffle(reads)
    return reads


async def kinds(billing, homes: Sequence[Home]) -> Mapping[str, dict[str, Kind]]:
    """By meter, how its months stand."""
    found: dict[str, dict[str, Kind]] = {home.meter_id: {} for home in homes}
    for month in (NOVEMBER.previous(), NOVEMBER, NOVEMBER.next()):
        async for each in compare_month(store=billing.comparisons, month=month):
            owner = each.pair.bound or each.pair.posted
            assert owner is not None
            if owner.meter_id in found:
                found[owner.meter_id][str(month)] = each.kind
    return found


AGREED = {"2026-10": Kind.AGREES, "2026-11": Kind.AGREES}


async def test_topics_in_any_order_end_in_agreement(billing) -> None:
    orders = list(itertools.permutations(("terms", "readings", "charges")))
    homes = [Home() for _ in orders]
    reads = [home.readings(some_reads(n)) for n, home in enumerate(homes)]
    for home, readings, order in zip(homes, reads, orders, strict=True):
        # One home after the other, each topic consumed to its end before the next one.
        feeds = {
            "terms": home.terms,
            "readings": readings,
            "charges": [home.posted(readings[:50], version=1), home.posted(readings, version=2)],
        }
        for name in order:
            await billing.publish(feeds[name])
    async with billing.consuming("terms", "readings", "charges"):

        async def agreed() -> bool:
            return all(each == AGREED for each in (await kinds(billing, homes)).values())

        await billing.until(agreed)


@pytest.mark.parametrize("order", list(itertools.permutations(("terms", "readings", "charges"))))
async def test_a_topic_long_before_the_others(billing, order: Sequence[str]) -> None:
    """A topic is consumed to its end before the next begins."""
    home = Home()
    readings = home.readings(some_reads(7))
    feeds: dict[str, Sequence[Event]] = {
        "terms": home.terms,
        "readings": readings,
        "charges": [home.posted(readings)],
    }
    for name in order:
        await billing.publish(feeds[name])

        async def taken(name: str = name) -> bool:
            return await _taken(billing, home, name, readings=len(set(readings)))

        async with billing.consuming(name):
            await billing.until(taken)
    assert (await kinds(billing, [home]))[home.meter_id] == AGREED


async def _taken(billing, home: Home, name: str, *, readings: int) -> bool:
    last = max(START + timedelta(hours=hours) for hours, _ in some_reads(7))
    async with open_meters(billing.database) as store:
        raw = store._connection
        if name == "terms":
            bound = await raw.fetchval(
                "SELECT count(*) FROM binding AS b JOIN account AS a ON a.id = b.account_id "
                "JOIN tariff_version AS t ON t.code = b.tariff_code WHERE b.meter_id = $1",
                home.meter_id,
            )
            return bound == 1
        if name == "charges":
            count = "SELECT count(*) FROM posted_month WHERE meter_id = $1"
            return await raw.fetchval(count, home.meter_id) == 2
        waiting = "SELECT count(*) FROM waiting_reading WHERE meter_id = $1"
        if await raw.fetchval(waiting, home.meter_id) == readings:
            return True
        merged = "SELECT max(last_at) FROM meter_month WHERE binding_id = $1"
        return await raw.fetchval(merged, home.bound.binding_id) == last


async def test_a_tariff_that_cannot_be_rated_by_stops_nothing_else(billing) -> None:
    home = Home()
    endless = PriceBlock(upto_wh=None, price_micro_per_kwh=1)
    bad = [
        msgspec.structs.replace(home.tariff, blocks=(endless, endless), effective_from="2026-11"),
        msgspec.structs.replace(home.tariff, timezone="Mars/Olympus", effective_from="2026-12"),
    ]
    await billing.publish([*bad, *home.terms])

    def dead() -> float:
        return sum(
            sample.value
            for metric in DEAD_LETTERS.collect()
            for sample in metric.samples
            if sample.labels.get("topic") == "ledger.events.v1"
            and sample.labels.get("reason") == "unusable-tariff"
            and sample.name.endswith("_total")
        )

    before = dead()
    async with billing.consuming("terms"):

        async def known() -> bool:
            tariffs = await billing.comparisons.tariffs()
            versions = tariffs.versions(home.tariff.tariff_code)
            bound = await billing.comparisons.bindings_of_meter(home.meter_id)
            rateable = [str(version.effective_from) for version in versions] == ["2026-10"]
            return bool(bound) and rateable and dead() - before >= len(bad)

        await billing.until(known)


async def test_a_binding_whose_end_comes_late_is_derived_again(billing) -> None:
    """The meter moves to another account on 5 November; we hear of it after its later readings."""
    old = Home()
    moved_at = datetime(2026, 11, 5, 4, tzinfo=UTC)
    readings = old.readings(some_reads(3))
    before = [r for r in readings if isinstance(r, Reading) and r.read_at <= moved_at]
    last = max(r.read_at for r in readings if isinstance(r, Reading))
    new = Home()
    new.meter_id = old.meter_id
    new.bound = new.binding(begins=moved_at, ends=None, opening_wh=max(r.import_wh for r in before))
    after = [r for r in readings if isinstance(r, Reading) and r.read_at > moved_at]

    async def taken_in() -> bool:
        bindings = await billing.comparisons.bindings_of_meter(old.meter_id)
        histories = await billing.comparisons.histories([b.id for b in bindings])
        return any(
            register.last_at == last
            for history in histories.values()
            for register in history.registers.values()
        )

    await billing.publish([*old.terms, *readings, old.posted(before), new.posted(after)])
    async with billing.consuming("terms", "readings", "charges"):
        await billing.until(taken_in)
        ended = old.binding(begins=START, ends=moved_at, opening_wh=1_000)
        await billing.publish(
            [
                MeterBound(
                    binding_id=old.bound.binding_id,
                    account_id=ended.account_id,
                    meter_id=ended.meter_id,
                    tariff_code=ended.tariff_code,
                    effective_from=ended.effective_from,
                    effective_to=moved_at,
                    opening_wh=ended.opening_wh,
                ),
                *new.terms,
            ]
        )

        async def known() -> bool:
            return len(await billing.comparisons.bindings_of_meter(old.meter_id)) == 2

        await billing.until(known)

        async def agreed() -> bool:
            await billing.rederive()
            seen = {}
            async for each in compare_month(store=billing.comparisons, month=NOVEMBER):
                seen[each.pair.binding_id] = each.kind
            ours = (old.bound.binding_id, new.bound.binding_id)
            return [seen.get(each) for each in ours] == [Kind.AGREES, Kind.AGREES]

        await billing.until(agreed)
    assert await billing.rederive() == 0


class Remembered:
    """`PastReadings` of what this test has fed."""

    def __init__(self, fed: Sequence[Event]) -> None:
        self._fed = fed

    async def since(
        self, meters: Mapping[str, datetime]
    ) -> AsyncIterator[Mapping[str, Sequence[intake.Reading]]]:
        for meter_id in meters:
            yield {
                meter_id: [
                    intake.Reading(each.read_at, each.import_wh)
                    for each in self._fed
                    if isinstance(each, Reading) and each.meter_id == meter_id
                ]
            }


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    data=st.data(),
    reads=st.lists(
        st.tuples(st.integers(0, 24 * 60), st.integers(0, 50_000)), min_size=1, max_size=12
    ),
    ends=st.integers(1, 24 * 50),
    gap=st.integers(0, 48),
)
async def test_any_interleaving_of_readings_and_terms_gives_the_same(
    billing, data: st.DataObject, reads: list[tuple[int, int]], ends: int, gap: int
) -> None:
    """Two bindings, the first one ended late; tariffs, bindings and readings in any order."""

    async def derived(order: Sequence[int]) -> list[object]:
        home = Home()
        ended_at = START + timedelta(hours=ends)
        second = home.binding(begins=ended_at + timedelta(hours=gap), ends=None, opening_wh=20_000)
        ended = MeterBound(
            binding_id=home.bound.binding_id,
            account_id=home.bound.account_id,
            meter_id=home.meter_id,
            tariff_code=home.bound.tariff_code,
            effective_from=START,
            effective_to=ended_at,
            opening_wh=1_000,
        )
        readings = home.readings([(float(hours), wh) for hours, wh in reads])
        events = [home.tariff, home.bound, ended, second, *readings]
        for number in order:
            delivered = [Delivered(events[number], None)]  # type: ignore[arg-type]
            handle = take_readings if isinstance(events[number], Reading) else take_terms
            async with open_meters(billing.database) as store:
                await handle(store=store, batch=delivered)
        worker = Rederive(
            open_meters=lambda: open_meters(billing.database),
            past=Remembered(readings),
            passing=lambda _: False,
            every_s=1,
        )
        await worker.once(asyncio.Event())
        bindings = await billing.comparisons.bindings_of_meter(home.meter_id)
        histories = await billing.comparisons.histories([b.id for b in bindings])
        tariffs = await billing.comparisons.tariffs()
        return [
            [
                (month.usage, month.charge)
                for month in months_of_binding(
                    bound=bound,
                    registers=histories[bound.id].registers,
                    posted={},
                    tariffs=tariffs,
                )
            ]
            for bound in bindings
        ]

    count = 4 + len(reads)
    order = data.draw(st.permutations(range(count)))
    repeats = data.draw(st.lists(st.sampled_from(range(4, count)), max_size=3))
    assert await derived([*order, *repeats]) == await derived(range(count))
