"""Segments in PostgreSQL."""

from uuid import UUID

from billing.segments.values import Found, Member, Segment
from prewatt_common.db.database import Database, driver

LOOKED_AT_MAX = 2_000
"""Accounts, for an answer: one that few fit costs no more than another."""
_FIRST = UUID(int=0)

# Each condition that is not asked for costs nothing: its sub-query is not run.
_LOOK = """
WITH seen AS (SELECT id, number, currency FROM account WHERE id > $1 ORDER BY id LIMIT $2)
SELECT s.id, s.number, (
    EXISTS (
        SELECT FROM agreement AS a
        WHERE a.account_id = s.id AND a.first_day <= $3 AND (a.end_day IS NULL OR a.end_day > $3)
          AND ($4::text IS NULL OR a.tariff_code = $4)
    ) AND ($5::bool IS NULL OR $5 IS NOT DISTINCT FROM (
        SELECT bool_and(m.household) FROM installation AS i JOIN meter AS m ON m.id = i.meter_id
        WHERE i.account_id = s.id AND NOT i.removed AND i.ends_at IS NULL
    )) AND ($6::date IS NULL OR (
        SELECT sum(p.energy_wh) BETWEEN coalesce($8, 0) AND coalesce($9, sum(p.energy_wh))
        FROM agreement AS a JOIN posted_period AS p ON p.agreement_id = a.id
        WHERE a.account_id = s.id AND p.period_first >= $6 AND p.period_first < $7::date
    ) IS TRUE) AND ($10::bigint IS NULL OR s.currency = $11 AND (
        SELECT (max(ARRAY[balance_number, balance_micro]))[2] FROM (
            SELECT balance_number, balance_micro FROM credit WHERE account_id = s.id
            UNION ALL
            SELECT p.balance_number, p.balance_micro
            FROM agreement AS a JOIN posted_period AS p ON p.agreement_id = a.id
            WHERE a.account_id = s.id AND p.balance_number IS NOT NULL
            UNION ALL
            SELECT balance_number, balance_micro FROM stray_balance WHERE account_id = s.id
        ) AS told
    ) < $10) AND ($12::int IS NULL AND $13::int IS NULL OR (
        -- Who never topped up waits longer than any number of days.
        SELECT CASE WHEN max(day) IS NULL THEN $13 IS NULL
               ELSE $3 - max(day) BETWEEN coalesce($12, 0) AND coalesce($13, $3 - max(day)) END
        FROM (SELECT (c.paid_at AT TIME ZONE coalesce((
                  SELECT t.document::jsonb ->> 'timezone'
                  FROM agreement AS a JOIN tariff_version AS t ON t.code = a.tariff_code
                  WHERE a.account_id = s.id AND a.first_day <= $3
                    AND (a.end_day IS NULL OR a.end_day > $3)
                  ORDER BY t.valid_from LIMIT 1), 'UTC'))::date AS day
              FROM credit AS c WHERE c.account_id = s.id AND c.paid_at IS NOT NULL) AS paid
        WHERE day <= $3
    )) AND (num_nonnulls($14::text, $15::text, $16::text) = 0 OR EXISTS (
        SELECT FROM installation AS i JOIN meter AS m ON m.id = i.meter_id
        WHERE i.account_id = s.id AND NOT i.removed AND i.ends_at IS NULL
          AND ($14 IS NULL OR m.supply_office = $14)
          AND ($15 IS NULL OR m.station_area = $15) AND ($16 IS NULL OR m.line = $16)
    ))
) AS fits
FROM seen AS s ORDER BY s.id
"""


class PostgresSegments:
    """`Segments`, each answer of one state of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def members(self, segment: Segment, *, after: UUID | None, limit: int) -> Found:
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                _LOOK, after or _FIRST, LOOKED_AT_MAX, segment.as_of, segment.tariff,
                segment.household, segment.used_month, segment.used_until, segment.used_wh_min,
                segment.used_wh_max, segment.balance_below_micro, segment.currency,
                segment.top_up_days_min, segment.top_up_days_max, segment.supply_office,
                segment.station_area, segment.line,
            )  # fmt: skip
        members: list[Member] = []
        for place, row in enumerate(rows):
            if row["fits"]:
                members.append(Member(row["id"], row["number"]))
            if len(members) == limit and place + 1 < len(rows):
                return Found(members, row["id"])
        return Found(members, rows[-1]["id"] if len(rows) == LOOKED_AT_MAX else None)
