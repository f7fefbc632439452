"""What a meter published on ``reading`` or ``profile``: accepted, or refused with a reason."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeVar

import msgspec

from prewatt_common.contracts.mqtt_v1 import READING_BYTES_MAX, MqttProfile, MqttReading

_T = TypeVar("_T")


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


class Plausible(NamedTuple):
    """The instants that a reading may be of when it comes at ``now``."""

    earliest: datetime
    now: datetime
    latest: datetime


class Address(NamedTuple):
    """A topic ``prewatt/v1/{meter_id}/{kind}`` taken apart."""

    meter_id: str
    kind: str


_decode_reading = msgspec.json.Decoder(MqttReading).decode
_decode_profile = msgspec.json.Decoder(MqttProfile).decode
_METER_ID_MAX = 64


def address_of(topic: str) -> Address:
    """Raises `Refused` for a topic that is none of ours."""
    parts = topic.split("/")
    if len(parts) != 4 or not 0 < len(parts[2]) <= _METER_ID_MAX:
        raise Refused(Reason.BAD_TOPIC, f"{topic!r} is not prewatt/v1/METER/KIND")
    return Address(parts[2], parts[3])


def accept(*, kind: str, payload: bytes, plausible: Plausible) -> tuple[MqttReading, ...]:
    """The register snapshots of a payload; raises `Refused`.

    A profile is taken or refused as a whole: one of a meter whose clock jumped is kept as it came,
    and what it would have told of energy the next register carries.
    """
    if len(payload) > READING_BYTES_MAX:
        raise Refused(Reason.OVERSIZED, f"{len(payload)} bytes, {READING_BYTES_MAX} at most")
    if kind == "reading":
        readings = (decoded(_decode_reading, payload),)
    else:
        readings = decoded(_decode_profile, payload).readings
        for before, after in pairwise(readings):
            if after.at <= before.at:
                raise Refused(
                    Reason.NOT_ASCENDING, f"{after.at.isoformat()} after {before.at.isoformat()}"
                )
    earliest, now, latest = plausible
    if readings[-1].at > latest:
        raise Refused(
            Reason.IN_FUTURE,
            f"{readings[-1].at.isoformat()} is ahead of {now.isoformat()}; set the meter's clock",
        )
    if readings[0].at < earliest:
        raise Refused(
            Reason.IMPLAUSIBLE_TIME,
            f"{readings[0].at.isoformat()} is long before {now.isoformat()}; set the meter's clock",
        )
    return readings


def decoded(decode: Callable[[bytes], _T], payload: bytes) -> _T:
    """``decode(payload)``, with its errors as `Refused`."""
    try:
        return decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(Reason.UNDECODABLE, str(error)) from error
