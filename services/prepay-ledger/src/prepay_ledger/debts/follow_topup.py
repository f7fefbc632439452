"""Use case: what a top-up paid of debts follows what its provider leaves of it."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.debts.load_terms import load_terms
from prepay_ledger.debts.local_day import local_day
from prepay_ledger.debts.move_debt import move
from prepay_ledger.debts.ports import SplittingUnit
from prepay_ledger.debts.rules import (
    is_held,
    is_paused,
    keep_above_micro,
    payable_micro,
    still_paid_micro,
)
from prepay_ledger.debts.values import Debt, topup_source
from prepay_ledger.journal.values import Balance


class Followed(NamedTuple):
    """What is owed again (below zero: was paid again), and the balance then."""

    owed_again_micro: int
    balance: Balance


async def follow_topup(
    *,
    unit: SplittingUnit,
    account: Account,
    payment: UUID,
    left_micro: int,
    moved: Balance,
    journal_id: int,
    at: datetime,
) -> Followed:
    """Of the payment its provider leaves ``left_micro``, as ``journal_id`` has posted: ``moved`` is
    the balance since. Debts keep that part of what they were paid; the rest is owed again, and the
    balance has it back, so that money which paid a debt starts no cut. What comes back pays them
    again, as far as any top-up would. ``account``: as it was locked.
    """
    owed_again_micro = 0
    for paid in await unit.debts.paid_by_topup(account.id, payment):
        debt = await unit.debts.lock(paid.debt_id)
        assert debt is not None, "a debt stays, paid or not"
        micro = paid.now_micro - still_paid_micro(paid, left_micro=left_micro)
        if micro < 0:
            now = replace(account, balance_micro=moved.balance_micro)
            micro = -await _payable_again_micro(unit, now, debt, -micro, at=at)
        if micro:
            await unit.debts.put_paid(replace(debt, paid_micro=debt.paid_micro - micro))
            source = f"{topup_source(debt.id, payment, paid.journal_id)}/{journal_id}"
            moved = await move(unit, debt, micro, source=source, at=at)
            owed_again_micro += micro
    return Followed(owed_again_micro, moved)


async def _payable_again_micro(
    unit: SplittingUnit, account: Account, debt: Debt, micro: int, *, at: datetime
) -> int:
    today = await local_day(unit, debt, at=at)
    terms = (await load_terms(unit, [account.id], at=at))[account.id]
    if is_paused(account.supply_state, terms) or is_held(debt, today):
        return 0
    return payable_micro(
        min(micro, debt.left_micro),
        balance_micro=account.balance_micro,
        keep_above_micro=keep_above_micro(account, terms),
    )
