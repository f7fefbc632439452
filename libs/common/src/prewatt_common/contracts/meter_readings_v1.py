"""Topic ``meter.readings.v1``: accepted register snapshots, many a record (ADR 0013)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from prewatt_common.contracts.base import Event, Instant, MeterId, RegisterWh

READINGS_MAX = 100
"""Of one record. Twenty have nearly all of what gathering saves."""

_Meters = Annotated[tuple[MeterId, ...], msgspec.Meta(min_length=1, max_length=READINGS_MAX)]
_Instants = Annotated[tuple[Instant, ...], msgspec.Meta(min_length=1, max_length=READINGS_MAX)]
_Registers = Annotated[tuple[RegisterWh, ...], msgspec.Meta(min_length=1, max_length=READINGS_MAX)]


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One register snapshot of a record: what services handle."""

    meter_id: MeterId
    read_at: Instant
    import_wh: RegisterWh
    received_at: Instant
    """When the gateway took it from the broker, or the first of those that it gathered with it;
    latency by stage starts here."""


class Readings(Event, frozen=True, kw_only=True):
    """Register snapshots in columns: number i of each belong together, in the order in which they
    came. Their meters share a partition; the key is one of them."""

    ce_type: ClassVar[str] = "prewatt.meter.readings.v1"

    received_at: Instant
    meters: _Meters
    read_at: _Instants
    import_wh: _Registers


def readings_event(readings: Sequence[Reading]) -> Readings:
    """``readings`` in columns. At most `READINGS_MAX`, at least one."""
    received_at: datetime = min(reading.received_at for reading in readings)
    return Readings(
        received_at=received_at,
        meters=tuple(reading.meter_id for reading in readings),
        read_at=tuple(reading.read_at for reading in readings),
        import_wh=tuple(reading.import_wh for reading in readings),
    )
