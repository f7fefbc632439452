"""Where meters stand: their rows as read."""

from collections.abc import Mapping, Sequence

import asyncpg

from prepay_ledger.charging.meters import MeterRow, OpenRow
from prewatt_common.db.database import DriverConnection
from prewatt_metering.vee.steps import StepRule

_METERS = """
SELECT s.meter_id, s.version, s.day, s.installation_id, s.agreement_id, a.tariff_code,
       a.corrections, s.open_day, s.since_us, s.quiet_from_us, s.served_until_us, s.last_at_us,
       s.last_wh, s.piece_wh, s.limit_w, s.resolution_wh, s.multiplier, s.modulus_wh,
       s.is_estimated
FROM meter_state AS s LEFT JOIN agreement AS a ON a.id = s.agreement_id
WHERE s.meter_id = ANY($1::text[])
"""


async def meter_rows_of(
    connection: DriverConnection, meter_ids: Sequence[str]
) -> Mapping[str, MeterRow]:
    """By meter, those that have a row."""
    return {row[0]: _row(row) for row in await connection.fetch(_METERS, meter_ids)}


def _row(row: asyncpg.Record) -> MeterRow:
    (
        meter_id, version, day, installation_id, agreement_id, tariff_code, corrections,
        open_day, since_us, quiet_from_us, served_until_us, last_at_us, last_wh, piece_wh, limit_w,
        resolution_wh, multiplier, modulus_wh, is_estimated,
    ) = row  # fmt: skip
    opened = None
    if open_day is not None:
        opened = OpenRow(
            installation_id=installation_id,
            agreement_id=agreement_id,
            book=(tariff_code, corrections),
            open_day=open_day,
            since_us=since_us,
            quiet_from_us=quiet_from_us,
            served_until_us=served_until_us,
            last_at_us=last_at_us,
            last_wh=last_wh,
            piece_wh=tuple(piece_wh),
            rule=StepRule(
                limit_w=limit_w,
                resolution_wh=resolution_wh,
                multiplier=multiplier,
                modulus_wh=modulus_wh,
            ),
        )
    return MeterRow(
        meter_id=meter_id, version=version, day=day, open=opened, is_estimated=is_estimated
    )
