"""What a provider tells of a payment's refunds, told of the refunds that we have asked it for: they
leave what is in transit, and not the account a second time."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import UtilityAccount, clearing
from prepay_ledger.refunds.back import (
    Follows,
    closed,
    follows,
    given_otherwise,
    otherwise_reason,
    went_micro,
)
from prepay_ledger.refunds.move_refund import MovingUnit, move_refund
from prepay_ledger.refunds.values import (
    BACK_OPEN,
    Back,
    BackState,
    Given,
    Refund,
    RefundState,
    Step,
)
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)


class Named(NamedTuple):
    """The refund of ours that a provider's movement is. ``other_micro``: what it was told that it
    gave back where that is another amount, which nobody has taken for it. ``is_new``: that it is
    this one was not known before."""

    refund_id: UUID
    amount_micro: int
    other_micro: int | None
    is_new: bool


async def name_refund(
    unit: MovingUnit, *, payment: UUID, account_id: UUID, request_id: str, movement_id: str
) -> Named | None:
    """By our id, which the event names, or by the provider's, which its answer named; none: it is
    none that we asked for. The payment is locked."""
    backs = await unit.backs.of_payment(payment)
    if not backs:
        return None
    await unit.balances.lock(account_id)
    backs = await unit.backs.of_payment(payment)
    ours = next((each for each in backs if each.movement_id == movement_id), None)
    is_new = ours is None
    if ours is None:
        unnamed = (each for each in backs if not each.movement_id)
        ours = next((each for each in unnamed if str(each.refund_id) == request_id), None)
        if ours is None:
            return None
        await unit.backs.put(replace(ours, movement_id=movement_id))
    refund = await _refund(unit, ours)
    other_micro = ours.given_micro if ours.state is BackState.OTHER_AMOUNT else None
    return Named(refund.id, went_micro(ours, refund), other_micro, is_new)


async def follow_refunds(
    unit: MovingUnit,
    *,
    payment: UUID,
    account_id: UUID,
    went: Mapping[str, bool],
    said_micro: Mapping[str, int],
    at: datetime,
) -> Given:
    """``went``: by the provider's id, whether a refund went; false: it failed, or came back.
    ``said_micro``: so much of it went, where that was told of it alone; where it is another amount
    than was asked for, its account pays it until two people have taken it for ours. The payment is
    locked; its account is, from here on."""
    if not await unit.backs.of_payment(payment):
        return Given(0, 0, is_moved=False)
    await unit.balances.lock(account_id)
    moved_micro = given_micro = 0
    is_moved = False
    for back in await unit.backs.of_payment(payment):
        refund = await _refund(unit, back)
        told = went.get(back.movement_id)
        found = None if told is None else follows(refund.state, went=told)
        due_micro = went_micro(back, refund)
        given = said_micro.get(back.movement_id, due_micro)
        if found is not None and told and given != due_micro:
            await _keep_otherwise(unit, back, asked_micro=due_micro, given_micro=given, at=at)
            found = None
        if found is not None:
            moved_micro += found.clearing * due_micro
            refund, balance_micro = await _follow(unit, back, refund, found, at=at)
            is_moved = is_moved or balance_micro != 0
        if refund.state is RefundState.PAID:
            given_micro += due_micro
    return Given(moved_micro, given_micro, is_moved)


async def _keep_otherwise(
    unit: MovingUnit, back: Back, *, asked_micro: int, given_micro: int, at: datetime
) -> None:
    """An event had told it before it was known to be ours: it comes to a person, once."""
    if back.state not in BACK_OPEN or back.given_micro == given_micro:
        return
    reason = otherwise_reason(
        f"refunded {back.movement_id} of payment {back.payment_id}",
        asked_micro=asked_micro,
        given_micro=given_micro,
    )
    logger.error("refund %s: %s", back.refund_id, reason)
    after = given_otherwise(back, back.movement_id, given_micro=given_micro, code=reason, now=at)
    await unit.backs.put(after)


async def _follow(
    unit: MovingUnit, back: Back, refund: Refund, found: Follows, *, at: datetime
) -> tuple[Refund, int]:
    """As it stands after it, and what its account's balance has of it."""
    asked_micro, micro = refund.amount_micro, went_micro(back, refund)
    balance_micro = found.balance_micro(asked_micro=asked_micro, went_micro=micro)
    after = replace(
        refund,
        state=found.state,
        returned_micro=(
            min(micro, asked_micro)
            if found.state is RefundState.RETURNED
            else refund.returned_micro
        ),
    )
    step = Step(
        id=new_id(),
        refund_id=refund.id,
        action=found.action,
        amount_micro=micro if found.clearing else asked_micro,
        key="",
        decided=Decided(by=back.provider, reason=f"as it tells: {back.movement_id}", at=at),
        journal_id=0,
    )
    postings = {
        UtilityAccount.REFUNDS_IN_TRANSIT: found.in_transit * asked_micro,
        clearing(back.provider): found.clearing * micro,
    }
    await move_refund(
        unit,
        after,
        step,
        balance_micro=balance_micro,
        postings={name: posted for name, posted in postings.items() if posted},
    )
    state = BackState.REFUSED if found.state is RefundState.CANCELLED else BackState.DONE
    code = "" if found.state is RefundState.PAID else "the provider tells that it failed"
    await unit.backs.put(closed(back, state, code))
    return after, balance_micro


async def _refund(unit: MovingUnit, back: Back) -> Refund:
    refund = await unit.refunds.refund(back.refund_id)
    assert refund is not None, "a refund stays"
    return refund
