"""Use case: an account's limits or its protection change, and its supply with them."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.accounts.ports import Unit
from prepay_ledger.accounts.values import Terms
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.supply.review_supply import SupplyReview


class ChangeTerms:
    """Changes what is given and decides anew."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(self, *, unit: Unit, account_id: UUID, terms: Terms, now: datetime) -> None:
        """Raises `UnknownAccount`."""
        if not await unit.accounts.change_terms(account_id, terms):
            message = f"account {account_id} does not exist"
            raise UnknownAccount(message)
        await self._review(unit, [account_id], now=now, caused_at=now)
