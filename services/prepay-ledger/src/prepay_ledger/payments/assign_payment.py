"""Use case: money in suspense is given to an account."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.journal.values import UtilityAccount
from prepay_ledger.payments.credit import Decided, credit
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.suspense import (
    OtherCurrency,
    SecondPerson,
    is_in_suspense,
    left_of,
    locked,
)
from prepay_ledger.payments.values import PaymentOutcome, Resolution, ResolutionAction
from prepay_ledger.supply.review_supply import SupplyReview


class AssignPayment:
    """Gives money in suspense to an account, which reconnects as with any payment."""

    def __init__(self, *, review: SupplyReview, second_person: SecondPerson) -> None:
        self._review = review
        self._second_person = second_person

    async def __call__(
        self,
        *,
        unit: Unit,
        payment: UUID,
        account_id: UUID | None,
        account_number: str | None,
        decided: Decided,
        now: datetime,
    ) -> None:
        """The account by id or by number. Asked again for the same account, nothing changes. A high
        amount waits until a second person asks for the same.

        Raises `UnknownPayment`, `UnknownAccount`, `NotInSuspense` or `OtherCurrency`.
        """
        known = await locked(unit, payment)
        account = await _account(unit, account_id=account_id, number=account_number)
        if not await is_in_suspense(
            unit, known, asked=ResolutionAction.ASSIGNED, account_id=account.id
        ):
            return
        if account.currency != known.payment.currency:
            message = (
                f"account {account.number} is in {account.currency}, the payment in "
                f"{known.payment.currency}: choose an account in {known.payment.currency} or "
                "return the payment; nothing was changed"
            )
            raise OtherCurrency(message)
        if not await self._second_person.has_agreed(
            unit,
            known,
            asked=ResolutionAction.ASSIGNED,
            account_id=account.id,
            decided=decided,
            now=now,
        ):
            return
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
            payment,
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
        await unit.payments.add_topup(payment, credited, at=now)


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
