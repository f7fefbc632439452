"""What people ask about settlements: read-only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text

from prepay_ledger.journal.values import clearing, payout_in_transit
from prepay_ledger.settlements.postgres_rows import (
    FILE_COLUMNS,
    to_difference,
    to_file,
    to_step,
)
from prepay_ledger.settlements.tables import (
    settlement_difference,
    settlement_file,
    settlement_line,
    settlement_step,
)
from prepay_ledger.settlements.values import (
    Difference,
    DifferenceKind,
    DifferenceView,
    FileView,
    OwedByProvider,
    SettlementFile,
    State,
)
from prewatt_common.db.database import Database

_SUMS = text("""
WITH unsealed AS (
  SELECT id, currency FROM journal
  WHERE day > coalesce((SELECT max(day) FROM seal), '-infinity')
)
SELECT currency, ledger_account, sum(micro)::bigint AS micro
FROM (
  SELECT u.currency, p.ledger_account, p.amount_micro AS micro
  FROM unsealed AS u JOIN posting AS p ON p.journal_id = u.id
  UNION ALL SELECT currency, ledger_account, amount_micro FROM sealed_sum
) AS s
WHERE ledger_account = ANY (:names) GROUP BY 1, 2 ORDER BY 1, 2
""")
_FEES = text("""
SELECT f.provider, l.currency, sum(l.fee_micro)::bigint AS micro
FROM settlement_line AS l JOIN settlement_file AS f ON f.id = l.file_id
WHERE l.stands AND f.provider = ANY (:providers) GROUP BY 1, 2
""")


class SettlementQueries:
    """Each question one read-only transaction. Lists are by id, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def files(
        self, *, provider: str | None, before: UUID | None, limit: int
    ) -> Sequence[SettlementFile]:
        """Older than ``before``."""
        query = select(*FILE_COLUMNS).order_by(settlement_file.c.id.desc()).limit(limit)
        if provider is not None:
            query = query.where(settlement_file.c.provider == provider)
        if before is not None:
            query = query.where(settlement_file.c.id < before)
        async with self._database.transaction() as connection:
            return [to_file(row) for row in (await connection.execute(query)).mappings()]

    async def file(self, file_id: UUID) -> FileView | None:
        """One of them."""
        difference = settlement_difference.c
        of_file = settlement_difference.join(
            settlement_line, settlement_line.c.id == difference.line_id
        )
        unresolved = (
            select(difference.difference, func.count())
            .select_from(of_file)
            .where(settlement_line.c.file_id == file_id, difference.closed_at.is_(None))
            .group_by(difference.difference)
        )
        differing = (
            select(func.count(difference.line_id.distinct()))
            .select_from(of_file)
            .where(settlement_line.c.file_id == file_id, difference.state != State.GONE.value)
        )
        async with self._database.transaction() as connection:
            query = select(*FILE_COLUMNS).where(settlement_file.c.id == file_id)
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            file = to_file(row)
            newest = select(func.max(settlement_file.c.revision)).where(
                settlement_file.c.provider == file.provider,
                settlement_file.c.business_day == file.business_day,
            )
            stands = (await connection.execute(newest)).scalar() == file.revision
            counts = {
                DifferenceKind(kind): count for kind, count in await connection.execute(unresolved)
            }
            lines = (await connection.execute(differing)).scalar() or 0
        return FileView(file=file, stands=stands, unresolved=counts, differing=lines)

    async def body(self, file_id: UUID) -> bytes | None:
        """The file as it came."""
        query = select(settlement_file.c.body).where(settlement_file.c.id == file_id)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar()

    async def differences(
        self,
        *,
        provider: str | None,
        difference: DifferenceKind | None,
        state: State | None,
        unresolved: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Difference]:
        """Older than ``before``."""
        named = settlement_difference.c
        query = select(settlement_difference).order_by(named.id.desc()).limit(limit)
        if provider is not None:
            query = query.where(named.provider == provider)
        if difference is not None:
            query = query.where(named.difference == difference.value)
        if state is not None:
            query = query.where(named.state == state.value)
        if unresolved is not None:
            is_closed = named.closed_at.is_not(None)
            query = query.where(~is_closed if unresolved else is_closed)
        if before is not None:
            query = query.where(named.id < before)
        async with self._database.transaction() as connection:
            return [to_difference(row) for row in (await connection.execute(query)).mappings()]

    async def difference(self, difference_id: UUID) -> DifferenceView | None:
        """One of them, with all steps."""
        query = select(settlement_difference).where(settlement_difference.c.id == difference_id)
        steps = (
            select(settlement_step)
            .where(settlement_step.c.difference_id == difference_id)
            .order_by(settlement_step.c.id)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            taken = [to_step(each) for each in (await connection.execute(steps)).mappings()]
        return DifferenceView(difference=to_difference(row), steps=taken)

    async def owed(self, providers: Sequence[str]) -> Sequence[OwedByProvider]:
        """By provider and currency. The ledger's own account of each: what it owes is below zero
        there."""
        names = [name for each in providers for name in (clearing(each), payout_in_transit(each))]
        async with self._database.transaction() as connection:
            rows = (await connection.execute(_SUMS, {"names": names})).mappings()
            sums = {(row["currency"], row["ledger_account"]): row["micro"] for row in rows}
            rows = (await connection.execute(_FEES, {"providers": list(providers)})).mappings()
            fees = {(row["provider"], row["currency"]): row["micro"] for row in rows}
        currencies = sorted({currency for currency, _ in sums})
        return [
            OwedByProvider(
                provider=each,
                currency=currency,
                owed_micro=-sums.get((currency, clearing(each)), 0),
                in_transit_micro=-sums.get((currency, payout_in_transit(each)), 0),
                fees_micro=fees.get((each, currency), 0),
            )
            for each in providers
            for currency in currencies
            if (currency, clearing(each)) in sums or (currency, payout_in_transit(each)) in sums
        ]

    async def unresolved_since(self) -> Mapping[str, datetime]:
        """When the oldest difference of each provider was found that nobody has resolved; by the
        index of those."""
        named = settlement_difference.c
        query = (
            select(named.provider, func.min(named.found_at))
            .where(named.closed_at.is_(None))
            .group_by(named.provider)
        )
        async with self._database.transaction() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}
