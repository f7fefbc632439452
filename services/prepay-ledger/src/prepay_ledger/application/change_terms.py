"""Use case: an account's limits or its protection change, and its supply with them."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.application.manage_accounts import UnknownAccount
from prepay_ledger.application.ports import Unit
from prepay_ledger.application.review_supply import SupplyReview
from prepay_ledger.domain.accounts import Terms


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
