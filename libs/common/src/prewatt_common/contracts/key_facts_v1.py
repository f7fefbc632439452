"""What people decided about the keys that commands are signed with, on ``ledger.facts.v1``."""

from typing import ClassVar

from prewatt_common.contracts.base import Event, Instant, KeyId, Words


class CommandKeyAdded(Event, frozen=True, kw_only=True):
    """The ledger may sign with another key; no meter knows of it yet. Key: the key's id."""

    ce_type: ClassVar[str] = "prewatt.ledger.command-key-added.v1"

    key_id: KeyId
    public_key: Words
    """The 32 bytes of RFC 8032, base64url."""
    by: Words
    reason: Words
    at: Instant


class CommandKeyRolled(Event, frozen=True, kw_only=True):
    """Meters are told of the key from now on, and commands are signed with it to whoever has
    acknowledged it. Key: the key's id."""

    ce_type: ClassVar[str] = "prewatt.ledger.command-key-rolled.v1"

    key_id: KeyId
    by: Words
    reason: Words
    at: Instant


class CommandKeyRetired(Event, frozen=True, kw_only=True):
    """Every meter that serves had acknowledged ``successor``, and this key signs no more for them;
    they are told to drop it. Key: the key's id."""

    ce_type: ClassVar[str] = "prewatt.ledger.command-key-retired.v1"

    key_id: KeyId
    successor: KeyId
    meters: int
    """How many served."""
    by: Words
    reason: Words
    at: Instant
