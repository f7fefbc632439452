"""Batches of which some rows are there and some are not: readings are appended once each, and of
the ledger's totals the newest holds."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from billing.postings.postgres import PostgresPostings
from billing.postings.take_charges import newest
from billing.readings.leave_out_repeats import known_of
from billing.readings.packed import packed_days
from billing.readings.postgres import PostgresReadings
from prewatt_common.contracts.ledger_charges_v1 import PostedCharge
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import Begin, driver
from prewatt_metering.calendar.instants import us_of

pytestmark = pytest.mark.stack

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
FIRST, END = date(2026, 11, 1), date(2026, 12, 1)


def reading(meter_id: str, hours: int) -> Reading:
    at = MIDNIGHT + timedelta(hours=hours)
    return Reading(meter_id, at, 1_000 + hours, at)


async def append(billing: Any, *batches: Sequence[Reading]) -> None:
    """In one transaction, as halves of a batch are where one of its readings was refused."""
    async with billing.database.transaction(Begin.BATCH) as connection:
        store = PostgresReadings(await driver(connection))
        for each in batches:
            await store.append(packed_days(each))


async def test_each_reading_is_there_once_whether_its_row_was_or_not(billing):
    batches = [
        [reading("m-1", 1), reading("m-1", 2)],
        [reading("m-1", 3), reading("m-2", 1)],
        # Two days, one row of each there and one not; a meter that begins with the later day.
        [reading("m-1", 23), reading("m-3", 23), reading("m-1", 24), reading("m-4", 24)],
        [reading("m-4", 25), reading("m-5", 25), reading("m-2", 2)],
    ]
    await append(billing, *batches[:2])
    await append(billing, *batches[2:])
    every = [each for batch in batches for each in batch]
    async with billing.database.transaction() as connection:
        known = await known_of(
            store=PostgresReadings(await driver(connection)),
            rows={(each.meter_id, each.read_at.date()) for each in every},
        )
    assert known == Counter((each.meter_id, us_of(each.read_at), each.import_wh) for each in every)


def charge(agreement: int, version: int, balance_number: int | None) -> PostedCharge:
    return PostedCharge(
        agreement_id=UUID(int=agreement),
        account_id=UUID(int=agreement),
        period_first=FIRST,
        period_end=END,
        version=version,
        standing_days=version,
        energy_wh=10 * version,
        total_micro=100 * version,
        last_read_at=MIDNIGHT,
        balance_number=balance_number,
        balance_micro=None if balance_number is None else -balance_number,
    )


async def test_the_newest_total_and_the_newest_balance_hold_in_any_order(billing):
    orders = list(permutations(range(4)))
    async with billing.database.transaction(Begin.BATCH) as connection:
        store = PostgresPostings(await driver(connection))
        for number, order in enumerate(orders):
            one, two, three = (10 * number + each for each in range(3))
            told = [
                [charge(one, 1, 1), charge(two, 1, None)],
                # A version that moved nothing; a balance that is newer than its version.
                [charge(one, 3, None), charge(two, 2, 7)],
                [charge(one, 2, 5), charge(three, 1, 1)],
                [charge(three, 2, 2), charge(two, 3, 6)],
            ]
            for place in order:
                await store.put_posted(newest(told[place]))
    async with billing.database.transaction() as connection:
        rows = await (await driver(connection)).fetch(
            "SELECT version, standing_days, energy_wh, total_micro, balance_number, balance_micro"
            " FROM posted_period ORDER BY agreement_id"
        )
    of_one_order = [(3, 3, 30, 300, 5, -5), (3, 3, 30, 300, 7, -7), (2, 2, 20, 200, 2, -2)]
    assert [tuple(row) for row in rows] == of_one_order * len(orders)
