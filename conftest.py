"""The stack that tests run on: real Kafka, Mosquitto and PostgreSQL, brought up once a session."""

from collections.abc import Generator

import pytest

from prewatt_common.zone_data import use_packaged_zone_data
from prewatt_devstack import Stack
from prewatt_devstack.testing import session_stack

# As services do, and before any module makes a zone: one release of the zone data in all tests.
use_packaged_zone_data()


@pytest.fixture(scope="session")
def stack() -> Generator[Stack]:
    """Begins empty and leaves nothing."""
    with session_stack() as up:
        yield up
