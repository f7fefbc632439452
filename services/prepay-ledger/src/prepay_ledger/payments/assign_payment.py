"""Use case: money in suspense is given to an account."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.facts import values as facts
from prepay_ledger.journal.values import UtilityAccount
from prepay_ledger.payments.credit import Decided, credit
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.suspense import (
    OtherCurrency,
    check_is_left,
    is_in_suspense,
    left_of,
    locked,
)
from prepay_ledger.payments.values import KnownPayment, PaymentOutcome, Resolution, ResolutionAction
from prepay_ledger.supply.review_supply import SupplyReview


class AssignPayment:
    """Gives money in suspense to an account, which reconnects as with any payment."""

    def __init__(self, *, review: SupplyReview, terms: ApprovalTerms) -> None:
        self._review = review
        self._terms = terms

    async def __call__(
        self,
        *,
        unit: Unit,
        payment: UUID,
        account_id: UUID | None,
        account_number: str | None,
        decided: Decided,
        now: datetime,
    ) -> Proposal | None:
        """The account by id or by number. Asked again for the same account, nothing changes. Of a
        high amount the proposal that waits for a second person.

        Raises `UnknownPayment`, `UnknownAccount`, `NotInSuspense`, `OtherCurrency` or
        `AnotherWaits`.
        """
        known = await locked(unit, payment)
        account = await _account(unit, account_id=account_id, number=account_number)
        if not await is_in_suspense(
            unit, known, asked=ResolutionAction.ASSIGNED, account_id=account.id
        ):
            return None
        if account.currency != known.payment.currency:
            message = (
                f"account {account.number} is in {account.currency}, the payment in "
                f"{known.payment.currency}: choose an account in {known.payment.currency} or "
                "return the payment; nothing was changed"
            )
            raise OtherCurrency(message)
        by = facts.Decided(by=decided.who, reason=decided.reason, at=now)
        act, terms = _act_of(known, account), self._terms
        if await takes_two(unit=unit, act=act, about=[str(account.id)], terms=terms, decided=by):
            return await propose(unit=unit, act=act, decided=by, term=terms.term)
        await self._assign(unit, known, account, decided=decided, now=now)
        return None

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: facts.Decided) -> None:
        """What a second person has approved. Raises `NotInSuspense` or `LessIsLeft` where its money
        went elsewhere meanwhile."""
        act, by = proposal.act, proposal.proposed
        known = await locked(unit, UUID(act.subject))
        account_id = UUID(str(act.parameters["account_id"]))
        account = await _account(unit, account_id=account_id, number=None)
        if not await is_in_suspense(
            unit, known, asked=ResolutionAction.ASSIGNED, account_id=account.id
        ):
            return
        check_is_left(known, act.amount_micro)
        await self._assign(unit, known, account, decided=Decided(by.by, by.reason), now=approved.at)

    async def _assign(
        self, unit: Unit, known: KnownPayment, account: Account, *, decided: Decided, now: datetime
    ) -> None:
        credited = await credit(
            unit,
            review=self._review,
            payment=left_of(known),
            payment_id=known.id,
            account=account,
            kind="suspense-assigned",
            taken_from=UtilityAccount.SUSPENSE,
            decided=decided,
            now=now,
        )
        await unit.payments.resolve(
            known.id,
            Resolution(
                action=ResolutionAction.ASSIGNED,
                account_id=account.id,
                who=decided.who,
                reason=decided.reason,
                journal_id=credited.journal_id,
                at=now,
            ),
            outcome=PaymentOutcome.CREDITED,
        )
        await unit.payments.add_topup(known.id, credited, at=now)


def _act_of(known: KnownPayment, account: Account) -> Act:
    return Act(
        kind=ActKind.SUSPENSE_ASSIGNMENT,
        subject=str(known.id),
        key=None,
        parameters={"account_id": str(account.id), "account_number": account.number},
        amount_micro=left_of(known).amount_micro,
        currency=known.payment.currency,
    )


async def _account(unit: Unit, *, account_id: UUID | None, number: str | None) -> Account:
    if account_id is not None:
        account = await unit.balances.lock(account_id)
    else:
        assert number is not None, "the API asks for one of them"
        account = await unit.balances.lock_by_number(number)
    if account is None:
        message = f"account {account_id or number} does not exist; nothing was changed"
        raise UnknownAccount(message)
    return account
