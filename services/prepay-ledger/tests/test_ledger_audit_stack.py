"""Use and charges derived again from all readings: a ledger that was left alone is clean, and each
value that was changed past it is named. On real parts, over two posting days."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from ledger_cases import DAY, Case, at, steady
from ledger_expected import ENERGY, VAT, Metered, minute_us

from prepay_ledger.charging.meters import packed_base_us
from prewatt_common.clock import utc_now
from prewatt_metering.registers.packing import pack, unpack
from prewatt_metering.vee.edit import Edit, EditKind

pytestmark = pytest.mark.stack

SEAL_LOCK = 5131524
"""As in seals/postgres.py: no day is sealed while somebody holds it, and so none is turned."""
Change = tuple[str, Sequence[Any]]


async def some_homes(ledger: Any, case: Case) -> list[tuple[dict[str, Any], Metered]]:
    """Readings in order and late, edits, a swap under the same id, a move-out to a tenant."""
    await case.publish()
    homes = [await case.home() for _ in range(4)]
    for _, meter in homes:
        await case.read(meter, steady(40))
    (_, late), (_, edited), (swapped, swap), (_, moved) = homes
    await case.read(late, [(3 * DAY + 77, 3_000), (50 * DAY, 41_000)])
    path = f"/v1/meters/{edited.meter_id}/edits"
    await case.decide("POST", path, at=at(12 * 60), kind="set", register_wh=300)
    edited.edits.append(
        Edit(
            edit_id="0", meter=edited.meter_id, at_us=minute_us(12 * 60), kind=EditKind("set"),
            register_wh=300, by="test", reason="test", decided_us=0,
        )
    )  # fmt: skip
    await case.settles(*(account for account, _ in homes))
    await case.decide(
        "POST", f"/v1/meters/{swap.meter_id}/swap", at=at(40 * DAY + 30), closing_wh=None,
        opening_wh=89_900, old_device="A1", new_device="B2",
    )  # fmt: skip
    swap.installations = []
    swap.serves(swapped, 0, 40 * DAY + 30, opening_wh=0, device="A1")
    swap.serves(swapped, 40 * DAY + 30, opening_wh=89_900, device="B2")
    await case.read(swap, [(41 * DAY, 90_100)])
    tenant = await case.account()
    await case.move_out(moved, 9 * DAY, register_wh=8_676, next_account_id=tenant["id"])
    moved.installations = []
    moved.serves(homes[3][0], 0, 9 * DAY, opening_wh=0, closing_wh=8_676)
    moved.serves(tenant, 9 * DAY, opening_wh=8_676)
    return [*homes, (tenant, moved)]


@pytest.fixture(scope="module")
async def mixed(ledger: Any) -> dict[str, Any]:
    """A mixed run, its first readings of yesterday, which is sealed with them. Gives meter, account
    and agreement (ids) of a home whose readings are of both days."""
    yesterday = utc_now().astimezone(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    url = ledger.stack.endpoints.database_url("prepay_ledger").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    await connection.execute("SELECT pg_advisory_lock($1)", SEAL_LOCK)
    async with connection.transaction():  # no day was closed yet, and yesterday goes on
        await connection.execute("SET LOCAL session_replication_role = replica")
        for table in ("seal_leaves", "seal", "sealed_sum"):
            await connection.execute(f"DELETE FROM {table}")
        await connection.execute(
            "UPDATE posting_day SET day = $1, unsealed = $2",
            yesterday,
            yesterday - timedelta(days=1),
        )
    cases = [Case(ledger), Case(ledger, components=[ENERGY | {"over": "year"}, VAT])]
    homes = [await some_homes(ledger, case) for case in cases]
    for case, some in zip(cases, homes, strict=True):
        await case.settles(*(account for account, _ in some))
    await connection.close()  # which gives the lock back

    async def is_sealed() -> bool:
        return bool(await ledger.sql("SELECT FROM seal WHERE day = $1", yesterday))

    await ledger.until(is_sealed, what="yesterday is sealed")
    account, meter = homes[0][0]
    for case, some in zip(cases, homes, strict=True):
        await case.read(some[0][1], [(51 * DAY, 42_000), (51 * DAY + 360, 42_100)])
        await case.settles(some[0][0])
    (agreed,) = (await ledger.account(account))["agreements"]
    return {"meter": meter.meter_id, "account": account["id"], "agreement": UUID(agreed["id"])}


async def test_a_ledger_that_was_left_alone_is_clean(ledger, mixed) -> None:
    (counts,) = await ledger.sql(
        "SELECT (SELECT count(*) FROM meter_day WHERE meter_id = $1) AS turned, "
        "(SELECT today <> '' FROM meter_state WHERE meter_id = $1) AS today",
        mixed["meter"],
    )
    assert tuple(counts) == (1, True)
    assert await ledger.audited() == []


def on_a_day(change: str) -> str:
    return (
        f"{change} WHERE (meter_id, day) = (SELECT meter_id, max(day) FROM day_use "
        "WHERE meter_id = $1 GROUP BY 1)"
    )


async def test_use_that_was_changed_is_named(ledger, mixed) -> None:
    meter, agreement = mixed["meter"], mixed["agreement"]
    (day,) = await ledger.sql(
        "SELECT day, slot, wh FROM day_use WHERE meter_id = $1 ORDER BY day DESC LIMIT 1", meter
    )
    changed: Change = (on_a_day("UPDATE day_use SET wh = wh + 1"), (meter,))
    use, energy = await ledger.audited(changed)
    assert use == (
        f"use: meter {meter}, agreement {agreement}, {day['day']} {day['slot']}: "
        f"{day['wh'] + 1} Wh are kept, its readings come to {day['wh']} Wh"
    )
    assert energy.startswith(f"energy: agreement {agreement}, period {day['day'].replace(day=1)}")
    opened: Change = ("UPDATE meter_state SET piece_wh[1] = piece_wh[1] + 1 WHERE meter_id = $1",
                      (meter,))  # fmt: skip
    found = await ledger.audited(opened)
    assert [each.split(":")[0] for each in found] == ["use", "energy"]
    assert f"meter {meter}, " in found[0]


@pytest.mark.parametrize(("table", "column"), [("meter_day", "packed"), ("meter_state", "today")])
async def test_a_reading_that_was_changed_is_named(ledger, mixed, table, column) -> None:
    """By 1 Wh, the newest of its posting day: one within a day of use would leave that day's use as
    it was, and is named by the seal alone."""
    meter = mixed["meter"]
    (row,) = await ledger.sql(f"SELECT day, {column} FROM {table} WHERE meter_id = $1", meter)
    base_us = packed_base_us(row["day"])
    *others, newest = sorted(unpack(row[column], base_us=base_us))
    more = newest._replace(register_wh=newest.register_wh + 1)
    change = f"UPDATE {table} SET {column} = $2 WHERE meter_id = $1"
    found = await ledger.audited((change, (meter, pack([*others, more], base_us=base_us))))
    assert [each.split(", ")[0] for each in found] == [f"use: meter {meter}"], found
    (odd,) = await ledger.audited((change, (meter, b"\x0f")))
    assert odd.startswith(f"readings: meter {meter} cannot be derived: Unpackable: ")


async def test_readings_that_were_taken_away_are_named(ledger, mixed) -> None:
    meter = mixed["meter"]
    for change in (
        "DELETE FROM meter_day WHERE meter_id = $1",
        "UPDATE meter_state SET today = '' WHERE meter_id = $1",
    ):
        found = await ledger.audited((change, (meter,)))
        assert [each.split(", ")[0] for each in found] == [f"use: meter {meter}"], found
    found = await ledger.audited(("DELETE FROM meter_state WHERE meter_id = $1", (meter,)))
    assert [each.split(":")[0] for each in found] == ["use", "energy"]


async def test_readings_that_lie_with_their_meter_after_the_close_are_named(ledger, mixed) -> None:
    changed: Change = (
        "UPDATE meter_state SET day = '2026-03-01' WHERE meter_id = $1",
        (mixed["meter"],),
    )
    found = await ledger.audited(changed)
    assert found[0] == (
        f"readings: readings of 2026-03-01 lie with meter {mixed['meter']}, and that day is closed"
    )


PERIOD = "WHERE agreement_id = $1 AND period_first = '2026-03-01'"


@pytest.mark.parametrize(
    ("change", "kinds", "part"),
    [
        ("energy = regexp_replace(energy, '([0-9]+)}', '1\\1}')", ["energy", "sums", "charge"],
         "part of 2026-03-01"),
        ("energy = '{}'", ["energy", "sums", "charge"], ": 0 Wh are kept, its days of use "),
        ("energy = 'x'", ["period", "energy"], "cannot be read"),
        ("posted = regexp_replace(posted, '([0-9]+)}', '1\\1}')", ["sums", "charge"],
         " micro-units are kept as charged, its rows come to "),
        ("energy_wh = energy_wh + 1", ["sums"], " Wh are kept as charged, its rows come to "),
        ("entered = '{}'", ["sums"], " micro-units are kept as entered, its rows come to 0"),
        ("entered_wh = entered_wh + 1", ["entries"], " Wh are kept as entered, its entries "),
        ("standing_days = standing_days - 1", ["charge"], "30 days of standing charge"),
        ("due_day = '2026-03-20'", ["charge"], " are posted, its lines come to "),
        ("period_end = '2026-05-01'", ["charge"], "it ends on 2026-05-01"),
        ("account_id = gen_random_uuid()", ["period"], "the agreement is not of account"),
    ],
)  # fmt: skip
async def test_a_period_that_was_changed_is_named(ledger, mixed, change, kinds, part) -> None:
    agreement = mixed["agreement"]
    found = await ledger.audited((f"UPDATE charge_state SET {change} {PERIOD}", (agreement,)))
    assert [each.split(":")[0] for each in found] == kinds, found
    assert all(f"agreement {agreement}, period 2026-03-01" in each for each in found)
    assert part in found[0]


async def test_a_period_that_time_is_not_to_change_any_more_is_named(ledger, mixed) -> None:
    # The one of this month; on the month's last day it has all that time brings it, so that it may
    # as well be closed: the one of March, which is, is to be due again then.
    (now,) = await ledger.sql(
        "SELECT due_day = period_end AS is_whole FROM charge_state "
        "WHERE agreement_id = $1 AND due_day IS NOT NULL",
        mixed["agreement"],
    )
    changed = (
        ("'2026-03-20'", "period_first = '2026-03-01'")
        if now["is_whole"]
        else ("NULL", "due_day IS NOT NULL")
    )
    change = "UPDATE charge_state SET due_day = {} WHERE agreement_id = $1 AND {}"
    (charge, *_) = await ledger.audited((change.format(*changed), (mixed["agreement"],)))
    assert charge.startswith(f"charge: agreement {mixed['agreement']}, period ")


async def test_a_period_or_an_entry_that_was_taken_away_is_named(ledger, mixed) -> None:
    agreement, account = mixed["agreement"], UUID(mixed["account"])
    found = await ledger.audited((f"DELETE FROM charge_state {PERIOD}", (agreement,)))
    assert [each.split(":")[0] for each in found] == ["energy", "entries"]
    changed: Change = (
        "UPDATE entry SET amount_micro = amount_micro + 1 WHERE (journal_id, number) = (SELECT "
        "journal_id, number FROM entry WHERE agreement_id = $1 AND period_first = '2026-03-01' "
        "LIMIT 1)",
        (agreement,),
    )
    (entries,) = await ledger.audited(changed)
    assert entries.startswith(f"entries: agreement {agreement}, period 2026-03-01: ")
    stray: Change = (
        "INSERT INTO entry (journal_id, number, account_id, agreement_id, amount_micro) "
        "VALUES (-1, 0, $1, $2, 5)",
        (account, uuid4()),
    )
    (entries,) = await ledger.audited(stray)
    assert entries.startswith("entries: entries of 5 micro-units are of agreement ")


async def test_a_tariff_that_was_changed_is_named(ledger, mixed) -> None:
    (row,) = await ledger.sql("SELECT tariff_code FROM agreement WHERE id = $1", mixed["agreement"])
    code = row["tariff_code"]
    dearer: Change = (
        "UPDATE tariff_version SET document = replace(document, '333337', '333338') "
        "WHERE code = $1",
        (code,),
    )
    (charge,) = await ledger.audited(dearer)
    assert charge.startswith("charge: agreement ")
    assert " micro-units are posted, its lines come to " in charge
    (tariff,) = await ledger.audited(("UPDATE tariff_version SET document = '{' WHERE code = $1",
                                      (code,)))  # fmt: skip
    assert tariff.startswith("tariff: ")
    assert tariff.endswith("; no charge was derived again")
    found = await ledger.audited(("DELETE FROM tariff_version WHERE code = $1", (code,)))
    assert [each.split(":")[0] for each in found] == ["readings", "use", "charge"]
    assert all(f"there is no tariff {code}" in each for each in found)
