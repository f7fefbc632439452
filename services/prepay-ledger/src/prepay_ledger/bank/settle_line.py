"""Use case: a person deals with a line that waits for one."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.refusals import LineNotOpen, NotTakeable, UnknownLine
from prepay_ledger.bank.take_line import TakeLine
from prepay_ledger.bank.values import BankLine, ByHand, LineState, LineStep, StepAction
from prepay_ledger.bank_files.values import LineKind
from prepay_ledger.facts import values as facts
from prepay_ledger.payments.credit import Decided


class SettleLine:
    """Takes a line as a payment of its own, has one that failed tried again, or closes it. Of a
    doubtful line of much money a second person has to approve that it is a payment."""

    def __init__(self, *, take_line: TakeLine, terms: ApprovalTerms) -> None:
        self._take_line = take_line
        self._terms = terms

    async def __call__(
        self, unit: Unit, *, line_id: UUID, action: ByHand, decided: Decided, now: datetime
    ) -> Proposal | None:
        """The proposal that waits, if it is none of one person's. Raises `UnknownLine`,
        `LineNotOpen`, `NotTakeable` or `AnotherWaits`."""
        line = await _open(unit, line_id)
        match action:
            case StepAction.CLOSE:
                after = replace(line, open=False)
            case StepAction.TAKE if line.state is LineState.FAILED:
                after = replace(line, state=LineState.WAITING, reason="", open=False)
            case StepAction.TAKE:
                await self._check_takeable(unit, line)
                by = facts.Decided(by=decided.who, reason=decided.reason, at=now)
                act, terms = _act_of(line), self._terms
                if await takes_two(
                    unit=unit, act=act, about=[act.subject], terms=terms, decided=by
                ):
                    return await propose(unit=unit, act=act, decided=by, term=terms.term)
                after = await self._take_line.take(unit, line, now=now)
        await self._step(unit, line, after, action=action, decided=decided, now=now)
        return None

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: facts.Decided) -> None:
        """What a second person has approved. Raises `LineNotOpen` or `NotTakeable` where somebody
        dealt with the line meanwhile."""
        by = proposal.proposed
        line = await _open(unit, UUID(proposal.act.subject))
        await self._check_takeable(unit, line)
        after = await self._take_line.take(unit, line, now=approved.at)
        await self._step(
            unit,
            line,
            after,
            action=StepAction.TAKE,
            decided=Decided(by.by, by.reason),
            now=approved.at,
        )

    async def _check_takeable(self, unit: Unit, line: BankLine) -> None:
        """Raises `NotTakeable`."""
        if line.state is not LineState.DOUBTFUL or line.line.kind is not LineKind.CREDIT:
            why = f"is {line.state}: it is no payment of its own"
        elif no_payment := await self._take_line.why_no_payment(unit, line):
            why = f"is no payment of its own: {no_payment}"
        else:
            return
        message = f"bank line {line.id} {why}; close it once it is dealt with; nothing was changed"
        raise NotTakeable(message)

    async def _step(
        self,
        unit: Unit,
        line: BankLine,
        after: BankLine,
        *,
        action: StepAction,
        decided: Decided,
        now: datetime,
    ) -> None:
        await unit.bank.change(after)
        step = LineStep(
            action=action,
            who=decided.who,
            reason=decided.reason,
            state_before=line.state,
            at=now,
        )
        await unit.bank.add_step(line.id, step)


async def _open(unit: Unit, line_id: UUID) -> BankLine:
    """The line, locked. Raises `UnknownLine` or `LineNotOpen`."""
    line = await unit.bank.lock(line_id)
    if line is None:
        message = f"there is no bank line {line_id}"
        raise UnknownLine(message)
    if not line.open:
        message = f"bank line {line_id} is {line.state} and not open; nothing was changed"
        raise LineNotOpen(message)
    return line


def _act_of(line: BankLine) -> Act:
    return Act(
        kind=ActKind.BANK_LINE,
        subject=str(line.id),
        key=None,
        parameters={
            "action": StepAction.TAKE.value,
            "bank_account": line.account,
            "booked_on": line.line.booked_on.isoformat(),
        },
        amount_micro=line.line.amount_micro,
        currency=line.currency,
    )
