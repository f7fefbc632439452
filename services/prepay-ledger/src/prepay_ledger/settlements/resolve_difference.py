"""Use case: a person says what comes of a difference. What moves money takes the ways that webhooks
take, and of a high amount a second person."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.payments.take_movement import MovementConflict, TakeMovement
from prepay_ledger.payments.take_payment import PaymentConflict, TakePayment
from prepay_ledger.payments.values import Payment
from prepay_ledger.providers.values import AMOUNT_MICRO_MAX, Kind, Told
from prepay_ledger.settlement_files.values import LineKind
from prepay_ledger.settlements.compare_payments import compare_payments
from prepay_ledger.settlements.keep_file import ReadUpload
from prepay_ledger.settlements.ports import Unit
from prepay_ledger.settlements.refusals import (
    DifferenceClosed,
    KeyUsedBefore,
    NotSo,
    ToldOtherwise,
    UnknownDifference,
)
from prepay_ledger.settlements.rules import amount_of, correction_of
from prepay_ledger.settlements.values import (
    MOVES_MONEY,
    UNRESOLVED,
    Action,
    Difference,
    DifferenceKind,
    Outcome,
    State,
    Step,
)

_TOLD_AS = {
    LineKind.REFUND: Kind.REFUNDED,
    LineKind.REFUND_FAILED: Kind.REFUND_FAILED,
    LineKind.REVERSAL: Kind.REVERSED,
    LineKind.CHARGEBACK: Kind.DISPUTED,
    LineKind.CHARGEBACK_WON: Kind.DISPUTE_WON,
}
_SO = {
    Action.TAKE: frozenset({DifferenceKind.MISSING_HERE}),
    Action.CORRECT: frozenset({DifferenceKind.OTHER_AMOUNT, DifferenceKind.MISSING_THERE}),
    Action.ASK: frozenset(DifferenceKind),
    Action.ACCEPT: frozenset(DifferenceKind),
}
_BY_HAND = "settlement"
"""Names the payments and movements by which differences are corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for, under an Idempotency-Key."""

    difference_id: UUID
    action: Action
    key: str
    who: str
    reason: str


class ResolveDifference:
    """Resolves differences. ``above_micro``: more than that is moved once two people have asked for
    the same; none: one person moves any amount."""

    def __init__(
        self,
        *,
        take_payment: TakePayment,
        take_movement: TakeMovement,
        read_upload: ReadUpload,
        above_micro: int | None,
    ) -> None:
        self._take_payment = take_payment
        self._take_movement = take_movement
        self._read_upload = read_upload
        self._above_micro = above_micro

    async def __call__(self, unit: Unit, *, asked: Asked, now: datetime) -> None:
        """The same again under its key changes nothing. First the provider is locked, and the
        difference is compared anew: what came meanwhile is not taken twice.

        Raises `UnknownDifference`, `DifferenceClosed`, `KeyUsedBefore`, `NotSo` or
        `ToldOtherwise`.
        """
        found = await _known(unit, asked.difference_id)
        await unit.settlements.lock(found.provider)
        if await _was_done(unit, asked):
            return
        # A webhook that is being taken commits first.
        await unit.payments.lock_by_payment_id(
            provider=found.provider, payment_id=found.finding.payment_id
        )
        await self._compare(unit, found, now=now)
        found = await _known(unit, asked.difference_id)
        if found.state not in UNRESOLVED:
            message = (
                f"difference {found.id} is {found.state} since {found.closed_at:%Y-%m-%d %H:%M} "
                f"UTC ({found.reason}); nothing was changed"
            )
            raise DifferenceClosed(message)
        if found.finding.difference not in _SO[asked.action]:
            message = (
                f"difference {found.id} is {found.finding.difference}: that is not resolved by "
                f"{asked.action}; nothing was changed"
            )
            raise NotSo(message)
        proposed = not await self._may(unit, found, asked)
        await unit.settlements.add_step(found.id, _step(asked, found, proposed, now))
        if proposed:
            return
        await unit.settlements.change(await self._resolved(unit, found, asked, now=now))
        await self._compare(unit, found, now=now)

    async def _compare(self, unit: Unit, found: Difference, *, now: datetime) -> None:
        await compare_payments(
            unit=unit,
            provider=found.provider,
            payment_ids={found.finding.payment_id},
            days=self._read_upload.terms_of(found.provider).days,
            now=now,
        )

    async def _may(self, unit: Unit, found: Difference, asked: Asked) -> bool:
        """False where it has to wait for somebody else."""
        amount = amount_of(found.finding)
        if (
            asked.action not in MOVES_MONEY
            or self._above_micro is None
            or amount <= self._above_micro
        ):
            return True
        first = await unit.settlements.proposal(found.id)
        return first is not None and first.action is asked.action and first.who != asked.who

    async def _resolved(
        self, unit: Unit, found: Difference, asked: Asked, *, now: datetime
    ) -> Difference:
        match asked.action:
            case Action.ASK:
                return replace(found, state=State.ASKED, reason=asked.reason)
            case Action.ACCEPT:
                outcome, corrected = Outcome.ACCEPTED, 0
            case Action.TAKE:
                outcome, corrected = Outcome.TAKEN, 0
                await self._take(unit, found, now=now)
            case Action.CORRECT:
                outcome, corrected = Outcome.CORRECTED, correction_of(found.finding)
                await self._correct(unit, found, corrected, now=now)
        return replace(
            found,
            state=State.RESOLVED,
            outcome=outcome,
            correction_micro=corrected,
            reason=asked.reason,
            closed_at=now,
        )

    async def _take(self, unit: Unit, found: Difference, *, now: datetime) -> None:
        finding = found.finding
        assert finding.line_id is not None, "a line of theirs tells of it"
        line = (await unit.settlements.line(finding.line_id)).line
        _check_amount(line.amount_micro)
        try:
            if line.kind is LineKind.PAYMENT:
                payment = Payment(
                    provider=found.provider,
                    payment_id=line.payment_id,
                    account_number=line.account_number,
                    amount_micro=line.amount_micro,
                    currency=line.currency,
                )
                await self._take_payment(unit, payment=payment, now=now, by_settlement=True)
                return
            told = Told(
                kind=_TOLD_AS[line.kind],
                type=f"{_BY_HAND}.{line.kind}",
                payment_id=line.payment_id,
                movement_id=line.movement_id,
                account_number="",
                amount_micro=line.amount_micro,
                currency=line.currency,
                at=line.at,
            )
            await self._take_movement(unit, provider=found.provider, told=told, now=now)
        except (PaymentConflict, MovementConflict) as error:
            message = f"{error}; nothing was changed"
            raise ToldOtherwise(message) from error

    async def _correct(
        self, unit: Unit, found: Difference, correction_micro: int, *, now: datetime
    ) -> None:
        """More is a payment of its own for whoever has the first; less is reversed of the first."""
        finding = found.finding
        paid = await unit.payments.by_payment_id(
            provider=found.provider, payment_id=finding.payment_id
        )
        if paid is None:
            message = f"payment {finding.payment_id} is not known yet; nothing was changed"
            raise NotSo(message)
        _check_amount(abs(correction_micro))
        name = f"{_BY_HAND}/{found.id}"
        if correction_micro > 0:
            account = await unit.balances.account(paid.account_id) if paid.account_id else None
            payment = Payment(
                provider=found.provider,
                payment_id=name,
                account_number=account.number if account else "",
                amount_micro=correction_micro,
                currency=paid.payment.currency,
            )
            await self._take_payment(unit, payment=payment, now=now, by_settlement=True)
            return
        told = Told(
            kind=Kind.REVERSED,
            type=name,
            payment_id=finding.payment_id,
            movement_id=name,
            account_number="",
            amount_micro=-correction_micro,
            currency=paid.payment.currency,
            at=None,
        )
        moved = await self._take_movement(unit, provider=found.provider, told=told, now=now)
        if moved.excess_micro:
            message = (
                f"of payment {finding.payment_id} only {paid.left.amount_micro} micro-units are "
                f"left, {-correction_micro} cannot be taken back; nothing was changed"
            )
            raise NotSo(message)


def _check_amount(micro: int) -> None:
    if micro > AMOUNT_MICRO_MAX:
        message = f"{micro} micro-units are more than a payment may be; nothing was changed"
        raise NotSo(message)


def _step(asked: Asked, found: Difference, proposed: bool, now: datetime) -> Step:
    return Step(
        key=asked.key,
        action=asked.action,
        proposed=proposed,
        who=asked.who,
        reason=asked.reason,
        state_before=found.state,
        at=now,
    )


async def _known(unit: Unit, difference_id: UUID) -> Difference:
    found = await unit.settlements.difference(difference_id)
    if found is None:
        message = f"there is no difference {difference_id}"
        raise UnknownDifference(message)
    return found


async def _was_done(unit: Unit, asked: Asked) -> bool:
    known = await unit.settlements.step_of_key(asked.key)
    if known is None:
        return False
    of, step = known
    if (of, step.action, step.who, step.reason) != (
        asked.difference_id,
        asked.action,
        asked.who,
        asked.reason,
    ):
        message = (
            f"the Idempotency-Key {asked.key} came before: {step.action} of difference {of} by "
            f"{step.who} ({step.reason}); nothing was changed"
        )
        raise KeyUsedBefore(message)
    return True
