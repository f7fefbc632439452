"""The policy table, whole, as it is decided on PostgreSQL: everything that a decision rests on is
in its own table, and one review takes all households of an instant."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from ledger_grounds import Town
from ledger_policy_table import (
    CREDIT,
    HEAT,
    HERE,
    INSTANTS,
    LOW,
    POLICY,
    WARNED_LAW,
    ZONE,
    Expected,
    Home,
    expected,
    expires_at,
    gated_homes_at,
    homes_at,
)
from ledger_signer import SIGNER

from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.declare_period import declare_period
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.policies.values import Area
from prepay_ledger.prepay_agreements.values import first_agreement
from prepay_ledger.procedures.take_notices import take_notices
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.ledger_facts_v1 import AreaLevel
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind
from prewatt_common.contracts.supply_policy_v1 import policy_of
from prewatt_common.ids import new_id
from prewatt_common.kafka.decoding import Delivered
from prewatt_metering.calendar.instants import us_of

pytestmark = pytest.mark.stack

LONG_BEFORE = INSTANTS[0] - timedelta(days=40)
DAY = timedelta(days=1)


def _by(who: str) -> Decided:
    return Decided(by=who, reason="test", at=LONG_BEFORE)


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Town]:
    made = Town(own_database_url)
    made.now = LONG_BEFORE
    await made.publish(WARNED_LAW | {"valid_from": LONG_BEFORE.date().isoformat()})
    async with made.unit() as unit:
        draft = await draft_policy(
            unit=unit, document=policy_of(POLICY), effective_from=None, decided=_by("li")
        )
        await publish_policy(unit=unit, policy_id=draft.id, decided=_by("wu"))
        for area, begin in HEAT.items():
            await declare_period(
                unit=unit,
                kind=PeriodKind.HEAT,
                name="heat",
                area=Area(AreaLevel.STATION_AREA, area),
                begins_at=begin,
                ends_at=begin + DAY,
                decided=_by("li"),
            )
    yield made
    await made.database.close()


async def test_every_household_at_every_instant(town: Town) -> None:
    review = SupplyReview(zone=ZONE, sign=SIGNER.sign)
    for now in INSTANTS:
        homes = [*homes_at(now), *gated_homes_at(now)]
        await build(town, homes)
        async with town.unit() as unit:
            await review(unit, [each.id for each in homes], now=now, caused_at=now)
        found = await outcomes(town, homes)
        for home in homes:
            wanted = expected(home)
            outcome, cut_expires_at = found[home.id]
            assert outcome == wanted, str(home)
            if wanted.outcome == "cut":
                assert cut_expires_at == expires_at(home), str(home)


async def outcomes(town: Town, homes: list[Home]) -> dict[UUID, tuple[Expected, Any]]:
    rows = await town.sql(
        "SELECT a.id, a.supply_state, c.action, c.expires_at, d.held FROM account AS a "
        "LEFT JOIN decision AS d ON d.account_id = a.id "
        "LEFT JOIN command AS c ON c.account_id = a.id WHERE a.id = ANY($1::uuid[])",
        [each.id for each in homes],
    )
    assert len(rows) == len(homes), "one decision and one command each, at most"
    return {row["id"]: (_became(row), row["expires_at"]) for row in rows}


def _became(row: Any) -> Expected:
    match row["supply_state"], row["action"]:
        case "disconnecting", "disconnect":
            return Expected("cut")
        case "reconnecting", "reconnect":
            return Expected("back")
        case "pending", None:
            return Expected("held", frozenset(row["held"]))
        case "disconnected", None:
            return Expected("dark")
        case (("connected" | "warned"), None):
            return Expected("on")
    return Expected(f"{row['supply_state']} with {row['action']}")


async def build(town: Town, homes: list[Home]) -> None:
    """As if each had been there for a month."""
    connection = await town.connect()
    try:
        for query, rows in _rows(homes):
            await connection.executemany(query, rows)
    finally:
        await connection.close()
    async with town.unit() as unit:
        await unit.prepay_agreements.add(
            [first_agreement(each.id, each.terms, _by("li")) for each in homes if each.is_signed]
        )
        notices = [Delivered(notice, None) for each in homes if (notice := each.notice)]
        await take_notices(unit, notices, now=homes[0].now)  # type: ignore[arg-type]


_CONDITIONS = {
    "disputes": "disputed_readings",
    "changes mode": "mode_change",
    "pays": "payment_in_flight",
}


def _protected(home: Home) -> tuple[datetime, datetime] | None:
    now = home.now
    return {
        "medical": (now - DAY, now + DAY),
        "expired": (now - 2 * DAY, now),
        "to come": (now + DAY, now + 2 * DAY),
    }.get(home.protection)


def _rows(homes: list[Home]) -> list[tuple[str, list[tuple[Any, ...]]]]:
    at_us = us_of(homes[0].now) - 3_600_000_000
    dark = [each for each in homes if each.was_cut]
    protected = [(each, span) for each in homes if (span := _protected(each)) is not None]
    return [
        (
            "INSERT INTO account (id, number, currency, balance_micro, low_balance_micro, "
            "overdraft_micro, protected, supply_state, low_since, exhausted_since, "
            "opened_at) "
            f"VALUES ($1, $2, 'CNY', $3, {LOW}, {CREDIT}, $4, $5, $6, $6, $7)",
            [
                (each.id, str(each.id), each.balance_micro, each.protection == "account",
                 _state(each), each.low_since, LONG_BEFORE)
                for each in homes
            ],
        ),
        (
            "INSERT INTO meter (meter_id, household, resolution_wh, station_area, revision) "
            "VALUES ($1, true, 1, $2, 1)",
            [(each.meter_id, HERE) for each in homes],
        ),
        (
            "INSERT INTO meter_state (meter_id, is_estimated) VALUES ($1, $2)",
            [(each.meter_id, each.evidence == "estimated") for each in homes],
        ),
        (
            "INSERT INTO installation (id, account_id, meter_id, begins_at, multiplier, revision) "
            "VALUES ($1, $2, $3, $4, 1, 1)",
            [(new_id(), each.id, each.meter_id, LONG_BEFORE) for each in homes],
        ),
        (
            "INSERT INTO parked_meter (meter_id, since, error, record) VALUES ($1, $2, 'e', 'r')",
            [(each.meter_id, each.now) for each in homes if each.evidence == "parked"],
        ),
        (
            "INSERT INTO finding (meter_id, number, check_id, name, severity, begin_us, end_us, "
            "unit, stops_cut, count) "
            "VALUES ($1, 1, 'VEE-04', 'implausible', 'error', $2, $2, 'Wh', true, 1)",
            [(each.meter_id, at_us) for each in homes if each.evidence == "finding"],
        ),
        (
            "INSERT INTO account_protection (id, account_id, kind, papers, begins_at, ends_at, "
            "revision, decided_by, reason, at) "
            "VALUES ($1, $2, 'medical', 'file 7', $3, $4, 1, 'li', 'test', $5)",
            [(new_id(), each.id, *span, LONG_BEFORE) for each, span in protected],
        ),
        (
            "INSERT INTO agreement (id, account_id, tariff_code, first_day, revision) "
            "VALUES ($1, $1, 't', $2, 1)",
            [(each.id, LONG_BEFORE.date()) for each in homes],
        ),
        (
            "INSERT INTO day_use (meter_id, agreement_id, day, slot, wh) "
            "VALUES ($1, $2, $3, 'all', $4)",
            [
                (each.meter_id, each.id, (each.now - DAY).date(),
                 999 if each.gate == "uses little" else 1_000)
                for each in homes
            ],
        ),
        (
            "INSERT INTO condition (id, kind, account_id, reference, holds_until, begun_by, "
            "reason, at) VALUES ($1, $2, $3, 'r', $4, 'li', 'test', $5)",
            [
                (new_id(), _CONDITIONS[each.gate], each.id, each.now + DAY, each.now - DAY)
                for each in homes
                if each.gate in _CONDITIONS
            ],
        ),
        (
            "INSERT INTO relay (meter_id, desired, observed, observed_at, observed_from, "
            "failures, refused) VALUES ($1, 'open', 'open', $2, 'answer', 0, false)",
            [(each.meter_id, LONG_BEFORE) for each in dark],
        ),
    ]  # fmt: skip


def _state(home: Home) -> str:
    if home.was_cut:
        return "disconnected"
    return "connected" if home.balance_micro > LOW else "warned"
