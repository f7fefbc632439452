"""Use case: a line of the bank's statement is the money of a deposit that came or went, or what a
guarantee's issuer has paid."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.rules import ended, names_in, words_in
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.deposits.values import Deposit, MatchedStep, Step
from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import Journal, UtilityAccount, clearing

BANK = "bank"
"""Who says what a line of a bank's statement says by itself."""
_SAID = "as the bank's statement says"


class ReceiveDeposit:
    """Books such lines once a person has said that the money is held, went back, or was paid by the
    issuer: `bank` of the utility's accounts has it until then."""

    async def of_line(self, unit: Unit, line: BankLine, *, now: datetime) -> BankLine | None:
        """The line as it ends, where it names a deposit; none where it names none. The line is
        locked."""
        by_id = await self.named_by(unit, line)
        named = [by_id] if by_id is not None else await _of_paper(unit, line)
        for each in named:
            step = await waiting_step(unit, each, line)
            if step is not None:
                decided = Decided(by=BANK, reason=_SAID, at=now)
                return await self.receive(unit, each, step, line, decided=decided)
        if by_id is None:
            return None
        reason = f"it names deposit {by_id.id}, of which nothing of that amount waits for the bank"
        return ended(line, LineState.DOUBTFUL, reason=reason)

    async def named_by(self, unit: Unit, line: BankLine) -> Deposit | None:
        """The deposit that the line names by its id, whatever became of it."""
        for name in names_in(line):
            try:
                found = await unit.deposits.deposit(UUID(name))
            except ValueError:
                continue
            if found is not None:
                return found
        return None

    async def receive(
        self, unit: Unit, deposit: Deposit, step: Step, line: BankLine, *, decided: Decided
    ) -> BankLine:
        """The line as it ends. It is locked, and so is the deposit's account; no payment is of
        it."""
        micro = line.line.amount_micro
        journal_id, _ = await unit.journals.post(
            Journal(
                kind="deposit-line",
                source=f"{step.id}/{line.id}",
                currency=line.currency,
                entries=(),
                postings={UtilityAccount.BANK: micro, clearing(line.provider): -micro},
            ),
            at=decided.at,
        )
        await unit.deposits.match(
            MatchedStep(
                step_id=step.id,
                bank_line=line.id,
                journal_id=journal_id,
                decided=decided,
            )
        )
        return ended(line, LineState.DEPOSIT, reason=f"deposit {deposit.id}")


async def waiting_step(unit: Unit, deposit: Deposit, line: BankLine) -> Step | None:
    """The oldest step of the deposit that may be the line; the account is locked from here on."""
    if line.currency != deposit.terms.currency:
        return None
    await unit.balances.lock(deposit.account_id)
    return await unit.deposits.waiting_step(deposit.id, line.line.amount_micro)


async def _of_paper(unit: Unit, line: BankLine) -> Sequence[Deposit]:
    """Guarantees whose paper it names, where money came."""
    return await unit.deposits.of_papers(words_in(line)) if line.line.amount_micro > 0 else ()
