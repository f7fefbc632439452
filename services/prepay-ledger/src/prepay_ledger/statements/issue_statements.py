"""A job: periods of post-paid accounts that are over get their statements, each in a transaction of
its own, so that whatever dies has issued it or has not."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.metrics import LEFT_OUT
from prepay_ledger.statements.ports import OpenUnit, Unit
from prepay_ledger.statements.rules import amounts_of, without_nothing
from prepay_ledger.statements.values import PeriodKey, Statement
from prewatt_common.clock import Clock
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)

ACCOUNTS_AT_ONCE = 100
_DAY = timedelta(days=1)


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
        """Gives no rest where more may wait. An account that raises is left out until the next
        run."""
        ended_by = self._today() - self._after
        async with self._open_unit() as unit:
            some = await unit.statements.due(ended_by, limit=ACCOUNTS_AT_ONCE)
        odd = 0

        async def issue_all(account_ids: Sequence[UUID]) -> None:
            for account_id in account_ids:
                while await self._issued_one(account_id, ended_by):
                    pass

        for each in some:
            for account_id, error in await odd_among([each], issue_all):
                logger.error("statements of account %s", account_id, exc_info=error)
                odd += 1
        LEFT_OUT.labels("issue statements").inc(odd)
        return 0.0 if len(some) == ACCOUNTS_AT_ONCE and not odd else None

    async def _issued_one(self, account_id: UUID, ended_by: date) -> bool:
        """Whether a statement was issued, so that there may be another; else it is written down
        when the account is to be looked at again."""
        async with self._open_unit() as unit:
            account = await unit.balances.lock(account_id)
            assert account is not None, "an account stays"
            if account.mode is not Mode.ARREARS:
                await unit.statements.forget(account_id)
                return False
            period = await unit.statements.next_period(account_id)
            if period is None or period.end > ended_by:
                # Of what nothing was charged for yet nobody knows when it ends.
                look_on = ended_by + _DAY if period is None else period.end
                await unit.statements.look_on(account_id, look_on)
                return False
            await self._issue(unit, account, period.key)
        return True

    async def _issue(self, unit: Unit, account: Account, key: PeriodKey) -> None:
        ground = await unit.statements.ground(account, key)
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

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()
