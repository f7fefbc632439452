"""Keeping a rate: open loop, so a slow system under test meets the backlog it caused."""

import asyncio

_SLICE_S = 0.01
_SLICE_MAX = 500


class Pace:
    """So many readings a second on average since the first; ``None`` is as fast as allowed."""

    def __init__(self, rate_per_s: float | None) -> None:
        """Raises ``ValueError`` unless the rate is above zero."""
        if rate_per_s is not None and rate_per_s <= 0:
            message = f"a rate must be above 0 readings/s, not {rate_per_s}"
            raise ValueError(message)
        self._rate_per_s = rate_per_s
        self._begun_s: float | None = None
        self._count = 0
        self.slice = (
            _SLICE_MAX
            if rate_per_s is None
            else max(1, min(_SLICE_MAX, round(rate_per_s * _SLICE_S)))
        )
        """How many readings to publish between two calls of ``wait``."""

    async def wait(self, published: int) -> None:
        """Count what was just published and sleep until the next slice is due."""
        if self._rate_per_s is None:
            await asyncio.sleep(0)
            return
        now_s = asyncio.get_running_loop().time()
        if self._begun_s is None:
            self._begun_s = now_s
        self._count += published
        await asyncio.sleep(max(0.0, self._begun_s + self._count / self._rate_per_s - now_s))
