"""Why a message of a meter is refused, and what is then wrong with the meter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a message goes to the dead letters."""

    UNDECODABLE = "undecodable"
    OVERSIZED = "oversized"
    IN_FUTURE = "in_future"
    IMPLAUSIBLE_TIME = "implausible_time"
    NOT_ASCENDING = "not_ascending"
    UNKNOWN_METER = "unknown_meter"
    UNKNOWN_COMMAND = "unknown_command"
    BAD_TOPIC = "bad_topic"
    UNPROCESSABLE = "unprocessable"


class Fault(StrEnum):
    """What is wrong with a meter whose messages are refused."""

    CLOCK = "clock"
    PAYLOAD = "payload"
    UNREGISTERED = "unregistered"


FAULT_OF: Mapping[Reason, Fault] = {
    Reason.IN_FUTURE: Fault.CLOCK,
    Reason.IMPLAUSIBLE_TIME: Fault.CLOCK,
    Reason.UNDECODABLE: Fault.PAYLOAD,
    Reason.OVERSIZED: Fault.PAYLOAD,
    Reason.NOT_ASCENDING: Fault.PAYLOAD,
    Reason.UNPROCESSABLE: Fault.PAYLOAD,
    Reason.UNKNOWN_METER: Fault.UNREGISTERED,
}
"""The other reasons tell of no meter, or of one that reads well."""


class Refused(Exception):
    """The message is kept as a dead letter; nothing else of it is."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Verdict(NamedTuple):
    """What became of a message of a meter: taken, where there is no refusal."""

    meter_id: str
    at: datetime
    refusal: Refused | None


@dataclass(slots=True)
class Refusals:
    """Of one meter for one reason, since the last write."""

    count: int
    first_at: datetime
    last_at: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRefusal:
    """Of a faulty meter for one reason; ``detail`` is of the last."""

    meter_id: str
    registered: bool
    reason: Reason
    messages: int
    detail: str
    first_at: datetime
    last_at: datetime
