"""A job: lines of the bank that came before the provider's file told of the payout that they are.

They are in suspense, or debits, until then.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.bank.ports import OpenUnit, Unit
from prepay_ledger.bank.receive_debit import ReceiveDebit
from prepay_ledger.bank.receive_payout import ReceivePayout, is_in_suspense_still
from prepay_ledger.bank.values import BankLine, LineState
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among

logger = logging.getLogger(__name__)

_BEFORE = timedelta(days=7)
"""By reference a line may be known that was booked so long before the provider's own day."""


class _Candidate(NamedTuple):
    """``is_alone``: no other line of that amount might be the payout."""

    line_id: UUID
    is_alone: bool


class MatchPayouts:
    """Looks at all that is expected, again and again."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        receive_payout: ReceivePayout,
        receive_debit: ReceiveDebit,
        committed: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._open_unit = open_unit
        self._receive_payout = receive_payout
        self._receive_debit = receive_debit
        self._committed = committed
        self._clock = clock

    async def __call__(self) -> None:
        """One that raises keeps none of the others from it."""
        async with self._open_unit() as unit:
            found = await _candidates(unit)
        for candidate, error in await odd_among(found, self._match):
            logger.error("bank line %s as a payout", candidate.line_id, exc_info=error)

    async def _match(self, candidates: Sequence[_Candidate]) -> None:
        for each in candidates:
            if await self._matched(each):
                self._committed()

    async def _matched(self, candidate: _Candidate) -> bool:
        async with self._open_unit() as unit:
            line = await unit.bank.lock(candidate.line_id)
            if line is None or not await _is_free(unit, line):
                return False
            if await self._receive_debit.named_by(unit, line) is not None:
                return False
            after = await self._receive_payout.of_line(
                unit, line, now=self._clock(), by_amount=candidate.is_alone
            )
            if after is None or after.state is not LineState.PAYOUT:
                return False
            await unit.bank.change(after)
        return True


async def _candidates(unit: Unit) -> Sequence[_Candidate]:
    found: dict[UUID, _Candidate] = {}
    for payout in await unit.payouts.expected(None):
        since = payout.key.business_day - _BEFORE
        lines = await unit.payouts.lines_to_match(payout.key, since=since)
        for each in lines:
            found.setdefault(each, _Candidate(each, is_alone=len(lines) == 1))
    return list(found.values())


async def _is_free(unit: Unit, line: BankLine) -> bool:
    """Whether nobody has placed it meanwhile."""
    if line.state is LineState.DEBIT:
        return True
    return line.state is LineState.SUSPENSE and await is_in_suspense_still(unit, line)
