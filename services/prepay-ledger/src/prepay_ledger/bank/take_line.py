"""Use case: a line of a statement is applied, once. A payment takes the same way as one that a
provider reports."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.bank.named_account import named_account
from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.receive_debit import ReceiveDebit
from prepay_ledger.bank.receive_deposit import ReceiveDeposit
from prepay_ledger.bank.receive_payout import ReceivePayout
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.rules import PAYMENT_MICRO_MAX, doubt, ended
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.bank_files.values import LineKind
from prepay_ledger.payments.take_movement import TakeMovement, excess_reason
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.values import Payment, PaymentOutcome
from prepay_ledger.providers.values import Kind, Told
from prewatt_common.clock import Clock

_REFUNDS = frozenset({LineState.REFUND, LineState.REFUND_RETURNED})


class TakeLine:
    """Applies a line that waits: a transaction of its own."""

    def __init__(
        self,
        *,
        take_payment: TakePayment,
        take_movement: TakeMovement,
        receive_payout: ReceivePayout,
        receive_debit: ReceiveDebit,
        receive_refund: ReceiveRefund,
        receive_deposit: ReceiveDeposit,
        clock: Clock,
    ) -> None:
        self._take_payment = take_payment
        self._take_movement = take_movement
        self._receive_payout = receive_payout
        self._receive_debit = receive_debit
        self._receive_refund = receive_refund
        self._receive_deposit = receive_deposit
        self._clock = clock

    async def __call__(self, unit: Unit, line_id: UUID) -> BankLine | None:
        """The line as it stands then; none where somebody else has applied it. Its bank account is
        locked first: of two lines that are the same one is the first."""
        line = await unit.bank.lock(line_id)
        if line is None or line.state is not LineState.WAITING:
            return None
        after = await self._applied(unit, line, now=self._clock())
        await unit.bank.change(after)
        return after

    async def _applied(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine:
        if line.line.kind is LineKind.PENDING:
            return ended(line, LineState.PENDING)
        first = await unit.bank.first_of(line)
        if first is not None:
            return _told_before(line, first)
        return await self._of_kind(unit, replace(line, known=True), now=now)

    async def _of_kind(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine:
        match line.line.kind:
            case _ if not line.line.amount_micro:
                return ended(line, LineState.NO_AMOUNT)
            case LineKind.BATCH:
                collected = await self._receive_debit.of_line(unit, line, now=now)
                return collected or await _batch(unit, line)
            case LineKind.RETURN:
                return await self._return(unit, line, now=now)
            case LineKind.CREDIT:
                return await self._credit(unit, line, now=now)
            case LineKind.DEBIT | LineKind.RETURNED_TO_US:
                return await self._out_or_back(unit, line, now=now)
            case LineKind.CHARGE | LineKind.PENDING:
                return ended(line, LineState(line.line.kind))

    async def _out_or_back(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine:
        part = await _part_of_sum(unit, line)
        if part is not None:
            return part
        ours = await self._ours(unit, line, now=now)
        if ours is not None:
            return ours
        if line.line.kind is LineKind.RETURNED_TO_US:
            return ended(line, LineState.RETURNED_TO_US)
        payout = await self._receive_payout.of_line(unit, line, now=now)
        return payout or ended(line, LineState.DEBIT)

    async def _credit(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine:
        if line.line.amount_micro > PAYMENT_MICRO_MAX:
            reason = f"it is more than a payment may be ({PAYMENT_MICRO_MAX} micro-units)"
            return ended(line, LineState.DOUBTFUL, reason=reason)
        doubted = doubt(line, await unit.bank.similar(line))
        if doubted is not None:
            reason, other = doubted
            return ended(line, LineState.DOUBTFUL, reason=reason, refers_to=other.id)
        part = await _part_of_sum(unit, line)
        if part is not None:
            return part
        # Not every bank says that what it brings back was a transfer of ours.
        ours = await self._ours(unit, line, now=now)
        if ours is not None:
            return ours
        collected = await self._receive_debit.of_line(unit, line, now=now)
        if collected is not None:
            return collected
        payout = await self._receive_payout.of_line(unit, line, now=now)
        return payout or await self._paid(unit, line, now=now)

    async def _ours(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine | None:
        """What names a refund of ours, or a deposit."""
        refund = await self._receive_refund.of_line(unit, line, now=now)
        return refund or await self._receive_deposit.of_line(unit, line, now=now)

    async def why_no_payment(self, unit: Unit, line: BankLine) -> str:
        """Why nobody may take the line for a payment; empty where a person may."""
        refund = await self._receive_refund.named_by(unit, line)
        if refund is not None:
            return f"it names refund {refund.id}: match it with that"
        deposit = await self._receive_deposit.named_by(unit, line)
        if deposit is not None:
            return f"it names deposit {deposit.id}: match it with that"
        return await self._receive_debit.why_not(unit, line)

    async def take(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine:
        """Of a line that a person takes for a payment, which `why_no_payment` says nothing against:
        what it names as a debit it is, for the answer to that debit credits the same money."""
        collected = await self._receive_debit.of_line(unit, line, now=now, by_person=True)
        return collected or await self._paid(unit, line, now=now)

    async def _paid(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine:
        """Of a line that is a payment and was not applied: credited, or in suspense."""
        payment = Payment(
            provider=line.provider,
            payment_id=line.payment_id,
            account_number=await named_account(unit, line.line),
            amount_micro=line.line.amount_micro,
            currency=line.currency,
        )
        result = await self._take_payment(unit, payment=payment, now=now)
        assert not result.repeated, "a line's payment comes by that line alone"
        kept = await unit.payments.by_payment_id(provider=line.provider, payment_id=line.payment_id)
        assert kept is not None, "it was taken above"
        credited = result.outcome is PaymentOutcome.CREDITED
        state = LineState.CREDITED if credited else LineState.SUSPENSE
        after = replace(ended(line, state, reason=result.reason), payment=kept.id)
        for reference in _named_by(line):
            for parked in await unit.bank.parked(line.account, reference):
                await unit.bank.change(await self._move(unit, parked, after, now=now))
        return after

    async def _return(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine:
        collected = await self._receive_debit.of_line(unit, line, now=now)
        if collected is not None:
            return collected
        for reference in _named_by(line):
            paid = await unit.bank.paid_by(line.account, reference)
            of_amount = [each for each in paid if each.line.amount_micro == -line.line.amount_micro]
            if of_amount:
                return await self._move(unit, line, of_amount[0], now=now)
            if len(paid) == 1:
                return await self._move(unit, line, paid[0], now=now)
            if paid:
                reason = f"it names {len(paid)} payments, and its amount is that of none of them"
                return ended(line, LineState.PARKED, reason=reason)
        return ended(line, LineState.PARKED, reason="no payment that it names is known")

    async def _move(self, unit: Unit, line: BankLine, paid: BankLine, *, now: datetime) -> BankLine:
        told = Told(
            kind=Kind.REVERSED,
            type="bank.return",
            payment_id=paid.payment_id,
            movement_id=str(line.id),
            account_number="",
            amount_micro=-line.line.amount_micro,
            currency=line.currency,
            at=None,
        )
        moved = await self._take_movement(unit, provider=paid.provider, told=told, now=now)
        assert not moved.repeated, "a return is applied once"
        after = replace(line, payment=paid.payment)
        if moved.excess_micro:
            reason = excess_reason(moved.excess_micro)
            return ended(after, LineState.EXCESS, reason=reason, refers_to=paid.id)
        return ended(after, LineState.TAKEN_BACK, refers_to=paid.id)


def _told_before(line: BankLine, first: BankLine) -> BankLine:
    """A bank that uses its references again does so on another day."""
    if first.line.booked_on == line.line.booked_on:
        return ended(line, LineState.REPEATED, refers_to=first.id)
    reason = f"it has the bank's reference of a line of {first.line.booked_on}, and another day"
    return ended(line, LineState.DOUBTFUL, reason=reason, refers_to=first.id)


async def _part_of_sum(unit: Unit, line: BankLine) -> BankLine | None:
    """The line as it ends, where a person has said before of the sum that it is a part of which
    refunds that is; else none, and the sum is told in its parts."""
    for batch in await unit.bank.sums_of_booking(line):
        if batch.state in _REFUNDS:
            return ended(line, LineState.DETAILED, refers_to=batch.id)
        if batch.state is LineState.BATCH:
            await unit.bank.change(ended(batch, LineState.DETAILED, refers_to=line.id))
    return None


async def _batch(unit: Unit, line: BankLine) -> BankLine:
    part = await unit.bank.part_of_booking(line)
    if part is not None:
        return ended(line, LineState.DETAILED, refers_to=part.id)
    return ended(line, LineState.BATCH, reason="the payments in it have not been told one by one")


def _named_by(line: BankLine) -> list[str]:
    """By what a return and its payment know each other."""
    names = (line.line.end_to_end_id, line.line.transaction)
    return list(dict.fromkeys(each for each in names if each))
