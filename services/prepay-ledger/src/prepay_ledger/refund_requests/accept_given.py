"""Use case: a person proposes to take what a provider gave back for the refund that was asked for,
though it is another amount; a second one approves it, by which the money moves."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import Act, ActKind, Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.payments import ports as payments
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.refunds.back import agreed
from prepay_ledger.refunds.move_refund import locked_refund
from prepay_ledger.refunds.refusals import RefundNotSo
from prepay_ledger.refunds.values import Back, BackState, Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for. ``key``: their own name of it, once a person."""

    refund_id: UUID
    key: str
    decided: Decided


class AcceptGiven:
    """Of whatever amount it takes two people: what was ordered is not what the customer has."""

    def __init__(self, *, take_movement: TakeMovement, term: timedelta) -> None:
        """``term``: for so long it may be approved."""
        self._take_movement = take_movement
        self._term = term

    async def __call__(self, unit: payments.Unit, *, asked: Asked) -> Proposal | Refund:
        """The proposal that waits; the refund where the provider's word was taken before. The same
        again under the same key changes nothing. Raises `UnknownRefund`, `RefundNotSo`,
        `KeyUsedBefore` or `AnotherWaits`."""
        refund, back = await _locked(unit, asked.refund_id)
        if back is not None and back.state is BackState.DONE and back.given_micro is not None:
            return refund
        act = _act_of(refund, _checked(refund, back), asked)
        waiting = await proposed_before(unit=unit, act=act, who=asked.decided.by)
        if waiting is not None:
            return waiting
        return await propose(unit=unit, act=act, decided=asked.decided, term=self._term)

    async def carry_out(
        self, unit: payments.Unit, proposal: Proposal, *, approved: Decided
    ) -> None:
        """What a second person has approved: what went leaves what is in transit, and the account
        has the rest, or pays what is more. Raises `RefundNotSo` where its provider has told
        something else since; the proposal goes on waiting."""
        refund, back = await _locked(unit, UUID(proposal.act.subject))
        back = _checked(refund, back)
        if back.given_micro != proposal.act.amount_micro:
            message = (
                f"{back.provider} says by now that it gave back {back.given_micro} micro-units, "
                f"not {proposal.act.amount_micro}: propose it anew; nothing was changed"
            )
            raise RefundNotSo(message)
        await unit.backs.put(agreed(back))
        told = Told(
            kind=Kind.REFUNDED,
            type="refund.accepted",
            payment_id=back.payment_id,
            movement_id=back.movement_id,
            account_number="",
            amount_micro=proposal.act.amount_micro,
            currency=refund.currency,
            at=None,
            request_id=str(refund.id),
        )
        moved = await self._take_movement(unit, provider=back.provider, told=told, now=approved.at)
        if moved.repeated:
            # Told before by an event that did not name it: the account has paid that, not this.
            await self._take_movement.again(
                unit, provider=back.provider, payment_id=back.payment_id, now=approved.at
            )


async def _locked(unit: payments.Unit, refund_id: UUID) -> tuple[Refund, Back | None]:
    """The payment is locked before its account, by its name before its row, as its events lock it:
    the other way round both would wait for each other. Raises `UnknownRefund`."""
    back = await unit.backs.of_refund(refund_id)
    if back is not None:
        await unit.payments.lock_by_payment_id(provider=back.provider, payment_id=back.payment_id)
    refund = await locked_refund(unit, refund_id)
    return refund, await unit.backs.of_refund(refund_id)


def _checked(refund: Refund, back: Back | None) -> Back:
    """Raises `RefundNotSo`."""
    if back is None or back.state is not BackState.OTHER_AMOUNT:
        how = "goes through no provider" if back is None else f"is {back.state} with its provider"
        message = f"refund {refund.id} {how}: no other amount is to be taken; nothing was changed"
        raise RefundNotSo(message)
    return back


def _act_of(refund: Refund, back: Back, asked: Asked) -> Act:
    assert back.given_micro is not None, "another amount was given"
    return Act(
        kind=ActKind.REFUND_GIVEN,
        subject=str(refund.id),
        key=asked.key,
        parameters={
            "account_id": str(refund.account_id),
            "asked_micro": refund.amount_micro,
            "given_micro": back.given_micro,
            "provider": back.provider,
            "movement_id": back.movement_id,
        },
        amount_micro=back.given_micro,
        currency=refund.currency,
    )
