"""What a difference comes to moves by the ways that webhooks take."""

from datetime import datetime

from prepay_ledger.payments.take_movement import GivenOtherwise, MovementConflict, TakeMovement
from prepay_ledger.payments.take_payment import PaymentConflict, TakePayment
from prepay_ledger.payments.values import Payment
from prepay_ledger.providers.orders import request_id_of
from prepay_ledger.providers.values import AMOUNT_MICRO_MAX, Kind, Told
from prepay_ledger.settlement_files.values import LineKind
from prepay_ledger.settlements.ports import Unit
from prepay_ledger.settlements.refusals import NotSo, ToldOtherwise
from prepay_ledger.settlements.values import Difference

_TOLD_AS = {
    LineKind.REFUND: Kind.REFUNDED,
    LineKind.REFUND_FAILED: Kind.REFUND_FAILED,
    LineKind.REVERSAL: Kind.REVERSED,
    LineKind.CHARGEBACK: Kind.DISPUTED,
    LineKind.CHARGEBACK_WON: Kind.DISPUTE_WON,
}
_BY_HAND = "settlement"
"""Names the payments and movements by which differences are corrected."""


class MoveDifference:
    """Takes over what is missing here, or corrects what is there."""

    def __init__(self, *, take_payment: TakePayment, take_movement: TakeMovement) -> None:
        self._take_payment = take_payment
        self._take_movement = take_movement

    async def take(self, unit: Unit, found: Difference, *, now: datetime) -> None:
        """What the provider has settled, as if it had told of it. Raises `NotSo` or
        `ToldOtherwise`."""
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
                # Of a refund that we asked Alipay for: its files name it as we did.
                request_id=request_id_of(line.movement_id),
            )
            await self._take_movement(unit, provider=found.provider, told=told, now=now)
        except GivenOtherwise as error:
            message = f"{error}: see refund {error.refund_id}; nothing was moved"
            raise ToldOtherwise(message) from error
        except (PaymentConflict, MovementConflict) as error:
            message = f"{error}; nothing was changed"
            raise ToldOtherwise(message) from error

    async def correct(
        self, unit: Unit, found: Difference, correction_micro: int, *, now: datetime
    ) -> None:
        """More is a payment of its own for whoever has the first; less is reversed of the first.
        Raises `NotSo`."""
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
