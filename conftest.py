"""The stack that tests run on: real Kafka, Mosquitto and PostgreSQL, brought up once a session."""

from collections.abc import Generator

# Else its plugin imports Hypothesis at the very end, and CPython 3.11 cannot parse any more once a
# task that holds a greenlet was cancelled ("AST constructor recursion depth mismatch").
import hypothesis  # noqa: F401
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
