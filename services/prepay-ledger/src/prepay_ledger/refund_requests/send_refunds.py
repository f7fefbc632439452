"""A job: providers are asked for the refunds that go back to payments, after these were committed;
and those whose end nobody tells are given to a person.

That a provider is asked is committed before it is: whoever dies afterwards leaves the refund
`sending`, and it is asked again under the same key, so that the money goes once.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from prepay_ledger.deposits.ports import HasDeposits
from prepay_ledger.metrics import LEFT_OUT
from prepay_ledger.modes.ports import HasModes
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.payments import ports as payments
from prepay_ledger.payments.take_movement import (
    GivenOtherwise,
    MovementConflict,
    TakeMovement,
    excess_reason,
)
from prepay_ledger.refunders.values import (
    BackAnswer,
    BackRequest,
    NotGiven,
    Refunders,
    Taken,
    Through,
)
from prepay_ledger.refunds.back import ASKED, asking, not_answered, taken, unanswered
from prepay_ledger.refunds.end_refund import refused_by_provider
from prepay_ledger.refunds.move_refund import locked_refund
from prepay_ledger.refunds.ports import Review
from prepay_ledger.refunds.values import BACK_OPEN, Back, BackState
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.peer_breaker import Breaker, BreakerPolicy

logger = logging.getLogger(__name__)

REFUNDS_AT_ONCE = 20
"""Of one provider."""
_OVERDUE_AT_ONCE = 100


class Unit(payments.Unit, HasDeposits, HasModes, Protocol):
    """A transaction in which refunds end by what their providers say."""


UnitT = TypeVar("UnitT", bound=Unit)


class SendRefunds(Generic[UnitT]):
    """Asks what is due, provider by provider; one that is down is left alone for a while."""

    def __init__(
        self,
        *,
        open_unit: Callable[[], AbstractAsyncContextManager[UnitT]],
        refunders: Refunders,
        take_movement: TakeMovement,
        review: Review[UnitT],
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._refunders = refunders
        self._take_movement = take_movement
        self._review = review
        self._clock = clock
        self._committed = committed
        self._breakers = {name: Breaker(BreakerPolicy()) for name in refunders}

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait."""
        await self._give_up_waiting()
        sent = await asyncio.gather(*(self._send_some(name) for name in self._refunders))
        return 0.0 if REFUNDS_AT_ONCE in sent else None

    async def _send_some(self, provider: str) -> int:
        breaker = self._breakers[provider]
        room = breaker.room(now_s=time.monotonic(), slots=REFUNDS_AT_ONCE, running=0)
        if room == 0:
            return 0
        async with self._open_unit() as unit:
            some = await unit.backs.to_ask(provider, now=self._clock(), limit=room)
        await asyncio.gather(*(self._send_or_leave(each) for each in some))
        return len(some)

    async def _send_or_leave(self, refund_id: UUID) -> None:
        """One that raises is left for a while, and the others are sent."""
        for _, error in await odd_among([refund_id], self._send):
            logger.error("refund %s", refund_id, exc_info=error)
            LEFT_OUT.labels("send refunds").inc()

    async def _send(self, refund_ids: Sequence[UUID]) -> None:
        for refund_id in refund_ids:
            begun = await self._begin(refund_id)
            if begun is None:
                continue
            back, request = begun
            refunder, breaker = self._refunders[back.provider], self._breakers[back.provider]
            has_it = back.state in (BackState.ACCEPTED, BackState.UNANSWERED)
            answer = await (refunder.look(request) if has_it else refunder.ask(request))
            if isinstance(answer, NoAnswer) and not answer.is_there:
                breaker.failed(now_s=time.monotonic())
            else:
                breaker.answered()
            async with self._open_unit() as unit:
                await self._note(unit, back, answer, looks=refunder.looks, now=self._clock())
            self._committed()

    async def _begin(self, refund_id: UUID) -> tuple[Back, BackRequest] | None:
        """As it is to be asked now; none where it is not, or not any more."""
        async with self._open_unit() as unit:
            refund = await locked_refund(unit, refund_id)
            before = await unit.backs.of_refund(refund_id)
            assert before is not None, "it is asked about"
            after = asking(before, now=self._clock())
            if after is None:  # another replica was quicker, or it has ended
                return None
            await unit.backs.put(after)
            account = await unit.balances.account(refund.account_id)
            assert account is not None, "an account stays"
        return after, BackRequest(
            id=refund.id,
            payment_id=after.payment_id,
            paid_micro=after.paid_micro,
            amount_micro=refund.amount_micro,
            currency=refund.currency,
            account_number=account.number,
            movement_id=after.movement_id,
        )

    async def _note(
        self, unit: UnitT, asked: Back, answer: BackAnswer, *, looks: bool, now: datetime
    ) -> None:
        """What the provider answered, in one transaction with what follows."""
        if isinstance(answer, Through):
            await self._through(unit, asked, answer, now=now)
            return
        back = await self._locked(unit, asked)
        match answer:
            case NoAnswer(reason):
                await unit.backs.put(not_answered(back, reason))
            case Taken(movement_id):
                after = taken(back, movement_id, now=now, looks=looks)
                await unit.backs.put(after)
                if after.movement_id != back.movement_id:
                    await self._take_movement.again(
                        unit, provider=back.provider, payment_id=back.payment_id, now=now
                    )
            case NotGiven(code):
                logger.warning("%s refuses refund %s: %s", back.provider, back.refund_id, code)
                await refused_by_provider(
                    unit=unit, review=self._review, back=back, code=code, at=now
                )

    async def _through(self, unit: UnitT, asked: Back, answer: Through, *, now: datetime) -> None:
        try:
            async with unit.savepoint():
                moved = await self._take_movement(
                    unit, provider=asked.provider, told=answer.told, now=now
                )
        except GivenOtherwise as error:
            await self._take_movement.keep(unit, error, now=now)
        except MovementConflict as error:
            back = await self._locked(unit, asked)
            logger.error("refund %s: %s", back.refund_id, error)
            if back.state in BACK_OPEN:
                await unit.backs.put(unanswered(back, str(error), now=now))
        else:
            if moved.excess_micro:
                # Its event is a repetition after this, and on nobody's list.
                logger.error("refund %s: %s", asked.refund_id, excess_reason(moved.excess_micro))

    async def _locked(self, unit: UnitT, asked: Back) -> Back:
        """As it stands once nobody else moves money of its payment, or of its account."""
        await unit.payments.lock_by_payment_id(provider=asked.provider, payment_id=asked.payment_id)
        await locked_refund(unit, asked.refund_id)
        back = await unit.backs.of_refund(asked.refund_id)
        assert back is not None, "it stays"
        return back

    async def _give_up_waiting(self) -> None:
        """One that raises is left, and all others are given up."""
        async with self._open_unit() as unit:
            some = await unit.backs.overdue(now=self._clock(), limit=_OVERDUE_AT_ONCE)
        for refund_id, error in await odd_among(some, self._give_up):
            logger.error("refund %s", refund_id, exc_info=error)
            LEFT_OUT.labels("send refunds").inc()

    async def _give_up(self, refund_ids: Sequence[UUID]) -> None:
        for refund_id in refund_ids:
            async with self._open_unit() as unit:
                await locked_refund(unit, refund_id)
                back = await unit.backs.of_refund(refund_id)
                now = self._clock()
                if back is None or back.state not in ASKED:
                    continue
                if back.answer_by is None or back.answer_by > now:
                    continue
                logger.error(
                    "what became of refund %s at %s is not known: a person has to look",
                    refund_id,
                    back.provider,
                )
                code = back.code or f"nothing was heard of it since it was {back.state}"
                refunder = self._refunders.get(back.provider)
                looks = refunder is not None and refunder.looks
                await unit.backs.put(unanswered(back, code, now=now, looks=looks))
