"""Use case: meters tell which keys they hold."""

from collections.abc import Sequence
from datetime import datetime

from prepay_ledger.command_keys.ports import HasCommandKeys
from prewatt_common.contracts.meter_events_v1 import MeterReported
from prewatt_common.contracts.mqtt_v1 import MqttEventKind


async def note_keys(
    unit: HasCommandKeys, reports: Sequence[MeterReported], *, now: datetime
) -> None:
    """In the order in which they came; of a meter's the last one counts."""
    told = {
        each.meter_id: each.keys
        for each in reports
        if each.kind is MqttEventKind.COMMAND_KEYS and each.keys
    }
    for meter_id, key_ids in sorted(told.items()):
        await unit.command_keys.told(meter_id, key_ids, at=now)
