"""Use case: a person says which line of the bank a payout is, that it is not that one, or that it
is not waited for."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.approvals.values import ApprovalTerms
from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.receive_debit import ReceiveDebit
from prepay_ledger.bank.receive_payout import ReceivePayout, is_in_suspense_still
from prepay_ledger.bank.refusals import LineNamesDebit, UnknownLine
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.payouts.refusals import (
    DifferenceTooBig,
    KeyUsedBefore,
    PayoutNotSo,
    UnknownPayout,
)
from prepay_ledger.payouts.values import Action, FoundBy, Payout, PayoutState, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for, under an Idempotency-Key. ``bank_line``: of `Action.MATCH`."""

    payout_id: UUID
    action: Action
    key: str
    who: str
    reason: str
    bank_line: UUID | None = None


class SettlePayout:
    """Does that. The line of the bank is locked first, then the payout. ``terms``: a difference of
    so much that one person may not give it away is refused, for it would be a fee."""

    def __init__(
        self,
        *,
        receive_payout: ReceivePayout,
        receive_debit: ReceiveDebit,
        terms: ApprovalTerms,
    ) -> None:
        self._receive_payout = receive_payout
        self._receive_debit = receive_debit
        self._terms = terms

    async def __call__(self, unit: Unit, *, asked: Asked, now: datetime) -> None:
        """The same again under its key changes nothing.

        Raises `UnknownPayout`, `UnknownLine`, `PayoutNotSo`, `LineNamesDebit`, `DifferenceTooBig`
        or `KeyUsedBefore`.
        """
        seen = await unit.payouts.by_id(asked.payout_id)
        if seen is None:
            message = f"there is no payout {asked.payout_id}"
            raise UnknownPayout(message)
        line_id = asked.bank_line if asked.action is Action.MATCH else seen.bank_line
        line = None if line_id is None else await unit.bank.lock(line_id)
        if line_id is not None and line is None:
            message = f"there is no bank line {line_id}"
            raise UnknownLine(message)
        payout = await unit.payouts.lock(asked.payout_id)
        assert payout is not None, "a payout stays"
        if await _was_done(unit, asked):
            return
        match asked.action:
            case Action.MATCH:
                assert line is not None, "the API asks for it"
                await self._match(unit, payout, line, asked, now=now)
            case Action.UNDO:
                await self._undo(unit, payout, line, asked, now=now)
            case Action.ACCEPT:
                _check(payout, PayoutState.EXPECTED)
                await unit.payouts.change(
                    replace(payout, state=PayoutState.ACCEPTED, reason=asked.reason)
                )
        step = Step(
            key=asked.key,
            action=asked.action,
            bank_line=line_id,
            who=asked.who,
            reason=asked.reason,
            state_before=payout.state,
            at=now,
        )
        await unit.payouts.add_step(payout.id, step)

    async def _match(
        self, unit: Unit, payout: Payout, line: BankLine, asked: Asked, *, now: datetime
    ) -> None:
        _check(payout, PayoutState.EXPECTED, PayoutState.ACCEPTED)
        wrong = await _why_not(unit, payout, line)
        if wrong:
            message = f"bank line {line.id} {wrong}; nothing was changed"
            raise PayoutNotSo(message)
        debit = await self._receive_debit.named_by(unit, line)
        if debit is not None:
            message = (
                f"bank line {line.id} names debit {debit.name}, so it is no payout: take the line, "
                "or close it; nothing was changed"
            )
            raise LineNamesDebit(message)
        difference = line.line.amount_micro - payout.key.amount_micro
        if self._terms.needs_two(abs(difference)):
            message = (
                f"bank line {line.id} differs from payout {payout.id} by {difference} micro-units, "
                f"which are more than one person may book as a fee ({self._terms.above_micro}): "
                "have the provider's file corrected, or accept the payout; nothing was changed"
            )
            raise DifferenceTooBig(message)
        after = await self._receive_payout.receive(
            unit, payout, line, found_by=FoundBy.PERSON, reason=asked.reason, now=now
        )
        await unit.bank.change(after)

    async def _undo(
        self,
        unit: Unit,
        payout: Payout,
        line: BankLine | None,
        asked: Asked,
        *,
        now: datetime,
    ) -> None:
        _check(payout, PayoutState.ARRIVED)
        if line is None or line.id != payout.bank_line:
            message = f"payout {payout.id} was matched anew meanwhile; nothing was changed"
            raise PayoutNotSo(message)
        after = await self._receive_payout.undo(unit, payout, line, reason=asked.reason, now=now)
        await unit.bank.change(after)


def _check(payout: Payout, *states: PayoutState) -> None:
    if payout.state not in states:
        message = f"payout {payout.id} is {payout.state}; nothing was changed"
        raise PayoutNotSo(message)


async def _why_not(unit: Unit, payout: Payout, line: BankLine) -> str:
    """Why the line cannot be that payout; empty where it can."""
    if line.currency != payout.key.currency:
        return f"is in {line.currency}, and the payout in {payout.key.currency}"
    if (line.line.amount_micro > 0) != (payout.key.amount_micro > 0):
        return "went the other way than the payout"
    if line.state is LineState.SUSPENSE:
        is_free = await is_in_suspense_still(unit, line)
        return "" if is_free else "was placed by somebody, or sent back"
    is_doubtful = line.state is LineState.DOUBTFUL and line.payment is None
    return "" if is_doubtful or line.state is LineState.DEBIT else f"is {line.state}"


async def _was_done(unit: Unit, asked: Asked) -> bool:
    known = await unit.payouts.step_of_key(asked.key)
    if known is None:
        return False
    of, step = known
    same = (of, step.action, step.who, step.reason) == (
        asked.payout_id,
        asked.action,
        asked.who,
        asked.reason,
    )
    if not same or (asked.bank_line is not None and asked.bank_line != step.bank_line):
        message = (
            f"the Idempotency-Key {asked.key} came before: {step.action} of payout {of} by "
            f"{step.who} ({step.reason}); nothing was changed"
        )
        raise KeyUsedBefore(message)
    return True
