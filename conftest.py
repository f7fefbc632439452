"""The stack that tests run on: real Kafka, Mosquitto and PostgreSQL, brought up once a session."""

import os
import secrets
import sys
from collections.abc import Generator

# Else its plugin imports Hypothesis at the very end, and CPython 3.11 cannot parse any more once a
# task that holds a greenlet was cancelled ("AST constructor recursion depth mismatch").
import hypothesis
import pytest

from prewatt_common.zone_data import use_packaged_zone_data
from prewatt_devstack import Stack
from prewatt_devstack.testing import session_stack

# How long an example takes says how busy the machine is; no test is about that.
hypothesis.settings.register_profile("prewatt", deadline=None)
hypothesis.settings.load_profile("prewatt")

# As services do, and before any module makes a zone: one release of the zone data in all tests.
use_packaged_zone_data()

# Tests start the services and commands hundreds of times. Where the shell says not to keep compiled
# modules, each start compiles all of them again, which takes half of a service's start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Tests say how wide a terminal is; pytest-xdist and some shells say so to everybody.
os.environ.pop("COLUMNS", None)
# Processes that share the tests must find them in the same order, sets among the parameters too.
os.environ.setdefault("PYTHONHASHSEED", str(secrets.randbelow(2**32)))


@pytest.fixture(scope="session")
def stack() -> Generator[Stack]:
    """Begins empty and leaves nothing."""
    with session_stack() as up:
        yield up
