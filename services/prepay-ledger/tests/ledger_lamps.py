"""A municipality's lamps: one account with thousands of meters. Writers in processes of their own
charge their readings, a partition's batch and its offset a transaction, as the service does."""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

from aiokafka import TopicPartition
from ledger_expected import BEGIN, Agreed, Metered, document, minute_us
from ledger_scratch import Scratch
from ledger_signer import SIGNER

from prepay_ledger.accounts.open_account import open_account
from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.balances.values import Account
from prepay_ledger.charging.audit_charges import audit_charges
from prepay_ledger.charging.postgres_audit import PostgresAudit
from prepay_ledger.charging.remembered import RememberedStandings
from prepay_ledger.charging.take_readings import TakeReadings
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.values import InstalledMeter
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.tariffs.publish_tariff import publish_tariff
from prepay_ledger.unit import unit_on
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import Database, driver, is_conflict
from prewatt_common.ids import new_id
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.kafka.offsets import OffsetRange, fence
from prewatt_metering.registers.installations import Installation
from prewatt_metering.tariffs.document import tariff_of

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DECIDED = Decided(by="test", reason="test", at=NOW)
GROUP, TOPIC = "lamps", "lamps"
REVIEW = SupplyReview(zone=ZoneInfo("UTC"), sign=SIGNER.sign)
CONTEXT = multiprocessing.get_context("spawn")

Batch = Sequence[tuple[str, int, int]]
"""Readings as they come: a meter, minutes after `BEGIN`, Wh."""


class Written(NamedTuple):
    """What a writer did: its batches, how many of them came again, and the seconds it took."""

    batches: int
    again: int
    seconds: float
    cpu_seconds: float


class Lamps(Scratch):
    """One account with one agreement, and its meters in some partitions."""

    def __init__(self, url: str, *, meters: int, partitions: int) -> None:
        super().__init__(url)
        self.account_id = new_id()
        self.agreed = [Agreed(documents=[document("lamps")])]
        self.meters = [self._meter(number) for number in range(meters)]
        self.partitions = partitions

    def _meter(self, number: int) -> Metered:
        meter = Metered(meter_id=f"lamp-{number:05}")
        meter.installations.append(
            Installation(
                meter=meter.meter_id,
                account=str(self.account_id),
                from_us=minute_us(0),
                opening_wh=0,
            )
        )
        return meter

    def part(self, partition: int) -> Sequence[Metered]:
        """The meters of a partition."""
        return self.meters[partition :: self.partitions]

    async def settle(self) -> None:
        """The account is opened and its lamps are installed."""
        account = Account(
            id=self.account_id, number="lamps", currency="CNY", balance_micro=0,
            low_balance_micro=0, overdraft_micro=10**15, protected=True,
            supply_state=SupplyState.CONNECTED, opened_at=NOW,
        )  # fmt: skip
        async with self.unit() as unit:
            await publish_tariff(
                unit=unit, version=tariff_of(document("lamps")), by="test", reason="test", now=NOW
            )
            await open_account(
                unit=unit,
                account=account,
                signed=None,
                decided=Decided(by="test", reason="test", at=NOW),
            )
        async with self.unit() as unit:
            agreement = Agreement(
                id=new_id(), account_id=account.id, tariff_code="lamps", first_day=date(2026, 3, 1)
            )
            await DecideAgreement(review=REVIEW).set(
                unit=unit, agreement=agreement, decided=DECIDED
            )
        async with self.unit() as unit:
            await unit.charging.hold([each.meter_id for each in self.meters])
            installed = [self.installed(each.meter_id) for each in self.meters]
            await unit.installations.replace([], installed)
        for partition in range(self.partitions):
            await self.sql(
                "INSERT INTO consumer_offset (consumer_group, topic, partition, next_offset, "
                "topic_id) VALUES ($1, $2, $3, 0, $4)", GROUP, TOPIC, partition, uuid4(),
            )  # fmt: skip

    def installed(self, meter_id: str) -> InstalledMeter:
        """A lamp's installation from the beginning on."""
        return InstalledMeter(
            id=new_id(), meter_id=meter_id, account_id=self.account_id, begins_at=BEGIN,
            opening_wh=0,
        )  # fmt: skip

    def owes_micro(self) -> int:
        """By the pure libraries, from what every meter has said."""
        account = {"id": str(self.account_id)}
        return sum(
            charge.total_micro
            for each in self.agreed
            for charge in each.charges(account, self.meters, now=NOW)
        )

    async def until_taken(self, batches: int) -> None:
        """Until so many have been committed."""
        while True:
            (row,) = await self.sql(
                "SELECT sum(next_offset)::bigint AS taken FROM consumer_offset "
                "WHERE consumer_group = $1", GROUP,
            )  # fmt: skip
            if row["taken"] >= batches:
                return
            await asyncio.sleep(0.05)

    async def findings_of_charges(self) -> list[str]:
        """What an audit says of use and charges."""
        connection = await self.connect()
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                found = audit_charges(PostgresAudit(connection))
                return [str(each) async for each in found]
        finally:
            await connection.close()

    async def worth_micro(self) -> int:
        """What the account has, less what it owes apart: its readings are of months ago."""
        (row,) = await self.sql(
            "SELECT a.balance_micro + coalesce(s.amount_micro, 0) AS micro FROM account AS a "
            "LEFT JOIN sub_balance AS s ON s.account_id = a.id AND s.sub_account = 'debt' "
            "WHERE a.id = $1",
            self.account_id,
        )
        return row["micro"]


def mixed_rounds(part: Sequence[Metered], *, rounds: int, seed: int) -> list[Batch]:
    """A batch a round: most readings in their order, some a round or two late, some twice. What
    came is noted at the meters."""
    chance = random.Random(seed)
    batches: list[list[tuple[str, int, int]]] = [[] for _ in range(rounds)]
    for meter in part:
        for number in range(rounds):
            minute = 360 * (number + 1) + chance.randrange(300)
            reading = (meter.meter_id, minute, minute * chance.choice((1, 1, 1, 2)) // 2)
            meter.readings.append(reading[1:])
            late = chance.choice((1, 2)) if chance.random() < 0.03 else 0
            batches[min(number + late, rounds - 1)].append(reading)
            if chance.random() < 0.03:
                batches[chance.randrange(number, rounds)].append(reading)
    for batch in batches:
        chance.shuffle(batch)
    return list(batches)


def in_order(part: Sequence[Metered], *, rounds: int, first: int = 1) -> list[Batch]:
    """A reading an hour of each."""
    batches: list[Batch] = []
    for number in range(first, first + rounds):
        readings = [(each.meter_id, 60 * number, 100 * number) for each in part]
        for meter, reading in zip(part, readings, strict=True):
            meter.readings.append(reading[1:])
        batches.append(readings)
    return batches


async def write(url: str, work: dict[int, Sequence[Batch]]) -> Written:
    """By partition the batches from the database's offset on, in turn; again where another was
    quicker."""
    database = Database(url=url, pool_size=2)
    take = TakeReadings(
        review=REVIEW, clock=lambda: NOW, remembered=RememberedStandings(most=100_000)
    )
    begin, cpu, again, batches = time.monotonic(), time.process_time(), 0, 0
    offsets = {partition: await _offset(database, partition) for partition in work}
    while open_ones := [p for p, some in work.items() if offsets[p] < len(some)]:
        for partition in open_ones:
            offset = offsets[partition]
            while not await _take(database, take, partition, offset, work[partition][offset]):
                again += 1
            offsets[partition], batches = offset + 1, batches + 1
    await database.close()
    return Written(batches, again, time.monotonic() - begin, time.process_time() - cpu)


async def _take(
    database: Database, take: TakeReadings, partition: int, offset: int, batch: Batch
) -> bool:
    record: Any = SimpleNamespace(topic=TOPIC, partition=partition, offset=offset)
    delivered = [
        Delivered(
            Reading(
                meter_id=meter_id,
                read_at=BEGIN + timedelta(minutes=minute),
                import_wh=wh,
                received_at=NOW,
            ),
            record,
        )
        for meter_id, minute, wh in batch
    ]
    try:
        async with database.transaction() as connection:
            moved = {TopicPartition(TOPIC, partition): OffsetRange(offset, offset + 1)}
            await fence(connection, group=GROUP, ranges=moved)
            async with unit_on(connection) as unit:
                committed = await take(unit, delivered)
    except Exception as error:
        if not is_conflict(error):
            raise
        return False
    committed()
    return True


async def _offset(database: Database, partition: int) -> int:
    """Waits for a batch of who held the partition before: dead, its commit may be on its way."""
    async with database.transaction() as connection:
        row = await (await driver(connection)).fetchrow(
            "SELECT next_offset FROM consumer_offset "
            "WHERE consumer_group = $1 AND partition = $2 FOR UPDATE", GROUP, partition,
        )  # fmt: skip
    assert row is not None, "a partition has a row"
    return row["next_offset"]


def _run(url: str, work: dict[int, Sequence[Batch]], start: Any, done: Any) -> None:
    start.wait()
    done.put(asyncio.run(write(url, work)))


class Writer:
    """`write` in a process of its own, once as many are ready as ``start`` waits for."""

    def __init__(self, url: str, work: dict[int, Sequence[Batch]], start: Any) -> None:
        self._start = start  # is gone with its last reference, be the process ready or not
        self._done = CONTEXT.Queue()
        self._process = CONTEXT.Process(target=_run, args=(url, work, start, self._done))
        self._process.start()

    def kill(self) -> None:
        """SIGKILL, wherever it is."""
        self._process.kill()
        self._process.join()

    async def written(self) -> Written:
        """When it has done all; raises where it failed."""
        await asyncio.to_thread(self._process.join)
        assert self._process.exitcode == 0
        return self._done.get()
