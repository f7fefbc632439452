"""Topic ``meter.events.v1``: presence, command progress, and what meters report of themselves."""

from typing import ClassVar
from uuid import UUID

from prewatt_common.contracts.base import (
    CommandStatus,
    Event,
    Instant,
    KeyId,
    MeterId,
    Presence,
    RelayAction,
    RelayState,
    Whole,
    Words,
)
from prewatt_common.contracts.mqtt_v1 import MqttEventKind


class MeterPresenceChanged(Event, frozen=True, kw_only=True):
    """A meter came (its status, or any other message of one that was taken for gone) or went (its
    status or last will)."""

    ce_type: ClassVar[str] = "prewatt.meter.presence.v1"

    meter_id: MeterId
    presence: Presence
    at: Instant


class MeterReported(Event, frozen=True, kw_only=True):
    """A meter reported an event of its own: tamper, power fail, clock set, relay moved and by what,
    which keys it holds, the voltage behind its relay. ``relay``: as read back, where the meter told
    it."""

    ce_type: ClassVar[str] = "prewatt.meter.reported.v1"

    meter_id: MeterId
    kind: MqttEventKind
    at: Instant
    relay: RelayState | None = None
    """Where its relay is, if the meter says so."""
    detail: Words = ""
    received_at: Instant | None = None
    """When it reached the gateway, by whose clock ``at`` need not be."""
    keys: tuple[KeyId, ...] = ()
    """With ``command_keys``: all that it checks commands with."""
    key_sequence: Whole = 0
    """And of the last key message that it has followed."""
    voltage_mv: Whole | None = None
    """With ``voltage``: what it measures behind its relay."""


class CommandProgressed(Event, frozen=True, kw_only=True):
    """A command moved on in its life. ``relay`` is set where the meter read it back.

    May repeat after a crash: readers take the furthest status and ignore the rest.
    """

    ce_type: ClassVar[str] = "prewatt.meter.command-progressed.v1"

    command_id: UUID
    meter_id: MeterId
    action: RelayAction
    sequence: Whole
    status: CommandStatus
    at: Instant
    relay: RelayState | None = None
    detail: Words = ""
