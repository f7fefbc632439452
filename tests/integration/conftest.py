"""One world for the tests of the whole system: the four services on the session's stack."""

import asyncio
from collections.abc import AsyncGenerator, Generator

import pytest
from alarms import Alarms, watching
from world import World

from prewatt_cli.target import find_target
from prewatt_devstack import Stack
from prewatt_devstack.testing import session_stack


@pytest.fixture(scope="session")
def stack() -> Generator[Stack]:
    """A stack that only these tests use: the services' own tests leave notices to dead peers and
    events of their own making on the session's, and these tests look at whole databases."""
    with session_stack("-world") as up:
        yield up


@pytest.fixture(scope="session")
async def world(stack: Stack) -> AsyncGenerator[World]:
    """The services are up and the tariffs published; stopped when the last test is done."""
    await asyncio.to_thread(stack.start_services)
    opened = World(stack=stack, target=find_target(state_dir=stack.state_dir))
    await opened.open()
    yield opened
    await opened.close()
    for service in stack.endpoints.service_ports:
        await asyncio.to_thread(stack.stop, service)


@pytest.fixture(scope="session")
def alarms(world: World, tmp_path_factory: pytest.TempPathFactory) -> Generator[Alarms]:
    """The shipped alerts, evaluated over what the world's services export."""
    with watching(world.stack, tmp_path_factory.mktemp("alarms")) as running:
        yield running
