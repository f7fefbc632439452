"""A job: requests are sent to their providers, after they were committed; and those that nobody
answers are given to a person.

That a request is sent is committed before it is: whoever dies afterwards leaves it `sending`, and
it is sent again, under the same key, so that the provider charges once.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.mandates.load_standing import load_standing
from prepay_ledger.mandates.ports import OpenUnit
from prepay_ledger.mandates.rules import closed, may_send, sending, unanswered
from prepay_ledger.mandates.settle_request import SettleRequest, locked_request
from prepay_ledger.mandates.values import (
    TO_SEND,
    MandateState,
    RequestState,
    TopUpPolicy,
    TopUpRequest,
)
from prepay_ledger.metrics import LEFT_OUT, TOP_UP_REQUESTS
from prepay_ledger.payment_requests.configured import Requesters
from prepay_ledger.payment_requests.values import NoAnswer, PaymentRequest
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.peer_breaker import Breaker, BreakerPolicy

logger = logging.getLogger(__name__)

REQUESTS_AT_ONCE = 20
"""Of one provider."""
_OVERDUE_AT_ONCE = 100


class SendRequests:
    """Sends what is due, provider by provider; one that is down is left alone for a while."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        requesters: Requesters,
        settle: SettleRequest,
        zone: ZoneInfo,
        policy: TopUpPolicy,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._requesters = requesters
        self._settle = settle
        self._zone = zone
        self._policy = policy
        self._clock = clock
        self._committed = committed
        self._breakers = {name: Breaker(BreakerPolicy()) for name in requesters}

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait."""
        await self._give_up_waiting()
        sent = await asyncio.gather(*(self._send_some(name) for name in self._requesters))
        return 0.0 if REQUESTS_AT_ONCE in sent else None

    async def _send_some(self, provider: str) -> int:
        breaker = self._breakers[provider]
        room = breaker.room(now_s=time.monotonic(), slots=REQUESTS_AT_ONCE, running=0)
        if room == 0:
            return 0
        async with self._open_unit() as unit:
            some = await unit.mandates.to_send(provider, now=self._clock(), limit=room)
        await asyncio.gather(*(self._send_or_leave(each) for each in some))
        return len(some)

    async def _send_or_leave(self, request_id: UUID) -> None:
        """One that raises is left for a while, and the others are sent."""
        for _, error in await odd_among([request_id], self._send):
            logger.error("top-up request %s", request_id, exc_info=error)
            LEFT_OUT.labels("send top-up requests").inc()

    async def _send(self, request_ids: Sequence[UUID]) -> None:
        for request_id in request_ids:
            begun = await self._begin(request_id)
            self._committed()
            if begun is None:
                continue
            account, request = begun
            breaker = self._breakers[request.provider]
            answer = await self._requesters[request.provider].ask(
                PaymentRequest(
                    id=request.id,
                    account_id=account.id,
                    account_number=account.number,
                    reference=request.reference,
                    amount_micro=request.amount_micro,
                    currency=request.currency,
                )
            )
            if isinstance(answer, NoAnswer) and not answer.is_there:
                breaker.failed(now_s=time.monotonic())
            else:
                breaker.answered()
            async with self._open_unit() as unit:
                await self._settle.answer(unit, request.id, answer, now=self._clock())
            self._committed()

    async def _begin(self, request_id: UUID) -> tuple[Account, TopUpRequest] | None:
        """The request as it is to be sent now; none where it is not, or not any more."""
        now = self._clock()
        async with self._open_unit() as unit:
            request = await locked_request(unit, request_id)
            if request is None or request.state not in TO_SEND:
                return None
            assert request.send_at is not None, "it is to be sent"
            if request.send_at > now:  # another replica was quicker
                return None
            if request.answer_by is not None and request.answer_by <= now:  # never any more
                return None
            account = await unit.balances.account(request.account_id)
            mandate = await unit.mandates.mandate(request.mandate_id)
            assert account is not None, "an account stays"
            assert mandate is not None, "a mandate stays"
            if request.state is RequestState.REQUESTED:
                standing, _ = await load_standing(unit, account, mandate, zone=self._zone, now=now)
                if (why := may_send(mandate, request, standing)) is not None:
                    after = closed(request, RequestState.WITHDRAWN, code=why, now=now)
                    await unit.mandates.put_request(after)
                    await unit.mandates.look(after.account_id)
                    TOP_UP_REQUESTS.labels(after.provider, after.state).inc()
                    return None
            elif mandate.state is not MandateState.ACTIVE:
                # It may have reached the provider, or may not: sending it again could be what
                # charges a customer who has ended the mandate.
                after = unanswered(request, code=f"the mandate is {mandate.state}")
                await unit.mandates.put_request(after)
                TOP_UP_REQUESTS.labels(after.provider, after.state).inc()
                return None
            after = sending(request, now=now, policy=self._policy)
            await unit.mandates.put_request(after)
        return account, after

    async def _give_up_waiting(self) -> None:
        """One that raises is left, and all others are given up."""
        async with self._open_unit() as unit:
            some = await unit.mandates.overdue(now=self._clock(), limit=_OVERDUE_AT_ONCE)
        for request_id, error in await odd_among(some, self._give_up):
            logger.error("top-up request %s", request_id, exc_info=error)
            LEFT_OUT.labels("send top-up requests").inc()

    async def _give_up(self, request_ids: Sequence[UUID]) -> None:
        for request_id in request_ids:
            async with self._open_unit() as unit:
                await self._settle.give_up_waiting(unit, request_id, now=self._clock())
