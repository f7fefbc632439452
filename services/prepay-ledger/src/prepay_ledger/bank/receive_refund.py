"""Use case: a line of the bank's statement is a refund that went out, or one that came back."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.rules import doubt, ended, names_in
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.bank_files.values import LineKind
from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import UtilityAccount, clearing
from prepay_ledger.refunds.move_refund import locked_refund, move_refund
from prepay_ledger.refunds.ports import HasRefunds
from prepay_ledger.refunds.values import BANK, Refund, RefundState, Step, StepAction, Way
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.ids import new_id

_SAID = "as the bank's statement says"


class ReceiveRefund:
    """Books such lines, whichever of both comes first."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def of_line(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine | None:
        """The line as it ends, where it names a refund; none where it names none. The line is
        locked."""
        found = await self.named_by(unit, line)
        if found is None:
            return None
        refund = await locked_refund(unit, found.id)
        why = why_not(refund, line) or _why_not_by_itself(refund, line)
        if not why and line.line.amount_micro > 0:
            # Told before by a line that names nothing, it is somebody's payment by now.
            doubted = doubt(line, await unit.bank.similar(line))
            why = doubted[0] if doubted else ""
        if why:
            return ended(line, LineState.DOUBTFUL, reason=f"it names refund {refund.id}: {why}")
        decided = Decided(by=BANK, reason=_SAID, at=now)
        return await self.receive(unit, refund, line, key="", decided=decided)

    async def named_by(self, unit: HasRefunds, line: BankLine) -> Refund | None:
        """The refund that the line names, whatever became of it."""
        for name in names_in(line):
            found = await unit.refunds.refund(UUID(name)) if _is_hex(name) else None
            if found is not None:
                return found
        return None

    async def receive(
        self, unit: Unit, refund: Refund, line: BankLine, *, key: str, decided: Decided
    ) -> BankLine:
        """The line as it ends, which `why_not` says nothing against. It is locked, and so is the
        refund's account."""
        micro = line.line.amount_micro
        step = Step(
            id=new_id(),
            refund_id=refund.id,
            action=StepAction.PAY if micro < 0 else StepAction.RETURN,
            amount_micro=abs(micro),
            key=key,
            decided=decided,
            journal_id=0,
            bank_line=line.id,
        )
        if micro < 0:
            await self._paid(unit, refund, line, step)
            return ended(line, LineState.REFUND, reason=f"refund {refund.id}")
        after = replace(
            refund,
            state=RefundState.RETURNED,
            returned_by=line.id,
            returned_in_sum=_is_sum(line),
            returned_micro=micro,
        )
        await move_refund(
            unit, after, step, balance_micro=micro, postings={clearing(line.provider): -micro}
        )
        await self._review(unit, [refund.account_id], now=decided.at, caused_at=decided.at)
        return ended(line, LineState.REFUND_RETURNED, reason=f"refund {refund.id}")

    async def _paid(self, unit: Unit, refund: Refund, line: BankLine, step: Step) -> None:
        went = {clearing(line.provider): refund.amount_micro}
        if refund.state is RefundState.CANCELLED:
            # The account has had it again since: it went all the same, and is taken off once more.
            after = replace(
                refund, state=RefundState.PAID, paid_by=line.id, paid_in_sum=_is_sum(line)
            )
            await move_refund(unit, after, step, balance_micro=-refund.amount_micro, postings=went)
            now = step.decided.at
            await self._review(unit, [refund.account_id], now=now, caused_at=now)
            return
        is_back = refund.state is RefundState.RETURNED
        after = replace(
            refund,
            state=refund.state if is_back else RefundState.PAID,
            paid_by=line.id,
            paid_in_sum=_is_sum(line),
        )
        postings = {UtilityAccount.REFUNDS_IN_TRANSIT: -refund.amount_micro, **went}
        await move_refund(unit, after, step, balance_micro=0, postings=postings)


def why_not(refund: Refund, line: BankLine) -> str:
    """Why the line cannot be that refund going out or coming back; empty where it can."""
    if line.currency != refund.currency:
        return f"it is in {line.currency}, and the refund in {refund.currency}"
    if refund.way is not Way.BANK:
        by = "in cash" if refund.way is Way.CASH else "through a provider"
        return f"the refund is paid {by}"
    micro = line.line.amount_micro
    return _why_not_gone(refund, -micro) if micro < 0 else _why_not_back(refund, micro)


def _why_not_gone(refund: Refund, micro: int) -> str:
    if refund.paid_by is not None:
        return f"the refund went as bank line {refund.paid_by}"
    return "" if micro == refund.amount_micro else f"the refund is {refund.amount_micro}"


def _why_not_back(refund: Refund, micro: int) -> str:
    if refund.returned_by is not None:
        return f"the refund came back by bank line {refund.returned_by}"
    if refund.state is RefundState.CANCELLED:
        return "the refund was cancelled: say first which line it went as"
    return "" if micro <= refund.amount_micro else f"the refund was {refund.amount_micro}"


def _why_not_by_itself(refund: Refund, line: BankLine) -> str:
    if abs(line.line.amount_micro) != refund.amount_micro:
        return f"the refund was {refund.amount_micro} micro-units"
    if refund.state is RefundState.CANCELLED:
        return "it was cancelled, and its account has had the money since"
    return ""


def may_be_refund(line: BankLine) -> bool:
    """Whether a person may say that it is a refund: money that went out, or came back."""
    if line.payment is not None:
        return False
    went_out = line.state is LineState.DEBIT
    is_doubtful = line.state is LineState.DOUBTFUL and line.line.kind is not LineKind.BATCH
    return went_out or is_doubtful or line.state is LineState.RETURNED_TO_US


def _is_sum(line: BankLine) -> bool:
    return line.line.kind is LineKind.BATCH


def _is_hex(name: str) -> bool:
    return all(each in "0123456789abcdef" for each in name)
