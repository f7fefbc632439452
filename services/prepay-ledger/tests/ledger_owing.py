"""A town whose first account owes something apart from its balance."""

from collections.abc import AsyncGenerator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from ledger_town import Town

from prepay_ledger.debts.move_debt import record_debt
from prepay_ledger.debts.pay_off import pay_from_topup, pay_off
from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.tell_debts import TellDebts
from prepay_ledger.debts.values import BillCause, Debt, NewDebt, Origin
from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prewatt_common.ids import new_id

OWED_MICRO = 1_000
TOPUP_MICRO = 400
FIRST_DUE = date(2096, 4, 1)
"""To come, whenever the tests run."""


class Owing(Town):
    """The first account has ``balance_micro`` before it owes anything."""

    balance_micro = 0

    async def owe(
        self, *, source: str = "edit/1", micro: int = OWED_MICRO, number: int = 0, open_unit=None
    ) -> UUID:
        """The account owes what was posted to its balance."""
        account_id, currency = await self.account_of(number)
        new = NewDebt(
            account_id=account_id,
            source=source,
            origin=await self.origin(number),
            cause=BillCause.EDIT,
            our_fault=True,
            used_until=FIRST_DUE,
            amount_micro=micro,
            currency=currency,
        )
        async with (open_unit or self.unit)() as unit:
            await unit.balances.lock(account_id)
            await record_debt(unit=unit, new=new, at=self.now)
        return account_id

    async def account_of(self, number: int) -> tuple[UUID, str]:
        (row,) = await self.sql(
            "SELECT id, currency FROM account WHERE number = $1", f"town-{number}"
        )
        return row["id"], row["currency"]

    async def origin(self, number: int) -> Origin:
        """A period of the account's agreement."""
        account_id, _ = await self.account_of(number)
        (row,) = await self.sql("SELECT id FROM agreement WHERE account_id = $1", account_id)
        return Origin(row["id"], FIRST_DUE)

    async def debts(self) -> list[Debt]:
        """Of all accounts, the newest first."""
        queries = DebtQueries(self.database)
        return list(await queries.debts(account_id=None, open_=None, before=None, limit=100))

    async def pay(self, account_id: UUID, today: date, *, open_unit=None) -> int:
        async with (open_unit or self.unit)() as unit:
            return await pay_off(unit=unit, account_ids=[account_id], today=today, at=self.now)

    async def plan(self, debt_id: UUID, instalments: int, first_due: date = FIRST_DUE) -> Debt:
        async with self.unit() as unit:
            return await plan_debt(
                unit=unit,
                debt_id=debt_id,
                instalments=instalments,
                first_due=first_due,
                decided=self.decided(),
            )

    async def tell(self, at: datetime, *, open_unit=None) -> None:
        """The job that tells customers, as it runs then."""
        await TellDebts(
            open_unit=open_unit or self.unit, clock=lambda: at, committed=lambda: None
        )()

    async def told(self) -> list[dict[str, Any]]:
        """What customers were told, in order."""
        rows = await self.sql(
            "SELECT value FROM outbox WHERE topic = 'ledger.events.v1' ORDER BY id"
        )
        events = [msgspec.json.decode(row["value"]) for row in rows]
        return [event for event in events if "news" in event]

    async def stands(self, *, left_micro: int) -> None:
        """The balance has more by what is owed apart, and all sums hold."""
        (row,) = await self.sql(
            "SELECT a.balance_micro, s.amount_micro FROM account AS a JOIN sub_balance AS s "
            "ON s.account_id = a.id AND s.sub_account = 'debt' WHERE a.number = 'town-0'"
        )
        assert tuple(row) == (self.balance_micro + left_micro, -left_micro)
        await self.holds()


async def share(town: Owing, debt_id: UUID, ppm: int) -> None:
    async with town.unit() as unit:
        await plan_debt(
            unit=unit,
            debt_id=debt_id,
            instalments=None,
            first_due=None,
            topup_share_ppm=ppm,
            decided=town.decided(),
        )


async def topped_up(town: Owing, account_id: UUID, number: int) -> int:
    """A top-up; gives what it paid of debts."""
    async with town.unit() as unit:
        account = await unit.balances.lock(account_id)
        assert account is not None
        journal = Journal(
            kind="payment",
            source=f"test/{number}",
            currency=account.currency,
            entries=(Entry(account_id, TOPUP_MICRO),),
            postings={UtilityAccount.SUSPENSE: -TOPUP_MICRO},
        )
        journal_id, (balance,) = await unit.journals.post(journal, at=town.now)
        paid = await pay_from_topup(
            unit,
            account,
            TOPUP_MICRO,
            balance,
            payment=new_id(),
            journal_id=journal_id,
            at=town.now,
        )
    paid_micro = sum(paid.paid_off.values())
    town.balance_micro += TOPUP_MICRO - paid_micro
    return paid_micro


async def owing_town(own_database_url: str) -> AsyncGenerator[Owing]:
    """A town, made a fixture of where it is used."""
    made = Owing(own_database_url)
    await made.settle(made.begin.date())
    (row,) = await made.sql("SELECT balance_micro FROM account WHERE number = 'town-0'")
    made.balance_micro = row["balance_micro"]
    yield made
    await made.database.close()
