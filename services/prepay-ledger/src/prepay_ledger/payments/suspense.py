"""Money in suspense: found, locked, and whether it is there still."""

from http import HTTPStatus
from uuid import UUID

from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.values import (
    KnownPayment,
    Payment,
    PaymentOutcome,
    ResolutionAction,
)
from prewatt_common.refusals import Refusal


class UnknownPayment(Refusal):
    """No such payment."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-payment"


class NotInSuspense(Refusal):
    """The payment's money was placed before, otherwise than is asked now."""

    kind = "not-in-suspense"


class OtherCurrency(Refusal):
    """Money is not changed into another currency."""

    kind = "other-currency"


class LessIsLeft(Refusal):
    """Its provider has taken back something of it since it was proposed to place it."""

    kind = "less-is-left"


async def locked(unit: Unit, payment: UUID) -> KnownPayment:
    """The payment, its row locked. Raises `UnknownPayment`."""
    known = await unit.payments.lock(payment)
    if known is None:
        message = f"payment {payment} does not exist"
        raise UnknownPayment(message)
    return known


def left_of(known: KnownPayment) -> Payment:
    """What of a payment in suspense can still be placed. Raises `NotInSuspense`."""
    if known.taken_back_micro == known.payment.amount_micro:
        message = (
            f"payment {known.payment.payment_id} of {known.payment.provider} was taken back by its "
            "provider: nothing of it is left"
        )
        raise NotInSuspense(message)
    return known.left


async def is_in_suspense(
    unit: Unit, known: KnownPayment, *, asked: ResolutionAction, account_id: UUID | None
) -> bool:
    """False where just what is asked was done before. Raises `NotInSuspense` for anything else."""
    if known.outcome is PaymentOutcome.SUSPENSE:
        return True
    done = await unit.payments.resolution(known.id)
    if done is not None and (done.action, done.account_id) == (asked, account_id):
        return False
    how = f"by {done.who} ({done.reason})" if done else "when it came"
    to = f" to account {known.account_id}" if known.account_id else ""
    message = (
        f"payment {known.payment.payment_id} of {known.payment.provider} is not in suspense: "
        f"{known.outcome}{to} {how}; nothing was changed"
    )
    raise NotInSuspense(message)


def check_is_left(known: KnownPayment, proposed_micro: int) -> None:
    """That all of it is there yet which was proposed to be placed. Raises `NotInSuspense`, or
    `LessIsLeft`."""
    left_micro = left_of(known).amount_micro
    if left_micro != proposed_micro:
        message = (
            f"of payment {known.payment.payment_id} {left_micro} micro-units are left, and "
            f"{proposed_micro} were proposed to be placed: refuse the proposal, and place what is "
            "left; nothing was changed"
        )
        raise LessIsLeft(message)
