"""SIGKILL of every part in the middle of the main loop: nothing is lost and nothing happens twice.

Parts are started again, services are not touched unless they were the ones killed: they must
recover by themselves, in the same process.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator

import httpx
import pytest
from town import Town
from world import MICRO, World, until

from prewatt_simulator import ConstantLoad

pytestmark = [pytest.mark.stack, pytest.mark.timeout(700)]

METERS = 60
SERVICES = ("meter-gateway", "prepay-ledger", "notifier", "billing")
READINESS = ("/readyz", "/readyz/consume")
PARTS = (*SERVICES, "kafka", "mosquitto", "postgres")
RANDOM_KILLS = 5
RECOVERS_IN_S = 60.0


@pytest.fixture(scope="module")
async def town(world: World) -> AsyncGenerator[Town]:
    """Sixty households that run out of money every few seconds."""
    seed = int(os.environ.get("PREWATT_TEST_SEED", time.time_ns() % 1_000_000))
    print(f"PREWATT_TEST_SEED={seed}")
    chance = random.Random(seed)
    homes = [
        world.household(
            balance_micro=chance.randint(1, 30) * MICRO // 10,
            low_balance_micro=MICRO // 2,
            tariff_code=chance.choice(("energy-flat", "energy-blocks")),
        )
        for _ in range(METERS)
    ]
    async with world.fleet(homes, load=ConstantLoad(wh=200)) as fleet:
        opened = Town(world, homes, fleet, chance)
        await opened.open()
        yield opened


async def ready(world: World, *, timeout_s: float = RECOVERS_IN_S) -> None:
    """Every service says that it serves and consumes."""
    async with httpx.AsyncClient(timeout=5) as client:
        for service in SERVICES:
            url = world.target.url(service)

            said: list[str] = []

            async def answers(
                url: str = url, service: str = service, said: list[str] = said
            ) -> bool:
                assert world.stack.running(service), (
                    f"{service} ended by itself:\n{world.stack.logs(service)[-3000:]}"
                )
                try:
                    found = [await client.get(url + path) for path in READINESS]
                except httpx.TransportError:
                    return False
                said[:] = [each.text for each in found if not each.is_success]
                return not said

            try:
                await until(answers, what=f"{service} is ready", timeout_s=timeout_s)
            except pytest.fail.Exception as failed:
                log = world.stack.logs(service)[-6000:]
                pytest.fail(f"{failed}; it says {said}; its log ends\n{log}")


async def kill_and_start(world: World, part: str, *, down_s: float) -> None:
    """SIGKILL, some time without it, and again; the other services stay the same processes."""
    stack = world.stack
    others = [service for service in SERVICES if service != part]
    before = {service: stack.pids(service) for service in others}
    await asyncio.to_thread(stack.kill, part)
    await asyncio.sleep(down_s)
    await asyncio.to_thread(stack.start, part)
    await ready(world)
    assert {service: stack.pids(service) for service in others} == before


@pytest.mark.parametrize("part", PARTS)
async def test_a_killed_part_loses_nothing_and_doubles_nothing(town: Town, part: str) -> None:
    async with town.living():
        await asyncio.sleep(town.chance.uniform(1.5, 3))
        await kill_and_start(town.world, part, down_s=town.chance.uniform(0.5, 2))
        await asyncio.sleep(1)
    await town.proof()


@pytest.mark.chaos
async def test_kills_at_random_moments_lose_nothing_and_double_nothing(town: Town) -> None:
    async with town.living():
        for _ in range(RANDOM_KILLS):
            part = town.chance.choice(PARTS)
            print(f"killing {part} at step {town.steps}")
            await asyncio.sleep(town.chance.uniform(0, 2))
            await kill_and_start(town.world, part, down_s=town.chance.uniform(0, 1.5))
    await town.proof()
