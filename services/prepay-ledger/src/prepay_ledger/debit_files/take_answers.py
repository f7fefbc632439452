"""A job: answers that were kept are applied, each in a transaction of its own."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from prepay_ledger.debit_files.ports import OpenUnit
from prepay_ledger.debit_files.take_answer import TakeAnswer
from prepay_ledger.debit_files.values import AnswerState
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words

logger = logging.getLogger(__name__)

ANSWERS_AT_ONCE = 100


class TakeAnswers:
    """Applies some of those that wait."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        take_answer: TakeAnswer,
        committed: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._open_unit = open_unit
        self._take_answer = take_answer
        self._committed = committed
        self._clock = clock

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait. One that raises is set aside for a person."""
        async with self._open_unit() as unit:
            some = await unit.debit_files.waiting(limit=ANSWERS_AT_ONCE)
        for answer_id, error in await odd_among(some, self._take):
            logger.error("debit answer %s", answer_id, exc_info=error)
            await self._set_aside(answer_id, in_words(error))
        return 0.0 if some else None

    async def _take(self, answer_ids: Sequence[UUID]) -> None:
        for each in answer_ids:
            async with self._open_unit() as unit:
                await self._take_answer(unit, each, now=self._clock())
            self._committed()

    async def _set_aside(self, answer_id: UUID, reason: str) -> None:
        async with self._open_unit() as unit:
            answer = await unit.debit_files.lock_answer(answer_id)
            if answer is None or answer.state is not AnswerState.WAITING:
                return
            after = replace(answer, state=AnswerState.FAILED, reason=reason, open=True)
            await unit.debit_files.change_answer(after)
