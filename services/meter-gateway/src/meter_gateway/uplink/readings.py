"""What a meter published on ``reading`` or ``profile``: accepted, or refused with a reason."""

from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import msgspec

from meter_gateway.faults.refusals import Reason, Refused
from meter_gateway.uplink.messages import decoded
from prewatt_common.contracts.mqtt_v1 import READING_BYTES_MAX, MqttProfile, MqttReading

_decode_reading = msgspec.json.Decoder(MqttReading).decode
_decode_profile = msgspec.json.Decoder(MqttProfile).decode


class Plausible(NamedTuple):
    """The instants that a reading may be of when it comes at ``now``."""

    earliest: datetime
    now: datetime
    latest: datetime


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
