"""A job: accounts whose balance has fallen to their mandate's threshold are looked at, each in a
transaction of its own, and money is asked for where the mandate says so."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.events import account_event
from prepay_ledger.mandates.load_standing import load_standing
from prepay_ledger.mandates.ports import OpenUnit, Unit
from prepay_ledger.mandates.rules import Armed, Ask, Later, Never, next_of
from prepay_ledger.mandates.values import (
    Mandate,
    RequestState,
    Standing,
    TopUpPolicy,
    TopUpRequest,
    Waits,
)
from prepay_ledger.metrics import LEFT_OUT, TOP_UP_REQUESTS
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import AutoTopUpRequested
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)

ACCOUNTS_AT_ONCE = 100
_PREPAID_AGAIN = timedelta(days=1)
"""So often a post-paid account's mandate is looked at."""


class AskWhenDue:
    """Looks at some of those that are due."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        zone: ZoneInfo,
        policy: TopUpPolicy,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._zone = zone
        self._policy = policy
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait. An account that raises is put off, and the others are
        done."""
        async with self._open_unit() as unit:
            some = await unit.mandates.due(now=self._clock(), limit=ACCOUNTS_AT_ONCE)
        for each in some:
            for account_id, error in await odd_among([each], self._look):
                logger.error("automatic top-up of account %s", account_id, exc_info=error)
                LEFT_OUT.labels("ask for top-ups").inc()
                await self._put_off(account_id)
        return 0.0 if len(some) == ACCOUNTS_AT_ONCE else None

    async def _look(self, account_ids: Sequence[UUID]) -> None:
        for each in account_ids:
            async with self._open_unit() as unit:
                await look_at(unit, each, zone=self._zone, policy=self._policy, now=self._clock())
            self._committed()

    async def _put_off(self, account_id: UUID) -> None:
        async with self._open_unit() as unit:
            await unit.balances.lock(account_id)
            await unit.mandates.looked(account_id)
            mandate = await unit.mandates.live(account_id)
            if mandate is not None:
                look_at = self._clock() + self._policy.look_again
                await unit.mandates.put(replace(mandate, look_at=look_at))


async def look_at(
    unit: Unit, account_id: UUID, *, zone: ZoneInfo, policy: TopUpPolicy, now: datetime
) -> None:
    """What follows for the account's mandate now is done, and when it is looked at next is kept."""
    account = await unit.balances.lock(account_id)
    assert account is not None, "an account stays"
    await unit.mandates.looked(account_id)
    mandate = await unit.mandates.live(account_id)
    if mandate is None or account.mode is not Mode.PREPAY:
        await unit.mandates.arm(account_id, None)
        if mandate is not None:  # of a post-paid account, which may be prepaid again some day
            await unit.mandates.put(replace(mandate, waits=None, look_at=now + _PREPAID_AGAIN))
        return
    standing, days = await load_standing(unit, account, mandate, zone=zone, now=now)
    match next_of(mandate, standing, policy):
        case Armed():
            await unit.mandates.arm(account_id, mandate.terms.threshold_micro)
            await unit.mandates.put(replace(mandate, waits=None, look_at=None))
        case Never():
            await unit.mandates.arm(account_id, None)
            await unit.mandates.put(replace(mandate, waits=None, look_at=None))
        case Later(waits, on):
            await unit.mandates.arm(account_id, None)
            look = _look_at(waits, days.begin_of(on) if on else None, policy, now)
            await unit.mandates.put(replace(mandate, waits=waits, look_at=look))
        case Ask():
            await unit.mandates.arm(account_id, None)
            await unit.mandates.put(replace(mandate, waits=Waits.REQUEST_OPEN, look_at=None))
            await _ask(unit, account, mandate, standing, now=now)


def _look_at(
    waits: Waits, begins: datetime | None, policy: TopUpPolicy, now: datetime
) -> datetime | None:
    """As a request closes the account is noted as due: until then there is nothing to see."""
    if waits is Waits.REQUEST_OPEN:
        return None
    return begins or now + policy.look_again


async def _ask(
    unit: Unit, account: Account, mandate: Mandate, standing: Standing, *, now: datetime
) -> None:
    request = TopUpRequest(
        id=new_id(),
        mandate_id=mandate.id,
        account_id=account.id,
        provider=mandate.provider,
        reference=mandate.reference,
        amount_micro=mandate.terms.amount_micro,
        currency=account.currency,
        requested_on=standing.today,
        requested_at=now,
        state=RequestState.REQUESTED,
        code="",
        payment_id="",
        sends=0,
        send_at=now,
        answer_by=None,
        closed_at=None,
    )
    await unit.mandates.add_request(request)
    TOP_UP_REQUESTS.labels(request.provider, request.state).inc()
    event = AutoTopUpRequested(
        account_id=account.id,
        mandate_id=mandate.id,
        request_id=request.id,
        provider=request.provider,
        amount_micro=request.amount_micro,
        currency=request.currency,
        at=now,
    )
    await unit.publish([account_event(event, account_id=account.id, at=now)])
