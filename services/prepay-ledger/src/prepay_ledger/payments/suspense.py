"""Money in suspense: found, locked, and whether it is there still."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.values import (
    KnownPayment,
    Payment,
    PaymentOutcome,
    Proposal,
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


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """Money above ``above_micro`` is placed once two people have asked for the same; none: one
    person places any."""

    above_micro: int | None

    async def has_agreed(
        self,
        unit: Unit,
        known: KnownPayment,
        *,
        asked: ResolutionAction,
        account_id: UUID | None,
        decided: Decided,
        now: datetime,
    ) -> bool:
        """False where the money has to wait for somebody else: what was asked is kept then, in
        place of what was asked before. The same person again changes nothing."""
        if self.above_micro is None or left_of(known).amount_micro <= self.above_micro:
            return True
        first = await unit.payments.proposal(known.id)
        if first is not None and (first.action, first.account_id) == (asked, account_id):
            return first.who != decided.who
        proposal = Proposal(
            action=asked, account_id=account_id, who=decided.who, reason=decided.reason, at=now
        )
        await unit.payments.propose(known.id, proposal)
        return False
