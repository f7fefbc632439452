"""A job: periods of post-paid accounts that are over get their statements, each in a transaction of
its own, so that whatever dies has issued it or has not."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from prepay_ledger.metrics import LEFT_OUT
from prepay_ledger.statements.ports import OpenUnit
from prepay_ledger.statements.rules import amounts_of, without_nothing
from prepay_ledger.statements.values import PeriodKey, Statement
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)

STATEMENTS_AT_ONCE = 100


class IssueStatements:
    """Issues some of those that are due: ``after_days`` after the period's last day, so that late
    readings are in it; what comes later is a correction of the next one. ``zone``: the
    utility's."""

    def __init__(
        self, *, open_unit: OpenUnit, zone: ZoneInfo, after_days: int, clock: Clock
    ) -> None:
        self._open_unit = open_unit
        self._zone = zone
        self._after = timedelta(days=after_days)
        self._clock = clock

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait. One that raises is left out until the next run."""
        ended_by = self._today() - self._after
        async with self._open_unit() as unit:
            some = await unit.statements.due(ended_by, limit=STATEMENTS_AT_ONCE)
        odd = 0
        for each in some:
            for key, error in await odd_among([each], self._issue):
                logger.error("statement of %s", key, exc_info=error)
                odd += 1
        LEFT_OUT.labels("issue statements").inc(odd)
        return 0.0 if len(some) == STATEMENTS_AT_ONCE and not odd else None

    async def _issue(self, keys: Sequence[PeriodKey]) -> None:
        for key in keys:
            await self.issue(key)

    async def issue(self, key: PeriodKey) -> Statement | None:
        """None where there is nothing to issue by now."""
        async with self._open_unit() as unit:
            account = await unit.balances.lock(key.account_id)
            assert account is not None, "an account stays"
            ground = await unit.statements.ground(account, key)
            if ground is None:
                return None
            statement = Statement(
                id=new_id(),
                # The last thing that is locked: all that issue wait for it.
                number=await unit.statements.next_number(),
                key=key,
                account_number=ground.number,
                currency=ground.currency,
                period_end=ground.period_end,
                energy_wh=ground.energy_wh,
                charged=without_nothing(ground.charged),
                amounts=amounts_of(ground),
                posted_total_micro=ground.posted_micro,
                paid_total_micro=ground.paid_micro,
                late_total_micro=ground.late_micro,
                due_on=ground.period_end + timedelta(days=ground.due_days),
                issued_at=self._clock(),
            )
            await unit.statements.add(statement)
        return statement

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()
