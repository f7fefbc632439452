"""What is common to all that a meter publishes: a topic that names it, and JSON."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec

from meter_gateway.faults.refusals import Reason, Refused

_T = TypeVar("_T")
_METER_ID_MAX = 64


class Address(NamedTuple):
    """A topic ``prewatt/v1/{meter_id}/{kind}`` taken apart."""

    meter_id: str
    kind: str


def address_of(topic: str) -> Address:
    """Raises `Refused` for a topic that is none of ours."""
    parts = topic.split("/")
    if len(parts) != 4 or not 0 < len(parts[2]) <= _METER_ID_MAX:
        raise Refused(Reason.BAD_TOPIC, f"{topic!r} is not prewatt/v1/METER/KIND")
    return Address(parts[2], parts[3])


def decoded(decode: Callable[[bytes], _T], payload: bytes) -> _T:
    """``decode(payload)``, with its errors as `Refused`."""
    try:
        return decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(Reason.UNDECODABLE, str(error)) from error
