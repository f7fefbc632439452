"""Topic ``meter.commands.v1``: what the ledger asks of meters."""

from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from prewatt_common.contracts.base import (
    Event,
    Instant,
    KeyAction,
    KeyId,
    LimitW,
    MeterId,
    RelayAction,
)

CompactJws = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", max_length=4096)
]
"""RFC 7515, section 7.1: header, payload and signature, base64url."""


class RelayCommand(Event, frozen=True, kw_only=True):
    """Open, close, arm or limit a meter's relay. A higher ``sequence`` supersedes the lower."""

    ce_type: ClassVar[str] = "prewatt.meter.relay-command.v1"

    command_id: UUID
    meter_id: MeterId
    account_id: UUID
    action: RelayAction
    limit_w: LimitW | None = None
    """With a limit."""
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    issued_at: Instant
    expires_at: Instant
    caused_at: Instant
    """When the reading or payment behind it reached Prewatt; end-to-end latency starts here."""
    signed: CompactJws
    """What the meter gets: the command as compact JWS (`mqtt_v1.CommandClaims`), signed by the
    ledger. Whoever carries it changes no byte."""


class KeyMessage(Event, frozen=True, kw_only=True):
    """Tell a meter of a key. Of a meter's key messages the one with the highest ``sequence``
    counts; its commands are numbered apart, and go first."""

    ce_type: ClassVar[str] = "prewatt.meter.key-message.v1"

    meter_id: MeterId
    action: KeyAction
    key_id: KeyId
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    issued_at: Instant
    signed: CompactJws
    """What the meter gets: `mqtt_v1.KeyClaims` as compact JWS, signed by the ledger."""
