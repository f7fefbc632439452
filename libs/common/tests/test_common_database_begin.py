"""A transaction that could not begin leaves none behind on its connection."""

import asyncio
from types import SimpleNamespace

import asyncpg
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from prewatt_common.db.database import Begin, _begun, is_passing_fault


class Inner(asyncpg.Connection):
    """asyncpg's connection: each statement raises what it is told to, and BEGIN has begun then."""

    def __init__(self, *faults):
        self._protocol = None
        self.faults = list(faults)
        self.begun = self.closed = False

    async def execute(self, query):
        if self.closed:
            raise asyncpg.InterfaceError("connection is closed")
        self.begun = query != "ROLLBACK"
        fault = self.faults.pop(0) if self.faults and self.begun else None
        if fault is not None:
            self.closed = isinstance(fault, asyncpg.ConnectionDoesNotExistError)
            raise fault

    def is_closed(self):
        return self.closed

    def terminate(self):
        self.closed = True


class Connection:
    """The pool's: what it is made anew with after it was found dead."""

    def __init__(self, *inners):
        self.inners = list(inners)

    async def get_raw_connection(self):
        return SimpleNamespace(driver_connection=self.inners[0])

    async def invalidate(self):
        self.inners.pop(0)


FAULTS = [
    asyncpg.QueryCanceledError("by the server"),
    asyncpg.AdminShutdownError("or the like"),
    asyncio.CancelledError(),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("begin", [Begin.SNAPSHOT, Begin.MAY_BE_LOST])
@pytest.mark.parametrize("is_new", [False, True], ids=["the pool's", "a new one"])
async def test_what_did_not_begin_whole_is_rolled_back(fault, begin, is_new):
    inner = Inner(fault)
    dead = Inner(asyncpg.ConnectionDoesNotExistError("died in the pool"))
    connection = Connection(*([dead] if is_new else []), inner)
    with pytest.raises(type(fault)):
        await _begun(connection, begin)
    assert not inner.begun
    assert not inner.closed
    assert await _begun(connection, Begin.PLAIN) is inner


async def test_one_that_died_is_made_anew_once():
    inner = Inner()
    dead = Inner(asyncpg.ConnectionDoesNotExistError("died in the pool"))
    assert await _begun(Connection(dead, inner), Begin.BATCH) is inner
    assert inner.begun


def test_a_pool_that_was_busy_for_too_long_is_no_defect():
    assert is_passing_fault(PoolTimeoutError("none of 8 became free in 30 s"))


def test_a_connection_that_a_dead_server_left_at_work_passes() -> None:
    """Seen as PostgreSQL was killed: the next statement on it was COMMIT."""
    message = "cannot switch to state 15; another operation (2) is in progress"
    assert is_passing_fault(asyncpg.InternalClientError(message))
