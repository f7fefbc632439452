"""A job: lines that were kept are applied, many in a transaction, so that whatever dies goes on
where it was. Where one raises the others are applied without it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from uuid import UUID

from prepay_ledger.bank.ports import OpenUnit
from prepay_ledger.bank.take_line import TakeLine
from prepay_ledger.bank.values import LineState
from prepay_ledger.metrics import BANK_LINES
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words

logger = logging.getLogger(__name__)

LINES_AT_ONCE = 100


class TakeLines:
    """Applies some of those that wait."""

    def __init__(
        self, *, open_unit: OpenUnit, take_line: TakeLine, committed: Callable[[], None]
    ) -> None:
        self._open_unit = open_unit
        self._take_line = take_line
        self._committed = committed

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait. A line that raises is set aside, and the others go
        on."""
        async with self._open_unit() as unit:
            some = await unit.bank.waiting(limit=LINES_AT_ONCE)
        # Of one bank account at a time: whoever holds one's lock waits for no other one's.
        for _, waiting in groupby(some, key=lambda each: each.account):
            ids = [each.line_id for each in waiting]
            for line_id, error in await odd_among(ids, self._take):
                logger.error("bank line %s", line_id, exc_info=error)
                await self._set_aside(line_id, in_words(error))
        return 0.0 if some else None

    async def _take(self, line_ids: Sequence[UUID]) -> None:
        """All of them in one transaction, or none."""
        async with self._open_unit() as unit:
            if len(line_ids) > 1:
                await unit.bank.give_way()
            taken = [await self._take_line(unit, each) for each in line_ids]
        self._committed()
        for after in taken:
            if after is not None:
                BANK_LINES.labels(after.state).inc()

    async def _set_aside(self, line_id: UUID, reason: str) -> None:
        async with self._open_unit() as unit:
            line = await unit.bank.lock(line_id)
            if line is None or line.state is not LineState.WAITING:
                return
            await unit.bank.change(replace(line, state=LineState.FAILED, reason=reason, open=True))
        BANK_LINES.labels(LineState.FAILED).inc()
