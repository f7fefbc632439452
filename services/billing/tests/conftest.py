"""Billing on the real PostgreSQL and Kafka: its own database, its consumers, messages to feed. And
a household, with what a ledger posts for it, by the libraries alone."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
from archive_kept import Archive
from oracle_beside import oracle, scenarios
from own_databases import migrated_template, own_database

from billing.intake import subscriptions
from billing.reconciliation.compare_due import CompareDue
from billing.reconciliation.postgres import PostgresComparisons
from billing.reconciliation.postgres_due import open_due
from billing.settings import BillingSettings
from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted, PostedCharge
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    Credited,
    PaymentTakenBack,
    ToppedUp,
)
from prewatt_common.contracts.ledger_facts_v1 import (
    AgreementSet,
    EditKind,
    InstallationSet,
    MeterRegistered,
    ReadingEdited,
    TariffPublished,
)
from prewatt_common.contracts.meter_readings_v1 import Reading, readings_event
from prewatt_common.contracts.topics import (
    LEDGER_CHARGES,
    LEDGER_EVENTS,
    LEDGER_FACTS,
    METER_READINGS,
)
from prewatt_common.db.database import Database, driver
from prewatt_common.kafka.batches import Subscription
from prewatt_common.kafka.consumer import Consumer
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.kafka.messages import Message, Source
from prewatt_common.kafka.outbox import OutboxRelay
from prewatt_common.kafka.producer import Producer
from prewatt_common.kafka.schema import fits
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import slots_of_day
from prewatt_metering.rating.charge import charge, parts_of_use
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading as Register
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import canonical, parse_tariff
from prewatt_metering.tariffs.periods import Period, period_of
from prewatt_metering.usage.days import day_usage
from prewatt_metering.vee.trust import trusted

__all__ = ["oracle", "scenarios"]

_WAIT_S = 30.0
_DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")

TARIFF = {
    "currency": "CNY",
    "timezone": "Asia/Shanghai",
    "time_of_use": {
        "slots": [{"name": "peak", "begin": "08:00", "end": "22:00"}, {"name": "valley"}]
    },
    "components": [
        {"name": "energy", "kind": "energy", "micro_per_kwh": {"peak": 568300, "valley": 288300}},
        {
            "name": "ladder",
            "kind": "blocks",
            "blocks": [
                {"upto_wh": 10000, "micro_per_kwh": 0},
                {"upto_wh": None, "micro_per_kwh": 50000},
            ],
        },
        {"name": "meter", "kind": "standing", "micro_per_day": 333333},
        {"name": "vat", "kind": "levy", "rate_ppm": 130000},
    ],
}


class Home:
    """An account with a meter at a tariff of its own, and what was read of it."""

    def __init__(
        self, *, first_day: date, opening_wh: int | None = 1_000, **tariff: object
    ) -> None:
        name = uuid4().hex[:12]
        self.meter_id = f"m-{name}"
        self.code = f"t-{name}"
        self.account_id, self.agreement_id, self.installation_id = uuid4(), uuid4(), uuid4()
        self.first_day = first_day
        self.begins_at = datetime.combine(first_day, datetime.min.time(), ZONE).astimezone(UTC)
        self.opening_wh = opening_wh
        self.valid_from = first_day.replace(day=1)
        self.document = canonical(
            parse_tariff(
                json.dumps(
                    TARIFF | {"code": self.code, "valid_from": self.valid_from.isoformat()} | tariff
                )
            )
        ).decode()
        self.account = AccountOpened(
            account_id=self.account_id,
            number=f"A-{name}",
            currency="CNY",
            opened_at=self.begins_at,
            balance_micro=0,
            balance_number=0,
        )

    @property
    def tariff(self) -> TariffPublished:
        """The one version."""
        return TariffPublished(
            tariff_code=self.code,
            valid_from=self.valid_from,
            currency="CNY",
            document=self.document,
            by="test",
            reason="test",
            at=self.begins_at,
        )

    def cheaper(self, valid_from: date) -> TariffPublished:
        """A later version of the tariff, without its standing charge."""
        document = json.loads(self.document)
        document["valid_from"] = valid_from.isoformat()
        document["components"] = [
            each for each in document["components"] if each["kind"] != "standing"
        ]
        return msgspec.structs.replace(
            self.tariff,
            valid_from=valid_from,
            document=canonical(parse_tariff(json.dumps(document))).decode(),
        )

    def agreement(self, *, revision: int = 1, end_day: date | None = None) -> AgreementSet:
        """The account's only one."""
        return AgreementSet(
            agreement_id=self.agreement_id,
            revision=revision,
            account_id=self.account_id,
            tariff_code=self.code,
            first_day=self.first_day,
            end_day=end_day,
            by="test",
            reason="test",
            at=self.begins_at,
        )

    def installation(self, *, revision: int = 1, **changes: object) -> InstallationSet:
        """The meter at the account."""
        return msgspec.structs.replace(
            InstallationSet(
                installation_id=self.installation_id,
                revision=revision,
                meter_id=self.meter_id,
                account_id=self.account_id,
                begins_at=self.begins_at,
                ends_at=None,
                opening_wh=self.opening_wh,
                closing_wh=None,
                multiplier=1,
                device=None,
                removed=False,
                by="test",
                reason="test",
                at=self.begins_at,
            ),
            **changes,
        )

    def registered(self, *, revision: int = 1, **changes: object) -> MeterRegistered:
        """The meter's facts."""
        return msgspec.structs.replace(
            MeterRegistered(
                meter_id=self.meter_id,
                revision=revision,
                household=True,
                serial_number=None,
                modulus_wh=None,
                resolution_wh=0,
                max_w=None,
                supply_office=None,
                station_area=None,
                line=None,
                by="test",
                reason="test",
                at=self.begins_at,
            ),
            **changes,
        )

    def edit(self, read_at: datetime, kind: EditKind, wh: int | None = None) -> ReadingEdited:
        """A person's decision."""
        return ReadingEdited(
            edit_id=uuid4(),
            meter_id=self.meter_id,
            read_at=read_at,
            kind=kind,
            register_wh=wh,
            by="test",
            reason="test",
            at=self.begins_at,
        )

    @property
    def facts(self) -> list[Event]:
        """What the ledger tells of it."""
        return [self.tariff, self.agreement(), self.registered(), self.installation()]

    def readings(self, reads: Iterable[tuple[float, int]]) -> list[Reading]:
        """Of (hours since the first day began, Wh)."""
        return [
            Reading(
                meter_id=self.meter_id,
                read_at=self.begins_at + timedelta(hours=hours),
                import_wh=wh,
                received_at=self.begins_at + timedelta(hours=hours),
            )
            for hours, wh in reads
        ]

    def posted(
        self,
        readings: Sequence[Reading],
        *,
        today: date,
        version: int = 1,
        end_day: date | None = None,
        ends_at: datetime | None = None,
        closing_wh: int | None = None,
    ) -> ChargesPosted:
        """What a ledger that has taken ``readings`` posts on ``today``."""
        book = TariffBook([parse_tariff(self.document)])
        calendar = LocalCalendar("Asia/Shanghai")
        rule = book.versions[0].time_of_use
        assert rule is not None
        installation = Installation(
            meter=self.meter_id,
            account=str(self.account_id),
            from_us=us_of(self.begins_at),
            to_us=None if ends_at is None else us_of(ends_at),
            opening_wh=self.opening_wh,
            closing_wh=closing_wh,
        )
        trust = trusted(
            readings=[Register(us_of(each.read_at), each.import_wh) for each in readings],
            installation=installation,
            facts=MeterFacts(meter=self.meter_id),
        )
        use = day_usage(
            intervals=trust.intervals,
            installation=installation,
            calendar=calendar,
            slots_of=lambda day: slots_of_day(calendar, day, rule.name_at(day), rule.marks),
            opened=self.first_day,
            closed=None if end_day is None else end_day - _DAY,
        )
        until = today + _DAY if end_day is None else min(today + _DAY, end_day)
        charges: list[PostedCharge] = []
        period = period_of(self.first_day, cycle=book.cycle)
        while period.first < until:
            served = Period(max(self.first_day, period.first), min(until, period.end))
            result = charge(
                period=period,
                parts=parts_of_use(book=book, period=period, use_wh=use, served=served),
                closed=today >= period.end,
            )
            reads = [
                each
                for each in trust.intervals.at_us or ((trust.last.at_us,) if trust.last else ())
                if calendar.day_of(each - 1) in period and us_of(self.begins_at) < each
            ]
            charges.append(
                PostedCharge(
                    self.agreement_id,
                    self.account_id,
                    period.first,
                    period.end,
                    version,
                    served.days,
                    sum(wh for (day, _), wh in use.items() if day in period),
                    result.total_micro,
                    instant_of(max(reads)) if reads else None,
                )
            )
            period = period_of(period.end, cycle=book.cycle)
        return ChargesPosted(posted_at=self.begins_at, charges=tuple(charges))


def some_reads(seed: int) -> list[tuple[float, int]]:
    """Twenty-five days, some late, repeated, in conflict and once backwards."""
    chance = random.Random(seed)
    reads = [(6.0 * n + 1, 1_000 + 700 * n + chance.randrange(500)) for n in range(1, 100)]
    reads += chance.sample(reads, 10)
    reads += [(hours, wh + 1) for hours, wh in chance.sample(reads, 3)]
    reads.append((303.5, 500))
    chance.shuffle(reads)
    return reads


def local_today() -> date:
    """In the zone of `Home`."""
    return datetime.now(ZONE).date()


@dataclass
class Billing:
    """Billing's parts for a test. Topics are shared with other tests: look at own things only."""

    database: Database
    bootstrap: str
    comparisons: PostgresComparisons
    producer: Producer
    settings: BillingSettings

    async def publish(self, events: Sequence[Event | Reading]) -> None:
        """Put events on their topics, as ledger and gateway do."""
        await self.producer.send([_message(event) for event in events])

    async def take(self, *events: Event | Reading) -> None:
        """Handle events in one transaction, without Kafka."""
        for event in events:
            async with self.database.transaction() as connection:
                await _subscription_of(event).handle(connection, [Delivered(event, None)])  # type: ignore[arg-type]

    async def take_batch(self, readings: Sequence[Reading]) -> None:
        """Handle readings as one batch, without Kafka."""
        async with self.database.transaction() as connection:
            await _subscription_of(readings[0]).handle(
                connection,
                [Delivered(each, None) for each in readings],  # type: ignore[arg-type]
            )

    async def take_charges_as_one(self, charges: Sequence[ChargesPosted]) -> None:
        """Handle events of charges as one batch, without Kafka."""
        if charges:
            async with self.database.transaction() as connection:
                await _subscription_of(charges[0]).handle(
                    connection,
                    [Delivered(each, None) for each in charges],  # type: ignore[arg-type]
                )

    async def compare(
        self, *, settle: timedelta = timedelta(0), now: datetime | None = None
    ) -> None:
        """Compare what is due, until nothing is."""
        at = now or utc_now()
        work = CompareDue(
            open_due=lambda: open_due(self.database),
            clock=lambda: at,
            settle=settle,
            rest_factor=0,
        )
        while await work.once() is not None:
            pass

    async def kinds(self, *agreement_ids: UUID) -> dict[UUID, dict[str, str]]:
        """By agreement and month, how they stand."""
        rows = await self.rows(
            "SELECT agreement_id, month, kind FROM comparison "
            "WHERE agreement_id = ANY($1::uuid[]) ORDER BY month",
            list(agreement_ids),
        )
        found: dict[UUID, dict[str, str]] = {each: {} for each in agreement_ids}
        for agreement_id, month, kind in rows:
            found[agreement_id][month] = kind
        return found

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Of its database."""
        async with self.database.transaction() as connection:
            return await (await driver(connection)).fetch(query, *arguments)

    @asynccontextmanager
    async def consuming(self, *names: str) -> AsyncGenerator[None]:
        """Run the consumers whose groups end in ``names``."""
        stop = asyncio.Event()
        relay = OutboxRelay(database=self.database, producer=self.producer)
        workers = [
            Consumer(
                subscription=replace(each, group=f"{each.group}.{uuid4()}"),
                database=self.database,
                bootstrap=self.bootstrap,
                relay=relay,
                fits=fits(self.database, package="billing"),
            )
            for each in subscriptions(self.settings)
            if each.group.rpartition(".")[2] in names
        ]
        tasks = [asyncio.create_task(worker.run(stop)) for worker in (relay, *workers)]
        try:
            yield
        finally:
            stop.set()
            relay.wake()
            await asyncio.gather(*tasks)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what must come to hold."""
        async with asyncio.timeout(_WAIT_S):
            while not await holds():  # noqa: ASYNC110 - what it looks at is outside this process
                await asyncio.sleep(0.05)


def _message(event: Event | Reading) -> Message:
    source = Source("test")
    match event:
        case Reading():
            topic, key, event = METER_READINGS, event.meter_id, readings_event([event])
        case ChargesPosted():
            topic, key = LEDGER_CHARGES, "0"
        case TariffPublished():
            topic, key = LEDGER_FACTS, event.tariff_code
        case AgreementSet():
            topic, key = LEDGER_FACTS, str(event.account_id)
        case MeterRegistered() | InstallationSet() | ReadingEdited():
            topic, key = LEDGER_FACTS, event.meter_id
        case AccountOpened() | ToppedUp() | Credited() | PaymentTakenBack():
            topic, key = LEDGER_EVENTS, str(event.account_id)
        case _:
            message = f"not for billing: {event}"
            raise TypeError(message)
    return source.message(topic=topic, key=key, event=event, at=utc_now())


def _subscription_of(event: Event | Reading) -> Subscription:
    name = _message(event).topic
    settings = BillingSettings(database_url="x", kafka_bootstrap="x", auth_public_key="unused")
    return next(
        each for each in subscriptions(settings) if name in {topic.name for topic in each.topics}
    )


@pytest.fixture(scope="session")
def homes() -> Callable[..., Home]:
    """Makes a household: ``homes(first_day=...)``."""
    return Home


@pytest.fixture(scope="session")
def reads() -> Callable[[int], list[tuple[float, int]]]:
    """Gives (hours, Wh) of twenty-five days, by a seed."""
    return some_reads


@pytest.fixture(scope="session")
async def migrated(stack) -> AsyncGenerator[str]:
    """The database that those of the tests are copies of."""
    async with migrated_template(stack, "billing") as name:
        yield name


@pytest.fixture
async def own_database_url(stack, migrated: str) -> AsyncGenerator[str]:
    """A database of the test's own, with billing's tables and nothing in them."""
    async with own_database(stack, "billing", template=migrated) as url:
        yield url


@pytest.fixture
async def billing(stack, own_database_url: str) -> AsyncGenerator[Billing]:
    """Billing on a database of its own."""
    bootstrap = stack.endpoints.kafka_bootstrap
    url = own_database_url
    database = Database(url=url)
    producer = Producer(bootstrap=bootstrap)
    yield Billing(
        database=database,
        bootstrap=bootstrap,
        comparisons=PostgresComparisons(database),
        producer=producer,
        settings=BillingSettings(
            database_url=url, kafka_bootstrap=bootstrap, auth_public_key="unused"
        ),
    )
    await producer.stop()
    await database.close()


@pytest.fixture
def archive(billing, tmp_path: Path) -> Archive:
    """Empty."""
    return Archive(billing, tmp_path / "archive")
