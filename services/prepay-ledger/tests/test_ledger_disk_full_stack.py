"""PostgreSQL's disk is full: who asks is told so, nothing is lost or doubled, and with room again
all goes on in the same process."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import pytest
from ledger_disk import SmallDisk, database_on, small_disk, wal_on
from ledger_proofs import consuming, forget_seals, run_audit, sealed_days, yesterday_goes_on

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

NAME = "prepay-ledger"
MICRO = 1_000_000
KWH_MICRO = 2 * MICRO
FULL = "No space left on device"
PAYMENTS_MAX = 2_000


@pytest.fixture
async def disk(ledger: Any) -> AsyncGenerator[SmallDisk]:
    """The ledger's database lies on it, and the ledger is down."""
    with small_disk(ledger.stack) as made:
        await asyncio.to_thread(ledger.stack.stop, NAME)
        async with database_on(made, ledger.stack, "prepay_ledger"):
            yield made
            await asyncio.to_thread(ledger.stack.stop, NAME)
        await asyncio.to_thread(ledger.stack.start, NAME)


async def pay_until_full(ledger: Any, number: str) -> tuple[int, list[dict[str, Any]]]:
    """Payments of 1 each: how many were taken, and those that were refused."""
    taken, refused = 0, []
    while len(refused) < 5:
        assert taken < PAYMENTS_MAX, "the disk is not full"
        body = ledger.payment(number)
        answer = await ledger.deliver(body, event_id=body["data"]["payment_id"])
        if answer.status_code == 200:
            taken += 1
            continue
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "1"
        problem = answer.json()
        assert problem["type"] == "urn:prewatt:problem:unavailable"
        assert "Send it again" in problem["detail"]
        refused.append(body)
    return taken, refused


async def test_with_room_again_all_goes_on_and_every_payment_and_reading_counts_once(
    ledger: Any, disk: SmallDisk
) -> None:
    await asyncio.to_thread(ledger.stack.start, NAME)
    homes = [await ledger.household(paid_micro=100 * MICRO) for _ in range(20)]
    poor, poor_meter = await ledger.household(paid_micro=MICRO)
    payer = await ledger.open()
    await ledger.read(*((meter_id, 60, 1_000) for _, meter_id in [*homes, (poor, poor_meter)]))
    for home, _ in homes:
        await ledger.until_balance(home, 98 * MICRO)
    commands = await ledger.newest(poor, "commands")
    await forget_seals(ledger)
    disk.fill()
    yesterday = await yesterday_goes_on(ledger)
    pids = ledger.stack.pids(NAME)

    taken, refused = await pay_until_full(ledger, payer["number"])

    # What nobody knows is a row each: it needs a block soon.
    async def stands_still() -> bool:
        nobody = f"nobody-{ledger.number()}"
        await ledger.read(*((f"{nobody}-{number}", 60, 1) for number in range(200)))
        await asyncio.sleep(0.2)
        said = await consuming(ledger)
        return all(FULL in said.get(f"{NAME}.{each}", "") for each in ("readings", "close-days"))

    await ledger.until(stands_still, what="readings and the seal say that the disk is full")
    await ledger.read(*((meter_id, 120, 2_000) for _, meter_id in homes))
    await ledger.read((poor_meter, 120, 2_000))
    assert (await ledger.account(homes[0][0]))["balance_micro"] == 98 * MICRO  # it is still asked
    await asyncio.sleep(5)
    said = await consuming(ledger)
    assert FULL in said[f"{NAME}.readings"], said
    assert FULL in said[f"{NAME}.close-days"], said
    assert await sealed_days(ledger) == []
    assert ledger.stack.pids(NAME) == pids

    disk.make_room()
    for body in refused * 2:
        answer = await ledger.deliver(body, event_id=body["data"]["payment_id"])
        assert answer.status_code == 200, answer.text

    async def goes_on() -> bool:
        return await consuming(ledger) == {} and await sealed_days(ledger) == [yesterday]

    await ledger.until(goes_on, what="all goes on")
    assert ledger.stack.pids(NAME) == pids
    for home, _ in homes:
        await ledger.until_balance(home, 96 * MICRO)
    await ledger.until_balance(poor, MICRO - 2 * KWH_MICRO)
    await ledger.until_balance(payer, (taken + len(refused)) * MICRO)
    assert len(await ledger.newest(poor, "commands")) == len(commands) == 1
    await ledger.sums_to_zero()
    code, out, err = await run_audit(ledger.stack.endpoints.database_url("prepay_ledger"))
    assert code == 0, out + err


async def test_where_the_log_finds_no_room_postgresql_ends_and_the_ledger_waits_for_it(
    ledger: Any,
) -> None:
    """PostgreSQL stops itself where it cannot write its log, and comes up once there is room."""
    with small_disk(ledger.stack) as disk:
        async with wal_on(disk, ledger.stack):
            answers = await _through_it(ledger, disk)
    assert answers.count(200) >= 5


async def _through_it(ledger: Any, disk: SmallDisk) -> list[int]:
    account, meter_id = await ledger.household(paid_micro=100 * MICRO)
    pids = ledger.stack.pids(NAME)
    disk.fill()
    bodies = [ledger.payment(account["number"]) for _ in range(200)]

    async def pay(body: dict[str, Any]) -> int:
        answer = await ledger.deliver(body, event_id=body["data"]["payment_id"])
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code

    answers = [await pay(body) for body in bodies[:5]]
    ending = asyncio.create_task(_use_up_the_log(ledger))
    answers += [await pay(body) for body in bodies[5:]]
    await ending

    async def ended() -> bool:
        return not ledger.stack.running("postgres")

    await ledger.until(ended, what="PostgreSQL has ended")
    assert "PANIC" in ledger.stack.logs("postgres")
    assert await pay(bodies[-1]) == 503
    await ledger.read((meter_id, 60, 1_000))

    async def waits() -> bool:
        return {f"{NAME}.readings", f"{NAME}.close-days"} <= {*await consuming(ledger)}

    await ledger.until(waits, what="all that needs PostgreSQL says that it waits")
    assert (await ledger.api.get("/readyz")).status_code == 503

    disk.make_room()
    await asyncio.to_thread(ledger.stack.start, "postgres")
    for body in bodies:
        assert await pay(body) == 200
    await ledger.until_balance(account, (100 + len(bodies)) * MICRO - KWH_MICRO)

    async def goes_on() -> bool:
        return await consuming(ledger) == {}

    await ledger.until(goes_on, what="all goes on")
    assert ledger.stack.pids(NAME) == pids
    await ledger.sums_to_zero()
    code, out, err = await run_audit(ledger.stack.endpoints.database_url("prepay_ledger"))
    assert code == 0, out + err
    return answers


async def _use_up_the_log(ledger: Any) -> None:
    """The segments that are there are written to the end, one after the other."""
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        while True:
            await ledger.sql("SELECT pg_switch_wal(), pg_logical_emit_message(false, 'x', 'x')")
