"""The stack that tests run on: real Kafka, Mosquitto and PostgreSQL, brought up once a session."""

from collections.abc import Generator

import pytest

from prewatt_devstack import Stack
from prewatt_devstack.testing import session_stack


@pytest.fixture(scope="session")
def stack() -> Generator[Stack]:
    """Begins empty and leaves nothing."""
    with session_stack() as up:
        yield up
