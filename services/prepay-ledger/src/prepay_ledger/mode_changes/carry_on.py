"""A job: changes of mode whose instant has come go on, each in a transaction of its own."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.facts.values import Decided
from prepay_ledger.metrics import LEFT_OUT
from prepay_ledger.mode_changes.close_mode import close_mode
from prepay_ledger.mode_changes.decide_change import give_up
from prepay_ledger.mode_changes.note_step import locked_change, note_step
from prepay_ledger.mode_changes.ports import OpenUnit, Unit
from prepay_ledger.mode_changes.rules import Next, next_of
from prepay_ledger.mode_changes.values import LEDGER, ChangeState, Ground, ModeChange, StepAction
from prepay_ledger.prepay_agreements.rules import is_prepaid
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.refusals import Refusal

logger = logging.getLogger(__name__)

CHANGES_AT_ONCE = 100
LOOK_AGAIN = timedelta(seconds=10)
"""After which a change that waits is looked at again."""
PUT_OFF = timedelta(minutes=10)
"""After a fault of ours."""


class CarryOnChanges:
    """Looks at some of those that are due."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        review: SupplyReview,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._review = review
        self._decide = DecideAgreement(review=review)
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait. A change that raises is put off, and the others are
        done."""
        async with self._open_unit() as unit:
            some = await unit.mode_changes.due(now=self._clock(), limit=CHANGES_AT_ONCE)
        for each in some:
            for change_id, error in await odd_among([each], self._look):
                logger.error("mode change %s", change_id, exc_info=error)
                LEFT_OUT.labels("carry on mode changes").inc()
                await self._put_off(change_id)
        return 0.0 if len(some) == CHANGES_AT_ONCE else None

    async def _look(self, change_ids: Sequence[UUID]) -> None:
        for each in change_ids:
            async with self._open_unit() as unit:
                await carry_on(
                    unit, each, decide=self._decide, review=self._review, now=self._clock()
                )
            self._committed()

    async def _put_off(self, change_id: UUID) -> None:
        async with self._open_unit() as unit:
            change = await locked_change(unit, change_id)
            if change.is_open:
                await unit.mode_changes.put(replace(change, look_at=self._clock() + PUT_OFF))


async def carry_on(
    unit: Unit,
    change_id: UUID,
    *,
    decide: DecideAgreement,
    review: SupplyReview,
    now: datetime,
) -> ModeChange:
    """What follows for the change is done; the change as it stands then."""
    change = await locked_change(unit, change_id)
    outcome = next_of(change, await _ground(unit, change, now=now), now=now)
    match outcome.next:
        case Next.REST:
            return change
        case Next.WAIT:
            return await _wait(unit, change, outcome.why, now=now)
        case Next.REFUSE:
            return await _refuse(unit, change, outcome.why, now=now)
        case Next.CLOSE:
            try:
                async with unit.savepoint():
                    return await close_mode(unit, change, decide=decide, review=review, now=now)
            except Refusal as error:
                return await _refuse(unit, change, str(error), now=now)


async def _ground(unit: Unit, change: ModeChange, *, now: datetime) -> Ground:
    account_id = change.account_id
    signed = await unit.prepay_agreements.in_force([account_id], at=now)
    return Ground(
        unread_meters=await unit.mode_changes.unread_meters(account_id, at=change.effective_at),
        is_signed=is_prepaid(signed.get(account_id)),
    )


async def _wait(unit: Unit, change: ModeChange, what: str, *, now: datetime) -> ModeChange:
    waits = replace(change, state=ChangeState.WAITING, waits_for=what, look_at=now + LOOK_AGAIN)
    await unit.mode_changes.put(waits)
    if (change.state, change.waits_for) != (waits.state, waits.waits_for):
        decided = Decided(by=LEDGER, reason=f"it waits for {what}", at=now)
        await note_step(unit, waits, StepAction.WAIT, decided, reference=what)
    return waits


async def _refuse(unit: Unit, change: ModeChange, why: str, *, now: datetime) -> ModeChange:
    decided = Decided(by=LEDGER, reason=why, at=now)
    return await give_up(unit, change, ChangeState.REFUSED, StepAction.REFUSE, decided)
