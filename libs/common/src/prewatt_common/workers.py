"""What the workers of the services wait by."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from prewatt_common.clock import utc_now
from prewatt_common.db.database import is_passing_fault

logger = logging.getLogger(__name__)

IN_HAND_MAX_S = 30.0


def being_cancelled() -> bool:
    """Whether somebody cancels this task. Where nobody does, a CancelledError comes from inside
    what it waits for (aiokafka lets its own out) and is a fault like any other."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class NotRunning(Exception):
    """A worker does not do its work now: why and since when, in words."""


class Trouble:
    """Why a worker cannot do its work, and since when; kept over tries that fail anew."""

    def __init__(self, reason: str | None = None) -> None:
        self._reason = reason
        self._since = utc_now()
        self._began = time.monotonic()

    def begin(self, reason: str) -> None:
        """It cannot, for this reason now."""
        if self._reason is None:
            self._since = utc_now()
            self._began = time.monotonic()
        self._reason = reason

    def end(self) -> None:
        """It can again."""
        self._reason = None

    @property
    def lasts(self) -> bool:
        """Whether it does."""
        return self._reason is not None

    @property
    def lasted_s(self) -> float:
        """How long it has lasted, nothing where it does not."""
        return 0.0 if self._reason is None else time.monotonic() - self._began

    def check(self) -> None:
        """Raises `NotRunning` while it lasts."""
        if self._reason is not None:
            message = f"{self._reason} (since {self._since:%H:%M:%S} UTC)"
            raise NotRunning(message)


class InHand:
    """How long a piece of work has been in hand. A batch takes a second at most: one that takes
    half a minute waits for something that does not say so."""

    def __init__(self) -> None:
        self._began: float | None = None

    def begin(self) -> None:
        """It is taken in hand."""
        self._began = time.monotonic()

    def end(self) -> None:
        """It is no longer, well or not."""
        self._began = None

    def check(self) -> None:
        """Raises `NotRunning` for one that takes too long."""
        if self._began is None:
            return
        in_hand_s = time.monotonic() - self._began
        if in_hand_s > IN_HAND_MAX_S:
            message = f"one batch has been in hand for {in_hand_s:.0f} s"
            raise NotRunning(message)


async def wait_any(*events: asyncio.Event, timeout_s: float | None) -> None:
    """Return as soon as one of ``events`` is set, or after ``timeout_s``, if that is given."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Repeating:
    """A worker that does one thing over and over.

    ``do`` gives the seconds until the next time, or none for ``every_s`` or, where that is longer,
    ``rest_factor`` times as long as it took. A fault that ``passing`` says will pass is tried again
    as after none; any other ends the worker, and the service with it.
    """

    def __init__(
        self,
        *,
        name: str,
        do: Callable[[], Awaitable[float | None]],
        every_s: float,
        rest_factor: float = 0,
        passing: Callable[[BaseException], bool] = is_passing_fault,
    ) -> None:
        self.name = name
        self._do = do
        self._every_s = every_s
        self._rest_factor = rest_factor
        self._passing = passing

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        while not stop.is_set():
            began = time.monotonic()
            rest_s = None
            try:
                rest_s = await self._do()
            except Exception as error:
                if not self._passing(error):
                    raise
                logger.warning("%s: %r; again in %s s", self.name, error, self._every_s)
            if rest_s is None:
                rest_s = max(self._every_s, self._rest_factor * (time.monotonic() - began))
            await wait_any(stop, timeout_s=rest_s)
