"""What is told and shown of command keys."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from prepay_ledger.command_keys.values import CommandKey, KeyOfMeters, Missing
from prewatt_common.http.fields import Reason

KeyIdField = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class KeyIn(Reason):
    """A key whose private part is in the settings."""

    key_id: KeyIdField


class DecidedOut(BaseModel, from_attributes=True):
    """By whom, why and when."""

    by: str
    reason: str
    at: datetime


class KeyOut(BaseModel, from_attributes=True):
    """A key: ``rolled`` is from when on meters are told of it, ``retired`` to drop it."""

    key_id: str
    public_key: str
    added: DecidedOut
    rolled: DecidedOut | None
    retired: DecidedOut | None


class KeyOfMetersOut(KeyOut):
    """With how many of the meters that serve have told that they hold it."""

    meters: int


class KeysOut(BaseModel):
    """All keys, and how far the newest is."""

    keys: list[KeyOfMetersOut]
    serving: int | None
    """Meters that serve; none before the first rotation."""
    missing: int | None
    """Those of them that have not acknowledged the newest key."""
    first_missing: list[str]


def key_out(key: CommandKey) -> KeyOut:
    """As it is shown."""
    return KeyOut.model_validate(key)


def keys_out(keys: list[KeyOfMeters], missing: Missing | None) -> KeysOut:
    """As they are shown."""
    return KeysOut(
        keys=[KeyOfMetersOut(**dict(key_out(each.key)), meters=each.meters) for each in keys],
        serving=missing.serving if missing else None,
        missing=missing.missing if missing else None,
        first_missing=list(missing.first) if missing else [],
    )
