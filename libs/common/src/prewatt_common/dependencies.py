"""What a service uses but can serve without: watched as metrics, at a modest pace."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from prewatt_common.metrics import DEPENDENCY_UP
from prewatt_common.workers import Repeating

logger = logging.getLogger(__name__)

_EVERY_S = 30.0
_TIMEOUT_S = 10.0


def watch_dependencies(checks: Mapping[str, Callable[[], Awaitable[str]]]) -> Repeating:
    """A worker that looks at each every 30 s and shows it as ``prewatt_dependency_up``."""
    up: dict[str, bool] = {}

    async def look(name: str, check: Callable[[], Awaitable[str]]) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await check()
        except Exception as error:  # noqa: BLE001 - whatever a dependency raises is its state
            if up.get(name, True):
                logger.warning("%s does not answer: %r", name, error)
            up[name] = False
        else:
            up[name] = True
        DEPENDENCY_UP.labels(name).set(up[name])

    async def look_at_all() -> None:
        await asyncio.gather(*(look(name, check) for name, check in checks.items()))

    return Repeating(name="watch dependencies", do=look_at_all, every_s=_EVERY_S)
