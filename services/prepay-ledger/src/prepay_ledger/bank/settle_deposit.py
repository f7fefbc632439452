"""Use case: a person says which line of the bank a deposit's money came by, or went as."""

from uuid import UUID

from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.receive_debit import ReceiveDebit
from prepay_ledger.bank.receive_deposit import ReceiveDeposit, waiting_step
from prepay_ledger.bank.receive_payout import ReceivePayout, is_in_suspense_still
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.refusals import UnknownLine
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.bank_files.values import LineKind
from prepay_ledger.deposits.move_deposit import locked_deposit, refuse
from prepay_ledger.deposits.values import Deposit, Step
from prepay_ledger.facts.values import Decided
from prewatt_common.ids import new_id


class SettleDeposit:
    """Does that: a line in suspense leaves it first. No account gets anything by it, for what is
    held was approved as it was held."""

    def __init__(
        self,
        *,
        receive_deposit: ReceiveDeposit,
        receive_refund: ReceiveRefund,
        receive_debit: ReceiveDebit,
        receive_payout: ReceivePayout,
    ) -> None:
        self._receive_deposit = receive_deposit
        self._receive_refund = receive_refund
        self._receive_debit = receive_debit
        self._receive_payout = receive_payout

    async def __call__(
        self, unit: Unit, *, deposit_id: UUID, line_id: UUID, decided: Decided
    ) -> Step:
        """The step that the line is of. The line is locked first, then its payment, then the
        account. The same again changes nothing. Raises `UnknownDeposit`, `UnknownLine` or
        `DepositRefused`."""
        line = await unit.bank.lock(line_id)
        if line is None:
            message = f"there is no bank line {line_id}"
            raise UnknownLine(message)
        if line.payment is not None:
            # Before the account, as whoever places what is in suspense does.
            await unit.payments.lock_by_payment_id(
                provider=line.provider, payment_id=line.payment_id
            )
        deposit = await locked_deposit(unit, deposit_id)
        known = await unit.deposits.step_of_line(line_id)
        if known is not None and known.deposit_id == deposit_id:
            return known
        step = await waiting_step(unit, deposit, line)
        if step is None:
            refuse(
                f"of deposit {deposit_id} nothing of {line.line.amount_micro} micro-units of "
                f"{line.currency} waits for the bank: hold, receive or release it first"
            )
        assert step is not None, "refused just now"
        refuse(await self._why_not(unit, line, deposit))
        if line.payment is not None:
            await self._receive_payout.out_of_suspense(unit, line, new_id(), now=decided.at)
        await unit.bank.change(
            await self._receive_deposit.receive(unit, deposit, step, line, decided=decided)
        )
        found = await unit.deposits.step_of_line(line_id)
        assert found is not None, "it was matched above"
        return found

    async def _why_not(self, unit: Unit, line: BankLine, deposit: Deposit) -> str | None:
        named = await self._receive_refund.named_by(unit, line)
        if named is not None:
            return f"bank line {line.id} names refund {named.id}"
        debit = await self._receive_debit.named_by(unit, line)
        if debit is not None:
            return f"bank line {line.id} names debit {debit.name}"
        other = await self._receive_deposit.named_by(unit, line)
        if other is not None and other.id != deposit.id:
            return f"bank line {line.id} names deposit {other.id}"
        if line.state is LineState.SUSPENSE:
            is_free = await is_in_suspense_still(unit, line)
            return None if is_free else f"bank line {line.id} was placed by somebody, or sent back"
        is_open = line.state is LineState.DOUBTFUL and line.payment is None
        may_be = is_open and line.line.kind is not LineKind.BATCH
        if may_be or line.state in {LineState.DEBIT, LineState.RETURNED_TO_US}:
            return None
        return f"bank line {line.id} is {line.state}"
