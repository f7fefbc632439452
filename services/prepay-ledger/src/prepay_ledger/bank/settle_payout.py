"""Use case: a person says which line of the bank a payout is, that it is not that one, or that it
is not waited for."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.receive_debit import ReceiveDebit
from prepay_ledger.bank.receive_payout import ReceivePayout, is_in_suspense_still
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.refusals import LineNamesDebit, LineNamesRefund, UnknownLine
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.facts.values import Decided
from prepay_ledger.payouts.refusals import KeyUsedBefore, PayoutNotSo, UnknownPayout
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
    """Does that. The line of the bank is locked first, then the payout. What the line differs by is
    booked as a fee: where that is much, by itself or with what that person did alone, a second
    person has to approve."""

    def __init__(
        self,
        *,
        receive_payout: ReceivePayout,
        receive_debit: ReceiveDebit,
        receive_refund: ReceiveRefund,
        terms: ApprovalTerms,
    ) -> None:
        self._receive_payout = receive_payout
        self._receive_refund = receive_refund
        self._receive_debit = receive_debit
        self._terms = terms

    async def __call__(self, unit: Unit, *, asked: Asked, now: datetime) -> Proposal | None:
        """The proposal that waits, if it is none of one person's. The same again under its key
        changes nothing.

        Raises `UnknownPayout`, `UnknownLine`, `PayoutNotSo`, `LineNamesDebit`, `LineNamesRefund`,
        `AnotherWaits` or `KeyUsedBefore`.
        """
        payout, line = await _locked(unit, asked)
        if await _was_done(unit, asked):
            return None
        match asked.action:
            case Action.MATCH:
                assert line is not None, "the API asks for it"
                waiting = await self._waits(unit, payout, line, asked, now=now)
                if waiting is not None:
                    return waiting
                await self._match(unit, payout, line, asked, now=now)
            case Action.UNDO:
                await self._undo(unit, payout, line, asked, now=now)
            case Action.ACCEPT:
                _check(payout, PayoutState.EXPECTED)
                await unit.payouts.change(
                    replace(payout, state=PayoutState.ACCEPTED, reason=asked.reason)
                )
        await _keep_step(unit, payout, line, asked, now=now)
        return None

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved, by who proposed it. Raises `PayoutNotSo`,
        `LineNamesDebit` or `LineNamesRefund` where somebody dealt with either meanwhile."""
        act, by = proposal.act, proposal.proposed
        assert act.key is not None, "a payout is matched under a key"
        asked = Asked(
            payout_id=UUID(act.subject),
            action=Action.MATCH,
            key=act.key,
            who=by.by,
            reason=by.reason,
            bank_line=UUID(str(act.parameters["bank_line"])),
        )
        payout, line = await _locked(unit, asked)
        assert line is not None, "a line stays"
        if await _was_done(unit, asked):
            return
        await self._check(unit, payout, line)
        await self._match(unit, payout, line, asked, now=approved.at)
        await _keep_step(unit, payout, line, asked, now=approved.at)

    async def _waits(
        self, unit: Unit, payout: Payout, line: BankLine, asked: Asked, *, now: datetime
    ) -> Proposal | None:
        """The proposal of the match; none where one person may do it. Raises as `__call__`."""
        by = Decided(by=asked.who, reason=asked.reason, at=now)
        act = _act_of(payout, line, key=asked.key)
        before = await proposed_before(unit=unit, act=act, who=by.by)
        if before is not None:
            return before
        await self._check(unit, payout, line)
        about = [f"provider/{payout.key.provider}"]
        if not act.amount_micro or not await takes_two(
            unit=unit, act=act, about=about, terms=self._terms, decided=by
        ):
            return None
        return await propose(unit=unit, act=act, decided=by, term=self._terms.term)

    async def _check(self, unit: Unit, payout: Payout, line: BankLine) -> None:
        """Raises `PayoutNotSo`, `LineNamesDebit` or `LineNamesRefund`."""
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
        refund = await self._receive_refund.named_by(unit, line)
        if refund is not None:
            message = (
                f"bank line {line.id} names refund {refund.id}, so it is no payout: match it with "
                "that, or close it; nothing was changed"
            )
            raise LineNamesRefund(message)

    async def _match(
        self, unit: Unit, payout: Payout, line: BankLine, asked: Asked, *, now: datetime
    ) -> None:
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


async def _locked(unit: Unit, asked: Asked) -> tuple[Payout, BankLine | None]:
    """The payout, and the line that it is to be, or is, of. Raises `UnknownPayout` or
    `UnknownLine`."""
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
    return payout, line


async def _keep_step(
    unit: Unit, payout: Payout, line: BankLine | None, asked: Asked, *, now: datetime
) -> None:
    """``payout``: as it was before."""
    step = Step(
        key=asked.key,
        action=asked.action,
        bank_line=None if line is None else line.id,
        who=asked.who,
        reason=asked.reason,
        state_before=payout.state,
        at=now,
    )
    await unit.payouts.add_step(payout.id, step)


def _act_of(payout: Payout, line: BankLine, *, key: str) -> Act:
    """About the payout; what is at stake is what becomes a fee."""
    told = payout.key
    return Act(
        kind=ActKind.PAYOUT_MATCH,
        subject=str(payout.id),
        key=key,
        parameters={
            "provider": told.provider,
            "reference": told.reference,
            "payout_micro": told.amount_micro,
            "bank_line": str(line.id),
            "line_micro": line.line.amount_micro,
        },
        amount_micro=abs(line.line.amount_micro - told.amount_micro),
        currency=told.currency,
    )


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
