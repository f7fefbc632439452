"""Use case: a balance is adjusted by hand."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.adjustments.ports import Unit
from prepay_ledger.adjustments.rules import (
    act_of_adjustment,
    adjustment_journal,
    adjustment_of,
    check_is_there,
    check_sign,
    needs_two,
)
from prepay_ledger.adjustments.tell_balance import tell_balance
from prepay_ledger.adjustments.values import Adjustment, AdjustmentOrder
from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.refusals import KeyUsedBefore
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.facts.values import Decided
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.ids import new_id


class AdjustAccount:
    """Gives to a balance or takes from it: at once, or when a second person approves. Debts are not
    paid by it: that is agreed of top-ups."""

    def __init__(self, *, review: SupplyReview, terms: ApprovalTerms) -> None:
        self._review = review
        self._terms = terms

    async def __call__(
        self, unit: Unit, *, asked: AdjustmentOrder, now: datetime
    ) -> Adjustment | Proposal:
        """The adjustment, or the proposal that waits. The same key again changes nothing, and is
        answered as it is by then. Raises `UnknownAccount`, `CauseOfOtherSign`, `BalanceTooLow`,
        `KeyUsedBefore` or `AnotherWaits`."""
        account = await _locked(unit, asked.account_id)
        known = await unit.adjustments.adjustment(asked.key, who=asked.who)
        if known is not None:
            if known.order != asked:
                message = (
                    f"the Idempotency-Key {asked.key} came before with another adjustment, "
                    f"{known.id}, which stands; nothing was changed"
                )
                raise KeyUsedBefore(message)
            return known
        act = act_of_adjustment(asked, account.currency)
        waiting = await proposed_before(unit=unit, act=act, who=asked.who)
        if waiting is not None:
            return waiting
        taken = -asked.amount_micro
        check_sign(asked.cause, asked.amount_micro)
        check_is_there(account, taken, may_overdraw=asked.may_overdraw)
        decided = Decided(by=asked.who, reason=asked.reason, at=now)
        if needs_two(
            self._terms, account, asked.amount_micro, taken_micro=taken
        ) or await takes_two(
            unit=unit, act=act, about=[act.subject], terms=self._terms, decided=decided
        ):
            return await propose(unit=unit, act=act, decided=decided, term=self._terms.term)
        return await self._adjust(unit, account, asked, proposal_id=None, now=now)

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved. Raises `BalanceTooLow` where it is no longer there,
        or `KeyUsedBefore`."""
        by = proposal.proposed
        asked = adjustment_of(proposal.act, who=by.by, reason=by.reason)
        account = await _locked(unit, asked.account_id)
        check_is_there(account, -asked.amount_micro, may_overdraw=asked.may_overdraw)
        await self._adjust(unit, account, asked, proposal_id=proposal.id, now=approved.at)

    async def _adjust(
        self,
        unit: Unit,
        account: Account,
        asked: AdjustmentOrder,
        *,
        proposal_id: UUID | None,
        now: datetime,
    ) -> Adjustment:
        adjustment_id = new_id()
        journal = adjustment_journal(asked, adjustment_id=adjustment_id, currency=account.currency)
        journal_id, (balance,) = await unit.journals.post(journal, at=now)
        adjustment = Adjustment(
            id=adjustment_id,
            order=asked,
            currency=account.currency,
            balance_micro=balance.balance_micro,
            proposal_id=proposal_id,
            journal_id=journal_id,
            at=now,
        )
        await unit.adjustments.add_adjustment(adjustment)
        await tell_balance(unit, journal, balance, source=adjustment_id, at=now)
        await self._review(unit, [account.id], now=now, caused_at=now)
        return adjustment


async def _locked(unit: Unit, account_id: UUID) -> Account:
    account = await unit.balances.lock(account_id)
    if account is None:
        message = f"account {account_id} does not exist; nothing was changed"
        raise UnknownAccount(message)
    return account
