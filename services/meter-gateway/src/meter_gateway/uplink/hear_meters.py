"""Use case: a meter shows that it is there. It is online again, and its command is sent at once."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Set
from datetime import datetime

from meter_gateway.commands.command import Heard
from meter_gateway.presence.note_presence import note_presence
from meter_gateway.presence.rules import SignOfLife
from meter_gateway.uplink.ports import OpenUnit
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_passing_fault
from prewatt_common.workers import Trouble, wait_any

logger = logging.getLogger(__name__)

_REFRESH_S = 1.0
_REFRESH_SHARE = 50
"""Looking who is awaited takes at most this part of the time, however many are offline."""


class HearMeters:
    """A worker. Readings of a meter that nobody waits for cost one look into a set.

    What it is told lives in memory only: where it is lost, the meter's next message does the same,
    or the ledger's next command.
    """

    name = "hear meters"

    def __init__(
        self,
        *,
        find_awaited: Callable[[], Awaitable[set[str]]],
        open_unit: OpenUnit,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._find_awaited = find_awaited
        self._open_unit = open_unit
        self._clock = clock
        self._committed = committed
        self._heard: dict[str, datetime] = {}
        self._came = asyncio.Event()
        self._since_refresh: set[str] = set()
        self._awaited: set[str] = set()
        self._trouble = Trouble()

    async def check(self) -> str:
        """How many meters it waits for; raises `NotRunning` where it cannot note who is heard."""
        self._trouble.check()
        return f"waits for {len(self._awaited)} meters"

    @property
    def awaited(self) -> Set[str]:
        """Meters of whom any message is news. Other replicas' are known after a second."""
        return self._awaited

    def wait_for(self, meter_ids: Iterable[str]) -> None:
        """They went offline."""
        fresh = set(meter_ids)
        self._since_refresh |= fresh
        self._awaited |= fresh

    def hear(self, meter_id: str, at: datetime) -> None:
        """A message of an awaited meter came."""
        self._heard[meter_id] = at
        self._came.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        refresh_at = 0.0
        while not stop.is_set():
            try:
                if time.monotonic() >= refresh_at:
                    began = time.monotonic()
                    await self._refresh()
                    took_s = time.monotonic() - began
                    refresh_at = time.monotonic() + max(_REFRESH_S, _REFRESH_SHARE * took_s)
                await self._take()
                self._trouble.end()
            except Exception as error:
                if not is_passing_fault(error):
                    raise
                self._trouble.begin(repr(error))
                logger.warning("%s: %r; again in %s s", self.name, error, _REFRESH_S)
                refresh_at = time.monotonic() + _REFRESH_S
                await wait_any(stop, timeout_s=_REFRESH_S)
            if not self._heard:
                self._came.clear()
                await wait_any(stop, self._came, timeout_s=max(0.0, refresh_at - time.monotonic()))

    async def _refresh(self) -> None:
        self._since_refresh = set()
        found = await self._find_awaited()
        self._awaited = found | self._since_refresh

    async def _take(self) -> None:
        if not self._heard:
            return
        heard = dict(self._heard)
        now = self._clock()
        async with self._open_unit() as unit:
            came, messages = await note_presence(
                unit.presence,
                {meter_id: [SignOfLife(at=at)] for meter_id, at in heard.items()},
                now=now,
            )
            again = [Heard(meter_id=each, at=at, came=each in came) for each, at in heard.items()]
            await unit.commands.send_again(again, now=now)
            await unit.keys.send_again(again, now=now)
            await unit.publish(messages)
        for meter_id, at in heard.items():
            if self._heard.get(meter_id) == at:
                del self._heard[meter_id]
        self._awaited -= heard.keys()
        self._since_refresh -= heard.keys()
        self._committed()
