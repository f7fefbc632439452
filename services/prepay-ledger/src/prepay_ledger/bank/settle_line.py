"""Use case: a person deals with a line that waits for one."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.refusals import LineNotOpen, NotTakeable, UnknownLine
from prepay_ledger.bank.take_line import TakeLine
from prepay_ledger.bank.values import BankLine, LineState, LineStep, StepAction
from prepay_ledger.bank_files.values import LineKind
from prepay_ledger.payments.credit import Decided


class SettleLine:
    """Takes a line as a payment of its own, has one that failed tried again, or closes it."""

    def __init__(self, *, take_line: TakeLine) -> None:
        self._take_line = take_line

    async def __call__(
        self, unit: Unit, *, line_id: UUID, action: StepAction, decided: Decided, now: datetime
    ) -> None:
        """Raises `UnknownLine`, `LineNotOpen` or `NotTakeable`."""
        line = await unit.bank.lock(line_id)
        if line is None:
            message = f"there is no bank line {line_id}"
            raise UnknownLine(message)
        if not line.open:
            message = f"bank line {line_id} is {line.state} and not open; nothing was changed"
            raise LineNotOpen(message)
        match action:
            case StepAction.CLOSE:
                after = replace(line, open=False)
            case StepAction.TAKE:
                after = await self._taken(unit, line, now=now)
        await unit.bank.change(after)
        step = LineStep(
            action=action,
            who=decided.who,
            reason=decided.reason,
            state_before=line.state,
            at=now,
        )
        await unit.bank.add_step(line_id, step)

    async def _taken(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine:
        if line.state is LineState.FAILED:
            return replace(line, state=LineState.WAITING, reason="", open=False)
        if line.state is not LineState.DOUBTFUL or line.line.kind is not LineKind.CREDIT:
            message = (
                f"bank line {line.id} is {line.state}: it is no payment of its own; close it once "
                "it is dealt with; nothing was changed"
            )
            raise NotTakeable(message)
        return await self._take_line.credit(unit, line, now=now)
