"""Rows of command keys."""

from asyncpg import Record

from prepay_ledger.command_keys.values import CommandKey, Keys
from prepay_ledger.facts.values import Decided

ALL_KEYS = "SELECT * FROM command_key ORDER BY number"

SERVING = """
SELECT DISTINCT i.meter_id FROM installation AS i
WHERE i.begins_at <= $1 AND (i.ends_at IS NULL OR i.ends_at > $1)
"""
"""The meters that serve at the instant $1."""

MISSING = f"""
WITH missing AS (
    SELECT s.meter_id FROM ({SERVING}) AS s
    WHERE NOT EXISTS (
        SELECT FROM meter_key AS k WHERE k.meter_id = s.meter_id AND k.key_id = $2)
)
SELECT (SELECT count(*) FROM ({SERVING}) AS s) AS serving,
       (SELECT count(*) FROM missing) AS missing,
       ARRAY(SELECT meter_id FROM missing ORDER BY meter_id LIMIT $3) AS first
"""  # noqa: S608 - of constants


def keys_of(rows: list[Record]) -> Keys:
    """Of `ALL_KEYS`."""
    return Keys(all=[to_key(row) for row in rows])


def to_key(row: Record) -> CommandKey:
    """A row of ``command_key``."""
    return CommandKey(
        key_id=row["key_id"],
        public_key=row["public_key"],
        added=Decided(by=row["added_by"], reason=row["added_reason"], at=row["added_at"]),
        rolled=_decided(row, "rolled"),
        retired=_decided(row, "retired"),
    )


def _decided(row: Record, what: str) -> Decided | None:
    if row[f"{what}_at"] is None:
        return None
    return Decided(by=row[f"{what}_by"], reason=row[f"{what}_reason"], at=row[f"{what}_at"])
