"""Use case: debts are paid off from the balance: by due instalments, or a part of a top-up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.debts.load_terms import load_terms
from prepay_ledger.debts.local_day import local_days
from prepay_ledger.debts.move_debt import move
from prepay_ledger.debts.ports import SplittingUnit
from prepay_ledger.debts.rules import (
    asked_of_balance_micro,
    came_back_lately,
    due_micro,
    is_bridging,
    is_held,
    is_paused,
    keep_above_micro,
    payable_micro,
    share_micro,
    taken,
)
from prepay_ledger.debts.values import DEBT, Collecting, Debt, DebtTerms, topup_source
from prepay_ledger.journal.values import Balance
from prewatt_common.contracts.ledger_events_v1 import DebtNews
from prewatt_common.ids import new_id


class PaidOff(NamedTuple):
    """What a top-up paid of each debt, what is still owed, and the balance then."""

    paid_off: Mapping[UUID, int]
    owed_micro: int
    balance: Balance


async def pay_off(
    *, unit: SplittingUnit, account_ids: Sequence[UUID], today: date, at: datetime
) -> int:
    """What is due of the accounts' debts is taken from their balances, as far as these stay above
    where the customer is warned, an instalment a month of each debt at most, and none soon after
    supply came back; the rest is held over, and what the customer's bank is asked for is left to
    that. Gives how much in all. Each account's row is locked, then its debts."""
    terms = await load_terms(unit, account_ids, at=at)
    back_at = await unit.debts.supply_back_at(account_ids)
    taken_micro = 0
    for account_id in account_ids:
        account = await unit.balances.lock(account_id)
        assert account is not None, "whoever owes has an account"
        its_terms = terms[account_id]
        if is_paused(account.supply_state, its_terms) or is_bridging(account, its_terms):
            continue
        if came_back_lately(back_at.get(account_id), its_terms, at=at):
            continue
        debts = await unit.debts.lock_of(account_id)
        collected = await unit.debts.collected(account_id)
        paid = await _pay(
            unit,
            account,
            debts,
            lambda debt, its=collected: asked_of_balance_micro(debt, today, its),
            None,
            terms=its_terms,
            month_of=today,
            at=at,
        )
        paid_micro = sum(moved for moved, _ in paid)
        if paid_micro:
            await unit.debt_news.add(account_id, DebtNews.PAID, paid_micro, at=at)
        taken_micro += paid_micro
    return taken_micro


async def pay_collected(
    unit: SplittingUnit,
    account: Account,
    amount_micro: int,
    credited: Balance,
    *,
    of: Collecting,
    payment: UUID,
    journal_id: int,
    at: datetime,
) -> tuple[int, Balance]:
    """What was collected for an instalment, and was ``credited`` by ``journal_id``, pays it, as far
    as it is still due; gives how much, and the balance then. The rest stays in the balance: the
    instalment was paid otherwise meanwhile, or is to be paid later by now. The balance is as it was
    before the money came, so nothing keeps it from paying."""
    debt = await unit.debts.lock(of.debt_id)
    if debt is None or debt.account_id != account.id:
        return 0, credited
    collected = await unit.debts.collected(account.id)
    micro = min(amount_micro, due_micro(debt, of.due_on, collected=collected))
    if not micro:
        return 0, credited
    await unit.debts.put_paid(replace(debt, paid_micro=debt.paid_micro + micro))
    source = topup_source(debt.id, payment, journal_id)
    return micro, await move(unit, debt, -micro, source=source, at=at)


async def pay_from_topup(
    unit: SplittingUnit,
    account: Account,
    topup_micro: int,
    credited: Balance,
    *,
    payment: UUID,
    journal_id: int,
    at: datetime,
) -> PaidOff:
    """What was agreed of a top-up pays debts; ``topup_micro`` is what it did not repay of emergency
    credit. ``account``: as it was locked before the top-up was ``credited`` by ``journal_id``;
    ``payment``: ours of its ids."""
    debts = await unit.debts.lock_of(account.id)
    owed_micro = sum(debt.left_micro for debt in debts)
    if all(debt.topup_share_ppm is None for debt in debts):
        return PaidOff({}, owed_micro, credited)
    terms = (await load_terms(unit, [account.id], at=at))[account.id]
    if is_paused(account.supply_state, terms):
        return PaidOff({}, owed_micro, credited)
    since = at - timedelta(days=terms.topup_cap_days)
    lately_micro = await unit.debts.paid_by_topups_micro(account.id, since=since)
    topped_up = replace(account, balance_micro=credited.balance_micro)
    paid: dict[UUID, int] = {}
    balance = credited
    left_micro = topup_micro * terms.topup_share_max_ppm // 1_000_000
    days = await local_days(unit, debts, at=at)
    for debt in debts:
        # What one debt was paid of the top-up is gone for the next.
        share = min(
            left_micro, share_micro(topup_micro, debt, terms, paid_lately_micro=lately_micro)
        )
        if is_held(debt, days[debt.id]):
            continue
        source = topup_source(debt.id, payment, journal_id)
        some = await _pay(
            unit, topped_up, [debt], lambda _, micro=share: micro, source, terms=terms, at=at
        )
        for moved_micro, balance in some:
            left_micro -= moved_micro
            lately_micro += moved_micro
            topped_up = replace(topped_up, balance_micro=balance.balance_micro)
            paid[debt.id] = moved_micro
    return PaidOff(paid, owed_micro - sum(paid.values()), balance)


async def _pay(
    unit: SplittingUnit,
    account: Account,
    debts: Sequence[Debt],
    asked_micro: Callable[[Debt], int],
    source: str | None,
    *,
    terms: DebtTerms,
    at: datetime,
    month_of: date | None = None,
) -> list[tuple[int, Balance]]:
    """Each amount, and the balance after it. ``source``: none for instalments, which ``month_of``
    is the day of."""
    paid: list[tuple[int, Balance]] = []
    balance_micro = account.balance_micro
    for debt in debts:
        micro = payable_micro(
            asked_micro(debt),
            balance_micro=balance_micro,
            keep_above_micro=keep_above_micro(account, terms),
        )
        if micro:
            now = replace(debt, paid_micro=debt.paid_micro + micro)
            if month_of is not None:
                now = taken(now, micro, month_of)
            await unit.debts.put_paid(now)
            # What was paid in all may fall again: it names nothing.
            named = source or f"{DEBT}/{debt.id}/{new_id()}"
            balance = await move(unit, debt, -micro, source=named, at=at)
            balance_micro = balance.balance_micro
            paid.append((micro, balance))
    return paid
