"""A job: instalments that are due are taken, some accounts a transaction."""

import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from prepay_ledger.debts.pay_off import pay_off
from prepay_ledger.debts.ports import OpenManyUnit
from prepay_ledger.metrics import LEFT_OUT
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words
from prewatt_metering.calendar.instants import us_of

logger = logging.getLogger(__name__)

ACCOUNTS_AT_ONCE = 200


class PayInstalments:
    """Takes what fell due by the local day of each customer's tariff."""

    def __init__(
        self, *, open_unit: OpenManyUnit, clock: Clock, committed: Callable[[], None]
    ) -> None:
        self._open_unit = open_unit
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> None:
        """All that is due, tariff by tariff; nobody waits for an account that raises. Nothing is
        remembered: what was taken is not due any more, so it begins anew after a crash; what was
        held over, as the balance did not allow it, is asked for again."""
        async with self._open_unit() as unit:
            codes = (await unit.tariffs.book()).codes
        for code in codes:
            after: UUID | None = None
            more = True
            while more:
                after = await self._portion(code, after)
                more = after is not None

    async def _portion(self, code: str, after: UUID | None) -> UUID | None:
        now = self._clock()
        async with self._open_unit() as unit:
            today = (await unit.tariffs.book()).calendar(code).day_of(us_of(now))
            some = await unit.debts.due_accounts(code, today, after=after, limit=ACCOUNTS_AT_ONCE)
            if not some:
                return None

            async def pay(account_ids: Sequence[UUID]) -> None:
                async with unit.savepoint():
                    await pay_off(unit=unit, account_ids=account_ids, today=today, at=now)

            odd = await odd_among(some, pay)
        self._committed()
        LEFT_OUT.labels("pay instalments").inc(len(odd))
        for account_id, error in odd:
            logger.error(
                "account %s pays no instalments: %s", account_id, in_words(error), exc_info=error
            )
        return some[-1] if len(some) == ACCOUNTS_AT_ONCE else None
