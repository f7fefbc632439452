"""Use case: money that reached the wrong account is moved to another one."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.adjustments.ports import Unit
from prepay_ledger.adjustments.rules import (
    act_of_transfer,
    check_currencies,
    check_is_there,
    needs_two,
    transfer_journal,
    transfer_of,
)
from prepay_ledger.adjustments.tell_balance import tell_balance
from prepay_ledger.adjustments.values import Transfer, TransferOrder
from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.refusals import KeyUsedBefore
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.facts.values import Decided
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.ids import new_id


class TransferMoney:
    """Moves money between two accounts: at once, or when a second person approves. What it had
    paid of debts stays paid; at the other account it pays none."""

    def __init__(self, *, review: SupplyReview, terms: ApprovalTerms) -> None:
        self._review = review
        self._terms = terms

    async def __call__(
        self, unit: Unit, *, asked: TransferOrder, now: datetime
    ) -> Transfer | Proposal:
        """The transfer, or the proposal that waits. The same key again changes nothing, and is
        answered as it is by then. Raises `UnknownAccount`, `SameAccount`, `OtherCurrency`,
        `BalanceTooLow`, `KeyUsedBefore` or `AnotherWaits`."""
        from_, to = await _locked(unit, asked)
        known = await unit.adjustments.transfer(asked.key, who=asked.who)
        if known is not None:
            if known.order != asked:
                message = (
                    f"the Idempotency-Key {asked.key} came before with another transfer, "
                    f"{known.id}, which stands; nothing was changed"
                )
                raise KeyUsedBefore(message)
            return known
        act = act_of_transfer(asked, from_.currency)
        waiting = await proposed_before(unit=unit, act=act, who=asked.who)
        if waiting is not None:
            return waiting
        check_currencies(from_, to)
        taken = asked.amount_micro
        check_is_there(from_, taken, may_overdraw=asked.may_overdraw)
        decided = Decided(by=asked.who, reason=asked.reason, at=now)
        about = [str(from_.id), str(to.id)]
        if needs_two(self._terms, from_, taken, taken_micro=taken) or await takes_two(
            unit=unit, act=act, about=about, terms=self._terms, decided=decided
        ):
            return await propose(unit=unit, act=act, decided=decided, term=self._terms.term)
        return await self._move(unit, asked, currency=from_.currency, proposal_id=None, now=now)

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved. Raises `BalanceTooLow` where it is no longer there,
        or `KeyUsedBefore`."""
        by = proposal.proposed
        asked = transfer_of(proposal.act, who=by.by, reason=by.reason)
        from_, to = await _locked(unit, asked)
        check_currencies(from_, to)
        check_is_there(from_, asked.amount_micro, may_overdraw=asked.may_overdraw)
        await self._move(
            unit, asked, currency=from_.currency, proposal_id=proposal.id, now=approved.at
        )

    async def _move(
        self,
        unit: Unit,
        asked: TransferOrder,
        *,
        currency: str,
        proposal_id: UUID | None,
        now: datetime,
    ) -> Transfer:
        transfer_id = new_id()
        journal = transfer_journal(asked, transfer_id=transfer_id, currency=currency)
        journal_id, moved = await unit.journals.post(journal, at=now)
        balances = {each.account_id: each for each in moved}
        transfer = Transfer(
            id=transfer_id,
            order=asked,
            currency=currency,
            from_balance_micro=balances[asked.from_account_id].balance_micro,
            to_balance_micro=balances[asked.to_account_id].balance_micro,
            proposal_id=proposal_id,
            journal_id=journal_id,
            at=now,
        )
        await unit.adjustments.add_transfer(transfer)
        for balance in moved:
            await tell_balance(unit, journal, balance, source=transfer_id, at=now)
        await self._review(unit, list(balances), now=now, caused_at=now)
        return transfer


async def _locked(unit: Unit, asked: TransferOrder) -> tuple[Account, Account]:
    """Both accounts, locked in the order in which whatever moves several locks them."""
    found = dict[UUID, Account]()
    for account_id in sorted({asked.from_account_id, asked.to_account_id}):
        account = await unit.balances.lock(account_id)
        if account is None:
            message = f"account {account_id} does not exist; nothing was changed"
            raise UnknownAccount(message)
        found[account_id] = account
    return found[asked.from_account_id], found[asked.to_account_id]
