"""What a message is made of, and which answers of an SMS centre are final."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure

STATUS_OK = 0x00
_THROTTLED = {0x14: "message queue full", 0x58: "throttled"}
_ABOUT_US = {
    0x04: "not bound for this",
    0x05: "already bound",
    0x08: "system error",
    0x0A: "our sender is wrong",
    0x0D: "bind failed",
    0x0E: "wrong password",
    0x0F: "wrong system id",
    0x48: "our sender's type of number is wrong",
    0x49: "our sender's numbering plan is wrong",
    0x53: "wrong system type",
    0x64: "temporary error of the centre",
    0xFF: "unknown error of the centre",
}
"""Of the centre or of us and not of the notice: somebody puts it right, then it goes."""
_FINAL = {
    0x01: "invalid length",
    0x0B: "invalid destination",
    0x33: "invalid number of destinations",
    0x43: "invalid class",
    0x50: "invalid type of the destination's number",
    0x51: "invalid numbering plan of the destination",
    0x62: "invalid validity period",
    0x65: "permanent error of the centre",
    0x66: "rejected by the centre",
}
_TYPE_INTERNATIONAL, _TYPE_ALPHANUMERIC, _TYPE_UNKNOWN = 1, 5, 0
_PLAN_PHONE, _PLAN_UNKNOWN = 1, 0
_VALIDITY_MAX_DAYS = 30


def failure_of(status: int) -> PermanentFailure | TransientFailure:
    """What the centre does not know, and what is its maker's own, may pass."""
    if status in _THROTTLED:
        return Throttled(_told(status, _THROTTLED[status]))
    if status in _ABOUT_US:
        return PeerDown(_told(status, _ABOUT_US[status]))
    if status in _FINAL:
        return PermanentFailure(_told(status, _FINAL[status]))
    return TransientFailure(f"the SMS centre answers 0x{status:08X}")


class Throttled(PeerDown):
    """The centre takes no more just now."""


def _told(status: int, meaning: str) -> str:
    return f"the SMS centre answers 0x{status:08X}: {meaning}"


class Address(NamedTuple):
    """A number or a name, as SMPP says what kind it is."""

    type_of_number: int
    numbering_plan: int
    number: str


def address_of(number: str) -> Address:
    """A phone number is international with a plus; other digits are a short code or national; what
    has letters is a name.

    >>> address_of("+8613800000021").number
    '8613800000021'
    """
    if number.startswith("+"):
        return Address(_TYPE_INTERNATIONAL, _PLAN_PHONE, number.removeprefix("+"))
    if number.isdigit() or not number:
        return Address(_TYPE_UNKNOWN, _PLAN_PHONE if number else _PLAN_UNKNOWN, number)
    return Address(_TYPE_ALPHANUMERIC, _PLAN_UNKNOWN, number)


def reference_of(notice_id: UUID) -> int:
    """The number of a text's parts: the same at every attempt, so that a phone that has some of
    them from an attempt that was broken off does not put them together with others."""
    return notice_id.int & 0xFFFF


def validity_of(left: timedelta) -> str:
    """For how long the centre shall try, as SMPP's relative time: a reminder shall not arrive
    once it is worth nothing.

    >>> validity_of(timedelta(hours=72))
    '000003000000000R'
    """
    left = min(left, timedelta(days=_VALIDITY_MAX_DAYS))
    seconds = max(60, int(left.total_seconds()))
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    return f"0000{days:02d}{hours:02d}{minutes:02d}{seconds:02d}000R"


@dataclass(frozen=True, slots=True)
class DataCodings:
    """What the centre calls the alphabets."""

    gsm: int = 0
    ucs2: int = 8
