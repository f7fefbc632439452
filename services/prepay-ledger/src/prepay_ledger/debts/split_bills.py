"""Use case: corrected bills are split between balance, debts, and what the law bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from uuid import UUID

from prepay_ledger.debts.load_terms import load_terms
from prepay_ledger.debts.move_debt import join_debt, move, record_debt, write_off
from prepay_ledger.debts.ports import SplittingUnit
from prepay_ledger.debts.rules import corrected_by, is_split, may_join, split, turn_of
from prepay_ledger.debts.values import (
    Bill,
    Debt,
    DebtTerms,
    NewDebt,
    Origin,
    Split,
)
from prewatt_common.contracts.ledger_events_v1 import DebtNews


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodBill:
    """A difference to the bill of a period, posted to the balance in this transaction. ``source``
    tells it from all others of the account."""

    account_id: UUID
    origin: Origin
    source: str
    bill: Bill


async def split_bills(unit: SplittingUnit, bills: Iterable[PeriodBill], *, at: datetime) -> None:
    """Differences that were posted to balances go where they belong, before the supply is
    reviewed. The accounts' rows are held since their balances moved."""
    known = [each for each in bills if each.bill.amount_micro]
    terms = await load_terms(unit, {each.account_id for each in known}, at=at)
    moved = [each for each in known if is_split(each.bill, terms[each.account_id])]
    moved.sort(key=lambda each: (each.account_id.int, each.origin))
    for account_id, some in groupby(moved, key=lambda each: each.account_id):
        await _split_of(unit, account_id, list(some), terms[account_id], at=at)


async def _split_of(
    unit: SplittingUnit,
    account_id: UUID,
    bills: Sequence[PeriodBill],
    terms: DebtTerms,
    *,
    at: datetime,
) -> None:
    """In their turn."""
    account = await unit.balances.lock(account_id)
    assert account is not None, "whoever is charged has an account"
    # What the balance would be if all that is taken here were owed apart; the least it may fall to
    # is one above where a cut may be made.
    taken_micro = sum(max(0, each.bill.amount_micro) for each in bills)
    spare_micro = account.balance_micro + taken_micro + account.overdraft_micro - 1
    for each in sorted(bills, key=lambda each: turn_of(each.bill, terms)):
        debts = await unit.debts.lock_origin(each.origin)
        corrected = await unit.debts.corrected(each.origin)
        parts = split(
            each.bill,
            terms,
            corrected=corrected,
            left_micro=sum(debt.left_micro for debt in debts),
            lowered_micro=sum(debt.lowered_micro for debt in debts),
            spare_micro=spare_micro,
        )
        if each.bill.amount_micro > 0:
            spare_micro -= parts.balance_micro
        else:
            spare_micro += parts.reopened_micro + parts.barred_micro
        await _carry_out(unit, each, parts, debts, currency=account.currency, at=at)
        now = corrected_by(parts, corrected)
        if now != corrected:
            await unit.debts.put_corrected(each.origin, account_id, now)


async def _carry_out(
    unit: SplittingUnit,
    one: PeriodBill,
    parts: Split,
    debts: Sequence[Debt],
    *,
    currency: str,
    at: datetime,
) -> None:
    """The charge took all of it from the balance: what is not the balance's goes back there."""
    if parts.barred_micro:
        source = f"{one.source}/barred"
        await write_off(unit, one.account_id, parts.barred_micro, currency, source=source, at=at)
    await _reopen(unit, one, parts.reopened_micro, debts, at=at)
    if parts.debt_micro:
        new = NewDebt(
            account_id=one.account_id,
            source=one.source,
            origin=one.origin,
            cause=one.bill.cause,
            our_fault=one.bill.our_fault,
            used_until=one.bill.used_until,
            amount_micro=parts.debt_micro,
            currency=currency,
        )
        # A meter that tells of an old period reading by reading is one debt, not one a reading.
        open_ = next((debt for debt in reversed(debts) if may_join(debt, new)), None)
        if open_ is None:
            await record_debt(unit=unit, new=new, at=at)
        else:
            await join_debt(unit=unit, debt=open_, new=new, at=at)


async def _reopen(
    unit: SplittingUnit, one: PeriodBill, micro: int, debts: Sequence[Debt], *, at: datetime
) -> None:
    """Below zero: the newest debts are lowered first; above: those that were lowered last are owed
    again first, which are the oldest of them."""
    left_micro = abs(micro)
    for debt in debts if micro > 0 else reversed(debts):
        part_micro = min(left_micro, debt.lowered_micro if micro > 0 else debt.left_micro)
        if part_micro:
            moved_micro = part_micro if micro > 0 else -part_micro
            await unit.debts.put_lowered(
                replace(debt, lowered_micro=debt.lowered_micro - moved_micro)
            )
            await move(unit, debt, moved_micro, source=f"{one.source}/{debt.id}", at=at)
            left_micro -= part_micro
    assert left_micro == 0, "no more is reopened or lowered than there is"
    await _tell_reopened(unit, one.account_id, micro, at=at)


async def _tell_reopened(
    unit: SplittingUnit, account_id: UUID, micro: int, *, at: datetime
) -> None:
    """What undoes something that nobody was told yet is no news; the rest is."""
    if micro == 0:
        return
    news, opposite = DebtNews.OWED, DebtNews.LOWERED
    if micro < 0:
        news, opposite = opposite, news
    untold_micro = await unit.debt_news.cancel(account_id, opposite, abs(micro), at=at)
    if abs(micro) > untold_micro:
        await unit.debt_news.add(account_id, news, abs(micro) - untold_micro, at=at)
