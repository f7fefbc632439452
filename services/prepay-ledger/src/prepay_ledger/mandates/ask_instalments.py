"""A job: instalments that customers have collected are asked for some days before they are due, so
that the bank's file has them in time. Each account in a transaction of its own."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.debts.local_day import local_days
from prepay_ledger.debts.values import Debt, Instalment
from prepay_ledger.events import account_event
from prepay_ledger.mandates.instalments import may_collect, next_instalment
from prepay_ledger.mandates.load_standing import load_standing
from prepay_ledger.mandates.ports import CollectingUnit, OpenCollectingUnit
from prepay_ledger.mandates.rules import month_of, next_month
from prepay_ledger.mandates.values import Mandate, RequestState, TopUpPolicy, TopUpRequest
from prepay_ledger.metrics import LEFT_OUT, TOP_UP_REQUESTS
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import AutoTopUpRequested
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)

ACCOUNTS_AT_ONCE = 100


class AskInstalments:
    """Asks for what is due soon. ``days_ahead``: how many days before, by provider; of one that is
    not there no instalments are asked for."""

    def __init__(
        self,
        *,
        open_unit: OpenCollectingUnit,
        days_ahead: Mapping[str, int],
        zone: ZoneInfo,
        policy: TopUpPolicy,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._days_ahead = days_ahead
        self._zone = zone
        self._policy = policy
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> None:
        """All that is due soon, bank by bank. Nothing is remembered: what was asked for is a
        request, so it begins anew after a crash. An account that raises keeps none of the others
        from being asked."""
        for provider, days_ahead in self._days_ahead.items():
            after: UUID | None = None
            more = True
            while more:
                after = await self._portion(provider, days_ahead, after)
                more = after is not None

    async def _portion(self, provider: str, days_ahead: int, after: UUID | None) -> UUID | None:
        # A day more than in any zone; each account's own day decides.
        until = self._clock().date() + timedelta(days=days_ahead + 1)
        async with self._open_unit() as unit:
            some = await unit.mandates.with_instalments(
                provider, until, after=after, limit=ACCOUNTS_AT_ONCE
            )
        odd = await odd_among(some, self._look)
        for account_id, error in odd:
            logger.error("instalments of account %s", account_id, exc_info=error)
        LEFT_OUT.labels("ask for instalments").inc(len(odd))
        return some[-1] if len(some) == ACCOUNTS_AT_ONCE else None

    async def _look(self, account_ids: Sequence[UUID]) -> None:
        for each in account_ids:
            async with self._open_unit() as unit:
                await self._ask_of(unit, each, now=self._clock())
            self._committed()

    async def _ask_of(self, unit: CollectingUnit, account_id: UUID, *, now: datetime) -> None:
        account = await unit.balances.lock(account_id)
        assert account is not None, "an account stays"
        mandate = await unit.mandates.live(account_id)
        if mandate is None or mandate.provider not in self._days_ahead:
            return
        debts = await unit.debts.lock_of(account_id)
        collected = await unit.debts.collected(account_id)
        days = await local_days(unit, debts, at=now)
        for debt in debts:
            found = next_instalment(
                debt,
                today=days[debt.id],
                days_ahead=self._days_ahead[mandate.provider],
                collected=collected,
            )
            if found is not None and await self._may(unit, account, mandate, found, now=now):
                await _ask(unit, mandate, debt, found, now=now)

    async def _may(
        self,
        unit: CollectingUnit,
        account: Account,
        mandate: Mandate,
        found: Instalment,
        *,
        now: datetime,
    ) -> bool:
        """What was asked for a moment ago counts too."""
        standing, _ = await load_standing(unit, account, mandate, zone=self._zone, now=now)
        first = month_of(found.due_on)
        month = await unit.mandates.month(account.id, first, next_month(first))
        return may_collect(mandate, replace(standing, month=month), found, self._policy)


async def _ask(
    unit: CollectingUnit, mandate: Mandate, debt: Debt, found: Instalment, *, now: datetime
) -> None:
    request = TopUpRequest(
        id=new_id(),
        mandate_id=mandate.id,
        account_id=debt.account_id,
        provider=mandate.provider,
        reference=mandate.reference,
        amount_micro=found.amount_micro,
        currency=debt.currency,
        requested_on=found.due_on,
        requested_at=now,
        state=RequestState.REQUESTED,
        code="",
        payment_id="",
        sends=0,
        send_at=now,
        answer_by=None,
        closed_at=None,
        debt_id=debt.id,
    )
    await unit.mandates.add_request(request)
    TOP_UP_REQUESTS.labels(request.provider, request.state).inc()
    event = AutoTopUpRequested(
        account_id=request.account_id,
        mandate_id=mandate.id,
        request_id=request.id,
        provider=request.provider,
        amount_micro=request.amount_micro,
        currency=request.currency,
        at=now,
        debt_id=debt.id,
    )
    await unit.publish([account_event(event, account_id=request.account_id, at=now)])
