"""A job: customers are told of what they owe apart, once things are quiet: each change once."""

import logging
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

from prepay_ledger.debts.load_terms import load_terms
from prepay_ledger.debts.ports import ManyUnit, OpenManyUnit
from prepay_ledger.events import account_event
from prepay_ledger.metrics import LEFT_OUT
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import DebtChanged, DebtNews
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words

logger = logging.getLogger(__name__)

QUIET = timedelta(minutes=10)
"""A meter that catches up, or a correction run, changes much within minutes: one message."""
PAID_AGAIN = timedelta(days=28)
"""Instalments are told no sooner after those told last: what a balance could not bear is taken bit
by bit."""
ACCOUNTS_AT_ONCE = 200


class TellDebts:
    """Publishes `DebtChanged` of what is new."""

    def __init__(
        self, *, open_unit: OpenManyUnit, clock: Clock, committed: Callable[[], None]
    ) -> None:
        self._open_unit = open_unit
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> None:
        """All that is due; nobody waits for an account that raises. What was told is marked so in
        the transaction that publishes it: after a crash it is told, or found again."""
        for news in DebtNews:
            after: UUID | None = None
            more = True
            while more:
                after = await self._portion(news, after)
                more = after is not None

    async def _portion(self, news: DebtNews, after: UUID | None) -> UUID | None:
        now = self._clock()
        told_before = now - PAID_AGAIN if news is DebtNews.PAID else now
        async with self._open_unit() as unit:
            some = await unit.debt_news.due(
                news,
                quiet_since=now - QUIET,
                told_before=told_before,
                after=after,
                limit=ACCOUNTS_AT_ONCE,
            )
            if not some:
                return None

            async def tell(account_ids: Sequence[UUID]) -> None:
                async with unit.savepoint():
                    days = await load_terms(unit, account_ids, at=now)
                    for account_id in account_ids:
                        await self._tell(unit, account_id, news, after_days=days[account_id].days)

            odd = await odd_among(some, tell)
        self._committed()
        LEFT_OUT.labels("tell debts").inc(len(odd))
        for account_id, error in odd:
            logger.error(
                "account %s is not told of its debts: %s", account_id, in_words(error),
                exc_info=error,
            )  # fmt: skip
        return some[-1] if len(some) == ACCOUNTS_AT_ONCE else None

    async def _tell(
        self, unit: ManyUnit, account_id: UUID, news: DebtNews, *, after_days: int
    ) -> None:
        now = self._clock()
        account = await unit.balances.lock(account_id)
        assert account is not None, "whoever owes has an account"
        amount_micro = await unit.debt_news.take(account_id, news, at=now)
        if amount_micro <= 0:
            return  # Another replica told it, or it was undone meanwhile.
        debts = await unit.debts.lock_of(account_id)
        due: list[date] = [each.due_on for debt in debts for each in debt.ahead]
        event = DebtChanged(
            account_id=account_id,
            news=news,
            amount_micro=amount_micro,
            owed_micro=sum(debt.left_micro for debt in debts),
            after_days=after_days,
            instalments=len(due),
            next_due=min(due, default=None),
            balance_micro=account.balance_micro,
            currency=account.currency,
            at=now,
            owed_debts=tuple(sorted(debt.id for debt in debts if debt.left_micro)),
        )
        await unit.publish([account_event(event, account_id=account_id, at=now)])
