"""When relays were open or limited, by the commands as they are stored."""

from collections.abc import Mapping, Sequence

from prepay_ledger.relays.open_spans import RelayStep, limited_spans, open_spans
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.db.database import DriverConnection
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.spans import Limited, Span

# The newest first, as the index has them.
_STEPS = """
SELECT c.meter_id, c.action, c.issued_at,
       CASE WHEN c.status = $2 AND c.relay = $3 THEN c.finished_at END AS opened_at,
       CASE WHEN c.status = $2 AND c.relay = $4 THEN c.finished_at END AS limited_at, c.limit_w
FROM unnest($1::text[]) AS m (id)
CROSS JOIN LATERAL (SELECT * FROM command WHERE meter_id = m.id ORDER BY sequence DESC LIMIT 100)
    AS c
ORDER BY c.meter_id, c.sequence
"""

_CHANGES = "SELECT meter_id, begins_at, ends_at FROM installation WHERE meter_id = ANY($1::text[])"


async def relay_open_of(
    connection: DriverConnection, meter_ids: Sequence[str]
) -> Mapping[str, Sequence[Span]]:
    """Of the meters that have had a command, by their last hundred; see `open_spans`."""
    return {
        meter_id: open_spans(steps, changed_us=changed_us)
        for meter_id, (steps, changed_us) in (await _steps(connection, meter_ids)).items()
    }


async def relay_limited_of(
    connection: DriverConnection, meter_ids: Sequence[str]
) -> Mapping[str, Sequence[Limited]]:
    """The same of limits; see `limited_spans`."""
    return {
        meter_id: limited_spans(steps, changed_us=changed_us)
        for meter_id, (steps, changed_us) in (await _steps(connection, meter_ids)).items()
    }


async def _steps(
    connection: DriverConnection, meter_ids: Sequence[str]
) -> Mapping[str, tuple[Sequence[RelayStep], Sequence[int]]]:
    """Of each meter, with the ends of its installations."""
    steps: dict[str, list[RelayStep]] = {}
    rows = await connection.fetch(
        _STEPS, meter_ids, CommandStatus.SUCCEEDED, RelayState.OPEN, RelayState.LIMITED
    )
    for row in rows:
        opened_at, limited_at = row["opened_at"], row["limited_at"]
        steps.setdefault(row["meter_id"], []).append(
            RelayStep(
                RelayAction(row["action"]),
                us_of(row["issued_at"]),
                None if opened_at is None else us_of(opened_at),
                None if limited_at is None else us_of(limited_at),
                row["limit_w"],
            )
        )
    changed_us: dict[str, list[int]] = {}
    for meter_id, *ends in await connection.fetch(_CHANGES, list(steps)):
        changed_us.setdefault(meter_id, []).extend(us_of(end) for end in ends if end is not None)
    return {meter_id: (some, changed_us.get(meter_id, ())) for meter_id, some in steps.items()}
