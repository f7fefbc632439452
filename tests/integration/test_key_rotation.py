"""A whole rotation of the command key through the processes: some meters away, the ledger and the
gateway killed in the middle, a cut meanwhile; the old key retired at last, and good for nothing."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import datetime, timedelta
from typing import Any

import aiomqtt
import pytest
from typer.testing import CliRunner, Result
from world import MICRO, World, until

from prepay_ledger.relays.signing import CommandSigner, claims_of
from prewatt_cli.__main__ import app
from prewatt_cli.target import find_target
from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import RelayAction, RelayState
from prewatt_common.contracts.mqtt_v1 import ROOT
from prewatt_common.ids import new_id
from prewatt_devstack import Stack
from prewatt_devstack.services import COMMAND_KEY_ID, NEXT_COMMAND_KEY_ID
from prewatt_devstack.testing import session_stack
from prewatt_simulator import ConstantLoad, Fleet

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

METERS = 300
AWAY = 20
KWH_A_STEP = ConstantLoad(wh=1_000)
LEDGER = {"PREWATT_KEY_AGAIN_S": "10", "PREWATT_KEY_MESSAGES_PER_S": "30"}
NEW, OLD = NEXT_COMMAND_KEY_ID, COMMAND_KEY_ID


@pytest.fixture(scope="module")
def stack() -> Generator[Stack]:
    """One of its own: a key is retired only when every meter of the ledger has the next."""
    with session_stack("-keys", extra_env={"prepay-ledger": LEDGER}) as up:
        yield up


@pytest.fixture(scope="module")
async def world(stack: Stack) -> AsyncGenerator[World]:
    await asyncio.to_thread(stack.start_services)
    opened = World(stack=stack, target=find_target(state_dir=stack.state_dir))
    await opened.open()
    yield opened
    await opened.close()


async def keys(world: World, *command: str, who: str = "") -> Result:
    """``prewatt keys``, as a person types it."""
    line = ["keys", *command, "--state-dir", str(world.stack.state_dir)]
    if who:
        line += ["--who", who, "--reason", "a test"]
    return await asyncio.to_thread(CliRunner(env={"COLUMNS": "250"}).invoke, app, line)


async def done(world: World, *command: str, who: str = "") -> str:
    result = await keys(world, *command, who=who)
    assert result.exit_code == 0, result.output
    return result.output


async def status(world: World) -> dict[str, Any]:
    return (await world.ledger.get("/v1/command-keys")).raise_for_status().json()


async def missing_is(world: World, count: int, *, timeout_s: float = 120) -> dict[str, Any]:
    """Wait until so many meters have not acknowledged the newest key, or fewer."""

    async def there() -> dict[str, Any] | None:
        found = await status(world)
        return found if found["missing"] <= count else None

    what = f"{count} meters are without the newest key"
    return await until(there, what=what, timeout_s=timeout_s)


async def hold(fleet: Fleet, *key_ids: str) -> None:
    """Wait until every meter of the fleet holds these keys."""

    async def they_do() -> bool:
        return all(fleet.keys_of(each) == key_ids for each in fleet.meters)

    await until(they_do, what=f"all hold {key_ids}", timeout_s=120)


async def restart(world: World, service: str) -> None:
    await asyncio.to_thread(world.stack.kill, service)
    await asyncio.to_thread(world.stack.start, service)


async def step(world: World, fleet: Fleet, number: int) -> datetime:
    at = world.instant(number)
    await fleet.publish_step(at=at)
    await fleet.drain()
    return at


async def send(world: World, meter_id: str, signed: str) -> None:
    """A command past the gateway, as somebody who has stolen the key would."""
    ends = world.stack.endpoints
    async with aiomqtt.Client(
        ends.mqtt_host,
        ends.mqtt_port,
        username=ends.mqtt_gateway_username,
        password=ends.mqtt_gateway_password,
    ) as client:
        await client.publish(f"{ROOT}/{meter_id}/command", signed.encode(), qos=1)


def cut_by_old_key(world: World, meter_id: str) -> str:
    """Signed as it should be, but for the key."""
    now = utc_now()
    claims = claims_of(
        command_id=new_id(),
        meter_id=meter_id,
        action=RelayAction.DISCONNECT,
        sequence=2**52,
        issued_at=now,
        expires_at=now + timedelta(seconds=60),
    )
    return CommandSigner({OLD: world.stack.keys.command_private}, first=OLD).sign(claims)


async def test_a_rotation_reaches_every_meter_and_the_old_key_is_good_for_nothing(
    world: World,
) -> None:
    homes = [world.household(balance_micro=500 * MICRO) for _ in range(METERS - 1)]
    poor = world.household(balance_micro=MICRO)
    away, here = homes[:AWAY], [*homes[AWAY:], poor]
    await world.register(*homes, poor)
    async with world.fleet(here, load=KWH_A_STEP, announce=True) as fleet:
        assert "no key was added" in await done(world, "status")
        assert (await keys(world, "add", "dev-9", who="ann")).exit_code == 2
        await done(world, "add", NEW, who="ann")
        assert (await status(world))["missing"] == METERS
        assert set(map(fleet.keys_of, fleet.meters)) == {(OLD,)}

        await done(world, "roll", NEW, who="ann")
        await missing_is(world, METERS - 30)
        await restart(world, "prepay-ledger")
        await missing_is(world, METERS - 90)
        await restart(world, "meter-gateway")
        # A cut and what it costs come through while keys are on their way.
        for number in range(1, 4):
            await step(world, fleet, number)
        await fleet.wait_relay(poor.meter_id, RelayState.OPEN, timeout=60)

        found = await missing_is(world, AWAY)
        assert (found["serving"], found["missing"]) == (METERS, AWAY)
        assert found["first_missing"] == sorted(each.meter_id for each in away)[:10]
        await hold(fleet, OLD, NEW)
        refused = await keys(world, "retire", OLD, who="bob")
        assert refused.exit_code == 2
        assert f"{AWAY} of {METERS} meters" in refused.output
        assert away[0].meter_id in refused.output

        async with world.fleet(away, load=KWH_A_STEP, announce=True) as late:
            await missing_is(world, 0)
            same = await keys(world, "retire", OLD, who="ann")
            assert same.exit_code == 2
            assert "somebody else than ann" in same.output
            await done(world, "retire", OLD, who="bob")
            await hold(fleet, NEW)
            await hold(late, NEW)
            assert late.summary().commands_refused == 0
        assert f"all {METERS} meters that serve hold" in await done(world, "status")

        # Commands are signed with the new key; the old one's are refused.
        assert fleet.summary().commands_refused == 0
        await world.pay(poor.number, 20 * MICRO)
        await fleet.wait_relay(poor.meter_id, RelayState.CLOSED, timeout=60)
        await send(world, poor.meter_id, cut_by_old_key(world, poor.meter_id))

        async def refuses() -> bool:
            return fleet.summary().commands_refused == 1

        await until(refuses, what="the meter refuses the old key's signature")
        assert fleet.meters[poor.meter_id].relay is RelayState.CLOSED
        assert all(set(each.commands.executions.values()) <= {1} for each in fleet.meters.values())
