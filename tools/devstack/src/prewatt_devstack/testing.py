"""The stack that a test session runs on."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from prewatt_devstack.stack import Stack


@contextmanager
def session_stack(
    suffix: str = "", *, extra_env: Mapping[str, Mapping[str, str]] | None = None
) -> Generator[Stack]:
    """An empty stack with Prometheus, gone when the block ends.

    Containers (through testcontainers) where an engine and the images are there, else native
    processes; ``PREWATT_PROVIDER`` decides otherwise. Sessions side by side in one checkout need a
    stack each: ``PREWATT_TEST_STACK`` names it, ``suffix`` tells a session's own ones apart, and
    pytest-xdist's name of the process those of the processes that share a session's tests.
    ``extra_env``: service name to variables over the stack's own.
    """
    name = os.environ.get("PREWATT_TEST_STACK", "test") + suffix
    if process := os.environ.get("PYTEST_XDIST_WORKER"):
        name += f"-{process}"
    # A session that was killed may have left its stack running, with data in it.
    Stack(name=name).down(remove_data=True)
    with Stack(name=name, with_prometheus=True, extra_env=extra_env) as stack:
        yield stack
