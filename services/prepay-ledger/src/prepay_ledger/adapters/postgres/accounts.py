"""Accounts, bindings and tariffs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.adapters.postgres.tables import account as account_table
from prepay_ledger.adapters.postgres.tables import binding as binding_table
from prepay_ledger.adapters.postgres.tables import tariff_version
from prepay_ledger.domain.accounts import Account, NewBinding, TariffBook, Terms
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion

_BINDING_LOCK = 0x4E4D02


class PostgresAccounts:
    """An `AccountStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def tariffs(self) -> TariffBook:
        """Every tariff version there is: a utility has tens of them."""
        rows = await self._connection.execute(select(tariff_version))
        return TariffBook([_tariff(row) for row in rows.mappings()])

    async def add_tariff(self, version: TariffVersion, *, at: datetime) -> bool:
        """False where code and month are taken."""
        statement = insert(tariff_version).values(
            code=version.code,
            effective_from=str(version.effective_from),
            currency=version.currency,
            timezone=version.timezone,
            blocks=[[b.upto_wh, b.price_micro_per_kwh] for b in version.tariff.blocks],
            standing_micro_per_day=version.tariff.standing_micro_per_day,
            tax_bp=version.tariff.tax_bp,
            published_at=at,
        )
        return await self._inserted(statement)

    async def add_account(self, account: Account) -> bool:
        """False where the number is taken."""
        return await self._inserted(insert(account_table).values(**account_row(account)))

    async def account(self, account_id: UUID) -> Account | None:
        """The account, or none."""
        return await self._one(select(account_table).where(account_table.c.id == account_id))

    async def lock(self, account_id: UUID) -> Account | None:
        """The account, its row locked until the transaction ends."""
        query = select(account_table).where(account_table.c.id == account_id)
        return await self._one(query.with_for_update())

    async def lock_by_number(self, number: str) -> Account | None:
        """The account of that number, its row locked until the transaction ends."""
        query = select(account_table).where(account_table.c.number == number)
        return await self._one(query.with_for_update())

    async def change_terms(self, account_id: UUID, terms: Terms) -> bool:
        """Change what is given; false where there is no such account."""
        given = {
            name: value
            for name in Terms.__dataclass_fields__
            if (value := getattr(terms, name)) is not None
        }
        result = await self._connection.execute(
            update(account_table).where(account_table.c.id == account_id).values(given)
        )
        return result.rowcount == 1

    async def begin_binding(self) -> None:
        """Taken before any row is locked, so that it cannot be part of a deadlock."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(_BINDING_LOCK)))

    async def add_binding(self, binding: NewBinding) -> None:
        """Insert it; the caller has checked that it overlaps with no other."""
        await self._connection.execute(insert(binding_table).values(**binding_row(binding)))

    async def end_binding(self, binding_id: UUID, *, at: datetime) -> None:
        """Set its end. Counts as a change, so that a batch that read it before tries again."""
        await self._connection.execute(
            update(binding_table)
            .where(binding_table.c.id == binding_id)
            .values(effective_to=at, version=binding_table.c.version + 1)
        )

    async def lock_bindings(self, meter_id: str) -> Sequence[NewBinding]:
        """The meter's bindings, their rows locked until the transaction ends."""
        query = select(binding_table).where(binding_table.c.meter_id == meter_id).with_for_update()
        rows = (await self._connection.execute(query)).mappings()
        return [
            NewBinding(**{name: row[name] for name in NewBinding.__dataclass_fields__})
            for row in rows
        ]

    async def _one(self, query: Any) -> Account | None:
        row = (await self._connection.execute(query)).mappings().first()
        return to_account(row) if row else None

    async def _inserted(self, statement: Any) -> bool:
        result = await self._connection.execute(statement.on_conflict_do_nothing())
        return result.rowcount == 1


def account_row(account: Account) -> dict[str, Any]:
    """The row of a new account: it is looked at as soon as its balance is low."""
    return {
        "id": account.id,
        "number": account.number,
        "currency": account.currency,
        "balance_micro": account.balance_micro,
        "low_balance_micro": account.low_balance_micro,
        "emergency_credit_micro": account.emergency_credit_micro,
        "protected": account.protected,
        "supply_state": account.supply_state,
        "review_at_micro": max(account.low_balance_micro, -account.emergency_credit_micro),
        "opened_at": account.opened_at,
    }


def binding_row(binding: NewBinding) -> dict[str, Any]:
    """The row of a new binding."""
    return {name: getattr(binding, name) for name in NewBinding.__dataclass_fields__}


def to_account(row: RowMapping) -> Account:
    """An account from its row."""
    return Account(
        id=row["id"],
        number=row["number"],
        currency=row["currency"],
        balance_micro=row["balance_micro"],
        low_balance_micro=row["low_balance_micro"],
        emergency_credit_micro=row["emergency_credit_micro"],
        protected=row["protected"],
        supply_state=SupplyState(row["supply_state"]),
        opened_at=row["opened_at"],
    )


def _tariff(row: RowMapping) -> TariffVersion:
    blocks = tuple(
        Block(upto_wh=upto_wh, price_micro_per_kwh=price) for upto_wh, price in row["blocks"]
    )
    return TariffVersion(
        code=row["code"],
        effective_from=BillingMonth.parse(row["effective_from"]),
        currency=row["currency"],
        timezone=row["timezone"],
        tariff=Tariff(
            blocks=blocks,
            standing_micro_per_day=row["standing_micro_per_day"],
            tax_bp=row["tax_bp"],
        ),
    )
