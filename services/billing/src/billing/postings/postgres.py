"""The ledger's totals in PostgreSQL, one statement a batch."""

from collections.abc import Sequence

from prewatt_common.contracts.ledger_charges_v1 import PostedCharge
from prewatt_common.db.database import DriverConnection

_PUT_POSTED = """
INSERT INTO posted_period AS p (agreement_id, period_first, period_end, account_id, version,
                                standing_days, energy_wh, total_micro, last_read_at,
                                balance_number, balance_micro, changed_at)
SELECT n.*, now()
FROM unnest($1::uuid[], $2::date[], $3::date[], $4::uuid[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bigint[], $9::timestamptz[], $10::bigint[], $11::bigint[])
    AS n (agreement_id, period_first, period_end, account_id, version, standing_days, energy_wh,
          total_micro, last_read_at, balance_number, balance_micro)
ON CONFLICT (agreement_id, period_first) DO UPDATE
SET period_end = excluded.period_end, account_id = excluded.account_id,
    version = excluded.version, standing_days = excluded.standing_days,
    energy_wh = excluded.energy_wh, total_micro = excluded.total_micro,
    last_read_at = excluded.last_read_at, changed_at = excluded.changed_at,
    balance_number = coalesce(excluded.balance_number, p.balance_number),
    balance_micro = coalesce(excluded.balance_micro, p.balance_micro)
WHERE excluded.version > p.version
"""


class PostgresPostings:
    """A `PostingStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def put_posted(self, charges: Sequence[PostedCharge]) -> None:
        """The ledger's totals; the highest version holds."""
        if charges:
            await self._connection.execute(
                _PUT_POSTED,
                [c.agreement_id for c in charges],
                [c.period_first for c in charges],
                [c.period_end for c in charges],
                [c.account_id for c in charges],
                [c.version for c in charges],
                [c.standing_days for c in charges],
                [c.energy_wh for c in charges],
                [c.total_micro for c in charges],
                [c.last_read_at for c in charges],
                [c.balance_number for c in charges],
                [c.balance_micro for c in charges],
            )
