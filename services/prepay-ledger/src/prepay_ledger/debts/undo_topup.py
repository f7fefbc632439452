"""Use case: what a top-up paid of a debt is owed again, because the top-up was taken back."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.debts.move_debt import move
from prepay_ledger.debts.ports import PostingUnit
from prepay_ledger.debts.values import TOPUP


async def undo_topup(
    *, unit: PostingUnit, debt_id: UUID, micro: int, cause: str, at: datetime
) -> None:
    """The debt grows, and the balance with it, so that taking the top-up back leaves both as they
    were, and a debt still starts no cut. It counts against what top-ups paid lately. The caller
    holds the account's row."""
    debt = await unit.debts.lock(debt_id)
    assert debt is not None, "a debt stays, paid or not"
    assert debt.paid_micro >= micro, "what was paid is undone once"
    await unit.debts.put_paid(replace(debt, paid_micro=debt.paid_micro - micro))
    await move(unit, debt, micro, source=f"{TOPUP}/{debt.id}/undone/{cause}", at=at)
