"""What meters and gateway say to each other over MQTT, under ``prewatt/v1/{meter_id}/``."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from prewatt_common.contracts.base import (
    Instant,
    KeyAction,
    KeyId,
    LimitW,
    MeterId,
    Presence,
    RegisterWh,
    RelayAction,
    RelayState,
)

ROOT = "prewatt/v1"
READING_BYTES_MAX = 262_144
"""Above this a payload goes to the dead letters unread; the broker itself refuses 512 KiB."""


class MqttReading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Topic ``reading``: one register snapshot, ``{"at": "...Z", "import_wh": 12345}``."""

    at: Instant
    import_wh: RegisterWh


class MqttProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Topic ``profile``: a batch of register snapshots, oldest first."""

    readings: Annotated[tuple[MqttReading, ...], msgspec.Meta(min_length=1, max_length=2976)]


class MqttStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Topic ``status``, retained, and the last will: whether this session of the meter is alive.

    A meter gives each of its connections another ``session`` and names the same in the will, so
    that the will of a dead connection, which may come minutes after the meter is back, ends that
    connection only. The bare texts ``online`` and ``offline`` are taken too; after them, any
    other message of the meter shows that it is there.
    """

    presence: Presence
    session: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class MqttEventKind(StrEnum):
    """What a meter can report of itself. A relay that moved says by what."""

    TAMPER = "tamper"
    POWER_FAIL = "power_fail"
    CLOCK_SET = "clock_set"
    RELAY_MOVED = "relay_moved"
    """By a command."""
    RELAY_MOVED_BY_BUTTON = "relay_moved_by_button"
    """By the customer, who may: it was armed."""
    RELAY_MOVED_BY_CODE = "relay_moved_by_code"
    """By a reconnection code that was typed in at the meter."""
    RELAY_MOVED_BY_LOAD_LIMIT = "relay_moved_by_load_limit"
    """By the meter itself, whose limiter opens and closes it again."""
    RELAY_MOVED_BY_HAND = "relay_moved_by_hand"
    """By anybody else: nobody was allowed to."""
    VOLTAGE = "voltage"
    """What it measures behind its relay, on the customer's side, some seconds after that moved: of
    meters that measure it."""
    COMMAND_KEYS = "command_keys"
    """Which keys it checks commands with: it was told of one, or got a command signed with a key
    that it does not hold."""


KEYS_HELD_MAX = 2
"""So many keys a meter holds: the one that commands are signed with, and the next."""


class MqttEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Topic ``event``. ``relay``: as read back, with the kinds that tell of a relay that moved.

    With ``command_keys``, ``keys`` are all that the meter holds, and ``key_sequence`` that of the
    last `KeyClaims` that it has followed, 0 for none. With ``voltage``, ``voltage_mv`` is the
    highest of its phases, r.m.s.
    """

    kind: MqttEventKind
    at: Instant
    relay: RelayState | None = None
    detail: Annotated[str, msgspec.Meta(max_length=500)] = ""
    keys: Annotated[tuple[KeyId, ...], msgspec.Meta(max_length=KEYS_HELD_MAX)] = ()
    key_sequence: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    voltage_mv: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] | None = None


class MqttOutcome(StrEnum):
    """How a meter answers a command."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    LATE = "late"
    """A cut that came after its ``not_after``: not executed."""


class MqttResponse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Topic ``response``: a command's outcome and the relay as read back after it."""

    command_id: UUID
    outcome: MqttOutcome
    relay: RelayState
    at: Instant
    detail: Annotated[str, msgspec.Meta(max_length=500)] = ""


class CommandClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Topic ``command``: the payload of a compact JWS (EdDSA, ``kid`` in its header).

    A meter executes a command only if the signature holds, ``meter_id`` is its own and
    ``sequence`` is above the last it executed. A ``command_id`` it has already executed gets the
    same response again and moves nothing; a lower sequence is rejected, so an older disconnect
    can never follow a newer reconnect.

    For a disconnect, and for a limit that takes supply away (the relay is closed, and not limited
    to as little already), the meter's clock must be synchronised and ``not_after`` be ahead.
    Neither a reconnect nor an arm is ever refused for time. An arm leaves a closed relay closed;
    both lift a limit. The ledger signs, once a command: all its copies are the same bytes. The
    message is published at QoS 0 with an MQTT 5 expiry and is never retained: it does not wait at
    the broker for a meter that is away.
    """

    command_id: UUID
    meter_id: MeterId
    action: RelayAction
    sequence: Annotated[int, msgspec.Meta(ge=1)]
    issued_at: Instant
    expires_at: Instant
    """The end of the command: after it, it is not sent."""
    not_after: Instant | None = None
    """After it a meter must not take supply away, as a hold may have begun or money have come
    since. A disconnect without it is rejected; reconnect and arm have none."""
    limit_w: LimitW | None = None
    """With a limit: how much the meter lets through, W. A limit without it is rejected; the others
    have none."""
    codes_from: Annotated[int, msgspec.Meta(ge=0)] = 0
    """With a disconnect that is executed, reconnection codes of lower counters are over: one that
    was left unused does not undo it."""


KEY_MESSAGE_TYPE = "prewatt-key"
"""The ``typ`` of a key message's header (RFC 8725, section 3.11); a command has none."""


class KeyClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Topic ``command`` too: the payload of a compact JWS whose header has `KEY_MESSAGE_TYPE`.

    A meter follows it only if the signature holds by a key that it has, ``meter_id`` is its own and
    ``sequence`` is above that of the last key message that it has followed: a numbering apart from
    that of commands, so that neither is ever in the other's way. No time refuses it.

    ``add``: it holds the key that has signed and the new one from now on, and no other. ``drop``:
    it holds that key no more; one that has signed the message itself stays. It keeps what it holds,
    and the sequence, without power, and tells both by an event ``command_keys`` each time that it
    gets a key message, followed or not.
    """

    meter_id: MeterId
    action: KeyAction
    key_id: KeyId
    public_key: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9_-]{43})?$")] = ""
    """Of the key to be added: the 32 bytes of RFC 8032, base64url; empty for one to be dropped."""
    sequence: Annotated[int, msgspec.Meta(ge=1)]
    issued_at: Instant
