"""Use case: a person says which refunds a sum of the bank is, whose parts it has not told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from prepay_ledger.approvals.propose import propose
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.receive_refund import ReceiveRefund, why_not
from prepay_ledger.bank.refusals import UnknownLine
from prepay_ledger.bank.rules import ended
from prepay_ledger.bank.values import BankLine, LineState, LineStep, StepAction
from prepay_ledger.facts.values import Decided
from prepay_ledger.refunds.move_refund import locked_refund
from prepay_ledger.refunds.refusals import RefundNotSo, UnknownRefund
from prepay_ledger.refunds.values import Refund, RefundState

SUM_MAX = 100
"""Refunds in one sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for."""

    line_id: UUID
    refund_ids: frozenset[UUID]
    decided: Decided


class SettleSum:
    """Does that: each refund went, or came back, whole. What moves a balance by it a second person
    has to approve, of whatever amount: by one sum many accounts get something."""

    def __init__(self, *, receive_refund: ReceiveRefund, terms: ApprovalTerms) -> None:
        self._receive_refund = receive_refund
        self._terms = terms

    async def __call__(self, unit: Unit, *, asked: Asked) -> Proposal | None:
        """The proposal that waits, if it is none of one person's. The line is locked first, then
        the refunds' accounts, by their ids. The same again changes nothing. Raises `UnknownLine`,
        `UnknownRefund`, `RefundNotSo` or `AnotherWaits`."""
        line, refunds = await _locked(unit, asked)
        if _is_done(line, refunds):
            return None
        _check(line, refunds)
        if line.line.amount_micro > 0 or _any_cancelled(refunds):
            act = _act_of(line, asked)
            return await propose(unit=unit, act=act, decided=asked.decided, term=self._terms.term)
        await self._receive(unit, line, refunds, asked.decided)
        return None

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved, by who proposed it. Raises `RefundNotSo` where the
        line or a refund is another's by now."""
        act, by = proposal.act, proposal.proposed
        decided = Decided(by=by.by, reason=by.reason, at=approved.at)
        asked = Asked(
            line_id=UUID(act.subject),
            refund_ids=frozenset(map(UUID, str(act.parameters["refund_ids"]).split())),
            decided=decided,
        )
        line, refunds = await _locked(unit, asked)
        if not _is_done(line, refunds):
            _check(line, refunds)
            await self._receive(unit, line, refunds, decided)

    async def _receive(
        self, unit: Unit, line: BankLine, refunds: Sequence[Refund], decided: Decided
    ) -> None:
        for each in refunds:
            part = _part(line, each)
            await self._receive_refund.receive(unit, each, part, key="", decided=decided)
        went = line.line.amount_micro < 0
        state = LineState.REFUND if went else LineState.REFUND_RETURNED
        await unit.bank.change(ended(line, state, reason=f"{len(refunds)} refunds"))
        step = LineStep(
            action=StepAction.REFUNDS,
            who=decided.by,
            reason=decided.reason,
            state_before=line.state,
            at=decided.at,
        )
        await unit.bank.add_step(line.id, step)


async def _locked(unit: Unit, asked: Asked) -> tuple[BankLine, Sequence[Refund]]:
    line = await unit.bank.lock(asked.line_id)
    if line is None:
        message = f"there is no bank line {asked.line_id}"
        raise UnknownLine(message)
    found: list[Refund] = []
    for each in asked.refund_ids:
        refund = await unit.refunds.refund(each)
        if refund is None:
            message = f"there is no refund {each}"
            raise UnknownRefund(message)
        found.append(refund)
    found.sort(key=lambda each: (each.account_id, each.id))
    return line, [await locked_refund(unit, each.id) for each in found]


def _is_done(line: BankLine, refunds: Sequence[Refund]) -> bool:
    """Whether each of them is known to be of that line, and it has nothing more."""
    ours = [each for each in refunds if line.id in {each.paid_by, each.returned_by}]
    return len(ours) == len(refunds) and _comes_to(refunds) == abs(line.line.amount_micro)


def _check(line: BankLine, refunds: Sequence[Refund]) -> None:
    """Raises `RefundNotSo`."""
    why = _why_not_sum(line, refunds)
    if why:
        message = f"bank line {line.id} is not these refunds: {why}; nothing was changed"
        raise RefundNotSo(message)


def _why_not_sum(line: BankLine, refunds: Sequence[Refund]) -> str:
    if line.state is not LineState.BATCH or not line.open:
        return f"it is {line.state}, and no sum whose parts are not told"
    comes_to, micro = _comes_to(refunds), abs(line.line.amount_micro)
    if comes_to != micro:
        return f"they come to {comes_to} micro-units, and it to {micro}"
    for each in refunds:
        why = why_not(each, _part(line, each))
        if why:
            return f"of refund {each.id} {why}"
    return ""


def _part(line: BankLine, refund: Refund) -> BankLine:
    """The line, as if it were that refund alone."""
    sign = 1 if line.line.amount_micro > 0 else -1
    return replace(line, line=replace(line.line, amount_micro=sign * refund.amount_micro))


def _comes_to(refunds: Sequence[Refund]) -> int:
    return sum(each.amount_micro for each in refunds)


def _any_cancelled(refunds: Sequence[Refund]) -> bool:
    return any(each.state is RefundState.CANCELLED for each in refunds)


def _act_of(line: BankLine, asked: Asked) -> Act:
    """About the line."""
    return Act(
        kind=ActKind.REFUND_SUM,
        subject=str(line.id),
        key=None,
        parameters={
            "refund_ids": " ".join(sorted(map(str, asked.refund_ids))),
            "bank_account": line.account,
            "booked_on": line.line.booked_on.isoformat(),
        },
        amount_micro=abs(line.line.amount_micro),
        currency=line.currency,
    )
