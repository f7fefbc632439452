"""Topic ``meter.readings.v1``: accepted register snapshots."""

from typing import ClassVar

from prewatt_common.contracts.base import Event, Instant, MeterId, RegisterWh


class Reading(Event, frozen=True, kw_only=True):
    """One register snapshot. The hot path: every field here costs CPU for every reading."""

    ce_type: ClassVar[str] = "prewatt.meter.reading.v1"

    meter_id: MeterId
    read_at: Instant
    import_wh: RegisterWh
    received_at: Instant
    """When the gateway took it from the broker; latency by stage starts here."""
