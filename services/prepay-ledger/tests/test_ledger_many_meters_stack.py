"""An account with many meters whose readings are charged by several writers at once."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ledger_signer import SIGNER

from prepay_ledger.accounts.open_account import open_account
from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.balances.values import Account
from prepay_ledger.charging.remembered import RememberedStandings
from prepay_ledger.charging.sweep_standing import SweepStanding
from prepay_ledger.charging.take_readings import TakeReadings
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.values import InstalledMeter
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.tariffs.publish_tariff import publish_tariff
from prepay_ledger.unit import open_unit
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import Database, is_conflict
from prewatt_common.ids import new_id
from prewatt_common.kafka.decoding import Delivered
from prewatt_metering.tariffs.document import tariff_of

pytestmark = pytest.mark.stack

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
FIRST = date(2026, 6, 1)
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
WRITERS, METERS_EACH, ROUNDS = 6, 20, 15
DECIDED = Decided(by="test", reason="test", at=NOW)
REVIEW = SupplyReview(zone=ZoneInfo("UTC"), sign=SIGNER.sign)
DOCUMENT: dict[str, Any] = {
    "code": "lamps",
    "valid_from": "2026-01-01",
    "currency": "CNY",
    "timezone": "UTC",
    "components": [
        {
            "kind": "blocks",
            "name": "energy",
            "blocks": [
                {"upto_wh": 100_000, "micro_per_kwh": 500_000},
                {"upto_wh": None, "micro_per_kwh": 900_000},
            ],
        },
        {"kind": "standing", "name": "standing", "micro_per_day": 1_000_000},
    ],
}


@pytest.fixture
async def database(own_database_url: str) -> AsyncGenerator[Database]:
    made = Database(url=own_database_url, pool_size=WRITERS + 2)
    yield made
    await made.close()


async def municipality(database: Database) -> tuple[Account, list[str]]:
    """One account, one agreement, and its lamps' meters."""
    account = Account(
        id=new_id(), number="lamps", currency="CNY", balance_micro=0, low_balance_micro=0,
        overdraft_micro=10**15, protected=True, supply_state=SupplyState.CONNECTED,
        opened_at=NOW,
    )  # fmt: skip
    meters = [f"lamp-{number}" for number in range(WRITERS * METERS_EACH)]
    async with open_unit(database) as unit:
        await publish_tariff(
            unit=unit, version=tariff_of(DOCUMENT), by="test", reason="test", now=NOW
        )
        await open_account(
            unit=unit,
            account=account,
            signed=None,
            decided=Decided(by="test", reason="test", at=NOW),
        )
    async with open_unit(database) as unit:
        await DecideAgreement(review=REVIEW).set(
            unit=unit,
            agreement=Agreement(
                id=new_id(), account_id=account.id, tariff_code="lamps", first_day=FIRST
            ),
            decided=DECIDED,
        )
    for meter_id in meters:
        new = InstalledMeter(
            id=new_id(),
            meter_id=meter_id,
            account_id=account.id,
            begins_at=BEGIN,
            opening_wh=0,
        )
        async with open_unit(database) as unit:
            await DecideMeter(review=REVIEW).install(unit=unit, new=new, decided=DECIDED)
    return account, meters


async def write(database: Database, meters: list[str]) -> int:
    """As the consumer of a partition: a batch a transaction, again where another was quicker."""
    take = TakeReadings(
        review=REVIEW, clock=lambda: NOW, remembered=RememberedStandings(most=1_000)
    )
    again = 0
    for number in range(1, ROUNDS + 1):
        batch = [
            Delivered(
                Reading(
                    meter_id=meter_id,
                    read_at=BEGIN + timedelta(hours=number),
                    import_wh=number * 100,
                    received_at=NOW,
                ),
                SimpleNamespace(topic="t", partition=0, offset=number),
            )
            for meter_id in meters
        ]
        while True:
            try:
                async with open_unit(database) as unit:
                    committed = await take(unit, batch)  # pyright: ignore[reportArgumentType]
                committed()
                break
            except Exception as error:
                if not is_conflict(error):
                    raise
                again += 1
    return again


@pytest.mark.timeout(200)
async def test_blocks_are_shared_and_standing_falls_once_whoever_writes(database: Database) -> None:
    account, meters = await municipality(database)
    sweep = SweepStanding(
        open_unit=lambda: open_unit(database),
        review=REVIEW,
        clock=lambda: NOW,
        committed=lambda: None,
    )
    parts = [meters[begin::WRITERS] for begin in range(WRITERS)]
    again = await asyncio.gather(*(write(database, part) for part in parts), sweep(), sweep())
    # Each waits for the account's period, and rates what the one before left.
    assert not any(again)
    used_wh = len(meters) * ROUNDS * 100
    energy_micro = 100 * 500_000 + (used_wh - 100_000) * 900
    async with open_unit(database) as unit:
        found = await unit.balances.account(account.id)
        agreements = await unit.charging.agreements_of([account.id])
        states = await unit.charging.all_periods([each.id for each in agreements])
    assert found is not None
    assert found.balance_micro == -(energy_micro + 20 * 1_000_000)
    (state,) = states[agreements[0].id].values()
    assert (state.energy_wh, state.standing_days) == (used_wh, 20)
    assert state.total_micro == -found.balance_micro
