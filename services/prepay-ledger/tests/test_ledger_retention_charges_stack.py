"""What is charged rests on readings that have left no otherwise than on those that are there."""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from ledger_town import REVIEW, Town
from own_databases import name_of, own_database

from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.charging.postgres_audit import audit_charges_of
from prepay_ledger.charging.postgres_parking import ParkedQueries
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.rederive import rederive
from prepay_ledger.charging.release_meter import ReleaseMeter
from prepay_ledger.charging.remembered import RememberedStandings
from prepay_ledger.charging.settled import EVER_US
from prepay_ledger.charging.take_readings import TakeReadings
from prepay_ledger.charging.take_up_meters import TakeUpMeters
from prepay_ledger.charging.values import PARKED_MAX
from prepay_ledger.retention.postgres import PostgresRetention
from prepay_ledger.retention.postgres_left import differs
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prepay_ledger.retention.retire_days import RetireDays
from prepay_ledger.retention.values import MONTHS
from prepay_ledger.seals.audit import audit
from prepay_ledger.seals.postgres import PostgresSeals
from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_readings_v1 import Reading as ReadingEvent
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.local_folder import LocalFolder
from prewatt_devstack import Stack
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.registers.readings import Reading

pytestmark = pytest.mark.stack

TODAY = utc_now().date()
OLD, RECENT = TODAY - timedelta(days=900), TODAY - timedelta(days=60)
METERS = ("m0", "m1")


def readings(first_day: int, days: int, *, odd: bool = False) -> list[Reading]:
    """Each 6 hours, from so many days before today on. ``odd``: with a few that cannot be."""
    begin = datetime.combine(TODAY - timedelta(days=first_day), datetime.min.time(), UTC)
    found = [
        Reading(us_of(begin + timedelta(hours=6 * step)), (905 - first_day) * 4_000 + step * 1_000)
        for step in range(days * 4)
    ]
    rng = random.Random(first_day)
    return [
        Reading(each.at_us, rng.randrange(9_000_000)) if odd and number % 11 == 5 else each
        for number, each in enumerate(found)
    ]


def late(days_ago: int, *, wh: int) -> list[Reading]:
    at = datetime.combine(TODAY - timedelta(days=days_ago), datetime.min.time(), UTC)
    return [Reading(us_of(at + timedelta(hours=1)), (905 - days_ago) * 4_000 + wh)]


async def take(town: Town, some: Sequence[Reading], meter_ids: Sequence[str] = METERS) -> None:
    async with town.unit() as unit:
        await charge_readings(
            unit=unit,
            by_meter=dict.fromkeys(meter_ids, some),
            pricings=Pricings(await unit.tariffs.book()),
            partition=0,
            now=town.now,
        )


async def decide(town: Town, from_us: int = EVER_US) -> None:
    """What every decision about a meter ends with: it is derived anew."""
    (account,) = await town.sql("SELECT account_id FROM installation WHERE meter_id = 'm0'")
    async with town.unit() as unit:
        await unit.charging.hold_accounts([account[0]])
        await unit.charging.hold(["m0"])
        await rederive(
            unit=unit,
            meter_ids=["m0"],
            account_ids=[account[0]],
            now=town.now,
            source="meter/m0",
            from_us=from_us,
        )


async def edit(town: Town, days_ago: int) -> None:
    """The register of that day's beginning is set, and what follows from it."""
    (at_us, register_wh, _), *_ = readings(days_ago, 1)
    await town.sql(
        "INSERT INTO reading_edit "
        "(id, meter_id, read_at, kind, register_wh, decided_by, reason, at) "
        "VALUES ($1, 'm0', $2, 'set', $3, 'w', 'r', $4)",
        UUID(int=1),
        instant_of(at_us),
        register_wh - 700,
        town.now,
    )
    await decide(town, at_us)


async def kept(town: Town) -> list[list[tuple[Any, ...]]]:
    """What is kept of use, charges, findings and readings that nobody pays for."""
    queries = (
        "SELECT meter_id, day, slot, wh FROM day_use ORDER BY 1, 2, 3",
        "SELECT a.number, period_first, posted_micro, energy, last_read_us FROM charge_state "
        "JOIN account AS a ON a.id = account_id ORDER BY 1, 2",
        "SELECT meter_id, check_id, begin_us, end_us, before, after, count FROM finding "
        "ORDER BY 1, 2, 3, 4",
        "SELECT meter_id, read_at, import_wh FROM unbound_reading ORDER BY 1, 2, 3",
        "SELECT meter_id, open_day, piece_wh, last_wh, today FROM meter_state ORDER BY 1",
    )
    return [[tuple(row) for row in await town.sql(query)] for query in queries]


@pytest.fixture(scope="module")
async def town_database(module_database_url: str) -> str:
    """Two sealed days: readings of long ago, some of them odd, some before anybody moved in; and
    three weeks of ordinary ones, with some that came late."""
    town = Town(module_database_url, count=len(METERS))
    town.tariff = {"valid_from": "2020-01-01"}
    town.begin = datetime.combine(OLD, datetime.min.time(), UTC)
    await town.settle(OLD)
    await take(town, readings(902, 30, odd=True))
    await town.close_days()
    await town.open(RECENT)
    await take(town, [*readings(872, 2), *readings(60, 20)])
    await town.close_days()
    await town.holds()
    await town.database.close()
    return name_of(module_database_url)


@dataclass(frozen=True)
class Towns:
    """The same one twice; of one the old day has left."""

    whole: Town
    some: Town
    folder: Path

    async def both(self, *arguments: Any) -> None:
        for town in (self.whole, self.some):
            await take(town, *arguments)

    async def are_equal(self) -> None:
        assert await kept(self.some) == await kept(self.whole)


@pytest.fixture
async def towns(stack: Stack, town_database: str, tmp_path: Path) -> AsyncGenerator[Towns]:
    async with AsyncExitStack() as exits:
        made: list[Town] = []
        for _ in range(2):
            url = await exits.enter_async_context(
                own_database(stack, "prepay_ledger", template=town_database)
            )
            made.append(Town(url, count=len(METERS)))
            exits.push_async_callback(made[-1].database.close)
        towns = Towns(made[0], made[1], tmp_path / "exports")
        connection = await towns.some.connect()
        retire = RetireDays(
            store=PostgresRetention(connection),
            folder=LocalFolder(towns.folder),
            folder_name=str(towns.folder),
        )
        assert [each.day async for each in retire(months=MONTHS, limit=9)] == [OLD]
        await connection.close()
        await towns.are_equal()
        yield towns


async def test_later_readings_are_charged_without_what_has_left(towns: Towns) -> None:
    away = towns.folder.rename(towns.folder.with_name("away"))
    await towns.both(readings(40, 3))  # in order
    await towns.both(late(45, wh=500), ["m0"])
    await towns.both(late(38, wh=700), ["m0"])
    await towns.both(late(37, wh=0), ["m0"])  # a fall
    await towns.both(readings(36, 2))
    await towns.are_equal()
    for town in (towns.some, towns.whole):
        await edit(town, 39)
    await towns.are_equal()
    (slow,) = await towns.some.sql("SELECT count(*) AS n FROM finding WHERE end_us > $1", 0)
    assert slow["n"] > 0
    away.rename(towns.folder)
    await decide(towns.some)
    await decide(towns.whole)
    await towns.are_equal()
    await audited(towns.some)


async def audited(town: Town) -> None:
    connection = await town.connect()
    async with connection.transaction():
        seals, elsewhere = PostgresSeals(connection), partial(differs, connection)
        found = [each async for each in audit(store=seals, published=None, elsewhere=elsewhere)]
    found += [each async for each in audit_charges_of(connection)]
    assert [str(each) for each in found] == []
    await connection.close()


async def test_what_rests_on_them_is_refused_where_they_are_not_to_be_had(towns: Towns) -> None:
    away = towns.folder.rename(towns.folder.with_name("away"))
    before = await kept(towns.some)
    with pytest.raises(ReadingsHaveLeft, match="is not to be had"):
        await decide(towns.some)
    with pytest.raises(ReadingsHaveLeft):
        await take(towns.some, late(800, wh=0), ["m0"])
    assert await kept(towns.some) == before
    connection = await towns.some.connect()
    (noted,) = [each async for each in audit_charges_of(connection)]
    assert noted.is_note
    assert "use of meter m0 is not derived again" in str(noted)
    await connection.close()
    away.rename(towns.folder)
    await towns.both(late(800, wh=0), ["m0"])
    await towns.are_equal()
    await audited(towns.some)


def delivered(some: Sequence[Reading], meter_ids: Sequence[str]) -> list[Any]:
    """As a batch of Kafka's."""
    return [
        Delivered(
            ReadingEvent(
                meter_id=meter_id,
                read_at=instant_of(each.at_us),
                import_wh=each.register_wh,
                received_at=utc_now(),
            ),
            SimpleNamespace(topic="t", partition=0, offset=0),
        )
        for meter_id in meter_ids
        for each in some
    ]


async def test_no_batch_waits_for_exports_and_a_job_takes_their_meters_up(
    towns: Towns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A meter of which a reading comes that rests on what has left: its readings wait, the other's
    are charged, and what comes of both is the same as with all readings."""
    town, opened = towns.some, list[str]()
    open_file = LocalFolder.open

    def counted(folder: LocalFolder, path: str) -> Any:
        opened.append(path)
        return open_file(folder, path)

    monkeypatch.setattr(LocalFolder, "open", counted)
    take_readings = TakeReadings(
        review=REVIEW, clock=lambda: town.now, remembered=RememberedStandings(most=9)
    )

    async def batch(*of: Any) -> None:
        async with town.unit() as unit:
            committed = await take_readings(unit, [each for some in of for each in some])
        committed()

    await batch(delivered(late(800, wh=0), ["m0"]), delivered(readings(40, 1), ["m1"]))
    await batch(delivered(readings(40, 1), ["m0"]))  # behind the one that waits
    assert opened == []
    (waiting,) = await town.sql("SELECT * FROM parked_meter")
    assert (waiting["meter_id"], waiting["waits_for_exports"]) == ("m0", True)
    (others,) = await town.sql("SELECT count(*) AS n FROM parked_reading WHERE meter_id <> 'm0'")
    assert others["n"] == 0
    parked = ParkedQueries(town.database)
    now = town.now
    assert await parked.in_trouble(waiting_since=now - timedelta(minutes=15), limit=9) == []
    job = TakeUpMeters(
        open_unit=town.unit,
        release=ReleaseMeter(review=REVIEW),
        clock=lambda: town.now,
        committed=lambda: None,
    )
    away = towns.folder.rename(towns.folder.with_name("away"))
    await job()  # nobody can read them: it goes on waiting, and nothing is kept of the attempt
    assert await town.sql("SELECT * FROM parked_meter_step") == []
    assert await parked.in_trouble(waiting_since=now, limit=9) == ["m0"]
    away.rename(towns.folder)
    opened.clear()
    await job()
    assert len(opened) == 1, "the export of the one day that has left, once"
    assert await town.sql("SELECT * FROM parked_meter") == []
    (step,) = await town.sql("SELECT meter_id, who, outcome, readings FROM parked_meter_step")
    assert tuple(step) == ("m0", "prepay-ledger", "released", 5)
    await take(towns.whole, readings(40, 1), ["m1"])
    await take(towns.whole, [*late(800, wh=0), *readings(40, 1)], ["m0"])
    await towns.are_equal()
    await audited(town)


async def test_one_that_is_odd_too_takes_no_place_that_a_batch_may_want(
    towns: Towns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits, and leaves nothing behind however often it is tried, until there is a place."""
    town = towns.some
    await town.sql(
        "INSERT INTO parked_meter (meter_id, since, error, record, waits_for_exports) "
        "SELECT 'odd-' || n, now(), 'odd', 't/0/0', false FROM generate_series(1, $1) AS n "
        "UNION ALL SELECT 'm0', now(), 'it waits', 't/0/0', true",
        PARKED_MAX,
    )

    async def odd(**_: object) -> None:
        message = "odd"
        raise ValueError(message)

    monkeypatch.setattr("prepay_ledger.charging.release_meter.charge_readings", odd)
    job = TakeUpMeters(
        open_unit=town.unit,
        release=ReleaseMeter(review=REVIEW),
        clock=lambda: town.now,
        committed=lambda: None,
    )

    async def stands() -> tuple[bool, list[str]]:
        (m0,) = await town.sql("SELECT waits_for_exports FROM parked_meter WHERE meter_id = 'm0'")
        steps = await town.sql("SELECT outcome FROM parked_meter_step")
        return m0["waits_for_exports"], [each["outcome"] for each in steps]

    await job()
    await job()
    assert await stands() == (True, [])
    await town.sql("DELETE FROM parked_meter WHERE meter_id = 'odd-1'")
    await job()
    assert await stands() == (False, ["still-odd"])
