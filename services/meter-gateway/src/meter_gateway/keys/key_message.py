"""A key message on its way, and how long a copy of it lasts."""

from dataclasses import dataclass
from datetime import datetime

WAIT_AT_BROKER_S = 10
"""It is sent to meters that are there; one that is not gets it when it comes, from us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMessageToSend:
    """What goes to a meter: as the ledger signed it, byte for byte."""

    meter_id: str
    sequence: int
    signed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysTold:
    """A meter has told which key messages it has followed: all up to this one."""

    meter_id: str
    key_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A key message as it came from Kafka."""

    meter_id: str
    sequence: int
    issued_at: datetime
    signed: str
