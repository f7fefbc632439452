"""What a process remembers of its meters is what the database says, or its batch is refused."""

import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from ledger_town import REVIEW, Town

from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.charging.remembered import RememberedStandings
from prepay_ledger.charging.standing import Standing, block_of, key_of
from prepay_ledger.charging.sweep_standing import SweepStanding
from prepay_ledger.charging.take_readings import TakeReadings
from prepay_ledger.epochs.postgres import raise_epoch
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.values import InstalledMeter, Meter, ReadingEdit
from prepay_ledger.unit import PostgresUnit
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import is_conflict
from prewatt_common.ids import new_id
from prewatt_common.kafka.decoding import Delivered

pytestmark = pytest.mark.stack

COUNT = 40
BEGUN_H = 24 * 19 + 1
"""The first hour of the twentieth day, which is the day before today."""
MANY = 1_000


class Consuming(Town):
    """Batches come as from Kafka, to a process that remembers."""

    def __init__(self, url: str) -> None:
        super().__init__(url, count=COUNT)
        self.memory = RememberedStandings(most=MANY)
        self.take = self.process(self.memory)
        self.asked: list[int] = []
        """Of how many meters each batch asked the database."""

    def process(self, memory: RememberedStandings) -> TakeReadings:
        return TakeReadings(review=REVIEW, clock=lambda: self.now, remembered=memory)

    async def batch(
        self,
        hour: float,
        numbers: Sequence[int] = range(COUNT),
        *,
        take: TakeReadings | None = None,
        more_wh: int = 0,
    ) -> int:
        """A reading of each; gives how often the batch was refused before it went well."""
        read_at = self.begin + timedelta(hours=hour)
        some = [
            Delivered(
                Reading(
                    meter_id=f"m{n}",
                    read_at=read_at,
                    import_wh=int(hour * (100 + n)) + more_wh,
                    received_at=self.now,
                ),
                SimpleNamespace(topic="t", partition=0, offset=0),
            )
            for n in numbers
        ]
        again = 0
        while True:
            try:
                async with self.unit() as unit:
                    self._count(unit)
                    committed = await (take or self.take)(unit, some)  # pyright: ignore[reportArgumentType]
            except Exception as error:
                if not is_conflict(error):
                    raise
                again += 1
            else:
                committed()
                return again

    def _count(self, unit: PostgresUnit) -> None:
        ask = unit.charging.standings
        self.asked.append(0)

        async def counted(meter_ids: Sequence[str]) -> Sequence[Standing]:
            self.asked[-1] = len(meter_ids)
            return await ask(meter_ids)

        unit.charging.standings = counted  # type: ignore[method-assign]

    async def account_of(self, number: int) -> UUID:
        (row,) = await self.sql("SELECT id FROM account WHERE number = $1", f"town-{number}")
        return row["id"]

    async def edit(self) -> None:
        """What the last reading says is removed, on which the next one would have rested."""
        last_at = self.begin + timedelta(hours=BEGUN_H + 1)
        async with self.unit() as unit:
            await DecideMeter(review=REVIEW).edit(
                unit=unit,
                edit=ReadingEdit(
                    id=new_id(), meter_id="m0", read_at=last_at, kind="remove", register_wh=None,
                    decided_by="test", reason="test", at=self.now,
                ),
                decided=self.decided(),
            )  # fmt: skip

    async def register(self) -> None:
        """What it may carry is known, and less than what comes next."""
        async with self.unit() as unit:
            await DecideMeter(review=REVIEW).register(
                unit=unit, meter=Meter(meter_id="m0", max_w=10), decided=self.decided()
            )

    async def move_out(self) -> None:
        """Somebody else lives there since a moment ago."""
        async with self.unit() as unit:
            await DecideMeter(review=REVIEW).move_out(
                unit=unit, meter_id="m0", at=self.begin + timedelta(hours=BEGUN_H + 1, minutes=1),
                register_wh=None, next_account_id=await self.account_of(2), decided=self.decided(),
            )  # fmt: skip

    async def change_tariff(self) -> None:
        """Another agreement since yesterday's begin, at twice the price."""
        account_id = await self.account_of(0)
        async with self.unit() as unit:
            await DecideAgreement(review=REVIEW).set(
                unit=unit,
                agreement=Agreement(
                    id=new_id(),
                    account_id=account_id,
                    tariff_code="in-cny",
                    first_day=self.today - timedelta(days=1),
                ),
                decided=self.decided(),
            )

    async def sweep(self) -> None:
        """Tomorrow's standing charge falls due."""
        self.now += timedelta(days=1)
        await SweepStanding(
            open_unit=self.unit, review=REVIEW, clock=lambda: self.now, committed=lambda: None
        )()

    async def second_meter(self) -> None:
        """The account has another meter, which is charged."""
        async with self.unit() as unit:
            await DecideMeter(review=REVIEW).install(
                unit=unit,
                new=InstalledMeter(
                    id=new_id(), meter_id=f"m{COUNT}", account_id=await self.account_of(0),
                    begins_at=self.begin, opening_wh=0,
                ),
                decided=self.decided(),
            )  # fmt: skip
        await self.batch(BEGUN_H + 1, [COUNT])

    async def another_process(self) -> None:
        """The partition was another replica's for a while."""
        await self.batch(BEGUN_H + 1.5, take=self.process(RememberedStandings(most=MANY)))


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Consuming]:
    made = Consuming(own_database_url)
    await made.settle(made.today - timedelta(days=1))
    yield made
    await made.database.close()


async def remembered_is_stored(town: Consuming) -> int:
    """Of how many meters something is remembered, all of it as the database has it."""
    async with town.unit() as unit:
        epoch = await unit.charging.epoch()
        stored = await unit.charging.standings([f"m{n}" for n in range(COUNT + 1)])
    known = {each.meter_id: each for each in stored}
    found = town.memory.take([f"m{n}" for n in range(COUNT + 1)], epoch=epoch)
    for block in found:
        some = [known[meter_id] for meter_id in block.meter_ids]
        assert {key_of(each) for each in some} == {block.common.key}
        again = block_of(block.common, some)
        assert block.agreement_ids == again.agreement_ids
        assert block.account_ids == again.account_ids
        assert block.numbers.tolist() == again.numbers.tolist()
    return sum(map(len, found))


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_remembered_is_what_is_stored(town: Consuming, seed: int) -> None:
    """In any portions, with repeats, readings that come late, and steps that are no use."""
    chance = random.Random(seed)
    hours = [BEGUN_H + number / 4 for number in range(60)]
    await town.batch(hours[0])
    for hour in hours[1:]:
        some = chance.sample(range(COUNT), chance.randrange(1, COUNT + 1))
        at = max(BEGUN_H, hour - chance.choice([0, 0, 0, 2, 9]))
        assert await town.batch(at, some, more_wh=chance.choice([0, 0, 5])) == 0
        if chance.random() < 0.2:
            await town.batch(at, some[:9], more_wh=10**8)
    assert await remembered_is_stored(town)
    await town.holds()


async def test_a_batch_does_not_ask_of_meters_that_are_remembered(town: Consuming) -> None:
    for number in range(3):
        await town.batch(BEGUN_H + number)
    # The first readings of a day are none of the ordinary ones.
    assert town.asked == [COUNT, COUNT, 0]
    await town.batch(BEGUN_H + 3, range(0, COUNT, 2))
    await town.batch(BEGUN_H + 4)
    assert town.asked[3:] == [0, 0]
    assert await remembered_is_stored(town) == COUNT


@pytest.mark.parametrize(
    "meanwhile",
    [
        Consuming.edit,
        Consuming.register,
        Consuming.move_out,
        Consuming.change_tariff,
        Consuming.second_meter,
        Consuming.another_process,
    ],
    ids=lambda each: each.__name__,
)
async def test_what_is_wrong_by_now_refuses_the_batch_which_asks_then(
    town: Consuming, meanwhile: Callable[[Consuming], Awaitable[None]]
) -> None:
    await town.batch(BEGUN_H)
    await town.batch(BEGUN_H + 1)
    await meanwhile(town)
    town.asked.clear()
    assert await town.batch(BEGUN_H + 2) == 1
    assert town.asked == [0, COUNT]
    await town.batch(BEGUN_H + 3)
    assert await remembered_is_stored(town)
    await town.holds()


async def test_a_day_that_has_begun_is_seen_in_what_is_remembered(town: Consuming) -> None:
    """Who owes that day's standing charge goes one by one, by what is stored."""
    await town.batch(BEGUN_H)
    await town.batch(BEGUN_H + 1)
    await town.sweep()
    for number in range(2, 5):
        assert await town.batch(BEGUN_H + number) == 0
    # Where that day begins a month, these readings are of a period that is over.
    assert await remembered_is_stored(town) == (0 if town.now.day == 1 else COUNT)
    await town.holds()


async def test_of_several_meters_at_one_account_none_is_remembered(town: Consuming) -> None:
    await town.second_meter()
    await town.batch(BEGUN_H)
    await town.batch(BEGUN_H + 1)
    await town.batch(BEGUN_H + 2, [0, 40, *range(1, 20)])
    assert town.asked[-1] == 2
    await town.batch(BEGUN_H + 3)
    assert town.asked[-1] == 1


async def test_after_a_restore_nothing_is_remembered(town: Consuming) -> None:
    await town.batch(BEGUN_H)
    await town.batch(BEGUN_H + 1)
    async with town.database.transaction() as connection:
        await raise_epoch(connection, who="test", reason="test", at=town.now)
    await town.batch(BEGUN_H + 2)
    assert town.asked[-1] == COUNT


async def test_of_too_many_the_tariff_that_came_first_is_forgotten(own_database_url: str) -> None:
    town = Consuming(own_database_url)
    town.memory = RememberedStandings(most=30)
    town.take = town.process(town.memory)
    try:
        await town.settle(town.today - timedelta(days=1))
        await town.batch(BEGUN_H)
        for number in range(1, 4):
            await town.batch(BEGUN_H + number)
            assert await remembered_is_stored(town) == COUNT / 2
        await town.holds()
    finally:
        await town.database.close()
