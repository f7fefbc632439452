"""What use and charges are checked by, read in a snapshot for each portion."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID

import asyncpg

from prepay_ledger.charging.audit_charges import audit_charges
from prepay_ledger.charging.charge_agreement import PeriodState
from prepay_ledger.charging.check_charges import Entered, KeptSums
from prepay_ledger.charging.meters import Agreement, MeterHistory, MeterRow
from prepay_ledger.charging.postgres_histories import histories_of, to_agreement, whole_histories_of
from prepay_ledger.charging.postgres_meters import meter_rows_of
from prepay_ledger.charging.postgres_periods import to_state
from prepay_ledger.charging.postgres_rows import decode_posted
from prepay_ledger.charging.unentered import PeriodKey
from prepay_ledger.seals.values import Finding
from prepay_ledger.tariffs.book import Tariffs
from prewatt_common.db.database import DriverConnection
from prewatt_metering.tariffs.document import parse_tariff

_ROWS_AT_ONCE = 1_000

_METER_IDS = """
SELECT meter_id FROM (
  (SELECT meter_id FROM meter_state WHERE meter_id > $1 ORDER BY 1 LIMIT $2)
  UNION
  (SELECT DISTINCT meter_id FROM meter_day WHERE meter_id > $1 ORDER BY 1 LIMIT $2)
  UNION
  (SELECT DISTINCT meter_id FROM day_use WHERE meter_id > $1 ORDER BY 1 LIMIT $2)
) AS known ORDER BY 1 LIMIT $2
"""

_LEFT_BEHIND = """
SELECT meter_id, day FROM meter_state AS s
WHERE today <> ''
  AND NOT EXISTS (SELECT FROM posting_day AS p WHERE s.day IN (p.day, p.unsealed))
ORDER BY meter_id LIMIT 1
"""

_STRAY = """
SELECT agreement_id, period_first, account_id FROM charge_state AS c
WHERE NOT EXISTS (SELECT FROM agreement AS a
                  WHERE a.id = c.agreement_id AND a.account_id = c.account_id)
ORDER BY agreement_id, period_first LIMIT 1
"""

_ENTRIES = """
SELECT agreement_id, period_first, -sum(amount_micro)::bigint AS micro,
       coalesce(sum(energy_wh), 0)::bigint AS wh
FROM entry
WHERE account_id = ANY($1::uuid[]) AND agreement_id IS NOT NULL AND sub_account = 'credit'
GROUP BY agreement_id, period_first
"""

_ESTIMATES = """
SELECT agreement_id, period_first, coalesce(k.micro, 0) AS micro, coalesce(k.wh, 0) AS wh,
       coalesce(n.micro, 0) AS entered_micro, coalesce(n.wh, 0) AS entered_wh
FROM (SELECT agreement_id, period_first, posted_micro AS micro, energy_wh AS wh
      FROM estimate WHERE account_id = ANY($1::uuid[])) AS k
FULL JOIN (SELECT agreement_id, period_first, -sum(amount_micro)::bigint AS micro,
                  coalesce(sum(energy_wh), 0)::bigint AS wh
           FROM entry WHERE account_id = ANY($1::uuid[]) AND sub_account = 'estimate'
           GROUP BY agreement_id, period_first) AS n USING (agreement_id, period_first)
ORDER BY agreement_id, period_first
"""


_SUMS = """
SELECT agreement_id, period_first, posted_micro, energy_wh, entered, entered_micro, entered_wh
FROM charge_state WHERE agreement_id = ANY($1::uuid[])
"""


class PostgresAudit:
    """An `AuditStore` on a connection of the audit's own."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[None]:
        """A transaction of its own."""
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            yield

    async def tariffs(self) -> Tariffs:
        """From the documents as they were published, and corrected."""
        rows = await self._connection.fetch("SELECT document, correction FROM tariff_version")
        return Tariffs((parse_tariff(row["document"]), row["correction"]) for row in rows)

    async def meter_ids(self, *, after: str, limit: int) -> Sequence[str]:
        """By the keys of three tables, each read once in all."""
        rows = await self._connection.fetch(_METER_IDS, after, limit)
        return [row["meter_id"] for row in rows]

    async def meters(self, meter_ids: Sequence[str]) -> Mapping[str, MeterRow]:
        """Those that have a row."""
        return await meter_rows_of(self._connection, meter_ids)

    async def histories(self, meter_ids: Sequence[str]) -> Mapping[str, MeterHistory]:
        """Several queries for all of them."""
        kept = await histories_of(self._connection, meter_ids)
        return await whole_histories_of(self._connection, list(kept.values()))

    async def left_behind(self) -> str | None:
        """The first, in words."""
        row = await self._connection.fetchrow(_LEFT_BEHIND)
        if row is None:
            return None
        return f"readings of {row['day']} lie with meter {row['meter_id']}, and that day is closed"

    async def account_ids(self, *, after: UUID, limit: int) -> Sequence[UUID]:
        """In their order."""
        rows = await self._connection.fetch(
            "SELECT id FROM account WHERE id > $1 ORDER BY id LIMIT $2", after, limit
        )
        return [row["id"] for row in rows]

    async def meters_of(self, account_ids: Collection[UUID]) -> Sequence[str]:
        """By their installations."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT meter_id FROM installation WHERE account_id = ANY($1::uuid[])",
            list(account_ids),
        )
        return [row["meter_id"] for row in rows]

    async def agreements_of(self, account_ids: Collection[UUID]) -> Sequence[Agreement]:
        """All that the accounts ever had."""
        rows = await self._connection.fetch(
            "SELECT * FROM agreement WHERE account_id = ANY($1::uuid[]) ORDER BY id",
            list(account_ids),
        )
        return [to_agreement(row) for row in rows]

    async def periods(self, agreement_ids: Collection[UUID]) -> Sequence[PeriodState | str]:
        """Energy and postings are text, which may be anything."""
        rows = await self._connection.fetch(
            "SELECT * FROM charge_state WHERE agreement_id = ANY($1::uuid[])", list(agreement_ids)
        )
        found: list[PeriodState | str] = []
        for row in rows:
            try:
                found.append(to_state(row))
            except ValueError as error:
                name = f"agreement {row['agreement_id']}, period {row['period_first']}"
                found.append(f"{name} cannot be read: {error}")
        return found

    async def stray_period(self) -> str | None:
        """The first, in words."""
        row = await self._connection.fetchrow(_STRAY)
        if row is None:
            return None
        name = f"agreement {row['agreement_id']}, period {row['period_first']}"
        return f"{name}: the agreement is not of account {row['account_id']}"

    async def use(
        self, agreement_ids: Collection[UUID]
    ) -> AsyncIterator[tuple[UUID, date, str, int]]:
        """By a cursor: a thousand accounts may have a million days of use."""
        query = "SELECT agreement_id, day, slot, wh FROM day_use WHERE agreement_id = ANY($1)"
        async for row in self._connection.cursor(
            query, list(agreement_ids), prefetch=_ROWS_AT_ONCE
        ):
            yield row["agreement_id"], row["day"], row["slot"], row["wh"]

    async def estimates(
        self, account_ids: Collection[UUID]
    ) -> Sequence[tuple[UUID, date, Entered, Entered]]:
        """One query for all of them."""
        return [
            (row["agreement_id"], row["period_first"], Entered(row["micro"], row["wh"]),
             Entered(row["entered_micro"], row["entered_wh"]))
            for row in await self._connection.fetch(_ESTIMATES, list(account_ids))
        ]  # fmt: skip

    async def entries(
        self, account_ids: Collection[UUID]
    ) -> Mapping[tuple[UUID, date | None], Entered]:
        """One query for all of the accounts."""
        rows = await self._connection.fetch(_ENTRIES, list(account_ids))
        return {
            (row["agreement_id"], row["period_first"]): Entered(row["micro"], row["wh"])
            for row in rows
        }

    async def sums(self, agreement_ids: Collection[UUID]) -> Mapping[PeriodKey, KeptSums]:
        """As `entries`; what is entered is text, which may be anything."""
        rows = await self._connection.fetch(_SUMS, list(agreement_ids))
        return {(row["agreement_id"], row["period_first"]): _sums(row) for row in rows}


def _sums(row: asyncpg.Record) -> KeptSums:
    try:
        entered_micro = sum(decode_posted(row["entered"]).values())
    except ValueError:
        entered_micro = None
    return KeptSums(
        charged=Entered(row["posted_micro"], row["energy_wh"]),
        entered=Entered(row["entered_micro"], row["entered_wh"]),
        entered_micro=entered_micro,
    )


def audit_charges_of(connection: DriverConnection) -> AsyncIterator[Finding]:
    """`audit_charges` on ``connection``, in some transactions."""
    return audit_charges(PostgresAudit(connection))
