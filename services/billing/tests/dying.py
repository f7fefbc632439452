"""How a process of a test's own dies, by SIGKILL, in the turn that it is told."""

import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

COMMITTED = "committed"
OpenTurn = Callable[[], AbstractAsyncContextManager[Any]]


def dying_turns(open_turn: OpenTurn, *, number: int, point: str) -> OpenTurn:
    """Turns, each a transaction, of which the one of that number, counted from 1, is the last: by
    the point ``committed`` it dies after that, by any other just before."""
    done = 0

    @asynccontextmanager
    async def turn() -> AsyncGenerator[Any]:
        nonlocal done
        async with open_turn() as opened:
            yield opened
            done += 1
            if done == number and point != COMMITTED:
                os.kill(os.getpid(), signal.SIGKILL)
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return turn
