"""Use case: money moves between an account's balance and what it owes apart from it."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.debts.ports import PostingUnit
from prepay_ledger.debts.values import DEBT, Debt, NewDebt
from prepay_ledger.events import account_event
from prepay_ledger.journal.values import Balance, Entry, Journal, SubAccount, UtilityAccount
from prewatt_common.contracts.ledger_events_v1 import Credited, DebtNews
from prewatt_common.ids import new_id


async def record_debt(*, unit: PostingUnit, new: NewDebt, at: datetime) -> None:
    """What was posted to the balance is owed apart from it, in the same transaction: before the
    supply is reviewed, so it starts no cut. The caller holds the account. The same source again
    changes nothing."""
    debt = Debt(
        id=new_id(),
        account_id=new.account_id,
        source=new.source,
        origin=new.origin,
        cause=new.cause,
        our_fault=new.our_fault,
        used_until=new.used_until,
        currency=new.currency,
        amount_micro=new.amount_micro,
        paid_micro=0,
        lowered_micro=0,
        created_at=at,
    )
    if await unit.debts.add(debt):
        await unit.debt_news.add(debt.account_id, DebtNews.OWED, new.amount_micro, at=at)
        await move(unit, debt, new.amount_micro, source=f"debt/{debt.id}", at=at)


async def join_debt(*, unit: PostingUnit, debt: Debt, new: NewDebt, at: datetime) -> None:
    """The same, owed by a debt that is there, which the caller has locked. That it happens once is
    the caller's: the version of the charge is in the source."""
    await unit.debt_news.add(debt.account_id, DebtNews.OWED, new.amount_micro, at=at)
    await unit.debts.put_amount(replace(debt, amount_micro=debt.amount_micro + new.amount_micro))
    await move(unit, debt, new.amount_micro, source=f"{new.source}/{debt.id}", at=at)


async def move(unit: PostingUnit, debt: Debt, micro: int, *, source: str, at: datetime) -> Balance:
    """To the balance from the debt; from the balance where it is below zero."""
    owed = (Entry(debt.account_id, -micro, sub_account=SubAccount.DEBT),)
    return await credit(
        unit, debt.account_id, micro, debt.currency, against=owed, source=source, at=at
    )


async def write_off(
    unit: PostingUnit, account_id: UUID, micro: int, currency: str, *, source: str, at: datetime
) -> None:
    """To the balance at the utility's cost; below zero: back, which is no news to who was told that
    nothing is asked for it."""
    if micro > 0:
        await unit.debt_news.add(account_id, DebtNews.WRITTEN_OFF, micro, at=at)
    else:
        await unit.debt_news.cancel(account_id, DebtNews.WRITTEN_OFF, -micro, at=at)
    await credit(unit, account_id, micro, currency, against=(), source=source, at=at)


async def forgive(unit: PostingUnit, debt: Debt, micro: int, *, source: str, at: datetime) -> None:
    """So much is owed no more, at the utility's cost; the balance stays. The caller holds the
    account."""
    await unit.debt_news.add(debt.account_id, DebtNews.WRITTEN_OFF, micro, at=at)
    await unit.journals.post(
        Journal(
            kind=DEBT,
            source=source,
            currency=debt.currency,
            entries=(Entry(debt.account_id, micro, sub_account=SubAccount.DEBT),),
            postings={UtilityAccount.WRITTEN_OFF: -micro},
        ),
        at=at,
    )


async def credit(
    unit: PostingUnit,
    account_id: UUID,
    micro: int,
    currency: str,
    *,
    against: tuple[Entry, ...],
    source: str,
    at: datetime,
) -> Balance:
    """To the balance against entries of the account's, or else the utility's cost; billing is told,
    who counts it among what the account was given."""
    _, (balance,) = await unit.journals.post(
        Journal(
            kind=DEBT,
            source=source,
            currency=currency,
            entries=(Entry(account_id, micro), *against),
            postings={} if against else {UtilityAccount.WRITTEN_OFF: -micro},
        ),
        at=at,
    )
    event = Credited(
        account_id=account_id,
        kind=DEBT,
        source=source,
        amount_micro=micro,
        balance_micro=balance.balance_micro,
        balance_number=balance.number,
        currency=currency,
        at=at,
    )
    await unit.publish([account_event(event, account_id=account_id, at=at)])
    return balance
