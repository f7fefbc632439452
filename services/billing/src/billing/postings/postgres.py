"""The ledger's totals in PostgreSQL, one statement a batch and period."""

from collections.abc import Sequence
from datetime import date

import msgspec

from prewatt_common.contracts.ledger_charges_v1 import PostedCharge, PostedEstimate
from prewatt_common.db.database import DriverConnection

_OF_VERSION = ", ".join(
    f"{name} = CASE WHEN excluded.version > p.version THEN excluded.{name} ELSE p.{name} END"
    for name in (
        "period_end", "account_id", "standing_days", "energy_wh", "total_micro", "last_read_at",
        "changed_at",
    )
)  # fmt: skip
# A balance is as new as its number, whatever the version that it comes with: a later version that
# moved nothing has none, and may be here first.
_PUT_POSTED = f"""
INSERT INTO posted_period AS p (period_first, period_end, agreement_id, account_id, version,
                                standing_days, energy_wh, total_micro, last_read_at,
                                balance_number, balance_micro, changed_at)
SELECT $1, $2, n.*, now()
FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
            $9::timestamptz[], $10::bigint[], $11::bigint[]) AS n
ON CONFLICT (agreement_id, period_first) DO UPDATE
SET {_OF_VERSION},
    version = greatest(excluded.version, p.version),
    balance_number = greatest(excluded.balance_number, p.balance_number),
    balance_micro = CASE WHEN excluded.balance_number > coalesce(p.balance_number, -1)
                         THEN excluded.balance_micro ELSE p.balance_micro END
WHERE excluded.version > p.version
   OR excluded.balance_number > coalesce(p.balance_number, -1)
"""  # noqa: S608 - of constants

_PUT_ESTIMATES = """
INSERT INTO posted_estimate AS p (agreement_id, period_first, period_end, account_id, version,
                                  energy_wh, total_micro, meters, changed_at)
SELECT n.*, now()
FROM unnest($1::uuid[], $2::date[], $3::date[], $4::uuid[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::text[])
    AS n (agreement_id, period_first, period_end, account_id, version, energy_wh, total_micro,
          meters)
ON CONFLICT (agreement_id, period_first) DO UPDATE
SET period_end = excluded.period_end, account_id = excluded.account_id,
    version = excluded.version, energy_wh = excluded.energy_wh,
    total_micro = excluded.total_micro, meters = excluded.meters, changed_at = excluded.changed_at
WHERE excluded.version > p.version
"""
_encode = msgspec.json.Encoder(order="deterministic").encode


class PostgresPostings:
    """A `PostingStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def put_posted(self, charges: Sequence[PostedCharge]) -> None:
        """The ledger's totals, of which the highest version holds, and balances, by their
        numbers."""
        of_period: dict[tuple[date, date], list[PostedCharge]] = {}
        for each in charges:
            of_period.setdefault((each.period_first, each.period_end), []).append(each)
        for (first, end), some in sorted(of_period.items()):
            await self._connection.execute(
                _PUT_POSTED,
                first,
                end,
                [c.agreement_id for c in some],
                [c.account_id for c in some],
                [c.version for c in some],
                [c.standing_days for c in some],
                [c.energy_wh for c in some],
                [c.total_micro for c in some],
                [c.last_read_at for c in some],
                [c.balance_number for c in some],
                [c.balance_micro for c in some],
            )

    async def put_estimates(self, estimates: Sequence[PostedEstimate]) -> None:
        """Of which the highest version holds."""
        if estimates:
            await self._connection.execute(
                _PUT_ESTIMATES,
                [e.agreement_id for e in estimates],
                [e.period_first for e in estimates],
                [e.period_end for e in estimates],
                [e.account_id for e in estimates],
                [e.version for e in estimates],
                [e.energy_wh for e in estimates],
                [e.total_micro for e in estimates],
                [_encode({m.meter_id: m.since for m in e.meters}).decode() for e in estimates],
            )
