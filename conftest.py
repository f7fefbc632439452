"""The stack that tests run on: real Kafka, Mosquitto and PostgreSQL, brought up once a session."""

import os
from collections.abc import Generator

import pytest

from prewatt_devstack import Stack
from prewatt_devstack.stack import Provider


@pytest.fixture(scope="session")
def stack() -> Generator[Stack]:
    """Containers (through testcontainers) where an engine and the images are there, else native
    processes; ``PREWATT_PROVIDER`` decides otherwise. Begins empty and leaves nothing."""
    chosen = os.environ.get("PREWATT_PROVIDER", "auto")
    provider: Provider = "native" if chosen == "native" else "auto"
    if chosen == "containers":
        provider = "containers"
    # Sessions side by side in one checkout need a stack each.
    name = os.environ.get("PREWATT_TEST_STACK", "test")
    # A session that was killed may have left its stack running, with data in it.
    Stack(name=name).down(remove_data=True)
    with Stack(name=name, provider=provider, with_prometheus=True) as up:
        yield up
