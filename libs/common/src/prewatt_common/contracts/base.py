"""The shape that every event shares, and the value types events are made of."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec

MeterId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""A meter's id: also its MQTT user name, one topic level and the Kafka key. 1 to 64 characters."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A timezone-aware instant of the years 2000 to 2099, ISO 8601 on the wire."""

Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number that a database can keep: 64 bits."""

Words = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]
"""Text that a database can keep: without the character NUL."""

REGISTER_WH_MAX = 10**13
"""10 TWh: more than any register has digits for."""
RegisterWh = Annotated[int, msgspec.Meta(ge=0, le=REGISTER_WH_MAX)]
"""A cumulative import register in Wh (OBIS 1-0:1.8.0)."""

LimitW = Annotated[int, msgspec.Meta(ge=1, le=10**6)]
"""A load limit, W."""

Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""

PayUrl = Annotated[str, msgspec.Meta(pattern=r"^https?://[!-~]+$", max_length=300)]
"""A link by which anybody who has it may pay to the account, until it is over: it is for the
customer, and for whom the customer gives it to."""


INSTANT_YEARS = range(2000, 2100)
"""Far enough from the calendar's ends to be in any timezone; the APIs take no others either."""


def outside_years(of: object, names: Iterable[str]) -> str | None:
    """Which of the instants ``names`` of ``of`` is of no year that there may be, in words; none
    where all are. A type cannot say it: msgspec has no bounds for instants."""
    for name in names:
        at: datetime | None = getattr(of, name)
        if at is not None and at.year not in INSTANT_YEARS:
            return f"{name} is in the year {at.year}"
    return None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact on a Kafka topic. Readers ignore unknown fields: adding one is no break."""

    ce_type: ClassVar[str]
    """The CloudEvents type, ``prewatt.<area>.<fact>.v<N>``."""


class RelayAction(StrEnum):
    """What the utility asks of a relay (the disconnect control of DLMS COSEM, class 70)."""

    DISCONNECT = "disconnect"
    """Open it."""
    RECONNECT = "reconnect"
    """Close it."""
    ARM = "arm"
    """Let the customer close it, by the meter's button; until then it stays as it is: open. A limit
    is lifted."""
    LIMIT = "limit"
    """Close it, and let no more than so many watts through (the Limiter, class 71)."""


class RelayState(StrEnum):
    """The relay as read back. Closed means supply, limited means some."""

    OPEN = "open"
    CLOSED = "closed"
    ARMED = "armed"
    """Open, and the customer may close it by the button ("ready for reconnection")."""
    LIMITED = "limited"
    """Closed, with a limit set: above it for longer than the meter bears, its limiter opens the
    relay and closes it again by itself. Open by its own limiter it is still limited."""


class KeyAction(StrEnum):
    """What the utility tells a meter of the keys that it checks commands with."""

    ADD = "add"
    """Take commands signed with this key too."""
    DROP = "drop"
    """Take none signed with it any more."""


KeyId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""Names one of the utility's command keys, as the ``kid`` of a JWS does."""


class Presence(StrEnum):
    """Whether the meter's session with the broker is alive."""

    ONLINE = "online"
    OFFLINE = "offline"


class CommandStatus(StrEnum):
    """Where a command stands in its life."""

    ISSUED = "issued"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
