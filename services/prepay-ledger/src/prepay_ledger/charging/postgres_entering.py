"""What of the periods' charges is in entries, and what is open."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.postgres_rows import UNENTERED, check_rows, decode_posted, encode
from prepay_ledger.charging.unentered import PeriodKey, Unentered
from prewatt_common.db.database import driver

_LEFT = f"""
SELECT agreement_id, period_first, account_id, a.currency, entered, entered AS base,
       entered_wh AS base_wh, posted, energy_wh AS posted_wh, false AS is_before_left
FROM charge_state AS c JOIN account AS a ON a.id = c.account_id
WHERE day = $1 AND {UNENTERED}
  AND ($2::uuid IS NULL OR (agreement_id, period_first) > ($2, $3::date))
ORDER BY agreement_id, period_first LIMIT $4 FOR NO KEY UPDATE OF c
"""  # noqa: S608 - of constants

_MOVED_ON = """
SELECT agreement_id, period_first, account_id, a.currency, entered, entered AS base,
       entered_wh AS base_wh, turned AS posted, turned_wh AS posted_wh, false AS is_before_left
FROM charge_state AS c JOIN account AS a ON a.id = c.account_id
WHERE day = (SELECT day FROM posting_day) AND day > $1 AND turned IS NOT NULL
  AND ($2::uuid IS NULL OR (agreement_id, period_first) > ($2, $3::date))
ORDER BY agreement_id, period_first LIMIT $4 FOR NO KEY UPDATE OF c
"""

_OPEN = """
SELECT agreement_id, period_first, account_id, a.currency, entered,
       coalesce(turned, entered) AS base, coalesce(turned_wh, entered_wh) AS base_wh, posted,
       energy_wh AS posted_wh, turned IS NOT NULL AS is_before_left
FROM charge_state AS c JOIN account AS a ON a.id = c.account_id
WHERE account_id = ANY($1::uuid[]) AND day = open_day()
  AND (posted <> coalesce(turned, entered) OR energy_wh <> coalesce(turned_wh, entered_wh))
ORDER BY agreement_id, period_first FOR NO KEY UPDATE OF c
"""

_IS_ENTERED = f"""
SELECT NOT EXISTS (SELECT FROM charge_state AS c WHERE day = $1 AND {UNENTERED})
   AND NOT EXISTS (SELECT FROM charge_state WHERE day > $1 AND turned IS NOT NULL)
"""  # noqa: S608 - of constants

_MARK = """
UPDATE charge_state AS c
SET entered = n.entered, entered_micro = c.entered_micro + n.micro,
    entered_wh = c.entered_wh + n.wh,
    turned = CASE WHEN n.is_before_left THEN c.posted END,
    turned_wh = CASE WHEN n.is_before_left THEN c.energy_wh END
FROM unnest($1::uuid[], $2::date[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[])
     AS n (agreement_id, period_first, entered, micro, wh, is_before_left)
WHERE c.agreement_id = n.agreement_id AND c.period_first = n.period_first
"""


class PostgresEntering:
    """What a `ChargingStore` knows of entries of charges."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def left_of(
        self, day: date, *, is_moved: bool, after: PeriodKey | None, limit: int
    ) -> Sequence[Unentered]:
        """Locked, in the order of their keys."""
        rows = await (await driver(self._connection)).fetch(
            _MOVED_ON if is_moved else _LEFT, day, *(after or (None, None)), limit
        )
        return [_unentered(row) for row in rows]

    async def is_entered(self, day: date) -> bool:
        """Two index scans."""
        return await (await driver(self._connection)).fetchval(_IS_ENTERED, day)

    async def open_of(self, account_ids: Collection[UUID]) -> Sequence[Unentered]:
        """Locked. Where a day before waits for its entries, the open day begins at what it left."""
        rows = await (await driver(self._connection)).fetch(_OPEN, list(account_ids))
        return [_unentered(row) for row in rows]

    async def mark_entered(self, some: Sequence[Unentered]) -> None:
        """None of them has changed: they are locked."""
        status = await (await driver(self._connection)).execute(
            _MARK,
            [each.agreement_id for each in some],
            [each.period_first for each in some],
            [encode(each.entered_then).decode() for each in some],
            [each.delta_micro for each in some],
            [each.delta_wh for each in some],
            [each.is_before_left for each in some],
        )
        check_rows(status, f"UPDATE {len(some)}")


def _unentered(row: asyncpg.Record) -> Unentered:
    return Unentered(
        agreement_id=row["agreement_id"],
        period_first=row["period_first"],
        account_id=row["account_id"],
        currency=row["currency"],
        entered=decode_posted(row["entered"]),
        base=decode_posted(row["base"]),
        posted=decode_posted(row["posted"]),
        delta_wh=row["posted_wh"] - row["base_wh"],
        is_before_left=row["is_before_left"],
    )
